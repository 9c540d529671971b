// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the first step of an update of the TDX module: what the module is asked in
 * TDH.SYS.SHUTDOWN, and what becomes of its answer.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/preempt.h>

#include <asm/tdx.h>

#include "../tdx.h"
#include "canned_seam.h"
#include "tdx_kunit_util.h"

#define AVOID_COMPAT_SENSITIVE		BIT_ULL(16)
#define UPDATE_COMPAT_SENSITIVE		0x8000051200000000ULL
#define RND_NO_ENTROPY			0x8000020300000000ULL

static int module_shutdown(void)
{
	guard(cpus_read_lock)();
	return tdx_module_shutdown();
}

/* What was passed to the last TDH.SYS.SHUTDOWN */
static u64 shutdown_rcx(struct kunit *test)
{
	struct fake_seam_call call;

	KUNIT_ASSERT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_SHUTDOWN, &call));
	return call.rcx;
}

/* The field that was read last */
static u64 last_field(struct kunit *test)
{
	struct fake_seam_call call;

	KUNIT_ASSERT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_RD, &call));
	return call.rdx;
}

/* The kernel believes in its module, and this CPU has nothing to initialize again. */
static void expect_nothing_reset(struct kunit *test)
{
	u64 calls = fake_seam_count_all();
	int ret;

	KUNIT_EXPECT_NOT_NULL(test, tdx_get_sysinfo());
	scoped_guard(preempt)
		ret = tdx_cpu_enable();
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, fake_seam_count_all(), calls);
}

/* --- The input --- */

static void flag_is_set_for_bit_47_alone(struct kunit *test)
{
	for (int bit = 0; bit < 64; bit++) {
		canned_seam.features0 = BIT_ULL(bit);
		KUNIT_ASSERT_EQ(test, module_shutdown(), 0);
		KUNIT_EXPECT_EQ_MSG(test, shutdown_rcx(test),
				    1 | (bit == 47 ? AVOID_COMPAT_SENSITIVE : 0),
				    "feature %d", bit);
	}
}

static void flag_is_left_out_for_all_but_bit_47(struct kunit *test)
{
	canned_seam.features0 = ~CANNED_UPDATE_COMPAT;
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, shutdown_rcx(test), 1);
}

/* tdx_sysinfo.features does not change with the module. */
static void flag_follows_the_running_module(struct kunit *test)
{
	for (int i = 0; i < 6; i++) {
		bool feature = i % 2;

		canned_seam.features0 = CANNED_FEATURES0 | (feature ? CANNED_UPDATE_COMPAT : 0);
		KUNIT_ASSERT_EQ(test, canned_update(), 0);
		KUNIT_EXPECT_EQ_MSG(test, shutdown_rcx(test),
				    1 | (feature ? AVOID_COMPAT_SENSITIVE : 0), "update %d", i);
	}
}

static void handoff_version_is_passed_bit_by_bit(struct kunit *test)
{
	for (int bit = 0; bit < 16; bit++) {
		canned_seam.module_hv = BIT(bit);
		KUNIT_ASSERT_EQ(test, module_shutdown(), 0);
		KUNIT_EXPECT_EQ_MSG(test, shutdown_rcx(test),
				    AVOID_COMPAT_SENSITIVE | BIT(bit), "bit %d", bit);
	}
}

static void handoff_version_is_all_without_the_flag(struct kunit *test)
{
	canned_seam.module_hv = U16_MAX;
	canned_seam.features0 = CANNED_FEATURES0;
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, shutdown_rcx(test), U16_MAX);
}

/* --- What has to be read first --- */

static void handoff_version_unreadable(struct kunit *test)
{
	u64 shutdowns = fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN);

	canned_answer(test, SEAM_LEAF_SYS_RD, 0xC000010000000002);
	KUNIT_EXPECT_EQ(test, module_shutdown(), -EIO);
	KUNIT_EXPECT_EQ(test, last_field(test), CANNED_FIELD_MODULE_HV);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN), shutdowns);
	expect_nothing_reset(test);
}

