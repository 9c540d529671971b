// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the fake SEAM itself: what it answers, so that nobody has to believe it.
 *
 * The numbers are those of the interface, as the TDX Module ABI Specification and the public
 * source of the module give them. SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/tdx.h>

#include "../seamcall_internal.h"
#include "tdx_kunit.h"

struct mrtd_vector {
	const char *name;
	int nr_pages;
	struct {
		u16 number;
		bool measured;
	} pages[8];
	u8 mrtd[FAKE_MRTD_SIZE];
};

#include "mrtd_vectors.h"

/* RCX of TDH.SYS.SHUTDOWN */
#define VERSION_1			1ULL
#define AVOID_COMPAT_SENSITIVE		BIT_ULL(16)

#define FIELD_FEATURES0			0x0A00000300000008ULL
#define FIELD_MODULE_HV			0x8900000100000000ULL

/* One SEAMCALL with up to two operands */
static u64 call(u64 leaf, u64 rcx, u64 rdx)
{
	struct tdx_module_args args = { .rcx = rcx, .rdx = rdx };

	return seamcall_ret(leaf, &args);
}

static u64 sys_shutdown(u64 rcx)
{
	return call(SEAM_LEAF_SYS_SHUTDOWN, rcx, 0);
}

static u64 sys_rd(u64 field, u64 *value)
{
	struct tdx_module_args args = { .rdx = field };
	u64 status = seamcall_ret(SEAM_LEAF_SYS_RD, &args);

	*value = args.r8;
	return status;
}

static void lp_init(void *failed)
{
	if (call(SEAM_LEAF_SYS_LP_INIT, 0, 0))
		*(bool *)failed = true;
}

/* From a module that was shut down to @module that has taken over */
static u64 take_over(struct kunit *test, const struct fake_module *module)
{
	bool failed = false;

	KUNIT_ASSERT_EQ(test, fake_module_load(module), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	on_each_cpu(lp_init, &failed, true);
	KUNIT_ASSERT_FALSE(test, failed);
	return call(SEAM_LEAF_SYS_UPDATE, 0, 0);
}

static struct fake_module_state module_state(void)
{
	struct fake_module_state state;

	fake_module_get_state(&state);
	return state;
}

static struct fake_module without_feature(void)
{
	struct fake_module module = tdx_kunit_module;

	module.features0 &= ~SEAM_FEATURES0_UPDATE_COMPATIBILITY;
	return module;
}

/* --- TDH.SYS.RD --- */

static void fields_of_the_module(struct kunit *test)
{
	struct fake_module module = tdx_kunit_module;
	u64 value;

	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, module.features0);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_MODULE_HV, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 1);

	module.features0 = 0x123456789abcdef0;
	module.module_hv = 0x1234;
	tdx_kunit_load(test, &module);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0x123456789abcdef0);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_MODULE_HV, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0x1234);
}

static void field_that_does_not_exist(struct kunit *test)
{
	u64 value;

	KUNIT_EXPECT_EQ(test, sys_rd(0x0A00000300000009, &value), 0xC0000C0200000000);
}

/* --- TDH.SYS.SHUTDOWN --- */

static const void *gen_reserved(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t bit = prev ? (uintptr_t)prev + 1 : 17;

	if (bit == 64)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "bit %lu", bit);
	return (void *)bit;
}

static void reserved_bit_is_an_invalid_operand(struct kunit *test)
{
	u64 bit = BIT_ULL((uintptr_t)test->param_value);

	KUNIT_EXPECT_EQ(test, sys_shutdown(bit | VERSION_1), 0xC000010000000001);
	KUNIT_EXPECT_EQ(test, sys_shutdown(bit | AVOID_COMPAT_SENSITIVE | VERSION_1),
			0xC000010000000001);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	KUNIT_EXPECT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
}

static void flag_is_an_invalid_operand_without_the_feature(struct kunit *test)
{
	struct fake_module module = without_feature();

	tdx_kunit_load(test, &module);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1),
			0xC000010000000001);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	KUNIT_EXPECT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
}

struct version_param {
	const char *name;
	u16 min_update_hv;
	u16 module_hv;
	u16 version;
	u64 status;
};

static const struct version_param version_params[] = {
	{ "the only one", 3, 3, 3, SEAM_SUCCESS },
	{ "below the only one", 3, 3, 2, 0xC000010000000001 },
	{ "above the only one", 3, 3, 4, 0xC000010000000001 },
	{ "lowest", 2, 9, 2, SEAM_SUCCESS },
	{ "highest", 2, 9, 9, SEAM_SUCCESS },
	{ "below the lowest", 2, 9, 1, 0xC000010000000001 },
	{ "above the highest", 2, 9, 10, 0xC000010000000001 },
	{ "0xffff", 0, 0xffff, 0xffff, SEAM_SUCCESS },
};

KUNIT_ARRAY_PARAM_DESC(version, version_params, name);

