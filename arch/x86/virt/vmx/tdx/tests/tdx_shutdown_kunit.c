// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for tdx_module_shutdown(), the first step of an update of the TDX module.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "../tdx.h"
#include "tdx_kunit.h"

#define AVOID_COMPAT_SENSITIVE		BIT_ULL(16)
#define FIELD_FEATURES0			0x0A00000300000008ULL
#define FIELD_MODULE_HV			0x8900000100000000ULL

/* An attempt to shut down, as the update makes it */
static int module_shutdown(void)
{
	guard(cpus_read_lock)();
	return tdx_module_shutdown();
}

/* The same in a whole update, which prints why it was refused */
static int update(struct kunit *test)
{
	return tdx_kunit_install(test, &tdx_kunit_next_module);
}

static int enable_this_cpu(void)
{
	guard(preempt)();
	return tdx_cpu_enable();
}

/* The kernel, the module and every CPU go on as if nothing had been tried. */
static void expect_untouched(struct kunit *test)
{
	const struct tdx_kunit_calls then = tdx_kunit_calls();

	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
	/* Still initialized: there is nothing to do on this CPU. */
	KUNIT_EXPECT_EQ(test, enable_this_cpu(), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 0);
}

/* --- The input of TDH.SYS.SHUTDOWN --- */

static const void *gen_bit(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t bit = (uintptr_t)prev;

	if (bit == 64)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "bit %lu", bit);
	/* One more than the bit: NULL would be the end. */
	return (void *)(bit + 1);
}

static void flag_is_set_for_bit_47_alone(struct kunit *test)
{
	unsigned int bit = (uintptr_t)test->param_value - 1;
	struct fake_module module = tdx_kunit_module;

	module.features0 = BIT_ULL(bit);
	tdx_kunit_load(test, &module);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test),
			module.module_hv | (bit == 47 ? AVOID_COMPAT_SENSITIVE : 0));
}

struct features_param {
	const char *name;
	u64 features0;
	bool flag;
};

static const struct features_param features_params[] = {
	{ "none", 0, false },
	{ "those before 1.5.24", BIT_ULL(1) | BIT_ULL(18), false },
	{ "those before 1.5.24 and bit 47", BIT_ULL(1) | BIT_ULL(18) | BIT_ULL(47), true },
	{ "the neighbours of bit 47", BIT_ULL(46) | BIT_ULL(48), false },
	{ "bit 15 of each half", BIT_ULL(15) | BIT_ULL(63), false },
	{ "all but bit 47", ~BIT_ULL(47), false },
	{ "all", ~0ULL, true },
};

KUNIT_ARRAY_PARAM_DESC(features, features_params, name);

static void flag_follows_features(struct kunit *test)
{
	const struct features_param *param = test->param_value;
	struct fake_module module = tdx_kunit_module;

	module.features0 = param->features0;
	tdx_kunit_load(test, &module);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test),
			module.module_hv | (param->flag ? AVOID_COMPAT_SENSITIVE : 0));
}

/* Every bit of the 16 alone, none, and all */
#define NR_VERSIONS	18

static u16 version_nr(unsigned int nr)
{
	if (nr < 16)
		return BIT(nr);
	return nr == 16 ? 0 : U16_MAX;
}

static const void *gen_version(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t nr = (uintptr_t)prev;

	if (nr == 2 * NR_VERSIONS)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "0x%x, %s", version_nr(nr / 2),
		 nr % 2 ? "flag" : "no flag");
	return (void *)(nr + 1);
}

static void handoff_version_is_passed_as_it_is(struct kunit *test)
{
	uintptr_t nr = (uintptr_t)test->param_value - 1;
	struct fake_module module = tdx_kunit_module;
	u64 rcx;

	module.module_hv = version_nr(nr / 2);
	rcx = module.module_hv;
	if (nr % 2)
		rcx |= AVOID_COMPAT_SENSITIVE;
	else
		module.features0 = SEAM_FEATURES0_TD_PRESERVING;
	tdx_kunit_load(test, &module);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test), rcx);
}

