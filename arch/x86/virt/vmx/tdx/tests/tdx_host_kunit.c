// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the tdx-host driver, through the files that userspace has.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/completion.h>
#include <linux/cpufeature.h>
#include <linux/cpuhplock.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/string.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_kunit.h"

#define DEVICE	"devices/faux/tdx_host/"
#define UPLOAD	"class/firmware/tdx_module/"

#define DETECTION	DEVICE "update_conflict_detection"

static struct vfsmount *sysfs;

static int file_read(const char *path, char *buf, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t len;

	file = file_open_root_mnt(sysfs, path, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	len = kernel_read(file, buf, size - 1, &pos);
	buf[max(len, 0)] = '\0';
	fput(file);
	return min(len, 0);
}

static int file_write(const char *path, const void *data, size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t len = 0;

	file = file_open_root_mnt(sysfs, path, O_WRONLY, 0);
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

/* The mode of a file, or an errno */
static int file_mode(const char *path)
{
	struct path found;
	int mode;

	mode = vfs_path_lookup(sysfs->mnt_root, sysfs, path, LOOKUP_FOLLOW, &found);
	if (mode)
		return mode;
	mode = d_inode(found.dentry)->i_mode & 07777;
	path_put(&found);
	return mode;
}

/* What decides whether the driver offers updates at all (supports_runtime_update()) */
static bool updates_are_offered(void)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();

	return sysinfo && (sysinfo->features.tdx_features0 & SEAM_FEATURES0_TD_PRESERVING) &&
	       !boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS);
}

static int tdx_host_init(struct kunit *test)
{
	int ret = tdx_kunit_init(test);

	if (ret)
		return ret;
	if (!sysfs) {
		struct file_system_type *type = get_fs_type("sysfs");

		KUNIT_ASSERT_NOT_NULL(test, type);
		sysfs = kern_mount(type);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sysfs);
	}
	if (file_mode(DEVICE "version") == -ENOENT) {
		/* A driver that is there and does not come up is a failure. */
		if (IS_BUILTIN(CONFIG_TDX_HOST_SERVICES) && tdx_get_sysinfo())
			return -ENODEV;
		kunit_skip(test, "needs the tdx-host driver");
	}
	return 0;
}

static void tdx_host_suite_exit(struct kunit_suite *suite)
{
	if (!IS_ERR_OR_NULL(sysfs))
		kern_unmount(sysfs);
	sysfs = NULL;
}

static void need_updates(struct kunit *test)
{
	if (!updates_are_offered())
		kunit_skip(test, "the module of this boot has no runtime updates");
}

/* --- Uploads --- */

static void wait_for_idle(struct kunit *test)
{
	unsigned long end = jiffies + 60 * HZ;
	char status[32];

	do {
		KUNIT_ASSERT_EQ(test, file_read(UPLOAD "status", status, sizeof(status)), 0);
		if (!strcmp(status, "idle\n"))
			return;
		usleep_range(100, 1000);
	} while (time_before(jiffies, end));
	KUNIT_FAIL_AND_ABORT(test, "the upload does not end: %s", status);
}

/* Give an image to the driver, and do not wait for what it does with it. */
static void start_upload(struct kunit *test, const u8 *image, size_t size)
{
	KUNIT_ASSERT_EQ(test, file_write(UPLOAD "loading", "1", 1), 0);
	KUNIT_ASSERT_EQ(test, file_write(UPLOAD "data", image, size), 0);
	KUNIT_ASSERT_EQ(test, file_write(UPLOAD "loading", "0", 1), 0);
}

static void expect_error(struct kunit *test, const char *want)
{
	char error[64];

	KUNIT_ASSERT_EQ(test, file_read(UPLOAD "error", error, sizeof(error)), 0);
	KUNIT_EXPECT_STREQ(test, error, want);
}

static void upload(struct kunit *test, const u8 *image, size_t size, const char *want)
{
	start_upload(test, image, size);
	wait_for_idle(test);
	expect_error(test, want);
}

