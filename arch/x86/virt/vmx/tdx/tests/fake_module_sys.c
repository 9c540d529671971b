// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the TDX module as a whole, from TDH.SYS.INIT to TDH.SYS.UPDATE.
 */
#include <linux/array_size.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include "fake_module_internal.h"

#define TDMR_ALIGNMENT		SZ_1G
#define TDMR_INFO_ALIGNMENT	512
#define TDMR_INIT_STEP		SZ_128M

/* TDMR_INFO (TDX Module ABI Specification) */
struct tdmr_info_abi {
	u64 base;
	u64 size;
	u64 pamt_1g_base;
	u64 pamt_1g_size;
	u64 pamt_2m_base;
	u64 pamt_2m_size;
	u64 pamt_4k_base;
	u64 pamt_4k_size;
	struct {
		u64 offset;
		u64 size;
	} reserved[MAX_RESERVED_PER_TDMR];
} __packed;

static u64 sys_init(struct seam_regs *regs, struct tdr *tdr)
{
	if (fake_module.state != SYSINIT_PENDING)
		return SEAM_SYS_INIT_NOT_PENDING;
	if (regs->rcx)
		return operand_invalid(SEAM_OPERAND_RCX);

	fake_module.state = SYSINIT_DONE;
	return SEAM_SUCCESS;
}

static u64 sys_lp_init(struct seam_regs *regs, struct tdr *tdr)
{
	if (fake_module.state != SYSINIT_DONE)
		return SEAM_SYS_LP_INIT_NOT_PENDING;
	if (cpumask_test_and_set_cpu(smp_processor_id(), &fake_module.lps))
		return SEAM_SYS_LP_INIT_DONE;
	return SEAM_SUCCESS;
}

/* Every CPU of the platform has done TDH.SYS.LP.INIT, online or not. */
static bool all_lps(void)
{
	return cpumask_subset(cpu_present_mask, &fake_module.lps);
}

/* Metadata fields that are the same in every module here */
static const struct {
	u64 field;
	u64 value;
} constants[] = {
	{ 0x9100000100000008, MAX_TDMRS },
	{ 0x9100000100000009, MAX_RESERVED_PER_TDMR },
	{ 0x9100000100000010, PAMT_ENTRY_SIZE },		/* 4K pages */
	{ 0x9100000100000011, PAMT_ENTRY_SIZE },		/* 2M pages */
	{ 0x9100000100000012, PAMT_ENTRY_SIZE },		/* 1G pages */
	{ 0x9800000100000000, PAGE_SIZE },			/* TDR */
	{ 0x9800000100000100, NR_TDCS_PAGES * PAGE_SIZE },
	{ 0x9800000100000200, NR_TDVPS_PAGES * PAGE_SIZE },
	{ 0x1900000300000000, ~0ULL },				/* ATTRIBUTES, fixed 0 */
	{ 0x1900000300000001, 0 },				/* ATTRIBUTES, fixed 1 */
	{ 0x1900000300000002, ~0ULL },				/* XFAM, fixed 0 */
	{ 0x1900000300000003, 3 },				/* XFAM, fixed 1 */
	{ 0x9900000100000008, MAX_VCPUS_PER_TD },
};

static bool read_constant(u64 field, u64 *value)
{
	for (int i = 0; i < ARRAY_SIZE(constants); i++) {
		if (constants[i].field == field) {
			*value = constants[i].value;
			return true;
		}
	}
	return false;
}

static bool read_field(u64 field, u64 *value)
{
	const struct fake_module *module = &fake_module.module;

	switch (field) {
	case SEAM_FIELD_MINOR:
		*value = module->minor;
		return true;
	case SEAM_FIELD_MAJOR:
		*value = module->major;
		return true;
	case SEAM_FIELD_UPDATE:
		*value = module->update;
		return true;
	case SEAM_FIELD_FEATURES0:
		*value = module->features0;
		return true;
	case SEAM_FIELD_MODULE_HV:
		*value = module->module_hv;
		return true;
	case SEAM_FIELD_NO_DOWNGRADE:
		*value = module->no_downgrade;
		return true;
	}
	return read_cpuid_config(field, value) || read_constant(field, value);
}

/* RDX: field; R8 out: its value */
static u64 sys_rd(struct seam_regs *regs, struct tdr *tdr)
{
	if (!cpumask_test_cpu(smp_processor_id(), &fake_module.lps))
		return SEAM_SYS_LP_INIT_NOT_DONE;
	if (read_field(regs->rdx, &regs->r8))
		return SEAM_SUCCESS;

	regs->r8 = 0;
	return SEAM_METADATA_FIELD_ID_INCORRECT;
}

