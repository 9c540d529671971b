// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the tdx-host driver, through the files that userspace has.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpufeature.h>
#include <linux/cpuhplock.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/string.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_kunit.h"

#define DEVICE	TDX_KUNIT_DEVICE
#define UPLOAD	TDX_KUNIT_UPLOAD

static int tdx_host_init(struct kunit *test)
{
	int ret = 0;

	/* Attributes are looked at where there are no updates, too. */
	if (!boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS))
		ret = tdx_kunit_init(test);
	if (ret)
		return ret;
	if (tdx_kunit_file_mode(DEVICE "version") == -ENOENT) {
		/* A driver that is there and does not come up is a failure. */
		if (IS_BUILTIN(CONFIG_TDX_HOST_SERVICES) && tdx_get_sysinfo())
			return -ENODEV;
		kunit_skip(test, "needs the tdx-host driver");
	}
	return 0;
}

/* What decides whether the driver offers updates at all (supports_runtime_update()) */
static bool updates_are_offered(void)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();

	return sysinfo && (sysinfo->features.tdx_features0 & SEAM_FEATURES0_TD_PRESERVING) &&
	       !boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS);
}

/* --- Uploads --- */

static void upload(struct kunit *test, const u8 *image, size_t size, const char *want)
{
	tdx_kunit_start_upload(test, image, size);
	tdx_kunit_end_upload(test, want);
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
	tdx_kunit_need_updates(test);
	tdx_kunit_expect_file(test, DEVICE "version", "1.5.06\n");
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
	tdx_kunit_expect_file(test, DEVICE "version", "1.5.07\n");
}

static void failure_get_desc(const struct tdx_kunit_failure *failure, char *desc)
{
	strscpy(desc, failure->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(failure, tdx_kunit_failures, failure_get_desc);

/* After a success and after a refusal: neither is what becomes of an empty file. */
static void empty_upload_is_an_error(struct kunit *test)
{
	tdx_kunit_need_updates(test);
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

	tdx_kunit_need_updates(test);
	KUNIT_ASSERT_NOT_NULL(test, blocker);
	init_completion(&blocker->blocked);
	init_completion(&blocker->release);
	init_completion(&blocker->released);
	task = kthread_run(blocker_thread, blocker, "tdx_blocker");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, allow_updates, blocker), 0);
	wait_for_completion(&blocker->blocked);

	tdx_kunit_start_upload(test, image, TDX_KUNIT_IMAGE_SIZE);
	end = jiffies + 60 * HZ;
	do {
		KUNIT_ASSERT_EQ(test, tdx_kunit_file_read(UPLOAD "status", text, sizeof(text)), 0);
		if (time_after(jiffies, end))
			KUNIT_FAIL_AND_ABORT(test, "the update does not begin: %s", text);
		usleep_range(100, 1000);
	} while (strcmp(text, "transferring\n"));
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_read(UPLOAD "error", text, sizeof(text)), -EBUSY);

	/* An update cannot be cancelled, and trying does no harm. */
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_write(UPLOAD "cancel", "1", 1), 0);

	/* Nor can another one be started. */
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_write(UPLOAD "loading", "1", 1), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_read(UPLOAD "status", text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, "transferring\n");

	kunit_release_action(test, allow_updates, blocker);
	tdx_kunit_end_upload(test, ACCEPTED);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

/* --- Attributes --- */

static void attributes_have_their_modes(struct kunit *test)
{
	bool offered = updates_are_offered();

	KUNIT_EXPECT_EQ(test, tdx_kunit_file_mode(DEVICE "version"), 0444);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_mode(DEVICE "seamldr_version"),
			offered ? 0400 : -ENOENT);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_mode(DEVICE "num_remaining_updates"),
			offered ? 0400 : -ENOENT);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_mode(DEVICE "num_td_builds"),
			offered ? 0444 : -ENOENT);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_mode(UPLOAD "loading"), offered ? 0644 : -ENOENT);
}

static void seamldr_attributes(struct kunit *test)
{
	tdx_kunit_need_updates(test);
	tdx_kunit_expect_file(test, DEVICE "seamldr_version", "1.5.99\n");
	fake_seamldr_set_remaining_updates(7);
	tdx_kunit_expect_file(test, DEVICE "num_remaining_updates", "7\n");
	upload_module(test, &tdx_kunit_next_module, ACCEPTED);
	tdx_kunit_expect_file(test, DEVICE "num_remaining_updates", "6\n");
	fake_module_set_migrations(1);
	upload_module(test, &tdx_kunit_module, REFUSED);
	tdx_kunit_expect_file(test, DEVICE "num_remaining_updates", "6\n");
}

static void seamldr_attributes_hand_errors_on(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	char text[64];

	tdx_kunit_need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SEAMLDR_INFO, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_read(DEVICE "seamldr_version", text, sizeof(text)),
			failure->err);
	fake_seam_inject_clear();
	tdx_kunit_fail(test, SEAM_LEAF_SEAMLDR_INFO, -1, 0, 10, failure);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_read(DEVICE "num_remaining_updates", text,
						  sizeof(text)), failure->err);
}

/* Only a reboot helps. Until then it can be seen, and nothing makes it worse. */
static void loss_of_the_module_can_be_seen(struct kunit *test)
{
	const struct tdx_kunit_failure *failure = test->param_value;
	struct tdx_kunit_calls then;
	char text[64];

	tdx_kunit_need_updates(test);
	tdx_kunit_fail(test, SEAM_LEAF_SEAMLDR_INSTALL, -1, 0, 10 * nr_cpu_ids, failure);
	upload_module(test, &tdx_kunit_next_module, INVALID);
	fake_seam_inject_clear();

	KUNIT_EXPECT_EQ(test, tdx_kunit_file_read(DEVICE "version", text, sizeof(text)), -ENXIO);
	tdx_kunit_expect_file(test, DEVICE "seamldr_version", "1.5.99\n");
	tdx_kunit_expect_file(test, DEVICE "num_remaining_updates", "1000\n");

	then = tdx_kunit_calls();
	upload_module(test, &tdx_kunit_next_module, INVALID);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).install, 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_file_read(DEVICE "version", text, sizeof(text)), -ENXIO);
}

static struct kunit_case tdx_host_cases[] = {
	KUNIT_CASE(good_image_is_installed),
	KUNIT_CASE(empty_upload_is_an_error),
	KUNIT_CASE(files_during_an_update),
	KUNIT_CASE(attributes_have_their_modes),
	KUNIT_CASE(seamldr_attributes),
	KUNIT_CASE_PARAM(seamldr_attributes_hand_errors_on, failure_gen_params),
	KUNIT_CASE_PARAM(loss_of_the_module_can_be_seen, failure_gen_params),
	{}
};

static struct kunit_suite tdx_host_suite = {
	.name = "tdx_host",
	.init = tdx_host_init,
	.exit = tdx_kunit_exit,
	.test_cases = tdx_host_cases,
};

kunit_test_suite(tdx_host_suite);
