// SPDX-License-Identifier: GPL-2.0
/*
 * What the KUnit suites on the model share: a TDX host that is as new before every test,
 * images, TDs, and a look at SEAMCALLs.
 */
#include <linux/cpufeature.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/cpuid/api.h>
#include <asm/seamldr.h>
#include <asm/tdx.h>

#include <crypto/sha2.h>

#include "tdx_kunit.h"

#define FEATURES0	(SEAM_FEATURES0_TD_PRESERVING | SEAM_FEATURES0_NO_RBP_MOD | \
			 SEAM_FEATURES0_TOPOLOGY_ENUM)

const struct fake_module tdx_kunit_module = {
	.major = 1, .minor = 5, .update = 6, .svn_major = 1, .svn_minor = 11,
	.features0 = FEATURES0 | SEAM_FEATURES0_UPDATE_COMPAT,
	.module_hv = 1, .no_downgrade = 1,
};

const struct fake_module tdx_kunit_next_module = {
	.major = 1, .minor = 5, .update = 7, .svn_major = 1, .svn_minor = 11,
	.features0 = FEATURES0 | SEAM_FEATURES0_UPDATE_COMPAT,
	.module_hv = 1, .no_downgrade = 1, .hash_layout = 1,
};

const struct fake_module tdx_kunit_old_module = {
	.major = 1, .minor = 5, .update = 5, .svn_major = 1, .svn_minor = 11,
	.features0 = FEATURES0,
};

/* The errnos are those of sc_prerr() in seamcall_internal.h. */
const struct tdx_kunit_failure tdx_kunit_failures[TDX_KUNIT_NR_FAILURES] = {
	{ "status", FAKE_SEAM_STATUS, SEAM_OPERAND_INVALID | SEAM_OPERAND_RCX, -EIO },
	{ "no entropy", FAKE_SEAM_STATUS, 0x8000020300000000ULL, -EIO },
	{ "VMfailInvalid", FAKE_SEAM_VMFAILINVALID, 0, -ENODEV },
	{ "general protection", FAKE_SEAM_GP, 0, -EOPNOTSUPP },
	{ "invalid opcode", FAKE_SEAM_UD, 0, -EACCES },
};

static void put32(u8 *p, u32 value)
{
	memcpy(p, &value, sizeof(value));
}

static void make_image(u8 *image, const struct fake_module *module)
{
	/* Type, length, version; module's type; vendor; date; sizes */
	static const u32 sigstruct_header[] = {
		6, 0xe1, 0x10000, 0, 0x8086, 0x20260101, 0x200, 0x60, 0x60, 1
	};
	struct tdx_kunit_header *header = (void *)image;
	u8 *sigstruct = image + PAGE_SIZE;
	u8 *page = sigstruct + PAGE_SIZE;

	header->version = 0x200;
	memcpy(header->signature, "TDX-BLOB", sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = TDX_KUNIT_IMAGE_MODULE_PAGES;

	memcpy(page, "FAKE-TDX", 8);
	memcpy(page + 8, &module->major, sizeof(u16));
	memcpy(page + 10, &module->minor, sizeof(u16));
	memcpy(page + 12, &module->update, sizeof(u16));
	memcpy(page + 14, &module->hash_layout, sizeof(u16));
	memcpy(page + 16, &module->features0, sizeof(u64));

	memcpy(sigstruct, sigstruct_header, sizeof(sigstruct_header));
	put32(sigstruct + 512, 0x10001);
	sha384(page, TDX_KUNIT_IMAGE_MODULE_PAGES * PAGE_SIZE, sigstruct + 900);
	sigstruct[948] = module->svn_minor;
	sigstruct[949] = module->svn_major;
	memcpy(sigstruct + 984, &module->module_hv, sizeof(u16));
	memcpy(sigstruct + 986, &module->min_update_hv, sizeof(u16));
	sigstruct[988] = module->no_downgrade;
	put32(sigstruct + 1024, 1);
	put32(sigstruct + 1028, cpuid_eax(1));
}

/* Make @module run and the kernel know it, whatever has happened before: an update to itself. */
static int load_module(const struct fake_module *module)
{
	u8 *image = vzalloc(TDX_KUNIT_IMAGE_SIZE);
	int ret;

	if (!image)
		return -ENOMEM;
	fake_module_revive(module);
	make_image(image, module);
	ret = seamldr_install_module(image, TDX_KUNIT_IMAGE_SIZE);
	vfree(image);
	fake_seamldr_set_remaining_updates(1000);
	return ret;
}

static void start_anew(void *unused)
{
	load_module(&tdx_kunit_module);
}

/**
 * tdx_kunit_init() - Start a test: use as the suite's .init.
 * @test: the test. When all else of it has been cleaned up, a working host is left behind.
 *
 * tdx_kunit_module runs, no failure is waiting, no TD is being built.
 *
 * Return: 0 or an errno. Skips the test on a machine where the fake SEAM does not run.
 */
int tdx_kunit_init(struct kunit *test)
{
	int ret;

	if (!fake_seam_active())
		kunit_skip(test, "needs the fake SEAM: \"fake_seam\" on the command line, no SEAM");
	if (boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS))
		kunit_skip(test, "this CPU has no updates");

	fake_seam_inject_clear();
	ret = load_module(&tdx_kunit_module);
	return ret ?: kunit_add_action(test, start_anew, NULL);
}

