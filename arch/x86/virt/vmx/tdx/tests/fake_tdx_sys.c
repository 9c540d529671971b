// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM, layer 3: the TDX module as a whole, from TDH.SYS.INIT to TDH.SYS.UPDATE.
 */
#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "fake_tdx.h"

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

/* What the BIOS loaded. Modules that are installed later come out of their images. */
struct fake_tdx fake_tdx = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(fake_tdx.lock),
	.tds = LIST_HEAD_INIT(fake_tdx.tds),
	.module = {
		.major = 1,
		.minor = 5,
		.update = 6,
		.features0 = SEAM_FEATURES0_TD_PRESERVING | SEAM_FEATURES0_NO_RBP_MOD |
			     SEAM_FEATURES0_TOPOLOGY_ENUM |
			     SEAM_FEATURES0_UPDATE_COMPATIBILITY,
		.module_hv = 1,
	},
};

/* CPUs that are inside of the module right now */
static atomic_t nr_inside;

/* "fake_seam.features0=": of the module that the BIOS loaded */
static int __init fake_features0_param(char *arg)
{
	return arg ? kstrtou64(arg, 0, &fake_tdx.module.features0) : -EINVAL;
}
early_param("fake_seam.features0", fake_features0_param);

static u64 operand_invalid(unsigned int operand)
{
	return SEAM_OPERAND_INVALID | operand;
}

/* PAMT entry of a page, or NULL if it is none that a TD can have. */
struct pamt_entry *pamt_lookup(u64 pa)
{
	if (!IS_ALIGNED(pa, PAGE_SIZE))
		return NULL;

	for (int i = 0; i < fake_tdx.nr_tdmrs; i++) {
		struct tdmr *tdmr = &fake_tdx.tdmrs[i];

		if (pa >= tdmr->base && pa < tdmr->initialized)
			return &tdmr->pamt[(pa - tdmr->base) / PAGE_SIZE];
	}
	return NULL;
}

static u64 sys_init(struct seam_regs *regs)
{
	if (fake_tdx.state != SYSINIT_PENDING)
		return SEAM_SYS_INIT_NOT_PENDING;
	if (regs->rcx)
		return operand_invalid(SEAM_OPERAND_RCX);

	fake_tdx.state = SYSINIT_DONE;
	return SEAM_SUCCESS;
}

static u64 sys_lp_init(struct seam_regs *regs)
{
	if (fake_tdx.state == SYSINIT_PENDING || fake_tdx.state >= SYS_SHUTDOWN)
		return SEAM_SYS_LP_INIT_NOT_PENDING;
	if (cpumask_test_and_set_cpu(smp_processor_id(), &fake_tdx.lps))
		return SEAM_SYS_LP_INIT_DONE;
	return SEAM_SUCCESS;
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
	{ 0x9900000100000004, NR_CPUID_CONFIGS },
	{ 0x9900000100000008, MAX_VCPUS_PER_TD },
};

/* First of the fields that name the CPUID leaves, and that say which bits of them */
#define FIELD_CPUID_CONFIG_LEAVES	0x9900000300000400
#define FIELD_CPUID_CONFIG_VALUES	0x9900000300000500

/* Assumption: these. A real module has some dozens, most of all features of the CPU. */
const struct cpuid_config cpuid_configs[NR_CPUID_CONFIGS] = {
	/* Family, model and stepping; number of logical processors */
	{ 0xffffffff00000001, { 0x00ff00000fff3fff, 0 } },
	/* WBNOINVD. KVM adds the width of guest physical addresses, and takes it out again. */
	{ 0xffffffff80000008, { 0x0000020000000000, 0 } },
};

/* RDX: field; R8 out: its value */
static u64 sys_rd(struct seam_regs *regs)
{
	const struct fake_module *module = &fake_tdx.module;

	switch (regs->rdx) {
	case 0x0800000100000003:
		regs->r8 = module->minor;
		return SEAM_SUCCESS;
	case 0x0800000100000004:
		regs->r8 = module->major;
		return SEAM_SUCCESS;
	case 0x0800000100000005:
		regs->r8 = module->update;
		return SEAM_SUCCESS;
	case 0x0A00000300000008:
		regs->r8 = module->features0;
		return SEAM_SUCCESS;
	case 0x8900000100000000:
		regs->r8 = module->module_hv;
		return SEAM_SUCCESS;
	}

	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		if (regs->rdx == FIELD_CPUID_CONFIG_LEAVES + i) {
			regs->r8 = cpuid_configs[i].leaf;
			return SEAM_SUCCESS;
		}
		for (int j = 0; j < 2; j++) {
			if (regs->rdx == FIELD_CPUID_CONFIG_VALUES + 2 * i + j) {
				regs->r8 = cpuid_configs[i].mask[j];
				return SEAM_SUCCESS;
			}
		}
	}

	for (int i = 0; i < ARRAY_SIZE(constants); i++) {
		if (constants[i].field == regs->rdx) {
			regs->r8 = constants[i].value;
			return SEAM_SUCCESS;
		}
	}

	regs->r8 = 0;
	return SEAM_METADATA_FIELD_NOT_READABLE;
}