static void handoff_version_is_checked(struct kunit *test)
{
	const struct version_param *param = test->param_value;
	struct fake_module module = tdx_kunit_module;

	module.min_update_hv = param->min_update_hv;
	module.module_hv = param->module_hv;
	tdx_kunit_load(test, &module);
	KUNIT_EXPECT_EQ(test, sys_shutdown(param->version | AVOID_COMPAT_SENSITIVE),
			param->status);
	KUNIT_EXPECT_EQ(test, module_state().ready, param->status != SEAM_SUCCESS);
}

/* No host has 65535 TDs being built: migrations are counted in the same way. */
static const struct {
	u32 nr;
	u64 status;
} migrations_params[] = {
	{ 1, 0x8000051200010001 },
	{ 2, 0x8000051200020001 },
	{ 65535, 0x80000512ffff0001 },
	{ 65536, 0x80000512ffff0001 },
};

static void refused_for_migrations(struct kunit *test)
{
	for (int i = 0; i < ARRAY_SIZE(migrations_params); i++) {
		fake_module_set_migrations(migrations_params[i].nr);
		KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1),
				migrations_params[i].status);
		KUNIT_EXPECT_TRUE(test, module_state().ready);
	}
	fake_module_set_migrations(0);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1), SEAM_SUCCESS);
}

static void refused_for_builds(struct kunit *test)
{
	struct fake_td *ftd[3];

	for (int i = 0; i < ARRAY_SIZE(ftd); i++) {
		ftd[i] = tdx_kunit_td(test);
		KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1),
				0x8000051200000000 | (i + 1) << 16);
		KUNIT_EXPECT_TRUE(test, module_state().ready);
	}
	/* Builds come before migrations. */
	fake_module_set_migrations(9);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1),
			0x8000051200030000);
	for (int i = 0; i < ARRAY_SIZE(ftd); i++)
		tdx_kunit_td_finish(test, ftd[i]);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1),
			0x8000051200090001);
}

static void not_refused_without_the_flag(struct kunit *test)
{
	tdx_kunit_td(test);
	fake_module_set_migrations(1);
	KUNIT_EXPECT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_EXPECT_FALSE(test, module_state().ready);
}

static int keep_busy(void *unused)
{
	u64 value;

	while (!kthread_should_stop()) {
		sys_rd(FIELD_MODULE_HV, &value);
		cond_resched();
	}
	return 0;
}

/* Another CPU is inside of the module, sooner or later. */
static void busy_while_another_cpu_is_inside(struct kunit *test)
{
	unsigned int busy = 0, refused = 0, other = 0;
	struct task_struct *task;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	/* So that no attempt succeeds: a busy module says so before it refuses. */
	fake_module_set_migrations(1);
	task = kthread_run(keep_busy, NULL, "tdx_busy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (int i = 0; i < 1000000 && !(busy && refused); i++) {
		switch (sys_shutdown(AVOID_COMPAT_SENSITIVE | VERSION_1)) {
		case 0x8000020200000000:
			busy++;
			break;
		case 0x8000051200010001:
			refused++;
			break;
		default:
			other++;
		}
		if (i % 100 == 0)
			cond_resched();
	}
	kthread_stop(task);
	KUNIT_EXPECT_GT(test, busy, 0);
	KUNIT_EXPECT_GT(test, refused, 0);
	KUNIT_EXPECT_EQ(test, other, 0);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
}

/* --- What counts as being built --- */

static void build_counts_from_init_to_finalize(struct kunit *test)
{
	struct fake_td *ftd;

	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	ftd = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	tdx_kunit_td_destroy(test, ftd);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

static void abandoned_build_does_not_count(struct kunit *test)
{
	struct fake_td *first = tdx_kunit_td(test);
	struct fake_td *second = tdx_kunit_td(test);

	KUNIT_EXPECT_EQ(test, module_state().builds, 2);
	tdx_kunit_td_destroy(test, first);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_destroy(test, second);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

static void not_counted_without_the_feature(struct kunit *test)
{
	struct fake_module module = without_feature();

	tdx_kunit_load(test, &module);
	tdx_kunit_td(test);
	fake_module_set_migrations(1);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	KUNIT_EXPECT_EQ(test, module_state().migrations, 0);
}

/* --- TDH.SYS.UPDATE --- */

static void counts_survive_an_update(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	fake_module_set_migrations(5);
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, take_over(test, &tdx_kunit_module), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	KUNIT_EXPECT_EQ(test, module_state().migrations, 5);
	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

static void counts_are_lost_with_handoff_version_0(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	KUNIT_ASSERT_EQ(test, sys_shutdown(0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, take_over(test, &tdx_kunit_module), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	/* The count that is lost is not lowered later. */
	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

/* The known limit of the feature */
static void build_begun_without_the_feature_never_counts(struct kunit *test)
{
	struct fake_module module = without_feature();
	struct fake_td *old, *new;

	tdx_kunit_load(test, &module);
	old = tdx_kunit_td(test);
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, take_over(test, &tdx_kunit_module), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	new = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_finish(test, old);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_finish(test, new);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

static void update_needs_init_on_every_cpu(struct kunit *test)
{
	bool failed = false;

	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, fake_module_load(&tdx_kunit_module), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0), 0xC000050800000000);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_LP_INIT, 0, 0), 0xC000050B00000000);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), 0xC000050000000000);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0), 0xC000050800000000);
	if (num_online_cpus() > 1) {
		scoped_guard(preempt)
			lp_init(&failed);
		KUNIT_EXPECT_FALSE(test, failed);
		KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0), 0xC000050800000000);
		/* All CPUs, with the one that has done it failing. */
		on_each_cpu(lp_init, &failed, true);
		KUNIT_EXPECT_TRUE(test, failed);
	} else {
		lp_init(&failed);
	}
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0), SEAM_SUCCESS);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
}

