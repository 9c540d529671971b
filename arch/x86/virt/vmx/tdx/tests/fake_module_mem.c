// SPDX-License-Identifier: GPL-2.0
/* Fake SEAM: the memory of TDs, their secure EPT, and the measurement of their build. */
#include <linux/mm.h>
#include <linux/string.h>

#include <crypto/sha2.h>

#include "fake_module_internal.h"

#define SEPT_PRESENT		BIT_ULL(0)
#define SEPT_LEAF		BIT_ULL(7)
#define SEPT_PENDING		BIT_ULL(57)	/* the TD has not accepted it */
#define SEPT_BLOCKED		BIT_ULL(58)
#define SEPT_STATE		(SEPT_PRESENT | SEPT_PENDING | SEPT_BLOCKED)
#define SEPT_PA_MASK		GENMASK_ULL(51, 12)
#define SEPT_ROOT_LEVEL		3		/* 4-level secure EPT */
#define SEPT_GPA_BITS		47		/* GPA bit 47 is the shared bit */

/*
 * The module was asked to find TDs whose running hash it misreads, and this is one. Assumption: so
 * is a TD whose module did not count.
 */
static bool mrtd_is_misread(const struct tdr *tdr)
{
	return fake_module.detect && tdr->context_version != module_context_version();
}

/* One 128-byte block: what was done, and the GPA it was done to */
static void measure_block(const struct tdr *tdr, const char *what, u64 gpa)
{
	u8 block[128] = {};

	memcpy(block, what, strlen(what));
	memcpy(block + 16, &gpa, sizeof(gpa));
	sha384_update(hash_of(tdr), block, sizeof(block));
}

/*
 * The secure EPT entry of @gpa at @level, or NULL if the tables do not reach that far.
 * Level 0 entries map 4 KB.
 */
static u64 *sept_walk(const struct tdr *tdr, u64 gpa, int level)
{
	u64 *table = __va(tdr->tdcx[TDCS_SEPT_ROOT]);

	for (int l = SEPT_ROOT_LEVEL; ; l--) {
		u64 *entry = &table[(gpa >> (PAGE_SHIFT + 9 * l)) % 512];

		if (l == level)
			return entry;
		if ((*entry & SEPT_STATE) != SEPT_PRESENT || (*entry & SEPT_LEAF))
			return NULL;
		table = __va(*entry & SEPT_PA_MASK);
	}
}

/* A failure that concerns the secure EPT: the entry is in RCX then and its level in RDX. */
static u64 sept_error(struct pt_regs *regs, u64 status, const u64 *entry)
{
	regs->dx = regs->cx & 7;
	regs->cx = entry ? *entry : 0;
	return status | SEAM_OPERAND_RCX;
}

/*
 * RCX: GPA, and in bits 2:0 the level of the entry, which is in @first to @last. Finds the entry,
 * or NULL with the reason in @status.
 */
static u64 *sept_entry(struct pt_regs *regs, const struct tdr *tdr, int first, int last,
		       u64 *status)
{
	u64 gpa = regs->cx & PAGE_MASK;
	int level = regs->cx & 7;
	u64 *entry;

	*status = operand_invalid(SEAM_OPERAND_RCX);
	if ((regs->cx & ~PAGE_MASK) > 7 || level < first || level > last ||
	    gpa >> SEPT_GPA_BITS || !IS_ALIGNED(gpa, 1ULL << (PAGE_SHIFT + 9 * level)))
		return NULL;

	entry = sept_walk(tdr, gpa, level);
	if (!entry)
		*status = sept_error(regs, SEAM_EPT_WALK_FAILED, NULL);
	return entry;
}

/* Fill the free entry that RCX names with the page that R8 names. */
static u64 sept_add(struct pt_regs *regs, struct tdr *tdr, int first, int last,
		    enum pamt_type type, u64 state)
{
	u64 ret, *entry = sept_entry(regs, tdr, first, last, &ret);

	if (!entry)
		return ret;
	if (*entry & SEPT_STATE)
		return sept_error(regs, SEAM_EPT_ENTRY_STATE_INCORRECT, entry);

	ret = take_page(regs->r8, type, tdr, SEAM_OPERAND_R8);
	if (!ret)
		*entry = regs->r8 | SEPT_PRESENT | state;
	return ret;
}

/* RCX: GPA and level, RDX: TDR, R8: page for the table. KVM adds tables to TDs that run, too. */
static u64 mem_sept_add(struct pt_regs *regs, struct tdr *tdr)
{
	return sept_add(regs, tdr, 1, SEPT_ROOT_LEVEL, PAMT_EPT, 0);
}

/* RCX: GPA, RDX: TDR, R8: page to take, R9: page to copy its contents from */
static u64 mem_page_add(struct pt_regs *regs, struct tdr *tdr)
{
	u64 ret;

	if (mrtd_is_misread(tdr))
		return SEAM_INCOMPATIBLE_MRTD_CONTEXT;
	if (!fake_seam_va(regs->r9, PAGE_SIZE))
		return operand_invalid(SEAM_OPERAND_R9);
	ret = sept_add(regs, tdr, 0, 0, PAMT_REG, SEPT_LEAF);
	if (ret)
		return ret;

	memcpy(__va(regs->r8), __va(regs->r9), PAGE_SIZE);
	measure_block(tdr, "MEM.PAGE.ADD", regs->cx);
	return SEAM_SUCCESS;
}