static void features_unreadable(struct kunit *test)
{
	const struct fake_seam_injection second_read = {
		.leaf = SEAM_LEAF_SYS_RD,
		.cpu = -1,
		.skip = 1,
		.times = 1,
		.fault = FAKE_SEAM_STATUS,
		.status = 0xC000010000000002,
	};
	u64 shutdowns = fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN);

	KUNIT_ASSERT_EQ(test, fake_seam_inject(&second_read), 0);
	KUNIT_EXPECT_EQ(test, module_shutdown(), -EIO);
	KUNIT_EXPECT_EQ(test, last_field(test), CANNED_FIELD_FEATURES0);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN), shutdowns);
	expect_nothing_reset(test);
}

/* --- Refusals --- */

struct refusal_param {
	const char *name;
	u32 details;
	const char *line;
};

static const struct refusal_param refusal_params[] = {
	{ "bare", 0, "TD builds in progress: 0" },
	{ "1 build", 1 << 16 | 0, "TD builds in progress: 1" },
	{ "2 builds", 2 << 16 | 0, "TD builds in progress: 2" },
	{ "65535 builds", 65535U << 16 | 0, "TD builds in progress: 65535" },
	{ "1 migration", 1 << 16 | 1, "TD migrations in progress: 1" },
	{ "65535 migrations", 65535U << 16 | 1, "TD migrations in progress: 65535" },
	{ "1 of what is not known yet", 1 << 16 | 2,
	  "update-sensitive operations in progress: 1" },
	{ "7 of the last kind there can be", 7 << 16 | 0xffff,
	  "update-sensitive operations in progress: 7" },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusal_params, name);

static void refusal_is_busy_and_names_what_is_in_the_way(struct kunit *test)
{
	const struct refusal_param *param = test->param_value;
	u64 mark = tdx_kunit_log_mark();
	char line[128];

	canned_answer(test, SEAM_LEAF_SYS_SHUTDOWN, UPDATE_COMPAT_SENSITIVE | param->details);
	KUNIT_EXPECT_EQ(test, canned_update(), -EBUSY);

	/* One line, and none about an error. */
	snprintf(line, sizeof(line), "virt/tdx: module update refused: %s\n", param->line);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "virt/tdx: "), 1);
	expect_nothing_reset(test);
}

/* Nothing after the first step is begun, and the next attempt is as good as any. */
static void refusal_ends_the_update(struct kunit *test)
{
	u64 installs = fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL);
	u64 calls = fake_seam_count_all();

	canned_answer(test, SEAM_LEAF_SYS_SHUTDOWN, UPDATE_COMPAT_SENSITIVE | 1 << 16);
	KUNIT_EXPECT_EQ(test, canned_update(), -EBUSY);
	/* Two fields are read, one attempt is made. */
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, 3);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL), installs);

	KUNIT_EXPECT_EQ(test, canned_update(), 0);
	KUNIT_EXPECT_GT(test, fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL), installs);
}

/* --- Other failures --- */

struct status_param {
	const char *name;
	u64 status;
};

/*
 * What the leaf and the module's dispatcher in front of it return, and what is a bit away
 * from the status that means "busy".
 */
static const struct status_param status_params[] = {
	{ "OPERAND_INVALID", 0xC000010000000000 },
	{ "OPERAND_BUSY", 0x8000020000000000 },
	{ "SYS_BUSY", 0x8000020200000000 },
	{ "SYS_NOT_READY", 0xC000050500000000 },
	{ "SYS_SHUTDOWN", 0xC000050600000000 },
	{ "SYS_STATE_INCORRECT", 0xC000050800000000 },
	{ "INTERRUPTED_RESUMABLE", 0x8000000300000000 },
	{ "NON_RECOVERABLE_TD", 0x4000000200000000 },
	{ "class and name of a refusal, not recoverable", 0xC000051200000000 },
	{ "class and name of a refusal, no error", 0x0000051200000000 },
	{ "the status before a refusal", 0x8000051100000000 },
	{ "the status after a refusal", 0x8000051300000000 },
	{ "the class after a refusal's", 0x8000061200000000 },
};

KUNIT_ARRAY_PARAM_DESC(status, status_params, name);

