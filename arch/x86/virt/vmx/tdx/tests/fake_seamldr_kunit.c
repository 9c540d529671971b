// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the fake P-SEAMLDR: which images it takes, when it looks, and what is lost when
 * it refuses. SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include <asm/tdx.h>

#include "tdx_kunit.h"

/* Places in SEAM_SIGSTRUCT */
#define SIG_TYPE		0
#define SIG_MODULE_TYPE		15	/* its highest byte */
#define SIG_VENDOR		16
#define SIG_RESERVED		127
#define SIG_EXPONENT		512
#define SIG_ATTRIBUTES		957
#define SIG_SVN_MINOR		948
#define SIG_SVN_MAJOR		949
#define SIG_MIN_UPDATE_HV	986
#define SIG_NR_CPUS		1024
#define SIG_CPUS		1028

static u64 sys_shutdown(u64 rcx)
{
	return tdx_kunit_call(SEAM_LEAF_SYS_SHUTDOWN, rcx, 0);
}

static u64 sys_rd(void)
{
	return tdx_kunit_call(SEAM_LEAF_SYS_RD, 0, SEAM_FIELD_FEATURES0);
}

static u64 *good_params(struct kunit *test)
{
	return tdx_kunit_install_params(test, tdx_kunit_image(test, &tdx_kunit_next_module));
}

/* The old module is back and still shut down: it answers, and does nothing. */
static void expect_old_module_is_back(struct kunit *test)
{
	struct fake_module_state state;

	fake_module_get_state(&state);
	KUNIT_EXPECT_EQ(test, state.module.update, tdx_kunit_module.update);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
}

static void info_needs_an_aligned_page(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call(SEAM_LEAF_SEAMLDR_INFO, __pa(page), 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, page[8], 0x86);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call(SEAM_LEAF_SEAMLDR_INFO, __pa(page) + 128, 0),
			SEAMLDR_EBADPARAM);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call(SEAM_LEAF_SEAMLDR_INFO, 0, 0), SEAMLDR_EBADPARAM);
}

/* --- Sessions --- */

static void last_cpu_installs(struct kunit *test)
{
	struct fake_module_state state;

	fake_seamldr_set_remaining_updates(3);
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)), SEAM_SUCCESS);
	fake_module_get_state(&state);
	KUNIT_EXPECT_EQ(test, state.module.update, tdx_kunit_next_module.update);
	KUNIT_EXPECT_FALSE(test, state.ready);
	KUNIT_EXPECT_EQ(test, fake_seamldr_remaining_updates(), 2);
	/* There is a module, and nothing has initialized it. */
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_LP_INIT_NOT_DONE);
}

static void first_cpu_takes_the_module_away(struct kunit *test)
{
	u64 *params = good_params(test);

	if (num_present_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_SHUTDOWN);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_on(0, SEAM_LEAF_SEAMLDR_INSTALL, __pa(params), 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), TDX_SEAMCALL_VMFAILINVALID);
}

static void second_call_of_a_cpu_is_refused(struct kunit *test)
{
	u64 *params = good_params(test);

	if (num_present_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	KUNIT_EXPECT_EQ(test, tdx_kunit_call_on(0, SEAM_LEAF_SEAMLDR_INSTALL, __pa(params), 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_on(0, SEAM_LEAF_SEAMLDR_INSTALL, __pa(params), 0),
			SEAMLDR_EBADCALL);
}

static void put_cpu_back(void *cpu)
{
	add_cpu((unsigned long)cpu);
}

static void take_keyid_back(void *unused)
{
	tdx_guest_keyid_alloc();
}

/* What the CPUs that are online are told is success, and nothing is installed. */
static void offline_cpu_has_to_call_as_well(struct kunit *test)
{
	unsigned long cpu = num_online_cpus() - 1;

	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || !cpu)
		kunit_skip(test, "needs a CPU that can go offline");

	/* The KeyID that the fake host keeps would hold the last CPU of a package back. */
	tdx_guest_keyid_free(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, take_keyid_back, NULL), 0);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cpu_back, (void *)cpu), 0);

	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_INIT, 0, 0),
			TDX_SEAMCALL_VMFAILINVALID);
}

struct hammer {
	atomic_t good;
	atomic_t bad;
	u64 pa;			/* of a page for each CPU */
};

static void hammer_seamldr(void *data)
{
	struct hammer *hammer = data;
	u64 pa = hammer->pa + smp_processor_id() * PAGE_SIZE;

	for (int i = 0; i < 2000; i++)
		atomic_inc(tdx_kunit_call(SEAM_LEAF_SEAMLDR_INFO, pa, 0) ? &hammer->bad :
									   &hammer->good);
}

/* One CPU at a time: that is why the kernel has a lock. */
static void other_cpus_are_turned_away(struct kunit *test)
{
	unsigned int order = get_order(nr_cpu_ids * PAGE_SIZE);
	struct hammer hammer = {};
	struct page *pages;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	pages = alloc_pages(GFP_KERNEL, order);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	hammer.pa = page_to_phys(pages);
	for (int i = 0; i < 20 && !atomic_read(&hammer.bad); i++)
		on_each_cpu(hammer_seamldr, &hammer, true);
	__free_pages(pages, order);
	KUNIT_EXPECT_GT(test, atomic_read(&hammer.good), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&hammer.bad), 0);
}

/* --- Parameters --- */

