// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM, layer 3: TDs, from TDH.MNG.CREATE to the last TDH.PHYMEM.PAGE.RECLAIM.
 *
 * As in a real module, all that belongs to a TD is kept in the pages that the host gives
 * for it, so it survives an update of the module as the real thing does. Other than there,
 * nothing is encrypted: the TD's pages are readable, and nobody checks KeyIDs.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <crypto/sha2.h>

#include "fake_tdx.h"

#define NR_SEPT_ENTRIES		512
#define SEPT_PRESENT		BIT_ULL(0)
#define SEPT_LEAF		BIT_ULL(7)
#define SEPT_PA_MASK		GENMASK_ULL(51, 12)
#define SEPT_ROOT_LEVEL		3		/* 4-level secure EPT */
#define SEPT_GPA_BITS		47		/* GPA bit 47 is the shared bit */

#define MRTD_BLOCK		128

/* Where the running hash is: a page of its own, at a place that the module chooses */
#define TDCS_SEPT_ROOT		0
#define TDCS_HASH		1
#define HASH_LAYOUT_STRIDE	1024

enum td_lifecycle {
	TD_HKID_ASSIGNED,
	TD_KEYS_CONFIGURED,
	TD_BLOCKED,
	TD_TEARDOWN,
};

enum td_op_state {
	TD_UNINITIALIZED,
	TD_INITIALIZED,
	TD_RUNNABLE,
};

/* In the TDR page */
struct tdr {
	u8 lifecycle;		/* enum td_lifecycle */
	u8 op_state;		/* enum td_op_state */
	bool counted;		/* in fake_tdx.builds ... */
	u32 builds_epoch;	/* ... of this epoch */
	u16 max_vcpus;
	u16 nr_vcpus;		/* initialized */
	u16 nr_associated;	/* with a CPU */
	u32 nr_pages;		/* that the TD owns, without the TDR */
	u32 nr_tdcx;
	u64 tdcx[NR_TDCS_PAGES];
	u8 mrtd[FAKE_MRTD_SIZE];
};

/* In the TDVPR page */
struct tdvpr {
	u64 tdr_pa;
	u32 nr_tdcx;
	bool initialized;
	int cpu;		/* that it is associated with, or -1 */
};

static u64 invalid(unsigned int operand)
{
	return SEAM_OPERAND_INVALID | operand;
}

/* The TDR at @pa, or NULL with the reason in @status. */
static struct tdr *get_tdr(u64 pa, unsigned int operand, u64 *status)
{
	const struct pamt_entry *entry = pamt_lookup(pa);

	if (!entry) {
		*status = invalid(operand);
		return NULL;
	}
	if (entry->type != PAMT_TDR) {
		*status = SEAM_PAGE_METADATA_INCORRECT | operand;
		return NULL;
	}
	return __va(pa);
}

/* The same for leaves that need the TD's keys, its TDCS, and it in a state. */
static struct tdr *get_td(u64 pa, unsigned int operand, enum td_op_state op_state,
			  u64 *status)
{
	struct tdr *tdr = get_tdr(pa, operand, status);

	if (!tdr)
		return NULL;

	if (tdr->lifecycle != TD_KEYS_CONFIGURED)
		*status = SEAM_LIFECYCLE_STATE_INCORRECT;
	else if (tdr->nr_tdcx < NR_TDCS_PAGES)
		*status = SEAM_TDCS_NOT_ALLOCATED;
	else if (tdr->op_state != op_state)
		*status = SEAM_OP_STATE_INCORRECT;
	else
		return tdr;
	return NULL;
}

/* The TDVPR at @pa and its TD, if that one still has its keys. */
static struct tdvpr *get_vp(u64 pa, unsigned int operand, struct tdr **tdr, u64 *status)
{
	const struct pamt_entry *entry = pamt_lookup(pa);

	if (!entry) {
		*status = invalid(operand);
		return NULL;
	}
	if (entry->type != PAMT_TDVPR) {
		*status = SEAM_PAGE_METADATA_INCORRECT | operand;
		return NULL;
	}
	*tdr = __va(entry->owner);
	if ((*tdr)->lifecycle != TD_KEYS_CONFIGURED) {
		*status = SEAM_LIFECYCLE_STATE_INCORRECT;
		return NULL;
	}
	return __va(pa);
}