/* What the kernel keeps of the module that was there at boot does not matter. */
static void features_are_read_each_time(struct kunit *test)
{
	struct fake_module module = tdx_kunit_module;
	struct fake_seam_call call;

	for (int i = 0; i < 4; i++) {
		bool flag = i % 2;

		module.features0 = flag ? SEAM_FEATURES0_UPDATE_COMPATIBILITY : 0;
		tdx_kunit_load(test, &module);
		KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
		KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test),
				1 | (flag ? AVOID_COMPAT_SENSITIVE : 0));
		KUNIT_EXPECT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_RD, &call));
		KUNIT_EXPECT_EQ(test, call.rdx, FIELD_FEATURES0);
	}
}

/* --- What has to be read first --- */

static void handoff_version_unreadable(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	struct fake_seam_call call;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, module_shutdown(), failure->err);
	fake_seam_inject_clear();
	KUNIT_EXPECT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_RD, &call));
	KUNIT_EXPECT_EQ(test, call.rdx, FIELD_MODULE_HV);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, 0);
	expect_untouched(test);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
}

static void features_unreadable(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	struct fake_seam_call call;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 1, 10, failure);
	KUNIT_EXPECT_EQ(test, module_shutdown(), failure->err);
	fake_seam_inject_clear();
	KUNIT_EXPECT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_RD, &call));
	KUNIT_EXPECT_EQ(test, call.rdx, FIELD_FEATURES0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, 0);
	expect_untouched(test);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
}

static void failure_get_desc(const struct tdx_kunit_failure *failure, char *desc)
{
	strscpy(desc, failure->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(failure, tdx_kunit_failures, failure_get_desc);

/* --- What TDH.SYS.SHUTDOWN can return --- */

struct status_param {
	const char *name;
	u64 status;
	int err;
};

/*
 * What the leaf and the module's dispatcher in front of it return, what the kernel has a
 * meaning for elsewhere, and what is a bit away from the one that means "busy".
 */
static const struct status_param status_params[] = {
	{ "OPERAND_INVALID", 0xC000010000000000, -EIO },
	{ "OPERAND_ADDR_RANGE_ERROR", 0xC000010100000000, -EIO },
	{ "OPERAND_BUSY", 0x8000020000000000, -EIO },
	{ "PREVIOUS_TLB_EPOCH_BUSY", 0x8000020100000000, -EIO },
	{ "SYS_BUSY", 0x8000020200000000, -EIO },
	{ "PAGE_METADATA_INCORRECT", 0xC000030000000000, -EIO },
	{ "SYS_INIT_NOT_PENDING", 0xC000050000000000, -EIO },
	{ "SYS_LP_INIT_NOT_DONE", 0xC000050200000000, -EIO },
	{ "SYS_NOT_READY", 0xC000050500000000, -EIO },
	{ "SYS_SHUTDOWN", 0xC000050600000000, -EIO },
	{ "SYS_STATE_INCORRECT", 0xC000050800000000, -EIO },
	{ "SYS_INVALID_HANDOFF", 0xC000050900000000, -EIO },
	{ "VCPU_NOT_ASSOCIATED", 0x8000070200000000, -EIO },
	{ "INTERRUPTED_RESUMABLE", 0x8000000300000000, -EIO },
	{ "NON_RECOVERABLE_VCPU", 0x4000000100000000, -EIO },
	{ "NON_RECOVERABLE_TD_FATAL", 0x6000000100000000, -EIO },
	{ "UPDATE_COMPATIBILITY_SENSITIVE", 0x8000051200000000, -EBUSY },
	{ "class and name of it, not recoverable", 0xC000051200000000, -EIO },
	{ "class and name of it, no error", 0x0000051200000000, -EIO },
	{ "the status before it", 0x8000051100000000, -EIO },
	{ "the status after it", 0x8000051300000000, -EIO },
	{ "the class after it", 0x8000061200000000, -EIO },
};

static const struct {
	const char *name;
	u32 details;
} details_params[] = {
	{ "bare", 0 },
	{ "operand RCX", 1 },
	{ "upper half of the details", 0x00010000 },
	{ "all details", 0xffffffff },
};

#define NR_STATUS	(ARRAY_SIZE(status_params) * ARRAY_SIZE(details_params))

static const void *gen_status(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t nr = (uintptr_t)prev;

	if (nr == NR_STATUS)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s",
		 status_params[nr / ARRAY_SIZE(details_params)].name,
		 details_params[nr % ARRAY_SIZE(details_params)].name);
	return (void *)(nr + 1);
}

static void status_becomes_errno(struct kunit *test)
{
	uintptr_t nr = (uintptr_t)test->param_value - 1;
	const struct status_param *param = &status_params[nr / ARRAY_SIZE(details_params)];
	const struct tdx_kunit_failure failure = {
		.fault = FAKE_SEAM_STATUS,
		.status = param->status |
			  details_params[nr % ARRAY_SIZE(details_params)].details,
	};
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	u64 mark = tdx_kunit_log_mark();
	char line[64];

	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, -1, 0, 1, &failure);
	KUNIT_EXPECT_EQ(test, update(test), param->err);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, 1);

	/* An error is one line with the status; a refusal is another one. */
	snprintf(line, sizeof(line), "SEAMCALL (0x%016x) failed: 0x%016llx", 52,
		 failure.status);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), param->err != -EBUSY);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "module update refused: "),
			param->err == -EBUSY);
	expect_untouched(test);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
}

