// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for whole updates of the TDX module, from the image to TDH.SYS.UPDATE, on all
 * CPUs.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sprintf.h>
#include <linux/unaligned.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_kunit.h"

/* An image is no bigger than that: header, sigstruct, and 496 pages of module */
#define MAX_MODULE_PAGES	496
#define MAX_SIZE		((2 + MAX_MODULE_PAGES) * PAGE_SIZE)

/*
 * Does the kernel take an image? A bad one must not cost a SEAMCALL: the first one shuts the
 * running module down. A good one gets as far as the first, a TDH.SYS.RD, which is made to fail.
 */
static bool is_taken(struct kunit *test, const u8 *image, u32 size)
{
	u64 calls = fake_seam_count_all();
	int ret;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, FAKE_SEAM_VMFAILINVALID);
	ret = seamldr_install_module(image, size);

	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, ret == -ENODEV);
	if (ret == -ENODEV)
		return true;
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	return false;
}

#define SIZE		TDX_KUNIT_IMAGE_SIZE
#define SIGSTRUCT_PAGES	12
#define MODULE_PAGES	16

static const struct header_param {
	const char *name;
	bool good;
	u32 size;
	u32 offset;	/* of four bytes that are not as in a good image */
	u32 with;	/* what is there; 0x200 at 0 is good */
} header_params[] = {
	{ "good", true, SIZE, 0, 0x200 },
	/* These are the P-SEAMLDR's and userspace's to look at. */
	{ "another checksum", true, SIZE, 0, 0xff0200 },
	{ "another payload", true, SIZE, 2 * PAGE_SIZE + 5, 0xff },
	{ "nothing", false, 0, 0, 0x200 },
	{ "one byte less than a header", false, PAGE_SIZE - 1, 0, 0x200 },
	{ "a header alone", false, PAGE_SIZE, 0, 0x200 },
	{ "one byte less", false, SIZE - 1, 0, 0x200 },
	{ "one byte more", false, SIZE + 1, 0, 0x200 },
	{ "version 0x100", false, SIZE, 0, 0x100 },
	{ "version 0x201", false, SIZE, 0, 0x201 },
	{ "first byte of the signature", false, SIZE, 4, 0x2d584474 },
	{ "last byte of the signature", false, SIZE, 8, 0x624f4c42 },
	{ "two sigstruct pages, size of one", false, SIZE, SIGSTRUCT_PAGES, 2 },
	{ "sigstruct pages that overflow", false, SIZE, SIGSTRUCT_PAGES, 0x100001 },
	{ "one module page too few", false, SIZE, MODULE_PAGES, 1 },
	{ "one module page too many", false, SIZE, MODULE_PAGES, 3 },
	{ "module pages that overflow", false, SIZE, MODULE_PAGES, 0x100002 },
	{ "first reserved byte", false, SIZE, 20, 1 },
	{ "last reserved byte", false, SIZE, 4092, 0x80000000 },
	/* Pages of sigstruct and module, with the size that goes with them */
	{ "1 and 1", true, 3 * PAGE_SIZE, MODULE_PAGES, 1 },
	{ "1 and 496", true, MAX_SIZE, MODULE_PAGES, MAX_MODULE_PAGES },
	{ "1 and 497", false, MAX_SIZE + PAGE_SIZE, MODULE_PAGES, MAX_MODULE_PAGES + 1 },
	{ "2 and 2", false, SIZE + PAGE_SIZE, SIGSTRUCT_PAGES, 2 },
	{ "0 and 2", false, SIZE - PAGE_SIZE, SIGSTRUCT_PAGES, 0 },
	{ "1 and 0", false, 2 * PAGE_SIZE, MODULE_PAGES, 0 },
};

KUNIT_ARRAY_PARAM_DESC(header, header_params, name);

static void header_is_checked(struct kunit *test)
{
	const struct header_param *param = test->param_value;
	u8 *image = tdx_kunit_alloc(test, MAX_SIZE + PAGE_SIZE);
	const u32 size = param->size;

	tdx_kunit_header(image, TDX_KUNIT_NR_PAGES);
	put_unaligned_le32(param->with, image + param->offset);
	KUNIT_EXPECT_EQ(test, is_taken(test, image, size), param->good);
}

