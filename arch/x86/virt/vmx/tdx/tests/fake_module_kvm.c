// SPDX-License-Identifier: GPL-2.0
/* Fake SEAM: the fields of TDs and VCPUs that KVM reads and writes, and CPUID of TDs. */
#define pr_fmt(fmt)	"fake_seam: " fmt

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include <asm/cpuid/api.h>
#include <asm/vmx.h>

#include "fake_module_internal.h"

/* Bits that TDX fixes, whatever the CPU has: leaf and subleaf, bits that are 0 and that are 1 */
static const struct {
	u32 leaf;
	u32 subleaf;
	u64 fixed0[2];
	u64 fixed1[2];
} cpuid_fixed[] = {
	/* No VMX, SMX, MONITOR, DTES64, DS-CPL; x2APIC, AES, XSAVE, RDRAND, a hypervisor */
	{ 0x1, 0, { 0, 0x7c },
	  { 0, BIT_ULL(21) | BIT_ULL(25) | BIT_ULL(26) | BIT_ULL(30) | BIT_ULL(31) } },
	/* No SGX, TSC_ADJUST, MPX, RDT; no SGX_LC */
	{ 0x7, 0, { (BIT_ULL(1) | BIT_ULL(2) | BIT_ULL(12) | BIT_ULL(14) | BIT_ULL(15)) << 32,
		    BIT_ULL(30) }, { 0, 0 } },
	/* SYSCALL, NX, pages of 1 GB, RDTSCP, 64 bits */
	{ 0x80000001, 0, { 0, 0 },
	  { 0, (BIT_ULL(11) | BIT_ULL(20) | BIT_ULL(26) | BIT_ULL(27) | BIT_ULL(29)) << 32 } },
};

/* How many subleaves there are to read; 0: what the leaf says does not depend on ECX. */
static u32 nr_subleaves(u32 leaf)
{
	static const u8 nr[] = { [0x4] = 5, [0x7] = 3, [0xb] = 2, [0xd] = 19, [0x1f] = 6 };

	return leaf < ARRAY_SIZE(nr) ? nr[leaf] : 0;
}

/*
 * CPUID_VALUES. Bit 16: bit 31 of the leaf; 15:9: its bits 6:0; 8: it has no subleaves; 7:1: the
 * subleaf, all ones if there are none; 0: EAX and EBX, or ECX and EDX. The values are those of the
 * CPU, with the bits that TDX fixes and those that TD_PARAMS had.
 */
bool td_cpuid(const struct tdr *tdr, u64 field, u64 *value)
{
	u32 leaf = (field & BIT(16) ? BIT(31) : 0) | ((field >> 9) & GENMASK(6, 0));
	bool no_subleaf = field & BIT(8);
	u32 subleaf = no_subleaf ? 0 : (field >> 1) & GENMASK(6, 0);
	unsigned int eax, ebx, ecx, edx;

	if ((field & ~GENMASK_ULL(16, 0)) != SEAM_FIELD_CPUID_VALUES ||
	    (no_subleaf ? nr_subleaves(leaf) : subleaf >= nr_subleaves(leaf)) ||
	    (no_subleaf && (field & GENMASK_ULL(7, 1)) != GENMASK_ULL(7, 1)))
		return false;
	if ((leaf > 0xd && leaf != 0x1f && (leaf < BIT(31) || leaf > 0x80000008)) ||
	    leaf > cpuid_eax(leaf & BIT(31)))
		return false;

	cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx);
	*value = field & 1 ? (u64)edx << 32 | ecx : (u64)ebx << 32 | eax;

	for (int i = 0; i < ARRAY_SIZE(cpuid_fixed); i++) {
		if (cpuid_fixed[i].leaf != leaf || cpuid_fixed[i].subleaf != subleaf)
			continue;
		*value &= ~cpuid_fixed[i].fixed0[field & 1];
		*value |= cpuid_fixed[i].fixed1[field & 1];
	}
	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		u64 mask = cpuid_configs[i].mask[field & 1];

		if (cpuid_configs[i].leaf != (leaf | (no_subleaf ? NO_SUBLEAF : subleaf) << 32))
			continue;
		*value = (*value & ~mask) | ((const u64 *)tdr->cpuid[i])[field & 1];
	}
	return true;
}

/*
 * RCX: TDR, RDX: field; R8 out: its value. Assumption: a TSC multiplier of 1, as if the TD's
 * frequency was the CPU's.
 */
static u64 mng_rd(struct pt_regs *regs, struct tdr *tdr)
{
	u64 value = regs->dx == SEAM_FIELD_TSC_MULTIPLIER ? BIT_ULL(48) : 0;
	bool there = value || regs->dx == SEAM_FIELD_TSC_OFFSET || td_cpuid(tdr, regs->dx, &value);

	regs->r8 = value;
	return there ? SEAM_SUCCESS : SEAM_METADATA_FIELD_ID_INCORRECT;
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
static int vcpu_field(const struct pt_regs *regs, struct tdr *tdr, u64 *status)
{
	*status = vp_associate(tdr, __va(regs->cx));
	if (*status)
		return -1;

	for (int i = 0; i < NR_VCPU_FIELDS; i++)
		if (vcpu_fields[i].field == regs->dx)
			return i;
	*status = SEAM_METADATA_FIELD_ID_INCORRECT;
	return -1;
}

/* R8 out: the value */
static u64 vp_rd(struct pt_regs *regs, struct tdr *tdr)
{
	const struct tdvpr *vp = __va(regs->cx);
	u64 ret;
	int i = vcpu_field(regs, tdr, &ret);

	regs->r8 = i < 0 ? 0 : vp->fields[i];
	return ret;
}

/* R8: value, R9: which bits of it; R8 out: the old value. Other bits than the host's stay. */
static u64 vp_wr(struct pt_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->cx);
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
static u64 vp_enter(struct pt_regs *regs, struct tdr *tdr)
{
	u64 ret = vp_associate(tdr, __va(regs->cx));

	if (ret)
		return ret;
	pr_warn_once("no TD runs: as if all had triple faults\n");
	return SEAM_NON_RECOVERABLE_VCPU | EXIT_REASON_TRIPLE_FAULT;
}

static const struct module_leaf module_kvm_leaves[] __initconst = {
	{ SEAM_LEAF_VP_ENTER, vp_enter, LEAF_VP(RCX, TD_RUNNABLE, TD_RUNNABLE) },
	{ SEAM_LEAF_MNG_RD, mng_rd, LEAF_TD(RCX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_VP_RD, vp_rd, LEAF_VP(RCX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_VP_WR, vp_wr, LEAF_VP(RCX, TD_INITIALIZED, TD_RUNNABLE) },
	{}
};
MODULE_LEAVES(module_kvm_leaves);
