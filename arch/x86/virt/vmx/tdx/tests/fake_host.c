// SPDX-License-Identifier: GPL-2.0
/*
 * A host for the fake SEAM: builds TDs with the kernel's own wrappers, in the order in
 * which KVM calls them (arch/x86/kvm/vmx/tdx.c), where there is no VMX for KVM to run on.
 *
 * Nothing here retries, since KVM does not either: a SEAMCALL that fails is reported, and -EIO.
 *
 * All of it may sleep. TDs are independent of each other; calls for the same TD must not overlap.
 */
#define pr_fmt(fmt)	"fake_seam: " fmt

#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <asm/pgtable_types.h>

#include "fake_host.h"

static int report(const char *what, u64 status)
{
	if (!status)
		return 0;
	pr_err("%s: 0x%016llx\n", what, status);
	return -EIO;
}

/* The control page that the module gets next */
static struct page *next_page(const struct fake_td *ftd)
{
	return ftd->control[ftd->nr_given];
}

/* What became of it */
static int given(struct fake_td *ftd, const char *what, u64 status)
{
	if (!status)
		ftd->nr_given++;
	return report(what, status);
}

/* Give a page back to the host, or leak it, as KVM does, if the module does not let go of it. */
static void reclaim(struct page *page)
{
	u64 pt, owner, size;

	if (!report("TDH.PHYMEM.PAGE.RECLAIM", tdh_phymem_page_reclaim(page, &pt, &owner, &size)))
		__free_page(page);
}

static int config_key(void *ftd)
{
	return report("TDH.MNG.KEY.CONFIG", tdh_mng_key_config(&((struct fake_td *)ftd)->td));
}

/* TDH.MNG.KEY.CONFIG, on one CPU of each package. Returns 0 or -EIO. */
int fake_td_config_keys(struct fake_td *ftd)
{
	unsigned int cpu;
	int ret = 0;

	guard(cpus_read_lock)();
	for_each_online_cpu(cpu)
		if (!ret && cpu == cpumask_first(topology_core_cpumask(cpu)))
			ret = smp_call_on_cpu(cpu, config_key, ftd, true);
	return ret;
}

/* TDH.MNG.ADDCX, until the TD has all of its TDCS. Returns 0 or -EIO. */
int fake_td_add_tdcs(struct fake_td *ftd)
{
	int ret = 0;

	/* Behind the TDR, which was the first */
	while (!ret && ftd->nr_given <= ftd->sysinfo->td_ctrl.tdcs_base_size / PAGE_SIZE)
		ret = given(ftd, "TDH.MNG.ADDCX", tdh_mng_addcx(&ftd->td, next_page(ftd)));
	return ret;
}

static int init_td(struct fake_td *ftd)
{
	/* Its size is a power of two, so it is aligned to that, as it must be. */
	struct seam_td_params *params = kzalloc_obj(*params);
	u64 err;
	int ret;

	if (!params)
		return -ENOMEM;
	params->xfam = ftd->sysinfo->td_conf.xfam_fixed1;
	params->max_vcpus = 1;
	params->eptp_controls = SEAM_EPTP_4_LEVELS;
	params->tsc_frequency = SEAM_TSC_FREQUENCY_MIN;
	ret = report("TDH.MNG.INIT", tdh_mng_init(&ftd->td, __pa(params), &err));
	kfree(params);
	return ret;
}

static void free_td(struct fake_td *ftd)
{
	for (int i = ftd->nr_given; i < FAKE_TD_CONTROL_PAGES; i++)
		if (ftd->control[i])
			__free_page(ftd->control[i]);
	kfree(ftd);
}

/* TDH.MNG.CREATE, the first step of fake_td_create(). Returns what that returns. */
struct fake_td *fake_td_begin(void)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	struct fake_td *ftd;
	int ret = -ENOMEM;

	if (!sysinfo)
		return ERR_PTR(-ENODEV);

	ftd = kzalloc_obj(*ftd);
	if (!ftd)
		return ERR_PTR(-ENOMEM);
	for (int i = 0; i < FAKE_TD_CONTROL_PAGES; i++) {
		ftd->control[i] = alloc_page(GFP_KERNEL);
		if (!ftd->control[i])
			goto err_free;
	}
	ret = tdx_guest_keyid_alloc();
	if (ret < 0)
		goto err_free;
	ftd->hkid = ret;

	ftd->sysinfo = sysinfo;
	ftd->td.tdcx_nr_pages = sysinfo->td_ctrl.tdvps_base_size / PAGE_SIZE - 1;
	ftd->td.tdr_page = next_page(ftd);
	ret = given(ftd, "TDH.MNG.CREATE", tdh_mng_create(&ftd->td, ftd->hkid));
	if (!ret)
		return ftd;
	tdx_guest_keyid_free(ftd->hkid);
err_free:
	free_td(ftd);
	return ERR_PTR(ret);
}

/*
 * Begin to build a TD: KVM_TDX_INIT_VM. Returns a TD that counts as being built, or -ENODEV without
 * a TDX module, -ENOSPC without a free KeyID, -ENOMEM, -EIO.
 */
struct fake_td *fake_td_create(void)
{
	struct fake_td *ftd = fake_td_begin();
	int ret;

