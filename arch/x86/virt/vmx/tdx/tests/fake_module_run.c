// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: TDH.VP.ENTER, and what becomes of the exits of a TD.
 *
 * Which exits are the module's own business, which are a #VE for the TD and which leave to the
 * host, and with what in the registers, is as in the public source of the module.
 */
#include <linux/cpufeature.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "fake_module_run.h"

/* Registers that the host shares with a TD: all but RAX, RCX, RSP and RBP */
#define SHARED_GPRS		(GENMASK(15, 0) & ~(BIT(RAX) | BIT(RCX) | BIT(RSP) | BIT(RBP)))

/* In an entry of the shared EPT: a violation is an exit and no #VE; it is a leaf */
#define EPT_SUPPRESS_VE		BIT_ULL(63)
#define EPT_LARGE		BIT_ULL(7)
#define EPT_RWX			GENMASK_ULL(2, 0)

/* Extended exit qualifications of EPT violations: TDG.MEM.PAGE.ACCEPT; a page that is pending */
#define EXTENDED_ACCEPT		1
#define EXTENDED_PENDING	6

#define CPUID_TDX		0x21	/* the highest leaf, which says that this is a TD */

/* To the host. The other registers are 0, so nothing of the TD's is in them. */
static u64 td_exit(struct vp_entry *e, u64 status, u64 qualification, u64 extended, u64 gpa,
		   u64 intr_info)
{
	for (enum gpr n = 0; n < SEAM_NR_GPRS; n++)
		if (n != RSP && n != RBP)
			e->regs->gpr[n] = 0;
	e->regs->rcx = qualification;
	e->regs->rdx = extended;
	e->regs->r8 = gpa;
	e->regs->r9 = intr_info;
	return status;
}

static void skip_instruction(unsigned int length)
{
	vmcs_write(GUEST_RIP, vmcs_read(GUEST_RIP) + length);
}

static void inject(u8 vector, bool has_code)
{
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, vector | INTR_TYPE_HARD_EXCEPTION |
		   (has_code ? INTR_INFO_DELIVER_CODE_MASK : 0) | INTR_INFO_VALID_MASK);
	vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
}

/* The TD is told what happened by TDG.VP.VEINFO.GET. If it has not asked yet, it is lost. */
static void inject_ve(struct vp_state *s, u32 reason, u64 qualification, u64 gpa)
{
	if (s->ve.valid) {
		inject(X86_TRAP_DF, true);
		return;
	}
	s->ve.valid = true;
	s->ve.reason = reason;
	s->ve.qualification = qualification;
	s->ve.gla = reason == EXIT_REASON_EPT_VIOLATION ? vmcs_read(GUEST_LINEAR_ADDRESS) : 0;
	s->ve.gpa = gpa;
	s->ve.instruction = vmcs_read(VM_EXIT_INSTRUCTION_LEN) |
			    vmcs_read(VMX_INSTRUCTION_INFO) << 32;
	inject(X86_TRAP_VE, false);
}

/* Would the CPU make a #VE of this, by the host's tables for shared addresses? */
static bool shared_is_ve(const struct tdr *tdr, u64 gpa)
{
	const u64 *table = __va(tdr->tdcx[TDCS_SEPT_ROOT]);

	for (int level = 3; ; level--) {
		u64 entry = READ_ONCE(table[(gpa >> (PAGE_SHIFT + 9 * level)) % 512]);

		if (!level || !(entry & EPT_RWX) || (entry & EPT_LARGE))
			return !(entry & EPT_SUPPRESS_VE);
		table = __va(entry & GENMASK_ULL(51, 12));
	}
}

/*
 * The TD wants an address that it cannot have: itself, or a TDCALL for it. True: it leaves to the
 * host, which can map something, with @status.
 */
static bool ept_violation(struct vp_entry *e, u64 gpa, u64 qualification, u64 extended,
			  u64 *status)
{
	bool ve = false;
	void *va;

	if (gpa >> TD_SHARED_BIT) {
		ve = shared_is_ve(e->tdr, gpa);
	} else if (td_gpa(e->tdr, gpa, 0, &va) == TD_GPA_PENDING) {
		ve = !(e->tdr->attributes & SEAM_ATTRIBUTES_SEPT_VE_DISABLE);
		extended = EXTENDED_PENDING;
	}
	if (ve)
		inject_ve(e->state, EXIT_REASON_EPT_VIOLATION, qualification, gpa);
	else
		*status = td_exit(e, EXIT_REASON_EPT_VIOLATION, qualification, extended,
				  gpa & PAGE_MASK, 0);
	return !ve;
}

