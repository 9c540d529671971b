// SPDX-License-Identifier: GPL-2.0
/*
 * A SEAM that answers what a test says, and "success" to everything else.
 *
 * It models nothing: no TD, no state, no order of things. The few fields that it has are
 * what it takes to boot as a TDX host, and to update the module.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "canned_seam.h"
#include "tdx_kunit_util.h"

static const struct canned_seam defaults = {
	.features0 = CANNED_FEATURES0 | CANNED_UPDATE_COMPAT,
	.module_hv = 1,
};

struct canned_seam canned_seam = defaults;

/* The version is what the kernel believes, so that the suites leave no trace. */
static struct tdx_sys_info_version version = { .major_version = 1, .minor_version = 5 };

static const struct {
	u64 field;
	u64 value;
} fields[] = {
	{ 0x9100000100000008, 64 },		/* MAX_TDMRS */
	{ 0x9100000100000009, 16 },		/* MAX_RESERVED_PER_TDMR */
	{ 0x9100000100000010, 16 },		/* sizes of PAMT entries */
	{ 0x9100000100000011, 16 },
	{ 0x9100000100000012, 16 },
	{ 0x9800000100000000, 4096 },		/* sizes of TDR, TDCS and TDVPS */
	{ 0x9800000100000100, 6 * 4096 },
	{ 0x9800000100000200, 7 * 4096 },
};

static u64 read_field(u64 field)
{
	switch (field) {
	case 0x0800000100000003:
		return version.minor_version;
	case 0x0800000100000004:
		return version.major_version;
	case 0x0800000100000005:
		return version.update_version;
	case CANNED_FIELD_FEATURES0:
		return canned_seam.features0;
	case CANNED_FIELD_MODULE_HV:
		return canned_seam.module_hv;
	}

	for (int i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].field == field)
			return fields[i].value;
	return 0;
}

static u64 answer_for_module(struct seam_regs *regs)
{
	u64 leaf = regs->rax & SEAM_LEAF_MASK;

	if (canned_seam.in_call)
		canned_seam.in_call(leaf);

	switch (leaf) {
	case SEAM_LEAF_SYS_RD:
		regs->r8 = read_field(regs->rdx);
		break;
	case SEAM_LEAF_SYS_TDMR_INIT:
		/* The address up to which a TDMR is initialized: all of it. */
		regs->rdx = U64_MAX;
		break;
	}
	return 0;
}

static u64 answer_for_seamldr(struct seam_regs *regs)
{
	struct seamldr_info *info;

	if (regs->rax == SEAM_LEAF_SEAMLDR_INFO) {
		info = fake_seam_va(regs->rcx, sizeof(*info));
		if (info)
			memset(info, 0, sizeof(*info));
	}
	return 0;
}

/* Who has answered before the suite */
static seam_handler_t module_handler, seamldr_handler;

/**
 * canned_seam_suite_init() - Start a suite: use as its .suite_init.
 * @suite: the suite.
 *
 * Return: 0.
 */
int canned_seam_suite_init(struct kunit_suite *suite)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();

	if (sysinfo)
		version = sysinfo->version;
	module_handler = fake_seam_set_handler(FAKE_SEAM_MODULE, answer_for_module);
	seamldr_handler = fake_seam_set_handler(FAKE_SEAM_SEAMLDR, answer_for_seamldr);
	return 0;
}

/**
 * canned_seam_suite_exit() - End a suite: use as its .suite_exit.
 * @suite: the suite.
 */
void canned_seam_suite_exit(struct kunit_suite *suite)
{
	fake_seam_set_handler(FAKE_SEAM_MODULE, module_handler);
	fake_seam_set_handler(FAKE_SEAM_SEAMLDR, seamldr_handler);
}

/* Whatever has become of the module, with this one an update brings it back. */
static void start_anew(void *unused)
{
	fake_seam_inject_clear();
	canned_seam = defaults;
	canned_update();
}

/**
 * canned_seam_init() - Start a test: use as the suite's .init.
 * @test: the test. What it has set is forgotten when all else of it has been cleaned up.
 *
 * No answer is waiting, and the kernel has a module that works.
 *
 * Return: 0 or an errno. Skips the test on a machine where the fake SEAM does not run.
 */
int canned_seam_init(struct kunit *test)
{
	if (!fake_seam_active())
		kunit_skip(test, "needs the fake SEAM: \"fake_seam\" on the command line, no SEAM");

	start_anew(NULL);
	if (!tdx_get_sysinfo())
		return -ENODEV;
	return kunit_add_action(test, start_anew, NULL);
}

static void answer(struct kunit *test, u64 leaf, unsigned int times,
		   enum fake_seam_fault fault, u64 status)
{
	const struct fake_seam_injection injection = {
		.leaf = leaf,
		.cpu = -1,
		.times = times,
		.fault = fault,
		.status = status,
	};

	KUNIT_ASSERT_EQ(test, fake_seam_inject(&injection), 0);
}

/**
 * canned_answer() - Set the status of the next call of a leaf.
 * @test: the test.
 * @leaf: the leaf. Called twice with one leaf, this sets the next two answers.
 * @status: the status.
 */
void canned_answer(struct kunit *test, u64 leaf, u64 status)
{
	answer(test, leaf, 1, FAKE_SEAM_STATUS, status);
}

/**
 * canned_fault() - Let the next call of a leaf not get through to SEAM.
 * @test: the test.
 * @leaf: the leaf.
 * @fault: what happens to the instruction.
 */
void canned_fault(struct kunit *test, u64 leaf, enum fake_seam_fault fault)
{
	answer(test, leaf, 1, fault, 0);
}

/**
 * canned_update() - Update the module, as the driver does.
 *
 * Return: what seamldr_install_module() says of a good image.
 */
int canned_update(void)
{
	u8 *image = vzalloc(TDX_KUNIT_BLANK_SIZE);
	int ret;

	if (!image)
		return -ENOMEM;
	tdx_kunit_blank_image(image);
	ret = seamldr_install_module(image, TDX_KUNIT_BLANK_SIZE);
	vfree(image);
	return ret;
}

/* It must not count in the tests that follow, whatever it has been through. */
static void td_free(void *td)
{
	fake_seam_inject_clear();
	tdh_mng_vpflushdone(td);
}

/**
 * canned_td_create() - A TD that is created and not initialized.
 * @test: the test. The TD does not count any more when it ends.
 *
 * Return: the TD. The canned module does not look at its TDR.
 */
struct tdx_td *canned_td_create(struct kunit *test)
{
	struct tdx_td *td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, td);
	td->tdr_page = ZERO_PAGE(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, td_free, td), 0);
	return td;
}

/**
 * canned_td_init() - Initialize a TD: its build begins.
 * @td: from canned_td_create().
 *
 * Return: 0, or -EIO if TDH.MNG.INIT fails.
 */
int canned_td_init(struct tdx_td *td)
{
	u64 ext_err;

	return tdh_mng_init(td, 0, &ext_err) ? -EIO : 0;
}

/**
 * canned_td_begin() - A TD that is being built.
 * @test: as for canned_td_create().
 *
 * Return: the TD.
 */
struct tdx_td *canned_td_begin(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);

	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	return td;
}

/* What it takes to boot as a TDX host. */
static int __init canned_seam_boot(void)
{
	fake_seam_set_handler(FAKE_SEAM_MODULE, answer_for_module);
	fake_seam_set_handler(FAKE_SEAM_SEAMLDR, answer_for_seamldr);
	return 0;
}
pure_initcall(canned_seam_boot);
