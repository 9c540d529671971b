// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the TDX module's dispatcher, what its leaves share, and how it comes and goes.
 *
 * The order of checks is that of the module's public source.
 */
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "fake_module_internal.h"

/* What the BIOS loaded. Modules that are installed later come out of their images. */
struct fake_module_data fake_module = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(fake_module.lock),
	.tds = LIST_HEAD_INIT(fake_module.tds),
	.module = {
		.major = 1, .minor = 5, .update = 6, .svn_major = 1, .svn_minor = 11,
		.features0 = SEAM_FEATURES0_TD_PRESERVING | SEAM_FEATURES0_NO_RBP_MOD |
			     SEAM_FEATURES0_TOPOLOGY_ENUM | SEAM_FEATURES0_UPDATE_COMPAT,
		.module_hv = 1, .no_downgrade = 1,
	},
};

u32 fake_module_migrations;

static u64 package_of(unsigned int cpu)
{
	return BIT_ULL(topology_logical_package_id(cpu) % 64);
}

/* The package of this CPU, as a bit */
u64 this_package(void)
{
	return package_of(smp_processor_id());
}

bool all_packages(u64 packages)
{
	unsigned int cpu;

	for_each_present_cpu(cpu)
		if (!(packages & package_of(cpu)))
			return false;
	return true;
}

/* PAMT entry of a page, or NULL if it is none that a TD can have, with the reason in @status. */
struct pamt_entry *pamt_lookup(u64 pa, unsigned int operand, u64 *status)
{
	*status = operand_invalid(operand);
	if (!IS_ALIGNED(pa, PAGE_SIZE))
		return NULL;

	for (int i = 0; i < fake_module.nr_tdmrs; i++) {
		const struct tdmr *tdmr = &fake_module.tdmrs[i];
		struct pamt_entry *pamt = __va(tdmr->info.pamt_4k_base);

		if (pa >= tdmr->info.base && pa < tdmr->initialized)
			return &pamt[(pa - tdmr->info.base) / PAGE_SIZE];
	}
	*status = SEAM_OPERAND_ADDR_RANGE_ERROR | operand;
	return NULL;
}

/* All leaves, by number. Without a function, it is not one; the last is none. */
static struct module_leaf leaves[FAKE_SEAM_NR_LEAVES] __ro_after_init;

/* Leaves that the module has from here on. The last row has no function. */
void __init fake_module_add_leaves(const struct module_leaf *table)
{
	for (; table->call; table++)
		leaves[table->leaf] = *table;
}

/* The TD that a leaf is about, or NULL with the reason in @status. */
static struct tdr *get_td(const struct module_leaf *leaf, u64 pa, u64 *status)
{
	const struct pamt_entry *entry = pamt_lookup(pa, leaf->td_operand, status);
	struct tdr *tdr;

	if (!entry)
		return NULL;
	*status = SEAM_PAGE_METADATA_INCORRECT | leaf->td_operand;
	if (entry->type != leaf->td_type)
		return NULL;

	tdr = __va(entry->owner);
	if (!leaf->keys)
		return tdr;
	if (tdr->lifecycle != TD_KEYS_CONFIGURED)
		*status = SEAM_TD_KEYS_NOT_CONFIGURED;
	else if (tdr->nr_tdcx < NR_TDCS_PAGES)
		*status = SEAM_TDCS_NOT_ALLOCATED;
	else if (tdr->op_state < leaf->first || tdr->op_state > leaf->last)
		*status = SEAM_OP_STATE_INCORRECT | tdr->op_state;
	else
		return tdr;
	return NULL;
}

