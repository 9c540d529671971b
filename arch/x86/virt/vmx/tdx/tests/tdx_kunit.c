// SPDX-License-Identifier: GPL-2.0
/*
 * What the KUnit suites on the model share: a TDX host that is as new before every test,
 * images, SEAMCALLs and TDs.
 */
#include <linux/cpu.h>
#include <linux/cpufeature.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/kconfig.h>
#include <linux/smp.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/cpuid/api.h>
#include <asm/seamldr.h>
#include <asm/tdx.h>

#include <crypto/sha2.h>

#include "../seamcall_internal.h"
#include "tdx_kunit.h"
#include "mrtd_vectors.h"

#define FEATURES0	(SEAM_FEATURES0_TD_PRESERVING | SEAM_FEATURES0_NO_RBP_MOD | \
			 SEAM_FEATURES0_TOPOLOGY_ENUM)

const struct fake_module tdx_kunit_module = {
	.major = 1, .minor = 5, .update = 6, .svn_major = 1, .svn_minor = 11,
	.features0 = FEATURES0 | SEAM_FEATURES0_UPDATE_COMPAT,
	.module_hv = 1, .no_downgrade = 1,
};

const struct fake_module tdx_kunit_next_module = {
	.major = 1, .minor = 5, .update = 7, .svn_major = 1, .svn_minor = 12,
	.features0 = FEATURES0 | SEAM_FEATURES0_UPDATE_COMPAT,
	.module_hv = 1, .no_downgrade = 1, .hash_layout = 1,
};

const struct fake_module tdx_kunit_old_module = {
	.major = 1, .minor = 5, .update = 5, .svn_major = 1, .svn_minor = 11,
	.features0 = FEATURES0,
};

static void make_image(u8 *image, const struct fake_module *module)
{
	/* Type, length, version; module's type; vendor; date; sizes */
	static const u32 sigstruct_header[] = {
		6, 0xe1, 0x10000, 0, 0x8086, 0x20260101, 0x200, 0x60, 0x60, 1
	};
	u8 *sigstruct = image + PAGE_SIZE;
	u8 *page = sigstruct + PAGE_SIZE;

	tdx_kunit_header(image, TDX_KUNIT_NR_PAGES);

	memcpy(page, "FAKE-TDX", 8);
	/* The sigstruct has the rest. */
	memcpy(page + 8, module, offsetof(struct fake_module, module_hv));

	memcpy(sigstruct, sigstruct_header, sizeof(sigstruct_header));
	*(u32 *)(sigstruct + 512) = 0x10001;
	sha384(page, TDX_KUNIT_NR_PAGES * PAGE_SIZE, sigstruct + 900);
	sigstruct[948] = module->svn_minor;
	sigstruct[949] = module->svn_major;
	*(u16 *)(sigstruct + 984) = module->module_hv;
	*(u16 *)(sigstruct + 986) = module->min_update_hv;
	sigstruct[988] = module->no_downgrade;
	*(u32 *)(sigstruct + 1024) = 1;
	/* The stepping does not matter. */
	*(u32 *)(sigstruct + 1028) = cpuid_eax(1) ^ 0xf;
}

/* TDX_KUNIT_IMAGE_SIZE bytes that the fake P-SEAMLDR takes */
u8 *tdx_kunit_image(struct kunit *test, const struct fake_module *module)
{
	u8 *image = tdx_kunit_alloc(test, TDX_KUNIT_IMAGE_SIZE);

	make_image(image, module);
	return image;
}

/* Update to a module. Returns what seamldr_install_module() does. */
int tdx_kunit_install(struct kunit *test, const struct fake_module *module)
{
	return seamldr_install_module(tdx_kunit_image(test, module), TDX_KUNIT_IMAGE_SIZE);
}

/*
 * Make @module run and the kernel know it, whatever has happened before: an update to itself.
 * Returns 0 or an errno.
 */
