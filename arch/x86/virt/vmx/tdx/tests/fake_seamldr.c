// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM: the P-SEAMLDR.
 *
 * Knows how an image is handed over and verified, and what says which module it is. Does not know
 * what a TDX module does. The order of its checks is that of Intel's public source.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/cpuid/api.h>

#include <crypto/sha2.h>

#include "fake_seamldr.h"

#define MAX_MODULE_PAGES		496
#define MAX_CPUS			255
#define MAX_UPDATES			1000
#define VENDOR_INTEL			0x8086

/* Scenarios: a module where there was none, or one in the place of another */
#define SCENARIO_LOAD			0
#define SCENARIO_UPDATE			1

/* SEAMLDR_PARAMS (SEAM Loader Interface Specification), one page */
struct params {
	u32 version;
	u32 scenario;
	u64 sigstruct_pa;
	u8 reserved[104];
	u64 nr_module_pages;
	u64 module_pa[MAX_MODULE_PAGES];
} __packed;
static_assert(sizeof(struct params) == PAGE_SIZE);

/* Those fields of SEAMLDR_INFO that say something here; 256 bytes, aligned to that */
struct info {
	u32 version;
	u32 attributes;
	u32 vendor_id;
	u32 build_date;
	u16 build_num;
	u16 minor;
	u16 major;
	u16 update;
	u32 acm_x2apicid;
	u32 num_remaining_updates;
	u8 seam_info[128];
	u8 seam_ready;
	u8 seam_debug;
	u8 p_seam_ready;
	u8 reserved[93];
} __packed;
static_assert(sizeof(struct info) == 256);

/* SEAM_SIGSTRUCT, 2 KB, at the start of its page */
struct sigstruct {
	u32 header_type;
	u32 header_length;
	u32 header_version;
	u32 module_type;	/* 0; bit 31 is for platforms that are unlocked for debugging */
	u32 vendor;
	u32 date;
	u32 size;
	u32 key_size;
	u32 modulus_size;
	u32 exponent_size;
	u8 reserved0[88];
	u8 modulus[384];
	u32 exponent;
	u8 signature[384];
	u8 seamhash[SHA384_DIGEST_SIZE];
	u8 svn_minor;
	u8 svn_major;
	u64 attributes;
	u8 layout[26];		/* where the module's parts are */
	u16 module_hv;
	u16 min_update_hv;
	u8 no_downgrade;
	u8 more_layout[35];
	u32 nr_cpus;
	u32 cpus[MAX_CPUS];
} __packed;
static_assert(sizeof(struct sigstruct) == 2048);
static_assert(offsetof(struct sigstruct, seamhash) == 900);
static_assert(offsetof(struct sigstruct, module_hv) == 984);

/*
 * The start of the module's first page. A real module is a program and says this with
 * what it does. Of @module, what the sigstruct says as well is taken from there.
 */
struct module_page {
	u8 magic[8];
	struct fake_module module;
} __packed;
static_assert(offsetof(struct module_page, module.features0) == 16);

/* The P-SEAMLDR serves one CPU at a time and turns the others away. */
static atomic_t occupied;

/* What follows is changed while @occupied, or by tests while no SEAMCALL is made. */
static const struct fake_seam_range *range __ro_after_init;

/* The module that is there, SEAM_READY or not */
static struct fake_module current_module;
static bool have_module;

/* CPUs that have called SEAMLDR.INSTALL since the last installation ended */
static cpumask_t session;

u32 fake_seamldr_updates = MAX_UPDATES;

/* SEAM_READY: without it, the CPU fails SEAMCALLs to the module with VMfailInvalid. */
static void set_seam_ready(bool ready)
{
	fake_seam_set_handler(FAKE_SEAM_MODULE, ready ? range->handler : NULL);
}

static u64 seamldr_info(struct pt_regs *regs)
{
	struct info *info = fake_seam_va(regs->cx, sizeof(*info));

	if (!info)
		return SEAMLDR_EBADPARAM;

	*info = (struct info) {
		.vendor_id = VENDOR_INTEL,
		.build_date = 0x20260101,
		.major = 1, .minor = 5, .update = 99,
		.num_remaining_updates = fake_seamldr_updates,
		.seam_ready = have_module && cpumask_empty(&session),
		.p_seam_ready = 1,
	};
	return SEAM_SUCCESS;
}

static u64 check_params(const struct params *params)
{
	if (!params || params->version || params->scenario > SCENARIO_UPDATE ||
	    memchr_inv(params->reserved, 0, sizeof(params->reserved)) ||
	    !params->nr_module_pages || params->nr_module_pages > MAX_MODULE_PAGES)
		return SEAMLDR_EBADPARAM;
	for (int i = 0; i < params->nr_module_pages; i++)
		if (!fake_seam_va(params->module_pa[i], PAGE_SIZE))
			return SEAMLDR_EBADPARAM;
	if (!fake_seam_va(params->sigstruct_pa, PAGE_SIZE) ||
	    (params->scenario == SCENARIO_UPDATE && !have_module))
		return SEAMLDR_EBADPARAM;
	return SEAM_SUCCESS;
}

/* All packages have the same CPUs here. The stepping does not count. */
static bool cpu_is_listed(const struct sigstruct *sig)
{
	for (int i = 0; i < sig->nr_cpus; i++)
		if ((sig->cpus[i] ^ cpuid_eax(1)) <= 0xf)
			return true;
	return false;
}

/*
 * Not looked at: the signer's key and the signature, since nobody has the key to make one, and
 * the parts of the module, as there are none.
 */
