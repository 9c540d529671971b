// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for updates of the TDX module while TDs are being built: what the kernel counts, and
 * when it looks.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "../tdx.h"
#include "canned_seam.h"

/* How often the machine was stopped for an update, and what is to happen just before */
static atomic_t nr_stops;
static struct tdx_td *begin_before_stop;

static int before_stop_machine(struct kprobe *p, struct pt_regs *regs)
{
	struct tdx_td *td;

	/* The timekeeping code stops it, too. */
	if (!kunit_get_current_test())
		return 0;
	td = xchg(&begin_before_stop, NULL);
	atomic_inc(&nr_stops);
	if (td) {
		/* A breakpoint is an NMI for lockdep. No lock of the test's is held at it. */
		lockdep_off();
		canned_td_init(td);
		lockdep_on();
	}
	return 0;
}
NOKPROBE_SYMBOL(before_stop_machine);

static struct kprobe stop_machine_probe = {
	.symbol_name = "stop_machine_cpuslocked",
	.pre_handler = before_stop_machine,
};

static int tdx_builds_init(struct kunit *test)
{
	int ret = canned_seam_init(test);

	/* It stays. Where code is emulated, one that was just removed can still be hit. */
	if (!ret && !stop_machine_probe.addr)
		ret = register_kprobe(&stop_machine_probe);
	return ret;
}

/* This many TDs are in the way of an update. 0: it is accepted. */
static void expect_builds(struct kunit *test, int nr)
{
	u64 mark = tdx_kunit_log_mark();
	char line[80];

	KUNIT_EXPECT_EQ(test, canned_update(), nr ? -EBUSY : 0);
	snprintf(line, sizeof(line), "virt/tdx: module update refused: TD builds in progress: %d\n",
		 nr);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), !!nr);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "module update refused"), !!nr);
}

/* Every TD, also those that one module began when another one runs */
static void counts_from_init_to_finalize(struct kunit *test)
{
	struct tdx_td *tds[5];

	for (int i = 0; i < ARRAY_SIZE(tds); i++) {
		tds[i] = canned_td_create(test);
		expect_builds(test, i);
		KUNIT_ASSERT_EQ(test, canned_td_init(tds[i]), 0);
		canned_seam.features0 ^= CANNED_UPDATE_COMPAT;
		expect_builds(test, i + 1);
	}
	/* Finalized or given up */
	for (int i = 0; i < ARRAY_SIZE(tds); i++) {
		KUNIT_ASSERT_EQ(test, i % 2 ? tdh_mr_finalize(tds[i]) :
					      tdh_mng_vpflushdone(tds[i]), 0);
		expect_builds(test, ARRAY_SIZE(tds) - 1 - i);
	}
}

/* What does not count, not yet or not any more, does not end the build of another TD. */
static void ends_once(struct kunit *test)
{
	struct tdx_td *finalized = canned_td_begin(test);
	struct tdx_td *torn_down = canned_td_begin(test);
	struct tdx_td *created = canned_td_create(test);

	canned_td_begin(test);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(created), 0);
	expect_builds(test, 3);
	for (int i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, tdh_mr_finalize(finalized), 0);
	expect_builds(test, 2);
	for (int i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(finalized), 0);
	expect_builds(test, 2);
	for (int i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(torn_down), 0);
	expect_builds(test, 1);
}

static const struct failure_param {
	const char *name;
	u64 status;
} failure_params[] = {
	{ "error", 0xC000010000000002 },
	{ "busy", 0x8000020000000000 },
	{ "not recoverable", 0x4000000200000000 },
	{ "no error and yet no success", 0x0000000300000000 },
	{ "VMfailInvalid", FAKE_SEAM_VMFAILINVALID },
	{ "general protection", FAKE_SEAM_GP },
	{ "invalid opcode", FAKE_SEAM_UD },
};

KUNIT_ARRAY_PARAM_DESC(failure, failure_params, name);

/* KVM tears such a TD down, and then uses the same struct again if userspace tries again. */
static void failed_init_does_not_count(struct kunit *test)
{
	const struct failure_param *param = test->param_value;
	struct tdx_td *td = canned_td_create(test);

	tdx_kunit_fail(test, SEAM_LEAF_MNG_INIT, param->status);
	KUNIT_EXPECT_NE(test, canned_td_init(td), 0);
	expect_builds(test, 0);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 0);

	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	expect_builds(test, 1);
	/* Nor does a second one that fails end the build. */
	tdx_kunit_fail(test, SEAM_LEAF_MNG_INIT, param->status);
	KUNIT_EXPECT_NE(test, canned_td_init(td), 0);
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
}

