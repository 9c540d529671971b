#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make a TDX module image for the fake SEAM.

The image has the on-disk format that the kernel's tdx_module upload takes: a header page
(version 0x200), a page with a SEAM_SIGSTRUCT, and the module's pages. Only the fake SEAM
(Documentation/arch/x86/tdx-fake-seam.rst) accepts what is in it: the "module" is a
description of itself, and the sigstruct carries its hash and no signature.

With --set, header fields are overwritten, to make images that must be refused. The
checksum is made right after that, unless it is set itself.
"""

import argparse
import hashlib
import random
import struct
import sys

PAGE = 4096

# Offset and struct code of the header's fields (struct tdx_image_header)
HEADER = {
    "version": (0, "<H"),
    "checksum": (2, "<H"),
    "signature": (4, "<Q"),
    "sigstruct_nr_pages": (12, "<I"),
    "module_nr_pages": (16, "<I"),
    "reserved_first": (20, "<B"),
    "reserved_last": (PAGE - 1, "<B"),
}


def number(text):
    """An integer in any of Python's notations"""
    return int(text, 0)


def version(text):
    """MAJOR.MINOR.UPDATE as three integers"""
    parts = tuple(int(part, 10) for part in text.split("."))
    if len(parts) != 3 or not all(0 <= part < 65536 for part in parts):
        raise ValueError
    return parts


def setting(text):
    """FIELD=VALUE for one of the header's fields"""
    field, value = text.split("=")
    if field not in HEADER:
        raise ValueError
    return field, number(value)


def module_pages(args):
    """The module: what it is, then something to hash"""
    page = struct.pack("<8s4HQ", b"FAKE-TDX", *args.version, args.hash_layout,
                       args.features0)
    filler = random.Random(repr(args.version)).randbytes(args.pages * PAGE - len(page))
    return page + filler


def sigstruct_page(args, module):
    """SEAM_SIGSTRUCT: 2 KB, in a page of its own"""
    page = bytearray(PAGE)
    page[900:948] = hashlib.sha384(module).digest()
    struct.pack_into("<HH", page, 984, args.module_hv, args.min_update_hv)
    return page


def checksum(image):
    """What makes the sum of all 16-bit words 0"""
    words = struct.unpack(f"<{len(image) // 2}H", image[:len(image) & ~1])
    return -sum(words) & 0xffff


def main():
    """Write one image"""
    parser = argparse.ArgumentParser(
        description="Make a TDX module image for the fake SEAM.")
    parser.add_argument("--version", type=version, default=(1, 5, 7), metavar="X.Y.ZZ",
                        help="version of the module (default 1.5.07)")
    parser.add_argument("--features0", type=number, default=1 << 1 | 1 << 18 | 1 << 20 | 1 << 47,
                        help="TDX_FEATURES0 (default: bits 1, 18, 20 and 47)")
    parser.add_argument("--module-hv", type=number, default=1,
                        help="highest handoff version (default 1)")
    parser.add_argument("--min-update-hv", type=number, default=0,
                        help="lowest handoff version (default 0)")
    parser.add_argument("--hash-layout", type=number, default=0, choices=range(4),
                        help="how the module keeps running hashes (default 0)")
    parser.add_argument("--pages", type=number, default=2,
                        help="number of module pages (default 2)")
    parser.add_argument("--set", type=setting, action="append", default=[],
                        metavar="FIELD=VALUE",
                        help="overwrite a header field: " + ", ".join(HEADER))
    parser.add_argument("--size", type=number,
                        help="cut or extend the file to this many bytes")
    parser.add_argument("output", help="file to write")
    args = parser.parse_args()

    module = module_pages(args)
    image = bytearray(PAGE) + sigstruct_page(args, module) + module
    fields = {"version": 0x200, "signature": int.from_bytes(b"TDX-BLOB", "little"),
              "sigstruct_nr_pages": 1, "module_nr_pages": args.pages}
    fields.update(args.set)
    if args.size is not None:
        image = image[:args.size].ljust(args.size, b"\0")
    for field, value in fields.items():
        offset, code = HEADER[field]
        if offset + struct.calcsize(code) <= len(image):
            struct.pack_into(code, image, offset, value)
    if "checksum" not in fields and len(image) >= 4:
        struct.pack_into("<H", image, 2, checksum(image))

    try:
        with open(args.output, "wb") as output:
            output.write(image)
    except OSError as err:
        sys.exit(f"{parser.prog}: {args.output}: {err.strerror}")


if __name__ == "__main__":
    main()
