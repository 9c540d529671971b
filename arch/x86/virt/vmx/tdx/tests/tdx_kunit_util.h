/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all KUnit suites of the TDX host code use: images, SEAMCALLs that fail, the kernel's log.
 */
#ifndef _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H
#define _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H

#include <kunit/test.h>
#include <linux/types.h>

#include "fake_seam.h"

/* Header of an image, byte for byte (blob_structure.txt in Intel's module repository) */
struct tdx_kunit_header {
	u16 version;
	u16 checksum;
	u8 signature[8];
	u32 sigstruct_nr_pages;
	u32 module_nr_pages;
	u8 reserved[4076];
} __packed;

u8 *tdx_kunit_alloc(struct kunit *test, size_t size);
void tdx_kunit_header(u8 *image, unsigned int module_nr_pages);
void tdx_kunit_fail(struct kunit *test, u64 leaf, enum fake_seam_fault fault, u64 status);
u64 tdx_kunit_log_mark(void);
int tdx_kunit_log_count(u64 mark, const char *text);

#endif /* _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H */
