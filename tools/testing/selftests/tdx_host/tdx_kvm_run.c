// SPDX-License-Identifier: GPL-2.0
/*
 * Runs TDs: what they say of themselves, what becomes of each of their exits, and two VCPUs that
 * count while somebody else updates the TDX module. They run the program of tdx_kvm_payload.S, a
 * few instructions at a time.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <openssl/evp.h>

#include "kselftest.h"
#include "tdx_kvm_run.h"

/* Code for the TD, first byte last: instructions and a return, or a jump to a helper of its own */
#define TDCALL		0xc3cc010f66
#define LOAD		0x23ff
#define COUNT		0x0863ff
#define TDVMCALL	0x1063ff
#define MASKED		0x1863ff
#define XOR		0x2063ff
#define STORE		0xc3118948	/* mov %rdx, (%rcx) */
#define CPUID		0xc3a20f
#define RDMSR		0xc3320f
#define WRMSR		0xc3300f
#define HLT		0xc3f4
#define IN		0xc3ec
#define WBINVD		0xc3090f
#define VMCALL		0xc3c1010f
#define VMCLEAR		0xc331c70f66	/* (%rcx) */
#define MONITOR		0xc3c8010f
#define MWAIT		0xc3c9010f
#define INVEPT		0xc30180380f66	/* (%rcx), %rax */
#define RDPMC		0xc3330f
#define INVD		0xc3080f
#define MOV_TO_CR0	0xc3c0220f
#define UD2		0xc30b0f
#define XSETBV		0xc3d1010f
#define MOV_TO_CR4	0xc3e0220f
#define TRIPLE_FAULT	0x0b0f19010f	/* lidt (%rcx); ud2 */

/* TDCALL: leaves and statuses */
#define VP_INFO			1
#define MR_RTMR_EXTEND		2
#define VP_VEINFO_GET		3
#define MR_REPORT		4
#define MEM_PAGE_ACCEPT		6
#define VM_RD			7
#define INVALID(operand)	(0xC000010000000000 | (operand))
#define NO_VALID_VE_INFO	0xC000070400000000
#define ALREADY_ACCEPTED	0x00000B0A00000000
#define SIZE_MISMATCH		0xC0000B0B00000000
#define FIELD_ID_INCORRECT	0xC0000C0000000000
#define UNSUPPORTED		0x8000000000000003	/* of the host, to a TDVMCALL */

/* Parts of the payload that it does not use */
#define REPORT			0xffffd400ULL
#define REPORT_DATA		0xffffd800ULL
#define NOTHING			0xffffe000ULL
#define TOTAL			0xfffff000ULL	/* increments of all VCPUs */

/* Shared memory: its address, and where the payload has it above 4 GB */
#define SHARED			0x800000000000ULL
#define SHARED_AT		0x40000000ULL

#define INTERRUPT	32		/* the payload's vector */
#define VE		20
#define NONE		-1		/* no exception */

#define ATTR_SEPT_VE_DISABLE	0x10000000ULL

/* TDREPORT_STRUCT */
struct td_report {
	uint8_t type[32], tcb_hash[48], info_hash[48], data[64], reserved[32], mac[32];
	uint8_t tcb[239], reserved2[17];
	uint8_t attributes[16], mrtd[48], ids[3][48], rtmr[4][48], reserved3[112];
	uint8_t rest[32];		/* not of it: reads are 48 bytes */
};

#define REPORT_SIZE	offsetof(struct td_report, rest)

struct vcpu {
	int fd;
	struct kvm_run *run;
};

/* Where in struct regs what is after some code */
enum reg { RAX, RCX, RDX, R8, R9, R10, R11, INTERRUPTS, NMIS, NR_REGS };

struct regs {
	int error;		/* -errno, or an unexpected KVM_EXIT_: no more is known then */
	int64_t exception;
	uint64_t r[NR_REGS];
};

static int stopped;

static struct vcpu map_vcpu(const struct td_run *td, unsigned int i)
{
	struct vcpu vcpu = { .fd = td->vcpus[i] };

	vcpu.run = mmap(NULL, sizeof(*vcpu.run), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu.fd, 0);
	if (vcpu.run == MAP_FAILED)
		ksft_exit_fail_msg("a VCPU cannot be mapped: %s\n", strerror(errno));
	return vcpu;
}

