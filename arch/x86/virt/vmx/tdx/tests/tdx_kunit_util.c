// SPDX-License-Identifier: GPL-2.0
/*
 * What KUnit suites of the TDX host code look at: images and the kernel's log.
 */
#include <linux/kmsg_dump.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "tdx_kunit_util.h"

static void do_vfree(void *p)
{
	vfree(p);
}

/**
 * tdx_kunit_alloc() - Memory for an image, as the firmware loader gives it to the driver.
 * @test: the test; frees the memory when it ends.
 * @size: in bytes.
 *
 * Return: pages of vmalloc(), zeroed.
 */
u8 *tdx_kunit_alloc(struct kunit *test, size_t size)
{
	u8 *p = vzalloc(size);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, do_vfree, p), 0);
	return p;
}

/**
 * tdx_kunit_blank_image() - Make the header of an image that the kernel takes.
 * @image: %TDX_KUNIT_BLANK_SIZE bytes of 0.
 */
void tdx_kunit_blank_image(u8 *image)
{
	struct tdx_kunit_header *header = (void *)image;

	header->version = 0x200;
	memcpy(header->signature, "TDX-BLOB", sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = 1;
}

/**
 * tdx_kunit_log_mark() - The end of the kernel's log.
 *
 * Return: a mark for tdx_kunit_log_count().
 */
u64 tdx_kunit_log_mark(void)
{
	struct kmsg_dump_iter iter = {};

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/**
 * tdx_kunit_log_count() - Look for a message in the kernel's log.
 * @mark: look at what comes after this.
 * @text: what to look for.
 *
 * Return: how many lines have @text in them.
 */
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
		if (strstr(line, text))
			nr++;
	}
	return nr;
}
