// SPDX-License-Identifier: GPL-2.0
/*
 * Fake SEAM, layer 2: the P-SEAMLDR.
 *
 * Knows how an image is handed over and verified, and what says which module it is. Does
 * not know what a TDX module does.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <crypto/sha2.h>

#include "fake_model.h"

#define MAX_MODULE_PAGES		496
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

/*
 * SEAM_SIGSTRUCT, 2 KB, at the start of its page. The hash is the only protection of the
 * image here: nobody has the key to make a signature.
 */
struct sigstruct {
	u8 header[128];
	u8 key_and_signature[772];
	u8 seamhash[SHA384_DIGEST_SIZE];
	u8 body[36];
	u16 module_hv;
	u16 min_update_hv;
	u8 rest[1060];
} __packed;
static_assert(sizeof(struct sigstruct) == 2048);
static_assert(offsetof(struct sigstruct, module_hv) == 984);

/*
 * The start of the module's first page. A real module is a program and says this with
 * what it does.
 */
struct module_page {
	u8 magic[8];
	u16 major;
	u16 minor;
	u16 update;
	u16 hash_layout;
	u64 features0;
} __packed;

static const u8 module_magic[8] = "FAKE-TDX";

static u64 (*load_module)(const struct fake_module *module) __ro_after_init;

/* The P-SEAMLDR serves one CPU at a time and turns the others away. */
static atomic_t occupied;

/* While @occupied: CPUs that have called SEAMLDR.INSTALL, and what the first one passed. */
static cpumask_t session;
static u64 session_params;

static u32 remaining_updates = 1000;

static u64 seamldr_info(struct seam_regs *regs)
{
	struct info *info = fake_seam_va(regs->rcx, sizeof(*info));

	if (!info)
		return SEAMLDR_EBADPARAM;

	*info = (struct info) {
		.vendor_id = 0x8086,
		.build_date = 0x20260101,
		.major = 1,
		.minor = 5,
		.update = 99,
		.num_remaining_updates = READ_ONCE(remaining_updates),
		.seam_ready = 1,
		.p_seam_ready = 1,
	};
	return SEAM_SUCCESS;
}

static u64 check_params(const struct params *params)
{
	if (params->version || params->scenario != SCENARIO_UPDATE ||
	    memchr_inv(params->reserved, 0, sizeof(params->reserved)))
		return SEAMLDR_EBADPARAM;
	if (!params->nr_module_pages || params->nr_module_pages > MAX_MODULE_PAGES)
		return SEAMLDR_EBADPARAM;
	if (!fake_seam_va(params->sigstruct_pa, PAGE_SIZE))
		return SEAMLDR_EBADPARAM;
	for (int i = 0; i < params->nr_module_pages; i++)
		if (!fake_seam_va(params->module_pa[i], PAGE_SIZE))
			return SEAMLDR_EBADPARAM;
	return SEAM_SUCCESS;
}

static u64 install(const struct params *params)
{
	const struct module_page *page = __va(params->module_pa[0]);
	const struct sigstruct *sig = __va(params->sigstruct_pa);
	u8 digest[SHA384_DIGEST_SIZE];
	struct fake_module module;
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	for (int i = 0; i < params->nr_module_pages; i++)
		sha384_update(&ctx, __va(params->module_pa[i]), PAGE_SIZE);
	sha384_final(&ctx, digest);
	if (memcmp(digest, sig->seamhash, sizeof(digest)))
		return SEAMLDR_EBADHASH;

	if (memcmp(page->magic, module_magic, sizeof(module_magic)))
		return SEAMLDR_EBADPARAM;
	module = (struct fake_module) {
		.major = page->major,
		.minor = page->minor,
		.update = page->update,
		.hash_layout = page->hash_layout,
		.features0 = page->features0,
		.module_hv = sig->module_hv,
		.min_update_hv = sig->min_update_hv,
	};
	return load_module(&module);
}

static u64 seamldr_install(struct seam_regs *regs)
{
	const struct params *params = fake_seam_va(regs->rcx, PAGE_SIZE);
	u64 ret;

	if (!params)
		return SEAMLDR_EBADPARAM;

	/* Assumption: other parameters, or a second call, begin a new session. */
	if (session_params != regs->rcx || cpumask_test_cpu(smp_processor_id(), &session)) {
		cpumask_clear(&session);
		session_params = regs->rcx;
	}

	ret = check_params(params);
	if (ret)
		return ret;
	if (!READ_ONCE(remaining_updates))
		return SEAMLDR_EUNSPECERR;

	/*
	 * The last CPU's call installs the module. A real P-SEAMLDR waits for the CPUs
	 * that are offline, too, and the update fails. See "Limits" in tdx-fake-seam.rst.
	 */
	cpumask_set_cpu(smp_processor_id(), &session);
	if (!cpumask_subset(cpu_online_mask, &session))
		return SEAM_SUCCESS;

	cpumask_clear(&session);
	session_params = 0;
	ret = install(params);
	if (!ret)
		WRITE_ONCE(remaining_updates, remaining_updates - 1);
	return ret;
}

static u64 seamldr_handler(struct seam_regs *regs)
{
	u64 ret;

	if (atomic_cmpxchg(&occupied, 0, 1)) {
		regs->vmfailinvalid = true;
		return 0;
	}

	switch (regs->rax) {
	case SEAM_LEAF_SEAMLDR_INFO:
		ret = seamldr_info(regs);
		break;
	case SEAM_LEAF_SEAMLDR_INSTALL:
		ret = seamldr_install(regs);
		break;
	default:
		ret = SEAMLDR_EBADPARAM;
	}

	atomic_set_release(&occupied, 0);
	return ret;
}

/**
 * fake_seamldr_set_loader() - Set who takes over a module that was verified.
 * @load: called for the last CPU's SEAMLDR.INSTALL. Returns a P-SEAMLDR status; on
 *	  anything but success the old module stays.
 */
void __init fake_seamldr_set_loader(u64 (*load)(const struct fake_module *module))
{
	load_module = load;
}

/**
 * fake_seamldr_forget_session() - Forget an update that ended before every CPU had its turn.
 *
 * Context: no update is under way.
 */
void fake_seamldr_forget_session(void)
{
	cpumask_clear(&session);
	session_params = 0;
}

/**
 * fake_seamldr_set_remaining_updates() - Set how many updates are left.
 * @nr: with 0 the next SEAMLDR.INSTALL fails.
 */
void fake_seamldr_set_remaining_updates(u32 nr)
{
	WRITE_ONCE(remaining_updates, nr);
}

/**
 * fake_seamldr_remaining_updates() - How many updates are left?
 *
 * Return: what SEAMLDR.INFO tells.
 */
u32 fake_seamldr_remaining_updates(void)
{
	return READ_ONCE(remaining_updates);
}

static int __init fake_seamldr_init(void)
{
	if (fake_seam_active())
		fake_seam_set_handler(FAKE_SEAM_SEAMLDR, seamldr_handler);
	return 0;
}
pure_initcall(fake_seamldr_init);
