// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM, layer 3: TDs, from TDH.MNG.CREATE to the last TDH.PHYMEM.PAGE.RECLAIM.
 *
 * As in a real module, all that belongs to a TD is kept in the pages that the host gives
 * for it, so it survives an update of the module as the real thing does. Other than there,
 * nothing is encrypted: the TD's pages are readable, whatever KeyID they belong to.
 */
#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/cpufeature.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <crypto/sha2.h>

#include "fake_tdx.h"

#define NR_SEPT_ENTRIES		512
#define SEPT_PRESENT		BIT_ULL(0)
#define SEPT_LEAF		BIT_ULL(7)
#define SEPT_PENDING		BIT_ULL(57)	/* the TD has not accepted it */
#define SEPT_BLOCKED		BIT_ULL(58)
#define SEPT_STATE		(SEPT_PRESENT | SEPT_PENDING | SEPT_BLOCKED)
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
	struct list_head list;	/* in fake_tdx.tds */
	u16 hkid;
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
	u32 epoch;		/* TDH.MEM.TRACK counts it */
	u64 flushes;		/* fake_tdx.flushes after its TDH.MNG.VPFLUSHDONE */
	u32 cpuid[NR_CPUID_CONFIGS][4];
	u8 mrconfigid[FAKE_MRTD_SIZE];
	u8 mrtd[FAKE_MRTD_SIZE];
};

/* Fields of a VCPU that its host can write, and which of their bits */
static const struct {
	u64 field;
	u64 mask;
} vcpu_fields[] = {
	{ 0x0002, GENMASK_ULL(7, 0) },			/* posted interrupt vector */
	{ 0x2016, GENMASK_ULL(51, 6) },			/* posted interrupt descriptor */
	{ 0x203c, GENMASK_ULL(51, 12) },		/* shared EPT pointer */
	{ 0x4000, BIT_ULL(7) },				/* process posted interrupts */
	{ 0x401e, BIT_ULL(30) | BIT_ULL(31) },		/* bus lock, notify exiting */
	{ 0x4024, GENMASK_ULL(31, 0) },			/* notify window */
	{ 0x200000000000000b, BIT_ULL(0) },		/* pending NMI */
};

/* In the TDVPR page */
struct tdvpr {
	u64 tdr_pa;
	u32 nr_tdcx;
	bool initialized;
	int cpu;		/* that it is associated with, or -1 */
	u64 fields[ARRAY_SIZE(vcpu_fields)];
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

/* The same for leaves that need the TD's keys, its TDCS, and it in one of some states. */
static struct tdr *get_td_in(u64 pa, unsigned int operand, enum td_op_state first,
			     enum td_op_state last, u64 *status)
{
	struct tdr *tdr = get_tdr(pa, operand, status);

	if (!tdr)
		return NULL;

