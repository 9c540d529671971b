/* SPDX-License-Identifier: GPL-2.0 */
/* Fake SEAM: what the P-SEAMLDR offers to the TDX module and to tests. */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_SEAMLDR_H
#define _X86_VIRT_TDX_TESTS_FAKE_SEAMLDR_H

#include <linux/types.h>

#include "seam_abi.h"

/* What tells one TDX module from another */
struct fake_module {
	u16 major;		/* version */
	u16 minor;
	u16 update;
	u16 hash_layout;	/* 0 to 3: how it keeps running hashes; it misreads others */
	u64 features0;		/* TDX_FEATURES0 metadata field */
	u16 module_hv;		/* handoff version it writes at best, and the highest it reads */
	u16 min_update_hv;	/* the lowest one that it writes and reads */
	u16 no_downgrade;	/* it is shut down with @module_hv and nothing below */
	u8 svn_minor;		/* security version: an update to a lower one is refused */
	u8 svn_major;		/* an update to any other one is refused */
};

/* What the P-SEAMLDR does in the memory that it shares with the module */
struct fake_seam_range {
	seam_handler_t handler;			/* answers SEAMCALLs while SEAM_READY is set */
	bool (*handoff)(u16 *version);		/* is there handoff data, of which version? */
	void (*clear)(bool keep_handoff);	/* wipe a module, or all but its handoff data */
	void (*load)(const struct fake_module *module);	/* where there is none */
};

void fake_seamldr_set_range(const struct fake_seam_range *range, const struct fake_module *at_boot);
void fake_seamldr_reset(const struct fake_module *module);

/* How many updates are left: with 0 the next one fails. Set while none is under way. */
extern u32 fake_seamldr_updates;

#endif /* _X86_VIRT_TDX_TESTS_FAKE_SEAMLDR_H */
