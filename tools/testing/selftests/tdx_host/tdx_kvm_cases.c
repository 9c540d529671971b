// SPDX-License-Identifier: GPL-2.0
/*
 * All that a TD can do: what it sees of it, what becomes of each of its exits, and two VCPUs that
 * count while somebody else updates the TDX module.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "kselftest.h"
#include "tdx_kvm_run.h"

/* Code as in tdx_kvm_run.h */
#define COUNT		0x0863ff
#define TDVMCALL	0x1063ff
#define MASKED		0x1863ff
#define USER_TDCALL	0x2063ff
#define STORE		0xc3118948	/* mov %rdx, (%rcx) */
#define CPUID		0xc3a20f
#define RDMSR		0xc3320f
#define WRMSR		0xc3300f
#define HLT		0xc3f4
#define HLT_ON_STACK	0xf4cc8948	/* mov %rcx, %rsp; hlt */
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
#define MOV_TO_CR4	0xc3e0220f
#define MOV_TO_XMM0	0xc3c06e0f4866
#define MOV_FROM_XMM0	0xc3c07e0f4866
#define UD2		0xc30b0f
#define XSETBV		0xc3d1010f
#define TRIPLE_FAULT	0x0b0f19010f	/* lidt (%rcx); ud2 */

/* Statuses of TDCALL */
#define INVALID(operand)	(0xC000010000000000 | (operand))
#define NO_VALID_VE_INFO	0xC000070400000000
#define ALREADY_ACCEPTED	0x00000B0A00000000
#define SIZE_MISMATCH		0xC0000B0B00000000
#define FIELD_ID_INCORRECT	0xC0000C0000000000
#define UNSUPPORTED		0x8000000000000003	/* of the host, to a TDVMCALL */

/* Shared memory: its address, and how far above it the payload has it in its own, from 4 GB on */
#define SHARED			0x800000000000ULL
#define SHARED_AT		0x40000000ULL
#define SHARED_PAGES		(TD_FREE + 0x2000)	/* two, by the host's choice */

#define COUNTS		20000		/* in one go */

#define INTERRUPT	32		/* the payload's vector */
#define UD		6
#define DF		8
#define GP		13
#define VE		20

