/* SPDX-License-Identifier: GPL-2.0 */
/* What all KUnit suites of the TDX host code use: images, SEAMCALLs that fail, the kernel's log. */
#ifndef _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H
#define _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H

#include <kunit/test.h>
#include <linux/types.h>

#include "fake_seam.h"

u8 *tdx_kunit_alloc(struct kunit *test, size_t size);
void tdx_kunit_header(u8 *image, unsigned int module_nr_pages);
void tdx_kunit_fail(struct kunit *test, u64 leaf, u64 status);
u64 tdx_kunit_log_mark(void);
int tdx_kunit_log_count(u64 mark, const char *text);

#endif /* _X86_VIRT_TDX_TESTS_TDX_KUNIT_UTIL_H */
