// SPDX-License-Identifier: GPL-2.0
/*
 * A host for the fake SEAM: builds TDs with the kernel's own wrappers, in the order in
 * which KVM calls them (arch/x86/kvm/vmx/tdx.c), where there is no VMX for KVM to run on.
 *
 * Nothing here retries, since KVM does not either: SEAMCALLs that fail are reported.
 */
#define pr_fmt(fmt)	"fake_seam: " fmt

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
	pr_err("%s: 0x%016llx\n", what, status);
	return -EIO;
}

/* Give a page back to the host, or leak it if the module does not let go of it. */
static void reclaim(struct page *page)
{
	u64 pt, owner, size, status;

	status = tdh_phymem_page_reclaim(page, &pt, &owner, &size);
	if (status)
		report("TDH.PHYMEM.PAGE.RECLAIM", status);
	else
		__free_page(page);
}

static void reclaim_array(struct page **pages, int nr)
{
	if (!pages)
		return;
	for (int i = 0; i < nr; i++)
		if (pages[i])
			reclaim(pages[i]);
	kfree(pages);
}

static int add_tdcs(struct fake_td *ftd, int nr)
{
	struct page *page;
	u64 status;

	ftd->td.tdcs_pages = kzalloc_objs(*ftd->td.tdcs_pages, nr);
	if (!ftd->td.tdcs_pages)
		return -ENOMEM;

	for (int i = 0; i < nr; i++) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		status = tdh_mng_addcx(&ftd->td, page);
		if (status) {
			__free_page(page);
			return report("TDH.MNG.ADDCX", status);
		}
		ftd->td.tdcs_pages[i] = page;
		ftd->td.tdcs_nr_pages = i + 1;
	}
	return 0;
}

static int config_key(void *ftd)
{
	u64 status = tdh_mng_key_config(&((struct fake_td *)ftd)->td);

	return status ? report("TDH.MNG.KEY.CONFIG", status) : 0;
}

/* On one CPU of each package */
static int config_keys(struct fake_td *ftd)
{
	DECLARE_BITMAP(done, FAKE_HOST_MAX_PACKAGES) = {};
	unsigned int cpu;
	int ret;

	guard(cpus_read_lock)();
	for_each_online_cpu(cpu) {
		if (test_and_set_bit(topology_logical_package_id(cpu), done))
			continue;
		ret = smp_call_on_cpu(cpu, config_key, ftd, true);
		if (ret)
			return ret;
	}
	return 0;
}

static int init_td(struct fake_td *ftd, const struct tdx_sys_info *sysinfo)
{
	struct seam_td_params *params;
	u64 status, err;
	int ret;

	ret = config_keys(ftd);
	if (ret)
		return ret;
	ret = add_tdcs(ftd, sysinfo->td_ctrl.tdcs_base_size / PAGE_SIZE);
	if (ret)
		return ret;

	/* Its size is a power of two, so it is aligned to that, as it must be. */
	params = kzalloc_obj(*params);
	if (!params)
		return -ENOMEM;
	params->xfam = sysinfo->td_conf.xfam_fixed1;
	params->max_vcpus = 1;
	params->eptp_controls = SEAM_EPTP_4_LEVELS;
	params->tsc_frequency = SEAM_TSC_FREQUENCY_MIN;
	status = tdh_mng_init(&ftd->td, __pa(params), &err);
	kfree(params);
	return status ? report("TDH.MNG.INIT", status) : 0;
}

/**
 * fake_td_create() - Begin to build a TD: KVM_TDX_INIT_VM.
 *
 * Context: process context, may sleep. TDs are independent of each other; calls for the
 * same TD must not overlap.
 * Return: a TD that counts as being built, to be given to fake_td_destroy(); or -ENODEV
 * without a TDX module, -ENOSPC without a free KeyID, -ENOMEM, or -EIO if a SEAMCALL failed.
 */
