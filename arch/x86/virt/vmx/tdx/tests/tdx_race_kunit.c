// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite that races updates of the TDX module against TDs that are being built, on all
 * CPUs, while CPUs go offline and come back.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
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
	struct task_struct *task;
	unsigned int cpu;
	struct rnd_state rnd;
};

struct race {
	atomic_t begun;			/* TDs */
	atomic_t finished;
	atomic_t abandoned;
	atomic_t wrong;
	atomic_t failed;
	u8 pages[MRTD_MAX_PAGES][PAGE_SIZE];
	unsigned int nr_builders;
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

	while (!kthread_should_stop()) {
		struct fake_td *ftd;

		if (!atomic_add_unless(&race->begun, 1, rounds)) {
			usleep_range(1000, 2000);
			continue;
		}

		/* Not binding: a CPU that goes away sends its threads elsewhere. */
		scoped_guard(cpus_read_lock)
			if (cpu_active(b->cpu))
				set_cpus_allowed_ptr(current, cpumask_of(b->cpu));

		ftd = fake_td_create();
		if (IS_ERR(ftd) || build(b, ftd))
			atomic_inc(&race->failed);
		if (!IS_ERR(ftd) && fake_td_destroy(ftd))
			atomic_inc(&race->failed);

		/* Without pauses there would always be a build in the way. */
		if (prandom_u32_state(&b->rnd) % 2)
			usleep_range(100, 1000 + prandom_u32_state(&b->rnd) % 4000);
		else
			cond_resched();
	}
	return 0;
}

/* A CPU goes offline, unless it is the last one of its package, and comes back. Did one? */
static bool cycle_cpu(struct kunit *test, unsigned int cpu)
{
	if (!cpu || !cpu_online(cpu) || remove_cpu(cpu))
		return false;
	usleep_range(100, 5000);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	return true;
}

/* A builder on each CPU but the first */
static void start_builders(struct kunit *test, struct race *race, u32 first_seed)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct builder *b = &race->builders[race->nr_builders];

		if (cpu == 0 || race->nr_builders == MAX_BUILDERS)
			continue;
		b->race = race;
		b->cpu = cpu;
		prandom_seed_state(&b->rnd, first_seed + race->nr_builders + 1);
		b->task = kthread_run(builder_thread, b, "tdx_builder/%u", cpu);
		if (IS_ERR(b->task))
			KUNIT_FAIL(test, "no thread for CPU %u", cpu);
		else
			race->nr_builders++;
	}
}

static const struct race_param {
	const char *name;
	const struct fake_module *module;
} race_params[] = {
	{ "modules that count", &tdx_kunit_module },
	{ "modules that do not count", &tdx_kunit_old_module },
};

KUNIT_ARRAY_PARAM_DESC(race, race_params, name);

/*
 * All CPUs but one build TDs, the remaining one updates as fast as it can. At times it takes one of
 * the others offline, between two updates: one that lacks a CPU is not begun.
 */
static void updates_race_builds(struct kunit *test)
{
	const struct race_param *param = test->param_value;
	struct fake_module modules[] = { *param->module, *param->module };
	unsigned int accepted = 0, refused = 0, lost = 0, nr_hotplug = 0, tenth = 0;
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	u32 first_seed = seed ?: get_random_u32();
	struct fake_td *bystander;
	struct rnd_state rnd;
	u8 *images[2];

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	modules[1].update++;
	modules[1].hash_layout = 1;
	KUNIT_ASSERT_EQ(test, tdx_kunit_load(&modules[0]), 0);
	fake_seamldr_updates = U32_MAX;
	for (int i = 0; i < 2; i++)
		images[i] = tdx_kunit_image(test, &modules[i]);
	bystander = tdx_kunit_td(test);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(bystander), 0);

	KUNIT_ASSERT_NOT_NULL(test, race);
	for (int i = 0; i < MRTD_MAX_PAGES; i++)
		tdx_kunit_page(race->pages[i], i * PAGE_SIZE);
	kunit_info(test, "seed %u, %u TDs on %u CPUs\n", first_seed, rounds, num_online_cpus() - 1);

	/* From here on threads use what a failed assertion would free: none until they end. */
	start_builders(test, race, first_seed);
	prandom_seed_state(&rnd, first_seed);
	set_cpus_allowed_ptr(current, cpumask_of(0));
	while (race->nr_builders && atomic_read(&race->begun) < rounds) {
		int next = (accepted + 1) % 2;
		int ret = seamldr_install_module(images[next], TDX_KUNIT_IMAGE_SIZE);

		if (!ret) {
			accepted++;
		} else if (ret == -EBUSY) {
			refused++;
			next = !next;
		} else {
			lost++;
			break;
		}
		KUNIT_EXPECT_TRUE(test, tdx_kunit_is_up(&modules[next]));
		if (atomic_read(&race->begun) / (rounds / 10 + 1) > tenth) {
			tenth = atomic_read(&race->begun) / (rounds / 10 + 1);
			kunit_info(test, "%u TDs begun, updates: %u accepted, %u refused\n",
				   tenth * (rounds / 10 + 1), accepted, refused);
		}
		if (prandom_u32_state(&rnd) % 4 == 0)
			nr_hotplug += cycle_cpu(test, prandom_u32_state(&rnd) % nr_cpu_ids);
		usleep_range(100, 2000);
	}
	for (int i = 0; i < race->nr_builders; i++)
		kthread_stop(race->builders[i].task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	kunit_info(test, "TDs: %u finished, %u abandoned, %u with a wrong MRTD\n",
		   atomic_read(&race->finished), atomic_read(&race->abandoned),
		   atomic_read(&race->wrong));
	kunit_info(test, "updates: %u accepted, %u refused; the module was lost %u times\n",
		   accepted, refused, lost);
	kunit_info(test, "CPUs went off and on %u times\n", nr_hotplug);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->failed), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->finished) + atomic_read(&race->abandoned), rounds);
	KUNIT_EXPECT_EQ(test, lost, 0);
	/* The last CPU of a package stays. */
	if (num_online_cpus() > topology_max_packages() && rounds >= 100)
		KUNIT_EXPECT_GT(test, nr_hotplug, 0);
	KUNIT_EXPECT_GT(test, accepted, 0);
	KUNIT_EXPECT_GT(test, refused, 0);
	KUNIT_EXPECT_TRUE(test, tdx_kunit_td_is(bystander, &mrtd_vectors[0]));

	/* No TD is left behind, and none is in the way of the next update. */
	KUNIT_EXPECT_EQ(test, fake_module_get_state().builds, 0);
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
	.test_cases = tdx_race_cases,
};

kunit_test_suite(tdx_race_suite);
