/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/init.h>

static int __init planted(void)
{
	volatile int bits = 40, x;

	x = 1 << bits;
	return x & 0;
}
late_initcall(planted);
