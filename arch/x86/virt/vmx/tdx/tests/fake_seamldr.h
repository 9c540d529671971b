/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fake SEAM: what the P-SEAMLDR offers to the TDX module and to tests.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_SEAMLDR_H
#define _X86_VIRT_TDX_TESTS_FAKE_SEAMLDR_H

#include <linux/types.h>

#include "seam_abi.h"

/**
 * struct fake_module - What tells one TDX module from another.
 * @major: first part of the version.
 * @minor: second part of the version.
 * @update: third part of the version.
 * @hash_layout: how the module keeps the running hash of a TD that is being built;
 *		 0 to 3. A module misreads what one with another layout has written.
 * @features0: TDX_FEATURES0 metadata field.
 * @module_hv: handoff version the module writes at best, and the highest it reads.
 * @min_update_hv: the lowest handoff version it writes and reads.
 * @no_downgrade: it is shut down with @module_hv and nothing below.
 * @svn_minor: security version: an update to a lower one is refused.
 * @svn_major: security version: an update to any other one is refused.
 */
struct fake_module {
	u16 major;
	u16 minor;
	u16 update;
	u16 hash_layout;
	u64 features0;
	u16 module_hv;
	u16 min_update_hv;
	u16 no_downgrade;
	u8 svn_minor;
	u8 svn_major;
};

/**
 * struct fake_seam_range - What the P-SEAMLDR does in the memory that it shares with the module.
 * @handler: answers SEAMCALLs while SEAM_READY is set.
 * @handoff: is there handoff data, and of which version?
 * @clear: wipe a module; with @keep_handoff all but its handoff data.
 * @load: put a module where there is none.
 */
struct fake_seam_range {
	seam_handler_t handler;
	bool (*handoff)(u16 *version);
	void (*clear)(bool keep_handoff);
	void (*load)(const struct fake_module *module);
};

void fake_seamldr_set_range(const struct fake_seam_range *range,
			    const struct fake_module *at_boot);
void fake_seamldr_reset(const struct fake_module *module);
void fake_seamldr_set_remaining_updates(u32 nr);
u32 fake_seamldr_remaining_updates(void);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_SEAMLDR_H */
