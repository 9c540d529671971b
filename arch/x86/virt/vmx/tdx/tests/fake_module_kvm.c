// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the fields of TDs and VCPUs that KVM reads and writes.
 */
#define pr_fmt(fmt)	"fake_seam: " fmt

#include <linux/array_size.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include <asm/vmx.h>

#include "fake_module_internal.h"

#define TSC_MULTIPLIER_ONE		BIT_ULL(48)

static bool td_field(const struct tdr *tdr, u64 field, u64 *value)
{
	switch (field) {
	case SEAM_FIELD_TSC_OFFSET:
		*value = 0;
		return true;
	case SEAM_FIELD_TSC_MULTIPLIER:
		/* Assumption: as if the TD's frequency was the CPU's. */
		*value = TSC_MULTIPLIER_ONE;
		return true;
	}
	return (field & ~GENMASK_ULL(16, 0)) == SEAM_FIELD_CPUID_VALUES &&
	       td_cpuid(tdr, field, value);
}

/* RCX: TDR, RDX: field; R8 out: its value */
static u64 mng_rd(struct seam_regs *regs, struct tdr *tdr)
{
	if (td_field(tdr, regs->rdx, &regs->r8))
		return SEAM_SUCCESS;

	regs->r8 = 0;
	return SEAM_METADATA_FIELD_ID_INCORRECT;
}

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

static_assert(ARRAY_SIZE(vcpu_fields) == NR_VCPU_FIELDS);

/* RCX: TDVPR, RDX: field. Makes the VCPU this CPU's if it has none. Index, or -1 with a status. */
static int vcpu_field(const struct seam_regs *regs, struct tdr *tdr, u64 *status)
{
	struct tdvpr *vp = __va(regs->rcx);

	*status = vp->initialized ? vp_associate(tdr, vp) : SEAM_VCPU_STATE_INCORRECT;
	if (*status)
		return -1;

	for (int i = 0; i < NR_VCPU_FIELDS; i++)
		if (vcpu_fields[i].field == regs->rdx)
			return i;
	*status = SEAM_METADATA_FIELD_ID_INCORRECT;
	return -1;
}

/* R8 out: the value */
static u64 vp_rd(struct seam_regs *regs, struct tdr *tdr)
{
	const struct tdvpr *vp = __va(regs->rcx);
	u64 ret;
	int i = vcpu_field(regs, tdr, &ret);

	regs->r8 = i < 0 ? 0 : vp->fields[i];
	return ret;
}

/* R8: value, R9: which bits of it; R8 out: the old value. Other bits than the host's stay. */
static u64 vp_wr(struct seam_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->rcx);
	u64 ret, old;
	int i = vcpu_field(regs, tdr, &ret);

	if (i < 0)
		return ret;

	old = vp->fields[i];
	if ((regs->r8 ^ old) & regs->r9 & ~vcpu_fields[i].mask)
		return SEAM_METADATA_FIELD_VALUE_NOT_VALID;
	vp->fields[i] = (old & ~regs->r9) | (regs->r8 & regs->r9);
	regs->r8 = old;
	return SEAM_SUCCESS;
}

/* RCX: TDVPR. No TD runs: it ends as with a triple fault, which VMMs know what to do about. */
static u64 vp_enter(struct seam_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->rcx);
	u64 ret = vp->initialized ? vp_associate(tdr, vp) : SEAM_VCPU_STATE_INCORRECT;

	if (ret)
		return ret;
	pr_warn_once("no TD runs: as if all had triple faults\n");
	return SEAM_NON_RECOVERABLE_VCPU | EXIT_REASON_TRIPLE_FAULT;
}

static const struct module_leaf module_kvm_leaves[] = {
	{ SEAM_LEAF_VP_ENTER, LEAF_VP(RCX, TD_RUNNABLE, TD_RUNNABLE), .call = vp_enter },
	{ SEAM_LEAF_MNG_RD, LEAF_TD(RCX, TD_INITIALIZED, TD_RUNNABLE), .call = mng_rd },
	{ SEAM_LEAF_VP_RD, LEAF_VP(RCX, TD_INITIALIZED, TD_RUNNABLE), .call = vp_rd },
	{ SEAM_LEAF_VP_WR, LEAF_VP(RCX, TD_INITIALIZED, TD_RUNNABLE), .call = vp_wr },
	{}
};

static int __init fake_module_kvm_init(void)
{
	fake_module_add_leaves(module_kvm_leaves);
	return 0;
}
pure_initcall(fake_module_kvm_init);
