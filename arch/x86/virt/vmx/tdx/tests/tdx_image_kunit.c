// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the checks of a TDX module image. A bad one must not cost a SEAMCALL: the
 * first one shuts the running module down.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/string.h>

#include <asm/seamldr.h>

#include "tdx_kunit.h"

/* An image is no bigger than that: header, sigstruct, and 496 pages of module */
#define MAX_MODULE_PAGES	496

static unsigned int image_rounds = 1000;
module_param(image_rounds, uint, 0444);
MODULE_PARM_DESC(image_rounds, "number of random images");

static unsigned int image_seed;
module_param(image_seed, uint, 0444);
MODULE_PARM_DESC(image_seed, "seed of the random images; 0: another one each time");

/*
 * Does the kernel take an image? An accepted one gets as far as the first SEAMCALL, a
 * TDH.SYS.RD, which is made to fail so that nothing changes. VMfailInvalid is what leaves no
 * line in the log.
 */
static bool is_taken(struct kunit *test, const u8 *image, u32 size)
{
	static const struct tdx_kunit_failure failure = {
		.fault = FAKE_SEAM_VMFAILINVALID,
	};
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	struct tdx_kunit_calls calls;
	int ret;

	fake_seam_inject_clear();
	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 1, &failure);
	ret = seamldr_install_module(image, size);
	calls = tdx_kunit_calls_since(&then);

	if (ret == -ENODEV) {
		KUNIT_EXPECT_EQ(test, calls.rd, 1);
		KUNIT_EXPECT_EQ(test, calls.all, 1);
		return true;
	}
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	KUNIT_EXPECT_EQ(test, calls.all, 0);
	return false;
}

struct image_param {
	const char *name;
	bool good;

	/* Size of what is handed to the kernel, in bytes. 0: that of a good image */
	u32 size;

	/* What is different from a good image, and what is there then */
	enum { NOTHING, VERSION, SIG_PAGES, MODULE_PAGES, BYTE } what;
	u32 byte;	/* number of the byte, for BYTE */
	u32 with;
};

/* First and last bytes of parts of the header */
#define CHECKSUM	2
#define SIGNATURE	4
#define SIGNATURE_END	11
#define RESERVED	20
#define RESERVED_END	4095

static const struct image_param image_params[] = {
	{ "good", true },
	/* These are the P-SEAMLDR's and userspace's to look at. */
	{ "another checksum", true, 0, BYTE, CHECKSUM, 0xff },
	{ "another payload", true, 0, BYTE, 2 * PAGE_SIZE + 5, 0xff },
	{ "another last byte", true, 0, BYTE, TDX_KUNIT_IMAGE_SIZE - 1, 0x80 },
	{ "one byte", false, 1 },
	{ "one byte less than a header", false, PAGE_SIZE - 1 },
	{ "a header alone", false, PAGE_SIZE },
	{ "no module", false, 2 * PAGE_SIZE },
	{ "one page less", false, TDX_KUNIT_IMAGE_SIZE - PAGE_SIZE },
	{ "one byte less", false, TDX_KUNIT_IMAGE_SIZE - 1 },
	{ "one byte more", false, TDX_KUNIT_IMAGE_SIZE + 1 },
	{ "one page more", false, TDX_KUNIT_IMAGE_SIZE + PAGE_SIZE },
	{ "version 0", false, 0, VERSION, .with = 0 },
	{ "version 0x100", false, 0, VERSION, .with = 0x100 },
	{ "version 0x201", false, 0, VERSION, .with = 0x201 },
	{ "version 0x300", false, 0, VERSION, .with = 0x300 },
	{ "version of the other byte order", false, 0, VERSION, .with = 0x0002 },
	{ "first byte of the signature", false, 0, BYTE, SIGNATURE, 't' },
	{ "last byte of the signature", false, 0, BYTE, SIGNATURE_END, 0 },
	{ "no sigstruct page", false, 0, SIG_PAGES, .with = 0 },
	{ "two sigstruct pages", false, 0, SIG_PAGES, .with = 2 },
	{ "all sigstruct pages", false, 0, SIG_PAGES, .with = U32_MAX },
	{ "sigstruct pages that overflow", false, 0, SIG_PAGES, .with = 0x100001 },
	{ "no module page", false, 0, MODULE_PAGES, .with = 0 },
	{ "one module page too few", false, 0, MODULE_PAGES, .with = 1 },
	{ "one module page too many", false, 0, MODULE_PAGES, .with = 3 },
	{ "all module pages", false, 0, MODULE_PAGES, .with = U32_MAX },
	{ "module pages that overflow", false, 0, MODULE_PAGES, .with = 0x100002 },
	{ "first reserved byte", false, 0, BYTE, RESERVED, 1 },
	{ "middle reserved byte", false, 0, BYTE, 2000, 0x40 },
	{ "last reserved byte", false, 0, BYTE, RESERVED_END, 0x80 },
};

