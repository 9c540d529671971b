// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the life of TDs and VCPUs, from TDH.MNG.CREATE to the last TDH.PHYMEM.PAGE.RECLAIM.
 *
 * As in a real module, all that belongs to a TD is kept in the pages that the host gives
 * for it, so it survives an update of the module as the real thing does. Other than there,
 * nothing is encrypted: the TD's pages are readable, whatever KeyID they belong to.
 */
#include <linux/build_bug.h>
#include <linux/cpufeature.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include <crypto/sha2.h>

#include "fake_module_internal.h"

/* Take a page of the host for a TD. */
u64 take_page(u64 pa, enum pamt_type type, struct tdr *tdr, unsigned int operand)
{
	u64 ret;
	struct pamt_entry *entry = pamt_lookup(pa, operand, &ret);

	if (!entry)
		return ret;
	if (entry->type != PAMT_NDA)
		return SEAM_PAGE_METADATA_INCORRECT | operand;

	entry->type = type;
	entry->owner = __pa(tdr);
	if (type != PAMT_TDR)
		tdr->nr_pages++;
	if (type != PAMT_REG)
		memset(__va(pa), 0, PAGE_SIZE);
	return SEAM_SUCCESS;
}

/*
 * A TD whose module counted it is taken for counted, even if the count was not handed over. There
 * is nothing to take it from then, and the module gives up: false.
 */
bool end_build(const struct tdr *tdr)
{
	if (!module_counts() || !tdr->context_version)
		return true;

	fake_module.dead = !fake_module.builds;
	if (fake_module.builds)
		fake_module.builds--;
	return !fake_module.dead;
}

/* RCX: page for the TDR, RDX: KeyID, a private one (1 to 0x7fff), which no other TD may have */
static u64 mng_create(struct pt_regs *regs, struct tdr *unused)
{
	struct tdr *tdr;
	u64 ret;

	if (!regs->dx || regs->dx > 0x7fff)
		return operand_invalid(SEAM_OPERAND_RDX);
	list_for_each_entry(tdr, &fake_module.tds, list)
		if (tdr->hkid == regs->dx && tdr->lifecycle != TD_TEARDOWN)
			return SEAM_HKID_NOT_FREE;

	tdr = __va(regs->cx);
	ret = take_page(regs->cx, PAMT_TDR, tdr, SEAM_OPERAND_RCX);
	if (ret)
		return ret;

	BUILD_BUG_ON(sizeof(*tdr) > PAGE_SIZE);
	tdr->lifecycle = TD_HKID_ASSIGNED;
	tdr->hkid = regs->dx;
	list_add_tail(&tdr->list, &fake_module.tds);
	return SEAM_SUCCESS;
}

