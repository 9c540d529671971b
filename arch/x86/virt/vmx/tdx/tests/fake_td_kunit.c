// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the TDs of the fake TDX module: their life, and what KVM reads and writes of
 * them. SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include <asm/cpuid/api.h>
#include <asm/tdx.h>
#include <asm/vmx.h>

#include "tdx_kunit.h"

/* In the order of the ABI: a TD that is being built, and one that can run */
#define OP_STATE_INITIALIZED	1
#define OP_STATE_RUNNABLE	2

static void cache_wb(void *unused)
{
	tdx_kunit_call(SEAM_LEAF_PHYMEM_CACHE_WB, 0, 0);
}

/* As far as the last TDH.MNG.ADDCX */
static struct fake_td *complete_td(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_own_td(test, fake_td_begin());

	KUNIT_ASSERT_EQ(test, fake_td_config_keys(ftd) ?: fake_td_add_tdcs(ftd), 0);
	return ftd;
}

static void keyid_is_private_and_free(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 pa = page_to_phys(ftd->control[ftd->nr_given]);

	EXPECT_CALL(test, MNG_CREATE, pa, ftd->hkid, SEAM_HKID_NOT_FREE);
	EXPECT_CALL(test, MNG_CREATE, pa, 0, INVALID_RDX);
	EXPECT_CALL(test, MNG_CREATE, pa, 0x8000, INVALID_RDX);
	/* The page is still the host's. */
	EXPECT_CALL(test, PHYMEM_PAGE_WBINVD, pa, 0, SEAM_SUCCESS);
}

static void keys_are_configured_on_every_package(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_own_td(test, fake_td_begin());
	u64 tdr = tdx_kunit_tdr(ftd), tdcx = page_to_phys(ftd->control[ftd->nr_given]);
	unsigned int cpu, other = 0;

	for_each_online_cpu(cpu)
		if (topology_logical_package_id(cpu) != topology_logical_package_id(0))
			other = cpu;
	if (!other)
		kunit_skip(test, "needs two packages");

	/* All but one, and that of CPU 0 twice */
	for_each_online_cpu(cpu)
		if (topology_logical_package_id(cpu) != topology_logical_package_id(other))
			tdx_kunit_call_on(cpu, SEAM_LEAF_MNG_KEY_CONFIG, tdr, 0);
	EXPECT_CALL_ON(test, 0, MNG_KEY_CONFIG, tdr, 0, SEAM_KEY_CONFIGURED);
	EXPECT_CALL(test, MNG_ADDCX, tdcx, tdr, SEAM_TD_KEYS_NOT_CONFIGURED);
	EXPECT_CALL_ON(test, other, MNG_KEY_CONFIG, tdr, 0, SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, fake_td_add_tdcs(ftd), 0);
}

static void state_of_a_td_is_checked(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_own_td(test, fake_td_begin());
	u64 tdr = tdx_kunit_tdr(ftd);

	EXPECT_CALL(test, MNG_INIT, tdr, 0, SEAM_TD_KEYS_NOT_CONFIGURED);
	EXPECT_CALL(test, MR_FINALIZE, tdr, 0, SEAM_TD_KEYS_NOT_CONFIGURED);
	KUNIT_ASSERT_EQ(test, fake_td_config_keys(ftd), 0);
	EXPECT_CALL(test, MNG_KEY_CONFIG, tdr, 0, SEAM_LIFECYCLE_STATE_INCORRECT);
	EXPECT_CALL(test, MNG_INIT, tdr, 0, SEAM_TDCS_NOT_ALLOCATED);
	KUNIT_ASSERT_EQ(test, fake_td_add_tdcs(ftd), 0);
	EXPECT_CALL(test, MR_FINALIZE, tdr, 0, SEAM_OP_STATE_INCORRECT);
	EXPECT_CALL(test, MNG_ADDCX, tdr, tdr, SEAM_TDCX_NUM_INCORRECT);
	EXPECT_CALL(test, MNG_KEY_FREEID, tdr, 0, SEAM_LIFECYCLE_STATE_INCORRECT);
	EXPECT_CALL(test, MNG_VPFLUSHDONE, tdr, 0, SEAM_SUCCESS);
	ftd->blocked = true;
	EXPECT_CALL(test, MNG_VPFLUSHDONE, tdr, 0, SEAM_LIFECYCLE_STATE_INCORRECT);
	EXPECT_CALL(test, MNG_INIT, tdr, 0, SEAM_TD_KEYS_NOT_CONFIGURED);
}

