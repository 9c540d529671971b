// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for whole updates of the TDX module, from the image to TDH.SYS.UPDATE, on all
 * CPUs.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_kunit.h"

#define AVOID_COMPAT_SENSITIVE		BIT_ULL(16)

/* How often sc_retry() tries when there is no entropy: RDRAND_RETRY_LOOPS */
#define MAX_TRIES			10

/* --- An update that works --- */

static void update_succeeds(struct kunit *test)
{
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	unsigned int cpus = num_online_cpus();
	struct tdx_kunit_calls calls;

	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));

	calls = tdx_kunit_calls_since(&then);
	KUNIT_EXPECT_EQ(test, calls.shutdown, 1);
	KUNIT_EXPECT_EQ(test, calls.install, cpus);
	KUNIT_EXPECT_EQ(test, calls.init, 1);
	KUNIT_EXPECT_EQ(test, calls.lp_init, cpus);
	KUNIT_EXPECT_EQ(test, calls.update, 1);
	/* The handoff version and the features, then the three parts of the version. */
	KUNIT_EXPECT_EQ(test, calls.rd, 5);
	KUNIT_EXPECT_EQ(test, calls.all, 8 + 2 * cpus);
}

static void update_keeps_finished_tds(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
	tdx_kunit_td_destroy(test, ftd);

	ftd = tdx_kunit_td(test);
	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
}

static void update_many_times(struct kunit *test)
{
	for (int i = 0; i < 20; i++) {
		const struct fake_module *module = i % 2 ? &tdx_kunit_module :
							   &tdx_kunit_next_module;

		KUNIT_ASSERT_EQ(test, tdx_kunit_install(test, module), 0);
		KUNIT_ASSERT_TRUE(test, tdx_kunit_is_version(module));
	}
}

/* --- An update that is refused --- */

/* The kernel does not know of migrations: the module refuses. */
static void refused_while_migrations_are_interrupted(struct kunit *test)
{
	const struct tdx_kunit_calls then = tdx_kunit_calls();
	struct tdx_kunit_calls calls;
	struct fake_seam_call call;
	u64 mark = tdx_kunit_log_mark();

	fake_module_set_migrations(2);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EBUSY);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused: TD migrations in progress: 2"),
			1);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));

	/* Two fields are read and one attempt is made, all on the lead CPU. */
	calls = tdx_kunit_calls_since(&then);
	KUNIT_EXPECT_EQ(test, calls.all, 3);
	KUNIT_EXPECT_EQ(test, calls.shutdown, 1);
	KUNIT_EXPECT_TRUE(test, fake_seam_last_call(SEAM_LEAF_SYS_SHUTDOWN, &call));
	KUNIT_EXPECT_EQ(test, call.cpu, 0);

	fake_module_set_migrations(0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

/* At every point of a TD's life, by name: is an update allowed? */
static void refused_from_init_to_finalize(struct kunit *test)
{
	struct fake_td *ftd;
	u8 *page;

	page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	tdx_kunit_page(page, 0);

	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	ftd = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_module), -EBUSY);
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, page, false), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_module), -EBUSY);
	tdx_kunit_page(page, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, PAGE_SIZE, page, true), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_module), -EBUSY);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_module), 0);
	tdx_kunit_td_destroy(test, ftd);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
}

static void allowed_after_an_abandoned_build(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EBUSY);
	tdx_kunit_td_destroy(test, ftd);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
}

/* What this is all about: a TD that is being built is right in the end. */
static void measurement_is_right(struct kunit *test, const struct fake_module *module)
{
	struct fake_td *ftd;

	tdx_kunit_load(test, module);
	ftd = tdx_kunit_td(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EBUSY);
	tdx_kunit_td_finish(test, ftd);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
}

static void measurement_is_right_with_the_feature(struct kunit *test)
{
	measurement_is_right(test, &tdx_kunit_module);
}

/* The module itself would let the update go on. */
static void measurement_is_right_without_the_feature(struct kunit *test)
{
	measurement_is_right(test, &tdx_kunit_old_module);
}

/* --- Features that change with the module --- */

