/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fake SEAM, layer 3: what the parts of the TDX module's model share.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_TDX_H
#define _X86_VIRT_TDX_TESTS_FAKE_TDX_H

#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "fake_model.h"

#define MAX_TDMRS		64
#define MAX_RESERVED_PER_TDMR	16
#define PAMT_ENTRY_SIZE		16

/* Pages of the control structures, without the TDR and the TDVPR */
#define NR_TDCS_PAGES		6
#define NR_TDVPS_PAGES		6
#define MAX_VCPUS_PER_TD	64

#define MAX_PACKAGES		64

/* Page types, as TDH.PHYMEM.PAGE.RDMD reports them */
enum pamt_type {
	PAMT_NDA = 0,		/* not directly assigned: the host's */
	PAMT_RSVD = 1,		/* not for use in TDs */
	PAMT_REG = 3,		/* a TD's private page */
	PAMT_TDR = 4,
	PAMT_TDCX = 5,
	PAMT_TDVPR = 6,
	PAMT_EPT = 8,
};

/* One per 4 KB page, in the PAMT memory that the kernel gave with TDH.SYS.CONFIG */
struct pamt_entry {
	u64 owner;		/* physical address of the TDR */
	u8 type;		/* enum pamt_type */
	u8 reserved[3];
	u32 blocked_epoch;	/* TD epoch in which TDH.MEM.RANGE.BLOCK blocked it */
};

static_assert(sizeof(struct pamt_entry) == PAMT_ENTRY_SIZE);

struct tdmr {
	u64 base;
	u64 size;
	u64 initialized;	/* TDH.SYS.TDMR.INIT got as far as this */
	struct pamt_entry *pamt;
	unsigned int nr_reserved;
	struct {
		u64 base;
		u64 size;
	} reserved[MAX_RESERVED_PER_TDMR];
};

/**
 * struct cpuid_config - Bits of a CPUID leaf that a TD's host can choose.
 * @leaf: EAX, and in bits 63:32 ECX, or all ones if that does not matter.
 * @mask: the bits, EAX and EBX, then ECX and EDX.
 */
struct cpuid_config {
	u64 leaf;
	u64 mask[2];
};

#define NR_CPUID_CONFIGS	2
extern const struct cpuid_config cpuid_configs[NR_CPUID_CONFIGS];

enum module_state {
	SYSINIT_PENDING,
	SYSINIT_DONE,
	SYSCONFIG_DONE,
	SYS_READY,
	SYS_SHUTDOWN,
	SYS_DISABLED,
};

/**
 * struct fake_tdx - The TDX module, and what the SEAM range keeps over an update.
 * @lock: all of this and all TDs; also serializes all leaves.
 * @module: which module it is.
 * @state: where its life cycle is.
 * @lps: CPUs that have done TDH.SYS.LP.INIT.
 * @builds: TDs that are being built, if the module counts them.
 * @builds_epoch: counts how often @builds was lost. TDs of an earlier epoch are not
 *		  in @builds.
 * @migrations: migrations whose state transfer is interrupted, if the module counts
 *		them. There is no migration here: it is set from outside.
 * @tdmrs: TDX memory, from TDH.SYS.CONFIG.
 * @nr_tdmrs: number of them.
 * @tds: all TDs, by the list in struct tdr.
 * @flushes: counts TDH.MNG.VPFLUSHDONE, to know what TDH.PHYMEM.CACHE.WB came after.
 * @written_back: @flushes at the last TDH.PHYMEM.CACHE.WB, by package.
 * @handoff: what TDH.SYS.SHUTDOWN leaves for TDH.SYS.UPDATE of the next module.
 */
struct fake_tdx {
	raw_spinlock_t lock;
	struct fake_module module;
	enum module_state state;
	cpumask_t lps;
	u32 builds;
	u32 builds_epoch;
	u32 migrations;
	struct tdmr tdmrs[MAX_TDMRS];
	unsigned int nr_tdmrs;
	struct list_head tds;
	u64 flushes;
	u64 written_back[MAX_PACKAGES];
	struct {
		bool valid;
		bool counted;
		u16 version;
		u32 builds;
		u32 migrations;
	} handoff;
};

extern struct fake_tdx fake_tdx;

/* The functions below are called with fake_tdx.lock held. */

static inline bool module_counts(const struct fake_module *module)
{
	return module->features0 & SEAM_FEATURES0_UPDATE_COMPATIBILITY;
}

struct pamt_entry *pamt_lookup(u64 pa);
u64 td_leaf(u64 leaf, struct seam_regs *regs);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_TDX_H */