static void update_needs_handoff_data(struct kunit *test)
{
	struct fake_module module = tdx_kunit_module;

	/* None: no module was shut down. */
	KUNIT_EXPECT_EQ(test, take_over(test, &module), 0xC000050900000000);
	/* Of a version that the new module does not read. */
	tdx_kunit_load(test, &tdx_kunit_module);
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	module.min_update_hv = 2;
	module.module_hv = 3;
	KUNIT_EXPECT_EQ(test, take_over(test, &module), 0xC000050900000000);
	KUNIT_EXPECT_FALSE(test, module_state().ready);
	/* The same data for one that does. */
	KUNIT_EXPECT_EQ(test, take_over(test, &tdx_kunit_module), SEAM_SUCCESS);
	/* It is gone after that. */
	KUNIT_EXPECT_EQ(test, take_over(test, &tdx_kunit_module), 0xC000050900000000);
}

static void init_needs_reserved_bits_to_be_0(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, fake_module_load(&tdx_kunit_module), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 1, 0), 0xC000010000000001);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
}

/* --- A module that was shut down --- */

static const void *gen_leaf(struct kunit *test, const void *prev, char *desc)
{
	static const u8 leaves[] = {
		SEAM_LEAF_MNG_ADDCX, SEAM_LEAF_MEM_PAGE_ADD, SEAM_LEAF_MEM_SEPT_ADD,
		SEAM_LEAF_VP_ADDCX, SEAM_LEAF_MNG_KEY_CONFIG, SEAM_LEAF_MNG_CREATE,
		SEAM_LEAF_VP_CREATE, SEAM_LEAF_MR_EXTEND, SEAM_LEAF_MR_FINALIZE,
		SEAM_LEAF_VP_FLUSH, SEAM_LEAF_MNG_VPFLUSHDONE, SEAM_LEAF_MNG_KEY_FREEID,
		SEAM_LEAF_MNG_INIT, SEAM_LEAF_VP_INIT, SEAM_LEAF_PHYMEM_PAGE_RDMD,
		SEAM_LEAF_PHYMEM_PAGE_RECLAIM, SEAM_LEAF_SYS_KEY_CONFIG, SEAM_LEAF_SYS_RD,
		SEAM_LEAF_SYS_TDMR_INIT, SEAM_LEAF_PHYMEM_CACHE_WB,
		SEAM_LEAF_PHYMEM_PAGE_WBINVD, SEAM_LEAF_SYS_CONFIG, SEAM_LEAF_SYS_SHUTDOWN,
		SEAM_LEAF_MNG_RD, SEAM_LEAF_VP_RD, SEAM_LEAF_VP_WR, SEAM_LEAF_MEM_PAGE_AUG,
		SEAM_LEAF_MEM_RANGE_BLOCK, SEAM_LEAF_MEM_TRACK, SEAM_LEAF_MEM_PAGE_REMOVE,
	};
	const u8 *leaf = prev ? (const u8 *)prev + 1 : leaves;

	if (leaf == &leaves[ARRAY_SIZE(leaves)])
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "leaf %u", *leaf);
	return leaf;
}

static void leaf_fails_after_the_shutdown(struct kunit *test)
{
	u8 leaf = *(const u8 *)test->param_value;

	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(leaf, 0, 0), 0xC000050600000000);
	/* Another module makes it work again, or fail for a reason of its own. */
	KUNIT_EXPECT_EQ(test, take_over(test, &tdx_kunit_module), SEAM_SUCCESS);
	KUNIT_EXPECT_NE(test, call(leaf, 0, 0), 0xC000050600000000);
}

static void leaf_that_does_not_exist(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, call(120, 0, 0), 0xC000010000000000);
}

/* --- P-SEAMLDR --- */

static void seamldr_info_needs_an_aligned_page(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SEAMLDR_INFO, __pa(page), 0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, page[4 + 4], 0x86);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SEAMLDR_INFO, __pa(page) + 128, 0),
			SEAMLDR_EBADPARAM);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SEAMLDR_INFO, 0, 0), SEAMLDR_EBADPARAM);
}

