// SPDX-License-Identifier: GPL-2.0
/* Runs TDs, and lets them tell their measurement. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest.h"
#include "tdx_kvm_run.h"

static void (*tell_result)(bool good, const char *name);

/* Returns 0, -errno, or the exit reason if it is another than @reason. */
int run_until(const struct vcpu *vcpu, uint32_t reason)
{
	int ret;

	do {
		ret = ioctl(vcpu->fd, KVM_RUN, NULL);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return vcpu->run->exit_reason == reason ? 0 : vcpu->run->exit_reason;
}

/* The same, with the VCPU where it first tells something: after the code, or in it */
int start(const struct vcpu *vcpu, uint64_t code, const uint64_t in[4])
{
	int error = run_until(vcpu, KVM_EXIT_TDX);

	vcpu->run->tdx.get_tdvmcall_info.ret = code;
	vcpu->run->tdx.get_tdvmcall_info.r11 = in[0];
	vcpu->run->tdx.get_tdvmcall_info.r12 = in[1];
	vcpu->run->tdx.get_tdvmcall_info.r13 = in[2];
	vcpu->run->tdx.get_tdvmcall_info.r14 = in[3];
	return error ?: run_until(vcpu, KVM_EXIT_SYSTEM_EVENT);
}

/* What the VCPU has told */
struct regs result_of(const struct vcpu *vcpu, int error)
{
	static const int numbers[NR_REGS] = { 6, 7, 2, 8, 9, 12, 13, 14, 15 };
	struct regs regs = { .error = error, .exception = vcpu->run->system_event.data[3] };

	for (int i = 0; i < NR_REGS; i++)
		regs.r[i] = vcpu->run->system_event.data[numbers[i]];
	return regs;
}

struct regs execute(const struct vcpu *vcpu, uint64_t code, const uint64_t in[4])
{
	return result_of(vcpu, start(vcpu, code, in));
}

/* A test's, and what the VCPU had in its registers if it has failed */
void result(bool good, const struct regs *r, const char *name)
{
	if (!good && r) {
		ksft_print_msg("error %d, exception %lld:", r->error, (long long)r->exception);
		for (int i = 0; i < NR_REGS; i++)
			printf(" %llx", (unsigned long long)r->r[i]);
		printf("\n");
	}
	tell_result(good, name);
}

/* The TD's report on itself, as it says it. False if it cannot. */
bool get_report(const struct vcpu *vcpu, struct td_report *report)
{
	struct regs r = EXECUTE(vcpu, TDCALL, MR_REPORT, REPORT, REPORT_DATA);
	bool good = !r.error && !r.r[RAX];

	for (size_t i = 0; good && i < REPORT_SIZE; i += sizeof(uint64_t[6])) {
		r = EXECUTE(vcpu, LOAD, 0, REPORT + i);
		good = !r.error && r.exception == NO_EXCEPTION;
		memcpy((uint8_t *)report + i, r.r, sizeof(uint64_t[6]));
	}
	return good;
}

bool is_mrtd(const struct td_run *td, const struct td_report *report)
{
	return !memcmp(report->mrtd, td->mrtd, SHA384_SIZE);
}

static void test_report(const struct td_run *td)
{
	struct td_report report;

	result(get_report(&td->vcpus[0], &report) && is_mrtd(td, &report), NULL, "td_mrtd");
}

static const struct td_task report = { "report", 1, test_report };
static const struct td_task *const tasks[] = { &report };

/* NULL if there is none of that name */
const struct td_task *td_task(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!strcmp(tasks[i]->name, name))
			return tasks[i];
	return NULL;
}

/* @td: with the descriptors of its VCPUs; @tell: gets the result of each test */
void td_run(const struct td_task *task, struct td_run *td, void (*tell)(bool, const char *))
{
	tell_result = tell;
	for (unsigned int i = 0; i < td->nr_vcpus; i++) {
		struct vcpu *vcpu = &td->vcpus[i];

		vcpu->run = mmap(NULL, sizeof(*vcpu->run), PROT_READ | PROT_WRITE, MAP_SHARED,
				 vcpu->fd, 0);
		if (vcpu->run == MAP_FAILED)
			ksft_exit_fail_msg("a VCPU cannot be mapped: %s\n", strerror(errno));
	}
	task->run(td);
}
