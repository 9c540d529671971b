// SPDX-License-Identifier: GPL-2.0
/*
 * Builds TDs through KVM's documented interface (Documentation/virt/kvm/x86/intel-tdx.rst),
 * one step after the other, and computes the measurement (MRTD) that must come out. No TD
 * runs. With the fake SEAM (CONFIG_TDX_FAKE_SEAM) the measurement is compared with the
 * module's; on a real host only a running TD could tell it, so it is printed there.
 *
 * KTAP, one test per step of one TD. See --help for what else it can do.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <openssl/evp.h>

#include "kselftest.h"

/* What SEAM has measured, for tests: "MRCONFIGID MRTD" a line. Absent on real hosts. */
#define FAKE_TDS		"/sys/kernel/debug/fake_seam/tds"

#define TD_PAGE_SIZE		4096
#define TD_MAX_PAGES		64
#define TD_MEMORY		(TD_MAX_PAGES * TD_PAGE_SIZE)
#define TD_GPA			0x800000ULL	/* where the TD's memory begins */
#define TD_GPA_BITS		48		/* 4-level secure EPT */
#define TD_EXTEND_CHUNK		256		/* bytes that TDH.MR.EXTEND measures */
#define TD_MIN_TSC_KHZ		100000		/* TDX Module ABI Specification: TD_PARAMS */
#define SHA384_SIZE		48
#define HEX_SIZE		(2 * SHA384_SIZE + 1)
#define ATTR_SEPT_VE_DISABLE	0x10000000ULL	/* the one that KVM offers */
#define XFAM_FIXED		3ULL		/* x87 and SSE: every TD has them */
#define CPUID_X2APIC		0x200000U	/* leaf 1, ECX */
#define MAX_CPUID		256
#define STAT_BUILD		"td_build_in_progress"	/* of a VM: 1 during a build */

struct td {
	int kvm, vm, gmem, vcpu;
	void *shared;		/* the host's view of the memory: never used, but must be there */
	uint8_t *source;	/* TD_MAX_PAGES pages: what goes into the TD */
	/* Pages whose contents are measured and, behind them, those whose are not */
	unsigned int measured, unmeasured;
	struct kvm_tdx_capabilities *caps;
	struct kvm_cpuid2 *cpuid;
	uint8_t id[SHA384_SIZE];	/* MRCONFIGID: tells this TD from all others */
	uint64_t hw_error;	/* of the last KVM_MEMORY_ENCRYPT_OP */
};

static int ret_of(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int tdx_op(struct td *td, int fd, uint32_t id, uint32_t flags, void *data)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = (uintptr_t)data };
	int ret = ret_of(ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd));

	td->hw_error = cmd.hw_error;
	return ret;
}

static int create_vm(struct td *td)
{
	td->vm = ioctl(td->kvm, KVM_CREATE_VM, KVM_X86_TDX_VM);
	return ret_of(td->vm);
}

static int capabilities(struct td *td)
{
	td->caps->cpuid.nent = MAX_CPUID;
	return tdx_op(td, td->vm, KVM_TDX_CAPABILITIES, 0, td->caps);
}

static int init_vm(struct td *td)
{
	struct kvm_tdx_init_vm *params;
	int ret;

	/* A TD needs a TSC of 100 MHz. Every real host has that, slow emulators do not. */
	if (ioctl(td->vm, KVM_GET_TSC_KHZ, 0) < TD_MIN_TSC_KHZ &&
	    ioctl(td->vm, KVM_SET_TSC_KHZ, TD_MIN_TSC_KHZ))
		return -errno;

	params = calloc(1, sizeof(*params) + MAX_CPUID * sizeof(struct kvm_cpuid_entry2));
	if (!params)
		return -ENOMEM;
	params->attributes = td->caps->supported_attrs & ATTR_SEPT_VE_DISABLE;
	params->xfam = td->caps->supported_xfam & XFAM_FIXED;
	memcpy(params->mrconfigid, td->id, sizeof(params->mrconfigid));
	/* The CPUID bits that a TD's host may choose, as this CPU and KVM have them */
	for (uint32_t i = 0; i < td->caps->cpuid.nent; i++) {
		struct kvm_cpuid_entry2 e = td->caps->cpuid.entries[i], have = {};

		for (uint32_t j = 0; j < td->cpuid->nent; j++)
			if (td->cpuid->entries[j].function == e.function &&
			    td->cpuid->entries[j].index == e.index)
				have = td->cpuid->entries[j];
		e.eax &= have.eax;
		e.ebx &= have.ebx;
		e.ecx &= have.ecx;
		e.edx &= have.edx;
		/* Or KVM takes the first entry of a leaf for all of its subleaves. */
		e.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		if (e.function == 0x80000008)
			e.eax = (e.eax & ~0xff0000U) | TD_GPA_BITS << 16;
		params->cpuid.entries[params->cpuid.nent++] = e;
	}
	ret = tdx_op(td, td->vm, KVM_TDX_INIT_VM, 0, params);
	free(params);
	return ret;
}