struct install {
	u64 params;
	u64 status;
};

static void install_on_this_cpu(void *data)
{
	struct install *install = data;

	install->status = call(SEAM_LEAF_SEAMLDR_INSTALL, install->params, 0);
}

/* The parameters of SEAMLDR.INSTALL for an image; 4 KB */
static u64 *install_params(struct kunit *test, const u8 *image)
{
	u64 *params = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, params);
	params[0] = 1ULL << 32;			/* version 0, scenario 1 */
	params[1] = PFN_PHYS(vmalloc_to_pfn(image + PAGE_SIZE));
	params[15] = TDX_KUNIT_IMAGE_MODULE_PAGES;
	for (int i = 0; i < TDX_KUNIT_IMAGE_MODULE_PAGES; i++)
		params[16 + i] = PFN_PHYS(vmalloc_to_pfn(image + (2 + i) * PAGE_SIZE));
	return params;
}

/* SEAMLDR.INSTALL on all CPUs, one after the other. Returns the last one's status. */
static u64 install(struct kunit *test, u64 *params)
{
	struct install install = { .params = __pa(params) };
	bool early = false;
	unsigned int cpu;

	scoped_guard(cpus_read_lock) {
		for_each_online_cpu(cpu) {
			early |= !module_state().ready;
			smp_call_function_single(cpu, install_on_this_cpu, &install, true);
			if (install.status)
				break;
		}
	}
	/* The module goes on until the last CPU has called. */
	KUNIT_EXPECT_FALSE(test, early);
	return install.status;
}

static void last_cpu_installs(struct kunit *test)
{
	u64 *params = install_params(test, tdx_kunit_image(test, &tdx_kunit_next_module));

	fake_seamldr_set_remaining_updates(3);
	KUNIT_EXPECT_EQ(test, install(test, params), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().module.update, tdx_kunit_next_module.update);
	KUNIT_EXPECT_FALSE(test, module_state().ready);
	KUNIT_EXPECT_EQ(test, fake_seamldr_remaining_updates(), 2);
}

static void no_install_without_updates_left(struct kunit *test)
{
	u64 *params = install_params(test, tdx_kunit_image(test, &tdx_kunit_next_module));

	fake_seamldr_set_remaining_updates(0);
	KUNIT_EXPECT_EQ(test, install(test, params), SEAMLDR_EUNSPECERR);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
}

static void damaged_module_is_not_installed(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	image[TDX_KUNIT_IMAGE_SIZE - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, install(test, install_params(test, image)), SEAMLDR_EBADHASH);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	KUNIT_EXPECT_EQ(test, module_state().module.update, tdx_kunit_module.update);
}

struct params_param {
	const char *name;
	int index;		/* of the u64 that is wrong */
	u64 value;
};

static const struct params_param params_params[] = {
	{ "version", 0, 1ULL << 32 | 1 },
	{ "scenario", 0, 0 },
	{ "no sigstruct", 1, 0 },
	{ "sigstruct not aligned", 1, 0x1001 },
	{ "reserved", 14, 1 },
	{ "no module page", 15, 0 },
	{ "too many module pages", 15, 497 },
	{ "module page not aligned", 16, 0x1010 },
	{ "module page missing", 17, 0 },
};

KUNIT_ARRAY_PARAM_DESC(params, params_params, name);

static void install_checks_its_parameters(struct kunit *test)
{
	const struct params_param *param = test->param_value;
	u64 *params = install_params(test, tdx_kunit_image(test, &tdx_kunit_next_module));

	params[param->index] = param->value;
	KUNIT_EXPECT_EQ(test, install(test, params), SEAMLDR_EBADPARAM);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
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
		atomic_inc(call(SEAM_LEAF_SEAMLDR_INFO, pa, 0) ? &hammer->bad : &hammer->good);
}

/* One CPU at a time: that is why the kernel has a lock. */
static void seamldr_turns_other_cpus_away(struct kunit *test)
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

/* --- The measurement --- */

KUNIT_ARRAY_PARAM_DESC(mrtd, mrtd_vectors, name);

static struct fake_td *build(struct kunit *test, const struct mrtd_vector *vector, int from,
			     int to, struct fake_td *ftd)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (int i = from; i < to; i++) {
		u64 gpa = vector->pages[i].number * PAGE_SIZE;

		tdx_kunit_page(page, gpa);
		KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, gpa, page,
						       vector->pages[i].measured), 0);
	}
	return ftd;
}

static void mrtd_is_as_computed_elsewhere(struct kunit *test)
{
	const struct mrtd_vector *vector = test->param_value;
	struct fake_td *ftd = tdx_kunit_td(test);
	u8 mrtd[FAKE_MRTD_SIZE];

	BUILD_BUG_ON(ARRAY_SIZE(vector->pages) < MAX_VECTOR_PAGES);
	build(test, vector, 0, vector->nr_pages, ftd);
	KUNIT_EXPECT_EQ(test, fake_td_mrtd(ftd, mrtd), -ENODATA);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_ASSERT_EQ(test, fake_td_mrtd(ftd, mrtd), 0);
	KUNIT_EXPECT_MEMEQ(test, mrtd, vector->mrtd, sizeof(mrtd));
}

