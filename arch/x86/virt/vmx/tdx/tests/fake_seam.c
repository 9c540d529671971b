// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the SEAMCALL instruction.
 *
 * A CPU without SEAM raises #UD on SEAMCALL. The kernel calls its die notifiers before
 * it looks for a fixup, so a notifier can do what the instruction would have done and
 * let the kernel go on behind it. The code that makes the SEAMCALL does not notice.
 *
 * What there is to answer is not known here. Whoever knows sets a handler.
 */
#define pr_fmt(fmt)	"fake_seam: " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cpufeature.h>
#include <linux/init.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/extable.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/tdx.h>
#include <asm/trapnr.h>

#include "fake_seam.h"

/* IA32_MTRRCAP: the CPU has the SEAM range registers (TDX CPU Architectural Specification) */
#define IA32_MTRRCAP		0xfe
#define MTRRCAP_SEAMRR		BIT_ULL(15)

#define NR_INJECTIONS		8

static seam_handler_t handlers[FAKE_SEAM_NR_TARGETS];
static bool fake_seam_requested __initdata;
static bool fake_seam_started __ro_after_init;

/*
 * Protects everything below. Raw, because SEAMCALLs are made with preemption off and taken in an
 * exception handler.
 */
static DEFINE_RAW_SPINLOCK(trap_lock);
static u64 counts[FAKE_SEAM_NR_TARGETS][FAKE_SEAM_NR_LEAVES];
static struct fake_seam_call last_calls[FAKE_SEAM_NR_TARGETS][FAKE_SEAM_NR_LEAVES];
static struct fake_seam_injection injections[NR_INJECTIONS];

static enum fake_seam_target target_of(u64 leaf)
{
	return leaf & SEAM_LEAF_SEAMLDR ? FAKE_SEAM_SEAMLDR : FAKE_SEAM_MODULE;
}

static unsigned int index_of(u64 leaf)
{
	return min_t(u64, leaf & SEAM_LEAF_MASK, FAKE_SEAM_NR_LEAVES - 1);
}

static bool same_leaf(u64 a, u64 b)
{
	return target_of(a) == target_of(b) &&
	       (a & SEAM_LEAF_MASK) == (b & SEAM_LEAF_MASK);
}

/**
 * fake_seam_active() - Is the fake SEAM in use?
 *
 * Return: true if SEAMCALLs are emulated: the kernel was booted with "fake_seam" and
 * the CPU has no SEAM.
 */
bool fake_seam_active(void)
{
	return fake_seam_started;
}

/**
 * fake_seam_va() - Where SEAM finds what a physical address points to.
 * @pa: physical address that the host has passed.
 * @align: alignment that it must have, in bytes.
 *
 * Return: the address in the kernel's direct map, or NULL if @pa is 0, not aligned, or no
 * memory.
 */
void *fake_seam_va(u64 pa, u64 align)
{
	if (!pa || !IS_ALIGNED(pa, align) || !pfn_valid(PHYS_PFN(pa)))
		return NULL;
	return __va(pa);
}

/**
 * fake_seam_inject() - Answer SEAMCALLs, or make them fail, without the handler seeing them.
 * @injection: which ones and how; copied.
 *
 * Context: any.
 * Return: 0, or -ENOSPC with too many injections that are not used up yet.
 */
int fake_seam_inject(const struct fake_seam_injection *injection)
{
	guard(raw_spinlock_irqsave)(&trap_lock);

	for (int i = 0; i < NR_INJECTIONS; i++) {
		if (!injections[i].times) {
			injections[i] = *injection;
			return 0;
		}
	}
	return -ENOSPC;
}

/**
 * fake_seam_inject_clear() - Forget all injected failures.
 */
void fake_seam_inject_clear(void)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	memset(injections, 0, sizeof(injections));
}

/**
 * fake_seam_count() - How often was a leaf called?
 * @leaf: RAX of the SEAMCALL; the version is ignored.
 *
 * Return: number of calls since boot, injected failures included.
 */
u64 fake_seam_count(u64 leaf)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	return counts[target_of(leaf)][index_of(leaf)];
}

