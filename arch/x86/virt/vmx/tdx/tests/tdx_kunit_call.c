// SPDX-License-Identifier: GPL-2.0
/*
 * SEAMCALLs of KUnit suites, without the kernel in between.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include <asm/tdx.h>

#include "../seamcall_internal.h"
#include "tdx_kunit.h"

/**
 * tdx_kunit_call() - Make a SEAMCALL.
 * @leaf: RAX.
 * @rcx: RCX.
 * @rdx: RDX.
 *
 * Return: the status.
 */
u64 tdx_kunit_call(u64 leaf, u64 rcx, u64 rdx)
{
	struct tdx_module_args args = { .rcx = rcx, .rdx = rdx };

	return seamcall_ret(leaf, &args);
}

/**
 * tdx_kunit_call_r8() - Make a SEAMCALL that has R8 and R9, too.
 * @leaf: RAX.
 * @rcx: RCX.
 * @rdx: RDX.
 * @r8: R8; what comes back there.
 * @r9: R9.
 *
 * Return: the status.
 */
u64 tdx_kunit_call_r8(u64 leaf, u64 rcx, u64 rdx, u64 *r8, u64 r9)
{
	struct tdx_module_args args = { .rcx = rcx, .rdx = rdx, .r8 = *r8, .r9 = r9 };
	u64 status = seamcall_ret(leaf, &args);

	*r8 = args.r8;
	return status;
}

/* A SEAMCALL on some CPU, or on each: what is called, and the last status that is not success */
struct remote_call {
	u64 leaf;
	u64 rcx;
	u64 rdx;
	u64 status;
};

static void call_here(void *data)
{
	struct remote_call *call = data;
	u64 status = tdx_kunit_call(call->leaf, call->rcx, call->rdx);

	if (status)
		WRITE_ONCE(call->status, status);
}

/**
 * tdx_kunit_call_on() - Make a SEAMCALL on a CPU.
 * @cpu: the CPU.
 * @leaf: RAX.
 * @rcx: RCX.
 * @rdx: RDX.
 *
 * Return: the status.
 */
u64 tdx_kunit_call_on(unsigned int cpu, u64 leaf, u64 rcx, u64 rdx)
{
	struct remote_call call = { .leaf = leaf, .rcx = rcx, .rdx = rdx };

	smp_call_function_single(cpu, call_here, &call, true);
	return call.status;
}

/**
 * tdx_kunit_call_on_all() - Make a SEAMCALL on all CPUs.
 * @leaf: RAX.
 *
 * Return: success, or a status that is none.
 */
u64 tdx_kunit_call_on_all(u64 leaf)
{
	struct remote_call call = { .leaf = leaf };

	on_each_cpu(call_here, &call, true);
	return call.status;
}

/**
 * tdx_kunit_install_params() - SEAMLDR_PARAMS for an image.
 * @test: the test; frees them when it ends.
 * @image: the image.
 *
 * Return: the parameters, 4 KB.
 */
u64 *tdx_kunit_install_params(struct kunit *test, const u8 *image)
{
	u64 *params = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, params);
	params[0] = 1ULL << 32;			/* version 0, scenario 1 */
	params[1] = PFN_PHYS(vmalloc_to_pfn(image + PAGE_SIZE));
	params[15] = TDX_KUNIT_IMAGE_MODULE_PAGES;
	for (int i = 0; i < TDX_KUNIT_IMAGE_MODULE_PAGES; i++)
		params[16 + i] = PFN_PHYS(vmalloc_to_pfn(image + (2 + i) * PAGE_SIZE));
	return params;
}

/**
 * tdx_kunit_install_on_all() - SEAMLDR.INSTALL on all CPUs, one after the other.
 * @test: the test; fails if a call before the last one does not succeed.
 * @params: from tdx_kunit_install_params().
 *
 * Return: the last one's status.
 */
u64 tdx_kunit_install_on_all(struct kunit *test, const u64 *params)
{
	unsigned int cpu, left = num_online_cpus();
	u64 status = 0;

	for_each_online_cpu(cpu) {
		status = tdx_kunit_call_on(cpu, SEAM_LEAF_SEAMLDR_INSTALL, __pa(params), 0);
		if (--left)
			KUNIT_EXPECT_EQ_MSG(test, status, SEAM_SUCCESS, "CPU %u", cpu);
	}
	return status;
}

/**
 * tdx_kunit_take_over() - Put a module in the place of one that was shut down.
 * @test: the test; fails if something before TDH.SYS.UPDATE does.
 * @module: the new module.
 * @update: RAX of TDH.SYS.UPDATE, which may have another version.
 * @r9: R9 of TDH.SYS.UPDATE.
 *
 * Return: the status of TDH.SYS.UPDATE.
 */
u64 tdx_kunit_take_over(struct kunit *test, const struct fake_module *module, u64 update,
			u64 r9)
{
	u64 *params = tdx_kunit_install_params(test, tdx_kunit_image(test, module));
	u64 r8 = 0;

	KUNIT_ASSERT_EQ(test, tdx_kunit_install_on_all(test, params), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_call_on_all(SEAM_LEAF_SYS_LP_INIT), SEAM_SUCCESS);
	return tdx_kunit_call_r8(update, 0, 0, &r8, r9);
}
