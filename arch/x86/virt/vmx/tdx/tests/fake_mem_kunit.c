// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the memory of the fake TDX module's TDs, and for the measurement of their build.
 * SEAMCALLs are made directly.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "tdx_kunit.h"

/* A TD with a page at 0, and nothing behind it */
static struct fake_td *td_with_a_page(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_td(test);

	tdx_kunit_td_add(test, ftd, &mrtd_vectors[1], 0, 1);
	return ftd;
}

/* A page of the host, which gets it back with the last ones */
static u64 give_page(struct fake_td *ftd)
{
	return page_to_phys(ftd->control[ftd->nr_given++]);
}

static void page_is_removed_before_finalize(struct kunit *test)
{
	struct fake_td *ftd = td_with_a_page(test);
	u64 tdr = tdx_kunit_tdr(ftd);

	EXPECT_CALL(test, MEM_PAGE_REMOVE, PAGE_SIZE, tdr,
		    SEAM_EPT_ENTRY_STATE_INCORRECT | SEAM_OPERAND_RCX);
	/* Nobody has run in the TD yet: it need not be blocked. */
	KUNIT_ASSERT_EQ(test, tdx_kunit_call(SEAM_LEAF_MEM_PAGE_REMOVE, 0, tdr), SEAM_SUCCESS);
	EXPECT_CALL(test, PHYMEM_PAGE_WBINVD, page_to_phys(ftd->pages[0]), 0, SEAM_SUCCESS);
	__free_page(ftd->pages[0]);
	ftd->pages[0] = NULL;
	/* There is room again. */
	tdx_kunit_td_add(test, ftd, &mrtd_vectors[1], 0, 1);
}

static void blocked_page_is_blocked_once_and_not_measured(struct kunit *test)
{
	u64 tdr = tdx_kunit_tdr(td_with_a_page(test));

	EXPECT_CALL(test, MEM_RANGE_BLOCK, PAGE_SIZE, tdr,
		    SEAM_EPT_ENTRY_STATE_INCORRECT | SEAM_OPERAND_RCX);
	EXPECT_CALL(test, MEM_RANGE_BLOCK, 0, tdr, SEAM_SUCCESS);
	EXPECT_CALL(test, MEM_RANGE_BLOCK, 0, tdr,
		    SEAM_GPA_RANGE_ALREADY_BLOCKED | SEAM_OPERAND_RCX);
	EXPECT_CALL(test, MR_EXTEND, 0, tdr, SEAM_EPT_ENTRY_NOT_PRESENT | SEAM_OPERAND_RCX);
}

static void page_of_a_finalized_td_is_blocked_and_tracked(struct kunit *test)
{
	struct fake_td *ftd = td_with_a_page(test);
	u64 tdr = tdx_kunit_tdr(ftd), pa = give_page(ftd);

	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	EXPECT_CALL_R8(test, MEM_PAGE_AUG, 0, tdr, &pa,
		       SEAM_EPT_ENTRY_STATE_INCORRECT | SEAM_OPERAND_RCX);
	EXPECT_CALL_R8(test, MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa, SEAM_SUCCESS);
	EXPECT_CALL(test, MEM_PAGE_REMOVE, PAGE_SIZE, tdr,
		    SEAM_GPA_RANGE_NOT_BLOCKED | SEAM_OPERAND_RCX);
	EXPECT_CALL(test, MEM_RANGE_BLOCK, PAGE_SIZE, tdr, SEAM_SUCCESS);
	EXPECT_CALL(test, MEM_PAGE_REMOVE, PAGE_SIZE, tdr,
		    SEAM_TLB_TRACKING_NOT_DONE | SEAM_OPERAND_RCX);
	EXPECT_CALL(test, MEM_TRACK, tdr, 0, SEAM_SUCCESS);
	EXPECT_CALL(test, MEM_PAGE_REMOVE, PAGE_SIZE, tdr, SEAM_SUCCESS);
	EXPECT_CALL_R8(test, MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa, SEAM_SUCCESS);
}

/* As KVM adds them, before and after TDH.MR.FINALIZE */
static void tables_and_pages_come_at_any_time(struct kunit *test)
{
	struct fake_td *ftd = td_with_a_page(test);
	u64 tdr = tdx_kunit_tdr(ftd), pa = give_page(ftd);

	EXPECT_CALL_R8(test, MEM_PAGE_AUG, PAGE_SIZE, tdr, &pa, SEAM_SUCCESS);
	KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
	pa = give_page(ftd);
	EXPECT_CALL_R8(test, MEM_SEPT_ADD, FAKE_TD_GPA_END | 1, tdr, &pa, SEAM_SUCCESS);
}

static void mrtd_is_as_computed_elsewhere(struct kunit *test)
{
	for (const struct mrtd_vector *vector = mrtd_vectors; vector->name; vector++) {
		struct fake_td *ftd = tdx_kunit_td(test);

		tdx_kunit_td_add(test, ftd, vector, 0, vector->nr_pages);
		KUNIT_EXPECT_FALSE_MSG(test, tdx_kunit_td_is(ftd, vector), "%s: too early",
				       vector->name);
		KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
		KUNIT_EXPECT_TRUE_MSG(test, tdx_kunit_td_is(ftd, vector), "%s", vector->name);
		tdx_kunit_td_destroy(test, ftd);
	}
}

/* The erratum: wrong if, and only if, the new module keeps running hashes elsewhere. */
static void update_during_a_build(struct kunit *test)
{
	const struct mrtd_vector *vector = &mrtd_vectors[MRTD_MAX_PAGES];
	struct fake_module module = tdx_kunit_module;

	for (int i = 0; i < 16; i++) {
		struct fake_td *ftd;

		module.hash_layout = i / 4;
		fake_module_revive(&module);
		ftd = tdx_kunit_td(test);
		tdx_kunit_td_add(test, ftd, vector, 0, 2);
		module.hash_layout = i % 4;
		tdx_kunit_update(test, 1, &module);
		tdx_kunit_td_add(test, ftd, vector, 2, vector->nr_pages);
		KUNIT_ASSERT_EQ(test, fake_td_finalize(ftd), 0);
		KUNIT_EXPECT_EQ_MSG(test, tdx_kunit_td_is(ftd, vector), i / 4 == i % 4,
				    "from layout %d to %d", i / 4, i % 4);
		tdx_kunit_td_destroy(test, ftd);
	}
}

static void finalize_needs_a_vcpu(struct kunit *test)
{
	struct fake_td *ftd = tdx_kunit_own_td(test, fake_td_create());

	EXPECT_CALL(test, MR_FINALIZE, tdx_kunit_tdr(ftd), 0, SEAM_NO_VCPUS);
}

static struct kunit_case fake_mem_cases[] = {
	KUNIT_CASE(page_is_removed_before_finalize),
	KUNIT_CASE(blocked_page_is_blocked_once_and_not_measured),
	KUNIT_CASE(page_of_a_finalized_td_is_blocked_and_tracked),
	KUNIT_CASE(tables_and_pages_come_at_any_time),
	KUNIT_CASE(mrtd_is_as_computed_elsewhere),
	KUNIT_CASE(update_during_a_build),
	KUNIT_CASE(finalize_needs_a_vcpu),
	{}
};

static struct kunit_suite fake_mem_suite = {
	.name = "fake_mem",
	.init = tdx_kunit_init,
	.test_cases = fake_mem_cases,
};

kunit_test_suite(fake_mem_suite);