/* RCX: TDR. Once per package */
static u64 mng_key_config(struct pt_regs *regs, struct tdr *tdr)
{
	if (tdr->lifecycle != TD_HKID_ASSIGNED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (tdr->packages & this_package())
		return SEAM_KEY_CONFIGURED;

	tdr->packages |= this_package();
	if (all_packages(tdr->packages))
		tdr->lifecycle = TD_KEYS_CONFIGURED;
	return SEAM_SUCCESS;
}

/* RCX: page, RDX: TDR. It comes before the TD has all of its TDCS, so it has checks of its own. */
static u64 mng_addcx(struct pt_regs *regs, struct tdr *tdr)
{
	u64 ret;

	if (tdr->lifecycle != TD_KEYS_CONFIGURED)
		return SEAM_TD_KEYS_NOT_CONFIGURED;
	if (tdr->nr_tdcx == NR_TDCS_PAGES)
		return SEAM_TDCX_NUM_INCORRECT;

	ret = take_page(regs->cx, PAMT_TDCX, tdr, SEAM_OPERAND_RCX);
	if (!ret)
		tdr->tdcx[tdr->nr_tdcx++] = regs->cx;
	return ret;
}

/*
 * Are these parameters for a TD that the module can build? Assumption: ATTRIBUTES and XFAM
 * are free, but for the bits that every TD has.
 */
static bool params_are_good(const struct seam_td_params *params)
{
	for (int i = 0; i < NR_CPUID_CONFIGS; i++) {
		const u64 *value = (const u64 *)params->cpuid[i];

		if ((value[0] & ~cpuid_configs[i].mask[0]) ||
		    (value[1] & ~cpuid_configs[i].mask[1]))
			return false;
	}

	return params->max_vcpus && params->max_vcpus <= MAX_VCPUS_PER_TD &&
	       (params->xfam & 3) == 3 &&
	       params->eptp_controls == SEAM_EPTP_4_LEVELS &&
	       !(params->config_flags & ~SEAM_CONFIG_FLAGS) &&
	       params->tsc_frequency >= SEAM_TSC_FREQUENCY_MIN &&
	       params->tsc_frequency <= SEAM_TSC_FREQUENCY_MAX &&
	       !memchr_inv(params->reserved0, 0, sizeof(params->reserved0)) &&
	       !memchr_inv(params->reserved1, 0, sizeof(params->reserved1)) &&
	       !memchr_inv(params->reserved2, 0, sizeof(params->reserved2)) &&
	       !memchr_inv(params->cpuid[NR_CPUID_CONFIGS], 0,
			   sizeof(params->cpuid) - sizeof_field(struct tdr, cpuid));
}

/* RCX: TDR, RDX: TD_PARAMS. The build begins here. */
static u64 mng_init(struct pt_regs *regs, struct tdr *tdr)
{
	const struct seam_td_params *params = fake_seam_va(regs->dx, sizeof(*params));

	if (!params || !params_are_good(params))
		return operand_invalid(SEAM_OPERAND_RDX);

	tdr->max_vcpus = params->max_vcpus;
	memcpy(tdr->cpuid, params->cpuid, sizeof(tdr->cpuid));
	memcpy(tdr->mrconfigid, params->mrconfigid, sizeof(tdr->mrconfigid));
	sha384_init(hash_of(tdr));
	tdr->op_state = TD_INITIALIZED;
	if (module_counts()) {
		fake_module.builds++;
		tdr->context_version = module_context_version();
	}
	return SEAM_SUCCESS;
}

/* RCX: page for the TDVPR, RDX: TDR */
static u64 vp_create(struct pt_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->cx);
	u64 ret = take_page(regs->cx, PAMT_TDVPR, tdr, SEAM_OPERAND_RCX);

	if (!ret)
		vp->cpu = -1;
	return ret;
}

/* RCX: page, RDX: TDVPR */
static u64 vp_addcx(struct pt_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->dx);
	u64 ret;

	if (vp->initialized)
		return SEAM_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx == NR_TDVPS_PAGES - 1)
		return SEAM_TDCX_NUM_INCORRECT;

	ret = take_page(regs->cx, PAMT_TDCX, tdr, SEAM_OPERAND_RCX);
	if (!ret)
		vp->nr_tdcx++;
	return ret;
}

/* A VCPU belongs to one CPU at a time: the first to touch it, until TDH.VP.FLUSH there. */
u64 vp_associate(struct tdr *tdr, struct tdvpr *vp)
{
	if (!vp->initialized)
		return SEAM_VCPU_STATE_INCORRECT;
	if (vp->cpu == smp_processor_id())
		return SEAM_SUCCESS;
	if (vp->cpu >= 0)
		return SEAM_VCPU_ASSOCIATED;

	vp->cpu = smp_processor_id();
	tdr->nr_associated++;
	return SEAM_SUCCESS;
}

