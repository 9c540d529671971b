/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fake SEAM: the TDX module, seen from outside of SEAM. For tests and debugfs.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_MODULE_H
#define _X86_VIRT_TDX_TESTS_FAKE_MODULE_H

#include "fake_seamldr.h"

struct seq_file;

/* The module that is there */
struct fake_module_state {
	struct fake_module module;
	bool ready;		/* it accepts all leaves */
	bool dead;		/* it ran into an error that it cannot recover from */
	u32 builds;		/* TDs that it counts as being built */
	u32 migrations;		/* migrations that it counts as interrupted */
};

void fake_module_revive(const struct fake_module *module);
void fake_module_get_state(struct fake_module_state *state);
void fake_module_set_migrations(u32 nr);
int fake_module_next_leaf(int leaf);
void fake_module_show_tds(struct seq_file *m);
int fake_module_get_mrtd(u64 tdr_pa, u8 mrtd[SEAM_MRTD_SIZE]);

#endif /* _X86_VIRT_TDX_TESTS_FAKE_MODULE_H */