static const void *gen_layouts(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t nr = (uintptr_t)prev;

	if (nr == 16)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "from layout %lu to %lu", nr / 4, nr % 4);
	return (void *)(nr + 1);
}

/* The erratum: wrong if, and only if, the new module keeps running hashes elsewhere. */
static void update_during_a_build(struct kunit *test)
{
	const struct mrtd_vector *vector = &mrtd_vectors[ARRAY_SIZE(mrtd_vectors) - 1];
	uintptr_t nr = (uintptr_t)test->param_value - 1;
	struct fake_module module = tdx_kunit_module;
	u8 mrtd[FAKE_MRTD_SIZE];
	struct fake_td *ftd;

	module.hash_layout = nr / 4;
	tdx_kunit_load(test, &module);
	ftd = tdx_kunit_td(test);
	build(test, vector, 0, 4, ftd);
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	module.hash_layout = nr % 4;
	KUNIT_ASSERT_EQ(test, take_over(test, &module), SEAM_SUCCESS);
	build(test, vector, 4, vector->nr_pages, ftd);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_ASSERT_EQ(test, fake_td_mrtd(ftd, mrtd), 0);
	KUNIT_EXPECT_EQ(test, !memcmp(mrtd, vector->mrtd, sizeof(mrtd)), nr / 4 == nr % 4);
}

static void finalize_needs_a_vcpu(struct kunit *test)
{
	struct fake_td *ftd = fake_td_create();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ftd);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_FINALIZE, page_to_phys(ftd->td.tdr_page), 0),
			0xC000060900000000);
	KUNIT_EXPECT_EQ(test, fake_td_destroy(ftd), 0);
}

/* --- What KVM uses --- */

#define FIELD_CPUID_CONFIGS		0x9900000100000004ULL
#define FIELD_CPUID_CONFIG_LEAVES	0x9900000300000400ULL
#define FIELD_CPUID_CONFIG_VALUES	0x9900000300000500ULL

#define VCPU_PI_VECTOR			0x0002ULL
#define VCPU_PIN_BASED			0x4000ULL

static void cpuid_configurations_can_be_read(struct kunit *test)
{
	u64 nr, value;

	KUNIT_ASSERT_EQ(test, sys_rd(FIELD_CPUID_CONFIGS, &nr), SEAM_SUCCESS);
	KUNIT_ASSERT_GT(test, nr, 0);
	for (u64 i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, sys_rd(FIELD_CPUID_CONFIG_LEAVES + i, &value), SEAM_SUCCESS);
	for (u64 i = 0; i < 2 * nr; i++)
		KUNIT_EXPECT_EQ(test, sys_rd(FIELD_CPUID_CONFIG_VALUES + i, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_CPUID_CONFIG_LEAVES + nr, &value),
			0xC0000C0200000000);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_CPUID_CONFIG_VALUES + 2 * nr, &value),
			0xC0000C0200000000);
}

/* One SEAMCALL with R8 and R9; R8 comes back in @r8. */
static u64 call_r8(u64 leaf, u64 rcx, u64 rdx, u64 *r8, u64 r9)
{
	struct tdx_module_args args = { .rcx = rcx, .rdx = rdx, .r8 = *r8, .r9 = r9 };
	u64 status = seamcall_ret(leaf, &args);

	*r8 = args.r8;
	return status;
}

static void cache_wb_here(void *unused)
{
	call(SEAM_LEAF_PHYMEM_CACHE_WB, 0, 0);
}

static u64 tdr_of(const struct fake_td *ftd)
{
	return page_to_phys(ftd->td.tdr_page);
}

struct td_params_param {
	const char *name;
	unsigned int offset;
	u8 value;
};

static const struct td_params_param td_params_params[] = {
	{ "no x87 and SSE", offsetof(struct seam_td_params, xfam), 0 },
	{ "no VCPUs", offsetof(struct seam_td_params, max_vcpus), 0 },
	{ "too many VCPUs", offsetof(struct seam_td_params, max_vcpus), 65 },
	{ "reserved behind the VCPUs", offsetof(struct seam_td_params, reserved0), 1 },
	{ "no secure EPT", offsetof(struct seam_td_params, eptp_controls), 0 },
	{ "5-level secure EPT", offsetof(struct seam_td_params, eptp_controls), 0x26 },
	{ "wide addresses", offsetof(struct seam_td_params, config_flags), 1 },
	{ "slow TSC", offsetof(struct seam_td_params, tsc_frequency), 3 },
	{ "fast TSC", offsetof(struct seam_td_params, tsc_frequency) + 1, 2 },
	{ "reserved behind the TSC", offsetof(struct seam_td_params, reserved1) + 37, 1 },
	{ "reserved behind the owner", offsetof(struct seam_td_params, reserved2) + 31, 1 },
	{ "CPUID bit that is not the host's", offsetof(struct seam_td_params, cpuid) + 15, 1 },
	{ "CPUID leaf that is not there", offsetof(struct seam_td_params, cpuid) + 767, 1 },
	{ "good", offsetof(struct seam_td_params, mrconfigid), 1 },
};

