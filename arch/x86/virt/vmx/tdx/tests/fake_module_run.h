/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fake SEAM: what the files that run TDs share.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_MODULE_RUN_H
#define _X86_VIRT_TDX_TESTS_FAKE_MODULE_RUN_H

#include <linux/types.h>

#include <asm/vmx.h>

#include "fake_module_internal.h"

/* General purpose registers, as instructions number them */
enum gpr {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NR_GPRS
};

/* Leaves of TDCALL */
enum {
	TDG_VP_VMCALL = 0,
	TDG_VP_INFO = 1,
	TDG_MR_RTMR_EXTEND = 2,
	TDG_VP_VEINFO_GET = 3,
	TDG_MR_REPORT = 4,
	TDG_MEM_PAGE_ACCEPT = 6,
	TDG_VM_RD = 7,
};

#define NR_SWITCHED_MSRS	5

/* The bit of a GPA that says that the page is shared */
#define TD_SHARED_BIT		47

/* What the VMCS of a VCPU does not have. In a page of its own. */
struct vp_state {
	u64 gprs[NR_GPRS];	/* RSP is in the VMCS */
	u64 cr2;
	u64 xcr0;
	u64 msrs[NR_SWITCHED_MSRS];
	bool begun;		/* there is a VMCS */
	bool disabled;		/* by a triple fault */
	bool vmcall;		/* left by TDG.VP.VMCALL: what RCX names comes back */
	bool ve_valid;
	u64 ve[5];		/* what TDG.VP.VEINFO.GET tells in RCX, RDX, R8, R9, R10 */
};

/* One TDH.VP.ENTER */
struct vp_entry {
	struct tdr *tdr;
	struct tdvpr *vp;
	struct vp_state *state;	/* of @vp */
	struct pt_regs *regs;	/* the host's, as are the next two */
	u64 host_vmcs;
	u64 host_xcr0;
	u64 status;		/* of the SEAMCALL, if the VCPU leaves to the host */
	u64 gpa;		/* to which the TD has no access, for TD_NO_ACCESS */
};

/* In the place of the status of a TDCALL: no leaf has one with such numbers. */
#define TD_NO_ACCESS		0xFFFFFFFF00000000ULL

/* The TDVPS pages, without the TDVPR */
enum { TDVPS_VMCS, TDVPS_STATE, TDVPS_XSAVE, TDVPS_MSR_BITMAP, TDVPS_VAPIC };

static inline u64 vmcs_read(unsigned long field)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmcs_write(unsigned long field, u64 value)
{
	asm volatile("vmwrite %1, %0" : : "r"(field), "rm"(value) : "cc");
}

void vp_load(struct vp_entry *e);
bool vp_launch(struct vp_entry *e);
void vp_put(struct vp_entry *e);
bool is_tdcall(const struct tdr *tdr);
u64 td_call(struct vp_entry *e);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_MODULE_RUN_H */