/* Code, and what must be after it */
static const struct td_case {
	const char *name;
	uint64_t code;
	uint64_t in[4];		/* RAX, RCX, RDX, R8 */
	int vector;		/* of the exception, 0 if there is none */
	uint64_t value;		/* of this register; of a #VE its reason */
	enum reg reg;
} cases[] = {
	{ "vp_info_gpa_width", TDCALL, { VP_INFO }, 0, 48, RCX },
	{ "vp_info_attributes", TDCALL, { VP_INFO }, 0, 0, RDX },
	{ "vp_info_index", TDCALL, { VP_INFO }, 0, 0, R9 },
	{ "unknown_tdcall", TDCALL, { 0x7fff }, 0, INVALID(0) },
	{ "tdcall_version", TDCALL, { 0x10000 | VP_INFO }, 0, INVALID(0) },
	{ "vm_rd_xfam", TDCALL, { VM_RD, 0, 0x1110000300000001 }, 0, 3, R8 },
	{ "vm_rd_attributes", TDCALL, { VM_RD, 0, 0x1110000300000000 }, 0, 0, R8 },
	{ "vm_rd_other_td", TDCALL, { VM_RD, 1, 0x1110000300000000 }, 0, INVALID(1) },
	{ "vm_rd_unknown_field", TDCALL, { VM_RD, 0, 0x1110000300007777 }, 0, FIELD_ID_INCORRECT },
	{ "report_misaligned", TDCALL, { MR_REPORT, REPORT + 64, REPORT_DATA }, 0, INVALID(1) },
	{ "report_data_misaligned", TDCALL, { MR_REPORT, REPORT, REPORT_DATA + 8 }, 0, INVALID(2) },
	{ "report_subtype", TDCALL, { MR_REPORT, REPORT, REPORT_DATA, 1 }, 0, INVALID(8) },
	{ "rtmr_misaligned", TDCALL, { MR_RTMR_EXTEND, REPORT_DATA + 48, 2 }, 0, INVALID(1) },
	{ "rtmr_index", TDCALL, { MR_RTMR_EXTEND, REPORT_DATA, 4 }, 0, INVALID(2) },

	/* From TD_FREE on nothing is mapped until the TD wants it. */
	{ "accept_absent", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE } },
	{ "accepted_is_zero", LOAD, { 0, TD_FREE } },
	{ "store", STORE, { 0x1234, TD_FREE, 0x1234 }, 0, 0x1234 },
	{ "accept_twice", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE }, 0, ALREADY_ACCEPTED },
	{ "accepted_twice_is_kept", LOAD, { 0, TD_FREE }, 0, 0x1234 },
	{ "accept_2m", TDCALL, { MEM_PAGE_ACCEPT, 0xffe00001 }, 0, SIZE_MISMATCH | 1 },
	{ "accept_misaligned", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE + 8 }, 0, INVALID(1) },
	{ "accept_1g", TDCALL, { MEM_PAGE_ACCEPT, 0xc0000002 }, 0, INVALID(1) },
	{ "accept_shared", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE | SHARED }, 0, INVALID(1) },
	{ "ve_unaccepted", STORE, { 0, TD_FREE + 0x1008, 1 }, VE, 48 },
	{ "ve_report_unaccepted", TDCALL, { MR_REPORT, TD_FREE + 0x1000, REPORT_DATA }, VE, 48 },
	{ "ve_rtmr_unaccepted", TDCALL, { MR_RTMR_EXTEND, TD_FREE + 0x1000, 2 }, VE, 48 },
	{ "accept_after_ve", TDCALL, { MEM_PAGE_ACCEPT, TD_FREE + 0x1000 } },
	/* What has no memory at all is the host's I/O. */
	{ "shared", LOAD, { 0, SHARED_PAGES + SHARED_AT }, 0, 0x12345678 },
	{ "ve_shared_absent", LOAD, { 0, 0xd0000008 + SHARED_AT }, VE, 48 },

	{ "no_ve", TDCALL, { VP_VEINFO_GET }, 0, NO_VALID_VE_INFO },
	/* The host gives this stack to the TD when the exception is on its way. */
	{ "ve_on_shared_stack", HLT_ON_STACK, { 0, SHARED_PAGES + 0x1800 + SHARED_AT }, VE, 12 },
	{ "ve_cpuid", CPUID, { 0x40000000 }, VE, 10 },
	{ "ve_cpuid_subleaf", CPUID, { 0xd, 0x802 }, VE, 10 },
	{ "ve_hlt", HLT, {}, VE, 12 },
	{ "ve_vmcall", VMCALL, {}, VE, 18 },
	{ "ve_in", IN, { 0, 0, 0x60 }, VE, 30 },
	{ "ve_rdmsr", RDMSR, { 0, 0x1b }, VE, 31 },
	{ "ve_wrmsr", WRMSR, { 0, 0x10 }, VE, 32 },
	{ "ve_wbinvd", WBINVD, {}, VE, 54 },
	{ "ve_invd", INVD, {}, VE, 13 },
	{ "ud_vmclear", VMCLEAR, { 0, NOTHING }, UD },
	{ "ud_monitor", MONITOR, {}, UD },
	{ "ud_ud2", UD2, {}, UD },
	{ "ud_mwait", MWAIT, {}, UD },
	{ "ud_invept", INVEPT, { 0, NOTHING }, UD },
	{ "gp_rdpmc", RDPMC, {}, GP },
	{ "gp_tdcall_in_user_mode", USER_TDCALL, { VP_INFO }, GP, 0x23, RCX },
	{ "gp_cr0_cd", MOV_TO_CR0, { 0xc0000023 }, GP, 0xc0000023 },
	{ "gp_cr4_mce", MOV_TO_CR4, { 0x220 }, GP, 0x220 },
	{ "cr4", MOV_TO_CR4, { 0x40260 }, 0, 0x40260 },
	{ "xsetbv", XSETBV, { 3 }, 0, 3 },
	{ "gp_xsetbv_xfam", XSETBV, { 7 }, GP, 7 },
	{ "gp_xsetbv_without_x87", XSETBV, { 2 }, GP, 2 },
	{ "gp_xsetbv_ecx", XSETBV, { 3, 1 }, GP, 3 },
	/* The state of AVX has 256 bytes. */
	{ "cpuid_subleaf", CPUID, { 0xd, 2 }, 0, 256 },
	{ "cpuid_tdx", CPUID, { 0x21 }, 0, 0x20202020, RCX },
	{ "cpuid_tdx_too", CPUID, { 0x21 }, 0, 0x5844546c, RDX },
	{ "cpuid_max_whatever_ecx", CPUID, { 0, 0x809000 }, 0, 0x21 },

	{ "bad_mask_rbp", MASKED, { 0, 0xc20 }, 0, INVALID(1) },
	{ "bad_mask_rsp", MASKED, { 0, 0xc10 }, 0, INVALID(1) },
	{ "bad_mask_rcx", MASKED, { 0, 0xc02 }, 0, INVALID(1) },
	{ "bad_mask_rax", MASKED, { 0, 0xc01 }, 0, INVALID(1) },
	{ "bad_mask_xmm", MASKED, { 0, 0x10c00 }, 0, INVALID(1) },
	{ "answer_of_the_host", TDVMCALL, { 0x7777 }, 0, UNSUPPORTED, R10 },
	{ "xmm_set", MOV_TO_XMM0, { 0x1234 }, 0, 0x1234 },
	{ "xmm_is_kept", MOV_FROM_XMM0, {}, 0, 0x1234 },
	{ "lstar_set", WRMSR, { 0x5678, 0xc0000082 }, 0, 0x5678 },
	{ "lstar_is_kept", RDMSR, { 0, 0xc0000082 }, 0, 0x5678 },
	/* KVM's part of the local APIC is switched on in IA32_X2APIC_SIVR. */
	{ "wrmsr_by_the_host", TDVMCALL, { 32, 0x80f, 0x1ff }, 0, 0, R10 },
};

