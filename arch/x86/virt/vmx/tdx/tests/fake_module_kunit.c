// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the fake TDX module as a whole: its dispatcher, shutdown and update, and what it
 * counts as a TD build. SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include <asm/tdx.h>

#include "tdx_kunit.h"

#define call	tdx_kunit_call

/* RCX of TDH.SYS.SHUTDOWN */
#define VERSION_1		1ULL
#define AVOID_SENSITIVE		SEAM_SHUTDOWN_AVOID_COMPAT_SENSITIVE
#define INVALID_RAX		(SEAM_OPERAND_INVALID | SEAM_OPERAND_RAX)
#define INVALID_RCX		(SEAM_OPERAND_INVALID | SEAM_OPERAND_RCX)

static u64 sys_shutdown(u64 rcx)
{
	return call(SEAM_LEAF_SYS_SHUTDOWN, rcx, 0);
}

static u64 sys_rd(u64 field, u64 *value)
{
	return tdx_kunit_call_r8(SEAM_LEAF_SYS_RD, 0, field, value, 0);
}

static struct fake_module_state module_state(void)
{
	struct fake_module_state state;

	fake_module_get_state(&state);
	return state;
}

/* A module that may be shut down with a handoff version below its highest */
static struct fake_module downgradable(u16 min_update_hv, u16 module_hv)
{
	struct fake_module module = tdx_kunit_module;

	module.min_update_hv = min_update_hv;
	module.module_hv = module_hv;
	module.no_downgrade = 0;
	return module;
}

/* As far as SEAMLDR.INSTALL */
static void install_next(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_install_on_all(test,
						       tdx_kunit_install_params(test, image)),
			SEAM_SUCCESS);
}

/* --- The ABI --- */

/* The numbers, once more: of what a kernel may look at, and where a digit is easily wrong. */
static void statuses_have_their_numbers(struct kunit *test)
{
	static const struct {
		u64 status;
		u64 number;
	} statuses[] = {
		{ SEAM_SYS_BUSY, 0x8000020200000000 },
		{ SEAM_UPDATE_COMPAT_SENSITIVE, 0x8000051200000000 },
		{ SEAM_OPERAND_INVALID, 0xC000010000000000 },
		{ SEAM_OPERAND_ADDR_RANGE_ERROR, 0xC000010100000000 },
		{ SEAM_SYS_LP_INIT_NOT_DONE, 0xC000050200000000 },
		{ SEAM_SYS_SHUTDOWN, 0xC000050600000000 },
		{ SEAM_SYS_STATE_INCORRECT, 0xC000050800000000 },
		{ SEAM_SYS_LP_INIT_NOT_PENDING, 0xC000050B00000000 },
		{ SEAM_TD_KEYS_NOT_CONFIGURED, 0x8000081000000000 },
		{ SEAM_OP_STATE_INCORRECT, 0xC000060800000000 },
		{ SEAM_INCOMPATIBLE_MRTD_CONTEXT, 0xC000062200000000 },
		{ SEAM_HKID_NOT_FREE, 0xC000082000000000 },
		{ SEAM_GPA_RANGE_ALREADY_BLOCKED, 0x00000B0700000000 },
		{ SEAM_EPT_ENTRY_NOT_PRESENT, 0xC0000B0300000000 },
		{ SEAM_GPA_RANGE_NOT_BLOCKED, 0xC0000B0600000000 },
		{ SEAM_EPT_ENTRY_STATE_INCORRECT, 0xC0000B0D00000000 },
		{ SEAM_METADATA_FIELD_ID_INCORRECT, 0xC0000C0000000000 },
		{ SEAM_METADATA_FIELD_VALUE_NOT_VALID, 0xC0000C0300000000 },
		{ SEAMLDR_EBADCALL, 0x8000000000000003 },
		{ SEAMLDR_EBADHANDOFF, 0x8000000000000004 },
		{ SEAMLDR_EUNSUPPORTED, 0x8000000000000006 },
		{ SEAMLDR_EUNSUPCPU, 0x8000000000010004 },
		{ SEAMLDR_EBADSIG, 0x8000000000020000 },
		{ SEAMLDR_EBADHASH, 0x8000000000020001 },
	};

	for (int i = 0; i < ARRAY_SIZE(statuses); i++)
		KUNIT_EXPECT_EQ_MSG(test, statuses[i].status, statuses[i].number, "number %d", i);
}