#define NR_STEPS	5

static const struct step {
	const char *name;
	u64 leaf;
	bool per_cpu;	/* done by every CPU; otherwise by the lead CPU or any one */
} steps[NR_STEPS] = {
	{ "TDH.SYS.SHUTDOWN", SEAM_LEAF_SYS_SHUTDOWN, false },
	{ "SEAMLDR.INSTALL", SEAM_LEAF_SEAMLDR_INSTALL, true },
	{ "TDH.SYS.INIT", SEAM_LEAF_SYS_INIT, false },
	{ "TDH.SYS.LP.INIT", SEAM_LEAF_SYS_LP_INIT, true },
	{ "TDH.SYS.UPDATE", SEAM_LEAF_SYS_UPDATE, false },
};

KUNIT_ARRAY_PARAM_DESC(step, steps, name);

static void count_steps(u64 counts[NR_STEPS])
{
	for (int i = 0; i < NR_STEPS; i++)
		counts[i] = fake_seam_count(steps[i].leaf);
}

static void update_is_each_step_once(struct kunit *test)
{
	u64 before[NR_STEPS], after[NR_STEPS], all = fake_seam_count_all();
	unsigned int cpus = num_online_cpus();

	count_steps(before);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(&tdx_kunit_next_module));

	count_steps(after);
	for (int i = 0; i < NR_STEPS; i++)
		KUNIT_EXPECT_EQ_MSG(test, after[i] - before[i], steps[i].per_cpu ? cpus : 1,
				    "%s", steps[i].name);
	/* The handoff version and the features are read, and the three parts of the version. */
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - all, 3 + 2 * cpus + 5);
}

static const struct module_param {
	const char *name;
	const struct fake_module *module;
} module_params[] = {
	{ "the module counts", &tdx_kunit_module },
	{ "the module does not count", &tdx_kunit_old_module },
};

KUNIT_ARRAY_PARAM_DESC(module, module_params, name);

/* What this is all about: refused at any point of the build, and right in the end. */
static void measurement_is_right(struct kunit *test)
{
	const struct module_param *param = test->param_value;
	struct fake_td *ftd;

	KUNIT_ASSERT_EQ(test, tdx_kunit_load(param->module), 0);
	ftd = tdx_kunit_td(test);
	for (int i = 0; i < MRTD_MAX_PAGES; i++) {
		KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EBUSY);
		tdx_kunit_td_add(test, ftd, &mrtd_vectors[MRTD_MAX_PAGES], i, i + 1);
	}
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EBUSY);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(param->module));
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is(ftd, &mrtd_vectors[MRTD_MAX_PAGES]));
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is(ftd, &mrtd_vectors[MRTD_MAX_PAGES]));
}

/* One failure of each class; the errnos are those of sc_prerr() in seamcall_internal.h. */
static const struct {
	u64 status;
	int err;
} failures[] = {
	{ SEAM_OPERAND_INVALID | SEAM_OPERAND_RCX, -EIO },
	{ 0x8000020300000000, -EIO },		/* no entropy */
	{ FAKE_SEAM_VMFAILINVALID, -ENODEV },
	{ FAKE_SEAM_GP, -EOPNOTSUPP },
	{ FAKE_SEAM_UD, -EACCES },
};