static void test_case(const struct vcpu *v, const struct td_case *c)
{
	struct regs r = execute(v, c->code, c->in);
	bool good = !r.error && r.exception == (c->vector ?: NO_EXCEPTION);

	if (good && c->vector == VE) {
		uint64_t gla = c->value == 48 ? c->in[1] : 0;
		uint64_t gpa = gla >> 32 ? (gla - SHARED_AT) | SHARED : gla;

		r = EXECUTE(v, TDCALL, VP_VEINFO_GET);
		good = !r.error && !r.r[RAX] && r.r[RCX] == c->value && r.r[R9] == gpa &&
		       (c->code == TDCALL || r.r[R8] == gla);
	} else {
		good &= r.r[c->reg] == c->value;
		good &= c->code != TDCALL || c->reg == RAX || !r.r[RAX];
	}
	result(good, &r, c->name);
}

static bool is_hash_of(const uint8_t *hash, size_t hash_size, const void *data, size_t size)
{
	uint8_t want[EVP_MAX_MD_SIZE];

	EVP_Digest(data, size, want, NULL, EVP_sha384(), NULL);
	return !memcmp(hash, want, hash_size);
}

#define NR_REPORT_TESTS		5

static void test_reports(const struct td_run *td, const struct vcpu *v)
{
	static const uint8_t zero[SHA384_SIZE];
	uint8_t both[2 * SHA384_SIZE] = { [SHA384_SIZE] = 1, 2, 3 };
	struct td_report a = {}, b = {};
	struct regs r;

	EXECUTE(v, STORE, 0, REPORT_DATA, 0x030201);
	result(get_report(v, &a) && is_mrtd(td, &a), NULL, "report_mrtd");
	result(!memcmp(a.data, "\1\2\3\0", 4) && !memcmp(a.rtmr[2], zero, SHA384_SIZE), NULL,
	       "report_data");
	result(is_hash_of(a.tcb_hash, SHA384_SIZE, a.tcb, sizeof(a.tcb)) &&
	       is_hash_of(a.info_hash, SHA384_SIZE, a.attributes, 512) &&
	       is_hash_of(a.mac, sizeof(a.mac), a.type, offsetof(struct td_report, mac)), NULL,
	       "report_hashes");
	r = EXECUTE(v, TDCALL, MR_RTMR_EXTEND, REPORT_DATA, 2);
	result(!r.error && !r.r[RAX], &r, "rtmr_extend");
	result(get_report(v, &b) && !memcmp(b.rtmr[1], zero, SHA384_SIZE) &&
	       is_hash_of(b.rtmr[2], SHA384_SIZE, both, sizeof(both)), NULL, "rtmr_is_extended");
}

#define NR_REGISTER_TESTS	2

