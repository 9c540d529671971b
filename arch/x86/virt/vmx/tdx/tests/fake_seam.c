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
#include <linux/cpufeature.h>
#include <linux/init.h>
#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/extable.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/trapnr.h>

#include "fake_seam.h"

/* IA32_MTRRCAP: the CPU has the SEAM range registers (TDX CPU Architectural Specification) */
#define IA32_MTRRCAP		0xfe
#define MTRRCAP_SEAMRR		BIT_ULL(15)

#define NR_INJECTIONS		8

static const u8 seamcall[] = { 0x66, 0x0f, 0x01, 0xcf };

static seam_handler_t handlers[FAKE_SEAM_NR_TARGETS];
static bool active __ro_after_init;

/*
 * Protects everything below. Raw, because SEAMCALLs are made with preemption off and taken in an
 * exception handler.
 */
static DEFINE_RAW_SPINLOCK(trap_lock);
static struct fake_seam_injection injections[NR_INJECTIONS];
static struct {
	u64 count;
	struct pt_regs last;
} calls[FAKE_SEAM_NR_TARGETS * FAKE_SEAM_NR_LEAVES];
static u64 nr_calls;

static enum fake_seam_target target_of(u64 leaf)
{
	return leaf & SEAM_LEAF_SEAMLDR ? FAKE_SEAM_SEAMLDR : FAKE_SEAM_MODULE;
}

/* Where a leaf, of any version, is in @calls */
static unsigned int index_of(u64 leaf)
{
	return target_of(leaf) * FAKE_SEAM_NR_LEAVES +
	       min_t(u64, leaf & SEAM_LEAF_MASK, FAKE_SEAM_NR_LEAVES - 1);
}

/* Are SEAMCALLs emulated? The kernel was booted with "fake_seam" then, and the CPU has no SEAM. */
bool fake_seam_active(void)
{
	return active;
}

/*
 * Where SEAM finds what a physical address points to that the host has passed: in the kernel's
 * direct map. NULL if it is 0, not aligned to @align bytes, or no memory.
 */
void *fake_seam_va(u64 pa, u64 align)
{
	if (!pa || !IS_ALIGNED(pa, align) || !pfn_valid(PHYS_PFN(pa)))
		return NULL;
	return __va(pa);
}

/*
 * Answer SEAMCALLs, or make them fail, without the handler seeing them. Returns 0, or -ENOSPC with
 * too many injections that are not used up yet.
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

/* Forget all that was injected. */
void fake_seam_inject_clear(void)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	memset(injections, 0, sizeof(injections));
}

/* How often a leaf was called since boot, injected failures included */
u64 fake_seam_count(u64 leaf)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	return calls[index_of(leaf)].count;
}

/* The same for all leaves together */
u64 fake_seam_count_all(void)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	return nr_calls;
}

/* Registers of the last call of a leaf, on the way in. All 0 if there was none. */
struct pt_regs fake_seam_last_call(u64 leaf)
{
	guard(raw_spinlock_irqsave)(&trap_lock);
	return calls[index_of(leaf)].last;
}

/* Count a call. Is a failure injected into it? Then use that up, and set @status. */
static bool take_injection(const struct pt_regs *regs, u64 *status)
{
	unsigned int index = index_of(regs->ax);

	guard(raw_spinlock)(&trap_lock);

	nr_calls++;
	calls[index].count++;
	calls[index].last = *regs;
	for (int i = 0; i < NR_INJECTIONS; i++) {
		struct fake_seam_injection *in = &injections[i];

		if (!in->times || index_of(in->leaf) != index ||
		    (in->cpu >= 0 && in->cpu != smp_processor_id()))
			continue;
		if (in->skip) {
			in->skip--;
			continue;
		}
		in->times--;
		*status = in->status;
		return true;
	}
	return false;
}

/* Do what SEAMCALL does, but for its faults, which are the caller's. Returns the status. */
static u64 emulate_seamcall(struct pt_regs *regs)
{
	seam_handler_t handler = READ_ONCE(handlers[target_of(regs->ax)]);
	struct pt_regs r = *regs;
	u64 status;

	if (!take_injection(regs, &status))
		status = handler ? handler(&r) : FAKE_SEAM_VMFAILINVALID;
	if (status == FAKE_SEAM_UD || status == FAKE_SEAM_GP)
		return status;

	if (status != FAKE_SEAM_VMFAILINVALID) {
		/* All general purpose registers but RSP. VMfailInvalid changes none. */
		memcpy(regs, &r, offsetof(struct pt_regs, orig_ax));
		regs->ax = status;
	}
	regs->ip += sizeof(seamcall);
	regs->flags &= ~(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF |
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF);
	if (status == FAKE_SEAM_VMFAILINVALID)
		regs->flags |= X86_EFLAGS_CF;
	return status;
}

static int fake_seam_notify(struct notifier_block *nb, unsigned long val, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	u8 insn[sizeof(seamcall)];

	if (val != DIE_TRAP || args->trapnr != X86_TRAP_UD || user_mode(regs))
		return NOTIFY_DONE;
	if (copy_from_kernel_nofault(insn, (void *)regs->ip, sizeof(insn)) ||
	    memcmp(insn, seamcall, sizeof(insn)))
		return NOTIFY_DONE;

	switch (emulate_seamcall(regs)) {
	case FAKE_SEAM_UD:
		return NOTIFY_DONE;
	case FAKE_SEAM_GP:
		return fixup_exception(regs, X86_TRAP_GP, 0, 0) ? NOTIFY_STOP : NOTIFY_DONE;
	default:
		return NOTIFY_STOP;
	}
}

static struct notifier_block fake_seam_nb = {
	.notifier_call = fake_seam_notify,
};

/*
 * Set who answers SEAMCALLs to @target, while none is under way. With NULL they fail with
 * VMfailInvalid, as if there were no such software. Returns who has answered so far.
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
	active = true;
	return 0;
}
early_param("fake_seam", fake_seam_param);

static int __init fake_seam_init(void)
{
	if (!active)
		return 0;

	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	pr_notice("SEAM is emulated: nothing is protected\n");
	return register_die_notifier(&fake_seam_nb);
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

#define SKIP_VMX(_symbol) {				\
	.symbol_name = _symbol,				\
	.pre_handler = skip_vmx,			\
	.post_handler = do_not_optimize,		\
}

static struct kprobe probes[] = { SKIP_VMX("x86_virt_get_ref"), SKIP_VMX("x86_virt_put_ref") };

/* SEAMCALL needs VMXON, which only matters where there is VMX. Before tdx_enable(). */
static int __init fake_vmxon_init(void)
{
	if (!active || boot_cpu_has(X86_FEATURE_VMX))
		return 0;

	return register_kprobe(&probes[0]) ?: register_kprobe(&probes[1]);
}
core_initcall(fake_vmxon_init);
