// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite that races updates of the TDX module against TDs that are being built, on all
 * CPUs, while CPUs go offline and come back.
 *
 *	tdx_race_kunit.rounds=N		TDs to build
 *	tdx_race_kunit.seed=N		where the random numbers start; 0: somewhere
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_kunit.h"

#define MAX_BUILDERS	64

static unsigned int rounds = 400;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "number of TDs that are begun");

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random numbers; 0: another one each time");

/* A thread that builds TDs, on a CPU of its own as long as that is online */
struct builder {
	struct race *race;
	unsigned int cpu;
	struct rnd_state rnd;
};

struct race {
	atomic_t begun;			/* TDs */
	atomic_t finished;
	atomic_t abandoned;
	atomic_t wrong;
	atomic_t failed;
	atomic_t nr_builders;		/* still at work */
	struct completion done;		/* no builder is */
	bool stop;			/* something is badly wrong: builders go home */
	u8 pages[MRTD_MAX_PAGES][PAGE_SIZE];
	struct mutex all_online;	/* an update that lacks a CPU ends TDX */
	struct rnd_state hotplug_rnd;
	unsigned int nr_hotplug;	/* CPUs that went off and on */
	unsigned int nr_cpus_lost;	/* CPUs that went off and not on */
	struct builder builders[MAX_BUILDERS];
};

/* Build one TD, or a part of one. Returns 0 or an errno of the fake host. */
static int build(struct builder *b, struct fake_td *ftd)
{
	unsigned int pages = 1 + prandom_u32_state(&b->rnd) % MRTD_MAX_PAGES;
	/* One in four is given up on, anywhere. */
	unsigned int steps = prandom_u32_state(&b->rnd) % 4 ? UINT_MAX :
			     prandom_u32_state(&b->rnd) % (pages + 2);
	struct race *race = b->race;
	int ret;

	for (unsigned int i = 0; i < pages + 2; i++) {
		if (i == steps) {
			atomic_inc(&race->abandoned);
			return 0;
		}
		/* Or updates would seldom meet a build. */
		if (prandom_u32_state(&b->rnd) % 4 == 0)
			usleep_range(100, 2000);
		if (i == 0)
			ret = fake_td_add_vcpu(ftd);
		else if (i <= pages)
			ret = fake_td_add_page(ftd, (i - 1) * PAGE_SIZE, race->pages[i - 1], true);
		else
			ret = fake_td_finalize(ftd);
		if (ret)
			return ret;
	}

	atomic_inc(&race->finished);
	if (!tdx_kunit_td_is(ftd, &mrtd_vectors[pages]))
		atomic_inc(&race->wrong);
	return 0;
}

static int builder_thread(void *data)
{
	struct builder *b = data;
	struct race *race = b->race;

	while (atomic_inc_return(&race->begun) <= rounds && !READ_ONCE(race->stop)) {
		struct fake_td *ftd;

		/* Not binding: a CPU that goes away sends its threads elsewhere. */
		scoped_guard(cpus_read_lock)
			if (cpu_active(b->cpu))
				set_cpus_allowed_ptr(current, cpumask_of(b->cpu));

		ftd = fake_td_create();
		if (IS_ERR(ftd)) {
			atomic_inc(&race->failed);
			continue;
		}
		if (build(b, ftd))
			atomic_inc(&race->failed);
		if (fake_td_destroy(ftd))
			atomic_inc(&race->failed);

		/* Without pauses there would always be a build in the way. */
		if (prandom_u32_state(&b->rnd) % 2)
			usleep_range(100, 1000 + prandom_u32_state(&b->rnd) % 4000);
		else
			cond_resched();
	}

	if (atomic_dec_and_test(&race->nr_builders))
		complete(&race->done);
	return 0;
}

static int hotplug_thread(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		unsigned int cpu = prandom_u32_state(&race->hotplug_rnd) % nr_cpu_ids;

		/* The last CPU of a package stays. */
		scoped_guard(mutex, &race->all_online) {
			if (cpu && cpu_online(cpu) && !remove_cpu(cpu)) {
				usleep_range(100, 5000);
				if (add_cpu(cpu))
					race->nr_cpus_lost++;
				else
					race->nr_hotplug++;
			}
		}
		usleep_range(1000, 20000);
	}
	return 0;
}

/* A builder on each CPU but the first */
static void start_builders(struct kunit *test, struct race *race, u32 first_seed)
{
	unsigned int cpu, n = 0;

	atomic_set(&race->nr_builders, 1);
	for_each_online_cpu(cpu) {
		struct builder *b = &race->builders[n];

		if (cpu == 0 || n == MAX_BUILDERS)
			continue;
		b->race = race;
		b->cpu = cpu;
		prandom_seed_state(&b->rnd, first_seed + ++n);
		atomic_inc(&race->nr_builders);
		if (IS_ERR(kthread_run(builder_thread, b, "tdx_builder/%u", cpu))) {
			KUNIT_FAIL(test, "no thread for CPU %u", cpu);
			atomic_dec(&race->nr_builders);
		}
	}
	if (atomic_dec_and_test(&race->nr_builders))
		complete(&race->done);
}