static void fields_are_those_of_the_module(struct kunit *test)
{
	struct fake_module module = downgradable(1, 0x1234);
	u64 value;

	module.features0 = 0x123456789abcdef2;
	fake_module_revive(&module);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0x123456789abcdef2);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_MODULE_HV, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0x1234);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_NO_DOWNGRADE, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_EQ(test, sys_rd(0x0A00000300000009, &value),
			SEAM_METADATA_FIELD_ID_INCORRECT);
}

static void field_needs_an_initialized_cpu(struct kunit *test)
{
	u64 value;

	install_next(test);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value), SEAM_SYS_LP_INIT_NOT_DONE);
}

/* --- The dispatcher --- */

static void leaf_that_does_not_exist(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, call(120, 0, 0), INVALID_RAX);
	/* TDX_FEATURES0 does not have bit 53. */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_DISABLE, 0, 0), INVALID_RAX);
	/* Version 2 of a leaf that has 0 and 1, and a bit that is reserved */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_VP_INIT | 2 << 16, 0, 0), INVALID_RAX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_RD | BIT_ULL(24), 0, 0), INVALID_RAX);
}

static void every_leaf_fails_after_the_shutdown(struct kunit *test)
{
	int nr = 0;

	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	for (int leaf = -1; (leaf = fake_module_next_leaf(leaf)) >= 0; nr++)
		KUNIT_EXPECT_EQ_MSG(test, call(leaf, 0, 0), SEAM_SYS_SHUTDOWN, "leaf %d", leaf);
	KUNIT_EXPECT_GT(test, nr, 30);

	/* Another module makes them work again, or fail for a reason of their own. */
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &tdx_kunit_next_module,
						  SEAM_LEAF_SYS_UPDATE, 0), SEAM_SUCCESS);
	for (int leaf = -1; (leaf = fake_module_next_leaf(leaf)) >= 0; )
		KUNIT_EXPECT_NE_MSG(test, call(leaf, 0, 0), SEAM_SYS_SHUTDOWN, "leaf %d", leaf);
}

static void leaf_needs_a_ready_module(struct kunit *test)
{
	install_next(test);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_CREATE, 0, 1), SEAM_SYS_NOT_READY);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_SHUTDOWN, 1, 0), SEAM_SYS_NOT_READY);
	KUNIT_EXPECT_EQ(test, call(120, 0, 0), SEAM_SYS_NOT_READY);
}

/* --- TDH.SYS.SHUTDOWN --- */

static void reserved_bit_is_an_invalid_operand(struct kunit *test)
{
	for (int bit = 17; bit < 64; bit++) {
		KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(BIT_ULL(bit) | VERSION_1), INVALID_RCX,
				    "bit %d", bit);
		KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(BIT_ULL(bit) | AVOID_SENSITIVE | VERSION_1),
				    INVALID_RCX, "bit %d", bit);
	}
	KUNIT_EXPECT_TRUE(test, module_state().ready);
}

static void flag_is_an_invalid_operand_without_the_feature(struct kunit *test)
{
	fake_module_revive(&tdx_kunit_old_module);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE), INVALID_RCX);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	KUNIT_EXPECT_EQ(test, sys_shutdown(0), SEAM_SUCCESS);
}

struct version_param {
	const char *name;
	u16 min_update_hv;
	u16 module_hv;
	u16 no_downgrade;
	u16 version;
	u64 status;
};

static const struct version_param version_params[] = {
	{ "the only one", 3, 3, 0, 3, SEAM_SUCCESS },
	{ "below the only one", 3, 3, 0, 2, INVALID_RCX },
	{ "above the only one", 3, 3, 0, 4, INVALID_RCX },
	{ "lowest", 2, 9, 0, 2, SEAM_SUCCESS },
	{ "highest", 2, 9, 0, 9, SEAM_SUCCESS },
	{ "below the lowest", 2, 9, 0, 1, INVALID_RCX },
	{ "above the highest", 2, 9, 0, 10, INVALID_RCX },
	{ "0xffff", 0, 0xffff, 0, 0xffff, SEAM_SUCCESS },
	{ "no downgrade: highest", 2, 9, 1, 9, SEAM_SUCCESS },
	{ "no downgrade: below the highest", 2, 9, 1, 8, INVALID_RCX },
	{ "no downgrade: lowest", 2, 9, 1, 2, INVALID_RCX },
};