/* Take a page of the host for a TD. */
static u64 take_page(u64 pa, enum pamt_type type, u64 tdr_pa, unsigned int operand)
{
	struct pamt_entry *entry = pamt_lookup(pa);

	if (!entry)
		return invalid(operand);
	if (entry->type != PAMT_NDA)
		return SEAM_PAGE_METADATA_INCORRECT | operand;

	entry->type = type;
	entry->owner = tdr_pa;
	if (type != PAMT_TDR)
		((struct tdr *)__va(tdr_pa))->nr_pages++;
	if (type != PAMT_REG)
		memset(__va(pa), 0, PAGE_SIZE);
	return SEAM_SUCCESS;
}

static void begin_build(struct tdr *tdr)
{
	if (!module_counts(&fake_tdx.module))
		return;

	fake_tdx.builds++;
	tdr->counted = true;
	tdr->builds_epoch = fake_tdx.builds_epoch;
}

static void end_build(struct tdr *tdr)
{
	/* A count that an older module did not hand over is not there to be lowered. */
	if (tdr->counted && tdr->builds_epoch == fake_tdx.builds_epoch)
		fake_tdx.builds--;
	tdr->counted = false;
}

/* The running hash as the module that runs now sees it. This is the erratum. */
static struct sha384_ctx *hash_of(const struct tdr *tdr)
{
	BUILD_BUG_ON(sizeof(struct sha384_ctx) > HASH_LAYOUT_STRIDE);

	return __va(tdr->tdcx[TDCS_HASH]) +
	       fake_tdx.module.hash_layout * HASH_LAYOUT_STRIDE;
}

/* One 128-byte block: what was done, and the GPA it was done to */
static void measure_block(const struct tdr *tdr, const char *what, u64 gpa)
{
	u8 block[MRTD_BLOCK] = {};

	memcpy(block, what, strlen(what));
	memcpy(block + 16, &gpa, sizeof(gpa));
	sha384_update(hash_of(tdr), block, sizeof(block));
}

/* RCX: page for the TDR, RDX: KeyID, of which nothing depends here */
static u64 mng_create(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	ret = take_page(regs->rcx, PAMT_TDR, regs->rcx, SEAM_OPERAND_RCX);
	if (ret)
		return ret;

	BUILD_BUG_ON(sizeof(*tdr) > PAGE_SIZE);
	tdr = __va(regs->rcx);
	tdr->lifecycle = TD_HKID_ASSIGNED;
	return SEAM_SUCCESS;
}