static int run_until(const struct vcpu *vcpu, uint32_t reason)
{
	int ret;

	do {
		ret = ioctl(vcpu->fd, KVM_RUN, NULL);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return vcpu->run->exit_reason == reason ? 0 : vcpu->run->exit_reason;
}

static int start(const struct vcpu *vcpu, uint64_t code, const uint64_t in[4])
{
	int error = run_until(vcpu, KVM_EXIT_TDX);

	vcpu->run->tdx.get_tdvmcall_info.ret = code;
	vcpu->run->tdx.get_tdvmcall_info.r11 = in[0];
	vcpu->run->tdx.get_tdvmcall_info.r12 = in[1];
	vcpu->run->tdx.get_tdvmcall_info.r13 = in[2];
	vcpu->run->tdx.get_tdvmcall_info.r14 = in[3];
	return error ?: run_until(vcpu, KVM_EXIT_SYSTEM_EVENT);
}

static struct regs result_of(const struct vcpu *vcpu, int error)
{
	static const int numbers[NR_REGS] = { 6, 7, 2, 8, 9, 12, 13, 14, 15 };
	struct regs regs = { .error = error, .exception = vcpu->run->system_event.data[3] };

	for (int i = 0; i < NR_REGS; i++)
		regs.r[i] = vcpu->run->system_event.data[numbers[i]];
	return regs;
}

static struct regs execute(const struct vcpu *vcpu, uint64_t code, uint64_t rax, uint64_t rcx,
			   uint64_t rdx, uint64_t r8)
{
	return result_of(vcpu, start(vcpu, code, (const uint64_t[]){ rax, rcx, rdx, r8 }));
}

static void result(bool good, const struct regs *r, const char *name)
{
	if (!good && r) {
		ksft_print_msg("error %d, exception %lld:", r->error, (long long)r->exception);
		for (int i = 0; i < NR_REGS; i++)
			printf(" %llx", (unsigned long long)r->r[i]);
		printf("\n");
	}
	td_result(good, name);
}

/* The TD's report on itself, as it says it. False if it cannot. */
static bool get_report(const struct vcpu *vcpu, struct td_report *report)
{
	struct regs r = execute(vcpu, TDCALL, MR_REPORT, REPORT, REPORT_DATA, 0);

	for (size_t i = 0; !r.error && !r.r[RAX] && i < REPORT_SIZE; i += 48) {
		struct regs w = execute(vcpu, LOAD, 0, REPORT + i, 0, 0);

		if (w.error || w.exception != NONE)
			return false;
		memcpy((uint8_t *)report + i, w.r, 48);
	}
	return !r.error && !r.r[RAX];
}

static bool is_mrtd(const struct td_run *td, const struct td_report *report)
{
	return !memcmp(report->mrtd, td->mrtd, SHA384_SIZE);
}

static bool is_hash_of(const uint8_t *hash, size_t hash_size, const void *data, size_t size)
{
	uint8_t want[EVP_MAX_MD_SIZE];

	EVP_Digest(data, size, want, NULL, EVP_sha384(), NULL);
	return !memcmp(hash, want, hash_size);
}

static void test_report(const struct td_run *td)
{
	const struct vcpu vcpu = map_vcpu(td, 0);
	struct td_report report;

	result(get_report(&vcpu, &report) && is_mrtd(td, &report), NULL, "td_mrtd");
}

/* Code, and what must be after it */
static const struct td_case {
	const char *name;
	uint64_t code;
	uint64_t in[4];		/* RAX, RCX, RDX, R8 */
	int vector;		/* of the exception, 0 if there is none */
	enum reg reg;
	uint64_t value;		/* of that register; of a #VE its reason */
} cases[] = {
	{ "vp_info_gpa_width", TDCALL, { VP_INFO }, 0, RCX, 48 },
	{ "vp_info_attributes", TDCALL, { VP_INFO }, 0, RDX, 0 },
	{ "vp_info_index", TDCALL, { VP_INFO }, 0, R9, 0 },
	{ "unknown_tdcall", TDCALL, { 0x7fff }, 0, RAX, INVALID(0) },
	{ "tdcall_version", TDCALL, { 0x10000 }, 0, RAX, INVALID(0) },
	{ "vm_rd_xfam", TDCALL, { VM_RD, 0, 0x1110000300000001 }, 0, R8, 3 },
	{ "vm_rd_attributes", TDCALL, { VM_RD, 0, 0x1110000300000000 }, 0, R8, 0 },
	{ "vm_rd_other_td", TDCALL, { VM_RD, 1, 0x1110000300000000 }, 0, RAX, INVALID(1) },
	{ "vm_rd_unknown_field", TDCALL, { VM_RD, 0, 0x1110000300007777 }, 0, RAX,
	  FIELD_ID_INCORRECT },
	{ "report_misaligned", TDCALL, { MR_REPORT, REPORT + 64, REPORT_DATA }, 0, RAX,
	  INVALID(1) },
	{ "report_data_misaligned", TDCALL, { MR_REPORT, REPORT, REPORT_DATA + 8 }, 0, RAX,
	  INVALID(2) },
	{ "report_subtype", TDCALL, { MR_REPORT, REPORT, REPORT_DATA, 1 }, 0, RAX, INVALID(8) },
	{ "rtmr_extend_misaligned", TDCALL, { MR_RTMR_EXTEND, REPORT_DATA + 48, 2 }, 0, RAX,
	  INVALID(1) },
	{ "rtmr_extend_index", TDCALL, { MR_RTMR_EXTEND, REPORT_DATA, 4 }, 0, RAX, INVALID(2) },

	/* From TD_FREE on nothing is mapped until the TD wants it. */
	{ "accept_absent", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE } },
	{ "accepted_is_zero", LOAD, { 0, TD_FREE }, 0, RAX, 0 },
	{ "store", STORE, { 0x1234, TD_FREE, 0x1234 }, 0, RAX, 0x1234 },
	{ "accept_twice", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE }, 0, RAX, ALREADY_ACCEPTED },
	{ "accepted_twice_is_kept", LOAD, { 0, TD_FREE }, 0, RAX, 0x1234 },
	{ "accept_2m", TDCALL, { MEM_PAGE_ACCEPT, 0xffe00001 }, 0, RAX, SIZE_MISMATCH | 1 },
	{ "accept_misaligned", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE + 8 }, 0, RAX, INVALID(1) },
	{ "accept_1g", TDCALL, { MEM_PAGE_ACCEPT, 0xc0000002 }, 0, RAX, INVALID(1) },
	{ "accept_shared", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE | SHARED }, 0, RAX, INVALID(1) },
	{ "ve_unaccepted", STORE, { 0, TD_FREE + 0x1008, 1 }, VE, RAX, 48 },
	{ "accept_after_ve", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE + 0x1000 } },
	/* The host shares the third page. What has no memory at all is its I/O. */
	{ "shared", LOAD, { 0, TD_FREE + 0x2000 + SHARED_AT }, 0, RAX, 0x12345678 },
	{ "ve_shared_absent", LOAD, { 0, 0xd0000008 + SHARED_AT }, VE, RAX, 48 },

	{ "no_ve", TDCALL, { VP_VEINFO_GET }, 0, RAX, NO_VALID_VE_INFO },
	{ "ve_cpuid", CPUID, { 0x40000000 }, VE, RAX, 10 },
	{ "ve_hlt", HLT, {}, VE, RAX, 12 },
	{ "ve_vmcall", VMCALL, {}, VE, RAX, 18 },
	{ "ve_in", IN, { 0, 0, 0x60 }, VE, RAX, 30 },
	{ "ve_rdmsr", RDMSR, { 0, 0x1b }, VE, RAX, 31 },
	{ "ve_wrmsr", WRMSR, { 0, 0x10 }, VE, RAX, 32 },
	{ "ve_wbinvd", WBINVD, {}, VE, RAX, 54 },
	{ "ve_invd", INVD, {}, VE, RAX, 13 },
	{ "ud_vmclear", VMCLEAR, { 0, NOTHING }, 6 },
	{ "ud_monitor", MONITOR, {}, 6 },
	{ "ud_ud2", UD2, {}, 6 },
	{ "ud_mwait", MWAIT, {}, 6 },
	{ "ud_invept", INVEPT, { 0, NOTHING }, 6 },
	{ "gp_rdpmc", RDPMC, {}, 13 },
	{ "gp_cr0_cd", MOV_TO_CR0, { 0xc0000023 }, 13, RAX, 0xc0000023 },
	{ "gp_cr4_mce", MOV_TO_CR4, { 0x220 }, 13, RAX, 0x220 },
	{ "cr4", MOV_TO_CR4, { 0x40260 }, 0, RAX, 0x40260 },
	{ "xsetbv", XSETBV, { 3 }, 0, RAX, 3 },
	{ "gp_xsetbv_xfam", XSETBV, { 7 }, 13, RAX, 7 },
	/* The state of AVX has 256 bytes. */
	{ "cpuid_subleaf", CPUID, { 0xd, 2 }, 0, RAX, 256 },
	{ "cpuid_tdx", CPUID, { 0x21 }, 0, RCX, 0x20202020 },
	{ "cpuid_tdx_too", CPUID, { 0x21 }, 0, RDX, 0x5844546c },
	{ "cpuid_max_whatever_ecx", CPUID, { 0, 0x809000 }, 0, RAX, 0x21 },

	{ "bad_mask_rbp", MASKED, { 0, 0xc20 }, 0, RAX, INVALID(1) },
	{ "bad_mask_rsp", MASKED, { 0, 0xc10 }, 0, RAX, INVALID(1) },
	{ "bad_mask_rcx", MASKED, { 0, 0xc02 }, 0, RAX, INVALID(1) },
	{ "bad_mask_rax", MASKED, { 0, 0xc01 }, 0, RAX, INVALID(1) },
	{ "bad_mask_xmm", MASKED, { 0, 0x10c00 }, 0, RAX, INVALID(1) },
	{ "answer_of_the_host", TDVMCALL, { 0x7777 }, 0, R10, UNSUPPORTED },
	{ "xmm_set", XOR, { 0x1234 }, 0, RAX, 0x1234 },
	{ "xmm_is_kept", XOR, { 0x4321 }, 0, RAX, 0x5115 },
	{ "lstar_set", WRMSR, { 0x5678, 0xc0000082 }, 0, RAX, 0x5678 },
	{ "lstar_is_kept", RDMSR, { 0, 0xc0000082 }, 0, RAX, 0x5678 },
	/* KVM's part of the local APIC is switched on in IA32_X2APIC_SIVR. */
	{ "wrmsr_by_the_host", TDVMCALL, { 32, 0x80f, 0x1ff }, 0, R10, 0 },
};

