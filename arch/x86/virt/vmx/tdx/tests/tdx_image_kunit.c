// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the checks of a TDX module image. A bad one must not cost a SEAMCALL: the
 * first one shuts the running module down.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>

#include <asm/seamldr.h>

#include "tdx_kunit.h"

/* An image is no bigger than that: header, sigstruct, and 496 pages of module */
#define MAX_MODULE_PAGES	496

/*
 * Does the kernel take an image? An accepted one gets as far as the first SEAMCALL, a
 * TDH.SYS.RD, which is made to fail so that nothing changes.
 */
static bool is_taken(struct kunit *test, const u8 *image, u32 size)
{
	u64 calls = fake_seam_count_all();
	int ret;

	fake_seam_inject_clear();
	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, FAKE_SEAM_VMFAILINVALID, 0);
	ret = seamldr_install_module(image, size);

	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, ret == -ENODEV);
	if (ret == -ENODEV)
		return true;
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	return false;
}

#define SIZE	TDX_KUNIT_IMAGE_SIZE

static const struct image_param {
	const char *name;
	bool good;
	u32 size;
	u32 byte;	/* that is not as in a good image */
	u8 with;	/* what is there; 0 in byte 0 is good */
} image_params[] = {
	{ "good", true, SIZE },
	/* These are the P-SEAMLDR's and userspace's to look at. */
	{ "another checksum", true, SIZE, 2, 0xff },
	{ "another payload", true, SIZE, 2 * PAGE_SIZE + 5, 0xff },
	{ "another last byte", true, SIZE, SIZE - 1, 0x80 },
	{ "nothing", false, 0 },
	{ "one byte", false, 1 },
	{ "one byte less than a header", false, PAGE_SIZE - 1 },
	{ "a header alone", false, PAGE_SIZE },
	{ "one page less", false, SIZE - PAGE_SIZE },
	{ "one byte less", false, SIZE - 1 },
	{ "one byte more", false, SIZE + 1 },
	{ "one page more", false, SIZE + PAGE_SIZE },
	{ "version 0", false, SIZE, 1, 0 },
	{ "version 0x100", false, SIZE, 1, 1 },
	{ "version 0x201", false, SIZE, 0, 1 },
	{ "version 0x300", false, SIZE, 1, 3 },
	{ "first byte of the signature", false, SIZE, 4, 't' },
	{ "last byte of the signature", false, SIZE, 11, 'b' },
	{ "no sigstruct page", false, SIZE, 12, 0 },
	{ "two sigstruct pages", false, SIZE, 12, 2 },
	{ "sigstruct pages that overflow", false, SIZE, 14, 0x10 },
	{ "no module page", false, SIZE, 16, 0 },
	{ "one module page too few", false, SIZE, 16, 1 },
	{ "one module page too many", false, SIZE, 16, 3 },
	{ "module pages that overflow", false, SIZE, 18, 0x10 },
	{ "first reserved byte", false, SIZE, 20, 1 },
	{ "middle reserved byte", false, SIZE, 2000, 0x40 },
	{ "last reserved byte", false, SIZE, 4095, 0x80 },
};

KUNIT_ARRAY_PARAM_DESC(image, image_params, name);

static void header_is_checked(struct kunit *test)
{
	const struct image_param *param = test->param_value;
	u8 *image = tdx_kunit_alloc(test, SIZE + 2 * PAGE_SIZE);

	tdx_kunit_header(image, TDX_KUNIT_MODULE_PAGES);
	image[param->byte] = param->with;
	KUNIT_EXPECT_EQ(test, is_taken(test, image, param->size), param->good);
}

/* The size of the image is what the header says. */
static const struct pages_param {
	const char *name;
	bool good;
	u32 sigstruct_nr_pages;
	u32 module_nr_pages;
} pages_params[] = {
	{ "1 and 1", true, 1, 1 },
	{ "1 and 496", true, 1, MAX_MODULE_PAGES },
	{ "1 and 497", false, 1, MAX_MODULE_PAGES + 1 },
	{ "2 and 1", false, 2, 1 },
	{ "0 and 1", false, 0, 1 },
	{ "1 and 0", false, 1, 0 },
	{ "0 and 0", false, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(pages, pages_params, name);

static void numbers_of_pages_are_checked(struct kunit *test)
{
	const struct pages_param *param = test->param_value;
	u32 size = (1 + param->sigstruct_nr_pages + param->module_nr_pages) * PAGE_SIZE;
	u8 *image = tdx_kunit_alloc(test, size);

	tdx_kunit_header(image, param->module_nr_pages);
	((struct tdx_kunit_header *)image)->sigstruct_nr_pages = param->sigstruct_nr_pages;
	KUNIT_EXPECT_EQ(test, is_taken(test, image, size), param->good);
}

static struct kunit_case tdx_image_cases[] = {
	KUNIT_CASE_PARAM(header_is_checked, image_gen_params),
	KUNIT_CASE_PARAM(numbers_of_pages_are_checked, pages_gen_params),
	{}
};

static struct kunit_suite tdx_image_suite = {
	.name = "tdx_image",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = tdx_image_cases,
};

kunit_test_suite(tdx_image_suite);