/**
 * fake_seam_count_all() - How many SEAMCALLs were made?
 *
 * Return: number of calls of all leaves since boot, injected failures included.
 */
u64 fake_seam_count_all(void)
{
	u64 sum = 0;

	guard(raw_spinlock_irqsave)(&trap_lock);

	for (int t = 0; t < FAKE_SEAM_NR_TARGETS; t++)
		for (int i = 0; i < FAKE_SEAM_NR_LEAVES; i++)
			sum += counts[t][i];
	return sum;
}

/**
 * fake_seam_last_call() - The last call of a leaf.
 * @leaf: RAX of the SEAMCALL; the version is ignored.
 * @call: filled in.
 *
 * Return: false if it was never called.
 */
bool fake_seam_last_call(u64 leaf, struct fake_seam_call *call)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	*call = last_calls[target_of(leaf)][index_of(leaf)];
	return counts[target_of(leaf)][index_of(leaf)];
}

/* Find the injected failure that this call is to suffer, and use it up. */
static bool take_injection(u64 leaf, struct fake_seam_injection *injection)
{
	guard(raw_spinlock)(&trap_lock);

	for (int i = 0; i < NR_INJECTIONS; i++) {
		struct fake_seam_injection *in = &injections[i];

		if (!in->times || !same_leaf(in->leaf, leaf))
			continue;
		if (in->cpu >= 0 && in->cpu != smp_processor_id())
			continue;
		if (in->skip) {
			in->skip--;
			continue;
		}
		in->times--;
		*injection = *in;
		return true;
	}
	return false;
}

static void record(const struct seam_regs *in, u64 status)
{
	unsigned int target = target_of(in->rax), index = index_of(in->rax);

	guard(raw_spinlock)(&trap_lock);

	counts[target][index]++;
	last_calls[target][index] = (struct fake_seam_call) {
		.leaf = in->rax,
		.rcx = in->rcx,
		.rdx = in->rdx,
		.r8 = in->r8,
		.status = status,
		.cpu = smp_processor_id(),
	};
}

/* Do what SEAMCALL does. Returns the trap that it raises instead, or -1. */
static int emulate_seamcall(struct pt_regs *regs)
{
	seam_handler_t handler = READ_ONCE(handlers[target_of(regs->ax)]);
	struct fake_seam_injection injection;
	struct seam_regs r = {
		.rax = regs->ax,
		.rcx = regs->cx,
		.rdx = regs->dx,
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
	};
	const struct seam_regs in = r;
	u64 status = 0;

	if (take_injection(in.rax, &injection)) {
		switch (injection.fault) {
		case FAKE_SEAM_STATUS:
			status = injection.status;
			break;
		case FAKE_SEAM_VMFAILINVALID:
			r.vmfailinvalid = true;
			break;
		case FAKE_SEAM_UD:
			record(&in, TDX_SEAMCALL_UD);
			return X86_TRAP_UD;
		case FAKE_SEAM_GP:
			record(&in, TDX_SEAMCALL_GP);
			return X86_TRAP_GP;
		}
	} else if (handler) {
		status = handler(&r);
	} else {
		r.vmfailinvalid = true;
	}

	regs->flags &= ~(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF |
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF);
	if (r.vmfailinvalid) {
		/* The registers are not changed then. */
		record(&in, TDX_SEAMCALL_VMFAILINVALID);
		regs->flags |= X86_EFLAGS_CF;
		return -1;
	}

	record(&in, status);
	regs->ax = status;
	regs->cx = r.rcx;
	regs->dx = r.rdx;
	regs->r8 = r.r8;
	regs->r9 = r.r9;
	regs->r10 = r.r10;
	regs->r11 = r.r11;
	return -1;
}