static void test_case(struct vcpu v, const struct td_case *c)
{
	struct regs r = execute(&v, c->code, c->in[0], c->in[1], c->in[2], c->in[3]);
	bool good = !r.error && r.exception == (c->vector ?: NONE);

	if (good && c->vector == VE) {
		uint64_t gpa = c->value == 48 ? c->in[1] : 0;

		if (gpa >> 32)
			gpa = (gpa - SHARED_AT) | SHARED;
		r = execute(&v, TDCALL, VP_VEINFO_GET, 0, 0, 0);
		good = !r.error && !r.r[RAX] && r.r[RCX] == c->value && r.r[R9] == gpa;
	} else {
		good &= r.r[c->reg] == c->value;
		good &= c->code != TDCALL || c->reg == RAX || !r.r[RAX];
	}
	result(good, &r, c->name);
}

#define NR_REPORT_TESTS		5

static void test_reports(const struct td_run *td, struct vcpu v)
{
	static const uint8_t zero[SHA384_SIZE];
	uint8_t both[2 * SHA384_SIZE] = { [SHA384_SIZE] = 1, 2, 3 };
	struct td_report a = {}, b = {};
	struct regs r;

	execute(&v, STORE, 0, REPORT_DATA, 0x030201, 0);
	result(get_report(&v, &a) && is_mrtd(td, &a), NULL, "report_mrtd");
	result(!memcmp(a.data, "\1\2\3\0", 4) && !memcmp(a.rtmr[2], zero, SHA384_SIZE), NULL,
	       "report_data");
	result(is_hash_of(a.tcb_hash, SHA384_SIZE, a.tcb, sizeof(a.tcb)) &&
	       is_hash_of(a.info_hash, SHA384_SIZE, a.attributes, 512) &&
	       is_hash_of(a.mac, sizeof(a.mac), a.type, offsetof(struct td_report, mac)), NULL,
	       "report_hashes");
	r = execute(&v, TDCALL, MR_RTMR_EXTEND, REPORT_DATA, 2, 0);
	result(!r.error && !r.r[RAX], &r, "rtmr_extend");
	result(get_report(&v, &b) && !memcmp(b.rtmr[1], zero, SHA384_SIZE) &&
	       is_hash_of(b.rtmr[2], SHA384_SIZE, both, sizeof(both)), NULL, "rtmr_is_extended");
}