KUNIT_ARRAY_PARAM_DESC(version, version_params, name);

static void handoff_version_is_checked(struct kunit *test)
{
	const struct version_param *param = test->param_value;
	struct fake_module module = downgradable(param->min_update_hv, param->module_hv);

	module.no_downgrade = param->no_downgrade;
	fake_module_revive(&module);
	KUNIT_EXPECT_EQ(test, sys_shutdown(param->version | AVOID_SENSITIVE), param->status);
	KUNIT_EXPECT_EQ(test, module_state().ready, param->status != SEAM_SUCCESS);
}

/* No host has 65535 TDs being built: migrations are counted in the same way. */
static void refused_for_migrations(struct kunit *test)
{
	static const u32 numbers[] = { 1, 2, 65535, 65536 };

	for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
		fake_module_set_migrations(numbers[i]);
		KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1),
				    SEAM_UPDATE_COMPAT_SENSITIVE |
				    (u64)min(numbers[i], U16_MAX) << 16 | SEAM_SENSITIVE_MIGRATION,
				    "%u migrations", numbers[i]);
		KUNIT_EXPECT_TRUE(test, module_state().ready);
	}
	fake_module_set_migrations(0);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1), SEAM_SUCCESS);
}

static void refused_for_builds_first(struct kunit *test)
{
	struct fake_td *ftd[3];

	for (int i = 0; i < ARRAY_SIZE(ftd); i++) {
		ftd[i] = tdx_kunit_td(test);
		KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1),
				SEAM_UPDATE_COMPAT_SENSITIVE | (i + 1) << 16);
		KUNIT_EXPECT_TRUE(test, module_state().ready);
	}
	fake_module_set_migrations(9);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1),
			SEAM_UPDATE_COMPAT_SENSITIVE | 3 << 16 | SEAM_SENSITIVE_TD_BUILD);
	for (int i = 0; i < ARRAY_SIZE(ftd); i++)
		tdx_kunit_td_finish(test, ftd[i]);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1),
			SEAM_UPDATE_COMPAT_SENSITIVE | 9 << 16 | SEAM_SENSITIVE_MIGRATION);
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
		sys_rd(SEAM_FIELD_MODULE_HV, &value);
		cond_resched();
	}
	return 0;
}