struct fake_td *fake_td_create(void)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	struct fake_td *ftd;
	u64 status;
	int ret;

	if (!sysinfo)
		return ERR_PTR(-ENODEV);

	ftd = kzalloc_obj(*ftd);
	if (!ftd)
		return ERR_PTR(-ENOMEM);
	ftd->hkid = -1;
	ftd->td.tdcx_nr_pages = sysinfo->td_ctrl.tdvps_base_size / PAGE_SIZE - 1;
	ftd->pages = kzalloc_objs(*ftd->pages, FAKE_TD_PAGES);
	ftd->td.tdr_page = alloc_page(GFP_KERNEL);
	if (!ftd->pages || !ftd->td.tdr_page) {
		ret = -ENOMEM;
		goto err_free;
	}

	ret = tdx_guest_keyid_alloc();
	if (ret < 0)
		goto err_free;
	ftd->hkid = ret;

	status = tdh_mng_create(&ftd->td, ftd->hkid);
	if (status) {
		ret = report("TDH.MNG.CREATE", status);
		tdx_guest_keyid_free(ftd->hkid);
		goto err_free;
	}

	ret = init_td(ftd, sysinfo);
	if (ret) {
		fake_td_destroy(ftd);
		return ERR_PTR(ret);
	}
	return ftd;

err_free:
	if (ftd->td.tdr_page)
		__free_page(ftd->td.tdr_page);
	kfree(ftd->pages);
	kfree(ftd);
	return ERR_PTR(ret);
}

/**
 * fake_td_add_vcpu() - Give a TD its VCPU: KVM_TDX_INIT_VCPU.
 * @ftd: a TD that is being built and has no VCPU.
 *
 * Context: as fake_td_create().
 * Return: 0, -EEXIST if it has a VCPU, -ENOMEM, or -EIO if a SEAMCALL failed.
 */
int fake_td_add_vcpu(struct fake_td *ftd)
{
	struct page *page;
	u64 status;

	if (ftd->vp.tdvpr_page)
		return -EEXIST;

	ftd->vp.tdcx_pages = kzalloc_objs(*ftd->vp.tdcx_pages, ftd->td.tdcx_nr_pages);
	if (!ftd->vp.tdcx_pages)
		return -ENOMEM;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		goto err_free;

	ftd->vp.tdvpr_page = page;
	ftd->vp.tdvpr_pa = page_to_phys(page);
	status = tdh_vp_create(&ftd->td, &ftd->vp);
	if (status) {
		report("TDH.VP.CREATE", status);
		__free_page(page);
		ftd->vp.tdvpr_page = NULL;
		goto err_free;
	}

	for (int i = 0; i < ftd->td.tdcx_nr_pages; i++) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		status = tdh_vp_addcx(&ftd->vp, page);
		if (status) {
			__free_page(page);
			return report("TDH.VP.ADDCX", status);
		}
		ftd->vp.tdcx_pages[i] = page;
	}

	/*
	 * The VCPU belongs to this CPU from TDH.VP.INIT on. KVM flushes it when the VCPU
	 * goes elsewhere or the CPU goes offline; as this one never runs, do it now.
	 */
	scoped_guard(preempt) {
		status = tdh_vp_init(&ftd->vp, 0, 0);
		if (!status)
			status = tdh_vp_flush(&ftd->vp);
	}
	return status ? report("TDH.VP.INIT or FLUSH", status) : 0;

err_free:
	kfree(ftd->vp.tdcx_pages);
	ftd->vp.tdcx_pages = NULL;
	return page ? -EIO : -ENOMEM;
}

/* Secure EPT tables for the GPAs below FAKE_TD_GPA_END, top down as KVM adds them. */
static int add_sept(struct fake_td *ftd)
{
	static const enum pg_level levels[] = { PG_LEVEL_512G, PG_LEVEL_1G, PG_LEVEL_2M };
	u64 status, err1, err2;
	struct page *page;

	for (int i = 0; i < ARRAY_SIZE(levels); i++) {
		if (ftd->sept[i])
			continue;
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		status = tdh_mem_sept_add(&ftd->td, 0, levels[i], page, &err1, &err2);
		if (status) {
			__free_page(page);
			return report("TDH.MEM.SEPT.ADD", status);
		}
		ftd->sept[i] = page;
	}
	return 0;
}

