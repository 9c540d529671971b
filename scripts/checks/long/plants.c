/* SPDX-License-Identifier: GPL-2.0 */
/* A bug for each sanitizer, at the end of a file of the kernel. */
#include <linux/slab.h>
#include <linux/smp.h>

static DEFINE_SPINLOCK(planted_lock);
static int planted_counter;

static void planted_race(void *unused)
{
	for (int i = 0; i < 100000; i++) {
		planted_counter++;
		barrier();
	}
}

static int __init planted(void)
{
	volatile u8 *p = kmalloc(8, GFP_KERNEL);
	volatile int bits = 40, x = 0;

	if (IS_ENABLED(CONFIG_KASAN))
		p[8] = 1;
	kfree((void *)p);
	if (IS_ENABLED(CONFIG_UBSAN))
		x = 1 << bits;
	if (IS_ENABLED(CONFIG_KCSAN))
		on_each_cpu(planted_race, NULL, true);
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		guard(preempt)();
		guard(spinlock)(&planted_lock);
	}
	return x & 0;
}
late_initcall(planted);