/* Another CPU is inside of the module, sooner or later. */
static void busy_while_another_cpu_is_inside(struct kunit *test)
{
	const u64 refusal = SEAM_UPDATE_COMPAT_SENSITIVE | 1 << 16 | SEAM_SENSITIVE_MIGRATION;
	unsigned int busy = 0, refused = 0, other = 0;
	struct task_struct *task;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	/* So that no attempt succeeds: a busy module says so before it refuses. */
	fake_module_set_migrations(1);
	task = kthread_run(keep_busy, NULL, "tdx_busy");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (int i = 0; i < 1000000 && !(busy && refused); i++) {
		u64 status = sys_shutdown(AVOID_SENSITIVE | VERSION_1);

		if (status == SEAM_SYS_BUSY)
			busy++;
		else if (status == refusal)
			refused++;
		else
			other++;
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

static void abandoned_build_counts_until_vpflushdone(struct kunit *test)
{
	struct fake_td *first = tdx_kunit_td(test);
	struct fake_td *second = tdx_kunit_td(test);

	KUNIT_EXPECT_EQ(test, module_state().builds, 2);
	KUNIT_EXPECT_EQ(test, tdh_mng_vpflushdone(&first->td), SEAM_SUCCESS);
	first->blocked = true;
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_destroy(test, first);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_destroy(test, second);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

static void not_counted_without_the_feature(struct kunit *test)
{
	fake_module_revive(&tdx_kunit_old_module);
	tdx_kunit_td(test);
	fake_module_set_migrations(1);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	KUNIT_EXPECT_EQ(test, module_state().migrations, 0);
}

static void counts_survive_an_update(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	fake_module_set_migrations(5);
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &tdx_kunit_module, SEAM_LEAF_SYS_UPDATE,
						  0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	KUNIT_EXPECT_EQ(test, module_state().migrations, 5);
	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

/* A TD that was counted, and a module to which handoff data of version 0 has not said so */
static struct fake_td *lose_count(struct kunit *test)
{
	struct fake_module module = downgradable(0, 1);
	struct fake_td *ftd;

	fake_module_revive(&module);
	ftd = tdx_kunit_td(test);
	KUNIT_ASSERT_EQ(test, sys_shutdown(0), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &module, SEAM_LEAF_SYS_UPDATE, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	return ftd;
}

static void lost_count_ends_the_module_at_finalize(struct kunit *test)
{
	struct fake_td *ftd = lose_count(test);
	u64 value;

	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_FINALIZE, tdx_kunit_tdr(ftd), 0),
			TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_TRUE(test, module_state().dead);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value), TDX_SEAMCALL_VMFAILINVALID);
}

static void lost_count_ends_the_module_at_vpflushdone(struct kunit *test)
{
	struct fake_td *ftd = lose_count(test);

	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MNG_VPFLUSHDONE, tdx_kunit_tdr(ftd), 0),
			TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_TRUE(test, module_state().dead);
}

/* The known limit of the feature */
static void build_begun_without_the_feature_never_counts(struct kunit *test)
{
	struct fake_td *old, *new;

	fake_module_revive(&tdx_kunit_old_module);
	old = tdx_kunit_td(test);
	KUNIT_ASSERT_EQ(test, sys_shutdown(0), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &tdx_kunit_module, SEAM_LEAF_SYS_UPDATE,
						  0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	new = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_finish(test, old);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	tdx_kunit_td_finish(test, new);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

/* --- TDH.SYS.INIT, LP.INIT, UPDATE --- */

static void init_comes_first_and_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SYS_INIT_NOT_PENDING);
	install_next(test);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_LP_INIT, 0, 0), SEAM_SYS_LP_INIT_NOT_PENDING);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0), SEAM_SYS_STATE_INCORRECT);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 1, 0), INVALID_RCX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SYS_INIT_NOT_PENDING);
}

static void update_needs_every_cpu(struct kunit *test)
{
	unsigned int cpu, last = cpumask_last(cpu_online_mask);

	install_next(test);
	KUNIT_ASSERT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ_MSG(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0),
				    SEAM_SYS_STATE_INCORRECT, "before CPU %u", cpu);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_call_on(cpu, SEAM_LEAF_SYS_LP_INIT, 0, 0),
				    SEAM_SUCCESS, "CPU %u", cpu);
	}
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_on(last, SEAM_LEAF_SYS_LP_INIT, 0, 0),
			SEAM_SYS_LP_INIT_DONE);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0), SEAM_SUCCESS);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	/* A CPU that comes later is too late. */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_LP_INIT, 0, 0), SEAM_SYS_LP_INIT_NOT_PENDING);
}

/* --- Version 1 of TDH.SYS.UPDATE: detect TDs that the new module misreads --- */

static void update_checks_what_version_1_asks_for(struct kunit *test)
{
	u64 r8 = 0;

	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, tdx_kunit_take_over(test, &tdx_kunit_next_module,
						  SEAM_LEAF_SYS_UPDATE | SEAM_LEAF_VERSION_1,
						  BIT_ULL(60)),
			SEAM_OPERAND_INVALID | SEAM_OPERAND_R9);
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_r8(SEAM_LEAF_SYS_UPDATE | SEAM_LEAF_VERSION_1, 0, 0,
						&r8, SEAM_FEATURES0_UPDATE_COMPAT), SEAM_SUCCESS);
}

struct detect_param {
	const char *name;
	const struct fake_module *next;
	u64 update;
	u64 status;
};

static const struct detect_param detect_params[] = {
	{ "version 0", &tdx_kunit_next_module, SEAM_LEAF_SYS_UPDATE, SEAM_SUCCESS },
	{ "version 1", &tdx_kunit_next_module, SEAM_LEAF_SYS_UPDATE | SEAM_LEAF_VERSION_1,
	  SEAM_INCOMPATIBLE_MRTD_CONTEXT },
	{ "version 1, a module that reads it", &tdx_kunit_module,
	  SEAM_LEAF_SYS_UPDATE | SEAM_LEAF_VERSION_1, SEAM_SUCCESS },
};

KUNIT_ARRAY_PARAM_DESC(detect, detect_params, name);