static void other_status_is_an_error_that_prints_once(struct kunit *test)
{
	static const u32 details[] = { 0, 1, 0x00010000, 0xffffffff };
	const struct status_param *param = test->param_value;
	char line[64];

	for (int i = 0; i < ARRAY_SIZE(details); i++) {
		u64 status = param->status | details[i];
		u64 mark = tdx_kunit_log_mark();

		canned_answer(test, SEAM_LEAF_SYS_SHUTDOWN, status);
		KUNIT_EXPECT_EQ_MSG(test, canned_update(), -EIO, "details %x", details[i]);

		snprintf(line, sizeof(line), "SEAMCALL (0x%016x) failed: 0x%016llx\n", 52, status);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_log_count(mark, line), 1, "details %x",
				    details[i]);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_log_count(mark, "virt/tdx: "), 1,
				    "details %x", details[i]);
	}
	expect_nothing_reset(test);
	KUNIT_EXPECT_EQ(test, canned_update(), 0);
}

static void fault_is_an_error(struct kunit *test)
{
	static const enum fake_seam_fault faults[] = {
		FAKE_SEAM_VMFAILINVALID, FAKE_SEAM_GP, FAKE_SEAM_UD
	};
	static const char line[] = "virt/tdx: SEAMCALL (0x0000000000000034) failed: ";

	for (int i = 0; i < ARRAY_SIZE(faults); i++) {
		u64 mark = tdx_kunit_log_mark();

		canned_fault(test, SEAM_LEAF_SYS_SHUTDOWN, faults[i]);
		KUNIT_EXPECT_EQ_MSG(test, canned_update(), -EIO, "fault %d", i);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_log_count(mark, line), 1, "fault %d", i);
		expect_nothing_reset(test);
	}
	KUNIT_EXPECT_EQ(test, canned_update(), 0);
}

/* RDRAND_RETRY_LOOPS is 10. */
static void no_entropy_is_tried_ten_times_with_the_flag(struct kunit *test)
{
	struct fake_seam_injection no_entropy = {
		.leaf = SEAM_LEAF_SYS_SHUTDOWN,
		.cpu = -1,
		.times = 9,
		.fault = FAKE_SEAM_STATUS,
		.status = RND_NO_ENTROPY,
	};
	u64 shutdowns = fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN);

	KUNIT_ASSERT_EQ(test, fake_seam_inject(&no_entropy), 0);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN) - shutdowns, 10);
	KUNIT_EXPECT_EQ(test, shutdown_rcx(test), 1 | AVOID_COMPAT_SENSITIVE);

	no_entropy.times = 10;
	KUNIT_ASSERT_EQ(test, fake_seam_inject(&no_entropy), 0);
	KUNIT_EXPECT_EQ(test, module_shutdown(), -EIO);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN) - shutdowns, 20);
}

/* --- Success --- */

static void success_forgets_the_module(struct kunit *test)
{
	u64 calls;
	int ret;

	KUNIT_ASSERT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());

	/* The module as a whole and this CPU are to be initialized again. */
	calls = fake_seam_count_all();
	scoped_guard(preempt)
		ret = tdx_cpu_enable();
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, 2);
}

static struct kunit_case tdx_shutdown_cases[] = {
	KUNIT_CASE(flag_is_set_for_bit_47_alone),
	KUNIT_CASE(flag_is_left_out_for_all_but_bit_47),
	KUNIT_CASE(flag_follows_the_running_module),
	KUNIT_CASE(handoff_version_is_passed_bit_by_bit),
	KUNIT_CASE(handoff_version_is_all_without_the_flag),
	KUNIT_CASE(handoff_version_unreadable),
	KUNIT_CASE(features_unreadable),
	KUNIT_CASE_PARAM(refusal_is_busy_and_names_what_is_in_the_way, refusal_gen_params),
	KUNIT_CASE(refusal_ends_the_update),
	KUNIT_CASE_PARAM(other_status_is_an_error_that_prints_once, status_gen_params),
	KUNIT_CASE(fault_is_an_error),
	KUNIT_CASE(no_entropy_is_tried_ten_times_with_the_flag),
	KUNIT_CASE(success_forgets_the_module),
	{}
};

static struct kunit_suite tdx_shutdown_suite = {
	.name = "tdx_shutdown",
	.suite_init = canned_seam_suite_init,
	.suite_exit = canned_seam_suite_exit,
	.init = canned_seam_init,
	.test_cases = tdx_shutdown_cases,
};

kunit_test_suite(tdx_shutdown_suite);