static void fault_becomes_errno(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	bool retried = failure->status == 0x8000020300000000;
	u64 mark = tdx_kunit_log_mark();

	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, module_shutdown(), failure->err);
	fake_seam_inject_clear();
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, retried ? 10 : 1);
	/* What the CPU answers is not the module's error, and is not printed as such. */
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "SEAMCALL"),
			failure->fault == FAKE_SEAM_STATUS);
	expect_untouched(test);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
}

/* RDRAND_RETRY_LOOPS is 10. */
static const void *gen_entropy(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t times = (uintptr_t)prev + 1;

	if (times > 11)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu times", times);
	return (void *)times;
}

static void no_entropy_is_retried(struct kunit *test)
{
	static const struct tdx_kunit_failure failure = {
		.fault = FAKE_SEAM_STATUS,
		.status = 0x8000020300000000,
	};
	unsigned int times = (uintptr_t)test->param_value;
	const struct tdx_kunit_calls then = tdx_kunit_calls();

	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, -1, 0, times, &failure);
	KUNIT_EXPECT_EQ(test, module_shutdown(), times < 10 ? 0 : -EIO);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, min(times + 1, 10U));
	/* The flag is in every attempt. */
	KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test), 1 | AVOID_COMPAT_SENSITIVE);
}

/* --- Refusals --- */

struct refusal_param {
	const char *name;
	u32 details;
	const char *line;
};

static const struct refusal_param refusal_params[] = {
	{ "1 build", 1 << 16 | 0, "TD builds in progress: 1" },
	{ "2 builds", 2 << 16 | 0, "TD builds in progress: 2" },
	{ "65535 builds", 65535U << 16 | 0, "TD builds in progress: 65535" },
	{ "1 migration", 1 << 16 | 1, "TD migrations in progress: 1" },
	{ "2 migrations", 2 << 16 | 1, "TD migrations in progress: 2" },
	{ "65535 migrations", 65535U << 16 | 1, "TD migrations in progress: 65535" },
	{ "1 of what is not known yet", 1 << 16 | 2,
	  "update-sensitive operations in progress: 1" },
	{ "7 of what is not known yet", 7 << 16 | 0xffff,
	  "update-sensitive operations in progress: 7" },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusal_params, name);

static void refusal_names_what_is_in_the_way(struct kunit *test)
{
	const struct refusal_param *param = test->param_value;
	const struct tdx_kunit_failure failure = {
		.fault = FAKE_SEAM_STATUS,
		.status = 0x8000051200000000 | param->details,
	};
	u64 mark = tdx_kunit_log_mark();
	char line[128];

	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, -1, 0, 1, &failure);
	KUNIT_EXPECT_EQ(test, update(test), -EBUSY);
	snprintf(line, sizeof(line), "virt/tdx: module update refused: %s", param->line);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "virt/tdx: "), 1);
	expect_untouched(test);
}

static void refused_while_tds_are_built(struct kunit *test)
{
	struct fake_td *first = tdx_kunit_td(test);
	struct fake_td *second = tdx_kunit_td(test);
	u64 mark = tdx_kunit_log_mark();

	KUNIT_EXPECT_EQ(test, update(test), -EBUSY);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused: TD builds in progress: 2"), 1);
	expect_untouched(test);

	tdx_kunit_td_destroy(test, first);
	KUNIT_EXPECT_EQ(test, update(test), -EBUSY);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused: TD builds in progress: 1"), 1);
	expect_untouched(test);

	tdx_kunit_td_finish(test, second);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
}

