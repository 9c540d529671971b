// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: TDH.VP.ENTER, and what becomes of the exits of a TD.
 *
 * Which exits are the module's own business, which are a #VE for the TD and which leave to the
 * host, and with what in the registers, is as in the module's public source. An exit that is not
 * here ends the TD.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/insn-eval.h>
#include <asm/shared/tdx.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "fake_module_run.h"

/* Extended exit qualification of an EPT violation: the page is pending */
#define EXTENDED_PENDING	6

#define CPUID_TDX		0x21	/* the highest leaf, which says that this is a TD */

#define TDCALL_LENGTH		4

static unsigned long *host_gpr(const struct tdvpr *vp, enum gpr n)
{
	return (void *)vp->regs + pt_regs_offset(vp->regs, n);
}

/* The functions below return true if the VCPU leaves to the host, false if it goes on. */

/* The other registers are 0, so nothing of the TD's is in them. */
static bool td_exit(struct tdvpr *vp, u64 status, u64 rcx)
{
	*vp->regs = (struct pt_regs) { .ax = status, .cx = rcx, .bp = vp->regs->bp };
	return true;
}

static bool skip_instruction(unsigned int length)
{
	vmcs_write(GUEST_RIP, vmcs_read(GUEST_RIP) + length);
	vmcs_write(GUEST_INTERRUPTIBILITY_INFO, vmcs_read(GUEST_INTERRUPTIBILITY_INFO) &
		   ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS));
	return false;
}

static bool inject(u8 vector)
{
	bool has_code = vector == X86_TRAP_DF || vector == X86_TRAP_GP;

	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, vector | INTR_TYPE_HARD_EXCEPTION |
		   (has_code ? INTR_INFO_DELIVER_CODE_MASK : 0) | INTR_INFO_VALID_MASK);
	vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
	return false;
}

/* TDG.VP.VEINFO.GET tells the TD more. One that has not asked about the last #VE gets a #DF. */
static bool inject_ve(struct tdvpr *vp, u32 reason, u64 qualification, u64 gpa)
{
	if (vp->ve[0])
		return inject(X86_TRAP_DF);

	vp->ve[0] = reason;
	vp->ve[1] = qualification;
	vp->ve[2] = reason == EXIT_REASON_EPT_VIOLATION ? vmcs_read(GUEST_LINEAR_ADDRESS) : 0;
	vp->ve[3] = gpa;
	vp->ve[4] = vmcs_read(VM_EXIT_INSTRUCTION_LEN) | vmcs_read(VMX_INSTRUCTION_INFO) << 32;
	return inject(X86_TRAP_VE);
}

/* The TD wants an address that it cannot have: itself, or a TDCALL for it. */
static bool ept_violation(struct tdvpr *vp, u64 gpa, u64 qualification)
{
	bool pending = td_va(vp->tdr, gpa, true);
	bool ve = gpa >> SEPT_GPA_BITS ? td_gpa_is_ve(vp->tdr, gpa) :
		  pending && !(vp->tdr->params.attributes & TDX_TD_ATTR_SEPT_VE_DISABLE);

	if (ve)
		return inject_ve(vp, EXIT_REASON_EPT_VIOLATION, qualification, gpa);
	/* Bits 12:7 are about the TD's own tables. */
	td_exit(vp, EXIT_REASON_EPT_VIOLATION, qualification & ~GENMASK_ULL(12, 7));
	vp->regs->dx = pending ? EXTENDED_PENDING : 0;
	vp->regs->r8 = gpa & PAGE_MASK;
	return true;
}

/* TDG.VP.VMCALL: to the host, with the registers that RCX names. */
static bool vmcall(struct tdvpr *vp)
{
	u64 *gprs = vp->gprs;

	skip_instruction(TDCALL_LENGTH);
	/* RAX, RCX, RSP and RBP are not to be passed. XMM registers are not for KVM. */
	if (gprs[RCX] & ~(GENMASK_ULL(15, 6) | BIT_ULL(RDX) | BIT_ULL(RBX))) {
		gprs[RAX] = operand_invalid(SEAM_OPERAND_RCX);
		return false;
	}
	td_exit(vp, EXIT_REASON_TDCALL, gprs[RCX]);
	for (enum gpr n = 0; n < NR_GPRS; n++)
		if (gprs[RCX] & BIT(n))
			*host_gpr(vp, n) = gprs[n];
	vp->vmcall = gprs[RCX];
	return true;
}

static bool invalid_opcode(struct tdvpr *vp)
{
	u64 status;

	if (!is_tdcall(vp->tdr))
		return inject(X86_TRAP_UD);
	if (VMX_AR_DPL(vmcs_read(GUEST_SS_AR_BYTES)))
		return inject(X86_TRAP_GP);
	if (vp->gprs[RAX] == TDG_VP_VMCALL)
		return vmcall(vp);

	status = td_call(vp);
	/* The TDCALL is made again then. */
	if (status >= TD_NO_ACCESS)
		return ept_violation(vp, status & ~TD_NO_ACCESS, EPT_VIOLATION_ACC_WRITE);
	vp->gprs[RAX] = status;
	return skip_instruction(TDCALL_LENGTH);
}