/* The module that runs is asked what it can take, each time. There is no way back to an old one. */
static void flag_and_version_follow_the_module(struct kunit *test)
{
	struct fake_module modules[] = {
		tdx_kunit_old_module, tdx_kunit_old_module, tdx_kunit_module,
		tdx_kunit_next_module, tdx_kunit_module,
	};
	struct fake_td *ftd;
	bool counts;

	modules[1].update++;
	tdx_kunit_load(test, &modules[0]);
	for (int i = 0; i + 1 < ARRAY_SIZE(modules); i++) {
		counts = modules[i].features0 & SEAM_FEATURES0_UPDATE_COMPAT;
		ftd = tdx_kunit_td(test);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_install(test, &modules[i + 1]), -EBUSY,
				    "update %d", i);
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&modules[i]));
		tdx_kunit_td_destroy(test, ftd);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_install(test, &modules[i + 1]), 0,
				    "update %d", i);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_shutdown_rcx(test),
				    counts ? 1 | AVOID_COMPAT_SENSITIVE : 0, "update %d", i);
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&modules[i + 1]));
	}
}

/* --- Every step failing --- */

struct step {
	const char *name;
	u64 leaf;
	bool per_cpu;	/* done by every CPU; otherwise by the lead CPU or any one */
};

static const struct step steps[] = {
	{ "TDH.SYS.SHUTDOWN", SEAM_LEAF_SYS_SHUTDOWN, false },
	{ "SEAMLDR.INSTALL", SEAM_LEAF_SEAMLDR_INSTALL, true },
	{ "TDH.SYS.INIT", SEAM_LEAF_SYS_INIT, false },
	{ "TDH.SYS.LP.INIT", SEAM_LEAF_SYS_LP_INIT, true },
	{ "TDH.SYS.UPDATE", SEAM_LEAF_SYS_UPDATE, false },
};

KUNIT_ARRAY_PARAM_DESC(step, steps, name);

/* Nothing was lost, and nothing is in the way of another attempt. */
static void expect_nothing_lost(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

/* The old module is gone or shut down, and the kernel says so instead of using it. */
static void expect_tdx_lost(struct kunit *test)
{
	u64 installs = fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL);

	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
	KUNIT_EXPECT_LT(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_EQ(test, fake_seam_count(SEAM_LEAF_SEAMLDR_INSTALL), installs);
	KUNIT_EXPECT_PTR_EQ(test, fake_td_create(), ERR_PTR(-ENODEV));
}

static void one_step_fails(struct kunit *test, const struct step *step, int cpu,
			   const struct tdx_kunit_failure *failure)
{
	u64 counts[ARRAY_SIZE(steps)], calls;
	u64 mark = tdx_kunit_log_mark();
	struct fake_td *ftd;
	int ret;

	ftd = tdx_kunit_td(test);
	tdx_kunit_td_finish(test, ftd);
	for (int i = 0; i < ARRAY_SIZE(steps); i++)
		counts[i] = fake_seam_count(steps[i].leaf);

	tdx_kunit_fail(test, step->leaf, cpu, 0, MAX_TRIES, failure);
	ret = tdx_kunit_install(test, &tdx_kunit_next_module);
	fake_seam_inject_clear();
	/* A shutdown that fails may be one error, whatever it was. */
	if (step->leaf != SEAM_LEAF_SYS_SHUTDOWN || ret != -EIO)
		KUNIT_EXPECT_EQ_MSG(test, ret, failure->err, "CPU %d: %s", cpu, failure->name);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused"), 0);

	/* The other CPUs may have been in the same step, and nobody has got any further. */
	calls = fake_seam_count(step->leaf) - counts[step - steps];
	KUNIT_EXPECT_GE_MSG(test, calls, 1, "CPU %d: %s", cpu, failure->name);
	KUNIT_EXPECT_LE_MSG(test, calls, (step->per_cpu ? num_online_cpus() - 1 : 0) + MAX_TRIES,
			    "CPU %d: %s", cpu, failure->name);
	for (const struct step *s = step + 1; s < &steps[ARRAY_SIZE(steps)]; s++)
		KUNIT_EXPECT_EQ_MSG(test, fake_seam_count(s->leaf), counts[s - steps],
				    "CPU %d: %s: %s", cpu, failure->name, s->name);

	if (step->leaf == SEAM_LEAF_SYS_SHUTDOWN)
		expect_nothing_lost(test);
	else
		expect_tdx_lost(test);
	tdx_kunit_load(test, &tdx_kunit_module);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
	tdx_kunit_td_destroy(test, ftd);
}

static void step_fails(struct kunit *test)
{
	const struct step *step = test->param_value;
	unsigned int cpu;

	for (int i = 0; i < TDX_KUNIT_NR_FAILURES; i++) {
		if (!step->per_cpu) {
			one_step_fails(test, step, -1, &tdx_kunit_failures[i]);
			continue;
		}
		for_each_online_cpu(cpu)
			one_step_fails(test, step, cpu, &tdx_kunit_failures[i]);
	}
}

/* --- Images that the kernel takes and the P-SEAMLDR does not --- */

static void older(u8 *sigstruct)
{
	sigstruct[948]--;
}

static void debug(u8 *sigstruct)
{
	sigstruct[15] = 0x80;
}

static void no_cpus(u8 *sigstruct)
{
	sigstruct[1024] = 0;
}

static void unreadable_handoff(u8 *sigstruct)
{
	sigstruct[984] = 9;
	sigstruct[986] = 9;
}

static void damaged(u8 *sigstruct)
{
	sigstruct[PAGE_SIZE + 5000] ^= 1;
}

static const struct loader_param {
	const char *name;
	void (*make_wrong)(u8 *sigstruct);
	u64 status;
	int again;	/* what another attempt says */
} loader_params[] = {
	{ "an older module", older, SEAMLDR_EBADSIG, -EIO },
	{ "a debug module", debug, SEAMLDR_EBADSIG, -EIO },
	{ "no list of CPUs", no_cpus, SEAMLDR_EBADSIG, -EIO },
	{ "another handoff version", unreadable_handoff, SEAMLDR_EBADHANDOFF, -EIO },
	{ "a damaged module", damaged, SEAMLDR_EBADHASH, -ENODEV },
};

KUNIT_ARRAY_PARAM_DESC(loader, loader_params, name);

/* It costs TDX: the module was shut down before anybody looked. */
static void image_that_the_loader_refuses(struct kunit *test)
{
	const struct loader_param *param = test->param_value;
	u8 *image = tdx_kunit_image(test, &tdx_kunit_next_module);
	u64 mark = tdx_kunit_log_mark();
	char line[64];

	param->make_wrong(image + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, seamldr_install_module(image, TDX_KUNIT_IMAGE_SIZE), -EIO);
	snprintf(line, sizeof(line), "SEAMCALL (0x8000000000000001) failed: 0x%016llx",
		 param->status);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), 1);
	expect_tdx_lost(test);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), param->again);
}