/*
 * Version 1 of TDH.SYS.CONFIG and UPDATE. R9: features that the host wants, of those that the
 * module has; R10: reserved. Assumption: in CONFIG, too.
 */
static u64 enable_features(const struct seam_regs *regs)
{
	if (!SEAM_LEAF_VERSION(regs->rax))
		return SEAM_SUCCESS;
	if (!module_counts())
		return operand_invalid(SEAM_OPERAND_RAX);
	if (regs->r9 & ~fake_module.module.features0)
		return operand_invalid(SEAM_OPERAND_R9);
	if (regs->r10)
		return operand_invalid(SEAM_OPERAND_R10);

	fake_module.detect = regs->r9 & SEAM_FEATURES0_UPDATE_COMPAT;
	return SEAM_SUCCESS;
}

/* RCX: array of physical addresses of TDMR_INFO, RDX: their number */
static u64 sys_config(struct seam_regs *regs, struct tdr *tdr)
{
	const u64 *pa = fake_seam_va(regs->rcx, TDMR_INFO_ALIGNMENT);
	u64 ret;

	if (fake_module.state != SYSINIT_DONE)
		return SEAM_SYS_CONFIG_NOT_PENDING;
	if (!all_lps())
		return SEAM_SYS_STATE_INCORRECT;
	if (!pa)
		return operand_invalid(SEAM_OPERAND_RCX);
	if (!regs->rdx || regs->rdx > MAX_TDMRS)
		return operand_invalid(SEAM_OPERAND_RDX);
	ret = enable_features(regs);
	if (ret)
		return ret;

	for (int i = 0; i < regs->rdx; i++) {
		const struct tdmr_info_abi *info = fake_seam_va(pa[i], TDMR_INFO_ALIGNMENT);
		struct tdmr *tdmr = &fake_module.tdmrs[i];

		if (!info || !info->size ||
		    !IS_ALIGNED(info->base | info->size, TDMR_ALIGNMENT) ||
		    !fake_seam_va(info->pamt_4k_base, PAGE_SIZE) ||
		    info->pamt_4k_size < info->size / PAGE_SIZE * PAMT_ENTRY_SIZE)
			return operand_invalid(SEAM_OPERAND_RCX);

		tdmr->base = info->base;
		tdmr->size = info->size;
		tdmr->initialized = info->base;
		tdmr->pamt = __va(info->pamt_4k_base);
		tdmr->nr_reserved = 0;
		for (int j = 0; j < MAX_RESERVED_PER_TDMR && info->reserved[j].size; j++) {
			tdmr->reserved[j].base = info->base + info->reserved[j].offset;
			tdmr->reserved[j].size = info->reserved[j].size;
			tdmr->nr_reserved++;
		}
	}

	fake_module.nr_tdmrs = regs->rdx;
	fake_module.nr_tdmrs_at_boot = regs->rdx;
	fake_module.packages = 0;
	fake_module.state = SYSCONFIG_DONE;
	return SEAM_SUCCESS;
}

/* Once per package; the last one makes the module ready. */
static u64 sys_key_config(struct seam_regs *regs, struct tdr *tdr)
{
	if (fake_module.state != SYSCONFIG_DONE)
		return SEAM_SYS_KEY_CONFIG_NOT_PENDING;
	if (fake_module.packages & this_package())
		return SEAM_KEY_CONFIGURED;

	fake_module.packages |= this_package();
	if (all_packages(fake_module.packages))
		fake_module.state = SYS_READY;
	return SEAM_SUCCESS;
}

static bool is_reserved(const struct tdmr *tdmr, u64 pa)
{
	for (int i = 0; i < tdmr->nr_reserved; i++) {
		if (pa >= tdmr->reserved[i].base &&
		    pa < tdmr->reserved[i].base + tdmr->reserved[i].size)
			return true;
	}
	return false;
}

/* RCX: base of the TDMR; RDX out: how far the initialization got */
static u64 sys_tdmr_init(struct seam_regs *regs, struct tdr *tdr)
{
	struct tdmr *tdmr = NULL;
	u64 end;

	for (int i = 0; i < fake_module.nr_tdmrs; i++)
		if (fake_module.tdmrs[i].base == regs->rcx)
			tdmr = &fake_module.tdmrs[i];
	if (!tdmr)
		return operand_invalid(SEAM_OPERAND_RCX);

	end = min(tdmr->initialized + TDMR_INIT_STEP, tdmr->base + tdmr->size);
	for (u64 pa = tdmr->initialized; pa < end; pa += PAGE_SIZE) {
		tdmr->pamt[(pa - tdmr->base) / PAGE_SIZE] = (struct pamt_entry) {
			.type = is_reserved(tdmr, pa) ? PAMT_RSVD : PAMT_NDA,
		};
	}
	tdmr->initialized = end;
	regs->rdx = end;
	return SEAM_SUCCESS;
}