/* RCX: TDR. Once per package. Assumption: nobody looks at which package it is. */
static u64 mng_key_config(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_tdr(regs->rcx, SEAM_OPERAND_RCX, &ret);
	if (!tdr)
		return ret;
	if (tdr->lifecycle == TD_KEYS_CONFIGURED)
		return SEAM_KEY_CONFIGURED;
	if (tdr->lifecycle != TD_HKID_ASSIGNED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;

	tdr->lifecycle = TD_KEYS_CONFIGURED;
	return SEAM_SUCCESS;
}

/* RCX: page, RDX: TDR */
static u64 mng_addcx(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_tdr(regs->rdx, SEAM_OPERAND_RDX, &ret);
	if (!tdr)
		return ret;
	if (tdr->lifecycle != TD_KEYS_CONFIGURED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (tdr->nr_tdcx == NR_TDCS_PAGES || tdr->op_state != TD_UNINITIALIZED)
		return SEAM_TDCX_NUM_INCORRECT;

	ret = take_page(regs->rcx, PAMT_TDCX, regs->rdx, SEAM_OPERAND_RCX);
	if (ret)
		return ret;
	tdr->tdcx[tdr->nr_tdcx++] = regs->rcx;
	return SEAM_SUCCESS;
}

/* RCX: TDR, RDX: TD_PARAMS. The build begins here. */
static u64 mng_init(struct seam_regs *regs)
{
	const struct seam_td_params *params = fake_seam_va(regs->rdx, sizeof(*params));
	struct tdr *tdr;
	u64 ret;

	tdr = get_td(regs->rcx, SEAM_OPERAND_RCX, TD_UNINITIALIZED, &ret);
	if (!tdr)
		return ret;
	if (!params || !params->max_vcpus || params->max_vcpus > MAX_VCPUS_PER_TD ||
	    (params->xfam & 3) != 3)
		return invalid(SEAM_OPERAND_RDX);

	tdr->max_vcpus = params->max_vcpus;
	sha384_init(hash_of(tdr));
	tdr->op_state = TD_INITIALIZED;
	begin_build(tdr);
	return SEAM_SUCCESS;
}

/* RCX: page for the TDVPR, RDX: TDR */
static u64 vp_create(struct seam_regs *regs)
{
	struct tdvpr *vp;
	struct tdr *tdr;
	u64 ret;

	tdr = get_td(regs->rdx, SEAM_OPERAND_RDX, TD_INITIALIZED, &ret);
	if (!tdr)
		return ret;

	ret = take_page(regs->rcx, PAMT_TDVPR, regs->rdx, SEAM_OPERAND_RCX);
	if (ret)
		return ret;
	vp = __va(regs->rcx);
	vp->tdr_pa = regs->rdx;
	vp->cpu = -1;
	return SEAM_SUCCESS;
}

/* RCX: page, RDX: TDVPR */
static u64 vp_addcx(struct seam_regs *regs)
{
	struct tdvpr *vp;
	struct tdr *tdr;
	u64 ret;

	vp = get_vp(regs->rdx, SEAM_OPERAND_RDX, &tdr, &ret);
	if (!vp)
		return ret;
	if (vp->initialized)
		return SEAM_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx == NR_TDVPS_PAGES - 1)
		return SEAM_TDCX_NUM_INCORRECT;

	ret = take_page(regs->rcx, PAMT_TDCX, vp->tdr_pa, SEAM_OPERAND_RCX);
	if (!ret)
		vp->nr_tdcx++;
	return ret;
}

/* RCX: TDVPR, RDX: initial RCX of the VCPU, R8: x2APIC ID */
static u64 vp_init(struct seam_regs *regs)
{
	struct tdvpr *vp;
	struct tdr *tdr;
	u64 ret;

	vp = get_vp(regs->rcx, SEAM_OPERAND_RCX, &tdr, &ret);
	if (!vp)
		return ret;
	if (tdr->op_state != TD_INITIALIZED)
		return SEAM_OP_STATE_INCORRECT;
	if (vp->initialized)
		return SEAM_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx < NR_TDVPS_PAGES - 1)
		return SEAM_TDCX_NUM_INCORRECT;
	if (tdr->nr_vcpus == tdr->max_vcpus)
		return SEAM_MAX_VCPUS_EXCEEDED;

	vp->initialized = true;
	vp->cpu = smp_processor_id();
	tdr->nr_vcpus++;
	tdr->nr_associated++;
	return SEAM_SUCCESS;
}

/* RCX: TDVPR */
static u64 vp_flush(struct seam_regs *regs)
{
	struct tdvpr *vp;
	struct tdr *tdr;
	u64 ret;

	vp = get_vp(regs->rcx, SEAM_OPERAND_RCX, &tdr, &ret);
	if (!vp)
		return ret;
	if (vp->cpu != smp_processor_id())
		return SEAM_VCPU_NOT_ASSOCIATED;

	vp->cpu = -1;
	tdr->nr_associated--;
	return SEAM_SUCCESS;
}

/*
 * The secure EPT entry of @gpa at @level, or NULL if the tables do not reach that far.
 * Level 0 entries map 4 KB.
 */
static u64 *sept_walk(const struct tdr *tdr, u64 gpa, int level)
{
	u64 *table = __va(tdr->tdcx[TDCS_SEPT_ROOT]);

	for (int l = SEPT_ROOT_LEVEL; ; l--) {
		u64 *entry = &table[(gpa >> (PAGE_SHIFT + 9 * l)) % NR_SEPT_ENTRIES];

		if (l == level)
			return entry;
		if (!(*entry & SEPT_PRESENT) || (*entry & SEPT_LEAF))
			return NULL;
		table = __va(*entry & SEPT_PA_MASK);
	}
}

/*
 * The entry of @gpa at @level if it is @present or not, as the leaf wants it. Or NULL, with
 * the reason in @status and, as in every failure that concerns the secure EPT, the entry in
 * RCX and its level in RDX.
 */
static u64 *sept_entry(struct seam_regs *regs, const struct tdr *tdr, u64 gpa, int level,
		       bool present, u64 *status)
{
	u64 *entry = sept_walk(tdr, gpa, level);

	if (entry && !!(*entry & SEPT_PRESENT) == present)
		return entry;

	*status = SEAM_OPERAND_RCX |
		  (entry ? SEAM_EPT_ENTRY_STATE_INCORRECT : SEAM_EPT_WALK_FAILED);
	regs->rcx = entry ? *entry : 0;
	regs->rdx = level;
	return NULL;
}