static u64 dispatch(struct pt_regs *regs)
{
	const struct module_leaf *leaf = &leaves[min(regs->ax & SEAM_LEAF_MASK,
						     FAKE_SEAM_NR_LEAVES - 1)];
	struct tdr *tdr = NULL;
	u64 ret;

	if ((regs->ax & SEAM_LEAF_RESERVED) || SEAM_LEAF_VERSION(regs->ax) > leaf->max_version)
		return operand_invalid(SEAM_OPERAND_RAX);
	if (fake_module.state == SYS_SHUTDOWN)
		return SEAM_SYS_SHUTDOWN;
	if (fake_module.state != SYS_READY && !leaf->before_ready)
		return SEAM_SYS_NOT_READY;
	if (!leaf->call)
		return operand_invalid(SEAM_OPERAND_RAX);

	if (leaf->td_operand) {
		tdr = get_td(leaf, leaf->td_operand == SEAM_OPERAND_RCX ? regs->cx : regs->dx,
			     &ret);
		if (!tdr)
			return ret;
	}
	return leaf->call(regs, tdr);
}

static u64 module_handler(struct pt_regs *regs)
{
	u64 ret = 0;

	atomic_inc(&fake_module.nr_inside);
	scoped_guard(raw_spinlock, &fake_module.lock) {
		if (!fake_module.dead)
			ret = dispatch(regs);
		/* Assumption: this is how the host sees that a module has given up. */
		if (fake_module.dead)
			ret = FAKE_SEAM_VMFAILINVALID;
	}
	atomic_dec(&fake_module.nr_inside);
	return ret;
}

static bool range_handoff(u16 *version)
{
	guard(raw_spinlock)(&fake_module.lock);
	*version = fake_module.handoff.version;
	return fake_module.handoff.valid;
}

static void range_clear(bool keep_handoff)
{
	guard(raw_spinlock)(&fake_module.lock);
	if (!keep_handoff) {
		/* TDs are not torn down: nobody knows any more that they are there. */
		fake_module.handoff.valid = false;
		INIT_LIST_HEAD(&fake_module.tds);
	}
}

/* A module that has been through nothing but what comes before this state */
static void start(const struct fake_module *module, enum module_state state,
		  const struct cpumask *lps)
{
	fake_module.module = *module;
	fake_module.state = state;
	fake_module.dead = false;
	fake_module.detect = false;
	fake_module.builds = 0;
	fake_module_migrations = 0;
	cpumask_copy(&fake_module.lps, lps);
}

static void range_load(const struct fake_module *module)
{
	guard(raw_spinlock)(&fake_module.lock);
	start(module, SYSINIT_PENDING, cpu_none_mask);
}

static const struct fake_seam_range range = {
	.handler = module_handler,
	.handoff = range_handoff,
	.clear = range_clear,
	.load = range_load,
};

/*
 * Make a module ready, or with NULL the one that is there, whatever has become of the one before.
 * No host can do that, so no test needs a reboot. TDs are as they were, and count if they are being
 * built and their module counted them. No SEAMCALL may be under way.
 */
void fake_module_revive(const struct fake_module *module)
{
	const struct tdr *tdr;

	scoped_guard(raw_spinlock_irqsave, &fake_module.lock) {
		start(module ?: &fake_module.module, SYS_READY, cpu_possible_mask);
		fake_module.handoff.valid = false;
		list_for_each_entry(tdr, &fake_module.tds, list)
			if (tdr->context_version && tdr->op_state == TD_INITIALIZED &&
			    tdr->lifecycle == TD_KEYS_CONFIGURED)
				fake_module.builds++;
	}
	fake_seamldr_reset(&fake_module.module);
}

struct fake_module_state fake_module_get_state(void)
{
	guard(raw_spinlock_irqsave)(&fake_module.lock);
	return (struct fake_module_state) {
		.module = fake_module.module,
		.ready = fake_module.state == SYS_READY && !fake_module.dead,
		.builds = fake_module.builds,
	};
}

static int __init fake_module_init(void)
{
	if (fake_seam_active())
		fake_seamldr_set_range(&range, &fake_module.module);
	return 0;
}
pure_initcall(fake_module_init);