/* RCX: TDVPR, RDX: initial RCX of the VCPU, R8: x2APIC ID, in version 1 */
static u64 vp_init(struct pt_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->cx);

	if (vp->initialized)
		return SEAM_VCPU_STATE_INCORRECT;
	if (vp->nr_tdcx < NR_TDVPS_PAGES - 1)
		return SEAM_TDCX_NUM_INCORRECT;
	if (tdr->nr_vcpus == tdr->max_vcpus)
		return SEAM_MAX_VCPUS_EXCEEDED;

	vp->initialized = true;
	tdr->nr_vcpus++;
	return vp_associate(tdr, vp);
}

/* RCX: TDVPR */
static u64 vp_flush(struct pt_regs *regs, struct tdr *tdr)
{
	struct tdvpr *vp = __va(regs->cx);

	if (vp->cpu != smp_processor_id())
		return SEAM_VCPU_NOT_ASSOCIATED;

	vp->cpu = -1;
	tdr->nr_associated--;
	return SEAM_SUCCESS;
}

/* RCX: TDR. The TD cannot go on after this, and does not count as being built any more. */
static u64 mng_vpflushdone(struct pt_regs *regs, struct tdr *tdr)
{
	if (tdr->lifecycle != TD_HKID_ASSIGNED && tdr->lifecycle != TD_KEYS_CONFIGURED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (tdr->nr_associated)
		return SEAM_FLUSHVP_NOT_DONE;

	if (tdr->op_state == TD_INITIALIZED && !end_build(tdr))
		return SEAM_SUCCESS;

	tdr->lifecycle = TD_BLOCKED;
	tdr->packages = 0;
	return SEAM_SUCCESS;
}

/*
 * RCX: 0, or 1 to go on after an interruption, which there is none of. For all KeyIDs that are
 * on their way from TDH.MNG.VPFLUSHDONE to TDH.MNG.KEY.FREEID. The memory here is of one kind,
 * so there is nothing to write back, but the order of things counts.
 */
static u64 phymem_cache_wb(struct pt_regs *regs, struct tdr *unused)
{
	u64 ret = SEAM_NO_HKID_READY_TO_WBCACHE;
	struct tdr *tdr;

	if (regs->cx)
		return operand_invalid(SEAM_OPERAND_RCX);
	list_for_each_entry(tdr, &fake_module.tds, list) {
		if (tdr->lifecycle == TD_BLOCKED) {
			tdr->packages |= this_package();
			ret = SEAM_SUCCESS;
		}
	}
	return ret;
}

/* RCX: TDR. Every package has done TDH.PHYMEM.CACHE.WB before. */
static u64 mng_key_freeid(struct pt_regs *regs, struct tdr *tdr)
{
	if (tdr->lifecycle != TD_BLOCKED)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (!all_packages(tdr->packages))
		return SEAM_WBCACHE_NOT_COMPLETE;

	tdr->lifecycle = TD_TEARDOWN;
	return SEAM_SUCCESS;
}

/*
 * RCX: page; out: RCX type, RDX owner, R8 size (0: 4 KB). The page is the host's again. The TDR is
 * the last one.
 */
static u64 phymem_page_reclaim(struct pt_regs *regs, struct tdr *unused)
{
	u64 ret;
	struct pamt_entry *entry = pamt_lookup(regs->cx, SEAM_OPERAND_RCX, &ret);
	struct tdr *tdr;

	if (!entry)
		return ret;
	if (entry->type == PAMT_NDA || entry->type == PAMT_RSVD)
		return SEAM_PAGE_METADATA_INCORRECT | SEAM_OPERAND_RCX;

	tdr = __va(entry->owner);
	if (tdr->lifecycle != TD_TEARDOWN)
		return SEAM_LIFECYCLE_STATE_INCORRECT;
	if (entry->type == PAMT_TDR && tdr->nr_pages)
		return SEAM_TD_ASSOCIATED_PAGES_EXIST;

	if (entry->type == PAMT_TDR)
		list_del(&tdr->list);
	else
		tdr->nr_pages--;
	regs->cx = entry->type;
	regs->dx = entry->owner;
	regs->r8 = 0;
	*entry = (struct pamt_entry) {};
	return SEAM_SUCCESS;
}

/* RCX: page, with a KeyID in the high bits of its address. It must be no TD's any more. */
static u64 phymem_page_wbinvd(struct pt_regs *regs, struct tdr *unused)
{
	u64 pa = regs->cx & GENMASK_ULL(boot_cpu_data.x86_phys_bits - 1, 0);
	u64 ret;
	const struct pamt_entry *entry = pamt_lookup(pa, SEAM_OPERAND_RCX, &ret);

	if (!entry)
		return ret;
	return entry->type == PAMT_NDA ? SEAM_SUCCESS :
					 SEAM_PAGE_METADATA_INCORRECT | SEAM_OPERAND_RCX;
}

static const struct module_leaf module_td_leaves[] __initconst = {
	{ SEAM_LEAF_MNG_CREATE, mng_create },
	{ SEAM_LEAF_MNG_KEY_CONFIG, mng_key_config, LEAF_TDR(RCX) },
	{ SEAM_LEAF_MNG_ADDCX, mng_addcx, LEAF_TDR(RDX) },
	{ SEAM_LEAF_MNG_INIT, mng_init, LEAF_TD(RCX, TD_UNINITIALIZED, TD_UNINITIALIZED) },
	{ SEAM_LEAF_VP_CREATE, vp_create, LEAF_TD(RDX, TD_INITIALIZED, TD_INITIALIZED) },
	{ SEAM_LEAF_VP_ADDCX, vp_addcx, LEAF_VP(RDX, TD_INITIALIZED, TD_INITIALIZED) },
	{ SEAM_LEAF_VP_INIT, vp_init, LEAF_VP(RCX, TD_INITIALIZED, TD_INITIALIZED),
	  .max_version = 1 },
	{ SEAM_LEAF_VP_FLUSH, vp_flush, LEAF_VP(RCX, TD_INITIALIZED, TD_RUNNABLE) },
	{ SEAM_LEAF_MNG_VPFLUSHDONE, mng_vpflushdone, LEAF_TDR(RCX) },
	{ SEAM_LEAF_PHYMEM_CACHE_WB, phymem_cache_wb },
	{ SEAM_LEAF_MNG_KEY_FREEID, mng_key_freeid, LEAF_TDR(RCX) },
	{ SEAM_LEAF_PHYMEM_PAGE_RECLAIM, phymem_page_reclaim },
	{ SEAM_LEAF_PHYMEM_PAGE_WBINVD, phymem_page_wbinvd },
	{}
};
MODULE_LEAVES(module_td_leaves);

/* "MRCONFIGID MRTD" of each TD, all at one moment, whoever has built them; "-" while it is built */
int fake_module_tds_show(struct seq_file *m, void *unused)
{
	const struct tdr *tdr;

	guard(raw_spinlock_irqsave)(&fake_module.lock);

	list_for_each_entry(tdr, &fake_module.tds, list) {
		seq_printf(m, "%*phN ", SEAM_MRTD_SIZE, tdr->mrconfigid);
		if (tdr->op_state == TD_RUNNABLE)
			seq_printf(m, "%*phN\n", SEAM_MRTD_SIZE, tdr->mrtd);
		else
			seq_puts(m, "-\n");
	}
	return 0;
}

/* The measurement that the report of a TD would show, or -ENODATA if it is not finalized yet */
int fake_module_get_mrtd(u64 tdr_pa, u8 mrtd[SEAM_MRTD_SIZE])
{
	const struct tdr *tdr = __va(tdr_pa);

	guard(raw_spinlock_irqsave)(&fake_module.lock);
	memcpy(mrtd, tdr->mrtd, SEAM_MRTD_SIZE);
	return tdr->op_state == TD_RUNNABLE ? 0 : -ENODATA;
}
