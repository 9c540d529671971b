/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(planted_lock);

static int __init planted(void)
{
	guard(preempt)();
	guard(spinlock)(&planted_lock);
	return 0;
}
late_initcall(planted);
