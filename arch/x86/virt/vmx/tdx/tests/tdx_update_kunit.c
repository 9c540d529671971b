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

/* CPUs that a step is made to fail on */
#define MAX_CPUS			4

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
	struct fake_module module = tdx_kunit_module;

	module.features0 &= ~SEAM_FEATURES0_UPDATE_COMPATIBILITY;
	measurement_is_right(test, &module);
}

/* --- Features that change with the module --- */

static const void *gen_features(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t bits = (uintptr_t)prev;

	if (bits == 8)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s, %s", bits & 1 ? "with" : "without",
		 bits & 2 ? "with" : "without", bits & 4 ? "with" : "without");
	return (void *)(bits + 1);
}

/* Three updates in a row. The module that runs is asked what it can take, each time. */
static void refused_whatever_the_modules_have(struct kunit *test)
{
	unsigned int bits = (uintptr_t)test->param_value - 1;
	struct fake_module modules[4];

	for (int i = 0; i < ARRAY_SIZE(modules); i++) {
		modules[i] = tdx_kunit_module;
		modules[i].update += i;
		if (!(bits & BIT(i)))
			modules[i].features0 &= ~SEAM_FEATURES0_UPDATE_COMPATIBILITY;
	}
	tdx_kunit_load(test, &modules[0]);

	for (int i = 0; i < 3; i++) {
		bool feature = bits & BIT(i);
		struct fake_td *ftd = tdx_kunit_td(test);

		KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &modules[i + 1]), -EBUSY);
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&modules[i]));
		tdx_kunit_td_destroy(test, ftd);
		KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &modules[i + 1]), 0);
		KUNIT_EXPECT_EQ(test, tdx_kunit_shutdown_rcx(test),
				1 | (feature ? AVOID_COMPAT_SENSITIVE : 0));
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

/* What fails: a step, a CPU, a way to fail; as one number, plus one */
#define NR_STEP_PARAMS	(ARRAY_SIZE(steps) * MAX_CPUS * TDX_KUNIT_NR_FAILURES)

static const struct step *step_of(uintptr_t nr)
{
	return &steps[nr / (MAX_CPUS * TDX_KUNIT_NR_FAILURES)];
}

static int cpu_of(uintptr_t nr)
{
	return nr / TDX_KUNIT_NR_FAILURES % MAX_CPUS;
}

static const struct tdx_kunit_failure *failure_of(uintptr_t nr)
{
	return &tdx_kunit_failures[nr % TDX_KUNIT_NR_FAILURES];
}

static const void *gen_step(struct kunit *test, const void *prev, char *desc)
{
	uintptr_t nr = (uintptr_t)prev;

	/* A step that only one CPU does is there once, not for every CPU. */
	while (nr < NR_STEP_PARAMS && !step_of(nr)->per_cpu && cpu_of(nr))
		nr++;
	if (nr == NR_STEP_PARAMS)
		return NULL;
	if (step_of(nr)->per_cpu)
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s on CPU %d: %s", step_of(nr)->name,
			 cpu_of(nr), failure_of(nr)->name);
	else
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s", step_of(nr)->name,
			 failure_of(nr)->name);
	return (void *)(nr + 1);
}

static void step_fails(struct kunit *test)
{
	uintptr_t nr = (uintptr_t)test->param_value - 1;
	const struct tdx_kunit_failure *failure = failure_of(nr);
	const struct step *step = step_of(nr);
	int cpu = step->per_cpu ? cpu_of(nr) : -1;
	unsigned int cpus = num_online_cpus();
	u64 counts[ARRAY_SIZE(steps)], before;
	u64 mark = tdx_kunit_log_mark();
	struct tdx_kunit_calls then;
	struct fake_td *ftd;
	int ret;

	if (cpu >= 0 && !cpu_online(cpu))
		kunit_skip(test, "needs CPU %d, this machine has %u", cpu, cpus);

	ftd = tdx_kunit_td(test);
	tdx_kunit_td_finish(test, ftd);

	for (int i = 0; i < ARRAY_SIZE(steps); i++)
		counts[i] = fake_seam_count(steps[i].leaf);
	before = counts[step - steps];
	tdx_kunit_fail(test, step->leaf, cpu, 0, MAX_TRIES, failure);
	ret = tdx_kunit_install(test, &tdx_kunit_next_module);
	fake_seam_inject_clear();
	/* A shutdown that fails may be one error, whatever it was. */
	if (step->leaf != SEAM_LEAF_SYS_SHUTDOWN || ret != -EIO)
		KUNIT_EXPECT_EQ(test, ret, failure->err);
	KUNIT_EXPECT_EQ(test, tdx_kunit_log_count(mark, "refused"), 0);

	/* The other CPUs may have been in the same step, and nobody has got any further. */
	KUNIT_EXPECT_GE(test, fake_seam_count(step->leaf) - before, 1);
	KUNIT_EXPECT_LE(test, fake_seam_count(step->leaf) - before,
			(step->per_cpu ? cpus - 1 : 0) + MAX_TRIES);
	for (const struct step *s = step + 1; s < &steps[ARRAY_SIZE(steps)]; s++)
		KUNIT_EXPECT_EQ_MSG(test, fake_seam_count(s->leaf), counts[s - steps], "%s",
				    s->name);

	if (step->leaf == SEAM_LEAF_SYS_SHUTDOWN) {
		/* Nothing was lost, and nothing is in the way of another attempt. */
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_ready());
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_module));
		KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), 0);
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_version(&tdx_kunit_next_module));
	} else {
		/* The old module is gone, and the kernel says so instead of using it. */
		KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
		KUNIT_EXPECT_FALSE(test, tdx_kunit_is_ready());
		then = tdx_kunit_calls();
		KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EIO);
		/* The module fails the shutdown, if not what comes before it. */
		KUNIT_EXPECT_LE(test, tdx_kunit_calls_since(&then).all, 3);
		KUNIT_EXPECT_EQ(test, tdx_kunit_calls_since(&then).install, 0);
		KUNIT_EXPECT_PTR_EQ(test, fake_td_create(), ERR_PTR(-ENODEV));
		tdx_kunit_load(test, &tdx_kunit_module);
	}
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is_right(ftd, 1));
}

static void no_updates_left(struct kunit *test)
{
	fake_seamldr_set_remaining_updates(0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &tdx_kunit_next_module), -EIO);
	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
}

static void handoff_data_is_not_taken(struct kunit *test)
{
	struct fake_module module = tdx_kunit_next_module;

	module.min_update_hv = 5;
	module.module_hv = 6;
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &module), -EIO);
	KUNIT_EXPECT_NULL(test, tdx_get_sysinfo());
}

/* --- CPUs that come and go --- */

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

/* An update is not begun, or gets as far as the first SEAMCALL, which fails. */
static void expect_begun(struct kunit *test, bool begun)
{
	static const struct tdx_kunit_failure failure = {
		.fault = FAKE_SEAM_VMFAILINVALID,
	};
	struct tdx_kunit_calls then = tdx_kunit_calls();

	tdx_kunit_fail(test, SEAM_LEAF_SYS_RD, -1, 0, 1, &failure);
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
	KUNIT_CASE_PARAM(refused_whatever_the_modules_have, gen_features),
	KUNIT_CASE_PARAM(step_fails, gen_step),
	KUNIT_CASE(no_updates_left),
	KUNIT_CASE(handoff_data_is_not_taken),
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