static void upload_module(struct kunit *test, const struct fake_module *module,
			  const char *want)
{
	upload(test, tdx_kunit_image(test, module), TDX_KUNIT_IMAGE_SIZE, want);
}

#define ACCEPTED	""
#define REFUSED		"transferring:device-busy\n"
#define INVALID		"transferring:firmware-invalid\n"
#define NOTHING		"receiving:invalid-file-size\n"

static void good_image_is_installed(struct kunit *test)
{
	need_updates(test);
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

static void refusal_reads_device_busy(struct kunit *test)
{
	struct fake_td *ftd;

	need_updates(test);
	ftd = tdx_kunit_td(test);
	/* Again and again, with the same result, until the build is over. */
	for (int i = 0; i < 3; i++) {
		upload_module(test, &tdx_kunit_next_module, REFUSED);
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
	}
	tdx_kunit_td_finish(test, ftd);
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
}

static void refusal_for_a_migration_reads_device_busy(struct kunit *test)
{
	need_updates(test);
	fake_module_set_migrations(1);
	upload_module(test, &tdx_kunit_next_module, REFUSED);
	fake_module_set_migrations(0);
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
}

static void failure_get_desc(const struct tdx_kunit_failure *failure, char *desc)
{
	strscpy(desc, failure->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(failure, tdx_kunit_failures, failure_get_desc);

static void other_failures_read_firmware_invalid(struct kunit *test)
{
	need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, -1, 0, 10, test->param_value);
	upload_module(test, &tdx_kunit_next_module, INVALID);
	fake_seam_inject_clear();
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
}

/* "Busy" with something else: that is a failure, as it was before. */
static void sys_busy_reads_firmware_invalid(struct kunit *test)
{
	static const struct tdx_kunit_failure busy = {
		.fault = FAKE_SEAM_STATUS,
		.status = SEAM_SYS_BUSY,
	};

	need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SYS_SHUTDOWN, -1, 0, 1, &busy);
	upload_module(test, &tdx_kunit_next_module, INVALID);
}

static void bad_image_reads_firmware_invalid(struct kunit *test)
{
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);

	need_updates(test);
	image[4] ^= 1;
	upload(test, image, TDX_KUNIT_IMAGE_SIZE, INVALID);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
}