#define NR_REGISTER_TESTS	2

/* What is the TD's stays the TD's. */
static void test_registers(struct vcpu v)
{
	/* As in the payload: the first one has 0x1111, the next one 0x2222 ... */
	static const int masked[] = { 2, 3, 6, 7, 8, 9, 12, 13, 14, 15 };
	bool passed = true, kept = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(masked); i++) {
		const uint64_t in[4] = { 0, 0xc00 | 1 << masked[i] };
		uint64_t want[16] = { 77, in[1], [11] = 0x10003 };
		struct regs r;

		want[masked[i]] = 0x1111 * (i + 1);
		passed &= !start(&v, MASKED, in) &&
			  !memcmp(v.run->system_event.data, want, sizeof(want));
		/* Now what the TD itself says of them */
		r = result_of(&v, run_until(&v, KVM_EXIT_SYSTEM_EVENT));
		kept &= !r.error && !r.r[RAX] && !r.r[RDX] && r.exception == NONE;
	}
	result(passed, NULL, "only_the_masked_registers");
	result(kept, NULL, "registers_are_kept");
}

static void *send_msi(void *vm)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = INTERRUPT };

	usleep(20000);
	if (ioctl(*(const int *)vm, KVM_SIGNAL_MSI, &msi) < 1)
		ksft_print_msg("KVM_SIGNAL_MSI: %s\n", strerror(errno));
	return NULL;
}

