// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the memory of the fake TDX module's TDs, and for the measurement of their build.
 * SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/hex.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/tdx.h>

#include "tdx_kunit.h"

struct mrtd_vector {
	const char *name;
	int nr_pages;
	struct {
		u16 number;
		bool measured;
	} pages[8];
	const char *mrtd;	/* hexadecimal */
};

#include "mrtd_vectors.h"

#define call	tdx_kunit_call
#define call_r8	tdx_kunit_call_r8

/* Is this the TD's measurement? */
static bool mrtd_is(const struct fake_td *ftd, const char *want)
{
	u8 mrtd[SEAM_MRTD_SIZE], wanted[SEAM_MRTD_SIZE];

	return !tdx_kunit_td_mrtd(ftd, mrtd) && !hex2bin(wanted, want, sizeof(wanted)) &&
	       !memcmp(mrtd, wanted, sizeof(mrtd));
}

static u8 *zero_page(struct kunit *test)
{
	u8 *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

/* --- Memory --- */

static void page_is_removed_before_finalize(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 tdr = tdx_kunit_tdr(ftd);
	u8 *data = zero_page(test);

	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, data, true), 0);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, PAGE_SIZE, tdr),
			SEAM_EPT_ENTRY_STATE_INCORRECT | SEAM_OPERAND_RCX);
	/* Nobody has run in the TD yet: it need not be blocked. */
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, 0, tdr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_PHYMEM_PAGE_WBINVD, page_to_phys(ftd->pages[0]), 0),
			SEAM_SUCCESS);
	__free_page(ftd->pages[0]);
	ftd->pages[0] = NULL;
	/* There is room again. */
	KUNIT_EXPECT_EQ(test, fake_td_add_page(ftd, 0, data, true), 0);
}

static void blocked_page_is_blocked_once_and_not_measured(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	u64 tdr = tdx_kunit_tdr(ftd);

	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, zero_page(test), true), 0);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, PAGE_SIZE, tdr),
			SEAM_EPT_ENTRY_STATE_INCORRECT | SEAM_OPERAND_RCX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, 0, tdr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, 0, tdr),
			SEAM_GPA_RANGE_ALREADY_BLOCKED | SEAM_OPERAND_RCX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_EXTEND, 0, tdr),
			SEAM_EPT_ENTRY_NOT_PRESENT | SEAM_OPERAND_RCX);
}

static void page_of_a_finalized_td_is_blocked_and_tracked(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	struct page *page = alloc_page(GFP_KERNEL);
	u64 tdr = tdx_kunit_tdr(ftd), pa, status;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pa = page_to_phys(page);
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, zero_page(test), true), 0);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_PAGE_AUG, 0, tdr, &pa, 0),
			SEAM_EPT_ENTRY_STATE_INCORRECT | SEAM_OPERAND_RCX);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa, 0),
			SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, PAGE_SIZE, tdr),
			SEAM_GPA_RANGE_NOT_BLOCKED | SEAM_OPERAND_RCX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_RANGE_BLOCK, PAGE_SIZE, tdr), SEAM_SUCCESS);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_PAGE_REMOVE, PAGE_SIZE, tdr),
			SEAM_TLB_TRACKING_NOT_DONE | SEAM_OPERAND_RCX);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MEM_TRACK, tdr, 0), SEAM_SUCCESS);
	status = call(SEAM_LEAF_MEM_PAGE_REMOVE, PAGE_SIZE, tdr);
	KUNIT_EXPECT_EQ(test, status, SEAM_SUCCESS);
	if (status == SEAM_SUCCESS)
		__free_page(page);
}

/* As KVM adds them, before and after TDH.MR.FINALIZE */
static void tables_and_pages_come_at_any_time(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);
	struct page *pages = alloc_pages(GFP_KERNEL, 1);
	u64 tdr = tdx_kunit_tdr(ftd), pa[2];

	KUNIT_ASSERT_NOT_NULL(test, pages);
	pa[0] = page_to_phys(pages);
	pa[1] = pa[0] + PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, 0, zero_page(test), true), 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa[0], 0),
			SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_EQ(test, call_r8(SEAM_LEAF_MEM_SEPT_ADD, FAKE_TD_GPA_END | 1, tdr, &pa[1], 0),
			SEAM_SUCCESS);
	/* They are the TD's, and reclaimed with it. */
	ftd->pages[1] = pages;
	split_page(pages, 1);
	ftd->pages[2] = pages + 1;
}