/* In failure number @i on @cpu, or on each if that is -1. A TD that is finished stays right. */
static void one_step_fails(struct kunit *test, int i, int cpu)
{
	const struct step *step = test->param_value;
	/* sc_retry() tries RDRAND_RETRY_LOOPS times, 10, when there is no entropy. */
	const struct fake_seam_injection injection = {
		.leaf = step->leaf, .cpu = cpu, .times = 10, .status = failures[i].status,
	};
	bool shutdown = step->leaf == SEAM_LEAF_SYS_SHUTDOWN;
	u64 before[NR_STEPS], after[NR_STEPS];
	struct fake_td *ftd = tdx_kunit_td(test);
	int ret;

	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	count_steps(before);
	KUNIT_ASSERT_EQ(test, fake_seam_inject(&injection), 0);
	ret = tdx_kunit_install(test, &tdx_kunit_next_module);
	fake_seam_inject_clear();
	/* A shutdown that fails may be one error, whatever it was. */
	if (!shutdown || ret != -EIO)
		KUNIT_EXPECT_EQ_MSG(test, ret, failures[i].err, "CPU %d, failure %d", cpu, i);

	/* Nobody has got any further. */
	count_steps(after);
	for (int s = step - steps + 1; s < NR_STEPS; s++)
		KUNIT_EXPECT_EQ_MSG(test, after[s], before[s], "CPU %d, failure %d: %s", cpu, i,
				    steps[s].name);
	if (shutdown)
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(&tdx_kunit_module));
	else
		KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());

	KUNIT_ASSERT_EQ(test, tdx_kunit_load(&tdx_kunit_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is(ftd, &mrtd_vectors[0]));
	tdx_kunit_td_destroy(test, ftd);
}

static void step_fails(struct kunit *test)
{
	const struct step *step = test->param_value;
	unsigned int cpu;

	for (int i = 0; i < ARRAY_SIZE(failures); i++) {
		if (!step->per_cpu) {
			one_step_fails(test, i, -1);
			continue;
		}
		for_each_online_cpu(cpu)
			one_step_fails(test, i, cpu);
	}
}

static const struct loader_param {
	const char *name;
	unsigned int byte;	/* of the sigstruct or behind it that is wrong */
	u8 value;
	u64 status;
} loader_params[] = {
	{ "another type of header", 0, 7, SEAMLDR_EBADSIG },
	{ "another vendor", 16, 0x87, SEAMLDR_EBADSIG },
	{ "a reserved byte", 127, 1, SEAMLDR_EBADSIG },
	{ "another exponent", 512, 3, SEAMLDR_EBADSIG },
	{ "an attribute", 957, 1, SEAMLDR_EBADSIG },
	{ "handoff versions the wrong way round", 986, 9, SEAMLDR_EBADSIG },
	{ "a debug module", 15, 0x80, SEAMLDR_EBADSIG },
	{ "a reserved type of module", 15, 0x40, SEAMLDR_EBADSIG },
	{ "no security version", 949, 0, SEAMLDR_EUNSUPPORTED },
	{ "another line of modules", 949, 3, SEAMLDR_EUNSUPPORTED },
	{ "an older module", 948, 10, SEAMLDR_EBADSIG },
	{ "no CPUs", 1024, 0, SEAMLDR_EBADSIG },
	{ "too many CPUs", 1025, 1, SEAMLDR_EBADSIG },
	{ "other CPUs", 1029, 0xee, SEAMLDR_EUNSUPCPU },
	/* Such as one without UPDATE_COMPAT, which does not know what the old one has written */
	{ "another handoff version", 984, 0, SEAMLDR_EBADHANDOFF },
	{ "a damaged module", PAGE_SIZE + 5000, 1, SEAMLDR_EBADHASH },
};

KUNIT_ARRAY_PARAM_DESC(loader, loader_params, name);

/*
 * It costs TDX: the module was shut down before anybody looked. It comes back like that, unless the
 * loader has wiped it by then.
 */
static void image_that_the_loader_refuses(struct kunit *test)
{
	const struct loader_param *param = test->param_value;
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);
	u64 mark = tdx_kunit_log_mark(), installs;
	char line[64];

	image[PAGE_SIZE + param->byte] = param->value;
	KUNIT_EXPECT_EQ(test, seamldr_install_module(image, TDX_KUNIT_IMAGE_SIZE), -EIO);
	snprintf(line, sizeof(line), "SEAMCALL (0x8000000000000001) failed: 0x%016llx",
		 param->status);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	KUNIT_EXPECT_EQ(test, fake_module_get_state().module.update, tdx_kunit_module.update);
	KUNIT_EXPECT_EQ(test, fake_seamldr_updates, 1000);

	/* The kernel knows, instead of using it, and another attempt gets nowhere. */
	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
	installs = fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module),
			param->status == SEAMLDR_EBADHASH ? -ENODEV : -EIO);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL), installs);
	KUNIT_EXPECT_PTR_EQ(test, fake_td_create(), ERR_PTR(-ENODEV));
}

