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

#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "fake_module_run.h"

/* Registers that the host shares with a TD: all but RAX, RCX, RSP and RBP */
#define SHARED_GPRS		(GENMASK_ULL(15, 6) | BIT_ULL(RDX) | BIT_ULL(RBX))

/* Bits of the exit qualification of an EPT violation that the host does not get */
#define QUALIFICATION_OF_TD	GENMASK_ULL(12, 7)

/* Extended exit qualifications of EPT violations: TDG.MEM.PAGE.ACCEPT; a page that is pending */
#define EXTENDED_ACCEPT		1
#define EXTENDED_PENDING	6

#define CPUID_TDX		0x21	/* the highest leaf, which says that this is a TD */

#define TDCALL_LENGTH		4

#define GPR(_name)		offsetof(struct pt_regs, _name)

/* A register of the host */
static unsigned long *host_gpr(const struct vp_entry *e, enum gpr n)
{
	static const u8 offsets[NR_GPRS] = {
		GPR(ax), GPR(cx), GPR(dx), GPR(bx), GPR(sp), GPR(bp), GPR(si), GPR(di),
		GPR(r8), GPR(r9), GPR(r10), GPR(r11), GPR(r12), GPR(r13), GPR(r14), GPR(r15),
	};

	return (void *)e->regs + offsets[n];
}

/* The functions below return true if the VCPU leaves to the host, false if it goes on. */