struct params_param {
	const char *name;
	int word;		/* that is wrong */
	u64 value;
};

static const struct params_param params_params[] = {
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

/* By the last CPU: all others have succeeded. */
static void parameters_are_checked(struct kunit *test)
{
	const struct params_param *param = test->param_value;
	u64 *params = good_params(test);

	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	params[param->word] = param->value;
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAMLDR_EBADPARAM);
	expect_old_module_is_back(test);
}

/* --- Images --- */

struct image_param {
	const char *name;
	int byte;		/* of the sigstruct that is wrong */
	u8 value;
	u64 status;
};

static const struct image_param image_params[] = {
	{ "another type of header", SIG_TYPE, 7, SEAMLDR_EBADSIG },
	{ "another vendor", SIG_VENDOR, 0x87, SEAMLDR_EBADSIG },
	{ "a reserved byte", SIG_RESERVED, 1, SEAMLDR_EBADSIG },
	{ "another exponent", SIG_EXPONENT, 3, SEAMLDR_EBADSIG },
	{ "an attribute", SIG_ATTRIBUTES, 1, SEAMLDR_EBADSIG },
	{ "handoff versions the wrong way round", SIG_MIN_UPDATE_HV, 9, SEAMLDR_EBADSIG },
	{ "a debug module", SIG_MODULE_TYPE, 0x80, SEAMLDR_EBADSIG },
	{ "a reserved type of module", SIG_MODULE_TYPE, 0x40, SEAMLDR_EBADSIG },
	{ "no security version", SIG_SVN_MAJOR, 0, SEAMLDR_EUNSUPPORTED },
	{ "another line of modules", SIG_SVN_MAJOR, 3, SEAMLDR_EUNSUPPORTED },
	{ "an older module", SIG_SVN_MINOR, 10, SEAMLDR_EBADSIG },
	{ "no CPUs", SIG_NR_CPUS, 0, SEAMLDR_EBADSIG },
	{ "too many CPUs", SIG_NR_CPUS + 1, 1, SEAMLDR_EBADSIG },
	{ "other CPUs", SIG_CPUS + 1, 0xee, SEAMLDR_EUNSUPCPU },
};

KUNIT_ARRAY_PARAM_DESC(image, image_params, name);

static void image_is_refused_and_the_old_module_comes_back(struct kunit *test)
{
	const struct image_param *param = test->param_value;
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	image[PAGE_SIZE + param->byte] = param->value;
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test,
						       tdx_kunit_install_params(test, image)),
			param->status);
	expect_old_module_is_back(test);
	KUNIT_EXPECT_EQ(test, fake_seamldr_remaining_updates(), 1000);
}

static void stepping_does_not_matter(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	image[PAGE_SIZE + SIG_CPUS] ^= 0xf;
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test,
						       tdx_kunit_install_params(test, image)),
			SEAM_SUCCESS);
}

static void newer_security_version_is_taken(struct kunit *test)
{
	struct fake_module module = tdx_kunit_next_module;
	u8 *image;

	module.svn_minor++;
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &module, SEAM_LEAF_SYS_UPDATE, 0),
			SEAM_SUCCESS);
	/* There is no way back. */
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	image = tdx_kunit_image(test, &tdx_kunit_next_module);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test,
						       tdx_kunit_install_params(test, image)),
			SEAMLDR_EBADSIG);
}

static void no_updates_left(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	fake_seamldr_set_remaining_updates(0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, good_params(test)),
			SEAMLDR_EBADCALL);
	expect_old_module_is_back(test);
}

/* A module that does not know what the old one has written, such as one without UPDATE_COMPAT. */
static void handoff_data_must_be_readable(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_old_module);

	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test,
						       tdx_kunit_install_params(test, image)),
			SEAMLDR_EBADHANDOFF);
	expect_old_module_is_back(test);
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

	image[TDX_KUNIT_IMAGE_SIZE - 1] ^= 1;
	KUNIT_ASSERT_EQ(test, sys_shutdown(1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAMLDR_EBADHASH);
	KUNIT_EXPECT_EQ(test, sys_rd(), TDX_SEAMCALL_VMFAILINVALID);
	/* What remains is to load one, which ends all TDs, and the kernel does not do. */
	image[TDX_KUNIT_IMAGE_SIZE - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAMLDR_EBADPARAM);
	params[0] = 0;
	KUNIT_EXPECT_EQ(test, tdx_kunit_install_on_all(test, params), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(), SEAM_SYS_LP_INIT_NOT_DONE);
}

static struct kunit_case fake_seamldr_cases[] = {
	KUNIT_CASE(info_needs_an_aligned_page),
	KUNIT_CASE(last_cpu_installs),
	KUNIT_CASE(first_cpu_takes_the_module_away),
	KUNIT_CASE(second_call_of_a_cpu_is_refused),
	KUNIT_CASE(offline_cpu_has_to_call_as_well),
	KUNIT_CASE(other_cpus_are_turned_away),
	KUNIT_CASE_PARAM(parameters_are_checked, params_gen_params),
	KUNIT_CASE_PARAM(image_is_refused_and_the_old_module_comes_back, image_gen_params),
	KUNIT_CASE(stepping_does_not_matter),
	KUNIT_CASE(newer_security_version_is_taken),
	KUNIT_CASE(no_updates_left),
	KUNIT_CASE(handoff_data_must_be_readable),
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