/* RCX: GPA, RDX: TDR, R8: page to take. Not measured; the TD would accept it. */
static u64 mem_page_aug(struct pt_regs *regs, struct tdr *tdr)
{
	return sept_add(regs, tdr, 0, 0, PAMT_REG, SEPT_LEAF | SEPT_PENDING);
}

/* RCX: GPA and level, RDX: TDR */
static u64 mem_range_block(struct pt_regs *regs, struct tdr *tdr)
{
	u64 ret, *entry = sept_entry(regs, tdr, 0, SEPT_ROOT_LEVEL, &ret);

	if (!entry)
		return ret;
	if (!(*entry & SEPT_PRESENT))
		return sept_error(regs, SEAM_EPT_ENTRY_STATE_INCORRECT, entry);
	if (*entry & SEPT_BLOCKED)
		return sept_error(regs, SEAM_GPA_RANGE_ALREADY_BLOCKED, entry);

	*entry |= SEPT_BLOCKED;
	pamt_lookup(*entry & SEPT_PA_MASK, 0, &ret)->blocked_epoch = tdr->epoch;
	return SEAM_SUCCESS;
}

/* RCX: TDR. No VCPU ever runs here, so none can hold the last epoch. */
static u64 mem_track(struct pt_regs *regs, struct tdr *tdr)
{
	tdr->epoch++;
	return SEAM_SUCCESS;
}

/*
 * RCX: GPA and level 0, RDX: TDR. Before it is finalized, no VCPU has run and there is no TLB
 * entry: the page need not be blocked and tracked.
 */
static u64 mem_page_remove(struct pt_regs *regs, struct tdr *tdr)
{
	struct pamt_entry *pamt;
	u64 ret, *entry = sept_entry(regs, tdr, 0, 0, &ret);

	if (!entry)
		return ret;
	if (!(*entry & SEPT_PRESENT))
		return sept_error(regs, SEAM_EPT_ENTRY_STATE_INCORRECT, entry);

	pamt = pamt_lookup(*entry & SEPT_PA_MASK, 0, &ret);
	if (tdr->op_state == TD_RUNNABLE) {
		if (!(*entry & SEPT_BLOCKED))
			return sept_error(regs, SEAM_GPA_RANGE_NOT_BLOCKED, entry);
		if (tdr->epoch == pamt->blocked_epoch)
			return SEAM_TLB_TRACKING_NOT_DONE | SEAM_OPERAND_RCX;
	}

	*entry = 0;
	*pamt = (struct pamt_entry) {};
	tdr->nr_pages--;
	return SEAM_SUCCESS;
}

/* RCX: GPA of a chunk of 256 bytes, RDX: TDR */
static u64 mr_extend(struct pt_regs *regs, struct tdr *tdr)
{
	u64 gpa = regs->cx;
	u64 *entry;

	if (mrtd_is_misread(tdr))
		return SEAM_INCOMPATIBLE_MRTD_CONTEXT;
	if (!IS_ALIGNED(gpa, SEAM_EXTEND_CHUNK) || gpa >> SEPT_GPA_BITS)
		return operand_invalid(SEAM_OPERAND_RCX);

	entry = sept_walk(tdr, gpa, 0);
	if (!entry)
		return sept_error(regs, SEAM_EPT_WALK_FAILED, NULL);
	if ((*entry & SEPT_STATE) != SEPT_PRESENT)
		return sept_error(regs, SEAM_EPT_ENTRY_NOT_PRESENT, entry);

	measure_block(tdr, "MR.EXTEND", gpa);
	sha384_update(hash_of(tdr), __va((*entry & SEPT_PA_MASK) + offset_in_page(gpa)),
		      SEAM_EXTEND_CHUNK);
	return SEAM_SUCCESS;
}

/* RCX: TDR. The build ends here. */
static u64 mr_finalize(struct pt_regs *regs, struct tdr *tdr)
{
	if (mrtd_is_misread(tdr))
		return SEAM_INCOMPATIBLE_MRTD_CONTEXT;
	if (!tdr->nr_vcpus)
		return SEAM_NO_VCPUS;

	if (!end_build(tdr))
		return SEAM_SUCCESS;

	sha384_final(hash_of(tdr), tdr->mrtd);
	tdr->op_state = TD_RUNNABLE;
	return SEAM_SUCCESS;
}

static const struct module_leaf module_mem_leaves[] __initconst = {
	{ SEAM_LEAF_MEM_SEPT_ADD, mem_sept_add, LEAF_TD(RDX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_MEM_PAGE_ADD, mem_page_add, LEAF_TD(RDX, TD_INITIALIZED, TD_INITIALIZED) },
	{ SEAM_LEAF_MEM_PAGE_AUG, mem_page_aug, LEAF_TD(RDX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_MEM_RANGE_BLOCK, mem_range_block, LEAF_TD(RDX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_MEM_TRACK, mem_track, LEAF_TD(RCX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_MEM_PAGE_REMOVE, mem_page_remove, LEAF_TD(RDX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_MR_EXTEND, mr_extend, LEAF_TD(RDX, TD_INITIALIZED, TD_INITIALIZED) },
	{ SEAM_LEAF_MR_FINALIZE, mr_finalize, LEAF_TD(RCX, TD_INITIALIZED, TD_INITIALIZED) },
	{}
};
MODULE_LEAVES(module_mem_leaves);
