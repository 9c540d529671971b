// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the fake P-SEAMLDR: which images it takes, when it looks, and what is lost when
 * it refuses. SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include <asm/tdx.h>

#include "tdx_kunit.h"

#define LAST_BYTE	(TDX_KUNIT_IMAGE_SIZE - 1)

static void shut_down(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_SHUTDOWN, 1, 0), SEAM_SUCCESS);
}

static u64 sys_rd(void)
{
	return tdx_kunit_call(SEAM_LEAF_SYS_RD, 0, SEAM_FIELD_FEATURES0);
}

static u64 install(struct kunit *test, const u8 *image)
{
	return tdx_kunit_install_on_all(test, tdx_kunit_install_params(test, image));
}

static u64 install_on(unsigned int cpu, const u64 *params)
{
	return tdx_kunit_call_on(cpu, SEAM_LEAF_SEAMLDR_INSTALL, __pa(params), 0);
}

static u64 *good_params(struct kunit *test)
{
	return tdx_kunit_install_params(test, tdx_kunit_image(test, &tdx_kunit_next_module));
}

/* The old module is back and still shut down: it answers, and does nothing. */
static void expect_old_module_is_back(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tdx_kunit_state().module.update, tdx_kunit_module.update);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
	KUNIT_EXPECT_EQ(test, fake_seamldr_remaining_updates(), 1000);
}

static void info_needs_an_aligned_page(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	EXPECT_CALL(test, SEAM_LEAF_SEAMLDR_INFO, __pa(page), 0, SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, page[8], 0x86);
	EXPECT_CALL(test, SEAM_LEAF_SEAMLDR_INFO, __pa(page) + 128, 0, SEAMLDR_EBADPARAM);
	EXPECT_CALL(test, SEAM_LEAF_SEAMLDR_INFO, 0, 0, SEAMLDR_EBADPARAM);
}

/* --- Sessions --- */

static void last_cpu_installs(struct kunit *test)
{
	fake_seamldr_set_remaining_updates(3);
	shut_down(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_state().module.update, tdx_kunit_next_module.update);
	KUNIT_EXPECT_FALSE(test, tdx_kunit_state().ready);
	KUNIT_EXPECT_EQ(test, fake_seamldr_remaining_updates(), 2);
	/* There is a module, and nothing has initialized it. */
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_LP_INIT_NOT_DONE);
}

static void first_cpu_takes_the_module_away_and_calls_once(struct kunit *test)
{
	u64 *params = good_params(test);

	if (num_present_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	shut_down(test);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
	KUNIT_EXPECT_EQ(test, install_on(0, params), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, install_on(0, params), SEAMLDR_EBADCALL);
}

/* What the CPUs that are online are told is success, and nothing is installed. */
static void offline_cpu_has_to_call_as_well(struct kunit *test)
{
	tdx_kunit_need_hotplug(test);
	KUNIT_ASSERT_EQ(test, remove_cpu(num_online_cpus() - 1), 0);

	shut_down(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)), SEAM_SUCCESS);
	EXPECT_CALL(test, SEAM_LEAF_SYS_INIT, 0, 0, TDX_SEAMCALL_VMFAILINVALID);
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

/* --- What is refused, by the last CPU: all others have succeeded --- */

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
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAMLDR_EBADPARAM);
	expect_old_module_is_back(test);
}