static int fake_seam_notify(struct notifier_block *nb, unsigned long val, void *data)
{
	static const u8 seamcall[] = { 0x66, 0x0f, 0x01, 0xcf };
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	u8 insn[sizeof(seamcall)];
	int trap;

	if (val != DIE_TRAP || args->trapnr != X86_TRAP_UD || user_mode(regs))
		return NOTIFY_DONE;
	if (copy_from_kernel_nofault(insn, (void *)regs->ip, sizeof(insn)) ||
	    memcmp(insn, seamcall, sizeof(insn)))
		return NOTIFY_DONE;

	trap = emulate_seamcall(regs);
	if (trap == X86_TRAP_UD)
		return NOTIFY_DONE;
	if (trap == X86_TRAP_GP)
		return fixup_exception(regs, trap, 0, 0) ? NOTIFY_STOP : NOTIFY_DONE;

	regs->ip += sizeof(insn);
	return NOTIFY_STOP;
}

static struct notifier_block fake_seam_nb = {
	.notifier_call = fake_seam_notify,
};

/**
 * fake_seam_set_handler() - Set who answers SEAMCALLs.
 * @target: the P-SEAMLDR or the TDX module.
 * @handler: called for every SEAMCALL to @target. With NULL they fail with VMfailInvalid, as
 *	     if there were no such software.
 *
 * No SEAMCALL may be under way.
 *
 * Return: who has answered so far.
 */
seam_handler_t fake_seam_set_handler(enum fake_seam_target target, seam_handler_t handler)
{
	return xchg(&handlers[target], handler);
}

static bool __init cpu_has_seam(void)
{
	u64 mtrrcap;

	return boot_cpu_has(X86_FEATURE_TDX_HOST_PLATFORM) ||
	       (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL &&
		!rdmsrq_safe(IA32_MTRRCAP, &mtrrcap) && (mtrrcap & MTRRCAP_SEAMRR));
}

/*
 * What tdx_enable() wants from the CPU. Early, because the kernel patches itself according
 * to the CPU's features.
 */
static int __init fake_seam_param(char *arg)
{
	if (cpu_has_seam()) {
		pr_err("this CPU has SEAM: not starting\n");
		return 0;
	}

	setup_force_cpu_cap(X86_FEATURE_TDX_HOST_PLATFORM);
	setup_force_cpu_cap(X86_FEATURE_MOVDIR64B);
	setup_force_cpu_cap(X86_FEATURE_SELFSNOOP);
	fake_seam_requested = true;
	return 0;
}
early_param("fake_seam", fake_seam_param);

static int __init fake_seam_init(void)
{
	int ret;

	if (!fake_seam_requested)
		return 0;

	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	ret = register_die_notifier(&fake_seam_nb);
	if (ret)
		return ret;

	fake_seam_started = true;
	pr_notice("SEAM is emulated: nothing is protected\n");
	return 0;
}
early_initcall(fake_seam_init);

/* In the place of a function that must not run. */
static noinline notrace int return_zero(void)
{
	return 0;
}

/*
 * Only the instruction pointer may change here: the probe can sit on the function's ftrace
 * site, and the stack pointer is not taken over from there.
 */
static int skip_vmx(struct kprobe *p, struct pt_regs *regs)
{
	if (regs->di != X86_FEATURE_VMX)
		return 0;

	instruction_pointer_set(regs, (unsigned long)return_zero);
	return 1;
}
NOKPROBE_SYMBOL(skip_vmx);

/* A probe with a post-handler is never optimized into a jump, which would ignore the above. */
static void do_not_optimize(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(do_not_optimize);

static struct kprobe get_ref = {
	.symbol_name = "x86_virt_get_ref",
	.pre_handler = skip_vmx,
	.post_handler = do_not_optimize,
};

static struct kprobe put_ref = {
	.symbol_name = "x86_virt_put_ref",
	.pre_handler = skip_vmx,
	.post_handler = do_not_optimize,
};

/* SEAMCALL needs VMXON, which only matters where there is VMX. Before tdx_enable(). */
static int __init fake_vmxon_init(void)
{
	if (!fake_seam_started || boot_cpu_has(X86_FEATURE_VMX))
		return 0;

	return register_kprobe(&get_ref) ?: register_kprobe(&put_ref);
}
core_initcall(fake_vmxon_init);