KUNIT_ARRAY_PARAM_DESC(image, image_params, name);

static void header_is_checked(struct kunit *test)
{
	const struct image_param *param = test->param_value;
	u32 size = param->size ?: TDX_KUNIT_IMAGE_SIZE;
	u8 *image = tdx_kunit_alloc(test, TDX_KUNIT_IMAGE_SIZE + 2 * PAGE_SIZE);
	struct tdx_kunit_header *header = (void *)image;

	memcpy(image, tdx_kunit_image(test, &tdx_kunit_next_module), TDX_KUNIT_IMAGE_SIZE);
	switch (param->what) {
	case NOTHING:
		break;
	case VERSION:
		header->version = param->with;
		break;
	case SIG_PAGES:
		header->sigstruct_nr_pages = param->with;
		break;
	case MODULE_PAGES:
		header->module_nr_pages = param->with;
		break;
	case BYTE:
		image[param->byte] = param->with;
		break;
	}
	KUNIT_EXPECT_EQ(test, is_taken(test, image, size), param->good);
}

struct pages_param {
	const char *name;
	bool good;
	u32 sigstruct_nr_pages;
	u32 module_nr_pages;
};

/* The size of the image is what the header says. */
static const struct pages_param pages_params[] = {
	{ "1 and 1", true, 1, 1 },
	{ "1 and 496", true, 1, MAX_MODULE_PAGES },
	{ "1 and 497", false, 1, MAX_MODULE_PAGES + 1 },
	{ "2 and 1", false, 2, 1 },
	{ "2 and 496", false, 2, MAX_MODULE_PAGES },
	{ "0 and 1", false, 0, 1 },
	{ "1 and 0", false, 1, 0 },
	{ "0 and 0", false, 0, 0 },
	{ "0 and 496", false, 0, MAX_MODULE_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(pages, pages_params, name);

static void numbers_of_pages_are_checked(struct kunit *test)
{
	const struct pages_param *param = test->param_value;
	u32 size = (1 + param->sigstruct_nr_pages + param->module_nr_pages) * PAGE_SIZE;
	u8 *image = tdx_kunit_alloc(test, size);
	struct tdx_kunit_header *header = (void *)image;

	*header = (struct tdx_kunit_header) {
		.version = 0x200,
		.sigstruct_nr_pages = param->sigstruct_nr_pages,
		.module_nr_pages = param->module_nr_pages,
	};
	memcpy(header->signature, "TDX-BLOB", sizeof(header->signature));
	KUNIT_EXPECT_EQ(test, is_taken(test, image, size), param->good);
}

/* No image is too small or too damaged to be looked at. */
static void nothing_is_no_image(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, is_taken(test, tdx_kunit_alloc(test, PAGE_SIZE), 0));
}

/* --- Random images, most of them almost good, against another reading of the format --- */

#define RANDOM_MAX_PAGES	20U

/* A number that is likely to be near a border */
static u32 random_number(struct rnd_state *rnd)
{
	static const u32 numbers[] = {
		0, 1, 2, 3, 255, 256, 496, 497, 498, 0x200, 0xffff, 0x10000, 0x100000, 0x100001,
		0x80000000, 0xffffffff,
	};

	if (prandom_u32_state(rnd) % 8 == 0)
		return prandom_u32_state(rnd);
	return numbers[prandom_u32_state(rnd) % ARRAY_SIZE(numbers)];
}

/* Make image @nr of those that @seed gives, of RANDOM_MAX_PAGES at most. Returns its size. */
static u32 random_image(u8 *image, u32 seed, u32 nr)
{
	struct tdx_kunit_header *header = (void *)image;
	u32 pages, size;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, (u64)seed << 32 | nr);
	pages = 1 + prandom_u32_state(&rnd) % 8;
	size = (2 + pages) * PAGE_SIZE;

	memset(image, 0, PAGE_SIZE);
	header->version = 0x200;
	header->checksum = prandom_u32_state(&rnd);
	memcpy(header->signature, "TDX-BLOB", sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = pages;

	for (int changes = prandom_u32_state(&rnd) % 3; changes; changes--) {
		switch (prandom_u32_state(&rnd) % 7) {
		case 0:
			header->version = random_number(&rnd);
			break;
		case 1:
			header->signature[prandom_u32_state(&rnd) % 8] ^=
				1 << prandom_u32_state(&rnd) % 8;
			break;
		case 2:
			header->sigstruct_nr_pages = random_number(&rnd);
			break;
		case 3:
			header->module_nr_pages = random_number(&rnd);
			break;
		case 4:
			image[RESERVED + prandom_u32_state(&rnd) % (PAGE_SIZE - RESERVED)] =
				prandom_u32_state(&rnd);
			break;
		case 5:
			size = prandom_u32_state(&rnd) % (10 * PAGE_SIZE);
			break;
		case 6:
			/* As big as it says that it is, if that is not too big */
			pages = header->sigstruct_nr_pages + header->module_nr_pages;
			if (pages < RANDOM_MAX_PAGES)
				size = (1 + pages) * PAGE_SIZE;
			break;
		}
	}
	return size;
}

static bool is_good(const u8 *image, u64 size)
{
	const struct tdx_kunit_header *header = (const void *)image;

	if (size < PAGE_SIZE)
		return false;
	if (size != (1ULL + header->sigstruct_nr_pages + header->module_nr_pages) * PAGE_SIZE)
		return false;
	if (header->sigstruct_nr_pages != 1 || header->module_nr_pages < 1 ||
	    header->module_nr_pages > MAX_MODULE_PAGES)
		return false;
	if (image[0] != 0 || image[1] != 2 || strncmp(&image[4], "TDX-BLOB", 8))
		return false;
	for (int i = 20; i < PAGE_SIZE; i++)
		if (image[i])
			return false;
	return true;
}

static void random_images(struct kunit *test)
{
	u8 *image = tdx_kunit_alloc(test, RANDOM_MAX_PAGES * PAGE_SIZE);
	u32 seed = image_seed ?: get_random_u32();
	unsigned int taken = 0;

	kunit_info(test, "seed %u, %u images\n", seed, image_rounds);

	for (unsigned int nr = 0; nr < image_rounds; nr++) {
		u32 size = random_image(image, seed, nr);
		bool good = is_good(image, size);

		taken += good;
		KUNIT_ASSERT_EQ_MSG(test, is_taken(test, image, size), good,
				    "seed %u, image %u", seed, nr);
	}

	kunit_info(test, "%u were good\n", taken);
	/* Both kinds were among them, unless there are too few to say. */
	if (image_rounds >= 100) {
		KUNIT_EXPECT_GT(test, taken, image_rounds / 10);
		KUNIT_EXPECT_LT(test, taken, image_rounds - image_rounds / 10);
	}
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
}

static struct kunit_case tdx_image_cases[] = {
	KUNIT_CASE_PARAM(header_is_checked, image_gen_params),
	KUNIT_CASE_PARAM(numbers_of_pages_are_checked, pages_gen_params),
	KUNIT_CASE(nothing_is_no_image),
	KUNIT_CASE_SLOW(random_images),
	{}
};

static struct kunit_suite tdx_image_suite = {
	.name = "tdx_image",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = tdx_image_cases,
};

kunit_test_suite(tdx_image_suite);