/*
 * An update is not begun, or gets as far as the first SEAMCALL, which fails: one that lacks a CPU
 * would lose TDX.
 */
static void expect_begun(struct kunit *test, bool begun)
{
	u64 calls = fake_seam_count_all();

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, FAKE_SEAM_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module),
			begun ? -ENODEV : -EBUSY);
	KUNIT_EXPECT_EQ(test, fake_seam_count_all() - calls, begun);
	fake_seam_inject_clear();
}

static void update_with_a_cpu_offline_is_not_begun(struct kunit *test)
{
	const unsigned int all = num_online_cpus();
	unsigned int cpu;
	char line[120];

	tdx_kunit_need_hotplug(test);
	for (cpu = all - 1; cpu; cpu--) {
		u64 mark = tdx_kunit_log_mark();

		KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
		expect_begun(test, false);
		snprintf(line, sizeof(line), "offline: online %*pbl, present %*pbl\n",
			 cpumask_pr_args(cpu_online_mask), cpumask_pr_args(cpu_present_mask));
		KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	}
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(&tdx_kunit_module));
	for (cpu = 1; cpu < all; cpu++)
		KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
}

static void make_present(void *cpu)
{
	set_cpu_present((uintptr_t)cpu, true);
}

/* The last CPU is offline, and as if it had been taken out of the machine. Returns its number. */
static unsigned int take_cpu_out(struct kunit *test)
{
	uintptr_t last = num_online_cpus() - 1;

	tdx_kunit_need_hotplug(test);
	KUNIT_ASSERT_EQ(test, remove_cpu(last), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, make_present, (void *)last), 0);
	set_cpu_present(last, false);
	return last;
}

static void absent_cpu_is_not_missed(struct kunit *test)
{
	take_cpu_out(test);
	expect_begun(test, true);
}

static DECLARE_COMPLETION(update_begun);

static int begin_update(void *test)
{
	complete(&update_begun);
	return tdx_kunit_install(test, &tdx_kunit_next_module);
}

/* A CPU is missed that was not when the update began and had to wait for CPU hotplug. */
static void cpu_that_is_missing_since_then_is_missed(struct kunit *test)
{
	unsigned int cpu = take_cpu_out(test);
	u64 calls = fake_seam_count_all();
	struct task_struct *task;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, FAKE_SEAM_VMFAILINVALID);
	reinit_completion(&update_begun);
	cpus_write_lock();
	task = kthread_run(begin_update, test, "tdx_update");
	if (!IS_ERR(task)) {
		get_task_struct(task);
		wait_for_completion(&update_begun);
		for (int i = 0; i < 1000 && READ_ONCE(task->__state) != TASK_UNINTERRUPTIBLE; i++)
			usleep_range(1000, 2000);
	}
	set_cpu_present(cpu, true);
	cpus_write_unlock();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, kthread_stop_put(task), -EBUSY);
	fake_seam_inject_clear();
	KUNIT_EXPECT_EQ(test, fake_seam_count_all(), calls);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(&tdx_kunit_module));
}

static struct kunit_case tdx_update_cases[] = {
	KUNIT_CASE_PARAM(header_is_checked, header_gen_params),
	KUNIT_CASE(update_is_each_step_once),
	KUNIT_CASE_PARAM(measurement_is_right, module_gen_params),
	KUNIT_CASE_PARAM(step_fails, step_gen_params),
	KUNIT_CASE_PARAM(image_that_the_loader_refuses, loader_gen_params),
	KUNIT_CASE(update_with_a_cpu_offline_is_not_begun),
	KUNIT_CASE(absent_cpu_is_not_missed),
	KUNIT_CASE(cpu_that_is_missing_since_then_is_missed),
	{}
};

static struct kunit_suite tdx_update_suite = {
	.name = "tdx_update",
	.init = tdx_kunit_init,
	.test_cases = tdx_update_cases,
};

kunit_test_suite(tdx_update_suite);
