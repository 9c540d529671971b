// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's files in /sys, for KUnit suites, which run before there is a /sys.
 */
#include <linux/cpufeature.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/string.h>

#include "tdx_kunit_sysfs.h"

static struct vfsmount *sysfs(void)
{
	static struct vfsmount *mnt;

	if (IS_ERR_OR_NULL(mnt)) {
		struct file_system_type *type = get_fs_type("sysfs");

		mnt = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	}
	return mnt;
}

/**
 * tdx_kunit_file_read() - Read a file in /sys.
 * @path: the file, without "/sys/".
 * @buf: filled in, as a string.
 * @size: of @buf.
 *
 * Return: 0 or an errno.
 */
int tdx_kunit_file_read(const char *path, char *buf, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(sysfs()))
		return PTR_ERR(sysfs());
	file = file_open_root_mnt(sysfs(), path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	len = kernel_read(file, buf, size - 1, &pos);
	buf[max(len, 0)] = '\0';
	fput(file);
	return min(len, 0);
}

/**
 * tdx_kunit_expect_file() - Read a file in /sys, and expect what is in it.
 * @test: the test; fails if it is something else, and ends if it cannot be read.
 * @path: the file, without "/sys/".
 * @want: what is in it.
 */
void tdx_kunit_expect_file(struct kunit *test, const char *path, const char *want)
{
	char text[64];

	KUNIT_ASSERT_EQ(test, tdx_kunit_file_read(path, text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, want);
}

/**
 * tdx_kunit_file_write() - Write to a file in /sys.
 * @path: the file, without "/sys/".
 * @data: what to write.
 * @size: of @data.
 *
 * Return: 0 or an errno.
 */
int tdx_kunit_file_write(const char *path, const void *data, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t len = 0;

	if (IS_ERR(sysfs()))
		return PTR_ERR(sysfs());
	file = file_open_root_mnt(sysfs(), path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	while (size) {
		len = kernel_write(file, data, min(size, PAGE_SIZE), &pos);
		if (len <= 0)
			break;
		data += len;
		size -= len;
	}
	fput(file);
	return min(len, 0);
}

/**
 * tdx_kunit_file_mode() - Who may do what with a file in /sys?
 * @path: the file, without "/sys/".
 *
 * Return: its mode or an errno.
 */
int tdx_kunit_file_mode(const char *path)
{
	struct path found;
	int mode;

	if (IS_ERR(sysfs()))
		return PTR_ERR(sysfs());
	mode = vfs_path_lookup(sysfs()->mnt_root, sysfs(), path, LOOKUP_FOLLOW, &found);
	if (mode)
		return mode;
	mode = d_inode(found.dentry)->i_mode & 07777;
	path_put(&found);
	return mode;
}

/**
 * tdx_kunit_need_updates() - Skip a test unless the driver offers updates.
 * @test: the test.
 */
void tdx_kunit_need_updates(struct kunit *test)
{
	/* See supports_runtime_update(). */
	if (boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS))
		kunit_skip(test, "this CPU has no updates");
	if (tdx_kunit_file_mode(TDX_KUNIT_DEVICE "version") < 0)
		kunit_skip(test, "needs the tdx-host driver");
	if (tdx_kunit_file_mode(TDX_KUNIT_DEVICE "num_remaining_updates") < 0)
		kunit_skip(test, "the module of this boot has no runtime updates");
}

/**
 * tdx_kunit_start_upload() - Give an image to the driver, and do not wait.
 * @test: the test.
 * @image: the image.
 * @size: its size in bytes.
 */
void tdx_kunit_start_upload(struct kunit *test, const u8 *image, size_t size)
{
	KUNIT_ASSERT_EQ(test, tdx_kunit_file_write(TDX_KUNIT_UPLOAD "loading", "1", 1), 0);
	KUNIT_ASSERT_EQ(test, tdx_kunit_file_write(TDX_KUNIT_UPLOAD "data", image, size), 0);
	KUNIT_ASSERT_EQ(test, tdx_kunit_file_write(TDX_KUNIT_UPLOAD "loading", "0", 1), 0);
}

/**
 * tdx_kunit_end_upload() - Wait until the driver is done.
 * @test: the test; fails if the result is not @want.
 * @want: what userspace reads then, "" for success.
 */
void tdx_kunit_end_upload(struct kunit *test, const char *want)
{
	unsigned long end = jiffies + 60 * HZ;
	char text[64];

	do {
		usleep_range(100, 1000);
		KUNIT_ASSERT_EQ(test, tdx_kunit_file_read(TDX_KUNIT_UPLOAD "status", text,
							  sizeof(text)), 0);
		if (time_after(jiffies, end))
			KUNIT_FAIL_AND_ABORT(test, "the upload does not end: %s", text);
	} while (strcmp(text, "idle\n"));

	KUNIT_ASSERT_EQ(test, tdx_kunit_file_read(TDX_KUNIT_UPLOAD "error", text,
						  sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, want);
}
