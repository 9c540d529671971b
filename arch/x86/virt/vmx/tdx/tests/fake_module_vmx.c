// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: VCPUs on VMX. Their VMCS, their state and the host's around an entry.
 *
 * The host finds what the TDX module leaves: XCR0 is XFAM, the features in XFAM are in their
 * initial state, and some MSRs have values of the module's. KVM has to put that right.
 */
#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/objtool.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/apicdef.h>
#include <asm/cpu_entry_area.h>
#include <asm/cpuid/api.h>
#include <asm/desc.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/vmx.h>

#include "fake_module_run.h"

/* Where things are in the TDVPS pages, without the TDVPR */
enum { TDVPS_VMCS, TDVPS_XSAVE, TDVPS_MSR_BITMAP, TDVPS_VAPIC };

/* MSRs of the x2APIC */
#define X2APIC(offset)		(APIC_BASE_MSR + (offset) / 16)

/* What the CPU leaves alone at entry and exit, and what the module leaves there in the end */
static const struct {
	u32 msr;
	u64 left;
} switched_msrs[NR_SWITCHED_MSRS] = {
	{ MSR_STAR, 0 },
	{ MSR_LSTAR, 0 },
	{ MSR_SYSCALL_MASK, 0x20200 },
	{ MSR_TSC_AUX, 0 },
	{ MSR_KERNEL_GS_BASE, 0 },
};

/* MSRs that TDs use without an exit. All others are a #VE. */
static const struct {
	u32 first, last;
	bool write;
} free_msrs[] = {
	{ MSR_IA32_TSC, MSR_IA32_TSC, false },
	{ MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_EIP, true },
	{ MSR_IA32_CR_PAT, MSR_IA32_CR_PAT, true },
	{ MSR_EFER, MSR_EFER, false },
	{ MSR_STAR, MSR_LSTAR, true },
	{ MSR_SYSCALL_MASK, MSR_SYSCALL_MASK, true },
	{ MSR_FS_BASE, MSR_KERNEL_GS_BASE, true },
	{ MSR_TSC_AUX, MSR_TSC_AUX, true },
	{ X2APIC(APIC_TASKPRI), X2APIC(APIC_TASKPRI), true },
	{ X2APIC(APIC_PROCPRI), X2APIC(APIC_PROCPRI), false },
	{ X2APIC(APIC_EOI), X2APIC(APIC_EOI), true },
	{ X2APIC(APIC_ISR), X2APIC(APIC_IRR + 0x70), false },
	{ X2APIC(APIC_SELF_IPI), X2APIC(APIC_SELF_IPI), true },
};

/* For GPR n, but RSP, which is in the VMCS, and RDI, which points to where they are */
#define FOR_GPRS(insn)							\
	".set n, 0\n\t"							\
	".irp reg, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, "		\
	"r8, r9, r10, r11, r12, r13, r14, r15\n\t"			\
	".ifnc \\reg, rsp\n\t.ifnc \\reg, rdi\n\t"			\
	insn "\n\t"							\
	".endif\n\t.endif\n\t"						\
	".set n, n + 1\n\t"						\
	".endr\n\t"

/*
 * The VCPU runs until it leaves. True: VMLAUNCH has failed. Both end in one place: an exit clears
 * the flags, a failure sets CF or ZF.
 */
