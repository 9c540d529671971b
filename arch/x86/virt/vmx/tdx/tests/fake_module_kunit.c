// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the fake TDX module as a whole: its dispatcher, shutdown and update, and what it
 * counts as a TD build. SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/smp.h>

#include <asm/tdx.h>

#include "tdx_kunit.h"

#define call		tdx_kunit_call
#define module_state	fake_module_get_state

/* RCX of TDH.SYS.SHUTDOWN */
#define VERSION_1		1ULL
#define AVOID_SENSITIVE		SEAM_SHUTDOWN_AVOID_COMPAT_SENSITIVE

#define INVALID_RAX		(SEAM_OPERAND_INVALID | SEAM_OPERAND_RAX)
#define UPDATE_VERSION_1	(SEAM_LEAF_SYS_UPDATE | SEAM_LEAF_VERSION_1)

static u64 sys_shutdown(u64 rcx)
{
	return call(SEAM_LEAF_SYS_SHUTDOWN, rcx, 0);
}

static u64 sys_rd(u64 field, u64 *value)
{
	return tdx_kunit_call_r8(SEAM_LEAF_SYS_RD, 0, field, value, 0);
}

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
	const struct fake_module module = {
		.features0 = 0x123456789abcdef2, .module_hv = 0x1234, .no_downgrade = 1,
	};
	const u64 leaves = SEAM_FIELD_CPUID_CONFIG_LEAVES, masks = SEAM_FIELD_CPUID_CONFIG_VALUES;
	u64 value, nr;

	fake_module_revive(&module);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, module.features0);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_MODULE_HV, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, module.module_hv);
	KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_NO_DOWNGRADE, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, module.no_downgrade);
	KUNIT_EXPECT_EQ(test, sys_rd(0x0A00000300000009, &value), SEAM_METADATA_FIELD_ID_INCORRECT);

	/* The kernel has read these, and none behind them, when it was booted. */
	KUNIT_ASSERT_EQ(test, sys_rd(SEAM_FIELD_NR_CPUID_CONFIGS, &nr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, sys_rd(leaves + nr, &value), SEAM_METADATA_FIELD_ID_INCORRECT);
	KUNIT_EXPECT_EQ(test, sys_rd(masks + 2 * nr, &value), SEAM_METADATA_FIELD_ID_INCORRECT);
}

static void leaf_that_does_not_exist(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, call(120, 0, 0), INVALID_RAX);
	/* TDX_FEATURES0 does not have bit 53. */
	EXPECT_CALL(test, SYS_DISABLE, 0, 0, INVALID_RAX);
	/* Version 2 of a leaf that has 0 and 1, and a bit that is reserved */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_VP_INIT | 2 << 16, 0, 0), INVALID_RAX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_SYS_RD | BIT_ULL(24), 0, 0), INVALID_RAX);
}

static void every_leaf_fails_after_the_shutdown(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, sys_shutdown(VERSION_1), SEAM_SUCCESS);
	for (int leaf = 0; leaf < FAKE_SEAM_NR_LEAVES; leaf++)
		KUNIT_EXPECT_EQ_MSG(test, call(leaf, 0, 0), SEAM_SYS_SHUTDOWN, "leaf %d", leaf);
}

static void reserved_bit_is_an_invalid_operand(struct kunit *test)
{
	for (int bit = 17; bit < 64; bit++) {
		u64 rcx = BIT_ULL(bit) | VERSION_1;

		KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(rcx), INVALID_RCX, "bit %d", bit);
		KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(rcx | AVOID_SENSITIVE), INVALID_RCX,
				    "bit %d", bit);
	}
	/* Without the feature, so is the flag. */
	fake_module_revive(&tdx_kunit_old_module);
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE), INVALID_RCX);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	KUNIT_EXPECT_EQ(test, sys_shutdown(0), SEAM_SUCCESS);
}