	if (tdr->lifecycle != TD_KEYS_CONFIGURED)
		*status = SEAM_LIFECYCLE_STATE_INCORRECT;
	else if (tdr->nr_tdcx < NR_TDCS_PAGES)
		*status = SEAM_TDCS_NOT_ALLOCATED;
	else if (tdr->op_state < first || tdr->op_state > last)
		*status = SEAM_OP_STATE_INCORRECT;
	else
		return tdr;
	return NULL;
}

static struct tdr *get_td(u64 pa, unsigned int operand, enum td_op_state op_state,
			  u64 *status)
{
	return get_td_in(pa, operand, op_state, op_state, status);
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

/* RCX: page for the TDR, RDX: KeyID, which no other TD may have */
static u64 mng_create(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	if (regs->rdx > U16_MAX)
		return invalid(SEAM_OPERAND_RDX);
	list_for_each_entry(tdr, &fake_tdx.tds, list)
		if (tdr->hkid == regs->rdx && tdr->lifecycle != TD_TEARDOWN)
			return SEAM_HKID_NOT_FREE | SEAM_OPERAND_RDX;

	ret = take_page(regs->rcx, PAMT_TDR, regs->rcx, SEAM_OPERAND_RCX);
	if (ret)
		return ret;

	BUILD_BUG_ON(sizeof(*tdr) > PAGE_SIZE);
	tdr = __va(regs->rcx);
	tdr->lifecycle = TD_HKID_ASSIGNED;
	tdr->hkid = regs->rdx;
	list_add_tail(&tdr->list, &fake_tdx.tds);
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

static bool is_zero(const void *data, size_t size)
{
	return !memchr_inv(data, 0, size);
}

/*
 * Are these parameters for a TD that the module can build? Assumption: ATTRIBUTES and XFAM
 * are free, but for the bits that every TD has.
 */
static bool params_are_good(const struct seam_td_params *params)
{
	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		const u64 *value = (const u64 *)params->cpuid[i];

		if ((value[0] & ~cpuid_configs[i].mask[0]) ||
		    (value[1] & ~cpuid_configs[i].mask[1]))
			return false;
	}

	return params->max_vcpus && params->max_vcpus <= MAX_VCPUS_PER_TD &&
	       (params->xfam & 3) == 3 &&
	       params->eptp_controls == SEAM_EPTP_4_LEVELS &&
	       !(params->config_flags & ~SEAM_CONFIG_FLAGS) &&
	       params->tsc_frequency >= SEAM_TSC_FREQUENCY_MIN &&
	       params->tsc_frequency <= SEAM_TSC_FREQUENCY_MAX &&
	       is_zero(params->reserved0, sizeof(params->reserved0)) &&
	       is_zero(params->reserved1, sizeof(params->reserved1)) &&
	       is_zero(params->reserved2, sizeof(params->reserved2)) &&
	       is_zero(params->cpuid[NR_CPUID_CONFIGS],
		       sizeof(params->cpuid) - NR_CPUID_CONFIGS * sizeof(params->cpuid[0]));
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
	if (!params || !params_are_good(params))
		return invalid(SEAM_OPERAND_RDX);

	tdr->max_vcpus = params->max_vcpus;
	memcpy(tdr->cpuid, params->cpuid, sizeof(tdr->cpuid));
	memcpy(tdr->mrconfigid, params->mrconfigid, sizeof(tdr->mrconfigid));
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

/* A VCPU belongs to one CPU at a time: the first to touch it, until TDH.VP.FLUSH there. */
static u64 associate(struct tdr *tdr, struct tdvpr *vp)
{
	if (vp->cpu == smp_processor_id())
		return SEAM_SUCCESS;
	if (vp->cpu >= 0)
		return SEAM_VCPU_ASSOCIATED;

	vp->cpu = smp_processor_id();
	tdr->nr_associated++;
	return SEAM_SUCCESS;
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
	tdr->nr_vcpus++;
	return associate(tdr, vp);
}

static int vcpu_field(u64 field)
{
	for (int i = 0; i < ARRAY_SIZE(vcpu_fields); i++)
		if (vcpu_fields[i].field == field)
			return i;
	return -1;
}

/*
 * RCX: TDVPR, RDX: field; R8 out: its value. Or, if @write, R8: value, R9: which bits of it;
 * R8 out: the old value.
 */
static u64 vp_rd_wr(struct seam_regs *regs, bool write)
{
	int i = vcpu_field(regs->rdx);
	struct tdvpr *vp;
	struct tdr *tdr;
	u64 old, ret;

	vp = get_vp(regs->rcx, SEAM_OPERAND_RCX, &tdr, &ret);
	if (!vp)
		return ret;
	if (!vp->initialized)
		return SEAM_VCPU_STATE_INCORRECT;
	ret = associate(tdr, vp);
	if (ret)
		return ret;
	if (i < 0) {
		regs->r8 = 0;
		return write ? SEAM_METADATA_FIELD_NOT_WRITABLE :
			       SEAM_METADATA_FIELD_NOT_READABLE;
	}

	/* Assumption: bits that are not the host's must stay as they are. */
	old = vp->fields[i];
	if (write) {
		if ((regs->r8 ^ old) & regs->r9 & ~vcpu_fields[i].mask)
			return invalid(SEAM_OPERAND_R8);
		vp->fields[i] = (old & ~regs->r9) | (regs->r8 & regs->r9);
	}
	regs->r8 = old;
	return SEAM_SUCCESS;
}

#define FIELD_TSC_OFFSET		0x110000000000000a
#define FIELD_TSC_MULTIPLIER		0x110000000000000b
#define FIELD_CPUID_VALUES		0x9410000300000000
#define FIELD_CPUID_NO_SUBLEAF		GENMASK_ULL(8, 1)
#define TSC_MULTIPLIER_ONE		BIT_ULL(48)

/*
 * Bit 16: bit 31 of the leaf; 15:9: its bits 6:0; 8:1: there is no subleaf; 0: EAX and EBX,
 * or ECX and EDX. There are leaf 0, the ones that can be configured, and what leads there.
 */
static bool td_cpuid(const struct tdr *tdr, u64 field, u64 *value)
{
	u32 leaf = (field & BIT(16) ? BIT(31) : 0) | ((field >> 9) & GENMASK(6, 0));
	u32 max = 0;

	if ((field & FIELD_CPUID_NO_SUBLEAF) != FIELD_CPUID_NO_SUBLEAF)
		return false;

	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		u32 config = cpuid_configs[i].leaf;

		if (config == leaf) {
			*value = ((const u64 *)tdr->cpuid[i])[field & 1];
			return true;
		}
		if (config >> 31 == leaf >> 31 && config > max)
			max = config;
	}
	*value = field & 1 ? 0 : max;
	return !(leaf & ~BIT(31));
}

/* RCX: TDR, RDX: field; R8 out: its value */
static u64 mng_rd(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_td_in(regs->rcx, SEAM_OPERAND_RCX, TD_INITIALIZED, TD_RUNNABLE, &ret);
	if (!tdr)
		return ret;

	if (regs->rdx == FIELD_TSC_OFFSET) {
		regs->r8 = 0;
		return SEAM_SUCCESS;
	}
	/* Assumption: as if the TD's frequency was the CPU's. */
	if (regs->rdx == FIELD_TSC_MULTIPLIER) {
		regs->r8 = TSC_MULTIPLIER_ONE;
		return SEAM_SUCCESS;
	}
	if ((regs->rdx & ~GENMASK_ULL(16, 0)) == FIELD_CPUID_VALUES &&
	    td_cpuid(tdr, regs->rdx, &regs->r8))
		return SEAM_SUCCESS;

	regs->r8 = 0;
	return SEAM_METADATA_FIELD_NOT_READABLE;
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
		if ((*entry & SEPT_STATE) != SEPT_PRESENT || (*entry & SEPT_LEAF))
			return NULL;
		table = __va(*entry & SEPT_PA_MASK);
	}
}

/*
 * The entry of @gpa at @level if the bits of @mask in it are @state, as the leaf wants them.
 * Or NULL, with the reason in @status and, as in every failure that concerns the secure EPT,
 * the entry in RCX and its level in RDX.
 */
static u64 *sept_entry(struct seam_regs *regs, const struct tdr *tdr, u64 gpa, int level,
		       u64 mask, u64 state, u64 *status)
{
	u64 *entry = sept_walk(tdr, gpa, level);

	if (entry && (*entry & mask) == state)
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

	entry = sept_entry(regs, tdr, gpa, level, SEPT_STATE, 0, &ret);
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

	entry = sept_entry(regs, tdr, gpa, 0, SEPT_STATE, 0, &ret);
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

/* RCX: GPA, RDX: TDR, R8: page to take. Only after the build; the TD would accept it. */
static u64 mem_page_aug(struct seam_regs *regs)
{
	u64 gpa = regs->rcx;
	struct tdr *tdr;
	u64 *entry;
	u64 ret;

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >> SEPT_GPA_BITS)
		return invalid(SEAM_OPERAND_RCX);
	tdr = get_td(regs->rdx, SEAM_OPERAND_RDX, TD_RUNNABLE, &ret);
	if (!tdr)
		return ret;

	entry = sept_entry(regs, tdr, gpa, 0, SEPT_STATE, 0, &ret);
	if (!entry)
		return ret;

	ret = take_page(regs->r8, PAMT_REG, regs->rdx, SEAM_OPERAND_R8);
	if (ret)
		return ret;
	*entry = regs->r8 | SEPT_PRESENT | SEPT_LEAF | SEPT_PENDING;
	return SEAM_SUCCESS;
}

/* RCX: GPA, and in bits 2:0 the level of the entry, RDX: TDR */
static u64 mem_range_block(struct seam_regs *regs)
{
	int level = regs->rcx & 7;
	u64 gpa = regs->rcx & PAGE_MASK;
	struct tdr *tdr;
	u64 *entry;
	u64 ret;

	if (level > SEPT_ROOT_LEVEL || gpa >> SEPT_GPA_BITS ||
	    !IS_ALIGNED(gpa, 1ULL << (PAGE_SHIFT + 9 * level)))
		return invalid(SEAM_OPERAND_RCX);
	tdr = get_td_in(regs->rdx, SEAM_OPERAND_RDX, TD_INITIALIZED, TD_RUNNABLE, &ret);
	if (!tdr)
		return ret;

	entry = sept_entry(regs, tdr, gpa, level, SEPT_PRESENT | SEPT_BLOCKED, SEPT_PRESENT,
			   &ret);
	if (!entry)
		return ret;
	*entry |= SEPT_BLOCKED;
	pamt_lookup(*entry & SEPT_PA_MASK)->blocked_epoch = tdr->epoch;
	return SEAM_SUCCESS;
}

/* RCX: TDR. No VCPU ever runs here, so none can hold the last epoch. */
static u64 mem_track(struct seam_regs *regs)
{
	struct tdr *tdr;
	u64 ret;

	tdr = get_td_in(regs->rcx, SEAM_OPERAND_RCX, TD_INITIALIZED, TD_RUNNABLE, &ret);
	if (!tdr)
		return ret;
	tdr->epoch++;
	return SEAM_SUCCESS;
}

/*
 * RCX: GPA, and in bits 2:0 the level of the entry, RDX: TDR. Assumption: before it is
 * finalized, a TD has no TLB entry that would have to be tracked.
 */
static u64 mem_page_remove(struct seam_regs *regs)
{
	u64 gpa = regs->rcx & PAGE_MASK;
	struct pamt_entry *pamt;
	struct tdr *tdr;
	u64 *entry;
	u64 ret;

	if ((regs->rcx & ~PAGE_MASK) || gpa >> SEPT_GPA_BITS)
		return invalid(SEAM_OPERAND_RCX);
	tdr = get_td_in(regs->rdx, SEAM_OPERAND_RDX, TD_INITIALIZED, TD_RUNNABLE, &ret);
	if (!tdr)
		return ret;

	entry = sept_entry(regs, tdr, gpa, 0, SEPT_BLOCKED, SEPT_BLOCKED, &ret);
	if (!entry)
		return ret;
	pamt = pamt_lookup(*entry & SEPT_PA_MASK);
	if (tdr->op_state == TD_RUNNABLE && tdr->epoch == pamt->blocked_epoch)
		return SEAM_TLB_TRACKING_NOT_DONE | SEAM_OPERAND_RCX;

	*entry = 0;
	*pamt = (struct pamt_entry) {};
	tdr->nr_pages--;
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

	entry = sept_entry(regs, tdr, gpa, 0, SEPT_STATE, SEPT_PRESENT, &ret);
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
	tdr->flushes = ++fake_tdx.flushes;
	end_build(tdr);
	return SEAM_SUCCESS;
}

static unsigned int package_of(unsigned int cpu)
{
	return topology_logical_package_id(cpu) % MAX_PACKAGES;
}

/* RCX: TDR. Every package has done TDH.PHYMEM.CACHE.WB before; here, every one online. */
static u64 mng_key_freeid(struct seam_regs *regs)
{
	unsigned int cpu;
	struct tdr *tdr;
	u64 ret;

	tdr = get_tdr(regs->rcx, SEAM_OPERAND_RCX, &ret);
	if (!tdr)
		return ret;
	if (tdr->lifecycle != TD_BLOCKED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	for_each_online_cpu(cpu)
		if (fake_tdx.written_back[package_of(cpu)] < tdr->flushes)
			return SEAM_WBCACHE_NOT_COMPLETE;

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

	if (entry->type == PAMT_TDR)
		list_del(&tdr->list);
	else
		tdr->nr_pages--;
	regs->rcx = entry->type;
	regs->rdx = entry->owner;
	regs->r8 = 0;
	*entry = (struct pamt_entry) {};
	return SEAM_SUCCESS;
}

/*
 * RCX: 0, or 1 to go on after an interruption, which there is none of. The memory here is of
 * one kind, so there is nothing to write back, but the order of things counts.
 */
static u64 phymem_cache_wb(struct seam_regs *regs)
{
	u64 *written_back = &fake_tdx.written_back[package_of(smp_processor_id())];

	if (regs->rcx)
		return invalid(SEAM_OPERAND_RCX);
	if (*written_back == fake_tdx.flushes)
		return SEAM_NO_HKID_READY_TO_WBCACHE;
	*written_back = fake_tdx.flushes;
	return SEAM_SUCCESS;
}

/* RCX: page, with a KeyID in the high bits of its address. It must be no TD's any more. */
static u64 phymem_page_wbinvd(struct seam_regs *regs)
{
	u64 pa = regs->rcx & GENMASK_ULL(boot_cpu_data.x86_phys_bits - 1, 0);
	const struct pamt_entry *entry = pamt_lookup(pa);

	if (!entry)
		return invalid(SEAM_OPERAND_RCX);
	if (entry->type != PAMT_NDA)
		return SEAM_PAGE_METADATA_INCORRECT | SEAM_OPERAND_RCX;
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
	case SEAM_LEAF_VP_RD:
		return vp_rd_wr(regs, false);
	case SEAM_LEAF_VP_WR:
		return vp_rd_wr(regs, true);
	case SEAM_LEAF_MNG_RD:
		return mng_rd(regs);
	case SEAM_LEAF_MEM_SEPT_ADD:
		return mem_sept_add(regs);
	case SEAM_LEAF_MEM_PAGE_ADD:
		return mem_page_add(regs);
	case SEAM_LEAF_MEM_PAGE_AUG:
		return mem_page_aug(regs);
	case SEAM_LEAF_MEM_RANGE_BLOCK:
		return mem_range_block(regs);
	case SEAM_LEAF_MEM_TRACK:
		return mem_track(regs);
	case SEAM_LEAF_MEM_PAGE_REMOVE:
		return mem_page_remove(regs);
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
 * fake_module_get_tds() - Look at all TDs at one moment, whoever has built them.
 * @infos: filled in, the oldest TD first.
 * @max: number of elements of @infos.
 *
 * Return: the number of TDs that there are. If it is more than @max, the newest are missing.
 */
unsigned int fake_module_get_tds(struct fake_td_info *infos, unsigned int max)
{
	const struct tdr *tdr;
	unsigned int nr = 0;

	guard(raw_spinlock_irqsave)(&fake_tdx.lock);

	list_for_each_entry(tdr, &fake_tdx.tds, list) {
		if (nr++ >= max)
			continue;
		memcpy(infos->mrconfigid, tdr->mrconfigid, FAKE_MRTD_SIZE);
		infos->finalized = tdr->op_state == TD_RUNNABLE;
		memcpy(infos->mrtd, tdr->mrtd, FAKE_MRTD_SIZE);
		infos++;
	}
	return nr;
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