static const struct {
	u64 leaf;
	u64 (*call)(struct tdx_td *td);
} steps[] = {
	{ SEAM_LEAF_MNG_INIT, canned_td_init },
	{ SEAM_LEAF_MR_FINALIZE, tdh_mr_finalize },
	{ SEAM_LEAF_MNG_VPFLUSHDONE, tdh_mng_vpflushdone },
};

static void failed_end_still_counts(struct kunit *test)
{
	const struct failure_param *param = test->param_value;

	for (int i = 1; i < ARRAY_SIZE(steps); i++) {
		struct tdx_td *td = canned_td_begin(test);

		tdx_kunit_fail(test, steps[i].leaf, param->status);
		KUNIT_EXPECT_NE_MSG(test, steps[i].call(td), 0, "leaf %llu", steps[i].leaf);
		expect_builds(test, 1);
		KUNIT_ASSERT_EQ(test, steps[i].call(td), 0);
		expect_builds(test, 0);
	}
}

static u64 shutdown_inside_of;
static int shutdown_inside_ret;

static void shutdown_inside(u64 leaf)
{
	if (leaf != shutdown_inside_of)
		return;
	canned_seam.in_call = NULL;
	shutdown_inside_ret = tdx_module_shutdown();
}

/* An update that comes while the module works on the only TD: an attempt inside of a SEAMCALL */
static void counts_while_it_begins_and_ends(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(steps); i++) {
		struct tdx_td *td = i ? canned_td_begin(test) : canned_td_create(test);

		shutdown_inside_of = steps[i].leaf;
		shutdown_inside_ret = 1;
		canned_seam.in_call = shutdown_inside;
		KUNIT_ASSERT_EQ(test, steps[i].call(td), 0);
		KUNIT_EXPECT_EQ_MSG(test, shutdown_inside_ret, -EBUSY, "leaf %llu", steps[i].leaf);
		KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	}
}

static const struct module_param {
	const char *name;
	u64 features0;
} module_params[] = {
	{ "module with bit 47", CANNED_FEATURES0 | CANNED_UPDATE_COMPAT },
	{ "module without bit 47", CANNED_FEATURES0 },
};

KUNIT_ARRAY_PARAM_DESC(module, module_params, name);

static void use_module(struct kunit *test)
{
	const struct module_param *param = test->param_value;

	canned_seam.features0 = param->features0;
	KUNIT_ASSERT_EQ(test, canned_update(), 0);
}

static void refusal_stops_no_cpu_and_makes_no_seamcall(struct kunit *test)
{
	int stops;
	u64 calls;

	use_module(test);
	canned_td_begin(test);
	stops = atomic_read(&nr_stops);
	calls = fake_seam_count_all();
	for (int i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, canned_update(), -EBUSY);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_stops), stops);
	KUNIT_EXPECT_EQ(test, fake_seam_count_all(), calls);
	KUNIT_EXPECT_NOT_NULL(test, tdx_get_sysinfo());
}

/* The update has looked, and the machine is not stopped yet. */
static void build_that_begins_meanwhile_is_not_missed(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);
	int stops;
	u64 calls;

	use_module(test);
	stops = atomic_read(&nr_stops);
	calls = fake_seam_count_all();
	WRITE_ONCE(begin_before_stop, td);
	expect_builds(test, 1);
	WRITE_ONCE(begin_before_stop, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_stops) - stops, 1);
	/* The only SEAMCALL is the TDH.MNG.INIT. */
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, 1);
	KUNIT_EXPECT_NOT_NULL(test, tdx_get_sysinfo());

	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
}

static void bad_image_is_told_as_bad_all_the_same(struct kunit *test)
{
	u8 *image = tdx_kunit_alloc(test, 3 * PAGE_SIZE);
	u64 mark = tdx_kunit_log_mark();

	canned_td_begin(test);
	tdx_kunit_header(image, 1);
	image[0] ^= 1;
	KUNIT_EXPECT_EQ(test, seamldr_install_module(image, 3 * PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused"), 0);
}

static struct kunit_case tdx_builds_cases[] = {
	KUNIT_CASE(counts_from_init_to_finalize),
	KUNIT_CASE(ends_once),
	KUNIT_CASE_PARAM(failed_init_does_not_count, failure_gen_params),
	KUNIT_CASE_PARAM(failed_end_still_counts, failure_gen_params),
	KUNIT_CASE(counts_while_it_begins_and_ends),
	KUNIT_CASE_PARAM(refusal_stops_no_cpu_and_makes_no_seamcall, module_gen_params),
	KUNIT_CASE_PARAM(build_that_begins_meanwhile_is_not_missed, module_gen_params),
	KUNIT_CASE(bad_image_is_told_as_bad_all_the_same),
	{}
};

static struct kunit_suite tdx_builds_suite = {
	.name = "tdx_builds",
	.init = tdx_builds_init,
	.test_cases = tdx_builds_cases,
};

kunit_test_suite(tdx_builds_suite);