static void no_updates_left(struct kunit *test)
{
	fake_seamldr_set_remaining_updates(0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EIO);
	expect_tdx_lost(test);
}

/* --- CPUs that come and go --- */

/* With more, an update without each of them is not tried. */
#define MAX_CPUS			4

static void put_cpus_back(void *unused)
{
	unsigned int cpu;

	for_each_present_cpu(cpu)
		if (!cpu_online(cpu))
			add_cpu(cpu);
}

static const void *gen_cpus(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t cpus = (uintptr_t)prev + 1;

	if (cpus > MAX_CPUS)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu of %d", cpus, MAX_CPUS);
	return (void *)cpus;
}

/* Release the KeyID that the fake SEAM keeps, so that nothing holds a CPU back. */
static void take_keyid_back(void *unused)
{
	tdx_guest_keyid_alloc();
}

/* An update that lacks a CPU would lose TDX: it does not get further than its first SEAMCALL. */
static const struct tdx_kunit_failure no_seam = {
	.fault = FAKE_SEAM_VMFAILINVALID,
};

/* An update is not begun, or gets as far as the first SEAMCALL, which fails. */
static void expect_begun(struct kunit *test, bool begun)
{
	struct tdx_kunit_calls then = tdx_kunit_calls();

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 1, &no_seam);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module),
			begun ? -ENODEV : -EBUSY);
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, begun);
	fake_seam_inject_clear();
}

/* The P-SEAMLDR waits for every CPU. */
static void update_with_cpus_offline(struct kunit *test)
{
	unsigned int cpus = (uintptr_t)test->param_value;
	const unsigned int all = num_online_cpus();
	unsigned int cpu;
	char line[120];
	u64 mark;

	if (all < MAX_CPUS)
		kunit_skip(test, "needs %d CPUs, this machine has %u", MAX_CPUS, all);
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU))
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU");

	tdx_guest_keyid_free(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, take_keyid_back, NULL), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cpus_back, NULL), 0);
	for (cpu = all - 1; cpu >= cpus; cpu--)
		KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_ASSERT_EQ(test, num_online_cpus(), cpus);

	mark = tdx_kunit_log_mark();
	expect_begun(test, cpus == all);
	snprintf(line, sizeof(line), "offline: online %*pbl, present %*pbl\n",
		 cpumask_pr_args(cpu_online_mask), cpumask_pr_args(cpu_present_mask));
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, line), cpus < all);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));

	put_cpus_back(NULL);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
}