static const struct race_param {
	const char *name;
	const struct fake_module *module;
} race_params[] = {
	{ "modules that count", &tdx_kunit_module },
	{ "modules that do not count", &tdx_kunit_old_module },
};

KUNIT_ARRAY_PARAM_DESC(race, race_params, name);

/* All CPUs but one build TDs, the remaining one updates as fast as it can. */
static void updates_race_builds(struct kunit *test)
{
	const struct race_param *param = test->param_value;
	struct fake_module modules[] = { *param->module, *param->module };
	unsigned int accepted = 0, refused = 0, lost = 0, tenth = 0;
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	u32 first_seed = seed ?: get_random_u32();
	struct task_struct *hotplug_task;
	struct fake_td *bystander;
	u8 *images[2];

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	modules[1].update++;
	modules[1].hash_layout = 1;
	tdx_kunit_load(test, &modules[0]);
	fake_seamldr_set_remaining_updates(U32_MAX);
	for (int i = 0; i < 2; i++)
		images[i] = tdx_kunit_image(test, &modules[i]);
	bystander = tdx_kunit_td(test);
	tdx_kunit_td_finish(test, bystander);

	KUNIT_ASSERT_NOT_NULL(test, race);
	for (int i = 0; i < MRTD_MAX_PAGES; i++)
		tdx_kunit_page(race->pages[i], i * PAGE_SIZE);
	init_completion(&race->done);
	mutex_init(&race->all_online);
	kunit_info(test, "seed %u, %u TDs on %u CPUs\n", first_seed, rounds,
		   num_online_cpus() - 1);

	/* From here on threads use what a failed assertion would free: none until they end. */
	start_builders(test, race, first_seed);
	prandom_seed_state(&race->hotplug_rnd, first_seed);
	hotplug_task = kthread_run(hotplug_thread, race, "tdx_hotplug");
	if (IS_ERR(hotplug_task))
		KUNIT_FAIL(test, "no thread for CPU hotplug");

	set_cpus_allowed_ptr(current, cpumask_of(0));
	while (!completion_done(&race->done)) {
		int next = (accepted + 1) % 2;
		int ret;

		scoped_guard(mutex, &race->all_online)
			ret = seamldr_install_module(images[next], TDX_KUNIT_IMAGE_SIZE);
		if (!ret) {
			accepted++;
		} else if (ret == -EBUSY) {
			refused++;
			next = !next;
		} else {
			lost++;
			WRITE_ONCE(race->stop, true);
			break;
		}
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(&modules[next]));
		if (atomic_read(&race->begun) / (rounds / 10 + 1) > tenth) {
			tenth = atomic_read(&race->begun) / (rounds / 10 + 1);
			kunit_info(test, "%u TDs begun, updates: %u accepted, %u refused\n",
				   tenth * (rounds / 10 + 1), accepted, refused);
		}
		usleep_range(100, 2000);
	}
	wait_for_completion(&race->done);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (!IS_ERR(hotplug_task))
		kthread_stop(hotplug_task);

	kunit_info(test, "TDs: %u finished, %u abandoned, %u with a wrong MRTD\n",
		   atomic_read(&race->finished), atomic_read(&race->abandoned),
		   atomic_read(&race->wrong));
	kunit_info(test, "updates: %u accepted, %u refused; the module was lost %u times\n",
		   accepted, refused, lost);
	kunit_info(test, "CPUs went off and on %u times\n", race->nr_hotplug);

	KUNIT_EXPECT_EQ(test, atomic_read(&race->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->failed), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->finished) + atomic_read(&race->abandoned), rounds);
	KUNIT_EXPECT_EQ(test, lost, 0);
	KUNIT_EXPECT_EQ(test, race->nr_cpus_lost, 0);
	/* The last CPU of a package stays. */
	if (num_online_cpus() > topology_max_packages() && rounds >= 100)
		KUNIT_EXPECT_GT(test, race->nr_hotplug, 0);
	KUNIT_EXPECT_GT(test, accepted, 0);
	KUNIT_EXPECT_GT(test, refused, 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is(bystander, &mrtd_vectors[1]));

	/* No TD is left behind, and none is in the way of the next update. */
	KUNIT_EXPECT_EQ(test, tdx_kunit_state().builds, 0);
	KUNIT_EXPECT_EQ(test, tdx_kunit_install(test, &modules[0]), 0);
}

static struct kunit_case tdx_race_cases[] = {
	KUNIT_CASE_PARAM_ATTR(updates_race_builds, race_gen_params,
			      { .speed = KUNIT_SPEED_VERY_SLOW }),
	{}
};

static struct kunit_suite tdx_race_suite = {
	.name = "tdx_race",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = tdx_race_cases,
};

kunit_test_suite(tdx_race_suite);
