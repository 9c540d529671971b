// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the fake P-SEAMLDR: who has to call, when it looks, and what is lost when it
 * refuses. SEAMCALLs are made directly. Images that it refuses are in tdx_update_kunit.c.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include <asm/tdx.h>

#include "tdx_kunit.h"

static void shut_down(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_SHUTDOWN, 1, 0), SEAM_SUCCESS);
}

static u64 sys_rd(void)
{
	return tdx_kunit_call(SEAM_LEAF_SYS_RD, 0, SEAM_FIELD_FEATURES0);
}

static u64 *good_params(struct kunit *test)
{
	return tdx_kunit_install_params(test, tdx_kunit_image(test, &tdx_kunit_next_module));
}

static void expect_install(struct kunit *test, const u64 *params, u64 status)
{
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), status);
}

static void info_needs_an_aligned_page(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	EXPECT_CALL(test, SEAMLDR_INFO, __pa(page), 0, SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, page[8], 0x86);
	EXPECT_CALL(test, SEAMLDR_INFO, __pa(page) + 128, 0, SEAMLDR_EBADPARAM);
	EXPECT_CALL(test, SEAMLDR_INFO, 0, 0, SEAMLDR_EBADPARAM);
}

static void last_cpu_installs(struct kunit *test)
{
	fake_seamldr_updates = 3;
	shut_down(test);
	expect_install(test, good_params(test), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, fake_module_get_state().module.update, tdx_kunit_next_module.update);
	KUNIT_EXPECT_FALSE(test, fake_module_get_state().ready);
	KUNIT_EXPECT_EQ(test, fake_seamldr_updates, 2);
	/* There is a module, and nothing has initialized it. */
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_LP_INIT_NOT_DONE);
}

static void first_cpu_takes_the_module_away_and_calls_once(struct kunit *test)
{
	u64 params = __pa(good_params(test));

	if (num_present_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	shut_down(test);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
	EXPECT_CALL_ON(test, 0, SEAMLDR_INSTALL, params, 0, SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), TDX_SEAMCALL_VMFAILINVALID);
	EXPECT_CALL_ON(test, 0, SEAMLDR_INSTALL, params, 0, SEAMLDR_EBADCALL);
}

/* What the CPUs that are online are told is success, and nothing is installed. */
static void offline_cpu_has_to_call_as_well(struct kunit *test)
{
	tdx_kunit_need_hotplug(test);
	KUNIT_ASSERT_EQ(test, remove_cpu(num_online_cpus() - 1), 0);

	shut_down(test);
	expect_install(test, good_params(test), SEAM_SUCCESS);
	EXPECT_CALL(test, SYS_INIT, 0, 0, TDX_SEAMCALL_VMFAILINVALID);
}

static atomic_t nr_turned_away;

static void hammer_seamldr(void *page)
{
	for (int i = 0; i < 2000; i++)
		if (tdx_kunit_call(SEAM_LEAF_SEAMLDR_INFO, __pa(page), 0))
			atomic_inc(&nr_turned_away);
}

/* One CPU at a time, which can write to the same page: that is why the kernel has a lock. */
static void other_cpus_are_turned_away(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	KUNIT_ASSERT_NOT_NULL(test, page);
	atomic_set(&nr_turned_away, 0);
	for (int i = 0; i < 200 && !atomic_read(&nr_turned_away); i++)
		on_each_cpu(hammer_seamldr, page, true);
	KUNIT_EXPECT_GT(test, atomic_read(&nr_turned_away), 0);
}

static const struct params_param {
	const char *name;
	int word;		/* that is wrong */
	u64 value;
} params_params[] = {
	{ "version", 0, 1ULL << 32 | 1 },
	{ "scenario", 0, 2ULL << 32 },
	{ "no sigstruct", 1, 0 },
	{ "sigstruct not aligned", 1, 0x1001 },
	{ "reserved", 14, 1 },
	{ "no module page", 15, 0 },
	{ "too many module pages", 15, 497 },
	{ "module page not aligned", 16, 0x1010 },
	{ "module page missing", 17, 0 },
};

KUNIT_ARRAY_PARAM_DESC(params, params_params, name);

static void parameters_are_checked(struct kunit *test)
{
	const struct params_param *param = test->param_value;
	u64 *params = good_params(test);

	shut_down(test);
	params[param->word] = param->value;
	expect_install(test, params, SEAMLDR_EBADPARAM);
	/* The old module is back and still shut down: it answers, and does nothing. */
	KUNIT_EXPECT_EQ(test, fake_module_get_state().module.update, tdx_kunit_module.update);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
}

static void no_updates_left(struct kunit *test)
{
	shut_down(test);
	fake_seamldr_updates = 0;
	expect_install(test, good_params(test), SEAMLDR_EBADCALL);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
}

static void module_that_runs_has_no_handoff_data(struct kunit *test)
{
	expect_install(test, good_params(test), SEAMLDR_EBADHANDOFF);
	/* It is back, and goes on. */
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SUCCESS);
}

/* The hash is checked when the old module is gone. */
static void damaged_module_leaves_none(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);
	u64 *params = tdx_kunit_install_params(test, image);

	image[TDX_KUNIT_IMAGE_SIZE - 1] ^= 1;
	shut_down(test);
	expect_install(test, params, SEAMLDR_EBADHASH);
	KUNIT_EXPECT_EQ(test, sys_rd(), TDX_SEAMCALL_VMFAILINVALID);
	/* What remains is to load one, which ends all TDs, and the kernel does not do. */
	image[TDX_KUNIT_IMAGE_SIZE - 1] ^= 1;
	expect_install(test, params, SEAMLDR_EBADPARAM);
	params[0] = 0;
	expect_install(test, params, SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_LP_INIT_NOT_DONE);
}

static struct kunit_case fake_seamldr_cases[] = {
	KUNIT_CASE(info_needs_an_aligned_page),
	KUNIT_CASE(last_cpu_installs),
	KUNIT_CASE(first_cpu_takes_the_module_away_and_calls_once),
	KUNIT_CASE(offline_cpu_has_to_call_as_well),
	KUNIT_CASE(other_cpus_are_turned_away),
	KUNIT_CASE_PARAM(parameters_are_checked, params_gen_params),
	KUNIT_CASE(no_updates_left),
	KUNIT_CASE(module_that_runs_has_no_handoff_data),
	KUNIT_CASE(damaged_module_leaves_none),
	{}
};

static struct kunit_suite fake_seamldr_suite = {
	.name = "fake_seamldr",
	.init = tdx_kunit_init,
	.test_cases = fake_seamldr_cases,
};

kunit_test_suite(fake_seamldr_suite);
