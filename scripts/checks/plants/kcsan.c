/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/smp.h>

static int planted_counter;

static void planted_race(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		planted_counter++;
		barrier();
	}
}

static int __init planted(void)
{
	on_each_cpu(planted_race, NULL, true);
	return 0;
}
late_initcall(planted);
