/* SPDX-License-Identifier: GPL-2.0 */
/* A SEAM that answers what a test says, and "success" to everything else. */
#ifndef _X86_VIRT_TDX_TESTS_CANNED_SEAM_H
#define _X86_VIRT_TDX_TESTS_CANNED_SEAM_H

#include <kunit/test.h>
#include <linux/types.h>

#include "tdx_kunit_util.h"

struct tdx_td;

#define SEAM_LEAF_SEAMLDR_INSTALL	(SEAM_LEAF_SEAMLDR | 1)
#define SEAM_LEAF_MR_FINALIZE		17
#define SEAM_LEAF_MNG_VPFLUSHDONE	19
#define SEAM_LEAF_MNG_INIT		21
#define SEAM_LEAF_SYS_RD		34
#define SEAM_LEAF_SYS_TDMR_INIT		36
#define SEAM_LEAF_SYS_SHUTDOWN		52

/* TDX_FEATURES0: what the kernel wants for updates, and at all */
#define CANNED_FEATURES0		(BIT_ULL(1) | BIT_ULL(18))
#define CANNED_UPDATE_COMPAT		BIT_ULL(47)

/* Metadata fields that TDH.SYS.SHUTDOWN depends on */
#define CANNED_FIELD_FEATURES0		0x0A00000300000008ULL
#define CANNED_FIELD_MODULE_HV		0x8900000100000000ULL

/**
 * struct canned_seam - What a test can set. Every test starts with the defaults.
 * @features0: TDX_FEATURES0; %CANNED_FEATURES0 and bit 47.
 * @module_hv: handoff version; 1.
 * @in_call: called inside of every SEAMCALL, with the leaf; NULL.
 */
struct canned_seam {
	u64 features0;
	u16 module_hv;
	void (*in_call)(u64 leaf);
};

extern struct canned_seam canned_seam;

int canned_seam_init(struct kunit *test);
int canned_update(void);
struct tdx_td *canned_td_create(struct kunit *test);
u64 canned_td_init(struct tdx_td *td);
struct tdx_td *canned_td_begin(struct kunit *test);

#endif /* _X86_VIRT_TDX_TESTS_CANNED_SEAM_H */