/* RCX: array of physical addresses of TDMR_INFO, RDX: their number */
static u64 sys_config(struct seam_regs *regs)
{
	const u64 *pa = fake_seam_va(regs->rcx, TDMR_INFO_ALIGNMENT);

	if (fake_tdx.state != SYSINIT_DONE)
		return SEAM_SYS_CONFIG_NOT_PENDING;
	if (!pa)
		return operand_invalid(SEAM_OPERAND_RCX);
	if (!regs->rdx || regs->rdx > MAX_TDMRS)
		return operand_invalid(SEAM_OPERAND_RDX);

	for (int i = 0; i < regs->rdx; i++) {
		const struct tdmr_info_abi *info = fake_seam_va(pa[i], TDMR_INFO_ALIGNMENT);
		struct tdmr *tdmr = &fake_tdx.tdmrs[i];

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

	fake_tdx.nr_tdmrs = regs->rdx;
	fake_tdx.state = SYSCONFIG_DONE;
	return SEAM_SUCCESS;
}

/* Once per package. Assumption: nobody looks at which package it is. */
static u64 sys_key_config(struct seam_regs *regs)
{
	if (fake_tdx.state != SYSCONFIG_DONE && fake_tdx.state != SYS_READY)
		return SEAM_SYS_KEY_CONFIG_NOT_PENDING;

	fake_tdx.state = SYS_READY;
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
static u64 sys_tdmr_init(struct seam_regs *regs)
{
	struct tdmr *tdmr = NULL;
	u64 end;

	for (int i = 0; i < fake_tdx.nr_tdmrs; i++)
		if (fake_tdx.tdmrs[i].base == regs->rcx)
			tdmr = &fake_tdx.tdmrs[i];
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

/* RCX: page; out: RCX type, RDX owner, R8 size (0: 4 KB) */
static u64 phymem_page_rdmd(struct seam_regs *regs)
{
	const struct pamt_entry *entry = pamt_lookup(regs->rcx);

	if (!entry)
		return operand_invalid(SEAM_OPERAND_RCX);

	regs->rcx = entry->type;
	regs->rdx = entry->owner;
	regs->r8 = 0;
	return SEAM_SUCCESS;
}

static u64 sensitive(unsigned int what, u32 nr)
{
	return SEAM_UPDATE_COMPATIBILITY_SENSITIVE | min(nr, U16_MAX) << 16 | what;
}

/*
 * RCX bits 15:0: handoff version; bit 16: refuse during update-sensitive operations.
 * A module that does not know the flag takes all of RCX for a handoff version.
 */
static u64 sys_shutdown(struct seam_regs *regs)
{
	const struct fake_module *module = &fake_tdx.module;
	u64 version = regs->rcx;
	bool avoid_sensitive = false;

	if (module_counts(module)) {
		if (regs->rcx & GENMASK_ULL(63, 17))
			return operand_invalid(SEAM_OPERAND_RCX);
		avoid_sensitive = regs->rcx & BIT_ULL(16);
		version &= GENMASK_ULL(15, 0);
	}
	if (version < module->min_update_hv || version > module->module_hv)
		return operand_invalid(SEAM_OPERAND_RCX);
	if (atomic_read(&nr_inside) > 1)
		return SEAM_SYS_BUSY;

	/* Assumption: builds are looked at first. */
	if (avoid_sensitive && fake_tdx.builds)
		return sensitive(SEAM_SENSITIVE_TD_BUILD, fake_tdx.builds);
	if (avoid_sensitive && fake_tdx.migrations)
		return sensitive(SEAM_SENSITIVE_MIGRATION, fake_tdx.migrations);

	/* The counts have a place in the handoff data from version 1 on. */
	fake_tdx.handoff.valid = true;
	fake_tdx.handoff.version = version;
	fake_tdx.handoff.counted = module_counts(module) && version >= 1;
	fake_tdx.handoff.builds = fake_tdx.builds;
	fake_tdx.handoff.migrations = fake_tdx.migrations;
	fake_tdx.state = SYS_SHUTDOWN;
	return SEAM_SUCCESS;
}

static u64 sys_update(struct seam_regs *regs)
{
	const struct fake_module *module = &fake_tdx.module;

	if (fake_tdx.state != SYSINIT_DONE ||
	    !cpumask_subset(cpu_online_mask, &fake_tdx.lps))
		return SEAM_SYS_STATE_INCORRECT;
	if (!fake_tdx.handoff.valid || fake_tdx.handoff.version < module->min_update_hv ||
	    fake_tdx.handoff.version > module->module_hv)
		return SEAM_SYS_INVALID_HANDOFF;

	if (module_counts(module) && fake_tdx.handoff.counted) {
		fake_tdx.builds = fake_tdx.handoff.builds;
		fake_tdx.migrations = fake_tdx.handoff.migrations;
	} else {
		fake_tdx.builds = 0;
		fake_tdx.builds_epoch++;
		fake_tdx.migrations = 0;
	}
	fake_tdx.handoff.valid = false;
	fake_tdx.state = SYS_READY;
	return SEAM_SUCCESS;
}

static u64 sys_disable(struct seam_regs *regs)
{
	fake_tdx.state = SYS_DISABLED;
	return SEAM_SUCCESS;
}

static u64 module_leaf(u64 leaf, struct seam_regs *regs)
{
	/* The init leaves come with a state of their own. */
	switch (leaf) {
	case SEAM_LEAF_SYS_INIT:
		return sys_init(regs);
	case SEAM_LEAF_SYS_LP_INIT:
		return sys_lp_init(regs);
	case SEAM_LEAF_SYS_UPDATE:
		return sys_update(regs);
	case SEAM_LEAF_SYS_DISABLE:
		return sys_disable(regs);
	}

	if (fake_tdx.state >= SYS_SHUTDOWN)
		return SEAM_SYS_SHUTDOWN;
	if (fake_tdx.state == SYSINIT_PENDING)
		return SEAM_SYS_NOT_READY;
	if (!cpumask_test_cpu(smp_processor_id(), &fake_tdx.lps))
		return SEAM_SYS_LP_INIT_NOT_DONE;

	switch (leaf) {
	case SEAM_LEAF_SYS_RD:
		return sys_rd(regs);
	case SEAM_LEAF_SYS_CONFIG:
		return sys_config(regs);
	case SEAM_LEAF_SYS_KEY_CONFIG:
		return sys_key_config(regs);
	}

	if (fake_tdx.state != SYS_READY)
		return SEAM_SYS_NOT_READY;

	switch (leaf) {
	case SEAM_LEAF_SYS_TDMR_INIT:
		return sys_tdmr_init(regs);
	case SEAM_LEAF_SYS_SHUTDOWN:
		return sys_shutdown(regs);
	case SEAM_LEAF_PHYMEM_PAGE_RDMD:
		return phymem_page_rdmd(regs);
	}
	return td_leaf(leaf, regs);
}

static u64 module_handler(struct seam_regs *regs)
{
	u64 ret;

	atomic_inc(&nr_inside);
	scoped_guard(raw_spinlock, &fake_tdx.lock)
		ret = module_leaf(regs->rax & SEAM_LEAF_MASK, regs);
	atomic_dec(&nr_inside);
	return ret;
}

/**
 * fake_module_load() - Put another module in place, as the P-SEAMLDR does.
 * @module: the new module. What it knows, it has from the old one with TDH.SYS.UPDATE.
 *
 * Assumption: nobody asks whether the old one was shut down. Without handoff data,
 * TDH.SYS.UPDATE fails.
 *
 * Return: %SEAM_SUCCESS, or %SEAMLDR_EBADPARAM if there can be no such module. The old one
 * stays then.
 */
u64 fake_module_load(const struct fake_module *module)
{
	if (module->hash_layout > 3 || module->min_update_hv > module->module_hv)
		return SEAMLDR_EBADPARAM;

	guard(raw_spinlock_irqsave)(&fake_tdx.lock);
	fake_tdx.module = *module;
	fake_tdx.state = SYSINIT_PENDING;
	cpumask_clear(&fake_tdx.lps);
	return SEAM_SUCCESS;
}

/**
 * fake_module_revive() - Make the module ready, whatever has become of it.
 *
 * No host can do that, so no test needs a reboot. TDs are as they were, but none counts as
 * being built any more, and no migration as interrupted.
 */
void fake_module_revive(void)
{
	guard(raw_spinlock_irqsave)(&fake_tdx.lock);
	fake_tdx.state = SYS_READY;
	cpumask_copy(&fake_tdx.lps, cpu_possible_mask);
	fake_tdx.builds = 0;
	fake_tdx.builds_epoch++;
	fake_tdx.migrations = 0;
}

/**
 * fake_module_get_state() - Look into the TDX module.
 * @state: filled in.
 */
void fake_module_get_state(struct fake_module_state *state)
{
	guard(raw_spinlock_irqsave)(&fake_tdx.lock);
	*state = (struct fake_module_state) {
		.module = fake_tdx.module,
		.ready = fake_tdx.state == SYS_READY,
		.builds = fake_tdx.builds,
		.migrations = fake_tdx.migrations,
	};
}

/**
 * fake_module_set_migrations() - Pretend that migrations are interrupted.
 * @nr: how many. A module without UPDATE_COMPATIBILITY does not count them: 0 then.
 */
void fake_module_set_migrations(u32 nr)
{
	guard(raw_spinlock_irqsave)(&fake_tdx.lock);
	fake_tdx.migrations = module_counts(&fake_tdx.module) ? nr : 0;
}

static int __init fake_module_init(void)
{
	if (fake_seam_active()) {
		fake_seamldr_set_loader(fake_module_load);
		fake_seam_set_handler(FAKE_SEAM_MODULE, module_handler);
	}
	return 0;
}
pure_initcall(fake_module_init);