KUNIT_ARRAY_PARAM_DESC(td_params, td_params_params, name);

static void init_checks_td_params(struct kunit *test)
{
	const struct td_params_param *param = test->param_value;
	bool good = !strcmp(param->name, "good");
	struct seam_td_params *params;
	unsigned int nr = 0;
	struct page *pages;
	int hkid, order = 3;
	u64 tdr, status;

	params = kunit_kzalloc(test, sizeof(*params), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, params);
	*params = (struct seam_td_params) {
		.xfam = 3,
		.max_vcpus = 1,
		.eptp_controls = 0x1e,
		.tsc_frequency = 4,
	};
	((u8 *)params)[param->offset] = param->value;

	hkid = tdx_guest_keyid_alloc();
	KUNIT_ASSERT_GE(test, hkid, 0);
	pages = alloc_pages(GFP_KERNEL, order);
	if (!pages) {
		tdx_guest_keyid_free(hkid);
		KUNIT_FAIL_AND_ABORT(test, "no memory");
	}
	tdr = page_to_phys(pages);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_CREATE, tdr, hkid), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_KEY_CONFIG, tdr, 0), SEAM_SUCCESS);
	while (nr < 6)
		KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_ADDCX, tdr + ++nr * PAGE_SIZE, tdr),
				SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_INIT, tdr, __pa(params)),
			good ? SEAM_SUCCESS : 0xC000010000000002);
	KUNIT_EXPECT_EQ(test, module_state().builds, good ? 1 : 0);

	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_VPFLUSHDONE, tdr, 0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_KEY_FREEID, tdr, 0), 0x8000081700000000);
	on_each_cpu(cache_wb_here, NULL, true);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_PHYMEM_CACHE_WB, 0, 0), 0x0000082100000000);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_KEY_FREEID, tdr, 0), SEAM_SUCCESS);
	tdx_guest_keyid_free(hkid);
	while (nr)
		KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_PHYMEM_PAGE_RECLAIM,
					   tdr + nr-- * PAGE_SIZE, 0), SEAM_SUCCESS);
	status = call(SEAM_LEAF_PHYMEM_PAGE_RECLAIM, tdr, 0);
	KUNIT_EXPECT_EQ(test, status, SEAM_SUCCESS);
	/* What the fake has not given back, it goes on using. */
	if (status == SEAM_SUCCESS)
		__free_pages(pages, order);
}

static void keyid_has_one_td(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	struct page *page = alloc_page(GFP_KERNEL);
	u64 status;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_CREATE, page_to_phys(page), ftd->hkid),
			0xC000082000000002);
	/* The page is still the host's, and only then it is freed. */
	status = call(SEAM_LEAF_PHYMEM_PAGE_WBINVD, page_to_phys(page), 0);
	KUNIT_EXPECT_EQ(test, status, SEAM_SUCCESS);
	if (status == SEAM_SUCCESS)
		__free_page(page);
}

static void page_of_a_td_is_not_written_back(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_PHYMEM_PAGE_WBINVD, tdr_of(ftd), 0),
			0xC000030000000001);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_PHYMEM_PAGE_WBINVD, tdr_of(ftd) + 1, 0),
			0xC000010000000001);
}

static void fields_of_a_td(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 value = 1;

	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MNG_RD, tdr_of(ftd), 0x110000000000000a, &value, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MNG_RD, tdr_of(ftd), 0x110000000000000b, &value, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, BIT_ULL(48));
	/* CPUID leaf 0 without a subleaf, EAX: the highest leaf */
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MNG_RD, tdr_of(ftd), 0x94100003000001fe, &value, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 1);
	/* Leaf 2 is not there, nor is a subleaf of leaf 0. */
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MNG_RD, tdr_of(ftd), 0x94100003000005fe, &value, 0),
			0xC0000C0200000000);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MNG_RD, tdr_of(ftd), 0x9410000300000000, &value, 0),
			0xC0000C0200000000);
	KUNIT_EXPECT_EQ(test, value, 0);
}

