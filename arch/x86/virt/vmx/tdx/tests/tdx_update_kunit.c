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

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_kunit.h"

/* How often sc_retry() tries when there is no entropy: RDRAND_RETRY_LOOPS */
#define MAX_TRIES	10

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

/* --- TDs that are being built --- */

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

	tdx_kunit_load(test, param->module);
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

/* --- Every step failing --- */

/* One failure of each class; the errnos are those of sc_prerr() in seamcall_internal.h. */
static const struct {
	enum fake_seam_fault fault;
	u64 status;
	int err;
} failures[] = {
	{ FAKE_SEAM_STATUS, SEAM_OPERAND_INVALID | SEAM_OPERAND_RCX, -EIO },
	{ FAKE_SEAM_STATUS, 0x8000020300000000, -EIO },		/* no entropy */
	{ FAKE_SEAM_VMFAILINVALID, 0, -ENODEV },
	{ FAKE_SEAM_GP, 0, -EOPNOTSUPP },
	{ FAKE_SEAM_UD, 0, -EACCES },
};

/* The old module is gone or shut down, and the kernel says so instead of using it. */
static void expect_tdx_lost(struct kunit *test, int err)
{
	u64 installs = fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL);

	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), err);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL), installs);
	KUNIT_EXPECT_PTR_EQ(test, fake_td_create(), ERR_PTR(-ENODEV));
}

/* In failure number @i on @cpu, or on each if that is -1. A TD that is finished stays right. */
static void one_step_fails(struct kunit *test, int i, int cpu)
{
	const struct step *step = test->param_value;
	const struct fake_seam_injection injection = {
		.leaf = step->leaf, .cpu = cpu, .times = MAX_TRIES,
		.fault = failures[i].fault, .status = failures[i].status,
	};
	bool shutdown = step->leaf == SEAM_LEAF_SYS_SHUTDOWN;
	u64 before[NR_STEPS], after[NR_STEPS];
	struct fake_td *ftd = tdx_kunit_td(test);
	int ret;

	tdx_kunit_td_finish(test, ftd);
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

	tdx_kunit_load(test, &tdx_kunit_module);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is(ftd, &mrtd_vectors[1]));
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

/* --- Images that the kernel takes and the P-SEAMLDR does not --- */

static const struct loader_param {
	const char *name;
	unsigned int byte;	/* of the image that is wrong */
	u8 value;
	u64 status;
	int again;		/* what another attempt says */
} loader_params[] = {
	{ "a debug module", PAGE_SIZE + 15, 0x80, SEAMLDR_EBADSIG, -EIO },
	{ "another handoff version", PAGE_SIZE + 984, 0, SEAMLDR_EBADHANDOFF, -EIO },
	{ "a damaged module", 2 * PAGE_SIZE + 5000, 1, SEAMLDR_EBADHASH, -ENODEV },
};

KUNIT_ARRAY_PARAM_DESC(loader, loader_params, name);

/* It costs TDX: the module was shut down before anybody looked. */
static void image_that_the_loader_refuses(struct kunit *test)
{
	const struct loader_param *param = test->param_value;
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);
	u64 mark = tdx_kunit_log_mark();
	char line[64];

	image[param->byte] = param->value;
	KUNIT_EXPECT_EQ(test, seamldr_install_module(image, TDX_KUNIT_IMAGE_SIZE), -EIO);
	snprintf(line, sizeof(line), "SEAMCALL (0x8000000000000001) failed: 0x%016llx",
		 param->status);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	expect_tdx_lost(test, param->again);
}

/* --- CPUs that come and go --- */

/*
 * An update is not begun, or gets as far as the first SEAMCALL, which fails: one that lacks a CPU
 * would lose TDX.
 */
static void expect_begun(struct kunit *test, bool begun)
{
	u64 calls = fake_seam_count_all();

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, FAKE_SEAM_VMFAILINVALID, 0);
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

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, FAKE_SEAM_VMFAILINVALID, 0);
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
	.exit = tdx_kunit_exit,
	.test_cases = tdx_update_cases,
};

kunit_test_suite(tdx_update_suite);