static bool set_xcr0(struct tdvpr *vp)
{
	const u64 *gprs = vp->gprs;
	u64 value = (u32)gprs[RAX] | gprs[RDX] << 32;

	if ((u32)gprs[RCX] || !xcr0_is_good(value) || (value & ~vp->tdr->params.xfam))
		return inject(X86_TRAP_GP);
	vp->xcr0 = value;
	return skip_instruction(vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

/* CPUID as the host can read it, but for what depends on the TD */
static bool run_cpuid(struct tdvpr *vp)
{
	u64 *gprs = vp->gprs;
	u32 leaf = gprs[RAX];
	u32 subleaf = min_t(u32, gprs[RCX], 0x7f);	/* which no leaf has */
	u64 field = SEAM_FIELD_CPUID_VALUES | leaf >> 31 << 16 | (leaf & 0x7f) << 9;
	u64 values[2] = {};
	u32 *regs = (u32 *)values;	/* EAX, EBX, ECX, EDX */

	if (leaf == CPUID_TDX) {
		if (!subleaf)
			memcpy(&regs[1], "Inte    lTDX", 12);
	} else {
		/* Without subleaves, whatever is in ECX, or with them */
		for (int i = 0; i < 2; i++)
			if ((leaf & ~(BIT(31) | 0x7f)) ||
			    (!td_cpuid(vp->tdr, field | GENMASK(8, 1) | i, &values[i]) &&
			     !td_cpuid(vp->tdr, field | subleaf << 1 | i, &values[i])))
				return inject_ve(vp, EXIT_REASON_CPUID, 0, 0);
		if (leaf == 0)
			regs[0] = CPUID_TDX;
		/* OSXSAVE */
		if (leaf == 1 && !(vmcs_read(GUEST_CR4) & X86_CR4_OSXSAVE))
			regs[2] &= ~BIT(27);
	}
	gprs[RAX] = regs[0];
	gprs[RBX] = regs[1];
	gprs[RCX] = regs[2];
	gprs[RDX] = regs[3];
	return skip_instruction(vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

static bool handle_exit(struct tdvpr *vp)
{
	u64 qualification = vmcs_read(EXIT_QUALIFICATION);
	u64 intr_info = vmcs_read(VM_EXIT_INTR_INFO);
	u32 reason = vmcs_read(VM_EXIT_REASON);

	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		if ((intr_info & INTR_INFO_VECTOR_MASK) == X86_TRAP_UD)
			return invalid_opcode(vp);
		fallthrough;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		td_exit(vp, reason, qualification);
		vp->regs->r9 = intr_info;
		return true;
	case EXIT_REASON_EPT_VIOLATION:
		return ept_violation(vp, vmcs_read(GUEST_PHYSICAL_ADDRESS), qualification);
	case EXIT_REASON_TRIPLE_FAULT:
		vp->disabled = true;
		return td_exit(vp, SEAM_NON_RECOVERABLE_VCPU | reason, qualification);
	case EXIT_REASON_CPUID:
		return run_cpuid(vp);
	case EXIT_REASON_XSETBV:
		return set_xcr0(vp);
	case EXIT_REASON_HLT:
	case EXIT_REASON_INVD:
	case EXIT_REASON_VMCALL:
	case EXIT_REASON_IO_INSTRUCTION ... EXIT_REASON_MSR_WRITE:
	case EXIT_REASON_WBINVD:
		return inject_ve(vp, reason, qualification, 0);
	case EXIT_REASON_VMCLEAR ... EXIT_REASON_VMON:
	case EXIT_REASON_MWAIT_INSTRUCTION:
	case EXIT_REASON_MONITOR_INSTRUCTION:
	case EXIT_REASON_INVEPT:
	case EXIT_REASON_INVVPID:
		return inject(X86_TRAP_UD);
	case EXIT_REASON_RDPMC:
	case EXIT_REASON_CR_ACCESS:
		return inject(X86_TRAP_GP);
	}
	return td_exit(vp, SEAM_NON_RECOVERABLE_TD | reason, qualification);
}

/*
 * TDH.VP.ENTER. RCX: TDVPR; the other registers are the answer to the last TDG.VP.VMCALL. Out: RAX
 * with the exit reason in bits 31:0.
 *
 * Interrupts are off. Other CPUs use the module meanwhile, but none can shut it down.
 */
u64 vp_run(struct pt_regs *regs, struct tdr *tdr)
	__must_hold(&fake_module.lock)
{
	struct tdvpr *vp = __va(regs->cx);
	bool launched;

	if (vp->disabled)
		return SEAM_VCPU_STATE_INCORRECT;

	vp->tdr = tdr;
	vp->regs = regs;
	for (enum gpr n = 0; n < NR_GPRS; n++)
		if (vp->vmcall & BIT(n))
			vp->gprs[n] = *host_gpr(vp, n);
	vp->vmcall = 0;
	vp_load(vp);
	do {
		raw_spin_unlock(&fake_module.lock);
		launched = vp_launch(vp);
		raw_spin_lock(&fake_module.lock);
	} while (!(launched ? handle_exit(vp) : td_exit(vp, SEAM_NON_RECOVERABLE_TD, 0)));
	vp_put(vp);
	return regs->ax;
}
