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

#include <asm/ptrace.h>

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

/* In the place of a status: no SEAM software has one with such numbers. */
#define FAKE_SEAM_VMFAILINVALID		0xFFFFFFFF00000000ULL	/* the instruction sets CF */
#define FAKE_SEAM_UD			0xFFFFFFFF00000001ULL	/* or raises #UD */
#define FAKE_SEAM_GP			0xFFFFFFFF00000002ULL	/* or #GP */

/* Runs with interrupts off, on the CPU that made the call. Returns the status (RAX). */
typedef u64 (*seam_handler_t)(struct pt_regs *regs);

/* An answer to SEAMCALLs to come */
struct fake_seam_injection {
	u64 leaf;			/* RAX; the version is ignored */
	int cpu;			/* on which they get it, or -1 for every one */
	unsigned int skip;		/* this many calls go to the handler first */
	unsigned int times;		/* this many get the answer then */
	u64 status;
};

bool fake_seam_active(void);
void *fake_seam_va(u64 pa, u64 align);
seam_handler_t fake_seam_set_handler(enum fake_seam_target target, seam_handler_t handler);
int fake_seam_inject(const struct fake_seam_injection *injection);
void fake_seam_inject_clear(void);
u64 fake_seam_count(u64 leaf);
u64 fake_seam_count_all(void);
struct pt_regs fake_seam_last_call(u64 leaf);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_SEAM_H */