int tdx_kunit_load(const struct fake_module *module)
{
	u8 *image = vzalloc(TDX_KUNIT_IMAGE_SIZE);
	int ret;

	if (!image)
		return -ENOMEM;
	fake_seam_inject_clear();
	fake_module_revive(module);
	make_image(image, module);
	ret = seamldr_install_module(image, TDX_KUNIT_IMAGE_SIZE);
	vfree(image);
	fake_seamldr_updates = 1000;
	return ret;
}

static void start_anew(void *unused)
{
	tdx_kunit_load(&tdx_kunit_module);
}

/**
 * tdx_kunit_init() - Start a test: use as the suite's .init.
 * @test: the test. When all else of it has been cleaned up, a working host is left behind.
 *
 * tdx_kunit_module runs, no failure is waiting, no TD is being built.
 *
 * Return: 0 or an errno. Skips the test on a machine where the fake SEAM does not run.
 */
int tdx_kunit_init(struct kunit *test)
{
	if (!fake_seam_active())
		kunit_skip(test, "needs the fake SEAM: \"fake_seam\" on the command line, no SEAM");
	if (boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS))
		kunit_skip(test, "this CPU has no updates");

	return tdx_kunit_load(&tdx_kunit_module) ?: kunit_add_action(test, start_anew, NULL);
}

/* Does this module run, and does the kernel think so? */
bool tdx_kunit_is_up(const struct fake_module *module)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	struct fake_module_state state = fake_module_get_state();

	return state.ready && !memcmp(&state.module, module, sizeof(*module)) && sysinfo &&
	       sysinfo->version.major_version == module->major &&
	       sysinfo->version.minor_version == module->minor &&
	       sysinfo->version.update_version == module->update;
}

static void put_cpus_back(void *unused)
{
	unsigned int cpu;

	for_each_present_cpu(cpu)
		if (!cpu_online(cpu))
			add_cpu(cpu);
	tdx_guest_keyid_alloc();
}

/*
 * CPUs may go offline, and are back when the test ends. The KeyID that the fake host keeps would
 * hold the last one of a package back.
 */
void tdx_kunit_need_hotplug(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || num_online_cpus() < 2)
		kunit_skip(test, "needs a CPU that can go offline");
	tdx_guest_keyid_free(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cpus_back, NULL), 0);
}

/* Returns the status, as all that follow. */
u64 tdx_kunit_call(u64 leaf, u64 rcx, u64 rdx)
{
	struct tdx_module_args args = { .rcx = rcx, .rdx = rdx };

	return seamcall_ret(leaf, &args);
}

/* With R8, where something comes back, and R9 */
u64 tdx_kunit_call_r8(u64 leaf, u64 rcx, u64 rdx, u64 *r8, u64 r9)
{
	struct tdx_module_args args = { .rcx = rcx, .rdx = rdx, .r8 = *r8, .r9 = r9 };
	u64 status = seamcall_ret(leaf, &args);

	*r8 = args.r8;
	return status;
}

struct remote_call {
	u64 leaf;
	struct tdx_module_args args;
	u64 status;
};

static void call_here(void *data)
{
	struct remote_call *call = data;

	call->status = seamcall_ret(call->leaf, &call->args);
}

u64 tdx_kunit_call_on(unsigned int cpu, u64 leaf, u64 rcx, u64 rdx)
{
	struct remote_call call = { .leaf = leaf, .args = { .rcx = rcx, .rdx = rdx } };

	smp_call_function_single(cpu, call_here, &call, true);
	return call.status;
}

/* SEAMLDR_PARAMS for an image */
u64 *tdx_kunit_install_params(struct kunit *test, const u8 *image)
{
	u64 *params = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, params);
	params[0] = 1ULL << 32;			/* version 0, scenario 1 */
	params[1] = PFN_PHYS(vmalloc_to_pfn(image + PAGE_SIZE));
	params[15] = TDX_KUNIT_NR_PAGES;
	for (int i = 0; i < TDX_KUNIT_NR_PAGES; i++)
		params[16 + i] = PFN_PHYS(vmalloc_to_pfn(image + (2 + i) * PAGE_SIZE));
	return params;
}