/**
 * fake_td_add_page() - Add a page of initial memory to a TD: KVM_TDX_INIT_MEM_REGION.
 * @ftd: a TD that is being built.
 * @gpa: where the TD sees it, aligned to 4 KB and below %FAKE_TD_GPA_END.
 * @data: its contents, 4 KB.
 * @measure: make the contents part of the measurement; the GPA always is.
 *
 * Context: as fake_td_create().
 * Return: 0, -EINVAL for a bad GPA, -EEXIST if there is a page, -ENOMEM, or -EIO if a
 * SEAMCALL failed.
 */
int fake_td_add_page(struct fake_td *ftd, u64 gpa, const void *data, bool measure)
{
	struct page *page, *source;
	u64 status, err1, err2;
	int ret;

	if (!IS_ALIGNED(gpa, PAGE_SIZE) || gpa >= FAKE_TD_GPA_END)
		return -EINVAL;
	if (ftd->pages[gpa / PAGE_SIZE])
		return -EEXIST;
	ret = add_sept(ftd);
	if (ret)
		return ret;

	source = alloc_page(GFP_KERNEL);
	page = alloc_page(GFP_KERNEL);
	if (!source || !page) {
		ret = -ENOMEM;
		goto out_free;
	}
	memcpy(page_address(source), data, PAGE_SIZE);

	status = tdh_mem_page_add(&ftd->td, gpa, page_to_pfn(page), source, &err1, &err2);
	if (status) {
		ret = report("TDH.MEM.PAGE.ADD", status);
		goto out_free;
	}
	ftd->pages[gpa / PAGE_SIZE] = page;
	page = NULL;

	for (int i = 0; measure && i < PAGE_SIZE; i += SEAM_EXTEND_CHUNK) {
		status = tdh_mr_extend(&ftd->td, gpa + i, &err1, &err2);
		if (status) {
			ret = report("TDH.MR.EXTEND", status);
			break;
		}
	}
out_free:
	if (page)
		__free_page(page);
	if (source)
		__free_page(source);
	return ret;
}

/**
 * fake_td_finalize() - End the build of a TD: KVM_TDX_FINALIZE_VM.
 * @ftd: a TD that is being built and has a VCPU.
 *
 * Context: as fake_td_create().
 * Return: 0, or -EIO if the SEAMCALL failed.
 */
int fake_td_finalize(struct fake_td *ftd)
{
	u64 status = tdh_mr_finalize(&ftd->td);

	return status ? report("TDH.MR.FINALIZE", status) : 0;
}

static void cache_wb(void *unused)
{
	tdh_phymem_cache_wb(false);
}

/**
 * fake_td_destroy() - Tear a TD down, at any point of its life, and free it.
 * @ftd: the TD; gone after this if it succeeds.
 *
 * Context: as fake_td_create().
 * Return: 0, or -EIO if the module does not let go of the TD. It can be tried again. Single
 * pages that the module keeps are leaked, as KVM leaks them.
 */
int fake_td_destroy(struct fake_td *ftd)
{
	int tries = 10;
	u64 status;

	if (!ftd->blocked) {
		status = tdh_mng_vpflushdone(&ftd->td);
		if (status)
			return report("TDH.MNG.VPFLUSHDONE", status);
		ftd->blocked = true;
	}
	/* Once more, should a package have come back online meanwhile. */
	do {
		on_each_cpu(cache_wb, NULL, true);
		status = tdh_mng_key_freeid(&ftd->td);
	} while (status == SEAM_WBCACHE_NOT_COMPLETE && --tries);
	if (status)
		return report("TDH.MNG.KEY.FREEID", status);
	tdx_guest_keyid_free(ftd->hkid);

	reclaim_array(ftd->pages, FAKE_TD_PAGES);
	for (int i = 0; i < ARRAY_SIZE(ftd->sept); i++)
		if (ftd->sept[i])
			reclaim(ftd->sept[i]);
	reclaim_array(ftd->vp.tdcx_pages, ftd->td.tdcx_nr_pages);
	if (ftd->vp.tdvpr_page)
		reclaim(ftd->vp.tdvpr_page);
	reclaim_array(ftd->td.tdcs_pages, ftd->td.tdcs_nr_pages);
	reclaim(ftd->td.tdr_page);
	kfree(ftd);
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