/* The local APIC in KVM, which TDX wants, and no I/O APIC there, which it does not. */
static int split_irqchip(struct td *td)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };

	return ret_of(ioctl(td->vm, KVM_ENABLE_CAP, &cap));
}

static int create_memory(struct td *td)
{
	struct kvm_create_guest_memfd gmem = { .size = TD_MEMORY };
	struct kvm_userspace_memory_region2 region = {
		.flags = KVM_MEM_GUEST_MEMFD, .guest_phys_addr = TD_GPA,
		.memory_size = TD_MEMORY, .userspace_addr = (uintptr_t)td->shared,
	};
	struct kvm_memory_attributes attributes = {
		.address = TD_GPA, .size = TD_MEMORY,
		.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	};

	td->gmem = ioctl(td->vm, KVM_CREATE_GUEST_MEMFD, &gmem);
	if (td->gmem < 0)
		return -errno;
	region.guest_memfd = td->gmem;
	return ret_of(ioctl(td->vm, KVM_SET_USER_MEMORY_REGION2, &region)) ?:
	       ret_of(ioctl(td->vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes));
}

static int create_vcpu(struct td *td)
{
	td->vcpu = ioctl(td->vm, KVM_CREATE_VCPU, 0);
	return ret_of(td->vcpu);
}

/* TDX wants x2APIC, and KVM_TDX_INIT_VCPU looks for it here. */
static int set_cpuid(struct td *td)
{
	for (uint32_t i = 0; i < td->cpuid->nent; i++)
		if (td->cpuid->entries[i].function == 1)
			td->cpuid->entries[i].ecx |= CPUID_X2APIC;
	return ret_of(ioctl(td->vcpu, KVM_SET_CPUID2, td->cpuid));
}

static int init_vcpu(struct td *td)
{
	return tdx_op(td, td->vcpu, KVM_TDX_INIT_VCPU, 0, NULL);
}

/* KVM updates the region, so a call that was interrupted goes on where it was. */
static int init_memory(struct td *td, unsigned int first, unsigned int nr, uint32_t flags)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)td->source + first * TD_PAGE_SIZE,
		.gpa = TD_GPA + first * TD_PAGE_SIZE,
		.nr_pages = nr,
	};
	int ret = 0;

	while (region.nr_pages) {
		ret = tdx_op(td, td->vcpu, KVM_TDX_INIT_MEM_REGION, flags, &region);
		if (ret && ret != -EINTR && ret != -EAGAIN)
			break;
	}
	return ret;
}

static int add_measured(struct td *td)
{
	return init_memory(td, 0, td->measured, KVM_TDX_MEASURE_MEMORY_REGION);
}

static int add_unmeasured(struct td *td)
{
	return init_memory(td, td->measured, td->unmeasured, 0);
}

static int finalize(struct td *td)
{
	return tdx_op(td, td->vm, KVM_TDX_FINALIZE_VM, 0, NULL);
}

static int tear_down(struct td *td)
{
	int *fds[] = { &td->vcpu, &td->gmem, &td->vm };
	int ret = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			ret = ret_of(close(*fds[i])) ?: ret;
		*fds[i] = -1;
	}
	return ret;
}

#define STEP(function)	{ #function, function }

static const struct step {
	const char *name;
	int (*run)(struct td *td);
} steps[] = {
	STEP(create_vm), STEP(capabilities), STEP(init_vm), STEP(split_irqchip),
	STEP(create_memory), STEP(create_vcpu), STEP(set_cpuid), STEP(init_vcpu),
	STEP(add_measured), STEP(add_unmeasured), STEP(finalize), STEP(tear_down),
	/* Not a step, but a place to stop at. */
	{ "end", NULL },
};

#define NR_STEPS	(ARRAY_SIZE(steps) - 1)
#define TEAR_DOWN	(NR_STEPS - 1)

/* One 128-byte block: what was done, and the GPA that it was done to */
static void measure_block(EVP_MD_CTX *hash, const char *what, uint64_t gpa)
{
	uint8_t block[128] = { 0 };

	memcpy(block, what, strlen(what));
	memcpy(block + 16, &gpa, sizeof(gpa));
	EVP_DigestUpdate(hash, block, sizeof(block));
}

