// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the TDX module's dispatcher, what its leaves share, and how it comes and goes.
 *
 * The order of checks is that of the module's public source.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "fake_module_internal.h"

/* What the BIOS loaded. Modules that are installed later come out of their images. */
struct fake_module_data fake_module = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(fake_module.lock),
	.tds = LIST_HEAD_INIT(fake_module.tds),
	.module = {
		.major = 1,
		.minor = 5,
		.update = 6,
		.features0 = SEAM_FEATURES0_TD_PRESERVING | SEAM_FEATURES0_NO_RBP_MOD |
			     SEAM_FEATURES0_TOPOLOGY_ENUM | SEAM_FEATURES0_UPDATE_COMPAT,
		.module_hv = 1,
		.no_downgrade = 1,
		.svn_minor = 11,
		.svn_major = 1,
	},
};

/* CPUs that are inside of the module right now */
static atomic_t nr_inside;

#define MAX_LEAF_TABLES		8

/* "fake_seam.features0=": of the module that the BIOS loaded */
static int __init fake_features0_param(char *arg)
{
	int ret = arg ? kstrtou64(arg, 0, &fake_module.module.features0) : -EINVAL;

	/* No module without it has another handoff version than 0. */
	if (!ret && !module_counts()) {
		fake_module.module.module_hv = 0;
		fake_module.module.no_downgrade = 0;
	}
	return ret;
}
early_param("fake_seam.features0", fake_features0_param);

/* The package of this CPU, as a bit */
u64 this_package(void)
{
	return BIT_ULL(topology_logical_package_id(smp_processor_id()) % MAX_PACKAGES);
}

bool all_packages(u64 packages)
{
	unsigned int cpu;

	for_each_present_cpu(cpu)
		if (!(packages & BIT_ULL(topology_logical_package_id(cpu) % MAX_PACKAGES)))
			return false;
	return true;
}

/* PAMT entry of a page, or NULL if it is none that a TD can have, with the reason in @status. */
struct pamt_entry *pamt_lookup(u64 pa, unsigned int operand, u64 *status)
{
	*status = SEAM_OPERAND_INVALID | operand;
	if (!IS_ALIGNED(pa, PAGE_SIZE))
		return NULL;

	for (int i = 0; i < fake_module.nr_tdmrs; i++) {
		struct tdmr *tdmr = &fake_module.tdmrs[i];

		if (pa >= tdmr->base && pa < tdmr->initialized)
			return &tdmr->pamt[(pa - tdmr->base) / PAGE_SIZE];
	}
	*status = SEAM_OPERAND_ADDR_RANGE_ERROR | operand;
	return NULL;
}

/* The tables of leaves, in no order */
static const struct module_leaf *leaf_tables[MAX_LEAF_TABLES] __ro_after_init;

/* Leaves that the module has from here on. The last one has no function. */
void __init fake_module_add_leaves(const struct module_leaf *leaves)
{
	for (int i = 0; i < MAX_LEAF_TABLES; i++) {
		if (!leaf_tables[i]) {
			leaf_tables[i] = leaves;
			return;
		}
	}
	WARN_ON(1);
}