/* TDG.VP.VMCALL: to the host, with the registers that RCX names. */
static bool vmcall(struct vp_entry *e, u64 *status)
{
	u64 *gprs = e->state->gprs;

	skip_instruction(TDCALL_LENGTH);
	/* XMM registers are not for KVM, nor is RBP. */
	if (gprs[RCX] & ~(u64)SHARED_GPRS) {
		gprs[RAX] = operand_invalid(SEAM_OPERAND_RCX);
		return false;
	}
	*status = td_exit(e, EXIT_REASON_TDCALL, gprs[RCX], 0, 0, 0);
	for (enum gpr n = 0; n < SEAM_NR_GPRS; n++)
		if (gprs[RCX] & BIT(n))
			e->regs->gpr[n] = gprs[n];
	e->state->vmcall = true;
	return true;
}

/* What the host has put into the registers that TDG.VP.VMCALL named is its answer. */
static void end_vmcall(struct vp_entry *e)
{
	u64 *gprs = e->state->gprs;

	if (!e->state->vmcall)
		return;
	for (enum gpr n = 0; n < SEAM_NR_GPRS; n++)
		if (gprs[RCX] & BIT(n))
			gprs[n] = e->regs->gpr[n];
	gprs[RAX] = SEAM_SUCCESS;
	e->state->vmcall = false;
}

static bool invalid_opcode(struct vp_entry *e, u64 *status)
{
	u64 gpa;

	if (!is_tdcall(e->tdr)) {
		inject(X86_TRAP_UD, false);
		return false;
	}
	if (VMX_AR_DPL(vmcs_read(GUEST_SS_AR_BYTES))) {
		inject(X86_TRAP_GP, true);
		return false;
	}
	if (!(e->state->gprs[RAX] & SEAM_LEAF_MASK))
		return vmcall(e, status);
	if (td_call(e, &gpa)) {
		skip_instruction(TDCALL_LENGTH);
		return false;
	}
	/* The TDCALL is made again. */
	return ept_violation(e, gpa, EPT_VIOLATION_ACC_WRITE, EXTENDED_ACCEPT, status);
}

static void set_xcr0(struct vp_entry *e)
{
	u64 value = (u32)e->state->gprs[RAX] | e->state->gprs[RDX] << 32;

	if ((u32)e->state->gprs[RCX] || !(value & XFEATURE_MASK_FP) || (value & ~e->tdr->xfam)) {
		inject(X86_TRAP_GP, true);
		return;
	}
	e->state->xcr0 = value;
	skip_instruction(vmcs_read(VM_EXIT_INSTRUCTION_LEN));
}

/* CPUID as the host can read it, but for what depends on the TD. False: no such leaf. */
static bool run_cpuid(struct vp_entry *e)
{
	u32 leaf = e->state->gprs[RAX], subleaf = e->state->gprs[RCX];
	u64 field = SEAM_FIELD_CPUID_VALUES | leaf >> 31 << 16 | (leaf & 0x7f) << 9;
	u64 values[2] = {};

	if (leaf == CPUID_TDX) {
		/* EBX, ECX, EDX */
		if (!subleaf)
			memcpy((u32 *)values + 1, "Inte    lTDX", 12);
	} else {
		if (leaf & ~(BIT(31) | 0x7f))
			return false;
		/* Without subleaves, whatever is in ECX, or with them */
		for (int i = 0; i < 2; i++)
			if (!td_cpuid(e->tdr, field | GENMASK(8, 1) | i, &values[i]) &&
			    (subleaf > 0x7f ||
			     !td_cpuid(e->tdr, field | subleaf << 1 | i, &values[i])))
				return false;
		if (leaf == 0)
			values[0] = (values[0] & ~0xffffffffULL) | CPUID_TDX;
		/* OSXSAVE */
		if (leaf == 1)
			values[1] &= ~BIT_ULL(27);
		if (leaf == 1 && (vmcs_read(GUEST_CR4) & X86_CR4_OSXSAVE))
			values[1] |= BIT_ULL(27);
	}
	e->state->gprs[RAX] = (u32)values[0];
	e->state->gprs[RBX] = values[0] >> 32;
	e->state->gprs[RCX] = (u32)values[1];
	e->state->gprs[RDX] = values[1] >> 32;
	return true;
}