static u64 sensitive(unsigned int what, u32 nr)
{
	return SEAM_UPDATE_COMPAT_SENSITIVE | min(nr, U16_MAX) << 16 | what;
}

/*
 * RCX bits 15:0: handoff version; bit 16: refuse during update-sensitive operations.
 * A module that does not know the flag takes all of RCX for a handoff version.
 */
static u64 sys_shutdown(struct seam_regs *regs, struct tdr *tdr)
{
	const struct fake_module *module = &fake_module.module;
	u64 version = regs->rcx;
	bool avoid_sensitive = false;

	if (module_counts()) {
		avoid_sensitive = version & SEAM_SHUTDOWN_AVOID_COMPAT_SENSITIVE;
		version &= ~SEAM_SHUTDOWN_AVOID_COMPAT_SENSITIVE;
	}
	if (version < module->min_update_hv || version > module->module_hv ||
	    (module->no_downgrade && version != module->module_hv))
		return operand_invalid(SEAM_OPERAND_RCX);
	if (fake_module_is_busy())
		return SEAM_SYS_BUSY;

	if (avoid_sensitive && fake_module.builds)
		return sensitive(SEAM_SENSITIVE_TD_BUILD, fake_module.builds);
	if (avoid_sensitive && fake_module.migrations)
		return sensitive(SEAM_SENSITIVE_MIGRATION, fake_module.migrations);

	/* The counts have a place in the handoff data from version 1 on. */
	fake_module.handoff.valid = true;
	fake_module.handoff.version = version;
	fake_module.handoff.builds = version ? fake_module.builds : 0;
	fake_module.handoff.migrations = version ? fake_module.migrations : 0;
	fake_module.state = SYS_SHUTDOWN;
	return SEAM_SUCCESS;
}

static u64 sys_update(struct seam_regs *regs, struct tdr *tdr)
{
	const struct fake_module *module = &fake_module.module;
	u64 ret;

	if (fake_module.state != SYSINIT_DONE || !all_lps())
		return SEAM_SYS_STATE_INCORRECT;
	if (!fake_module.handoff.valid || fake_module.handoff.version < module->min_update_hv ||
	    fake_module.handoff.version > module->module_hv)
		return SEAM_SYS_INVALID_HANDOFF;
	ret = enable_features(regs);
	if (ret)
		return ret;

	fake_module.builds = module_counts() ? fake_module.handoff.builds : 0;
	fake_module.migrations = module_counts() ? fake_module.handoff.migrations : 0;
	fake_module.handoff.valid = false;
	fake_module.state = SYS_READY;
	return SEAM_SUCCESS;
}

/* Nothing comes after it, not even an update. */
static u64 sys_disable(struct seam_regs *regs, struct tdr *tdr)
{
	if (!(fake_module.module.features0 & SEAM_FEATURES0_SYS_DISABLE))
		return operand_invalid(SEAM_OPERAND_RAX);

	fake_module.state = SYS_SHUTDOWN;
	return SEAM_SUCCESS;
}

static const struct module_leaf module_sys_leaves[] = {
	{ SEAM_LEAF_SYS_INIT, .before_ready = true, .call = sys_init },
	{ SEAM_LEAF_SYS_LP_INIT, .before_ready = true, .call = sys_lp_init },
	{ SEAM_LEAF_SYS_RD, .before_ready = true, .call = sys_rd },
	{ SEAM_LEAF_SYS_CONFIG, .before_ready = true, .max_version = 1, .call = sys_config },
	{ SEAM_LEAF_SYS_KEY_CONFIG, .before_ready = true, .call = sys_key_config },
	{ SEAM_LEAF_SYS_UPDATE, .before_ready = true, .max_version = 1, .call = sys_update },
	{ SEAM_LEAF_SYS_TDMR_INIT, .call = sys_tdmr_init },
	{ SEAM_LEAF_SYS_SHUTDOWN, .call = sys_shutdown },
	{ SEAM_LEAF_SYS_DISABLE, .call = sys_disable },
	{}
};

static int __init fake_module_sys_init(void)
{
	fake_module_add_leaves(module_sys_leaves);
	return 0;
}
pure_initcall(fake_module_sys_init);