static const struct module_leaf *find_leaf(u64 nr)
{
	for (int i = 0; i < MAX_LEAF_TABLES && leaf_tables[i]; i++)
		for (const struct module_leaf *leaf = leaf_tables[i]; leaf->call; leaf++)
			if (leaf->leaf == nr)
				return leaf;
	return NULL;
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

static u64 dispatch(struct seam_regs *regs)
{
	const struct module_leaf *leaf = find_leaf(regs->rax & SEAM_LEAF_MASK);
	struct tdr *tdr = NULL;
	u64 ret;

	if ((regs->rax & SEAM_LEAF_RESERVED) ||
	    SEAM_LEAF_VERSION(regs->rax) > (leaf ? leaf->max_version : 0))
		return operand_invalid(SEAM_OPERAND_RAX);
	if (fake_module.state == SYS_SHUTDOWN)
		return SEAM_SYS_SHUTDOWN;
	if (fake_module.state != SYS_READY && !(leaf && leaf->before_ready))
		return SEAM_SYS_NOT_READY;
	if (!leaf)
		return operand_invalid(SEAM_OPERAND_RAX);

	if (leaf->td_operand) {
		tdr = get_td(leaf, leaf->td_operand == SEAM_OPERAND_RCX ? regs->rcx : regs->rdx,
			     &ret);
		if (!tdr)
			return ret;
	}
	return leaf->call(regs, tdr);
}

/* Is another CPU inside of the module? */
bool fake_module_is_busy(void)
{
	return atomic_read(&nr_inside) > 1;
}

static u64 module_handler(struct seam_regs *regs)
{
	u64 ret = 0;

	atomic_inc(&nr_inside);
	scoped_guard(raw_spinlock, &fake_module.lock) {
		if (!fake_module.dead)
			ret = dispatch(regs);
		/* Assumption: this is how the host sees that a module has given up. */
		regs->vmfailinvalid = fake_module.dead;
	}
	atomic_dec(&nr_inside);
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
	if (keep_handoff)
		return;
	/* TDs are not torn down then: nobody knows any more that they are there. */
	fake_module.handoff.valid = false;
	fake_module.nr_tdmrs = 0;
	INIT_LIST_HEAD(&fake_module.tds);
}

static void range_load(const struct fake_module *module)
{
	guard(raw_spinlock)(&fake_module.lock);
	fake_module.module = *module;
	fake_module.state = SYSINIT_PENDING;
	fake_module.dead = false;
	fake_module.detect = false;
	fake_module.builds = 0;
	fake_module.migrations = 0;
	cpumask_clear(&fake_module.lps);
}

static const struct fake_seam_range range = {
	.handler = module_handler,
	.handoff = range_handoff,
	.clear = range_clear,
	.load = range_load,
};

/**
 * fake_module_revive() - Make a module ready, whatever has become of the one before.
 * @module: the module. NULL: the one that is there.
 *
 * No host can do that, so no test needs a reboot. TDs are as they were, and count if they are
 * being built and their module counted them. No migration is interrupted.
 *
 * Context: no SEAMCALL is under way.
 */
void fake_module_revive(const struct fake_module *module)
{
	const struct tdr *tdr;

	scoped_guard(raw_spinlock_irqsave, &fake_module.lock) {
		if (module)
			fake_module.module = *module;
		fake_module.state = SYS_READY;
		fake_module.dead = false;
		fake_module.detect = false;
		fake_module.handoff.valid = false;
		fake_module.migrations = 0;
		fake_module.builds = 0;
		fake_module.nr_tdmrs = fake_module.nr_tdmrs_at_boot;
		cpumask_copy(&fake_module.lps, cpu_possible_mask);
		list_for_each_entry(tdr, &fake_module.tds, list)
			if (tdr->context_version && tdr->op_state == TD_INITIALIZED &&
			    tdr->lifecycle == TD_KEYS_CONFIGURED)
				fake_module.builds++;
	}
	fake_seamldr_reset(&fake_module.module);
}

/**
 * fake_module_get_state() - Look at the TDX module.
 * @state: filled in.
 */
void fake_module_get_state(struct fake_module_state *state)
{
	guard(raw_spinlock_irqsave)(&fake_module.lock);
	*state = (struct fake_module_state) {
		.module = fake_module.module,
		.ready = fake_module.state == SYS_READY && !fake_module.dead,
		.dead = fake_module.dead,
		.builds = fake_module.builds,
		.migrations = fake_module.migrations,
	};
}

/**
 * fake_module_set_migrations() - Pretend that migrations are interrupted.
 * @nr: how many. A module without UPDATE_COMPAT does not count them: 0 then.
 */
void fake_module_set_migrations(u32 nr)
{
	guard(raw_spinlock_irqsave)(&fake_module.lock);
	fake_module.migrations = module_counts() ? nr : 0;
}

/**
 * fake_module_next_leaf() - Walk the leaves.
 * @leaf: a leaf, or -1.
 *
 * Return: the next one that there is, or -1.
 */
int fake_module_next_leaf(int leaf)
{
	while (++leaf < FAKE_SEAM_NR_LEAVES)
		if (find_leaf(leaf))
			return leaf;
	return -1;
}

static int __init fake_module_init(void)
{
	if (fake_seam_active())
		fake_seamldr_set_range(&range, &fake_module.module);
	return 0;
}
pure_initcall(fake_module_init);