/**
 * tdx_kunit_exit() - End a test: use as the suite's .exit.
 * @test: the test.
 *
 * Its TDs are torn down after this, which takes a module that works.
 */
void tdx_kunit_exit(struct kunit *test)
{
	if (!fake_seam_active())
		return;
	fake_seam_inject_clear();
	fake_module_revive(NULL);
}

/**
 * tdx_kunit_load() - Let a test go on with another module than tdx_kunit_module.
 * @test: the test.
 * @module: the module that runs from here on.
 */
void tdx_kunit_load(struct kunit *test, const struct fake_module *module)
{
	KUNIT_ASSERT_EQ(test, load_module(module), 0);
}

/**
 * tdx_kunit_fail() - Make SEAMCALLs fail.
 * @test: the test.
 * @leaf: the leaf.
 * @cpu: the CPU on which it fails, or -1 for every one.
 * @skip: this many calls succeed first.
 * @times: this many calls fail then.
 * @failure: how.
 */
void tdx_kunit_fail(struct kunit *test, u64 leaf, int cpu, unsigned int skip,
		    unsigned int times, const struct tdx_kunit_failure *failure)
{
	const struct fake_seam_injection injection = {
		.leaf = leaf,
		.cpu = cpu,
		.skip = skip,
		.times = times,
		.fault = failure->fault,
		.status = failure->status,
	};

	KUNIT_ASSERT_EQ(test, fake_seam_inject(&injection), 0);
}

/**
 * tdx_kunit_is_ready() - Does TDX work?
 *
 * Return: true if the module says so and the kernel thinks so.
 */
bool tdx_kunit_is_ready(void)
{
	struct fake_module_state state;

	fake_module_get_state(&state);
	return state.ready && tdx_get_sysinfo();
}

/**
 * tdx_kunit_is_version() - Is it this module?
 * @module: the module.
 *
 * Return: true if that module runs, and the kernel knows.
 */
bool tdx_kunit_is_version(const struct fake_module *module)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	struct fake_module_state state;

	fake_module_get_state(&state);
	return !memcmp(&state.module, module, sizeof(*module)) && sysinfo &&
	       sysinfo->version.major_version == module->major &&
	       sysinfo->version.minor_version == module->minor &&
	       sysinfo->version.update_version == module->update;
}

/**
 * tdx_kunit_shutdown_rcx() - What was passed to the last TDH.SYS.SHUTDOWN?
 * @test: the test.
 *
 * Return: RCX.
 */
u64 tdx_kunit_shutdown_rcx(struct kunit *test)
{
	struct fake_seam_call call;

	KUNIT_ASSERT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_SHUTDOWN, &call));
	return call.rcx;
}

/**
 * tdx_kunit_image() - Make a module into an image that the fake P-SEAMLDR takes.
 * @test: the test; frees the image when it ends.
 * @module: the module.
 *
 * Return: the image, %TDX_KUNIT_IMAGE_SIZE bytes.
 */
u8 *tdx_kunit_image(struct kunit *test, const struct fake_module *module)
{
	u8 *image = tdx_kunit_alloc(test, TDX_KUNIT_IMAGE_SIZE);

	make_image(image, module);
	return image;
}

/**
 * tdx_kunit_install() - Update to a module.
 * @test: the test.
 * @module: the new module.
 *
 * Return: what seamldr_install_module() says of its image.
 */
int tdx_kunit_install(struct kunit *test, const struct fake_module *module)
{
	return seamldr_install_module(tdx_kunit_image(test, module), TDX_KUNIT_IMAGE_SIZE);
}

static void do_td_destroy(void *ftd)
{
	/* Fails if the test failed and left the host without a module. */
	if (fake_td_destroy(ftd))
		pr_warn("a TD cannot be torn down\n");
}

/**
 * tdx_kunit_td() - Begin to build a TD.
 * @test: the test; tears the TD down when it ends.
 *
 * Return: a TD with a VCPU and no memory.
 */
struct fake_td *tdx_kunit_td(struct kunit *test)
{
	struct fake_td *ftd = fake_td_create();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ftd);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, do_td_destroy, ftd), 0);
	KUNIT_ASSERT_EQ(test, fake_td_add_vcpu(ftd), 0);
	return ftd;
}