static void to_hex(const uint8_t *data, char hex[HEX_SIZE])
{
	for (int i = 0; i < SHA384_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
}

/* What TDH.MEM.PAGE.ADD and TDH.MR.EXTEND make of the pages, in the order of the steps */
static void expected_mrtd(const struct td *td, char hex[HEX_SIZE])
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t mrtd[SHA384_SIZE];

	EVP_DigestInit(hash, EVP_sha384());
	for (unsigned int i = 0; i < td->measured + td->unmeasured; i++) {
		uint64_t gpa = TD_GPA + i * TD_PAGE_SIZE;

		measure_block(hash, "MEM.PAGE.ADD", gpa);
		for (unsigned int j = 0; i < td->measured && j < TD_PAGE_SIZE;
		     j += TD_EXTEND_CHUNK) {
			measure_block(hash, "MR.EXTEND", gpa + j);
			EVP_DigestUpdate(hash, td->source + i * TD_PAGE_SIZE + j, TD_EXTEND_CHUNK);
		}
	}
	EVP_DigestFinal(hash, mrtd, NULL);
	EVP_MD_CTX_free(hash);
	to_hex(mrtd, hex);
}

/*
 * Is the module's measurement what it must be? 0: yes; 1: it is wrong; -ENODATA: there is none;
 * -ENOENT: without the fake SEAM nobody knows.
 */
static int check_mrtd(const struct td *td)
{
	char id[HEX_SIZE], line_id[HEX_SIZE], have[HEX_SIZE], want[HEX_SIZE];
	FILE *f = fopen(FAKE_TDS, "r");
	int ret = -ENODATA;

	if (!f)
		return -ENOENT;
	to_hex(td->id, id);
	expected_mrtd(td, want);
	while (ret == -ENODATA && fscanf(f, "%96s %96s", line_id, have) == 2)
		if (!strcmp(id, line_id) && strcmp(have, "-"))
			ret = !!strcmp(want, have);
	fclose(f);
	return ret;
}

static uint64_t next_random(uint64_t *state)
{
	/* Knuth's MMIX; the upper bits are the good ones. */
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* A TD that is not begun yet, with pages like no other's. Returns 0 or -errno. */
static int new_td(struct td *td, uint64_t seed, unsigned int measured, unsigned int unmeasured)
{
	td->measured = measured;
	td->unmeasured = unmeasured;
	memset(td->id, 0, sizeof(td->id));
	snprintf((char *)td->id, sizeof(td->id), "%d %llu", getpid(), (unsigned long long)seed);
	for (unsigned int i = 0; i < TD_MEMORY / sizeof(uint64_t); i += 16)
		((uint64_t *)td->source)[i] = next_random(&seed);

	td->cpuid->nent = MAX_CPUID;
	return ret_of(ioctl(td->kvm, KVM_GET_SUPPORTED_CPUID, td->cpuid));
}

/* Ends the program with a reason if there can be no TDs here. */
static void alloc_td(struct td *td)
{
	int types;

	td->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (td->kvm < 0)
		ksft_exit_skip("/dev/kvm: %s\n", strerror(errno));
	types = ioctl(td->kvm, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES);
	if (types < 0 || !(types & 1 << KVM_X86_TDX_VM))
		ksft_exit_skip("KVM has no TDs here: needs a TDX host and kvm_intel.tdx=1\n");
	td->source = mmap(NULL, 2 * TD_MEMORY, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	td->shared = td->source + TD_MEMORY;
	td->caps = calloc(1, sizeof(*td->caps) + MAX_CPUID * sizeof(struct kvm_cpuid_entry2));
	td->cpuid = calloc(1, sizeof(*td->cpuid) + MAX_CPUID * sizeof(struct kvm_cpuid_entry2));
	if (td->source == MAP_FAILED || !td->caps || !td->cpuid)
		ksft_exit_fail_msg("no memory: %s\n", strerror(errno));
}

/* The value of a VM's stat. Returns -ENOENT if the kernel does not have it. */
static int vm_stat(const struct td *td, const char *name)
{
	int fd = ioctl(td->vm, KVM_GET_STATS_FD, NULL), ret = -ENOENT;
	uint64_t buf[32], value;
	struct kvm_stats_desc *desc = (void *)buf;
	struct kvm_stats_header header;

	if (fd < 0)
		return -errno;
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    sizeof(*desc) + header.name_size > sizeof(buf))
		ksft_exit_fail_msg("KVM_GET_STATS_FD: no header\n");
	for (unsigned int i = 0; i < header.num_desc && ret == -ENOENT; i++) {
		ssize_t size = sizeof(*desc) + header.name_size;

		if (pread(fd, buf, size, header.desc_offset + i * size) != size)
			ksft_exit_fail_msg("KVM_GET_STATS_FD: no descriptor %u\n", i);
		if (!strcmp(desc->name, name))
			ret = pread(fd, &value, 8, header.data_offset + desc->offset) == 8 ?
			      (int)value : -EIO;
	}
	close(fd);
	return ret;
}

/* Does one step of a TD. Returns 0 or -errno, and says why. */
static int run_step(struct td *td, unsigned int i)
{
	int ret;

	td->hw_error = 0;
	ret = steps[i].run(td);
	if (ret)
		ksft_print_msg("%s: %s, SEAMCALL status 0x%llx\n", steps[i].name, strerror(-ret),
			       (unsigned long long)td->hw_error);
	return ret;
}

/* One TD, with a command before the step @at (or each step, if negative), as KTAP. */
static void build_one(struct td *td, uint64_t seed, int at, const char *command, int last)
{
	char hex[HEX_SIZE];
	bool begun = false, finalized = false, stat_wrong = false;
	int ret, stat = -ENOENT;

	ksft_set_plan(NR_STEPS + 2);
	ret = new_td(td, seed, 3, 2);
	if (ret)
		ksft_exit_fail_msg("KVM_GET_SUPPORTED_CPUID: %s\n", strerror(-ret));

	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		if (command && (at < 0 || at == (int)i)) {
			fflush(stdout);
			if (system(command))
				ksft_print_msg("failed: %s\n", command);
		}
		if (!steps[i].run)
			break;
		if ((int)i >= last && i < TEAR_DOWN) {
			ksft_test_result_skip("%s\n", steps[i].name);
			continue;
		}
		if (i == TEAR_DOWN) {
			expected_mrtd(td, hex);
			ksft_print_msg("expected MRTD: %s\n", hex);
			ret = check_mrtd(td);
			if (ret == -ENOENT || (ret == -ENODATA && !finalized))
				ksft_test_result_skip("mrtd: %s\n", finalized ?
						      "no fake SEAM to ask in debugfs" :
						      "the TD is not finalized");
			else
				ksft_test_result(!ret, "mrtd\n");
		}
		ret = run_step(td, i);
		ksft_test_result(!ret, "%s\n", steps[i].name);
		if (ret && i < TEAR_DOWN)
			last = 0;
		begun |= !ret && steps[i].run == init_vm;
		finalized |= !ret && steps[i].run == finalize;
		if (td->vm < 0)
			continue;
		stat = vm_stat(td, STAT_BUILD);
		if (stat != -ENOENT && stat != (begun && !finalized)) {
			ksft_print_msg("%s after %s: %d\n", STAT_BUILD, steps[i].name, stat);
			stat_wrong = true;
		}
	}
	if (stat == -ENOENT)
		ksft_test_result_skip("%s: this kernel has no such stat\n", STAT_BUILD);
	else
		ksft_test_result(!stat_wrong, "%s\n", STAT_BUILD);
	ksft_finished();
}