/* After a success and after a refusal: neither is what becomes of an empty file. */
static void empty_upload_is_an_error(struct kunit *test)
{
	need_updates(test);
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	upload(test, NULL, 0, NOTHING);
	fake_module_set_migrations(1);
	upload_module(test, &tdx_kunit_module, REFUSED);
	upload(test, NULL, 0, NOTHING);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

/* A thread that keeps updates waiting, as CPU hotplug does */
struct blocker {
	struct completion blocked;
	struct completion release;
	struct completion released;
};

static int blocker_thread(void *data)
{
	struct blocker *blocker = data;

	cpus_write_lock();
	complete(&blocker->blocked);
	/* If the test fails, its exit waits for the lock before its actions are called. */
	wait_for_completion_timeout(&blocker->release, 120 * HZ);
	cpus_write_unlock();
	complete(&blocker->released);
	return 0;
}

static void allow_updates(void *data)
{
	struct blocker *blocker = data;

	complete(&blocker->release);
	wait_for_completion(&blocker->released);
}

/* An update waits for CPU hotplug. What do the files say while it does? */
static void files_during_an_update(struct kunit *test)
{
	struct blocker *blocker = kunit_kzalloc(test, sizeof(*blocker), GFP_KERNEL);
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);
	struct task_struct *task;
	unsigned long end;
	char text[64];

	need_updates(test);
	KUNIT_ASSERT_NOT_NULL(test, blocker);
	init_completion(&blocker->blocked);
	init_completion(&blocker->release);
	init_completion(&blocker->released);
	task = kthread_run(blocker_thread, blocker, "tdx_blocker");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, allow_updates, blocker), 0);
	wait_for_completion(&blocker->blocked);

	start_upload(test, image, TDX_KUNIT_IMAGE_SIZE);
	end = jiffies + 60 * HZ;
	do {
		KUNIT_ASSERT_EQ(test, file_read(UPLOAD "status", text, sizeof(text)), 0);
		if (time_after(jiffies, end))
			KUNIT_FAIL_AND_ABORT(test, "the update does not begin: %s", text);
		usleep_range(100, 1000);
	} while (strcmp(text, "transferring\n"));
	KUNIT_EXPECT_EQ(test, file_read(UPLOAD "error", text, sizeof(text)), -EBUSY);

	/* An update cannot be cancelled, and trying does no harm. */
	KUNIT_EXPECT_EQ(test, file_write(UPLOAD "cancel", "1", 1), 0);

	/* Nor can another one be started. */
	KUNIT_EXPECT_EQ(test, file_write(UPLOAD "loading", "1", 1), 0);
	KUNIT_EXPECT_EQ(test, file_read(UPLOAD "status", text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, "transferring\n");

	kunit_release_action(test, allow_updates, blocker);
	wait_for_idle(test);
	expect_error(test, ACCEPTED);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

/* --- Attributes --- */

static void expect_attribute(struct kunit *test, const char *path, const char *want)
{
	char text[64];

	KUNIT_ASSERT_EQ(test, file_read(path, text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, want);
}

static void attributes_have_their_modes(struct kunit *test)
{
	bool offered = updates_are_offered();

	KUNIT_EXPECT_EQ(test, file_mode(DEVICE "version"), 0444);
	KUNIT_EXPECT_EQ(test, file_mode(DEVICE "seamldr_version"), offered ? 0400 : -ENOENT);
	KUNIT_EXPECT_EQ(test, file_mode(DEVICE "num_remaining_updates"),
			offered ? 0400 : -ENOENT);
	KUNIT_EXPECT_EQ(test, file_mode(DETECTION), offered ? 0400 : -ENOENT);
	KUNIT_EXPECT_EQ(test, file_mode(UPLOAD "loading"), offered ? 0644 : -ENOENT);
}

static void version_follows_the_module(struct kunit *test)
{
	expect_attribute(test, DEVICE "version", "1.5.06\n");
	need_updates(test);
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	expect_attribute(test, DEVICE "version", "1.5.07\n");
}

static void seamldr_attributes(struct kunit *test)
{
	need_updates(test);
	expect_attribute(test, DEVICE "seamldr_version", "1.5.99\n");
	fake_seamldr_set_remaining_updates(7);
	expect_attribute(test, DEVICE "num_remaining_updates", "7\n");
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	expect_attribute(test, DEVICE "num_remaining_updates", "6\n");
	fake_module_set_migrations(1);
	upload_module(test, &tdx_kunit_module, REFUSED);
	expect_attribute(test, DEVICE "num_remaining_updates", "6\n");
}

static void seamldr_attributes_hand_errors_on(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	char text[64];

	need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SEAMLDR_INFO, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, file_read(DEVICE "seamldr_version", text, sizeof(text)),
			failure->err);
	fake_seam_inject_clear();
	tdx_kunit_fail(test, SEAM_LEAF_SEAMLDR_INFO, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, file_read(DEVICE "num_remaining_updates", text, sizeof(text)),
			failure->err);
}

/* The module that runs is what counts, and not the one that was there at boot. */
static void conflict_detection_follows_the_module(struct kunit *test)
{
	struct fake_module other = tdx_kunit_next_module;

	/* Every other feature, as far as it has no effect on an update */
	other.features0 = ~SEAM_FEATURES0_UPDATE_COMPATIBILITY;

	need_updates(test);
	expect_attribute(test, DETECTION, "1\n");
	upload_module(test, &other, ACCEPTED);
	expect_attribute(test, DETECTION, "0\n");
	upload_module(test, &tdx_kunit_module, ACCEPTED);
	expect_attribute(test, DETECTION, "1\n");

	/* An update that is refused changes nothing. */
	fake_module_set_migrations(1);
	upload_module(test, &other, REFUSED);
	expect_attribute(test, DETECTION, "1\n");
}

/* What it says is what happens: an update during a build is refused, or it is not. */
static void conflict_detection_is_what_an_update_does(struct kunit *test)
{
	struct fake_module modules[] = { tdx_kunit_module, tdx_kunit_module };
	char text[64];

	need_updates(test);
	modules[1].features0 &= ~SEAM_FEATURES0_UPDATE_COMPATIBILITY;
	for (int i = 0; i < ARRAY_SIZE(modules); i++) {
		struct fake_td *ftd;

		tdx_kunit_load(test, &modules[i]);
		KUNIT_ASSERT_EQ(test, file_read(DETECTION, text, sizeof(text)), 0);
		ftd = tdx_kunit_td(test);
		upload_module(test, &tdx_kunit_next_module,
			      strcmp(text, "1\n") ? ACCEPTED : REFUSED);
		KUNIT_EXPECT_EQ(test, tdx_kunit_is_version(&tdx_kunit_next_module), i == 1);
		tdx_kunit_td_destroy(test, ftd);
	}
}

static void conflict_detection_hands_errors_on(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	struct tdx_kunit_calls then;
	char text[64];

	need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, file_read(DETECTION, text, sizeof(text)), failure->err);
	fake_seam_inject_clear();

	/* It takes one SEAMCALL, the one that reads the field. */
	then = tdx_kunit_calls();
	expect_attribute(test, DETECTION, "1\n");
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).rd, 1);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 1);
}