#define NR_EVENT_TESTS		7

/* Interrupts, nested exceptions, and memory that is not there */
static void test_events(const struct td_run *td, struct vcpu v)
{
	pthread_t thread;
	struct regs r;

	if (pthread_create(&thread, NULL, send_msi, (void *)&td->vm))
		ksft_exit_fail_msg("no thread\n");
	/* The TD halts. */
	r = execute(&v, TDVMCALL, 12, 0, 0, 0);
	pthread_join(thread, NULL);
	result(!r.error && !r.r[R10] && r.r[INTERRUPTS] == 1, &r, "halted_and_woken");
	ioctl(v.fd, KVM_NMI);
	r = execute(&v, XOR, 0, 0, 0, 0);
	result(r.r[NMIS] == 1 && r.r[INTERRUPTS] == 1, &r, "nmi");

	execute(&v, HLT, 0, 0, 0, 0);
	ioctl(v.fd, KVM_NMI);
	r = execute(&v, HLT, 0, 0, 0, 0);
	result(r.exception == 8, &r, "ve_during_ve");
	result(r.r[NMIS] == 1, &r, "nmi_waits_for_ve");
	r = execute(&v, TDCALL, VP_VEINFO_GET, 0, 0, 0);
	result(!r.r[RAX] && r.r[RCX] == 12, &r, "first_ve_is_kept");
	r = execute(&v, XOR, 0, 0, 0, 0);
	result(r.r[NMIS] == 2, &r, "nmi_after_ve");

	r = execute(&v, LOAD, 0, 0x1000, 0, 0);
	result(r.error == -EFAULT && v.run->exit_reason == KVM_EXIT_MEMORY_FAULT &&
	       v.run->memory_fault.gpa == 0x1000, &r, "no_memory");
}

static void test_cases(const struct td_run *td)
{
	struct kvm_memory_attributes attributes = { .address = TD_FREE + 0x2000, .size = 4096 };
	const struct vcpu vcpu = map_vcpu(td, 0);

	*(uint32_t *)(td->shared + 0x2000) = 0x12345678;
	if (ioctl(td->vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes))
		ksft_print_msg("KVM_SET_MEMORY_ATTRIBUTES: %s\n", strerror(errno));
	test_reports(td, vcpu);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(vcpu, &cases[i]);
	test_registers(vcpu);
	test_events(td, vcpu);
}

