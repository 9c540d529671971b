// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for updates of the TDX module while TDs are being built: what the kernel counts, and
 * when it looks.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kprobes.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "../tdx.h"
#include "canned_seam.h"
#include "tdx_kunit_util.h"

#define OPERAND_BUSY		0x8000020000000000ULL
#define FLUSHVP_NOT_DONE	0x8000082400000000ULL
#define OPERAND_INVALID_RDX	0xC000010000000002ULL

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
	if (td)
		canned_td_init(td);
	return 0;
}
NOKPROBE_SYMBOL(before_stop_machine);

static struct kprobe stop_machine_probe = {
	.symbol_name = "stop_machine_cpuslocked",
	.pre_handler = before_stop_machine,
};

static int tdx_builds_suite_init(struct kunit_suite *suite)
{
	int ret = 0;

	/* It stays. Where code is emulated, one that was just removed can still be hit. */
	if (fake_seam_active() && !stop_machine_probe.addr)
		ret = register_kprobe(&stop_machine_probe);
	return ret ?: canned_seam_suite_init(suite);
}

/* A TD that has not begun would be freed before the next update. */
static void tdx_builds_exit(struct kunit *test)
{
	WRITE_ONCE(begin_before_stop, NULL);
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

/* --- What counts --- */

static void counts_from_init_to_finalize(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);

	expect_builds(test, 0);
	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 0);
}

static void counts_until_vpflushdone_without_finalize(struct kunit *test)
{
	struct tdx_td *td = canned_td_begin(test);

	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 0);
}

static void counts_every_td(struct kunit *test)
{
	struct tdx_td *tds[5];

	for (int i = 0; i < ARRAY_SIZE(tds); i++) {
		tds[i] = canned_td_begin(test);
		expect_builds(test, i + 1);
	}
	for (int i = 0; i < ARRAY_SIZE(tds); i++) {
		if (i % 2)
			KUNIT_ASSERT_EQ(test, tdh_mr_finalize(tds[i]), 0);
		else
			KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(tds[i]), 0);
		expect_builds(test, ARRAY_SIZE(tds) - 1 - i);
	}
}

/* What does not end a build must not end the one of another TD, either. */
static void ends_once(struct kunit *test)
{
	struct tdx_td *td = canned_td_begin(test);

	canned_td_begin(test);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 1);
}

static void ends_once_when_torn_down(struct kunit *test)
{
	struct tdx_td *td = canned_td_begin(test);

	canned_td_begin(test);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 1);
}

static void teardown_before_init_ends_nothing(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);

	canned_td_begin(test);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 1);
}

struct failure_param {
	const char *name;
	enum fake_seam_fault fault;
	u64 status;
};

static const struct failure_param failure_params[] = {
	{ "error", FAKE_SEAM_STATUS, OPERAND_INVALID_RDX },
	{ "busy", FAKE_SEAM_STATUS, OPERAND_BUSY },
	{ "not recoverable", FAKE_SEAM_STATUS, 0x4000000200000000 },
	{ "not done", FAKE_SEAM_STATUS, FLUSHVP_NOT_DONE },
	{ "no error and yet no success", FAKE_SEAM_STATUS, 0x0000000300000000 },
	{ "VMfailInvalid", FAKE_SEAM_VMFAILINVALID, 0 },
	{ "general protection", FAKE_SEAM_GP, 0 },
	{ "invalid opcode", FAKE_SEAM_UD, 0 },
};

KUNIT_ARRAY_PARAM_DESC(failure, failure_params, name);

static void fail_next(struct kunit *test, u64 leaf)
{
	const struct failure_param *param = test->param_value;

	if (param->fault == FAKE_SEAM_STATUS)
		canned_answer(test, leaf, param->status);
	else
		canned_fault(test, leaf, param->fault);
}

/* KVM tears such a TD down, and then uses the same struct again if userspace tries again. */
static void failed_init_does_not_count(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);

	fail_next(test, SEAM_LEAF_MNG_INIT);
	KUNIT_EXPECT_NE(test, canned_td_init(td), 0);
	expect_builds(test, 0);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	expect_builds(test, 0);

	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
}

static void second_init_that_fails_changes_nothing(struct kunit *test)
{
	struct tdx_td *td = canned_td_begin(test);

	fail_next(test, SEAM_LEAF_MNG_INIT);
	KUNIT_EXPECT_NE(test, canned_td_init(td), 0);
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
}

/* What does not end a build ends it when it is done again. */
static void expect_still_counts(struct kunit *test, u64 leaf, u64 (*end)(struct tdx_td *td))
{
	struct tdx_td *td = canned_td_begin(test);

	fail_next(test, leaf);
	KUNIT_EXPECT_NE(test, end(td), 0);
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, end(td), 0);
	expect_builds(test, 0);
}

