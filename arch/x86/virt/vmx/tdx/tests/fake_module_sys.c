// SPDX-License-Identifier: GPL-2.0
/* Fake SEAM: the TDX module as a whole, from TDH.SYS.INIT to TDH.SYS.UPDATE. */
#include <linux/array_size.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/smp.h>

#include "fake_module_internal.h"

#define TDMR_INFO_ALIGNMENT	512

/* "fake_seam.features0=": of the module that the BIOS loaded */
static int __init fake_features0_param(char *arg)
{
	int ret = arg ? kstrtou64(arg, 0, &fake_module.module.features0) : -EINVAL;

	/* No module without it has another handoff version than 0. */
	if (!ret && !module_counts()) {
		fake_module.module.module_hv = 0;
		fake_module.module.no_downgrade = 0;
	}
	return ret;
}
early_param("fake_seam.features0", fake_features0_param);

static u64 sys_init(struct pt_regs *regs, struct tdr *tdr)
{
	if (fake_module.state != SYSINIT_PENDING)
		return SEAM_SYS_INIT_NOT_PENDING;
	if (regs->cx)
		return operand_invalid(SEAM_OPERAND_RCX);

	fake_module.state = SYSINIT_DONE;
	return SEAM_SUCCESS;
}

static u64 sys_lp_init(struct pt_regs *regs, struct tdr *tdr)
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

#define CONFIG(_leaf, _subleaf, _eax, _ebx, _ecx, _edx)			\
	{ (u64)(_subleaf) << 32 | (_leaf),				\
	  { (u64)(_ebx) << 32 | (_eax), (u64)(_edx) << 32 | (_ecx) } }

/*
 * As a module of the 1.5 line lists them, by the table of CPUID in the TDX Module ABI
 * Specification. Assumption: which bits, where that depends on the module's version.
 */
const struct cpuid_config cpuid_configs[NR_CPUID_CONFIGS] = {
	/* Family, model, stepping; number of logical processors, CLFLUSH; features */
	CONFIG(0x1, NO_SUBLEAF, 0x0fff3fff, 0x00ff0000, 0x0104c18c, 0x10400000),
	/* Caches: all of the deterministic parameters */
	CONFIG(0x4, 0, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 1, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 2, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 3, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	CONFIG(0x4, 4, 0xfc00c3ff, 0xffffffff, 0xffffffff, 0x7),
	/* Structured extended features */
	CONFIG(0x7, 0, 0, 0x021008fa, 0x1b415f66, 0x00804410),
	CONFIG(0x7, 1, 0x00401c30, 0, 0, 0x00004030),
	CONFIG(0x7, 2, 0, 0, 0, 0x0000001f),
	/* Topology */
	CONFIG(0xb, 0, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0xb, 1, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 0, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 1, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 2, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 3, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 4, 0x1f, 0xffff, 0xff00, 0),
	CONFIG(0x1f, 5, 0x1f, 0xffff, 0xff00, 0),
	/* Extended features */
	CONFIG(0x80000001, NO_SUBLEAF, 0, 0, 0x121, 0x04000000),
	/* WBNOINVD. KVM adds the width of guest physical addresses, and takes it out again. */
	CONFIG(0x80000008, NO_SUBLEAF, 0, 0x200, 0, 0),
};

/* RDX: field; R8 out: its value, sizes in bytes */
static u64 sys_rd(struct pt_regs *regs, struct tdr *tdr)
{
	const struct fake_module *module = &fake_module.module;
	const struct {
		u64 field;
		u64 value;
	} fields[] = {
		{ SEAM_FIELD_MINOR, module->minor },
		{ SEAM_FIELD_MAJOR, module->major },
		{ SEAM_FIELD_UPDATE, module->update },
		{ SEAM_FIELD_FEATURES0, module->features0 },
		{ SEAM_FIELD_MODULE_HV, module->module_hv },
		{ SEAM_FIELD_NO_DOWNGRADE, module->no_downgrade },
		{ SEAM_FIELD_NR_CPUID_CONFIGS, NR_CPUID_CONFIGS },
		{ 0x9100000100000008, MAX_TDMRS },
		{ 0x9100000100000009, SEAM_RESERVED_PER_TDMR },
		{ 0x9100000100000010, sizeof(struct pamt_entry) },	/* 4K pages */
		{ 0x9100000100000011, sizeof(struct pamt_entry) },	/* 2M pages */
		{ 0x9100000100000012, sizeof(struct pamt_entry) },	/* 1G pages */
		{ 0x9800000100000000, PAGE_SIZE },			/* TDR */
		{ 0x9800000100000100, NR_TDCS_PAGES * PAGE_SIZE },
		{ 0x9800000100000200, NR_TDVPS_PAGES * PAGE_SIZE },
		{ 0x1900000300000000, ~0ULL },			/* ATTRIBUTES, fixed 0 */
		{ 0x1900000300000001, 0 },			/* ATTRIBUTES, fixed 1 */
		{ 0x1900000300000002, ~0ULL },			/* XFAM, fixed 0 */
		{ 0x1900000300000003, 3 },			/* XFAM, fixed 1 */
		{ 0x9900000100000008, MAX_VCPUS_PER_TD },
	};
	u64 leaf = regs->dx - SEAM_FIELD_CPUID_CONFIG_LEAVES;
	u64 mask = regs->dx - SEAM_FIELD_CPUID_CONFIG_VALUES;

	if (!cpumask_test_cpu(smp_processor_id(), &fake_module.lps))
		return SEAM_SYS_LP_INIT_NOT_DONE;

	regs->r8 = 0;
	if (leaf < NR_CPUID_CONFIGS) {
		regs->r8 = cpuid_configs[leaf].leaf;
		return SEAM_SUCCESS;
	}
	if (mask < 2 * NR_CPUID_CONFIGS) {
		regs->r8 = cpuid_configs[mask / 2].mask[mask % 2];
		return SEAM_SUCCESS;
	}
	for (int i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].field != regs->dx)
			continue;
		regs->r8 = fields[i].value;
		return SEAM_SUCCESS;
	}
	return SEAM_METADATA_FIELD_ID_INCORRECT;
}

