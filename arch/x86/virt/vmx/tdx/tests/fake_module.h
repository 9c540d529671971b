/* SPDX-License-Identifier: GPL-2.0 */
/* Fake SEAM: the TDX module, seen from outside of SEAM. For tests and debugfs. */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_MODULE_H
#define _X86_VIRT_TDX_TESTS_FAKE_MODULE_H

#include "fake_seamldr.h"

struct seq_file;

/* The module that is there */
struct fake_module_state {
	struct fake_module module;
	bool ready;		/* it accepts all leaves */
	u32 builds;		/* TDs that it counts as being built */
};

/* Interrupted migrations that it counts. There are none here: set from outside. */
extern u32 fake_module_migrations;

void fake_module_revive(const struct fake_module *module);
struct fake_module_state fake_module_get_state(void);
int fake_module_tds_show(struct seq_file *m, void *unused);
int fake_module_get_mrtd(u64 tdr_pa, u8 mrtd[SEAM_MRTD_SIZE]);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_MODULE_H */