/* Only a reboot helps. Until then it can be seen, and nothing makes it worse. */
static void loss_of_the_module_can_be_seen(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	struct tdx_kunit_calls then;
	char text[64];

	need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SEAMLDR_INSTALL, -1, 0, 10 * nr_cpu_ids, failure);
	upload_module(test, &tdx_kunit_next_module, INVALID);
	fake_seam_inject_clear();

	KUNIT_EXPECT_EQ(test, file_read(DEVICE "version", text, sizeof(text)), -ENXIO);
	expect_attribute(test, DEVICE "seamldr_version", "1.5.99\n");
	expect_attribute(test, DEVICE "num_remaining_updates", "1000\n");

	then = tdx_kunit_calls();
	KUNIT_EXPECT_EQ(test, file_read(DETECTION, text, sizeof(text)), -ENXIO);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 0);

	then = tdx_kunit_calls();
	upload_module(test, &tdx_kunit_next_module, INVALID);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).install, 0);
	KUNIT_EXPECT_EQ(test, file_read(DEVICE "version", text, sizeof(text)), -ENXIO);
}

static struct kunit_case tdx_host_cases[] = {
	KUNIT_CASE(good_image_is_installed),
	KUNIT_CASE(refusal_reads_device_busy),
	KUNIT_CASE(refusal_for_a_migration_reads_device_busy),
	KUNIT_CASE_PARAM(other_failures_read_firmware_invalid, failure_gen_params),
	KUNIT_CASE(sys_busy_reads_firmware_invalid),
	KUNIT_CASE(bad_image_reads_firmware_invalid),
	KUNIT_CASE(empty_upload_is_an_error),
	KUNIT_CASE(files_during_an_update),
	KUNIT_CASE(attributes_have_their_modes),
	KUNIT_CASE(version_follows_the_module),
	KUNIT_CASE(seamldr_attributes),
	KUNIT_CASE_PARAM(seamldr_attributes_hand_errors_on, failure_gen_params),
	KUNIT_CASE(conflict_detection_follows_the_module),
	KUNIT_CASE(conflict_detection_is_what_an_update_does),
	KUNIT_CASE_PARAM(conflict_detection_hands_errors_on, failure_gen_params),
	KUNIT_CASE_PARAM(loss_of_the_module_can_be_seen, failure_gen_params),
	{}
};

static struct kunit_suite tdx_host_suite = {
	.name = "tdx_host",
	.init = tdx_host_init,
	.exit = tdx_kunit_exit,
	.suite_exit = tdx_host_suite_exit,
	.test_cases = tdx_host_cases,
};

kunit_test_suite(tdx_host_suite);
