// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for what userspace is told of TD builds and of refused updates: the tdx-host driver's
 * files in /sys.
 */
#include <kunit/test.h>

#include <asm/tdx.h>

#include "canned_seam.h"
#include "tdx_kunit_sysfs.h"
#include "tdx_kunit_util.h"

#define UPDATE_COMPAT_SENSITIVE	0x8000051200000000ULL
#define SYS_BUSY		0x8000020200000000ULL
#define OPERAND_INVALID_RDX	0xC000010000000002ULL

#define NUM_TD_BUILDS		TDX_KUNIT_DEVICE "num_td_builds"
#define REFUSED			"transferring:device-busy\n"
#define INVALID			"transferring:firmware-invalid\n"

static void num_td_builds_is_for_everybody(struct kunit *test)
{
	tdx_kunit_need_updates(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_mode(NUM_TD_BUILDS), 0444);
}

static void num_td_builds_is_right_at_any_moment(struct kunit *test)
{
	struct tdx_td *first, *second;
	u64 calls;

	tdx_kunit_need_updates(test);
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "0\n");
	first = canned_td_begin(test);
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "1\n");
	second = canned_td_begin(test);
	calls = fake_seam_count_all();
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "2\n");
	KUNIT_EXPECT_EQ(test, fake_seam_count_all(), calls);
	KUNIT_ASSERT_EQ(test, tdh_mng_vpflushdone(first), 0);
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "1\n");
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(second), 0);
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "0\n");
}

static void num_td_builds_is_there_when_tdx_is_lost(struct kunit *test)
{
	struct tdx_td *td = canned_td_create(test);
	char text[64];

	tdx_kunit_need_updates(test);
	canned_fault(test, SEAM_LEAF_SEAMLDR_INSTALL, FAKE_SEAM_VMFAILINVALID);
	KUNIT_ASSERT_NE(test, canned_update(), 0);
	KUNIT_ASSERT_EQ(test, tdx_kunit_file_read(TDX_KUNIT_DEVICE "version", text,
						  sizeof(text)), -ENXIO);
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "0\n");
	KUNIT_ASSERT_EQ(test, canned_td_init(td), 0);
	tdx_kunit_expect_file(test, NUM_TD_BUILDS, "1\n");
}

static void upload(struct kunit *test, const char *want)
{
	u8 *image = tdx_kunit_alloc(test, TDX_KUNIT_BLANK_SIZE);

	tdx_kunit_blank_image(image);
	tdx_kunit_start_upload(test, image, TDX_KUNIT_BLANK_SIZE);
	tdx_kunit_end_upload(test, want);
}

static void refusal_by_the_kernel_reads_device_busy(struct kunit *test)
{
	struct tdx_td *td;

	tdx_kunit_need_updates(test);
	td = canned_td_begin(test);
	upload(test, REFUSED);
	upload(test, REFUSED);
	KUNIT_ASSERT_EQ(test, tdh_mr_finalize(td), 0);
	upload(test, "");
}

static void refusal_by_the_module_reads_device_busy(struct kunit *test)
{
	tdx_kunit_need_updates(test);
	canned_answer(test, SEAM_LEAF_SYS_SHUTDOWN, UPDATE_COMPAT_SENSITIVE | 1 << 16 | 1);
	upload(test, REFUSED);
	upload(test, "");
}

/* SYS_BUSY is something else: a failure, as before. */
static void failures_read_firmware_invalid(struct kunit *test)
{
	tdx_kunit_need_updates(test);
	canned_answer(test, SEAM_LEAF_SYS_SHUTDOWN, SYS_BUSY);
	upload(test, INVALID);
	canned_fault(test, SEAM_LEAF_SYS_SHUTDOWN, FAKE_SEAM_GP);
	upload(test, INVALID);
	canned_answer(test, SEAM_LEAF_SYS_RD, OPERAND_INVALID_RDX);
	upload(test, INVALID);
	upload(test, "");
}

static struct kunit_case tdx_sysfs_cases[] = {
	KUNIT_CASE(num_td_builds_is_for_everybody),
	KUNIT_CASE(num_td_builds_is_right_at_any_moment),
	KUNIT_CASE(num_td_builds_is_there_when_tdx_is_lost),
	KUNIT_CASE(refusal_by_the_kernel_reads_device_busy),
	KUNIT_CASE(refusal_by_the_module_reads_device_busy),
	KUNIT_CASE(failures_read_firmware_invalid),
	{}
};

static struct kunit_suite tdx_sysfs_suite = {
	.name = "tdx_sysfs",
	.suite_init = canned_seam_suite_init,
	.suite_exit = canned_seam_suite_exit,
	.init = canned_seam_init,
	.test_cases = tdx_sysfs_cases,
};

kunit_test_suite(tdx_sysfs_suite);
