/* SPDX-License-Identifier: GPL-2.0 */
/* A host that builds TDs as KVM does. It is outside of SEAM and knows its ABI, no more. */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_HOST_H
#define _X86_VIRT_TDX_TESTS_FAKE_HOST_H

#include <linux/types.h>

#include <asm/tdx.h>

#include "seam_abi.h"

/* GPAs of a TD start at 0 and end here: one last-level secure EPT page */
#define FAKE_TD_GPA_END				0x200000ULL
#define FAKE_TD_PAGES				(FAKE_TD_GPA_END / 4096)

/* Room for control pages: TDR, TDCS, TDVPR, TDCX and three secure EPT pages; 16 of them here */
#define FAKE_TD_CONTROL_PAGES			24

/* A TD as its host sees it */
struct fake_td {
	struct tdx_td td;			/* what KVM keeps in struct kvm_tdx */
	struct tdx_vp vp;			/* its one VCPU */
	const struct tdx_sys_info *sysinfo;	/* of the module that it began with */
	int hkid;				/* its KeyID */
	bool blocked;				/* TDH.MNG.VPFLUSHDONE has succeeded */
	int nr_sept;				/* secure EPT pages */
	int nr_given;				/* of @control, to the module */
	struct page *control[FAKE_TD_CONTROL_PAGES];	/* in the order in which they were given */
	struct page *pages[FAKE_TD_PAGES];	/* private pages, by GPA */
};

struct fake_td *fake_td_begin(void);
int fake_td_config_keys(struct fake_td *ftd);
int fake_td_add_tdcs(struct fake_td *ftd);
struct fake_td *fake_td_create(void);
int fake_td_add_vcpu(struct fake_td *ftd);
int fake_td_add_page(struct fake_td *ftd, u64 gpa, const void *data, bool measure);
int fake_td_finalize(struct fake_td *ftd);
int fake_td_destroy(struct fake_td *ftd);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_HOST_H */
