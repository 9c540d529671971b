/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fake SEAM: what the files that run TDs share.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAKE_MODULE_RUN_H
#define _X86_VIRT_TDX_TESTS_FAKE_MODULE_RUN_H

#include <linux/types.h>

#include "fake_module_internal.h"

/*
 * In the place of the status of a TDCALL: the TD has no access to the GPA in the other bits, and no
 * register has changed. No leaf has a status with such numbers.
 */
#define TD_NO_ACCESS		GENMASK_ULL(63, 48)

static inline u64 vmcs_read(unsigned long field)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmcs_write(unsigned long field, u64 value)
{
	asm volatile("vmwrite %1, %0" : : "r"(field), "rm"(value) : "cc");
}

#endif /* _X86_VIRT_TDX_TESTS_FAKE_MODULE_RUN_H */