/* What is the TD's stays the TD's. */
static void test_registers(const struct vcpu *v)
{
	/* As in the payload: the first one has 0x1111, the next one 0x2222 ... */
	static const int masked[] = { 2, 3, 6, 7, 8, 9, 12, 13, 14, 15 };
	bool passed = true, kept = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(masked); i++) {
		const uint64_t in[4] = { 0, 0xc00 | 1 << masked[i] };
		uint64_t want[16] = { 77, in[1], [11] = 0x10003 };
		struct regs r;

		want[masked[i]] = 0x1111 * (i + 1);
		passed &= !start(v, MASKED, in) &&
			  !memcmp(v->run->system_event.data, want, sizeof(want));
		/* Now what the TD itself says of them */
		r = result_of(v, run_until(v, KVM_EXIT_SYSTEM_EVENT));
		kept &= !r.error && !r.r[RAX] && !r.r[RDX] && r.exception == NO_EXCEPTION;
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
static void test_events(const struct td_run *td, const struct vcpu *v)
{
	pthread_t thread;
	struct regs r;

	if (pthread_create(&thread, NULL, send_msi, (void *)&td->vm))
		ksft_exit_fail_msg("no thread\n");
	/* The TD halts. */
	r = EXECUTE(v, TDVMCALL, 12);
	pthread_join(thread, NULL);
	result(!r.error && !r.r[R10] && r.r[INTERRUPTS] == 1, &r, "halted_and_woken");
	ioctl(v->fd, KVM_NMI);
	r = EXECUTE(v, NOP);
	result(r.r[NMIS] == 1 && r.r[INTERRUPTS] == 1, &r, "nmi");

	EXECUTE(v, HLT);
	ioctl(v->fd, KVM_NMI);
	r = EXECUTE(v, HLT);
	result(r.exception == DF, &r, "ve_during_ve");
	result(r.r[NMIS] == 1, &r, "nmi_waits_for_ve");
	r = EXECUTE(v, TDCALL, VP_VEINFO_GET);
	result(!r.r[RAX] && r.r[RCX] == 12, &r, "first_ve_is_kept");
	r = EXECUTE(v, NOP);
	result(r.r[NMIS] == 2, &r, "nmi_after_ve");

	r = EXECUTE(v, LOAD, 0, 0x1000);
	result(r.error == -EFAULT && v->run->exit_reason == KVM_EXIT_MEMORY_FAULT &&
	       v->run->memory_fault.gpa == 0x1000, &r, "no_memory");
}

static void test_cases(const struct td_run *td)
{
	struct kvm_memory_attributes attributes = { .address = SHARED_PAGES, .size = 0x2000 };
	const struct vcpu *v = &td->vcpus[0];

	*(uint32_t *)(td->shared + SHARED_PAGES - TD_FREE) = 0x12345678;
	if (ioctl(td->vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes))
		ksft_print_msg("KVM_SET_MEMORY_ATTRIBUTES: %s\n", strerror(errno));
	test_reports(td, v);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(v, &cases[i]);
	test_registers(v);
	test_events(td, v);
}

/* An access to a page that the TD has not accepted is the end, where that is no #VE. */
static void test_strict(const struct td_run *td)
{
	struct regs r = EXECUTE(&td->vcpus[0], TDCALL, VP_INFO);

	result(r.r[RDX] == ATTR_SEPT_VE_DISABLE, &r, "attributes");
	r = EXECUTE(&td->vcpus[0], STORE, 0, TD_FREE, 1);
	result(r.error == -EIO, &r, "unaccepted_is_the_end");
}

/* A VCPU that had a triple fault is not entered again. KVM warns: it reads RIP to say so. */
static void test_dead(const struct td_run *td)
{
	struct regs r = EXECUTE(&td->vcpus[0], TRIPLE_FAULT, 0, NOTHING);

	result(r.error == KVM_EXIT_SHUTDOWN, &r, "triple_fault");
	r.error = run_until(&td->vcpus[0], KVM_EXIT_SHUTDOWN);
	result(r.error == KVM_EXIT_INTERNAL_ERROR, &r, "no_entry_after_triple_fault");
}

static int stopped;

struct counter {
	const struct vcpu *vcpu;
	unsigned int cpu;
	uint64_t rounds, wrong;
};

/* One VCPU, on a CPU of its own */
static void *count(void *data)
{
	struct counter *c = data;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(c->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	do {
		struct regs r = EXECUTE(c->vcpu, COUNT, 0, COUNTS);

		c->rounds++;
		c->wrong += r.error || r.exception != NO_EXCEPTION ||
			    r.r[RAX] != c->rounds * COUNTS;
	} while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED) && !c->wrong);
	return NULL;
}

static void stop(int signal)
{
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
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

/* All VCPUs count, alone and together, until there is a SIGTERM. */
static void test_count(const struct td_run *td)
{
	struct td_report before = {}, after = {};
	struct counter counters[MAX_VCPUS] = {};
	uint64_t rounds = 0, wrong = 0;
	struct regs total;
	pthread_t threads[MAX_VCPUS];
	bool good;

	signal(SIGTERM, stop);
	good = report_without_module(&td->vcpus[0], &before);
	for (unsigned int i = 0; i < td->nr_vcpus; i++) {
		counters[i] = (struct counter){ .vcpu = &td->vcpus[i], .cpu = i };
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
	total = EXECUTE(&td->vcpus[0], LOAD, 0, TOTAL);
	ksft_print_msg("counted: %llu\n", (unsigned long long)total.r[RAX]);
	result(!wrong && total.r[RAX] == rounds * COUNTS, &total, "counts");
	good &= report_without_module(&td->vcpus[0], &after);
	result(good && !memcmp(&before, &after, REPORT_SIZE) && is_mrtd(td, &after), NULL,
	       "report");
}

const struct td_task td_cases = {
	"cases", NR_REPORT_TESTS + ARRAY_SIZE(cases) + NR_REGISTER_TESTS + NR_EVENT_TESTS,
	test_cases, ATTR_SEPT_VE_DISABLE
};

const struct td_task td_strict = { "strict", 2, test_strict };

const struct td_task td_dead = { "dead", 2, test_dead };

const struct td_task td_count = { "count", 2, test_count };