/* The VCPU has left. True: to the host, with @status. */
static bool handle_exit(struct vp_entry *e, u64 *status)
{
	u64 qualification = vmcs_read(EXIT_QUALIFICATION);
	u64 intr_info = vmcs_read(VM_EXIT_INTR_INFO);
	u32 reason = vmcs_read(VM_EXIT_REASON);

	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		if ((intr_info & (INTR_INFO_INTR_TYPE_MASK | INTR_INFO_VECTOR_MASK)) ==
		    (INTR_TYPE_HARD_EXCEPTION | X86_TRAP_UD))
			return invalid_opcode(e, status);
		fallthrough;
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		*status = td_exit(e, reason, qualification, 0, 0, intr_info);
		return true;
	case EXIT_REASON_EPT_VIOLATION:
		return ept_violation(e, vmcs_read(GUEST_PHYSICAL_ADDRESS), qualification, 0,
				     status);
	case EXIT_REASON_TRIPLE_FAULT:
		e->state->disabled = true;
		*status = td_exit(e, SEAM_NON_RECOVERABLE_VCPU | reason, qualification, 0, 0, 0);
		return true;
	case EXIT_REASON_CPUID:
		if (run_cpuid(e))
			skip_instruction(vmcs_read(VM_EXIT_INSTRUCTION_LEN));
		else
			inject_ve(e->state, reason, 0, 0);
		return false;
	case EXIT_REASON_XSETBV:
		set_xcr0(e);
		return false;
	case EXIT_REASON_HLT:
	case EXIT_REASON_INVD:
	case EXIT_REASON_RDPMC:
	case EXIT_REASON_VMCALL:
	case EXIT_REASON_IO_INSTRUCTION:
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
	case EXIT_REASON_WBINVD:
		inject_ve(e->state, reason, qualification, 0);
		return false;
	case EXIT_REASON_VMCLEAR ... EXIT_REASON_VMON:
	case EXIT_REASON_MWAIT_INSTRUCTION:
	case EXIT_REASON_MONITOR_INSTRUCTION:
	case EXIT_REASON_INVEPT:
	case EXIT_REASON_INVVPID:
		inject(X86_TRAP_UD, false);
		return false;
	case EXIT_REASON_CR_ACCESS:
		inject(X86_TRAP_GP, true);
		return false;
	}
	*status = td_exit(e, SEAM_NON_RECOVERABLE_TD | reason, qualification, 0, 0, 0);
	return true;
}

/*
 * RCX: TDVPR; the other registers are the answer to the last TDG.VP.VMCALL. Out: RAX with the exit
 * reason in bits 31:0.
 *
 * Interrupts are off. Other CPUs use the module meanwhile, but none can shut it down.
 */
static u64 vp_enter(struct seam_regs *regs, struct tdr *tdr)
	__must_hold(&fake_module.lock)
{
	struct tdvpr *vp = __va(regs->rcx);
	struct vp_entry e = { .tdr = tdr, .vp = vp, .regs = regs };
	bool launched, done = false;
	u64 status;

	status = vp_associate(tdr, vp);
	if (status)
		return status;
	e.state = __va(vp->tdcx[TDVPS_STATE]);
	if (e.state->disabled)
		return SEAM_VCPU_STATE_INCORRECT;

	end_vmcall(&e);
	vp_load(&e);
	do {
		raw_spin_unlock(&fake_module.lock);
		launched = vp_launch(&e);
		raw_spin_lock(&fake_module.lock);
		if (launched)
			done = handle_exit(&e, &status);
		else
			status = td_exit(&e, SEAM_NON_RECOVERABLE_TD, 0, 0, 0, 0);
	} while (launched && !done);
	vp_put(&e);
	return status;
}

/* An interrupt that the VCPU had not taken when it left */
bool vp_has_interrupt(const struct tdvpr *vp)
{
	const struct vp_state *s = __va(vp->tdcx[TDVPS_STATE]);

	return s->intr_pending;
}

static const struct module_leaf module_run_leaves[] __initconst = {
	{ SEAM_LEAF_VP_ENTER, vp_enter, LEAF_VP(RCX, TD_RUNNABLE, TD_RUNNABLE) },
	{}
};

/* It takes the place of that which runs no TD. */
static int __init fake_module_run_init(void)
{
	if (boot_cpu_has(X86_FEATURE_VMX))
		fake_module_add_leaves(module_run_leaves);
	return 0;
}
core_initcall(fake_module_run_init);
