/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fake SEAM: takes over the SEAMCALL instruction, for tests.
 *
 * The numbers in this directory are the specifications' and are written down here
 * once more on purpose. A test that shared the kernel's definitions would agree with
 * the kernel where both are wrong.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_SEAM_H
#define _X86_VIRT_TDX_TESTS_FAKE_SEAM_H

#include <linux/bits.h>
#include <linux/types.h>

/* Leaf numbers from here on are counted together */
#define FAKE_SEAM_NR_LEAVES		128

/* RAX bit 63: the call is for the P-SEAMLDR, not for the TDX module */
#define SEAM_LEAF_SEAMLDR		BIT_ULL(63)

/* RAX bits 15:0: leaf number; 23:16: version of the leaf */
#define SEAM_LEAF_MASK			GENMASK_ULL(15, 0)

/* Who a SEAMCALL is for */
enum fake_seam_target {
	FAKE_SEAM_SEAMLDR,
	FAKE_SEAM_MODULE,
	FAKE_SEAM_NR_TARGETS
};

/**
 * struct seam_regs - Registers of one SEAMCALL.
 * @rax: leaf on the way in. The status is what the handler returns.
 * @rcx: operand and result
 * @rdx: operand and result
 * @r8:	 operand and result
 * @r9:	 operand and result
 * @r10: operand and result
 * @r11: operand and result
 * @vmfailinvalid: set by a handler to fail the instruction itself: CF is 1 then, and
 *		   the status is not used.
 */
struct seam_regs {
	u64 rax;
	u64 rcx;
	u64 rdx;
	u64 r8;
	u64 r9;
	u64 r10;
	u64 r11;
	bool vmfailinvalid;
};

/* Runs with interrupts off, on the CPU that made the call. Returns the status (RAX). */
typedef u64 (*seam_handler_t)(struct seam_regs *regs);

/**
 * enum fake_seam_fault - How an injected failure looks to the caller.
 * @FAKE_SEAM_STATUS: the SEAMCALL returns a status.
 * @FAKE_SEAM_VMFAILINVALID: VMfailInvalid, CF=1.
 * @FAKE_SEAM_UD: the instruction raises #UD.
 * @FAKE_SEAM_GP: the instruction raises #GP.
 */
enum fake_seam_fault {
	FAKE_SEAM_STATUS,
	FAKE_SEAM_VMFAILINVALID,
	FAKE_SEAM_UD,
	FAKE_SEAM_GP,
};

/**
 * struct fake_seam_injection - An answer to SEAMCALLs to come.
 * @leaf:   RAX of the SEAMCALLs that get it, without the version in bits 23:16.
 * @cpu:    CPU on which they do, or -1 for every one.
 * @skip:   this many calls go to the handler first.
 * @times:  this many calls get the answer then.
 * @fault:  what it is.
 * @status: the status for %FAKE_SEAM_STATUS.
 */
struct fake_seam_injection {
	u64 leaf;
	int cpu;
	unsigned int skip;
	unsigned int times;
	enum fake_seam_fault fault;
	u64 status;
};

/**
 * struct fake_seam_call - One SEAMCALL as it was seen.
 * @leaf:   RAX on the way in.
 * @rcx:    RCX on the way in.
 * @rdx:    RDX on the way in.
 * @r8:	    R8 on the way in.
 * @status: what the caller is told: RAX, or the code that the kernel makes of a fault.
 * @cpu:    CPU that made it.
 */
struct fake_seam_call {
	u64 leaf;
	u64 rcx;
	u64 rdx;
	u64 r8;
	u64 status;
	int cpu;
};

bool fake_seam_active(void);
void *fake_seam_va(u64 pa, u64 align);
seam_handler_t fake_seam_set_handler(enum fake_seam_target target, seam_handler_t handler);
int fake_seam_inject(const struct fake_seam_injection *injection);
void fake_seam_inject_clear(void);
u64 fake_seam_count(u64 leaf);
u64 fake_seam_count_all(void);
bool fake_seam_last_call(u64 leaf, struct fake_seam_call *call);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_SEAM_H */