static noinline bool run_vcpu(u64 gprs[NR_GPRS])
{
	u64 rsp = HOST_RSP, rip = HOST_RIP;
	bool failed;

	asm volatile("push %%rbp\n\t"
		     "push %%rdi\n\t"
		     "vmwrite %%rsp, %[rsp]\n\t"
		     "lea 1f(%%rip), %%rbx\n\t"
		     "vmwrite %%rbx, %[rip]\n\t"
		     FOR_GPRS("mov 8 * n(%%rdi), %%\\reg")
		     "mov 8 * 7(%%rdi), %%rdi\n\t"
		     "vmlaunch\n"
		     "1:\txchg %%rdi, (%%rsp)\n\t"
		     FOR_GPRS("mov %%\\reg, 8 * n(%%rdi)")
		     "popq 8 * 7(%%rdi)\n\t"
		     "pop %%rbp\n\t"
		     "setbe %%al"
		     : "=&a"(failed), "+D"(gprs), [rsp] "+d"(rsp), [rip] "+c"(rip) :
		     : "rbx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		       "cc", "memory");
	return failed;
}

STACK_FRAME_NON_STANDARD(run_vcpu);

static void vmcs_clear(u64 pa)
{
	asm volatile("vmclear %0" : : "m"(pa) : "cc", "memory");
}

static void vmcs_load(u64 pa)
{
	asm volatile("vmptrld %0" : : "m"(pa) : "cc", "memory");
}

/*
 * A VMCS field of controls: what is wanted, with the bits that the CPU wants to be 1. If it lacks
 * one, the VCPU cannot be entered.
 */
static void vmcs_write_controls(unsigned long field, u32 msr, u32 wanted)
{
	vmcs_write(field, wanted | (u32)native_rdmsrq(msr));
}

static void init_controls(const struct tdvpr *vp)
{
	unsigned long *bitmap = __va(vp->tdcx[TDVPS_MSR_BITMAP]);

	vmcs_write_controls(CPU_BASED_VM_EXEC_CONTROL, MSR_IA32_VMX_TRUE_PROCBASED_CTLS,
			    CPU_BASED_HLT_EXITING | CPU_BASED_MWAIT_EXITING |
			    CPU_BASED_MONITOR_EXITING | CPU_BASED_UNCOND_IO_EXITING |
			    CPU_BASED_RDPMC_EXITING | CPU_BASED_TPR_SHADOW |
			    CPU_BASED_USE_MSR_BITMAPS | CPU_BASED_ACTIVATE_SECONDARY_CONTROLS);
	vmcs_write_controls(SECONDARY_VM_EXEC_CONTROL, MSR_IA32_VMX_PROCBASED_CTLS2,
			    SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_UNRESTRICTED_GUEST |
			    SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_ENABLE_INVPCID |
			    SECONDARY_EXEC_ENABLE_XSAVES | SECONDARY_EXEC_WBINVD_EXITING |
			    SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE |
			    SECONDARY_EXEC_APIC_REGISTER_VIRT |
			    SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
	vmcs_write_controls(VM_EXIT_CONTROLS, MSR_IA32_VMX_TRUE_EXIT_CTLS,
			    VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_ACK_INTR_ON_EXIT |
			    VM_EXIT_SAVE_DEBUG_CONTROLS |
			    VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER |
			    VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT);
	vmcs_write_controls(VM_ENTRY_CONTROLS, MSR_IA32_VMX_TRUE_ENTRY_CTLS,
			    VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_EFER |
			    VM_ENTRY_LOAD_IA32_PAT);

	/* TDCALL is an invalid opcode. */
	vmcs_write(EXCEPTION_BITMAP, BIT(X86_TRAP_UD));

	memset(bitmap, 0xff, PAGE_SIZE);
	for (int i = 0; i < ARRAY_SIZE(free_msrs); i++) {
		for (u32 msr = free_msrs[i].first; msr <= free_msrs[i].last; msr++) {
			/* Low MSRs, then high ones, 0xc0000000 and up; reads, then writes */
			u32 bit = (msr & 0x1fff) + (msr >> 31) * 0x2000;

			__clear_bit(bit, bitmap);
			if (free_msrs[i].write)
				__clear_bit(bit + 0x4000, bitmap);
		}
	}
	vmcs_write(MSR_BITMAP, vp->tdcx[TDVPS_MSR_BITMAP]);
	vmcs_write(VIRTUAL_APIC_PAGE_ADDR, vp->tdcx[TDVPS_VAPIC]);
	vmcs_write(VMCS_LINK_POINTER, ~0ULL);
	vmcs_write(EPT_POINTER, vp->tdr->tdcx[TDCS_SEPT_ROOT] |
		   VMX_EPTP_MT_WB | VMX_EPTP_PWL_4);

	/* These are not the TD's. It sees CR4.VMXE as 0. */
	vmcs_write(CR0_GUEST_HOST_MASK, X86_CR0_PE | X86_CR0_NE | X86_CR0_NW | X86_CR0_CD);
	vmcs_write(CR0_READ_SHADOW, X86_CR0_PE | X86_CR0_NE);
	vmcs_write(CR4_GUEST_HOST_MASK, X86_CR4_MCE | X86_CR4_VMXE | X86_CR4_SMXE);
	vmcs_write(CR4_READ_SHADOW, X86_CR4_MCE);
}

/* As the TDX Module Base Specification has it: 32-bit protected mode, flat, without paging */
static void init_state(struct tdvpr *vp)
{
	/* ES, CS, SS, DS, FS, GS, LDTR, TR, in the order of the VMCS: flat, or unused */
	static const u32 access[] = {
		0xc093, 0xc09b, 0xc093, 0xc093, 0xc093, 0xc093, 0x10000, 0x8b
	};
	struct xregs_state *xsave = __va(vp->tdcx[TDVPS_XSAVE]);

	for (int i = 0; i < ARRAY_SIZE(access); i++) {
		vmcs_write(GUEST_ES_LIMIT + 2 * i, i < 6 ? ~0U : 0xffff);
		vmcs_write(GUEST_ES_AR_BYTES + 2 * i, access[i]);
	}
	vmcs_write(GUEST_CR0, X86_CR0_PE | X86_CR0_ET | X86_CR0_NE);
	vmcs_write(GUEST_CR4, X86_CR4_MCE | X86_CR4_VMXE);
	vmcs_write(GUEST_IA32_EFER, EFER_SCE | EFER_LME | EFER_NX);
	vmcs_write(GUEST_IA32_PAT, 0x0007040600070406ULL);
	vmcs_write(GUEST_DR7, 0x400);
	vmcs_write(GUEST_GDTR_LIMIT, 0xffff);
	vmcs_write(GUEST_RIP, 0xfffffff0);
	vmcs_write(GUEST_RFLAGS, X86_EFLAGS_FIXED);

	xsave->i387.cwd = 0x37f;
	xsave->i387.mxcsr = MXCSR_DEFAULT;
	vp->xcr0 = XFEATURE_MASK_FP;
	vp->gprs[RBX] = SEPT_GPA_BITS + 1;
	vp->gprs[RDX] = cpuid_eax(1);
	vp->gprs[RSI] = vp->index;
}

/* DS, ES, FS and GS will be 0, as in 64-bit programs. */
static void init_host(void)
{
	struct desc_ptr idt;

	store_idt(&idt);
	vmcs_write(HOST_CR0, read_cr0());
	vmcs_write(HOST_CR3, __read_cr3());
	vmcs_write(HOST_CR4, __read_cr4());
	vmcs_write(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write(HOST_SS_SELECTOR, __KERNEL_DS);
	vmcs_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	vmcs_write(HOST_FS_BASE, native_rdmsrq(MSR_FS_BASE));
	vmcs_write(HOST_GS_BASE, native_rdmsrq(MSR_GS_BASE));
	vmcs_write(HOST_TR_BASE,
		   (unsigned long)&get_cpu_entry_area(smp_processor_id())->tss.x86_tss);
	vmcs_write(HOST_GDTR_BASE, (unsigned long)get_current_gdt_ro());
	vmcs_write(HOST_IDTR_BASE, idt.address);
	vmcs_write(HOST_IA32_SYSENTER_CS, native_rdmsrq(MSR_IA32_SYSENTER_CS));
	vmcs_write(HOST_IA32_SYSENTER_ESP, native_rdmsrq(MSR_IA32_SYSENTER_ESP));
	vmcs_write(HOST_IA32_SYSENTER_EIP, native_rdmsrq(MSR_IA32_SYSENTER_EIP));
	vmcs_write(HOST_IA32_EFER, native_rdmsrq(MSR_EFER));
	vmcs_write(HOST_IA32_PAT, native_rdmsrq(MSR_IA32_CR_PAT));
}

/* The VMCS of the VCPU becomes the current one, until vp_put(). */
void vp_load(struct tdvpr *vp)
{
	const u64 shared = vp->fields[VCPU_SHARED_EPTP];
	u64 *root = __va(vp->tdr->tdcx[TDCS_SEPT_ROOT]), *shared_root = __va(shared);
	const struct { u64 eptp, reserved; } all = {};
	u64 vmcs = vp->tdcx[TDVPS_VMCS];
	u32 *revision = __va(vmcs);
	bool first = !*revision;

	asm volatile("vmptrst %0" : "=m"(vp->host_vmcs) : : "cc", "memory");
	*revision = native_rdmsrq(MSR_IA32_VMX_BASIC) & GENMASK(30, 0);
	vmcs_clear(vmcs);
	vmcs_load(vmcs);
	if (first) {
		/* All fields are 0 now, as Bochs has it. */
		init_controls(vp);
		init_state(vp);
	}
	init_host();

	/* The host posts interrupts, if it wants to, and the CPU takes them. */
	vmcs_write_controls(PIN_BASED_VM_EXEC_CONTROL, MSR_IA32_VMX_TRUE_PINBASED_CTLS,
			    PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING |
			    PIN_BASED_VIRTUAL_NMIS | vp->fields[VCPU_PINBASED]);
	vmcs_write(POSTED_INTR_NV, vp->fields[VCPU_PI_VECTOR]);
	vmcs_write(POSTED_INTR_DESC_ADDR, vp->fields[VCPU_PI_DESC]);

	/* Shared addresses are the upper half. KVM has tables of its own for it. */
	for (int i = 256; shared && i < 512; i++)
		WRITE_ONCE(root[i], READ_ONCE(shared_root[i]));
	asm volatile("invept %0, %1" : : "m"(all), "r"(VMX_EPT_EXTENT_GLOBAL + 0UL) :
		     "cc", "memory");
}

/* An NMI that the host has asked for, unless something comes first, a #VE too, or blocks it */
static void inject_nmi(struct tdvpr *vp)
{
	if (!vp->fields[VCPU_PEND_NMI] || vp->ve[0] ||
	    (vmcs_read(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK) ||
	    (vmcs_read(GUEST_INTERRUPTIBILITY_INFO) &
	     (GUEST_INTR_STATE_NMI | GUEST_INTR_STATE_MOV_SS | GUEST_INTR_STATE_STI)))
		return;
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD,
		   INTR_TYPE_NMI_INTR | X86_TRAP_NMI | INTR_INFO_VALID_MASK);
	vp->fields[VCPU_PEND_NMI] = 0;
}

/* What XFAM has, and XCR0 then has it, too */
static void xrstor(const void *area, u64 xfam)
{
	xsetbv(XCR_XFEATURE_ENABLED_MASK, xfam);
	asm volatile("xrstor64 (%0)" : : "r"(area), "a"((u32)xfam), "d"(0) : "memory");
}

/* Run the VCPU until it leaves. False if it could not begin to. */
bool vp_launch(struct tdvpr *vp)
{
	const u64 xfam = vp->tdr->params.xfam, host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	void *xsave = __va(vp->tdcx[TDVPS_XSAVE]);
	bool failed;

	inject_nmi(vp);
	for (int i = 0; i < NR_SWITCHED_MSRS; i++)
		wrmsrq(switched_msrs[i].msr, vp->msrs[i]);
	xrstor(xsave, xfam);
	xsetbv(XCR_XFEATURE_ENABLED_MASK, vp->xcr0);
	native_write_cr2(vp->cr2);

	failed = run_vcpu(vp->gprs);

	vp->cr2 = native_read_cr2();
	xsetbv(XCR_XFEATURE_ENABLED_MASK, xfam);
	asm volatile("xsave64 (%0)" : : "r"(xsave), "a"((u32)xfam), "d"(0) : "memory");
	xsetbv(XCR_XFEATURE_ENABLED_MASK, host_xcr0);
	for (int i = 0; i < NR_SWITCHED_MSRS; i++)
		vp->msrs[i] = native_rdmsrq(switched_msrs[i].msr);
	/* An exit changes the limits of these. */
	load_fixmap_gdt(smp_processor_id());
	invalidate_tss_limit();
	if (failed)
		return false;

	/* So that the next one is VMLAUNCH again, and TDH.VP.FLUSH has nothing to do */
	vmcs_clear(vp->tdcx[TDVPS_VMCS]);
	vmcs_load(vp->tdcx[TDVPS_VMCS]);

	/* What was on its way into the TD when it left is so again. */
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD,
		   vmcs_read(IDT_VECTORING_INFO_FIELD) & ~INTR_INFO_UNBLOCK_NMI);
	vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, vmcs_read(IDT_VECTORING_ERROR_CODE));
	vmcs_write(VM_ENTRY_INSTRUCTION_LEN, vmcs_read(VM_EXIT_INSTRUCTION_LEN));
	return true;
}

/* The end of an entry: the VMCS is the host's again, the rest is as described above. */
void vp_put(struct tdvpr *vp)
{
	static const struct xregs_state initial = { .i387.mxcsr = MXCSR_DEFAULT };
	const u32 *vapic = __va(vp->tdcx[TDVPS_VAPIC]);

	xrstor(&initial, vp->tdr->params.xfam);
	for (int i = 0; i < NR_SWITCHED_MSRS; i++)
		wrmsrq(switched_msrs[i].msr, switched_msrs[i].left);

	vp->fields[VCPU_STATE_DETAILS] = (vmcs_read(GUEST_INTR_STATUS) & 0xf0) >
					 (vapic[APIC_PROCPRI / sizeof(u32)] & 0xf0);
	vmcs_clear(vp->tdcx[TDVPS_VMCS]);
	if (vp->host_vmcs != ~0ULL)
		vmcs_load(vp->host_vmcs);
}