static const u32 migrations_params[] = { 1, 2, 65535 };

static void migrations_get_desc(const u32 *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *nr);
}

KUNIT_ARRAY_PARAM(migrations, migrations_params, migrations_get_desc);

static void refused_while_migrations_are_interrupted(struct kunit *test)
{
	u32 nr = *(const u32 *)test->param_value;
	u64 mark = tdx_kunit_log_mark();
	char line[64];

	fake_module_set_migrations(nr);
	KUNIT_EXPECT_EQ(test, update(test), -EBUSY);
	snprintf(line, sizeof(line), "refused: TD migrations in progress: %u", nr);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	expect_untouched(test);

	fake_module_set_migrations(0);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
}

/* It can be tried for ever, and a hundredth refusal costs no more than the first. */
static void refused_a_hundred_times(struct kunit *test)
{
	const struct tdx_kunit_calls then = tdx_kunit_calls();

	fake_module_set_migrations(1);
	for (int i = 0; i < 100; i++)
		KUNIT_ASSERT_EQ(test, module_shutdown(), -EBUSY);
	/* Two fields are read, and one attempt is made, each time. */
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 300);
	expect_untouched(test);
}

/* The module cannot know, and the kernel does not pretend to. */
static void not_refused_without_the_feature(struct kunit *test)
{
	struct fake_module module = tdx_kunit_module;

	module.features0 &= ~SEAM_FEATURES0_UPDATE_COMPATIBILITY;
	tdx_kunit_load(test, &module);
	tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test), 1);
}

/* --- Success --- */

static void success_forgets_the_module(struct kunit *test)
{
	struct tdx_kunit_calls then;

	KUNIT_ASSERT_EQ(test, module_shutdown(), 0);
	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());

	/* This CPU and the module as a whole are to be initialized again. */
	KUNIT_ASSERT_EQ(test, fake_module_load(&tdx_kunit_module), 0);
	then = tdx_kunit_calls();
	KUNIT_EXPECT_EQ(test, enable_this_cpu(), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).init, 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).lp_init, 1);
}

static void second_shutdown_fails(struct kunit *test)
{
	const struct tdx_kunit_calls then = tdx_kunit_calls();

	KUNIT_ASSERT_EQ(test, module_shutdown(), 0);
	/* A module that is shut down has no fields to read. */
	KUNIT_EXPECT_EQ(test, module_shutdown(), -EIO);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, 1);
}

static struct kunit_case tdx_shutdown_cases[] = {
	KUNIT_CASE_PARAM(flag_is_set_for_bit_47_alone, gen_bit),
	KUNIT_CASE_PARAM(flag_follows_features, features_gen_params),
	KUNIT_CASE_PARAM(handoff_version_is_passed_as_it_is, gen_version),
	KUNIT_CASE(features_are_read_each_time),
	KUNIT_CASE_PARAM(handoff_version_unreadable, failure_gen_params),
	KUNIT_CASE_PARAM(features_unreadable, failure_gen_params),
	KUNIT_CASE_PARAM(status_becomes_errno, gen_status),
	KUNIT_CASE_PARAM(fault_becomes_errno, failure_gen_params),
	KUNIT_CASE_PARAM(no_entropy_is_retried, gen_entropy),
	KUNIT_CASE_PARAM(refusal_names_what_is_in_the_way, refusal_gen_params),
	KUNIT_CASE(refused_while_tds_are_built),
	KUNIT_CASE_PARAM(refused_while_migrations_are_interrupted, migrations_gen_params),
	KUNIT_CASE(refused_a_hundred_times),
	KUNIT_CASE(not_refused_without_the_feature),
	KUNIT_CASE(success_forgets_the_module),
	KUNIT_CASE(second_shutdown_fails),
	{}
};

static struct kunit_suite tdx_shutdown_suite = {
	.name = "tdx_shutdown",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = tdx_shutdown_cases,
};

kunit_test_suite(tdx_shutdown_suite);
