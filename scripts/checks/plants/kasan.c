/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/slab.h>

static int __init planted(void)
{
	volatile u8 *p = kmalloc(8, GFP_KERNEL);

	p[8] = 1;
	kfree((void *)p);
	return 0;
}
late_initcall(planted);