/*
 * Version 1 of TDH.SYS.CONFIG and UPDATE. R9: features that the host wants, of those that the
 * module has; R10: reserved. Assumption: in CONFIG, too.
 */
static u64 enable_features(const struct pt_regs *regs)
{
	if (!SEAM_LEAF_VERSION(regs->ax))
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
static u64 sys_config(struct pt_regs *regs, struct tdr *tdr)
{
	const u64 *pa = fake_seam_va(regs->cx, TDMR_INFO_ALIGNMENT);
	u64 ret;

	if (fake_module.state != SYSINIT_DONE)
		return SEAM_SYS_CONFIG_NOT_PENDING;
	if (!all_lps())
		return SEAM_SYS_STATE_INCORRECT;
	if (!pa)
		return operand_invalid(SEAM_OPERAND_RCX);
	if (!regs->dx || regs->dx > MAX_TDMRS)
		return operand_invalid(SEAM_OPERAND_RDX);
	ret = enable_features(regs);
	if (ret)
		return ret;

	for (int i = 0; i < regs->dx; i++) {
		const struct seam_tdmr_info *info = fake_seam_va(pa[i], TDMR_INFO_ALIGNMENT);

		if (!info || !info->size || !IS_ALIGNED(info->base | info->size, SZ_1G) ||
		    !fake_seam_va(info->pamt_4k_base, PAGE_SIZE) ||
		    info->pamt_4k_size < info->size / PAGE_SIZE * sizeof(struct pamt_entry))
			return operand_invalid(SEAM_OPERAND_RCX);

		fake_module.tdmrs[i].info = *info;
		fake_module.tdmrs[i].initialized = info->base;
	}

	fake_module.nr_tdmrs = regs->dx;
	fake_module.packages = 0;
	fake_module.state = SYSCONFIG_DONE;
	return SEAM_SUCCESS;
}

/* Once per package; the last one makes the module ready. */
static u64 sys_key_config(struct pt_regs *regs, struct tdr *tdr)
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

static bool is_reserved(const struct seam_tdmr_info *info, u64 offset)
{
	for (int i = 0; i < SEAM_RESERVED_PER_TDMR && info->reserved[i].size; i++)
		if (offset >= info->reserved[i].offset &&
		    offset < info->reserved[i].offset + info->reserved[i].size)
			return true;
	return false;
}

/* RCX: base of the TDMR; RDX out: how far the initialization got */
static u64 sys_tdmr_init(struct pt_regs *regs, struct tdr *tdr)
{
	for (int i = 0; i < fake_module.nr_tdmrs; i++) {
		struct tdmr *tdmr = &fake_module.tdmrs[i];
		struct seam_tdmr_info *info = &tdmr->info;
		struct pamt_entry *pamt = __va(info->pamt_4k_base);

		if (info->base != regs->cx)
			continue;
		regs->dx = min(tdmr->initialized + SZ_128M, info->base + info->size);
		for (u64 pa = tdmr->initialized; pa < regs->dx; pa += PAGE_SIZE)
			pamt[(pa - info->base) / PAGE_SIZE] = (struct pamt_entry) {
				.type = is_reserved(info, pa - info->base) ? PAMT_RSVD : PAMT_NDA,
			};
		tdmr->initialized = regs->dx;
		return SEAM_SUCCESS;
	}
	return operand_invalid(SEAM_OPERAND_RCX);
}

static u64 sensitive(unsigned int what, u32 nr)
{
	return SEAM_UPDATE_COMPAT_SENSITIVE | min(nr, U16_MAX) << 16 | what;
}

/*
 * RCX bits 15:0: handoff version; bit 16: refuse during update-sensitive operations.
 * A module that does not know the flag takes all of RCX for a handoff version.
 */
static u64 sys_shutdown(struct pt_regs *regs, struct tdr *tdr)
{
	const struct fake_module *module = &fake_module.module;
	u64 version = regs->cx;
	bool avoid_sensitive = false;

	if (module_counts()) {
		avoid_sensitive = version & SEAM_SHUTDOWN_AVOID_COMPAT_SENSITIVE;
		version &= ~SEAM_SHUTDOWN_AVOID_COMPAT_SENSITIVE;
	}
	if (version < module->min_update_hv || version > module->module_hv ||
	    (module->no_downgrade && version != module->module_hv))
		return operand_invalid(SEAM_OPERAND_RCX);
	if (atomic_read(&fake_module.nr_inside) > 1)
		return SEAM_SYS_BUSY;

	if (avoid_sensitive && fake_module.builds)
		return sensitive(SEAM_SENSITIVE_TD_BUILD, fake_module.builds);
	if (avoid_sensitive && fake_module_migrations)
		return sensitive(SEAM_SENSITIVE_MIGRATION, fake_module_migrations);

	/* The counts have a place in the handoff data from version 1 on. */
	fake_module.handoff.valid = true;
	fake_module.handoff.version = version;
	fake_module.handoff.builds = version ? fake_module.builds : 0;
	fake_module.handoff.migrations = version ? fake_module_migrations : 0;
	fake_module.state = SYS_SHUTDOWN;
	return SEAM_SUCCESS;
}

static u64 sys_update(struct pt_regs *regs, struct tdr *tdr)
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
	fake_module_migrations = module_counts() ? fake_module.handoff.migrations : 0;
	fake_module.handoff.valid = false;
	fake_module.state = SYS_READY;
	return SEAM_SUCCESS;
}

static const struct module_leaf module_sys_leaves[] __initconst = {
	{ SEAM_LEAF_SYS_INIT, sys_init, .before_ready = true },
	{ SEAM_LEAF_SYS_LP_INIT, sys_lp_init, .before_ready = true },
	{ SEAM_LEAF_SYS_RD, sys_rd, .before_ready = true },
	{ SEAM_LEAF_SYS_CONFIG, sys_config, .before_ready = true, .max_version = 1 },
	{ SEAM_LEAF_SYS_KEY_CONFIG, sys_key_config, .before_ready = true },
	{ SEAM_LEAF_SYS_UPDATE, sys_update, .before_ready = true, .max_version = 1 },
	{ SEAM_LEAF_SYS_TDMR_INIT, sys_tdmr_init },
	{ SEAM_LEAF_SYS_SHUTDOWN, sys_shutdown },
	{}
};
MODULE_LEAVES(module_sys_leaves);
