/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What KUnit suites of the TDX host code look at: images and the kernel's log.
 */
#ifndef _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H
#define _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H

#include <kunit/test.h>
#include <linux/types.h>

/* Header of an image, byte for byte (blob_structure.txt in Intel's module repository) */
struct tdx_kunit_header {
	u16 version;
	u16 checksum;
	u8 signature[8];
	u32 sigstruct_nr_pages;
	u32 module_nr_pages;
	u8 reserved[4076];
} __packed;

/* An image with nothing in it: the header, a page of signature and a page of module */
#define TDX_KUNIT_BLANK_SIZE	(3 * PAGE_SIZE)

u8 *tdx_kunit_alloc(struct kunit *test, size_t size);
void tdx_kunit_blank_image(u8 *image);

u64 tdx_kunit_log_mark(void);
int tdx_kunit_log_count(u64 mark, const char *text);

#endif /* _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H */