static void failed_finalize_still_counts(struct kunit *test)
{
	expect_still_counts(test, SEAM_LEAF_MR_FINALIZE, tdh_mr_finalize);
}

static void failed_vpflushdone_still_counts(struct kunit *test)
{
	expect_still_counts(test, SEAM_LEAF_MNG_VPFLUSHDONE, tdh_mng_vpflushdone);
}

/* An update that comes while the module works on a TD: an attempt inside of a SEAMCALL */
static u64 shutdown_inside_of;
static int shutdown_inside_ret;

static void shutdown_inside(u64 leaf)
{
	if (leaf != shutdown_inside_of)
		return;
	canned_seam.in_call = NULL;
	shutdown_inside_ret = tdx_module_shutdown();
}

static void expect_refused_inside_of(struct kunit *test, u64 leaf)
{
	shutdown_inside_of = leaf;
	shutdown_inside_ret = 1;
	canned_seam.in_call = shutdown_inside;
}

static void counts_while_it_begins_and_ends(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);

	expect_refused_inside_of(test, SEAM_LEAF_MNG_INIT);
	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	KUNIT_EXPECT_EQ(test, shutdown_inside_ret, -EBUSY);

	expect_refused_inside_of(test, SEAM_LEAF_MR_FINALIZE);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	KUNIT_EXPECT_EQ(test, shutdown_inside_ret, -EBUSY);
}

static void counts_while_it_is_torn_down(struct kunit *test)
{
	struct tdx_td *td = canned_td_begin(test);

	expect_refused_inside_of(test, SEAM_LEAF_MNG_VPFLUSHDONE);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(td), 0);
	KUNIT_EXPECT_EQ(test, shutdown_inside_ret, -EBUSY);
}

/* --- When the kernel looks --- */

struct module_param {
	const char *name;
	u64 features0;
};

static const struct module_param module_params[] = {
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
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_stops) - stops, 1);
	/* The only SEAMCALL is the TDH.MNG.INIT. */
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, 1);
	KUNIT_EXPECT_NOT_NULL(test, tdx_get_sysinfo());

	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
}

/* A TD that an old module began counts when a new one runs. */
static void count_does_not_depend_on_the_module(struct kunit *test)
{
	struct tdx_td *td;

	canned_seam.features0 = CANNED_FEATURES0;
	td = canned_td_begin(test);
	canned_seam.features0 |= CANNED_UPDATE_COMPAT;
	expect_builds(test, 1);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	expect_builds(test, 0);
}

static void bad_image_is_told_as_bad_all_the_same(struct kunit *test)
{
	u8 *image = tdx_kunit_alloc(test, TDX_KUNIT_BLANK_SIZE);
	u64 mark = tdx_kunit_log_mark();

	canned_td_begin(test);
	tdx_kunit_blank_image(image);
	image[0] ^= 1;
	KUNIT_EXPECT_EQ(test, seamldr_install_module(image, TDX_KUNIT_BLANK_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused"), 0);
}

static struct kunit_case tdx_builds_cases[] = {
	KUNIT_CASE(counts_from_init_to_finalize),
	KUNIT_CASE(counts_until_vpflushdone_without_finalize),
	KUNIT_CASE(counts_every_td),
	KUNIT_CASE(ends_once),
	KUNIT_CASE(ends_once_when_torn_down),
	KUNIT_CASE(teardown_before_init_ends_nothing),
	KUNIT_CASE_PARAM(failed_init_does_not_count, failure_gen_params),
	KUNIT_CASE_PARAM(second_init_that_fails_changes_nothing, failure_gen_params),
	KUNIT_CASE_PARAM(failed_finalize_still_counts, failure_gen_params),
	KUNIT_CASE_PARAM(failed_vpflushdone_still_counts, failure_gen_params),
	KUNIT_CASE(counts_while_it_begins_and_ends),
	KUNIT_CASE(counts_while_it_is_torn_down),
	KUNIT_CASE_PARAM(refusal_stops_no_cpu_and_makes_no_seamcall, module_gen_params),
	KUNIT_CASE_PARAM(build_that_begins_meanwhile_is_not_missed, module_gen_params),
	KUNIT_CASE(count_does_not_depend_on_the_module),
	KUNIT_CASE(bad_image_is_told_as_bad_all_the_same),
	{}
};

static struct kunit_suite tdx_builds_suite = {
	.name = "tdx_builds",
	.suite_init = tdx_builds_suite_init,
	.suite_exit = canned_seam_suite_exit,
	.init = canned_seam_init,
	.exit = tdx_builds_exit,
	.test_cases = tdx_builds_cases,
};

kunit_test_suite(tdx_builds_suite);