static const struct image_param {
	const char *name;
	int byte;		/* of the sigstruct that is wrong */
	u8 value;
	u64 status;
} image_params[] = {
	{ "another type of header", 0, 7, SEAMLDR_EBADSIG },
	{ "another vendor", 16, 0x87, SEAMLDR_EBADSIG },
	{ "a reserved byte", 127, 1, SEAMLDR_EBADSIG },
	{ "another exponent", 512, 3, SEAMLDR_EBADSIG },
	{ "an attribute", 957, 1, SEAMLDR_EBADSIG },
	{ "handoff versions the wrong way round", 986, 9, SEAMLDR_EBADSIG },
	{ "a debug module", 15, 0x80, SEAMLDR_EBADSIG },
	{ "a reserved type of module", 15, 0x40, SEAMLDR_EBADSIG },
	{ "no security version", 949, 0, SEAMLDR_EUNSUPPORTED },
	{ "another line of modules", 949, 3, SEAMLDR_EUNSUPPORTED },
	{ "an older module", 948, 10, SEAMLDR_EBADSIG },
	{ "no CPUs", 1024, 0, SEAMLDR_EBADSIG },
	{ "too many CPUs", 1025, 1, SEAMLDR_EBADSIG },
	{ "other CPUs", 1029, 0xee, SEAMLDR_EUNSUPCPU },
	/* Such as one without UPDATE_COMPAT, which does not know what the old one has written */
	{ "another handoff version", 984, 0, SEAMLDR_EBADHANDOFF },
};

KUNIT_ARRAY_PARAM_DESC(image, image_params, name);

static void image_is_refused_and_the_old_module_comes_back(struct kunit *test)
{
	const struct image_param *param = test->param_value;
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	image[PAGE_SIZE + param->byte] = param->value;
	shut_down(test);
	KUNIT_EXPECT_EQ(test, install(test, image), param->status);
	expect_old_module_is_back(test);
}

static void stepping_does_not_matter(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	image[PAGE_SIZE + 1028] ^= 0xf;
	shut_down(test);
	KUNIT_EXPECT_EQ(test, install(test, image), SEAM_SUCCESS);
}

static void newer_security_version_is_taken(struct kunit *test)
{
	struct fake_module module = tdx_kunit_next_module;

	module.svn_minor++;
	shut_down(test);
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &module, SEAM_LEAF_SYS_UPDATE, 0),
			SEAM_SUCCESS);
	/* There is no way back. */
	shut_down(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)), SEAMLDR_EBADSIG);
}

static void no_updates_left(struct kunit *test)
{
	shut_down(test);
	fake_seamldr_set_remaining_updates(0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)),
			SEAMLDR_EBADCALL);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
}

static void module_that_runs_has_no_handoff_data(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)),
			SEAMLDR_EBADHANDOFF);
	/* It is back, and goes on. */
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SUCCESS);
}

/* The hash is checked when the old module is gone. */
static void damaged_module_leaves_none(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);
	u64 *params = tdx_kunit_install_params(test, image);

	image[LAST_BYTE] ^= 1;
	shut_down(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAMLDR_EBADHASH);
	KUNIT_EXPECT_EQ(test, sys_rd(), TDX_SEAMCALL_VMFAILINVALID);
	/* What remains is to load one, which ends all TDs, and the kernel does not do. */
	image[LAST_BYTE] ^= 1;
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAMLDR_EBADPARAM);
	params[0] = 0;
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_LP_INIT_NOT_DONE);
}

static struct kunit_case fake_seamldr_cases[] = {
	KUNIT_CASE(info_needs_an_aligned_page),
	KUNIT_CASE(last_cpu_installs),
	KUNIT_CASE(first_cpu_takes_the_module_away_and_calls_once),
	KUNIT_CASE(offline_cpu_has_to_call_as_well),
	KUNIT_CASE(other_cpus_are_turned_away),
	KUNIT_CASE_PARAM(parameters_are_checked, params_gen_params),
	KUNIT_CASE_PARAM(image_is_refused_and_the_old_module_comes_back, image_gen_params),
	KUNIT_CASE(stepping_does_not_matter),
	KUNIT_CASE(newer_security_version_is_taken),
	KUNIT_CASE(no_updates_left),
	KUNIT_CASE(module_that_runs_has_no_handoff_data),
	KUNIT_CASE(damaged_module_leaves_none),
	{}
};

static struct kunit_suite fake_seamldr_suite = {
	.name = "fake_seamldr",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = fake_seamldr_cases,
};

kunit_test_suite(fake_seamldr_suite);