static void fields_of_a_vcpu(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 vp = ftd->vp.tdvpr_pa, value = 0xf2;

	/* On one CPU: the VCPU belongs to the first that touches it. */
	migrate_disable();
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_WR, vp, VCPU_PI_VECTOR, &value, 0xffff),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_RD, vp, VCPU_PI_VECTOR, &value, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0xf2);
	/* Only what the mask says is written. */
	value = 0x0f;
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_WR, vp, VCPU_PI_VECTOR, &value, 0x0f),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_RD, vp, VCPU_PI_VECTOR, &value, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0xff);
	/* The host may have posted interrupts processed (bit 7), and nothing else there. */
	value = BIT_ULL(7);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_WR, vp, VCPU_PIN_BASED, &value, BIT_ULL(7)),
			SEAM_SUCCESS);
	value = BIT_ULL(3);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_WR, vp, VCPU_PIN_BASED, &value, BIT_ULL(3)),
			0xC000010000000008);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_WR, vp, 0x6800, &value, ~0ULL),
			0xC0000C0100000000);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_VP_RD, vp, 0x6800, &value, 0),
			0xC0000C0200000000);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_VP_FLUSH, vp, 0), SEAM_SUCCESS);
	migrate_enable();
}

struct remote_call {
	u64 leaf;
	u64 rcx;
	u64 status;
};

static void call_there(void *data)
{
	struct remote_call *remote = data;

	remote->status = call(remote->leaf, remote->rcx, VCPU_PI_VECTOR);
}

static u64 call_on(unsigned int cpu, u64 leaf, u64 rcx)
{
	struct remote_call remote = { .leaf = leaf, .rcx = rcx };

	smp_call_function_single(cpu, call_there, &remote, true);
	return remote.status;
}

static void vcpu_belongs_to_one_cpu(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 vp = ftd->vp.tdvpr_pa;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	KUNIT_EXPECT_EQ(test, call_on(0, SEAM_LEAF_VP_RD, vp), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call_on(1, SEAM_LEAF_VP_RD, vp), 0x8000070100000000);
	KUNIT_EXPECT_EQ(test, call_on(1, SEAM_LEAF_VP_FLUSH, vp), 0x8000070200000000);
	/* The TD cannot end with that. */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_VPFLUSHDONE, tdr_of(ftd), 0),
			0x8000082400000000);
	KUNIT_EXPECT_EQ(test, call_on(0, SEAM_LEAF_VP_FLUSH, vp), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call_on(1, SEAM_LEAF_VP_RD, vp), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call_on(1, SEAM_LEAF_VP_FLUSH, vp), SEAM_SUCCESS);
}

static void page_is_blocked_and_removed(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u8 *data = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 tdr = tdr_of(ftd);

	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, data, true), 0);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, 0, tdr), 0xC0000B0D00000001);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, PAGE_SIZE, tdr),
			0xC0000B0D00000001);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, 0, tdr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, 0, tdr), 0xC0000B0D00000001);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_EXTEND, 0, tdr), 0xC0000B0D00000001);
	/* Before the TD is finalized nobody has run in it. */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, 0, tdr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_PHYMEM_PAGE_WBINVD, page_to_phys(ftd->pages[0]), 0),
			SEAM_SUCCESS);
	__free_page(ftd->pages[0]);
	ftd->pages[0] = NULL;
	/* There is room again. */
	KUNIT_EXPECT_EQ(test, fake_td_add_page(ftd, 0, data, true), 0);
}

static void page_of_a_finalized_td_is_tracked(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *data = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 tdr = tdr_of(ftd), pa, status;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pa = page_to_phys(page);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, data, true), 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa, 0),
			0xC000060800000000);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_PAGE_AUG, 0, tdr, &pa, 0),
			0xC0000B0D00000001);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, PAGE_SIZE, tdr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, PAGE_SIZE, tdr),
			0xC0000B0800000001);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_TRACK, tdr, 0), SEAM_SUCCESS);
	status = call(SEAM_LEAF_MEM_PAGE_REMOVE, PAGE_SIZE, tdr);
	KUNIT_EXPECT_EQ(test, status, SEAM_SUCCESS);
	if (status == SEAM_SUCCESS)
		__free_page(page);
}

static void tds_are_listed(struct kunit *test)
{
	struct fake_td_info infos[2];
	struct fake_td *ftd;
	u8 mrtd[FAKE_MRTD_SIZE];

	KUNIT_EXPECT_EQ(test, fake_module_get_tds(infos, 2), 0);
	ftd = tdx_kunit_td(test);
	KUNIT_ASSERT_EQ(test, fake_module_get_tds(infos, 2), 1);
	KUNIT_EXPECT_FALSE(test, infos[0].finalized);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	tdx_kunit_td(test);
	KUNIT_ASSERT_EQ(test, fake_module_get_tds(infos, 2), 2);
	KUNIT_EXPECT_TRUE(test, infos[0].finalized);
	KUNIT_EXPECT_FALSE(test, infos[1].finalized);
	KUNIT_ASSERT_EQ(test, fake_td_mrtd(ftd, mrtd), 0);
	KUNIT_EXPECT_MEMEQ(test, infos[0].mrtd, mrtd, sizeof(mrtd));

	/* No room for the second one, which is counted nevertheless. */
	memset(infos, 0, sizeof(infos));
	KUNIT_EXPECT_EQ(test, fake_module_get_tds(infos, 1), 2);
	KUNIT_EXPECT_TRUE(test, infos[0].finalized);
	KUNIT_EXPECT_NULL(test, memchr_inv(&infos[1], 0, sizeof(infos[1])));
}

