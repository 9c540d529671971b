/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's files in /sys, for KUnit suites, which run before there is a /sys.
 */
#ifndef _X86_VIRT_TDX_TESTS_TDX_KUNIT_SYSFS_H
#define _X86_VIRT_TDX_TESTS_TDX_KUNIT_SYSFS_H

#include <kunit/test.h>
#include <linux/types.h>

#define TDX_KUNIT_DEVICE	"devices/faux/tdx_host/"
#define TDX_KUNIT_UPLOAD	"class/firmware/tdx_module/"

int tdx_kunit_file_read(const char *path, char *buf, size_t size);
void tdx_kunit_expect_file(struct kunit *test, const char *path, const char *want);
int tdx_kunit_file_write(const char *path, const void *data, size_t size);
int tdx_kunit_file_mode(const char *path);
void tdx_kunit_need_updates(struct kunit *test);
void tdx_kunit_start_upload(struct kunit *test, const u8 *image, size_t size);
void tdx_kunit_end_upload(struct kunit *test, const char *want);

#endif /* _X86_VIRT_TDX_TESTS_TDX_KUNIT_SYSFS_H */
