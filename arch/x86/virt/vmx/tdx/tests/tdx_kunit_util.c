// SPDX-License-Identifier: GPL-2.0
/* What all KUnit suites of the TDX host code use: images, SEAMCALLs that fail, the kernel's log. */
#include <linux/kmsg_dump.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "tdx_kunit_util.h"

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);

/* Zeroed pages of vmalloc(), which is what the firmware loader gives to the driver. */
u8 *tdx_kunit_alloc(struct kunit *test, size_t size)
{
	u8 *p = vzalloc(size);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, vfree_action, p), 0);
	return p;
}

/*
 * Make the header of an image that the kernel takes (blob_structure.txt in Intel's module
 * repository): version, signature, numbers of pages. All of it was 0.
 */
void tdx_kunit_header(u8 *image, unsigned int module_nr_pages)
{
	*(u16 *)image = 0x200;
	memcpy(image + 4, "TDX-BLOB", 8);
	*(u32 *)(image + 12) = 1;
	*(u32 *)(image + 16) = module_nr_pages;
}

/* Let the next call of @leaf fail. Called twice, this is about the next two calls. */
void tdx_kunit_fail(struct kunit *test, u64 leaf, u64 status)
{
	const struct fake_seam_injection injection = {
		.leaf = leaf, .cpu = -1, .times = 1, .status = status,
	};

	KUNIT_ASSERT_EQ(test, fake_seam_inject(&injection), 0);
}

/* The end of the kernel's log, for tdx_kunit_log_count() */
u64 tdx_kunit_log_mark(void)
{
	struct kmsg_dump_iter iter = {};

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/* How many lines of the kernel's log after @mark have @text in them? */
int tdx_kunit_log_count(u64 mark, const char *text)
{
	struct kmsg_dump_iter iter = {};
	char line[256];
	size_t len;
	int nr = 0;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = mark;
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		nr += !!strstr(line, text);
	}
	return nr;
}