static void misread_hash_is_an_error_if_asked_for(struct kunit *test)
{
	const struct detect_param *param = test->param_value;
	struct fake_td *ftd = tdx_kunit_td(test);
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 tdr = tdx_kunit_tdr(ftd);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, page, true), 0);
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, param->next, param->update,
						  SEAM_FEATURES0_UPDATE_COMPAT), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, fake_td_add_page(ftd, PAGE_SIZE, page, false),
			param->status ? -EIO : 0);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_EXTEND, 0, tdr), param->status);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_FINALIZE, tdr, 0), param->status);
}

/* --- The instruction --- */

static void faults_reach_the_caller(struct kunit *test)
{
	static const u64 seen[TDX_KUNIT_NR_FAILURES] = {
		INVALID_RCX, 0x8000020300000000, TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_GP,
		TDX_SEAMCALL_UD,
	};
	u64 value;

	for (int i = 0; i < TDX_KUNIT_NR_FAILURES; i++) {
		tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 10, &tdx_kunit_failures[i]);
		KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value), seen[i]);
		fake_seam_inject_clear();
		KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value), SEAM_SUCCESS);
	}
}

static void failure_can_wait(struct kunit *test)
{
	static const u64 seen[] = { SEAM_SUCCESS, SEAM_SUCCESS, INVALID_RCX, SEAM_SUCCESS };
	u64 value;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 2, 1, &tdx_kunit_failures[0]);
	for (int i = 0; i < ARRAY_SIZE(seen); i++)
		KUNIT_EXPECT_EQ_MSG(test, sys_rd(SEAM_FIELD_FEATURES0, &value), seen[i],
				    "call %d", i);
}

static void calls_are_counted_and_recorded(struct kunit *test)
{
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	struct fake_seam_call last;

	KUNIT_EXPECT_EQ(test, sys_shutdown(0xffff), INVALID_RCX);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).shutdown, 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 1);
	KUNIT_EXPECT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_SHUTDOWN, &last));
	KUNIT_EXPECT_EQ(test, last.leaf, SEAM_LEAF_SYS_SHUTDOWN);
	KUNIT_EXPECT_EQ(test, last.rcx, 0xffff);
	KUNIT_EXPECT_EQ(test, last.status, INVALID_RCX);
}

static struct kunit_case fake_module_cases[] = {
	KUNIT_CASE(statuses_have_their_numbers),
	KUNIT_CASE(fields_are_those_of_the_module),
	KUNIT_CASE(field_needs_an_initialized_cpu),
	KUNIT_CASE(leaf_that_does_not_exist),
	KUNIT_CASE(every_leaf_fails_after_the_shutdown),
	KUNIT_CASE(leaf_needs_a_ready_module),
	KUNIT_CASE(reserved_bit_is_an_invalid_operand),
	KUNIT_CASE(flag_is_an_invalid_operand_without_the_feature),
	KUNIT_CASE_PARAM(handoff_version_is_checked, version_gen_params),
	KUNIT_CASE(refused_for_migrations),
	KUNIT_CASE(refused_for_builds_first),
	KUNIT_CASE(not_refused_without_the_flag),
	KUNIT_CASE(busy_while_another_cpu_is_inside),
	KUNIT_CASE(build_counts_from_init_to_finalize),
	KUNIT_CASE(abandoned_build_counts_until_vpflushdone),
	KUNIT_CASE(not_counted_without_the_feature),
	KUNIT_CASE(counts_survive_an_update),
	KUNIT_CASE(lost_count_ends_the_module_at_finalize),
	KUNIT_CASE(lost_count_ends_the_module_at_vpflushdone),
	KUNIT_CASE(build_begun_without_the_feature_never_counts),
	KUNIT_CASE(init_comes_first_and_once),
	KUNIT_CASE(update_needs_every_cpu),
	KUNIT_CASE(update_checks_what_version_1_asks_for),
	KUNIT_CASE_PARAM(misread_hash_is_an_error_if_asked_for, detect_gen_params),
	KUNIT_CASE(faults_reach_the_caller),
	KUNIT_CASE(failure_can_wait),
	KUNIT_CASE(calls_are_counted_and_recorded),
	{}
};

static struct kunit_suite fake_module_suite = {
	.name = "fake_module",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = fake_module_cases,
};

kunit_test_suite(fake_module_suite);
