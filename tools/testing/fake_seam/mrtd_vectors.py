#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make mrtd_vectors.h of arch/x86/virt/vmx/tdx/tests, on standard output.

The measurements (MRTD) of some TDs, for the KUnit suite of the fake SEAM to compare with.
"""

from mrtd import PAGE, measure

# Name; pages by number in the order in which they are added; the numbers of those whose
# contents are not measured.
VECTORS = (
    ("nothing", (), ()),
    ("one page", (0,), ()),
    ("one page, contents not measured", (0,), (0,)),
    ("one page elsewhere", (1,), ()),
    ("the last page", (511,), ()),
    ("two pages", (0, 1), ()),
    ("two pages the other way round", (1, 0), ()),
    ("two pages, first not measured", (0, 1), (0,)),
    ("two pages, second not measured", (0, 1), (1,)),
    ("four pages", (0, 1, 2, 3), ()),
    ("eight pages here and there", (7, 300, 8, 9, 510, 0, 128, 64), (9, 64)),
)


def contents(number):
    """The 4 KB of a page; the same as tdx_kunit_page() makes"""
    return bytes(((number + 1) * 31 + (i // 256 + 1) * 7 + i) & 0xff for i in range(PAGE))


def main():
    """Print the header"""
    print("/* SPDX-License-Identifier: GPL-2.0 */")
    print("/* Generated in tools/testing/fake_seam. Do not edit. */")
    print("#define MAX_VECTOR_PAGES", max(len(pages) for _, pages, _ in VECTORS))
    print()
    print("static const struct mrtd_vector mrtd_vectors[] = {")
    for name, pages, unmeasured in VECTORS:
        mrtd = measure((page * PAGE, contents(page), page not in unmeasured)
                       for page in pages)
        print("\t{")
        print(f'\t\t.name = "{name}",')
        print(f"\t\t.nr_pages = {len(pages)},")
        flags = [f"{{ {page}, {int(page not in unmeasured)} }}" for page in pages]
        if flags:
            print("\t\t.pages = {")
            for i in range(0, len(flags), 6):
                print("\t\t\t" + ", ".join(flags[i:i + 6]) + ",")
            print("\t\t},")
        print("\t\t.mrtd =")
        print(f'\t\t\t"{mrtd}",')
        print("\t},")
    print("};")


if __name__ == "__main__":
    main()