static void handoff_version_is_checked(struct kunit *test)
{
	static const struct {
		u16 min_update_hv, module_hv, no_downgrade;
		u16 version;
		u64 status;
	} versions[] = {
		{ 2, 9, 0, 2, SEAM_SUCCESS },
		{ 2, 9, 0, 9, SEAM_SUCCESS },
		{ 2, 9, 0, 1, INVALID_RCX },
		{ 2, 9, 0, 10, INVALID_RCX },
		{ 0, 0xffff, 0, 0xffff, SEAM_SUCCESS },
		{ 2, 9, 1, 9, SEAM_SUCCESS },
		{ 2, 9, 1, 8, INVALID_RCX },
	};

	for (int i = 0; i < ARRAY_SIZE(versions); i++) {
		struct fake_module module = tdx_kunit_module;

		module.min_update_hv = versions[i].min_update_hv;
		module.module_hv = versions[i].module_hv;
		module.no_downgrade = versions[i].no_downgrade;
		fake_module_revive(&module);
		KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(versions[i].version | AVOID_SENSITIVE),
				    versions[i].status, "row %d", i);
		KUNIT_EXPECT_EQ_MSG(test, module_state().ready, !!versions[i].status, "row %d", i);
	}
}

static void expect_refused(struct kunit *test, u64 what, u64 nr)
{
	KUNIT_EXPECT_EQ_MSG(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1),
			    SEAM_UPDATE_COMPAT_SENSITIVE | nr << 16 | what, "%llu", nr);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
}

/* Builds come first. No host has 65535 of them: migrations are counted in the same way. */
static void refused_for_builds_and_migrations(struct kunit *test)
{
	static const u32 numbers[] = { 65536, 65535, 2, 1 };
	struct fake_td *ftd[2];

	for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
		fake_module_migrations = numbers[i];
		expect_refused(test, SEAM_SENSITIVE_MIGRATION, min(numbers[i], U16_MAX));
	}
	for (int i = 0; i < ARRAY_SIZE(ftd); i++) {
		ftd[i] = tdx_kunit_td(test);
		expect_refused(test, SEAM_SENSITIVE_TD_BUILD, i + 1);
	}
	for (int i = 0; i < ARRAY_SIZE(ftd); i++)
		KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd[i]), 0);
	expect_refused(test, SEAM_SENSITIVE_MIGRATION, 1);
	fake_module_migrations = 0;
	KUNIT_EXPECT_EQ(test, sys_shutdown(AVOID_SENSITIVE | VERSION_1), SEAM_SUCCESS);
}

/* How many attempts to shut the module down ended how */
static atomic_t nr_busy, nr_refused, nr_other;

static void hammer_shutdown(void *unused)
{
	for (int i = 0; i < 1000; i++) {
		u64 status = sys_shutdown(AVOID_SENSITIVE | VERSION_1) & ~0xffffffffULL;

		atomic_inc(status == SEAM_SYS_BUSY ? &nr_busy :
			   status == SEAM_UPDATE_COMPAT_SENSITIVE ? &nr_refused : &nr_other);
	}
}

/* With a migration, so that none succeeds: a busy module says so before it refuses. */
static void busy_while_another_cpu_is_inside(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	atomic_set(&nr_busy, 0);
	fake_module_migrations = 1;
	for (int i = 0; i < 100 && !atomic_read(&nr_busy); i++)
		on_each_cpu(hammer_shutdown, NULL, true);
	KUNIT_EXPECT_GT(test, atomic_read(&nr_busy), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&nr_refused), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_other), 0);
}