/* SEAMLDR.INSTALL on all CPUs, one after the other. The status is the last one's. */
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

/* From the module that runs, shut down with @rcx, to @module, as far as SEAMLDR.INSTALL */
void tdx_kunit_exchange(struct kunit *test, u64 rcx, const struct fake_module *module)
{
	u64 *params = tdx_kunit_install_params(test, tdx_kunit_image(test, module));

	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_SHUTDOWN, rcx, 0), SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, tdx_kunit_install_on_all(test, params), SEAM_SUCCESS);
}

/* The same, as far as TDH.SYS.LP.INIT */
void tdx_kunit_replace(struct kunit *test, u64 rcx, const struct fake_module *module)
{
	unsigned int cpu;

	tdx_kunit_exchange(test, rcx, module);
	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_INIT, 0, 0), SEAM_SUCCESS);
	for_each_online_cpu(cpu)
		KUNIT_ASSERT_EQ(test, tdx_kunit_call_on(cpu, SEAM_LEAF_SYS_LP_INIT, 0, 0),
				SEAM_SUCCESS);
}

/* The same, and TDH.SYS.UPDATE */
void tdx_kunit_update(struct kunit *test, u64 rcx, const struct fake_module *module)
{
	tdx_kunit_replace(test, rcx, module);
	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_SYS_UPDATE, 0, 0), SEAM_SUCCESS);
}

static void td_destroy(void *ftd)
{
	/* It takes a module that works, which the test may have lost. */
	fake_seam_inject_clear();
	if (!fake_module_get_state().ready)
		fake_module_revive(NULL);
	if (fake_td_destroy(ftd))
		pr_warn("a TD cannot be torn down\n");
}

/* There must be such a TD. It is torn down when the test ends, or before. */
struct fake_td *tdx_kunit_own_td(struct kunit *test, struct fake_td *ftd)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ftd);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, td_destroy, ftd), 0);
	return ftd;
}

/* A TD with a VCPU and no memory, which is torn down as well */
struct fake_td *tdx_kunit_td(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_own_td(test, fake_td_create());

	KUNIT_ASSERT_EQ(test, fake_td_add_vcpu(ftd), 0);
	return ftd;
}

void tdx_kunit_td_destroy(struct kunit *test, struct fake_td *ftd)
{
	kunit_release_action(test, td_destroy, ftd);
}

/* Contents of the page that a TD has at @gpa. No two chunks are the same. See mrtd_vectors.py. */
void tdx_kunit_page(u8 *page, u64 gpa)
{
	for (int i = 0; i < PAGE_SIZE; i++)
		page[i] = (gpa / PAGE_SIZE + 1) * 31 + (i / 256 + 1) * 7 + i;
}

/* Add pages number @from up to and without @to of @vector. */
void tdx_kunit_td_add(struct kunit *test, struct fake_td *ftd, const struct mrtd_vector *vector,
		      int from, int to)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (int i = from; i < to; i++) {
		u64 gpa = vector->pages[i].number * PAGE_SIZE;

		tdx_kunit_page(page, gpa);
		KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, gpa, page,
						       vector->pages[i].measured), 0);
	}
}

/* Is a finished TD's measurement that of @vector? */
bool tdx_kunit_td_is(const struct fake_td *ftd, const struct mrtd_vector *vector)
{
	u8 mrtd[SEAM_MRTD_SIZE], want[SEAM_MRTD_SIZE];

	return !fake_module_get_mrtd(tdx_kunit_tdr(ftd), mrtd) &&
	       !hex2bin(want, vector->mrtd, sizeof(want)) && !memcmp(mrtd, want, sizeof(mrtd));
}