/* The other registers are 0, so nothing of the TD's is in them. */
static bool td_exit(struct vp_entry *e, u64 status, u64 qualification, u64 extended, u64 gpa,
		    u64 intr_info)
{
	for (enum gpr n = 0; n < NR_GPRS; n++)
		if (n != RSP && n != RBP)
			*host_gpr(e, n) = 0;
	e->regs->cx = qualification;
	e->regs->dx = extended;
	e->regs->r8 = gpa;
	e->regs->r9 = intr_info;
	e->status = status;
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
static bool inject_ve(struct vp_state *s, u32 reason, u64 qualification, u64 gpa)
{
	bool gla_valid = reason == EXIT_REASON_EPT_VIOLATION;
	const u64 ve[] = {
		reason, qualification, gla_valid ? vmcs_read(GUEST_LINEAR_ADDRESS) : 0, gpa,
		vmcs_read(VM_EXIT_INSTRUCTION_LEN) | vmcs_read(VMX_INSTRUCTION_INFO) << 32,
	};

	if (s->ve_valid)
		return inject(X86_TRAP_DF);
	s->ve_valid = true;
	memcpy(s->ve, ve, sizeof(ve));
	return inject(X86_TRAP_VE);
}

/* Would the CPU make a #VE of this, by the host's tables for shared addresses? */
static bool shared_is_ve(const struct tdr *tdr, u64 gpa)
{
	const u64 *table = __va(tdr->tdcx[TDCS_SEPT_ROOT]);

	for (int level = 3; ; level--) {
		u64 entry = READ_ONCE(table[(gpa >> (PAGE_SHIFT + 9 * level)) % 512]);

		if (!level || !(entry & VMX_EPT_RWX_MASK) || (entry & _PAGE_PSE))
			return !(entry & VMX_EPT_SUPPRESS_VE_BIT);
		table = __va(entry & GENMASK_ULL(51, 12));
	}
}

/* The TD wants an address that it cannot have: itself, or a TDCALL for it. */
static bool ept_violation(struct vp_entry *e, u64 gpa, u64 qualification, u64 extended)
{
	bool ve = false;
	void *va;

	if (gpa >> TD_SHARED_BIT) {
		ve = shared_is_ve(e->tdr, gpa);
	} else if (td_gpa(e->tdr, gpa, 0, &va) == TD_GPA_PENDING) {
		ve = !(e->tdr->params.attributes & SEAM_ATTRIBUTES_SEPT_VE_DISABLE);
		extended = EXTENDED_PENDING;
	}
	if (ve)
		return inject_ve(e->state, EXIT_REASON_EPT_VIOLATION, qualification, gpa);
	return td_exit(e, EXIT_REASON_EPT_VIOLATION, qualification & ~QUALIFICATION_OF_TD,
		       extended, gpa & PAGE_MASK, 0);
}

/* TDG.VP.VMCALL: to the host, with the registers that RCX names. */
static bool vmcall(struct vp_entry *e)
{
	u64 *gprs = e->state->gprs;

	skip_instruction(TDCALL_LENGTH);
	/* XMM registers are not for KVM, nor is RBP. */
	if (gprs[RCX] & ~SHARED_GPRS) {
		gprs[RAX] = operand_invalid(SEAM_OPERAND_RCX);
		return false;
	}
	td_exit(e, EXIT_REASON_TDCALL, gprs[RCX], 0, 0, 0);
	for (enum gpr n = 0; n < NR_GPRS; n++)
		if (gprs[RCX] & BIT(n))
			*host_gpr(e, n) = gprs[n];
	e->state->vmcall = true;
	return true;
}

/* What the host has put into the registers that TDG.VP.VMCALL named is its answer. RAX is 0. */
static void end_vmcall(struct vp_entry *e)
{
	u64 *gprs = e->state->gprs;

	for (enum gpr n = 0; e->state->vmcall && n < NR_GPRS; n++)
		if (gprs[RCX] & BIT(n))
			gprs[n] = *host_gpr(e, n);
	e->state->vmcall = false;
}

static bool invalid_opcode(struct vp_entry *e)
{
	u64 *gprs = e->state->gprs;
	u64 status;

	if (!is_tdcall(e->tdr))
		return inject(X86_TRAP_UD);
	if (VMX_AR_DPL(vmcs_read(GUEST_SS_AR_BYTES)))
		return inject(X86_TRAP_GP);
	if (gprs[RAX] == TDG_VP_VMCALL)
		return vmcall(e);

	status = td_call(e);
	/* The TDCALL is made again then. */
	if (status == TD_NO_ACCESS)
		return ept_violation(e, e->gpa, EPT_VIOLATION_ACC_WRITE,
				     gprs[RAX] == TDG_MEM_PAGE_ACCEPT ? EXTENDED_ACCEPT : 0);
	gprs[RAX] = status;
	return skip_instruction(TDCALL_LENGTH);
}

static bool set_xcr0(struct vp_entry *e)
{
	u64 value = (u32)e->state->gprs[RAX] | e->state->gprs[RDX] << 32;

	if ((u32)e->state->gprs[RCX] || !xcr0_is_good(value) || (value & ~e->tdr->params.xfam))
		return inject(X86_TRAP_GP);
	e->state->xcr0 = value;
	return skip_instruction(vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

/* CPUID as the host can read it, but for what depends on the TD */
static bool run_cpuid(struct vp_entry *e)
{
	u32 leaf = e->state->gprs[RAX];
	u32 subleaf = min_t(u32, e->state->gprs[RCX], 0x7f);	/* which no leaf has */
	u64 field = SEAM_FIELD_CPUID_VALUES | leaf >> 31 << 16 | (leaf & 0x7f) << 9;
	u64 values[2] = {};

	if (leaf == CPUID_TDX) {
		/* EBX, ECX, EDX */
		if (!subleaf)
			memcpy((u32 *)values + 1, "Inte    lTDX", 12);
	} else {
		/* Without subleaves, whatever is in ECX, or with them */
		for (int i = 0; i < 2; i++)
			if ((leaf & ~(BIT(31) | 0x7f)) ||
			    (!td_cpuid(e->tdr, field | GENMASK(8, 1) | i, &values[i]) &&
			     !td_cpuid(e->tdr, field | subleaf << 1 | i, &values[i])))
				return inject_ve(e->state, EXIT_REASON_CPUID, 0, 0);
		if (leaf == 0)
			values[0] = (values[0] & ~0xffffffffULL) | CPUID_TDX;
		/* OSXSAVE */
		if (leaf == 1)
			values[1] = (values[1] & ~BIT_ULL(27)) |
				    (vmcs_read(GUEST_CR4) & X86_CR4_OSXSAVE ? BIT_ULL(27) : 0);
	}
	e->state->gprs[RAX] = (u32)values[0];
	e->state->gprs[RBX] = values[0] >> 32;
	e->state->gprs[RCX] = (u32)values[1];
	e->state->gprs[RDX] = values[1] >> 32;
	return skip_instruction(vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

static bool handle_exit(struct vp_entry *e)
{
	u64 qualification = vmcs_read(EXIT_QUALIFICATION);
	u64 intr_info = vmcs_read(VM_EXIT_INTR_INFO);
	u32 reason = vmcs_read(VM_EXIT_REASON);

	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		if ((intr_info & (INTR_INFO_INTR_TYPE_MASK | INTR_INFO_VECTOR_MASK)) ==
		    (INTR_TYPE_HARD_EXCEPTION | X86_TRAP_UD))
			return invalid_opcode(e);
		fallthrough;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		return td_exit(e, reason, qualification, 0, 0, intr_info);
	case EXIT_REASON_EPT_VIOLATION:
		return ept_violation(e, vmcs_read(GUEST_PHYSICAL_ADDRESS), qualification, 0);
	case EXIT_REASON_TRIPLE_FAULT:
		e->state->disabled = true;
		return td_exit(e, SEAM_NON_RECOVERABLE_VCPU | reason, qualification, 0, 0, 0);
	case EXIT_REASON_CPUID:
		return run_cpuid(e);
	case EXIT_REASON_XSETBV:
		return set_xcr0(e);
	case EXIT_REASON_HLT:
	case EXIT_REASON_INVD:
	case EXIT_REASON_VMCALL:
	case EXIT_REASON_IO_INSTRUCTION:
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
	case EXIT_REASON_WBINVD:
		return inject_ve(e->state, reason, qualification, 0);
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
	return td_exit(e, SEAM_NON_RECOVERABLE_TD | reason, qualification, 0, 0, 0);
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
	struct vp_entry e = {
		.tdr = tdr, .vp = vp, .regs = regs, .state = __va(vp->tdcx[TDVPS_STATE]),
	};
	bool launched;

	if (e.state->disabled)
		return SEAM_VCPU_STATE_INCORRECT;
	end_vmcall(&e);
	vp_load(&e);
	do {
		raw_spin_unlock(&fake_module.lock);
		launched = vp_launch(&e);
		raw_spin_lock(&fake_module.lock);
	} while (!(launched ? handle_exit(&e) :
			      td_exit(&e, SEAM_NON_RECOVERABLE_TD, 0, 0, 0, 0)));
	vp_put(&e);
	return e.status;
}
