#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make mrtd_vectors.h of arch/x86/virt/vmx/tdx/tests, on standard output.

The measurements (MRTD) of some TDs, for the KUnit suite of the fake SEAM to compare with.
"""

from mrtd import PAGE, measure

# Name; pages by number in the order in which they are added; the numbers of those whose
# contents are not measured. The first ones are counted: 0 to 4 pages.
VECTORS = (
    ("nothing", (), ()),
    ("one page", (0,), ()),
    ("two pages", (0, 1), ()),
    ("three pages", (0, 1, 2), ()),
    ("four pages", (0, 1, 2, 3), ()),
    ("two pages, first not measured", (0, 1), (0,)),
    ("far apart", (7, 300, 9, 511, 0, 64), (9, 64)),
)


def contents(number):
    """The 4 KB of a page; the same as tdx_kunit_page() makes"""
    return bytes(((number + 1) * 31 + (i // 256 + 1) * 7 + i) & 0xff for i in range(PAGE))


def main():
    """Print the header"""
    print("/* SPDX-License-Identifier: GPL-2.0 */")
    print("/* Generated in tools/testing/fake_seam. Do not edit. */")
    print("const struct mrtd_vector mrtd_vectors[] = {")
    for name, pages, unmeasured in VECTORS:
        mrtd = measure((page * PAGE, contents(page), page not in unmeasured)
                       for page in pages)
        flags = "".join(f"{{ {page}, {int(page not in unmeasured)} }}, " for page in pages)
        print(f'\t{{ "{name}", {len(pages)}, {{ {flags.rstrip(", ")} }},'.replace("  ", " "))
        print(f'\t  "{mrtd}",')
        print("\t},")
    print("\t{}")
    print("};")


if __name__ == "__main__":
    main()
