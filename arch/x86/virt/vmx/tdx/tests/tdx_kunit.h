/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit suites on the model share.
 */
#ifndef _X86_VIRT_TDX_TESTS_TDX_KUNIT_H
#define _X86_VIRT_TDX_TESTS_TDX_KUNIT_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "fake_host.h"
#include "fake_module.h"
#include "tdx_kunit_sysfs.h"
#include "tdx_kunit_util.h"

/* A TDX module image: a page of header, one with the sigstruct, the module */
#define TDX_KUNIT_IMAGE_MODULE_PAGES	2
#define TDX_KUNIT_IMAGE_SIZE		((2 + TDX_KUNIT_IMAGE_MODULE_PAGES) * PAGE_SIZE)

/* How often the leaves of an update were called */
struct tdx_kunit_calls {
	u64 shutdown;
	u64 install;
	u64 init;
	u64 lp_init;
	u64 update;
	u64 rd;
	u64 all;
};

/* A SEAMCALL that fails: how, and what the kernel makes of it */
struct tdx_kunit_failure {
	const char *name;
	enum fake_seam_fault fault;
	u64 status;
	int err;
};

/* One failure of each class */
#define TDX_KUNIT_NR_FAILURES		5
extern const struct tdx_kunit_failure tdx_kunit_failures[TDX_KUNIT_NR_FAILURES];

/* Two modules that keep running hashes in different places, and one that does not count builds */
extern const struct fake_module tdx_kunit_module;
extern const struct fake_module tdx_kunit_next_module;
extern const struct fake_module tdx_kunit_old_module;

int tdx_kunit_init(struct kunit *test);
void tdx_kunit_exit(struct kunit *test);
void tdx_kunit_load(struct kunit *test, const struct fake_module *module);
void tdx_kunit_fail(struct kunit *test, u64 leaf, int cpu, unsigned int skip,
		    unsigned int times, const struct tdx_kunit_failure *failure);
bool tdx_kunit_is_ready(void);
bool tdx_kunit_is_version(const struct fake_module *module);
u64 tdx_kunit_shutdown_rcx(struct kunit *test);

u8 *tdx_kunit_image(struct kunit *test, const struct fake_module *module);
int tdx_kunit_install(struct kunit *test, const struct fake_module *module);

u64 tdx_kunit_call(u64 leaf, u64 rcx, u64 rdx);
u64 tdx_kunit_call_r8(u64 leaf, u64 rcx, u64 rdx, u64 *r8, u64 r9);
u64 tdx_kunit_call_on(unsigned int cpu, u64 leaf, u64 rcx, u64 rdx);
u64 tdx_kunit_call_on_all(u64 leaf);
u64 *tdx_kunit_install_params(struct kunit *test, const u8 *image);
u64 tdx_kunit_install_on_all(struct kunit *test, const u64 *params);
u64 tdx_kunit_take_over(struct kunit *test, const struct fake_module *module, u64 update,
			u64 r9);

/* Physical address of a TD's TDR: the TD's name in the ABI */
static inline u64 tdx_kunit_tdr(const struct fake_td *ftd)
{
	return page_to_phys(ftd->td.tdr_page);
}

struct fake_td *tdx_kunit_td(struct kunit *test);
void tdx_kunit_td_finish(struct kunit *test, struct fake_td *ftd);
void tdx_kunit_td_destroy(struct kunit *test, struct fake_td *ftd);
void tdx_kunit_page(u8 *page, u64 gpa);
int tdx_kunit_td_mrtd(const struct fake_td *ftd, u8 mrtd[SEAM_MRTD_SIZE]);
bool tdx_kunit_td_is_right(struct fake_td *ftd, int nr_pages);

struct tdx_kunit_calls tdx_kunit_calls(void);
struct tdx_kunit_calls tdx_kunit_calls_since(const struct tdx_kunit_calls *then);

#endif /* _X86_VIRT_TDX_TESTS_TDX_KUNIT_H */