static void make_present(void *cpu)
{
	set_cpu_present((uintptr_t)cpu, true);
}

/* The last CPU is offline, and as if it had been taken out of the machine. Returns its number. */
static unsigned int take_cpu_out(struct kunit *test)
{
	const unsigned int last = num_online_cpus() - 1;

	if (!last)
		kunit_skip(test, "needs two CPUs");
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU))
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU");

	tdx_guest_keyid_free(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, take_keyid_back, NULL), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cpus_back, NULL), 0);
	KUNIT_ASSERT_EQ(test, remove_cpu(last), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, make_present,
							(void *)(uintptr_t)last), 0);
	set_cpu_present(last, false);
	return last;
}

static void absent_cpu_is_not_missed(struct kunit *test)
{
	take_cpu_out(test);
	expect_begun(test, true);
}

static int begin_update(void *test)
{
	return tdx_kunit_install(test, &tdx_kunit_next_module);
}

/* A CPU is missed that was not when the update began and had to wait for CPU hotplug. */
static void cpu_that_is_missing_since_then_is_missed(struct kunit *test)
{
	unsigned int cpu = take_cpu_out(test);
	struct tdx_kunit_calls then = tdx_kunit_calls();
	struct task_struct *task;

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 1, &no_seam);
	cpus_write_lock();
	task = kthread_run(begin_update, test, "tdx_update");
	if (!IS_ERR(task)) {
		get_task_struct(task);
		for (int i = 0; i < 1000 && READ_ONCE(task->__state) != TASK_UNINTERRUPTIBLE; i++)
			usleep_range(1000, 2000);
	}
	set_cpu_present(cpu, true);
	cpus_write_unlock();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, kthread_stop_put(task), -EBUSY);
	fake_seam_inject_clear();
	KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).all, 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
}

/* A package without a CPU could not give the KeyIDs back. */
static void last_cpu_of_a_package_stays(struct kunit *test)
{
	unsigned int cpu, last = 0;
	int lines;
	u64 mark;

	for_each_online_cpu(cpu)
		if (topology_physical_package_id(cpu) != topology_physical_package_id(0))
			last = cpu;
	if (!last)
		kunit_skip(test, "needs two packages");
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU))
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU");

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cpus_back, NULL), 0);
	for_each_online_cpu(cpu)
		if (cpu != last && topology_physical_package_id(cpu) ==
				   topology_physical_package_id(last))
			KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);

	tdx_kunit_td(test);
	mark = tdx_kunit_log_mark();
	for (int i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, remove_cpu(last), -EBUSY);
	KUNIT_EXPECT_TRUE(test, cpu_online(last));

	/* The log says why, and is not flooded. */
	lines = tdx_kunit_log_count(mark, "TDX requires all packages to have an online CPU");
	KUNIT_EXPECT_GT(test, lines, 0);
	KUNIT_EXPECT_LT(test, lines, 20);
}

static struct kunit_case tdx_update_cases[] = {
	KUNIT_CASE(update_succeeds),
	KUNIT_CASE(update_keeps_finished_tds),
	KUNIT_CASE(update_many_times),
	KUNIT_CASE(refused_while_migrations_are_interrupted),
	KUNIT_CASE(refused_from_init_to_finalize),
	KUNIT_CASE(allowed_after_an_abandoned_build),
	KUNIT_CASE(measurement_is_right_with_the_feature),
	KUNIT_CASE(measurement_is_right_without_the_feature),
	KUNIT_CASE(flag_and_version_follow_the_module),
	KUNIT_CASE_PARAM(step_fails, step_gen_params),
	KUNIT_CASE_PARAM(image_that_the_loader_refuses, loader_gen_params),
	KUNIT_CASE(no_updates_left),
	KUNIT_CASE_PARAM(update_with_cpus_offline, gen_cpus),
	KUNIT_CASE(absent_cpu_is_not_missed),
	KUNIT_CASE(cpu_that_is_missing_since_then_is_missed),
	KUNIT_CASE(last_cpu_of_a_package_stays),
	{}
};

static struct kunit_suite tdx_update_suite = {
	.name = "tdx_update",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = tdx_update_cases,
};

kunit_test_suite(tdx_update_suite);