/* --- The measurement --- */

KUNIT_ARRAY_PARAM_DESC(mrtd, mrtd_vectors, name);

static void build(struct kunit *test, const struct mrtd_vector *vector, int from, int to,
		  struct fake_td *ftd)
{
	u8 *page = zero_page(test);

	for (int i = from; i < to; i++) {
		u64 gpa = vector->pages[i].number * PAGE_SIZE;

		tdx_kunit_page(page, gpa);
		KUNIT_ASSERT_EQ(test, fake_td_add_page(ftd, gpa, page,
						       vector->pages[i].measured), 0);
	}
}

static void mrtd_is_as_computed_elsewhere(struct kunit *test)
{
	const struct mrtd_vector *vector = test->param_value;
	struct fake_td *ftd = tdx_kunit_td(test);
	u8 mrtd[SEAM_MRTD_SIZE];

	BUILD_BUG_ON(ARRAY_SIZE(vector->pages) < MAX_VECTOR_PAGES);
	build(test, vector, 0, vector->nr_pages, ftd);
	KUNIT_EXPECT_EQ(test, tdx_kunit_td_mrtd(ftd, mrtd), -ENODATA);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	KUNIT_EXPECT_TRUE(test, mrtd_is(ftd, vector->mrtd));
}

/* The erratum: wrong if, and only if, the new module keeps running hashes elsewhere. */
static void update_during_a_build(struct kunit *test)
{
	const struct mrtd_vector *vector = &mrtd_vectors[ARRAY_SIZE(mrtd_vectors) - 1];
	struct fake_module module = tdx_kunit_module;
	struct fake_td *ftd;

	for (int from = 0; from < 4; from++) {
		for (int to = 0; to < 4; to++) {
			module.hash_layout = from;
			fake_module_revive(&module);
			ftd = tdx_kunit_td(test);
			build(test, vector, 0, 4, ftd);
			KUNIT_ASSERT_EQ(test, call(SEAM_LEAF_SYS_SHUTDOWN, 1, 0), SEAM_SUCCESS);
			module.hash_layout = to;
			KUNIT_ASSERT_EQ(test, tdx_kunit_take_over(test, &module,
								  SEAM_LEAF_SYS_UPDATE, 0),
					SEAM_SUCCESS);
			build(test, vector, 4, vector->nr_pages, ftd);
			KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
			KUNIT_EXPECT_EQ_MSG(test, mrtd_is(ftd, vector->mrtd), from == to,
					    "from layout %d to %d", from, to);
			tdx_kunit_td_destroy(test, ftd);
		}
	}
}

static void finalize_needs_a_vcpu(struct kunit *test)
{
	struct fake_td *ftd = fake_td_create();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ftd);
	KUNIT_EXPECT_EQ(test, call(SEAM_LEAF_MR_FINALIZE, tdx_kunit_tdr(ftd), 0), SEAM_NO_VCPUS);
	KUNIT_EXPECT_EQ(test, fake_td_destroy(ftd), 0);
}

static struct kunit_case fake_mem_cases[] = {
	KUNIT_CASE(page_is_removed_before_finalize),
	KUNIT_CASE(blocked_page_is_blocked_once_and_not_measured),
	KUNIT_CASE(page_of_a_finalized_td_is_blocked_and_tracked),
	KUNIT_CASE(tables_and_pages_come_at_any_time),
	KUNIT_CASE_PARAM(mrtd_is_as_computed_elsewhere, mrtd_gen_params),
	KUNIT_CASE(update_during_a_build),
	KUNIT_CASE(finalize_needs_a_vcpu),
	{}
};

static struct kunit_suite fake_mem_suite = {
	.name = "fake_mem",
	.init = tdx_kunit_init,
	.exit = tdx_kunit_exit,
	.test_cases = fake_mem_cases,
};

kunit_test_suite(fake_mem_suite);