static const char usage[] =
"Usage: tdx_kvm_build [OPTION]...\n"
"Builds a TD through KVM, step by step, and checks its measurement (MRTD).\n\n"
"  -a, --at STEP       run the command of --run before this step only\n"
"  -r, --run COMMAND   a shell command to run, before each step if no --at is given\n"
"  -u, --until STEP    tear the TD down instead of doing this step\n"
"  -s, --seed N        where the random numbers start (default 1)\n"
"  -l, --list          print the names of the steps\n\n"
"Exit status: 0 all is well; 1 a failure, not of COMMAND; 4 no TDs can be built here.\n";

static unsigned long number(const char *arg, unsigned long min)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(arg, &end, 0);
	if (errno || end == arg || *end || *arg == '-' || n < min)
		ksft_exit_fail_msg("%s: this must be an integer, %lu or more\n", arg, min);
	return n;
}

static int step_arg(const char *arg)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
		if (!strcmp(steps[i].name, arg))
			return i;
	ksft_exit_fail_msg("%s: no such step, see --list\n", arg);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "at", required_argument, NULL, 'a' },
		{ "run", required_argument, NULL, 'r' },
		{ "until", required_argument, NULL, 'u' },
		{ "seed", required_argument, NULL, 's' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *command = NULL;
	int at = -1, last = TEAR_DOWN;
	uint64_t seed = 1;
	struct td td = { .vm = -1, .gmem = -1, .vcpu = -1 };
	int c;

	while ((c = getopt_long(argc, argv, "a:r:u:s:lh", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			at = step_arg(optarg);
			break;
		case 'r':
			command = optarg;
			break;
		case 'u':
			last = step_arg(optarg);
			break;
		case 's':
			seed = number(optarg, 0);
			break;
		case 'l':
			for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++)
				printf("%s\n", steps[i].name);
			return 0;
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : KSFT_FAIL;
		}
	}
	if (optind != argc)
		ksft_exit_fail_msg("%s: no argument is known, see --help\n", argv[optind]);

	ksft_print_header();
	alloc_td(&td);
	build_one(&td, seed, at, command, last);
}