/* A VCPU that had a triple fault is not entered again. KVM warns: it reads RIP to say so. */
static void test_dead(const struct td_run *td)
{
	const struct vcpu vcpu = map_vcpu(td, 0);
	struct regs r = execute(&vcpu, TRIPLE_FAULT, 0, NOTHING, 0, 0);

	result(r.error == KVM_EXIT_SHUTDOWN, &r, "triple_fault");
	r.error = run_until(&vcpu, KVM_EXIT_SHUTDOWN);
	result(r.error == KVM_EXIT_INTERNAL_ERROR, &r, "no_entry_after_triple_fault");
}

/* An access to a page that the TD has not accepted is the end, where that is no #VE. */
static void test_strict(const struct td_run *td)
{
	const struct vcpu vcpu = map_vcpu(td, 0);
	struct regs r = execute(&vcpu, TDCALL, VP_INFO, 0, 0, 0);

	result(r.r[RDX] == ATTR_SEPT_VE_DISABLE, &r, "attributes");
	r = execute(&vcpu, STORE, 0, TD_FREE, 1, 0);
	result(r.error == -EIO, &r, "unaccepted_is_the_end");
}

struct counter {
	const struct td_run *td;
	unsigned int i;
	uint64_t rounds, wrong;
};

#define COUNTS		20000

/* One VCPU, on a CPU of its own */
static void *count(void *data)
{
	struct counter *c = data;
	const struct vcpu vcpu = map_vcpu(c->td, c->i);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(c->i, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	do {
		struct regs r = execute(&vcpu, COUNT, 0, COUNTS, 0, 0);

		c->rounds++;
		c->wrong += r.error || r.exception != NONE || r.r[RAX] != c->rounds * COUNTS;
	} while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED) && !c->wrong);
	return NULL;
}

/* The report without the module's version, and what depends on it */
static bool report_without_module(const struct vcpu *vcpu, struct td_report *report)
{
	bool good = get_report(vcpu, report);

	memset(report->tcb_hash, 0, sizeof(report->tcb_hash));
	memset(report->mac, 0, sizeof(report->mac));
	memset(report->tcb, 0, sizeof(report->tcb));
	return good;
}

static void stop(int signal)
{
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
}

/* Both VCPUs count, alone and together, until there is a SIGTERM. */
static void test_count(const struct td_run *td)
{
	struct td_report before = {}, after = {};
	struct counter counters[MAX_VCPUS] = {};
	const struct vcpu vcpu = map_vcpu(td, 0);
	uint64_t rounds = 0, wrong = 0;
	struct regs total;
	pthread_t threads[MAX_VCPUS];
	bool good;

	signal(SIGTERM, stop);
	good = report_without_module(&vcpu, &before);
	for (unsigned int i = 0; i < td->nr_vcpus; i++) {
		counters[i] = (struct counter){ .td = td, .i = i };
		if (pthread_create(&threads[i], NULL, count, &counters[i]))
			ksft_exit_fail_msg("no thread\n");
	}
	ksft_print_msg("counting\n");
	fflush(stdout);
	for (unsigned int i = 0; i < td->nr_vcpus; i++) {
		pthread_join(threads[i], NULL);
		rounds += counters[i].rounds;
		wrong += counters[i].wrong;
	}
	total = execute(&vcpu, LOAD, 0, TOTAL, 0, 0);
	ksft_print_msg("counted: %llu\n", (unsigned long long)total.r[RAX]);
	result(!wrong && total.r[RAX] == rounds * COUNTS, &total, "counts");
	good &= report_without_module(&vcpu, &after);
	result(good && !memcmp(&before, &after, REPORT_SIZE) && is_mrtd(td, &after), NULL,
	       "report");
}

static const struct td_task tasks[] = {
	{ "report", 1, test_report },
	{ "cases", NR_REPORT_TESTS + ARRAY_SIZE(cases) + NR_REGISTER_TESTS + NR_EVENT_TESTS,
	  test_cases, ATTR_SEPT_VE_DISABLE },
	{ "strict", 2, test_strict },
	{ "dead", 2, test_dead },
	{ "count", 2, test_count },
};

const struct td_task *td_task(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!strcmp(tasks[i].name, name))
			return &tasks[i];
	return NULL;
}