static void build_ends_once_with_finalize_or_vpflushdone(struct kunit *test)
{
	struct fake_td *finished = tdx_kunit_td(test), *abandoned = tdx_kunit_td(test);

	KUNIT_ASSERT_EQ(test, fake_td_finalize(finished), 0);
	tdx_kunit_td_destroy(test, finished);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	KUNIT_EXPECT_EQ(test, tdh_mng_vpflushdone(&abandoned->td), SEAM_SUCCESS);
	abandoned->blocked = true;
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	tdx_kunit_td_destroy(test, abandoned);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

/* Which is not refused without the flag */
static void counts_survive_an_update(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	fake_module_migrations = 5;
	tdx_kunit_update(test, VERSION_1, &tdx_kunit_module);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	KUNIT_EXPECT_EQ(test, fake_module_migrations, 5);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

/* A TD that was counted, and a module to which handoff data of version 0 has not said so */
static void lost_count_ends_the_module(struct kunit *test)
{
	static const u64 leaves[] = { SEAM_LEAF_MR_FINALIZE, SEAM_LEAF_MNG_VPFLUSHDONE };
	struct fake_module module = tdx_kunit_module;
	u64 value;

	module.no_downgrade = 0;
	for (int i = 0; i < ARRAY_SIZE(leaves); i++) {
		struct fake_td *ftd;

		fake_module_revive(&module);
		ftd = tdx_kunit_td(test);
		tdx_kunit_update(test, 0, &module);
		KUNIT_EXPECT_EQ(test, module_state().builds, 0);
		KUNIT_EXPECT_EQ_MSG(test, call(leaves[i], tdx_kunit_tdr(ftd), 0),
				    TDX_SEAMCALL_VMFAILINVALID, "leaf %llu", leaves[i]);
		KUNIT_EXPECT_EQ(test, sys_rd(SEAM_FIELD_FEATURES0, &value),
				TDX_SEAMCALL_VMFAILINVALID);
		tdx_kunit_td_destroy(test, ftd);
	}
}

/* The known limit of the feature */
static void build_begun_without_the_feature_never_counts(struct kunit *test)
{
	struct fake_td *old, *new;

	fake_module_revive(&tdx_kunit_old_module);
	old = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	tdx_kunit_update(test, 0, &tdx_kunit_module);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
	new = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(old), 0);
	KUNIT_EXPECT_EQ(test, module_state().builds, 1);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(new), 0);
	KUNIT_EXPECT_EQ(test, module_state().builds, 0);
}

static void init_comes_first_and_once(struct kunit *test)
{
	EXPECT_CALL(test, SYS_INIT, 0, 0, SEAM_SYS_INIT_NOT_PENDING);
	tdx_kunit_exchange(test, VERSION_1, &tdx_kunit_next_module);
	EXPECT_CALL(test, MNG_CREATE, 0, 1, SEAM_SYS_NOT_READY);
	EXPECT_CALL(test, SYS_SHUTDOWN, VERSION_1, 0, SEAM_SYS_NOT_READY);
	KUNIT_EXPECT_EQ(test, call(120, 0, 0), SEAM_SYS_NOT_READY);
	EXPECT_CALL(test, SYS_LP_INIT, 0, 0, SEAM_SYS_LP_INIT_NOT_PENDING);
	EXPECT_CALL(test, SYS_UPDATE, 0, 0, SEAM_SYS_STATE_INCORRECT);
	EXPECT_CALL(test, SYS_INIT, 1, 0, INVALID_RCX);
	EXPECT_CALL(test, SYS_INIT, 0, 0, SEAM_SUCCESS);
	EXPECT_CALL(test, SYS_INIT, 0, 0, SEAM_SYS_INIT_NOT_PENDING);
}

static void update_needs_every_cpu(struct kunit *test)
{
	unsigned int cpu, last = cpumask_last(cpu_online_mask);

	tdx_kunit_exchange(test, VERSION_1, &tdx_kunit_next_module);
	KUNIT_ASSERT_EQ(test, call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ_MSG(test, call(SEAM_LEAF_SYS_UPDATE, 0, 0),
				    SEAM_SYS_STATE_INCORRECT, "before CPU %u", cpu);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_call_on(cpu, SEAM_LEAF_SYS_LP_INIT, 0, 0),
				    SEAM_SUCCESS, "CPU %u", cpu);
	}
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_on(last, SEAM_LEAF_SYS_LP_INIT, 0, 0),
			SEAM_SYS_LP_INIT_DONE);
	EXPECT_CALL(test, SYS_UPDATE, 0, 0, SEAM_SUCCESS);
	KUNIT_EXPECT_TRUE(test, module_state().ready);
	/* A CPU that comes later is too late. */
	EXPECT_CALL(test, SYS_LP_INIT, 0, 0, SEAM_SYS_LP_INIT_NOT_PENDING);
}