static u64 check_sigstruct(const struct sigstruct *sig, u32 scenario)
{
	/* Sizes are in 32-bit words. */
	if (sig->header_type != 6 || sig->header_length != 0xe1 ||
	    sig->header_version != 0x10000 || sig->module_type ||
	    sig->vendor != VENDOR_INTEL || sig->size != sizeof(*sig) / 4 ||
	    sig->key_size != sizeof(sig->modulus) / 4 || sig->modulus_size != sig->key_size ||
	    sig->exponent_size != 1 || sig->exponent != 0x10001 || sig->attributes ||
	    memchr_inv(sig->reserved0, 0, sizeof(sig->reserved0)) ||
	    sig->nr_cpus > MAX_CPUS || sig->min_update_hv > sig->module_hv)
		return SEAMLDR_EBADSIG;

	if (!sig->svn_major ||
	    (scenario == SCENARIO_UPDATE && sig->svn_major != current_module.svn_major))
		return SEAMLDR_EUNSUPPORTED;
	if (scenario == SCENARIO_UPDATE && sig->svn_minor < current_module.svn_minor)
		return SEAMLDR_EBADSIG;

	if (sig->nr_cpus && !cpu_is_listed(sig))
		return SEAMLDR_EUNSUPCPU;
	return sig->nr_cpus ? SEAM_SUCCESS : SEAMLDR_EBADSIG;
}

/* Can the old module be wiped, and what it hands over be used? */
static u64 check_update(const struct sigstruct *sig)
{
	u16 version;

	if (!fake_seamldr_updates)
		return SEAMLDR_EBADCALL;
	if (!range->handoff(&version) || version < sig->min_update_hv ||
	    version > sig->module_hv)
		return SEAMLDR_EBADHANDOFF;
	return SEAM_SUCCESS;
}

static u64 load(const struct params *params, const struct sigstruct *sig)
{
	const struct module_page *page = __va(params->module_pa[0]);
	u8 digest[SHA384_DIGEST_SIZE];
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	for (int i = 0; i < params->nr_module_pages; i++)
		sha384_update(&ctx, __va(params->module_pa[i]), PAGE_SIZE);
	sha384_final(&ctx, digest);
	if (memcmp(digest, sig->seamhash, sizeof(digest)))
		return SEAMLDR_EBADHASH;

	/* A real module, for example. It would run, and cannot here. */
	if (memcmp(page->magic, "FAKE-TDX", sizeof(page->magic)) ||
	    page->module.hash_layout > 3)
		return SEAMLDR_EUNSPECERR;

	current_module = page->module;
	current_module.module_hv = sig->module_hv;
	current_module.min_update_hv = sig->min_update_hv;
	current_module.no_downgrade = sig->no_downgrade;
	current_module.svn_minor = sig->svn_minor;
	current_module.svn_major = sig->svn_major;
	range->load(&current_module);
	have_module = true;
	fake_seamldr_updates--;
	return SEAM_SUCCESS;
}

static u64 install(const struct params *params)
{
	const struct sigstruct *sig;
	u64 ret = check_params(params);

	if (ret)
		return ret;
	sig = __va(params->sigstruct_pa);
	ret = check_sigstruct(sig, params->scenario);
	if (ret)
		return ret;

	if (params->scenario == SCENARIO_LOAD) {
		fake_seamldr_updates = MAX_UPDATES;
	} else {
		ret = check_update(sig);
		if (ret)
			return ret;
	}

	/* From here on, a failure is the end of the old module. */
	range->clear(params->scenario == SCENARIO_UPDATE);
	have_module = false;
	return load(params, sig);
}

/*
 * Every CPU of the platform has to call, online or not. The module cannot be called from the first
 * one's call on. What was passed is looked at in the last one's.
 */
static u64 seamldr_install(struct pt_regs *regs)
{
	u64 ret;

	if (cpumask_test_and_set_cpu(smp_processor_id(), &session))
		return SEAMLDR_EBADCALL;
	set_seam_ready(false);
	if (!cpumask_subset(cpu_present_mask, &session))
		return SEAM_SUCCESS;

	ret = install(fake_seam_va(regs->cx, PAGE_SIZE));
	cpumask_clear(&session);
	set_seam_ready(have_module);
	return ret;
}

static u64 seamldr_handler(struct pt_regs *regs)
{
	u64 ret = SEAMLDR_EBADPARAM;

	if (atomic_cmpxchg(&occupied, 0, 1))
		return FAKE_SEAM_VMFAILINVALID;
	if (regs->ax == SEAM_LEAF_SEAMLDR_INFO)
		ret = seamldr_info(regs);
	else if (regs->ax == SEAM_LEAF_SEAMLDR_INSTALL)
		ret = seamldr_install(regs);
	atomic_set_release(&occupied, 0);
	return ret;
}

/* The TDX module's side: what takes over a module that was verified, and the one at boot */
void __init fake_seamldr_set_range(const struct fake_seam_range *new,
				   const struct fake_module *at_boot)
{
	range = new;
	fake_seamldr_reset(at_boot);
}

/*
 * Start again with this module: no installation under way, and SEAM_READY. No host can do that, so
 * no test needs a reboot. No SEAMCALL may be under way.
 */
void fake_seamldr_reset(const struct fake_module *module)
{
	cpumask_clear(&session);
	current_module = *module;
	have_module = true;
	fake_seamldr_updates = MAX_UPDATES;
	set_seam_ready(true);
}

static int __init fake_seamldr_init(void)
{
	if (fake_seam_active())
		fake_seam_set_handler(FAKE_SEAM_SEAMLDR, seamldr_handler);
	return 0;
}
pure_initcall(fake_seamldr_init);