/* RCX: GPA, and in bits 2:0 the level of the entry, RDX: TDR, R8: page for the table */
static u64 mem_sept_add(struct seam_regs *regs)
{
	int level = regs->rcx & 7;
	u64 gpa = regs->rcx & PAGE_MASK;
	struct tdr *tdr;
	u64 *entry;
	u64 ret;

	if (level < 1 || level > SEPT_ROOT_LEVEL || gpa >> SEPT_GPA_BITS ||
	    !IS_ALIGNED(gpa, 1ULL << (PAGE_SHIFT + 9 * level)))
		return invalid(SEAM_OPERAND_RCX);
	tdr = get_td(regs->rdx, SEAM_OPERAND_RDX, TD_INITIALIZED, &ret);
	if (!tdr)
		return ret;

	entry = sept_entry(regs, tdr, gpa, level, false, &ret);
	if (!entry)
		return ret;

	ret = take_page(regs->r8, PAMT_EPT, regs->rdx, SEAM_OPERAND_R8);
	if (ret)
		return ret;
	*entry = regs->r8 | SEPT_PRESENT;
	return SEAM_SUCCESS;
}

/* RCX: GPA, RDX: TDR, R8: page to take, R9: page to copy its contents from */
static u64 mem_page_add(struct seam_regs *regs)
{
	u64 gpa = regs->rcx;
	struct tdr *tdr;
	u64 *entry;
	u64 ret;

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >> SEPT_GPA_BITS)
		return invalid(SEAM_OPERAND_RCX);
	if (!fake_seam_va(regs->r9, PAGE_SIZE))
		return invalid(SEAM_OPERAND_R9);
	tdr = get_td(regs->rdx, SEAM_OPERAND_RDX, TD_INITIALIZED, &ret);
	if (!tdr)
		return ret;

	entry = sept_entry(regs, tdr, gpa, 0, false, &ret);
	if (!entry)
		return ret;

	ret = take_page(regs->r8, PAMT_REG, regs->rdx, SEAM_OPERAND_R8);
	if (ret)
		return ret;
	memcpy(__va(regs->r8), __va(regs->r9), PAGE_SIZE);
	*entry = regs->r8 | SEPT_PRESENT | SEPT_LEAF;
	measure_block(tdr, "MEM.PAGE.ADD", gpa);
	return SEAM_SUCCESS;
}

/* RCX: GPA of a chunk of 256 bytes, RDX: TDR */
static u64 mr_extend(struct seam_regs *regs)
{
	u64 gpa = regs->rcx;
	struct tdr *tdr;
	u64 *entry;
	u64 ret;

	if (!IS_ALIGNED(gpa, SEAM_EXTEND_CHUNK) || gpa >> SEPT_GPA_BITS)
		return invalid(SEAM_OPERAND_RCX);
	tdr = get_td(regs->rdx, SEAM_OPERAND_RDX, TD_INITIALIZED, &ret);
	if (!tdr)
		return ret;

	entry = sept_entry(regs, tdr, gpa, 0, true, &ret);
	if (!entry)
		return ret;

	measure_block(tdr, "MR.EXTEND", gpa);
	sha384_update(hash_of(tdr), __va((*entry & SEPT_PA_MASK) + offset_in_page(gpa)),
		      SEAM_EXTEND_CHUNK);
	return SEAM_SUCCESS;
}

/* RCX: TDR. The build ends here. */
static u64 mr_finalize(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_td(regs->rcx, SEAM_OPERAND_RCX, TD_INITIALIZED, &ret);
	if (!tdr)
		return ret;
	if (!tdr->nr_vcpus)
		return SEAM_NO_VCPUS;

	sha384_final(hash_of(tdr), tdr->mrtd);
	tdr->op_state = TD_RUNNABLE;
	end_build(tdr);
	return SEAM_SUCCESS;
}

/*
 * RCX: TDR. The TD cannot go on after this. Assumption: one that was being built stops
 * counting here.
 */
