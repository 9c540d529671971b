/* SPDX-License-Identifier: GPL-2.0 */
/* What the KUnit suites on the model share. */
#ifndef _X86_VIRT_TDX_TESTS_TDX_KUNIT_H
#define _X86_VIRT_TDX_TESTS_TDX_KUNIT_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "fake_host.h"
#include "fake_module.h"
#include "tdx_kunit_util.h"

/* A TDX module image: a page of header, one with the sigstruct, the module */
#define TDX_KUNIT_NR_PAGES	2
#define TDX_KUNIT_IMAGE_SIZE	((2 + TDX_KUNIT_NR_PAGES) * PAGE_SIZE)

/* Two modules that keep running hashes in different places, and one that does not count builds */
extern const struct fake_module tdx_kunit_module;
extern const struct fake_module tdx_kunit_next_module;
extern const struct fake_module tdx_kunit_old_module;

/* A TD that was built without a break: its pages in the order of the build, and what comes out */
struct mrtd_vector {
	const char *name;
	int nr_pages;
	struct {
		u16 number;
		bool measured;
	} pages[6];
	const char *mrtd;	/* hexadecimal */
};

/* The first ones have no page, one, ... MRTD_MAX_PAGES, in order. The last one has no name. */
#define MRTD_MAX_PAGES		4
extern const struct mrtd_vector mrtd_vectors[];

int tdx_kunit_init(struct kunit *test);
int tdx_kunit_load(const struct fake_module *module);
bool tdx_kunit_is_up(const struct fake_module *module);

u8 *tdx_kunit_image(struct kunit *test, const struct fake_module *module);
int tdx_kunit_install(struct kunit *test, const struct fake_module *module);

#define INVALID_RCX	(SEAM_OPERAND_INVALID | SEAM_OPERAND_RCX)
#define INVALID_RDX	(SEAM_OPERAND_INVALID | SEAM_OPERAND_RDX)

/* SEAMCALLs without the kernel in between */
u64 tdx_kunit_call(u64 leaf, u64 rcx, u64 rdx);
u64 tdx_kunit_call_r8(u64 leaf, u64 rcx, u64 rdx, u64 *r8, u64 r9);
#define EXPECT_CALL(test, leaf, rcx, rdx, status) \
	KUNIT_EXPECT_EQ(test, tdx_kunit_call(SEAM_LEAF_##leaf, rcx, rdx), status)
#define EXPECT_CALL_ON(test, cpu, leaf, rcx, rdx, status) \
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_on(cpu, SEAM_LEAF_##leaf, rcx, rdx), status)
#define EXPECT_CALL_R8(test, leaf, rcx, rdx, r8, status) \
	KUNIT_EXPECT_EQ(test, tdx_kunit_call_r8(SEAM_LEAF_##leaf, rcx, rdx, r8, 0), status)
u64 tdx_kunit_call_on(unsigned int cpu, u64 leaf, u64 rcx, u64 rdx);
u64 *tdx_kunit_install_params(struct kunit *test, const u8 *image);
u64 tdx_kunit_install_on_all(struct kunit *test, const u64 *params);
void tdx_kunit_exchange(struct kunit *test, u64 rcx, const struct fake_module *module);
void tdx_kunit_replace(struct kunit *test, u64 rcx, const struct fake_module *module);
void tdx_kunit_update(struct kunit *test, u64 rcx, const struct fake_module *module);

/* Physical address of a TD's TDR: the TD's name in the ABI */
static inline u64 tdx_kunit_tdr(const struct fake_td *ftd)
{
	return page_to_phys(ftd->td.tdr_page);
}

struct fake_td *tdx_kunit_own_td(struct kunit *test, struct fake_td *ftd);
struct fake_td *tdx_kunit_td(struct kunit *test);
void tdx_kunit_td_add(struct kunit *test, struct fake_td *ftd, const struct mrtd_vector *vector,
		      int from, int to);
void tdx_kunit_td_destroy(struct kunit *test, struct fake_td *ftd);
void tdx_kunit_page(u8 *page, u64 gpa);
bool tdx_kunit_td_is(const struct fake_td *ftd, const struct mrtd_vector *vector);

void tdx_kunit_need_hotplug(struct kunit *test);

#endif /* _X86_VIRT_TDX_TESTS_TDX_KUNIT_H */