static void op_state_is_told(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 tdr = tdx_kunit_tdr(ftd);

	EXPECT_CALL(test, MNG_INIT, tdr, 0, SEAM_OP_STATE_INCORRECT | OP_STATE_INITIALIZED);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	EXPECT_CALL(test, MR_FINALIZE, tdr, 0, SEAM_OP_STATE_INCORRECT | OP_STATE_RUNNABLE);
	EXPECT_CALL(test, VP_ADDCX, tdr, ftd->vp.tdvpr_pa,
		    SEAM_OP_STATE_INCORRECT | OP_STATE_RUNNABLE);
}

static void operand_is_a_page_of_the_right_kind(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 tdr = tdx_kunit_tdr(ftd), nowhere = BIT_ULL(45);

	EXPECT_CALL(test, MR_FINALIZE, tdr + 1, 0, INVALID_RCX);
	EXPECT_CALL(test, MR_FINALIZE, nowhere, 0,
		    SEAM_OPERAND_ADDR_RANGE_ERROR | SEAM_OPERAND_RCX);
	EXPECT_CALL(test, MR_EXTEND, 0, nowhere, SEAM_OPERAND_ADDR_RANGE_ERROR | SEAM_OPERAND_RDX);
	EXPECT_CALL(test, MR_FINALIZE, ftd->vp.tdvpr_pa, 0,
		    SEAM_PAGE_METADATA_INCORRECT | SEAM_OPERAND_RCX);
	EXPECT_CALL(test, PHYMEM_PAGE_WBINVD, tdr, 0,
		    SEAM_PAGE_METADATA_INCORRECT | SEAM_OPERAND_RCX);
}

#define PARAM(member, byte)	(offsetof(struct seam_td_params, member) + (byte))

static const struct td_params_param {
	const char *name;
	unsigned int byte;
	u8 value;
} td_params_params[] = {
	{ "no x87 and SSE", PARAM(xfam, 0), 0 },
	{ "no VCPUs", PARAM(max_vcpus, 0), 0 },
	{ "too many VCPUs", PARAM(max_vcpus, 0), 65 },
	{ "reserved behind the VCPUs", PARAM(reserved0, 0), 1 },
	{ "5-level secure EPT", PARAM(eptp_controls, 0), 0x26 },
	{ "wide addresses", PARAM(config_flags, 0), 1 },
	{ "slow TSC", PARAM(tsc_frequency, 0), 3 },
	{ "fast TSC", PARAM(tsc_frequency, 1), 2 },
	{ "reserved behind the TSC", PARAM(reserved1, 37), 1 },
	{ "reserved behind the owner", PARAM(reserved2, 31), 1 },
	{ "CPUID bit that is not the host's", PARAM(cpuid, 3), 0x80 },
	{ "CPUID leaf that is not there", PARAM(cpuid, 767), 1 },
};

KUNIT_ARRAY_PARAM_DESC(td_params, td_params_params, name);

static void init_checks_td_params(struct kunit *test)
{
	const struct td_params_param *param = test->param_value;
	struct seam_td_params *params = kunit_kzalloc(test, sizeof(*params), GFP_KERNEL);
	u64 tdr = tdx_kunit_tdr(complete_td(test));

	KUNIT_ASSERT_NOT_NULL(test, params);
	params->xfam = 3;
	params->max_vcpus = 1;
	params->eptp_controls = SEAM_EPTP_4_LEVELS;
	params->tsc_frequency = SEAM_TSC_FREQUENCY_MIN;
	((u8 *)params)[param->byte] = param->value;
	EXPECT_CALL(test, MNG_INIT, tdr, __pa(params), INVALID_RDX);
	KUNIT_EXPECT_EQ(test, fake_module_get_state().builds, 0);
}

static void caches_are_written_back_on_every_package(struct kunit *test)
{
	struct fake_td *ftd = complete_td(test);
	u64 tdr = tdx_kunit_tdr(ftd);

	EXPECT_CALL(test, PHYMEM_CACHE_WB, 0, 0, SEAM_NO_HKID_READY_TO_WBCACHE);
	EXPECT_CALL(test, MNG_VPFLUSHDONE, tdr, 0, SEAM_SUCCESS);
	ftd->blocked = true;
	EXPECT_CALL(test, MNG_KEY_FREEID, tdr, 0, SEAM_WBCACHE_NOT_COMPLETE);
	/* More than once, too, as long as there is a KeyID that waits for it. */
	on_each_cpu(cache_wb, NULL, true);
	EXPECT_CALL(test, PHYMEM_CACHE_WB, 0, 0, SEAM_SUCCESS);
	EXPECT_CALL(test, PHYMEM_PAGE_RECLAIM, tdr, 0, SEAM_LIFECYCLE_STATE_INCORRECT);
	/* With TDH.MNG.KEY.FREEID */
	tdx_kunit_td_destroy(test, ftd);
	EXPECT_CALL(test, PHYMEM_CACHE_WB, 0, 0, SEAM_NO_HKID_READY_TO_WBCACHE);
}