static u64 mng_vpflushdone(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_tdr(regs->rcx, SEAM_OPERAND_RCX, &ret);
	if (!tdr)
		return ret;
	if (tdr->lifecycle != TD_HKID_ASSIGNED && tdr->lifecycle != TD_KEYS_CONFIGURED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (tdr->nr_associated)
		return SEAM_FLUSHVP_NOT_DONE;

	tdr->lifecycle = TD_BLOCKED;
	end_build(tdr);
	return SEAM_SUCCESS;
}

/* RCX: TDR. TDH.PHYMEM.CACHE.WB before it is not modelled, see phymem_cache_wb(). */
static u64 mng_key_freeid(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_tdr(regs->rcx, SEAM_OPERAND_RCX, &ret);
	if (!tdr)
		return ret;
	if (tdr->lifecycle != TD_BLOCKED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;

	tdr->lifecycle = TD_TEARDOWN;
	return SEAM_SUCCESS;
}

/* RCX: page; out: RCX type, RDX owner, R8 size (0: 4 KB) */
static u64 phymem_page_reclaim(struct seam_regs *regs)
{
	struct pamt_entry *entry = pamt_lookup(regs->rcx);
	struct tdr *tdr;

	if (!entry)
		return invalid(SEAM_OPERAND_RCX);
	if (entry->type == PAMT_NDA || entry->type == PAMT_RSVD)
		return SEAM_PAGE_METADATA_INCORRECT | SEAM_OPERAND_RCX;

	tdr = __va(entry->owner);
	if (tdr->lifecycle != TD_TEARDOWN)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (entry->type == PAMT_TDR && tdr->nr_pages)
		return SEAM_TD_ASSOCIATED_PAGES_EXIST;

	if (entry->type != PAMT_TDR)
		tdr->nr_pages--;
	regs->rcx = entry->type;
	regs->rdx = entry->owner;
	regs->r8 = 0;
	*entry = (struct pamt_entry) {};
	return SEAM_SUCCESS;
}

/* There is one kind of memory here, and its caches are coherent: nothing to do. */
static u64 phymem_cache_wb(struct seam_regs *regs)
{
	return SEAM_SUCCESS;
}

static u64 phymem_page_wbinvd(struct seam_regs *regs)
{
	return SEAM_SUCCESS;
}

/* Every leaf that is about one TD. Called with fake_tdx.lock held and the module ready. */
u64 td_leaf(u64 leaf, struct seam_regs *regs)
{
	switch (leaf) {
	case SEAM_LEAF_MNG_CREATE:
		return mng_create(regs);
	case SEAM_LEAF_MNG_KEY_CONFIG:
		return mng_key_config(regs);
	case SEAM_LEAF_MNG_ADDCX:
		return mng_addcx(regs);
	case SEAM_LEAF_MNG_INIT:
		return mng_init(regs);
	case SEAM_LEAF_VP_CREATE:
		return vp_create(regs);
	case SEAM_LEAF_VP_ADDCX:
		return vp_addcx(regs);
	case SEAM_LEAF_VP_INIT:
		return vp_init(regs);
	case SEAM_LEAF_VP_FLUSH:
		return vp_flush(regs);
	case SEAM_LEAF_MEM_SEPT_ADD:
		return mem_sept_add(regs);
	case SEAM_LEAF_MEM_PAGE_ADD:
		return mem_page_add(regs);
	case SEAM_LEAF_MR_EXTEND:
		return mr_extend(regs);
	case SEAM_LEAF_MR_FINALIZE:
		return mr_finalize(regs);
	case SEAM_LEAF_MNG_VPFLUSHDONE:
		return mng_vpflushdone(regs);
	case SEAM_LEAF_MNG_KEY_FREEID:
		return mng_key_freeid(regs);
	case SEAM_LEAF_PHYMEM_PAGE_RECLAIM:
		return phymem_page_reclaim(regs);
	case SEAM_LEAF_PHYMEM_CACHE_WB:
		return phymem_cache_wb(regs);
	case SEAM_LEAF_PHYMEM_PAGE_WBINVD:
		return phymem_page_wbinvd(regs);
	}
	return invalid(SEAM_OPERAND_RAX);
}

/**
 * fake_module_get_mrtd() - The measurement that a TD's report would show.
 * @tdr_pa: physical address of the TDR.
 * @mrtd: filled in.
 *
 * Return: 0, -ENOENT without such a TD, or -ENODATA if it is not finalized yet.
 */
int fake_module_get_mrtd(u64 tdr_pa, u8 mrtd[FAKE_MRTD_SIZE])
{
	const struct tdr *tdr;
	u64 status;

	guard(raw_spinlock_irqsave)(&fake_tdx.lock);

	tdr = get_tdr(tdr_pa, SEAM_OPERAND_RCX, &status);
	if (!tdr)
		return -ENOENT;
	if (tdr->op_state != TD_RUNNABLE)
		return -ENODATA;
	memcpy(mrtd, tdr->mrtd, FAKE_MRTD_SIZE);
	return 0;
}