	if (IS_ERR(ftd))
		return ftd;
	ret = fake_td_config_keys(ftd) ?: fake_td_add_tdcs(ftd) ?: init_td(ftd);
	if (!ret)
		return ftd;
	fake_td_destroy(ftd);
	return ERR_PTR(ret);
}

/* Give a TD its one VCPU: KVM_TDX_INIT_VCPU. Returns 0 or -EIO. */
int fake_td_add_vcpu(struct fake_td *ftd)
{
	u64 status;
	int ret;

	ftd->vp.tdvpr_page = next_page(ftd);
	ftd->vp.tdvpr_pa = page_to_phys(ftd->vp.tdvpr_page);
	ret = given(ftd, "TDH.VP.CREATE", tdh_vp_create(&ftd->td, &ftd->vp));
	for (int i = 0; !ret && i < ftd->td.tdcx_nr_pages; i++)
		ret = given(ftd, "TDH.VP.ADDCX", tdh_vp_addcx(&ftd->vp, next_page(ftd)));
	if (ret)
		return ret;

	/*
	 * The VCPU belongs to this CPU from TDH.VP.INIT on. KVM flushes it when the VCPU
	 * goes elsewhere or the CPU goes offline; as this one never runs, do it now.
	 */
	guard(preempt)();
	status = tdh_vp_init(&ftd->vp, 0, 0);
	return report("TDH.VP.INIT or FLUSH", status ?: tdh_vp_flush(&ftd->vp));
}

/* Secure EPT tables for the GPAs below FAKE_TD_GPA_END, top down as KVM adds them. */
static int add_sept(struct fake_td *ftd)
{
	static const enum pg_level levels[] = { PG_LEVEL_512G, PG_LEVEL_1G, PG_LEVEL_2M };
	u64 status, err1, err2;
	int ret = 0;

	while (!ret && ftd->nr_sept < ARRAY_SIZE(levels)) {
		status = tdh_mem_sept_add(&ftd->td, 0, levels[ftd->nr_sept], next_page(ftd),
					  &err1, &err2);
		ret = given(ftd, "TDH.MEM.SEPT.ADD", status);
		ftd->nr_sept += !ret;
	}
	return ret;
}

/*
 * Add a page of initial memory to a TD: KVM_TDX_INIT_MEM_REGION. @gpa is always measured, the
 * contents, 4 KB, if @measure. Returns 0, -EINVAL if @gpa is not aligned to 4 KB or not below
 * FAKE_TD_GPA_END, -ENOMEM, or -EIO; the page may be there then.
 */
int fake_td_add_page(struct fake_td *ftd, u64 gpa, const void *data, bool measure)
{
	/* Its contents go through a page that the module never gets. */
	struct page *page, *source = ftd->control[FAKE_TD_CONTROL_PAGES - 1];
	u64 err1, err2;
	int ret;

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= FAKE_TD_GPA_END)
		return -EINVAL;
	ret = add_sept(ftd);
	if (ret)
		return ret;

	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	memcpy(page_address(source), data, PAGE_SIZE);
	ret = report("TDH.MEM.PAGE.ADD", tdh_mem_page_add(&ftd->td, gpa, page_to_pfn(page), source,
							  &err1, &err2));
	if (ret) {
		__free_page(page);
		return ret;
	}

	ftd->pages[gpa / PAGE_SIZE] = page;
	for (int i = 0; measure && !ret && i < PAGE_SIZE; i += SEAM_EXTEND_CHUNK)
		ret = report("TDH.MR.EXTEND", tdh_mr_extend(&ftd->td, gpa + i, &err1, &err2));
	return ret;
}

/* End the build of a TD: KVM_TDX_FINALIZE_VM. Returns 0 or -EIO. */
int fake_td_finalize(struct fake_td *ftd)
{
	return report("TDH.MR.FINALIZE", tdh_mr_finalize(&ftd->td));
}

static void cache_wb(void *unused)
{
	tdh_phymem_cache_wb(false);
}

/*
 * Tear a TD down, at any point of its life, and free it. Returns 0, or -EIO if the module does not
 * let go of it: it is not freed then, and that can be tried again.
 */
int fake_td_destroy(struct fake_td *ftd)
{
	if (!ftd->blocked && report("TDH.MNG.VPFLUSHDONE", tdh_mng_vpflushdone(&ftd->td)))
		return -EIO;
	ftd->blocked = true;

	on_each_cpu(cache_wb, NULL, true);
	if (report("TDH.MNG.KEY.FREEID", tdh_mng_key_freeid(&ftd->td)))
		return -EIO;
	tdx_guest_keyid_free(ftd->hkid);

	for (int i = 0; i < FAKE_TD_PAGES; i++)
		if (ftd->pages[i])
			reclaim(ftd->pages[i]);
	/* The TDR is the last one. */
	for (int i = ftd->nr_given; i--; )
		reclaim(ftd->control[i]);
	free_td(ftd);
	return 0;
}

/*
 * The kernel takes its KeyIDs from an MSR that is not there, so they start at 0, which KVM
 * takes for "none". Keep that one.
 */
static int __init fake_td_init(void)
{
	if (fake_seam_active() && tdx_get_sysinfo())
		WARN_ON(tdx_guest_keyid_alloc() < 0);
	return 0;
}
subsys_initcall_sync(fake_td_init);