#define VCPU_PI_VECTOR		0x0002ULL
#define VCPU_PIN_BASED		0x4000ULL
#define VCPU_NO_FIELD		0x6800ULL

static u64 mng_rd(u64 tdr, u64 field, u64 *value)
{
	return tdx_kunit_call_r8(SEAM_LEAF_MNG_RD, tdr, field, value, 0);
}

static void fields_of_a_td(struct kunit *test)
{
	u64 tdr = tdx_kunit_tdr(tdx_kunit_td(test)), value = 1;

	KUNIT_EXPECT_EQ(test, mng_rd(tdr, SEAM_FIELD_TSC_OFFSET, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0);
	KUNIT_EXPECT_EQ(test, mng_rd(tdr, SEAM_FIELD_TSC_MULTIPLIER, &value), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, BIT_ULL(48));
	KUNIT_EXPECT_EQ(test, mng_rd(tdr, 0x1110000000000000, &value),
			SEAM_METADATA_FIELD_ID_INCORRECT);
}

/* A field of a CPUID leaf: EAX and EBX, or ECX and EDX if @element is 1 */
static u64 read_cpuid(u64 tdr, u32 leaf, int subleaf, int element, u64 *value)
{
	return mng_rd(tdr, SEAM_FIELD_CPUID_VALUES | (leaf >> 31) << 16 | (leaf & 0x7f) << 9 |
			   (subleaf < 0 ? 0x1fe : subleaf << 1) | element, value);
}

static void cpuid_is_that_of_the_cpu(struct kunit *test)
{
	static const struct {
		u32 leaf;
		int subleaf;
	} leaves[] = {
		{ 0, -1 }, { 1, -1 }, { 2, -1 }, { 4, 0 }, { 4, 3 }, { 5, -1 }, { 7, 0 },
		{ 0xb, 0 }, { 0xb, 1 }, { 0xd, 0 }, { 0xd, 1 }, { 0x80000000, -1 },
		{ 0x80000001, -1 }, { 0x80000008, -1 },
	};
	u64 tdr = tdx_kunit_tdr(tdx_kunit_td(test)), value;

	for (int i = 0; i < ARRAY_SIZE(leaves); i++) {
		u32 leaf = leaves[i].leaf;
		int subleaf = leaves[i].subleaf;

		if (leaf > cpuid_eax(leaf & BIT(31)))
			continue;
		for (int element = 0; element < 2; element++)
			KUNIT_EXPECT_EQ_MSG(test, read_cpuid(tdr, leaf, subleaf, element, &value),
					    SEAM_SUCCESS, "leaf 0x%x", leaf);
		/* With a subleaf where there is none, and without one where there is */
		KUNIT_EXPECT_EQ_MSG(test, read_cpuid(tdr, leaf, subleaf < 0 ? 0 : -1, 0, &value),
				    SEAM_METADATA_FIELD_ID_INCORRECT, "leaf 0x%x", leaf);
	}

	read_cpuid(tdr, 0, -1, 0, &value);
	KUNIT_EXPECT_EQ(test, value, (u64)cpuid_ebx(0) << 32 | cpuid_eax(0));
	/* x2APIC and a hypervisor, always; VMX never */
	read_cpuid(tdr, 1, -1, 1, &value);
	KUNIT_EXPECT_EQ(test, value & (BIT(21) | BIT(31) | BIT(5)), BIT(21) | BIT(31));
	KUNIT_EXPECT_EQ(test, read_cpuid(tdr, 0x7f, -1, 0, &value),
			SEAM_METADATA_FIELD_ID_INCORRECT);
	/* KVM reads subleaves until there is none, and has room for 256 entries in all. */
	KUNIT_EXPECT_EQ(test, read_cpuid(tdr, 0x7, 3, 0, &value), SEAM_METADATA_FIELD_ID_INCORRECT);
}

static u64 vp_wr(u64 vp, u64 field, u64 value, u64 mask, u64 *old)
{
	*old = value;
	return tdx_kunit_call_r8(SEAM_LEAF_VP_WR, vp, field, old, mask);
}

static void fields_of_a_vcpu(struct kunit *test)
{
	u64 vp = tdx_kunit_td(test)->vp.tdvpr_pa, old, value = 0;

	/* On one CPU: the VCPU belongs to the first that touches it. */
	migrate_disable();
	KUNIT_EXPECT_EQ(test, vp_wr(vp, VCPU_PI_VECTOR, 0xf2, 0xffff, &old), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, old, 0);
	/* Only what the mask says is written. */
	KUNIT_EXPECT_EQ(test, vp_wr(vp, VCPU_PI_VECTOR, 0x0f, 0x0f, &old), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, old, 0xf2);
	EXPECT_CALL_R8(test, VP_RD, vp, VCPU_PI_VECTOR, &value, SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, value, 0xff);
	/* The host may have posted interrupts processed (bit 7), and nothing else there. */
	KUNIT_EXPECT_EQ(test, vp_wr(vp, VCPU_PIN_BASED, BIT(7), BIT(7), &old), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, vp_wr(vp, VCPU_PIN_BASED, BIT(3), BIT(3), &old),
			SEAM_METADATA_FIELD_VALUE_NOT_VALID);
	KUNIT_EXPECT_EQ(test, vp_wr(vp, VCPU_NO_FIELD, 0, ~0ULL, &old),
			SEAM_METADATA_FIELD_ID_INCORRECT);
	EXPECT_CALL_R8(test, VP_RD, vp, VCPU_NO_FIELD, &value, SEAM_METADATA_FIELD_ID_INCORRECT);
	EXPECT_CALL(test, VP_FLUSH, vp, 0, SEAM_SUCCESS);
	migrate_enable();
}

static void vcpu_belongs_to_one_cpu(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 vp = ftd->vp.tdvpr_pa;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	EXPECT_CALL_ON(test, 0, VP_RD, vp, VCPU_PI_VECTOR, SEAM_SUCCESS);
	EXPECT_CALL_ON(test, 1, VP_RD, vp, VCPU_PI_VECTOR, SEAM_VCPU_ASSOCIATED);
	EXPECT_CALL_ON(test, 1, VP_FLUSH, vp, 0, SEAM_VCPU_NOT_ASSOCIATED);
	/* The TD cannot end with that. */
	EXPECT_CALL(test, MNG_VPFLUSHDONE, tdx_kunit_tdr(ftd), 0, SEAM_FLUSHVP_NOT_DONE);
	EXPECT_CALL_ON(test, 0, VP_FLUSH, vp, 0, SEAM_SUCCESS);
	EXPECT_CALL_ON(test, 1, VP_RD, vp, VCPU_PI_VECTOR, SEAM_SUCCESS);
	EXPECT_CALL_ON(test, 1, VP_FLUSH, vp, 0, SEAM_SUCCESS);
}

static void vcpu_that_is_entered_has_a_triple_fault(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 vp = ftd->vp.tdvpr_pa;

	EXPECT_CALL(test, VP_ENTER, vp, 0, SEAM_OP_STATE_INCORRECT | OP_STATE_INITIALIZED);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	migrate_disable();
	EXPECT_CALL(test, VP_ENTER, vp, 0, SEAM_NON_RECOVERABLE_VCPU | EXIT_REASON_TRIPLE_FAULT);
	EXPECT_CALL(test, VP_FLUSH, vp, 0, SEAM_SUCCESS);
	migrate_enable();
}

static struct kunit_case fake_td_cases[] = {
	KUNIT_CASE(keyid_is_private_and_free),
	KUNIT_CASE(keys_are_configured_on_every_package),
	KUNIT_CASE(state_of_a_td_is_checked),
	KUNIT_CASE(op_state_is_told),
	KUNIT_CASE(operand_is_a_page_of_the_right_kind),
	KUNIT_CASE_PARAM(init_checks_td_params, td_params_gen_params),
	KUNIT_CASE(caches_are_written_back_on_every_package),
	KUNIT_CASE(fields_of_a_td),
	KUNIT_CASE(cpuid_is_that_of_the_cpu),
	KUNIT_CASE(fields_of_a_vcpu),
	KUNIT_CASE(vcpu_belongs_to_one_cpu),
	KUNIT_CASE(vcpu_that_is_entered_has_a_triple_fault),
	{}
};

static struct kunit_suite fake_td_suite = {
	.name = "fake_td",
	.init = tdx_kunit_init,
	.test_cases = fake_td_cases,
};

kunit_test_suite(fake_td_suite);
