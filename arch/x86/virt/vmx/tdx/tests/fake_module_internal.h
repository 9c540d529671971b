/* SPDX-License-Identifier: GPL-2.0 */
/* Fake SEAM: what the files of the TDX module's model share. */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_MODULE_INTERNAL_H
#define _X86_VIRT_TDX_TESTS_FAKE_MODULE_INTERNAL_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <crypto/sha2.h>

#include "fake_module.h"

#define MAX_TDMRS		64

/* Pages of the control structures, without the TDR and the TDVPR */
#define NR_TDCS_PAGES		6
#define NR_TDVPS_PAGES		6
#define MAX_VCPUS_PER_TD	64

/* Page types, as TDH.PHYMEM.PAGE.RECLAIM reports them */
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

struct tdmr {
	struct seam_tdmr_info info;
	u64 initialized;	/* TDH.SYS.TDMR.INIT got as far as this */
};

/* Bits of a CPUID leaf that a TD's host can choose */
struct cpuid_config {
	u64 leaf;		/* EAX, and in bits 63:32 ECX or NO_SUBLEAF */
	u64 mask[2];		/* EAX and EBX, then ECX and EDX */
};

#define NO_SUBLEAF		0xffffffffULL
#define NR_CPUID_CONFIGS	19
extern const struct cpuid_config cpuid_configs[NR_CPUID_CONFIGS];

enum module_state {
	SYSINIT_PENDING,
	SYSINIT_DONE,
	SYSCONFIG_DONE,
	SYS_READY,
	SYS_SHUTDOWN,
};

enum td_lifecycle {
	TD_HKID_ASSIGNED,
	TD_KEYS_CONFIGURED,
	TD_BLOCKED,
	TD_TEARDOWN,
};

/* The numbers are what TDX_OP_STATE_INCORRECT says in its details. */
enum td_op_state {
	TD_UNINITIALIZED = 0,
	TD_INITIALIZED = 1,
	TD_RUNNABLE = 2,
};

/* In the TDR page */
struct tdr {
	struct list_head list;	/* in fake_module.tds */
	u16 hkid;
	u8 lifecycle;		/* enum td_lifecycle */
	u8 op_state;		/* enum td_op_state */
	u16 context_version;	/* of the running hash; 0: its module did not count builds */
	u16 max_vcpus;
	u16 nr_vcpus;		/* initialized */
	u16 nr_associated;	/* with a CPU */
	u32 nr_pages;		/* that the TD owns, without the TDR */
	u32 nr_tdcx;
	u64 tdcx[NR_TDCS_PAGES];
	u32 epoch;		/* TDH.MEM.TRACK counts it */
	u64 packages;		/* that have done what all have to do next */
	u32 cpuid[NR_CPUID_CONFIGS][4];
	u8 mrconfigid[SEAM_MRTD_SIZE];
	u8 mrtd[SEAM_MRTD_SIZE];
};

/* Fields of a VCPU that its host can write */
#define NR_VCPU_FIELDS		7

/* In the TDVPR page */
struct tdvpr {
	u32 nr_tdcx;
	bool initialized;
	int cpu;		/* that it is associated with, or -1 */
	u64 fields[NR_VCPU_FIELDS];
};

/* What the module knows, apart from what is in the pages of TDs. */
struct fake_module_data {
	raw_spinlock_t lock;		/* everything here, and TDs */
	struct fake_module module;	/* which one it is */
	enum module_state state;
	bool dead;			/* a check of its own failed: it answers no more */
	bool detect;			/* it was asked to find TDs whose hash it misreads */
	cpumask_t lps;			/* have done TDH.SYS.LP.INIT */
	u64 packages;			/* have done TDH.SYS.KEY.CONFIG */
	u32 builds;			/* TDs that are being built, if it counts them */
	atomic_t nr_inside;		/* CPUs that are inside of it right now */
	struct tdmr tdmrs[MAX_TDMRS];
	unsigned int nr_tdmrs;
	struct list_head tds;		/* all TDs, by the list in struct tdr */
	struct {
		bool valid;
		u16 version;
		u32 builds;
		u32 migrations;
	} handoff;			/* from TDH.SYS.SHUTDOWN, for the next module */
};

extern struct fake_module_data fake_module;

/*
 * A leaf, and what the dispatcher checks for it. If @keys, the TD must have its keys and all of its
 * TDCS pages, and be in a state from @first to @last.
 */
struct module_leaf {
	u8 leaf;
	/* Does the rest, with fake_module.lock held. Gets the TD, if there is one. */
	u64 (*call)(struct pt_regs *regs, struct tdr *tdr);
	u8 max_version;
	bool before_ready;	/* it checks the module's state itself */
	u8 td_operand;		/* RCX or RDX is a TDR or a TDVPR; 0: there is none */
	u8 td_type;		/* enum pamt_type: which of them */
	bool keys;
	u8 first;		/* enum td_op_state */
	u8 last;
};

#define LEAF_TDR(_operand)					\
	.td_operand = SEAM_OPERAND_##_operand, .td_type = PAMT_TDR
#define LEAF_TD(_operand, _first, _last)			\
	LEAF_TDR(_operand), .keys = true, .first = _first, .last = _last
#define LEAF_VP(_operand, _first, _last)			\
	.td_operand = SEAM_OPERAND_##_operand, .td_type = PAMT_TDVPR,	\
	.keys = true, .first = _first, .last = _last

void fake_module_add_leaves(const struct module_leaf *table);

/* The module has this table of leaves, which ends with an empty row. */
#define MODULE_LEAVES(_table)					\
static int __init _table##_init(void)				\
{								\
	fake_module_add_leaves(_table);				\
	return 0;						\
}								\
pure_initcall(_table##_init)

/* The functions below are called with fake_module.lock held. */

static inline u64 operand_invalid(unsigned int operand)
{
	return SEAM_OPERAND_INVALID | operand;
}

/* With this a module counts builds, knows the flag of TDH.SYS.SHUTDOWN and detects. */
static inline bool module_counts(void)
{
	return fake_module.module.features0 & SEAM_FEATURES0_UPDATE_COMPAT;
}

/* Where the running hash is: a page of its own, at a place that the module chooses */
#define TDCS_SEPT_ROOT		0
#define TDCS_HASH		1
#define HASH_LAYOUT_STRIDE	1024
static_assert(sizeof(struct sha384_ctx) <= HASH_LAYOUT_STRIDE);

/* The running hash as the module that runs now sees it. This is the erratum. */
static inline struct sha384_ctx *hash_of(const struct tdr *tdr)
{
	return __va(tdr->tdcx[TDCS_HASH]) + fake_module.module.hash_layout * HASH_LAYOUT_STRIDE;
}

static inline u16 module_context_version(void)
{
	return fake_module.module.hash_layout + 1;
}

struct pamt_entry *pamt_lookup(u64 pa, unsigned int operand, u64 *status);
u64 take_page(u64 pa, enum pamt_type type, struct tdr *tdr, unsigned int operand);
bool end_build(const struct tdr *tdr);
u64 vp_associate(struct tdr *tdr, struct tdvpr *vp);
bool all_packages(u64 packages);
u64 this_package(void);
bool td_cpuid(const struct tdr *tdr, u64 field, u64 *value);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_MODULE_INTERNAL_H */
