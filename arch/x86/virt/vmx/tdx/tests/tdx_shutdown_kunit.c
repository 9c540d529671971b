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
#include <linux/preempt.h>

#include <asm/tdx.h>

#include "../tdx.h"
#include "canned_seam.h"

#define AVOID_COMPAT_SENSITIVE		BIT_ULL(16)
#define UPDATE_COMPAT_SENSITIVE		0x8000051200000000ULL

static int module_shutdown(void)
{
	guard(cpus_read_lock)();
	return tdx_module_shutdown();
}

static u64 shutdown_rcx(struct kunit *test)
{
	KUNIT_ASSERT_GT(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN), 0);
	return fake_seam_last_call(SEAM_LEAF_SYS_SHUTDOWN).cx;
}

/* How many SEAMCALLs it takes until this CPU can use the module */
static u64 enable_cpu(struct kunit *test)
{
	u64 calls = fake_seam_count_all();
	int ret;

	scoped_guard(preempt)
		ret = tdx_cpu_enable();
	KUNIT_EXPECT_EQ(test, ret, 0);
	return fake_seam_count_all() - calls;
}

static void expect_nothing_reset(struct kunit *test)
{
	KUNIT_EXPECT_NOT_NULL(test, tdx_get_sysinfo());
	KUNIT_EXPECT_EQ(test, enable_cpu(test), 0);
}

/* tdx_sysinfo.features does not change with the module. Bit 47 alone counts. */
static void flag_follows_the_running_module(struct kunit *test)
{
	for (int bit = 0; bit < 64; bit++) {
		canned_seam.features0 = BIT_ULL(bit);
		KUNIT_ASSERT_EQ(test, canned_update(), 0);
		KUNIT_EXPECT_EQ_MSG(test, shutdown_rcx(test),
				    1 | (bit == 47 ? AVOID_COMPAT_SENSITIVE : 0),
				    "feature %d", bit);
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

/* What has to be read first, field by field */
static void unreadable_field_is_an_error(struct kunit *test)
{
	static const u64 fields[] = { CANNED_FIELD_MODULE_HV, CANNED_FIELD_FEATURES0 };
	u64 shutdowns = fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN);
	struct fake_seam_injection unreadable = {
		.leaf = SEAM_LEAF_SYS_RD, .cpu = -1, .times = 1, .status = 0xC000010000000002,
	};

	for (int i = 0; i < ARRAY_SIZE(fields); i++) {
		unreadable.skip = i;
		KUNIT_ASSERT_EQ(test, fake_seam_inject(&unreadable), 0);
		KUNIT_EXPECT_EQ_MSG(test, module_shutdown(), -EIO, "field %d", i);
		KUNIT_EXPECT_EQ(test, fake_seam_last_call(SEAM_LEAF_SYS_RD).dx, fields[i]);
		KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN), shutdowns);
		expect_nothing_reset(test);
	}
}

static const struct refusal_param {
	const char *name;
	u32 details;
	const char *line;
} refusal_params[] = {
	{ "bare", 0, "TD builds in progress: 0" },
	{ "1 build", 1 << 16 | 0, "TD builds in progress: 1" },
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

	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, UPDATE_COMPAT_SENSITIVE | param->details);
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

	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, UPDATE_COMPAT_SENSITIVE | 1 << 16);
	KUNIT_EXPECT_EQ(test, canned_update(), -EBUSY);
	/* Two fields are read, one attempt is made. */
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, 3);

	KUNIT_EXPECT_EQ(test, canned_update(), 0);
	KUNIT_EXPECT_GT(test, fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL), installs);
}

/* What the leaf and the dispatcher in front of it return, and what is a bit away from a refusal. */
static void other_status_is_an_error_that_prints_once(struct kunit *test)
{
	static const u64 statuses[] = {
		0xC000010000000000, 0x8000020000000000, 0x8000020200000000, 0xC000050500000000,
		0xC000050600000000, 0x8000000300000000, 0x4000000200000000, 0xC000051200000000,
		0x0000051200000000, 0x8000051100000000, 0x8000051300000000, 0x8000061200000000,
	};
	static const u32 details[] = { 0, 1, 0x00010000, 0xffffffff };
	char line[64];

	for (int i = 0; i < ARRAY_SIZE(statuses) * ARRAY_SIZE(details); i++) {
		u64 status = statuses[i / ARRAY_SIZE(details)] | details[i % ARRAY_SIZE(details)];
		u64 mark = tdx_kunit_log_mark();

		tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, status);
		KUNIT_EXPECT_EQ_MSG(test, canned_update(), -EIO, "status %llx", status);

		snprintf(line, sizeof(line), "SEAMCALL (0x%016x) failed: 0x%016llx\n", 52, status);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_log_count(mark, line), 1, "%llx", status);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_log_count(mark, "virt/tdx: "), 1, "%llx",
				    status);
		expect_nothing_reset(test);
	}
}

/* RDRAND_RETRY_LOOPS is 10. */
static void no_entropy_is_tried_ten_times_with_the_flag(struct kunit *test)
{
	struct fake_seam_injection no_entropy = {
		.leaf = SEAM_LEAF_SYS_SHUTDOWN, .cpu = -1, .times = 9, .status = 0x8000020300000000,
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

/* The module as a whole and this CPU are to be initialized again. */
static void success_forgets_the_module(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
	KUNIT_EXPECT_EQ(test, enable_cpu(test), 2);
}

static struct kunit_case tdx_shutdown_cases[] = {
	KUNIT_CASE(flag_follows_the_running_module),
	KUNIT_CASE(handoff_version_is_passed_bit_by_bit),
	KUNIT_CASE(unreadable_field_is_an_error),
	KUNIT_CASE_PARAM(refusal_is_busy_and_names_what_is_in_the_way, refusal_gen_params),
	KUNIT_CASE(refusal_ends_the_update),
	KUNIT_CASE(other_status_is_an_error_that_prints_once),
	KUNIT_CASE(no_entropy_is_tried_ten_times_with_the_flag),
	KUNIT_CASE(success_forgets_the_module),
	{}
};

static struct kunit_suite tdx_shutdown_suite = {
	.name = "tdx_shutdown",
	.init = canned_seam_init,
	.test_cases = tdx_shutdown_cases,
};

kunit_test_suite(tdx_shutdown_suite);