/* --- The instruction --- */

static void faults_reach_the_caller(struct kunit *test)
{
	static const u64 seen[TDX_KUNIT_NR_FAILURES] = {
		0xC000010000000001, 0x8000020300000000, TDX_SEAMCALL_VMFAILINVALID,
		TDX_SEAMCALL_GP, TDX_SEAMCALL_UD,
	};
	u64 value;

	for (int i = 0; i < TDX_KUNIT_NR_FAILURES; i++) {
		tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 10, &tdx_kunit_failures[i]);
		KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), seen[i]);
		fake_seam_inject_clear();
		KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), SEAM_SUCCESS);
	}
}

static void failure_can_wait(struct kunit *test)
{
	u64 value;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 2, 1, &tdx_kunit_failures[0]);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), 0xC000010000000001);
	KUNIT_EXPECT_EQ(test, sys_rd(FIELD_FEATURES0, &value), SEAM_SUCCESS);
}

static void calls_are_counted_and_recorded(struct kunit *test)
{
	u64 before = fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN);
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	struct fake_seam_call last;

	KUNIT_EXPECT_EQ(test, sys_shutdown(0xffff), 0xC000010000000001);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN), before + 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 1);
	KUNIT_EXPECT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_SHUTDOWN, &last));
	KUNIT_EXPECT_EQ(test, last.leaf, 52);
	KUNIT_EXPECT_EQ(test, last.rcx, 0xffff);
	KUNIT_EXPECT_EQ(test, last.status, 0xC000010000000001);
}

static struct kunit_case fake_seam_cases[] = {
	KUNIT_CASE(fields_of_the_module),
	KUNIT_CASE(field_that_does_not_exist),
	KUNIT_CASE_PARAM(reserved_bit_is_an_invalid_operand, gen_reserved),
	KUNIT_CASE(flag_is_an_invalid_operand_without_the_feature),
	KUNIT_CASE_PARAM(handoff_version_is_checked, version_gen_params),
	KUNIT_CASE(refused_for_migrations),
	KUNIT_CASE(refused_for_builds),
	KUNIT_CASE(not_refused_without_the_flag),
	KUNIT_CASE(busy_while_another_cpu_is_inside),
	KUNIT_CASE(build_counts_from_init_to_finalize),
	KUNIT_CASE(abandoned_build_does_not_count),
	KUNIT_CASE(not_counted_without_the_feature),
	KUNIT_CASE(counts_survive_an_update),
	KUNIT_CASE(counts_are_lost_with_handoff_version_0),
	KUNIT_CASE(build_begun_without_the_feature_never_counts),
	KUNIT_CASE(update_needs_init_on_every_cpu),
	KUNIT_CASE(update_needs_handoff_data),
	KUNIT_CASE(init_needs_reserved_bits_to_be_0),
	KUNIT_CASE_PARAM(leaf_fails_after_the_shutdown, gen_leaf),
	KUNIT_CASE(leaf_that_does_not_exist),
	KUNIT_CASE(seamldr_info_needs_an_aligned_page),
	KUNIT_CASE(last_cpu_installs),
	KUNIT_CASE(no_install_without_updates_left),
	KUNIT_CASE(damaged_module_is_not_installed),
	KUNIT_CASE_PARAM(install_checks_its_parameters, params_gen_params),
	KUNIT_CASE(seamldr_turns_other_cpus_away),
	KUNIT_CASE_PARAM(mrtd_is_as_computed_elsewhere, mrtd_gen_params),
	KUNIT_CASE_PARAM(update_during_a_build, gen_layouts),
	KUNIT_CASE(finalize_needs_a_vcpu),
	KUNIT_CASE(cpuid_configurations_can_be_read),
	KUNIT_CASE_PARAM(init_checks_td_params, td_params_gen_params),
	KUNIT_CASE(keyid_has_one_td),
	KUNIT_CASE(page_of_a_td_is_not_written_back),
	KUNIT_CASE(fields_of_a_td),
	KUNIT_CASE(fields_of_a_vcpu),
	KUNIT_CASE(vcpu_belongs_to_one_cpu),
	KUNIT_CASE(page_is_blocked_and_removed),
	KUNIT_CASE(page_of_a_finalized_td_is_tracked),
	KUNIT_CASE(tds_are_listed),
	KUNIT_CASE(faults_reach_the_caller),
	KUNIT_CASE(failure_can_wait),
	KUNIT_CASE(calls_are_counted_and_recorded),
	{}
};

static struct kunit_suite fake_seam_suite = {
	.name = "fake_seam",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = fake_seam_cases,
};

kunit_test_suite(fake_seam_suite);