static u64 sys_update(u64 leaf, u64 r9)
{
	u64 r8 = 0;

	return tdx_kunit_call_r8(leaf, 0, 0, &r8, r9);
}

static void update_checks_what_version_1_asks_for(struct kunit *test)
{
	tdx_kunit_replace(test, VERSION_1, &tdx_kunit_next_module);
	KUNIT_EXPECT_EQ(test, sys_update(UPDATE_VERSION_1, BIT_ULL(60)),
			SEAM_OPERAND_INVALID | SEAM_OPERAND_R9);
	KUNIT_EXPECT_EQ(test, sys_update(UPDATE_VERSION_1, SEAM_FEATURES0_UPDATE_COMPAT),
			SEAM_SUCCESS);
}

static const struct detect_param {
	const char *name;
	const struct fake_module *next;
	u64 update;
	u64 status;
} detect_params[] = {
	{ "version 0", &tdx_kunit_next_module, SEAM_LEAF_SYS_UPDATE, SEAM_SUCCESS },
	{ "version 1", &tdx_kunit_next_module, UPDATE_VERSION_1, SEAM_INCOMPATIBLE_MRTD_CONTEXT },
	{ "version 1, a module that reads it", &tdx_kunit_module, UPDATE_VERSION_1, SEAM_SUCCESS },
};

KUNIT_ARRAY_PARAM_DESC(detect, detect_params, name);

static void misread_hash_is_an_error_if_asked_for(struct kunit *test)
{
	const struct detect_param *param = test->param_value;
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 tdr = tdx_kunit_tdr(ftd);

	KUNIT_ASSERT_NOT_NULL(test, page);
	tdx_kunit_td_add(test, ftd, &mrtd_vectors[1], 0, 1);
	tdx_kunit_replace(test, VERSION_1, param->next);
	KUNIT_ASSERT_EQ(test, sys_update(param->update, SEAM_FEATURES0_UPDATE_COMPAT),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, fake_td_add_page(ftd, PAGE_SIZE, page, false),
			param->status ? -EIO : 0);
	EXPECT_CALL(test, MR_EXTEND, 0, tdr, param->status);
	EXPECT_CALL(test, MR_FINALIZE, tdr, 0, param->status);
}

static struct kunit_case fake_module_cases[] = {
	KUNIT_CASE(statuses_have_their_numbers),
	KUNIT_CASE(fields_are_those_of_the_module),
	KUNIT_CASE(leaf_that_does_not_exist),
	KUNIT_CASE(every_leaf_fails_after_the_shutdown),
	KUNIT_CASE(reserved_bit_is_an_invalid_operand),
	KUNIT_CASE(handoff_version_is_checked),
	KUNIT_CASE(refused_for_builds_and_migrations),
	KUNIT_CASE(busy_while_another_cpu_is_inside),
	KUNIT_CASE(build_ends_once_with_finalize_or_vpflushdone),
	KUNIT_CASE(counts_survive_an_update),
	KUNIT_CASE(lost_count_ends_the_module),
	KUNIT_CASE(build_begun_without_the_feature_never_counts),
	KUNIT_CASE(init_comes_first_and_once),
	KUNIT_CASE(update_needs_every_cpu),
	KUNIT_CASE(update_checks_what_version_1_asks_for),
	KUNIT_CASE_PARAM(misread_hash_is_an_error_if_asked_for, detect_gen_params),
	{}
};

static struct kunit_suite fake_module_suite = {
	.name = "fake_module",
	.init = tdx_kunit_init,
	.test_cases = fake_module_cases,
};

kunit_test_suite(fake_module_suite);