/**
 * tdx_kunit_td_finish() - End the build of a TD, however far it got.
 * @test: the test.
 * @ftd: the TD. If it has no memory, it gets a page.
 */
void tdx_kunit_td_finish(struct kunit *test, struct fake_td *ftd)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	tdx_kunit_page(page, 0);
	if (!ftd->pages[0])
		KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, page, true), 0);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	kunit_kfree(test, page);
}

/**
 * tdx_kunit_td_destroy() - Tear a TD down before the test ends.
 * @test: the test.
 * @ftd: the TD.
 */
void tdx_kunit_td_destroy(struct kunit *test, struct fake_td *ftd)
{
	kunit_release_action(test, do_td_destroy, ftd);
}

/**
 * tdx_kunit_page() - Contents of a TD's page.
 * @page: 4 KB, filled in.
 * @gpa: where the TD has it. No two chunks of a TD are the same.
 *
 * mrtd_vectors.py makes the same contents.
 */
void tdx_kunit_page(u8 *page, u64 gpa)
{
	for (int i = 0; i < PAGE_SIZE; i++)
		page[i] = (gpa / PAGE_SIZE + 1) * 31 + (i / 256 + 1) * 7 + i;
}

/**
 * tdx_kunit_td_mrtd() - The measurement of a TD.
 * @ftd: the TD.
 * @mrtd: filled in.
 *
 * Return: 0, or -ENODATA if it is still being built.
 */
int tdx_kunit_td_mrtd(const struct fake_td *ftd, u8 mrtd[SEAM_MRTD_SIZE])
{
	return fake_module_get_mrtd(tdx_kunit_tdr(ftd), mrtd);
}

static void measure(struct sha384_ctx *ctx, const char *what, u64 gpa)
{
	u8 block[128] = {};

	memcpy(block, what, strlen(what));
	memcpy(block + 16, &gpa, sizeof(gpa));
	sha384_update(ctx, block, sizeof(block));
}

/**
 * tdx_kunit_td_is_right() - Is the measurement of a finished TD what it must be?
 * @ftd: a TD with the pages of tdx_kunit_page().
 * @nr_pages: number of pages, added in order from GPA 0 on, all measured.
 *
 * Return: true if it is.
 */
bool tdx_kunit_td_is_right(struct fake_td *ftd, int nr_pages)
{
	u8 mrtd[SEAM_MRTD_SIZE], want[SEAM_MRTD_SIZE];
	struct sha384_ctx ctx;
	u8 *page;

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return false;

	sha384_init(&ctx);
	for (u64 gpa = 0; gpa < nr_pages * PAGE_SIZE; gpa += PAGE_SIZE) {
		tdx_kunit_page(page, gpa);
		measure(&ctx, "MEM.PAGE.ADD", gpa);
		for (int i = 0; i < PAGE_SIZE; i += SEAM_EXTEND_CHUNK) {
			measure(&ctx, "MR.EXTEND", gpa + i);
			sha384_update(&ctx, page + i, SEAM_EXTEND_CHUNK);
		}
	}
	sha384_final(&ctx, want);
	kfree(page);
	return !tdx_kunit_td_mrtd(ftd, mrtd) && !memcmp(mrtd, want, sizeof(mrtd));
}

/**
 * tdx_kunit_calls() - Count SEAMCALLs.
 *
 * Return: how often the leaves of an update, and all leaves, were called since boot.
 */
struct tdx_kunit_calls tdx_kunit_calls(void)
{
	return (struct tdx_kunit_calls) {
		.shutdown = fake_seam_count(SEAM_LEAF_SYS_SHUTDOWN),
		.install = fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL),
		.init = fake_seam_count(SEAM_LEAF_SYS_INIT),
		.lp_init = fake_seam_count(SEAM_LEAF_SYS_LP_INIT),
		.update = fake_seam_count(SEAM_LEAF_SYS_UPDATE),
		.rd = fake_seam_count(SEAM_LEAF_SYS_RD),
		.all = fake_seam_count_all(),
	};
}

/**
 * tdx_kunit_calls_since() - Count SEAMCALLs from a point on.
 * @then: that point, from tdx_kunit_calls().
 *
 * Return: how often the leaves were called since.
 */
struct tdx_kunit_calls tdx_kunit_calls_since(const struct tdx_kunit_calls *then)
{
	struct tdx_kunit_calls now = tdx_kunit_calls();

	return (struct tdx_kunit_calls) {
		.shutdown = now.shutdown - then->shutdown,
		.install = now.install - then->install,
		.init = now.init - then->init,
		.lp_init = now.lp_init - then->lp_init,
		.update = now.update - then->update,
		.rd = now.rd - then->rd,
		.all = now.all - then->all,
	};
}
