// SPDX-License-Identifier: GPL-2.0
/* Runs TDs a few instructions at a time, and lets them tell their measurement. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/kvm.h>

#include "kselftest.h"
#include "tdx_kvm_run.h"

/* Code for the TD, first byte last: instructions and, as a rule, a return */
#define COPY		0xc3a4f3c7894cd689	/* mov %edx, %esi; mov %r8, %rdi; rep movsb */
#define TDCALL		0xc3cc010f66

/* Leaves of TDCALL */
enum { MR_REPORT = 4 };

/* Parts of the payload that it does not use */
#define REPORT			0xffffd400ULL
#define REPORT_DATA		0xffffd800ULL
/* Two pages are shared by the host. */
#define TD_FREE			0x100002000ULL
#define SHARED_PAGES		(TD_FREE + 0x2000)
/* How far above its address the payload has shared memory in its own */
#define SHARED_AT		0x40000000ULL

/* TDREPORT_STRUCT */
struct td_report {
	uint8_t type[32], tcb_hash[48], info_hash[48], data[64], reserved[32], mac[32];
	uint8_t tcb[239], reserved2[17];
	uint8_t attributes[16], mrtd[48], ids[3][48], rtmr[4][48], reserved3[112];
};

/* A test */
struct td_case {
	const char *name;
	uint64_t code;
	uint64_t in[4];		/* RAX, RCX, RDX, R8 */
	bool (*run)(void);
};

static struct td_run td;
static struct kvm_run *runs[MAX_VCPUS];

/* Returns the exit reason, or -errno. */
static int run_vcpu(unsigned int vcpu)
{
	int exit;

	do {
		exit = ioctl(td.vcpus[vcpu], KVM_RUN, NULL) ? -errno : (int)runs[vcpu]->exit_reason;
	} while (exit == -EINTR);
	return exit;
}

/* The same, with the VCPU where it first tells something: after the code, or in it */
static int execute(unsigned int vcpu, const struct td_case *c)
{
	struct kvm_run *run = runs[vcpu];
	int exit = run_vcpu(vcpu);

	if (exit != KVM_EXIT_TDX)
		return exit == KVM_EXIT_SYSTEM_EVENT ? -EPROTO : exit;
	run->tdx.get_tdvmcall_info.ret = c->code;
	run->tdx.get_tdvmcall_info.r11 = c->in[0];
	run->tdx.get_tdvmcall_info.r14 = c->in[1];
	run->tdx.get_tdvmcall_info.r12 = c->in[2];
	run->tdx.get_tdvmcall_info.r13 = c->in[3];
	return run_vcpu(vcpu);
}

#define EXECUTE(_vcpu, _code, ...)							\
	execute(_vcpu, &(const struct td_case) { .code = _code, .in = { __VA_ARGS__ } })

/* The TD's report on itself, as it says it: zeros if it cannot */
static const struct td_report *get_report(void)
{
	struct td_report *report = (void *)(td.shared + SHARED_PAGES - TD_GPA);

	memset(report, 0, sizeof(*report));
	EXECUTE(0, TDCALL, MR_REPORT, REPORT, REPORT_DATA);
	EXECUTE(0, COPY, 0, sizeof(*report), REPORT, SHARED_PAGES + SHARED_AT);
	return report;
}

static bool test_mrtd(void)
{
	const struct td_report *r = get_report();
	char mrtd[HEX_SIZE];

	for (int i = 0; i < SHA384_SIZE; i++)
		sprintf(mrtd + 2 * i, "%02x", r->mrtd[i]);
	return !strcmp(mrtd, td.mrtd);
}

#define TD_MRTD { "td_mrtd", .run = test_mrtd }

static const struct td_case cases[] = { TD_MRTD };

static const struct td_task tasks[] = {
	{ "report", cases, 1 },
};

/* NULL if there is none of that name */
const struct td_task *td_task(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!strcmp(tasks[i].name, name))
			return &tasks[i];
	return NULL;
}

/* @tell: gets the result of each test. */
void td_run(const struct td_task *task, const struct td_run *run, void (*tell)(bool, const char *))
{
	struct kvm_memory_attributes attributes = { .address = SHARED_PAGES, .size = 0x2000 };

	td = *run;
	for (unsigned int i = 0; i < td.nr_vcpus; i++) {
		runs[i] = mmap(NULL, sizeof(*runs[i]), PROT_READ | PROT_WRITE, MAP_SHARED,
			       td.vcpus[i], 0);
		if (runs[i] == MAP_FAILED)
			ksft_exit_fail_msg("a VCPU cannot be mapped: %s\n", strerror(errno));
	}
	if (ioctl(td.vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes))
		ksft_exit_fail_msg("KVM_SET_MEMORY_ATTRIBUTES: %s\n", strerror(errno));
	for (unsigned int i = 0; i < task->nr_cases; i++)
		tell(task->cases[i].run(), task->cases[i].name);
}
