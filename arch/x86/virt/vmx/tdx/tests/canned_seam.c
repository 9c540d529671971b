// SPDX-License-Identifier: GPL-2.0
/*
 * A SEAM that answers what a test says, and "success" to everything else.
 *
 * It models nothing: no TD, no state, no order of things. The few fields that it has are
 * what it takes to boot as a TDX host, and to update the module.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "canned_seam.h"

static const struct canned_seam defaults = {
	.features0 = CANNED_FEATURES0 | CANNED_UPDATE_COMPAT,
	.module_hv = 1,
};

struct canned_seam canned_seam = defaults;

/* The version is what the kernel believes, so that the suites leave no trace. */
static struct tdx_sys_info_version version = { .major_version = 1, .minor_version = 5 };

static u64 read_field(u64 field)
{
	switch (field) {
	case CANNED_FIELD_FEATURES0:
		return canned_seam.features0;
	case CANNED_FIELD_MODULE_HV:
		return canned_seam.module_hv;
	case 0x0800000100000003:
		return version.minor_version;
	case 0x0800000100000004:
		return version.major_version;
	case 0x0800000100000005:
		return version.update_version;
	case 0x9100000100000008:	/* MAX_TDMRS */
		return 64;
	case 0x9100000100000009:	/* MAX_RESERVED_PER_TDMR */
	case 0x9100000100000010 ... 0x9100000100000012:	/* sizes of PAMT entries */
		return 16;
	case 0x9800000100000000:	/* sizes of TDR, TDCS and TDVPS */
	case 0x9800000100000100:
	case 0x9800000100000200:
		return PAGE_SIZE;
	}
	return 0;
}

static u64 answer(struct pt_regs *regs)
{
	u64 leaf = regs->ax & (SEAM_LEAF_SEAMLDR | SEAM_LEAF_MASK);

	if (canned_seam.in_call)
		canned_seam.in_call(leaf);

	if (leaf == SEAM_LEAF_SYS_RD)
		regs->r8 = read_field(regs->dx);
	/* The address up to which a TDMR is initialized: all of it. */
	if (leaf == SEAM_LEAF_SYS_TDMR_INIT)
		regs->dx = U64_MAX;
	return 0;
}

/* Who has answered before the test */
static seam_handler_t module_handler, seamldr_handler;

static void set_handlers(seam_handler_t module, seam_handler_t seamldr)
{
	module_handler = fake_seam_set_handler(FAKE_SEAM_MODULE, module);
	seamldr_handler = fake_seam_set_handler(FAKE_SEAM_SEAMLDR, seamldr);
}

/* Whatever has become of the module, with this one an update brings it back. */
static void start_anew(void)
{
	fake_seam_inject_clear();
	canned_seam = defaults;
	canned_update();
}

static void end(void *unused)
{
	start_anew();
	set_handlers(module_handler, seamldr_handler);
}

/**
 * canned_seam_init() - Start a test: use as the suite's .init.
 * @test: the test. What it has set is forgotten when all else of it has been cleaned up.
 *
 * No failure is waiting, and the kernel has a module that works.
 *
 * Return: 0 or an errno. Skips the test on a machine where the fake SEAM does not run.
 */
int canned_seam_init(struct kunit *test)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();

	if (!fake_seam_active())
		kunit_skip(test, "needs the fake SEAM: \"fake_seam\" on the command line, no SEAM");

	if (sysinfo)
		version = sysinfo->version;
	set_handlers(answer, answer);
	start_anew();
	if (kunit_add_action_or_reset(test, end, NULL))
		return -ENOMEM;
	return tdx_get_sysinfo() ? 0 : -ENODEV;
}

/* Update the module, as the driver does. Returns what becomes of a good image. */
int canned_update(void)
{
	u8 *image = vzalloc(3 * PAGE_SIZE);
	int ret;

	if (!image)
		return -ENOMEM;
	tdx_kunit_header(image, 1);
	ret = seamldr_install_module(image, 3 * PAGE_SIZE);
	vfree(image);
	return ret;
}

/* It must not count in the tests that follow, whatever it has been through. */
static void td_free(void *td)
{
	fake_seam_inject_clear();
	tdh_mng_vpflushdone(td);
}

/* A TD that is not initialized yet. The canned module does not look at its TDR. */
struct tdx_td *canned_td_create(struct kunit *test)
{
	struct tdx_td *td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, td);
	td->tdr_page = ZERO_PAGE(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, td_free, td), 0);
	return td;
}

/* TDH.MNG.INIT: the build begins. Returns the status. */
u64 canned_td_init(struct tdx_td *td)
{
	u64 ext_err;

	return tdh_mng_init(td, 0, &ext_err);
}

/* A TD that is being built */
struct tdx_td *canned_td_begin(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);

	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	return td;
}

/* What it takes to boot as a TDX host. */
static int __init canned_seam_boot(void)
{
	set_handlers(answer, answer);
	return 0;
}
pure_initcall(canned_seam_boot);
