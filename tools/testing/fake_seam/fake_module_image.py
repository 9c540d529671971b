#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make a TDX module image for the fake SEAM.

The image has the on-disk format that the kernel's tdx_module upload takes: a header page
(version 0x200), a page with a SEAM_SIGSTRUCT, and the module's pages. Only the fake SEAM
(Documentation/arch/x86/tdx-fake-seam.rst) accepts what is in it: the "module" is a
description of itself, and the sigstruct is signed with a key that is no secret.

With --set, header fields are overwritten, to make images that must be refused. The
checksum is made right after that, unless it is set itself.
"""

import argparse
import hashlib
import random
import struct
import sys

PAGE = 4096

# CPUID leaf 1 EAX, without the stepping: QEMU's CPU max and Bochs' corei7_skylake_x, and those
# that have TDX (Sapphire Rapids, Emerald Rapids, Granite Rapids)
CPUS = (0x60fb0, 0x660, 0x50650, 0x806f0, 0xc06f0, 0xa06d0)

# What is the same in the sigstructs of all modules: offset and value of 32-bit fields
SIGSTRUCT = {0: 6, 4: 0xe1, 8: 0x10000, 16: 0x8086, 20: 0x20260101, 24: 0x200, 28: 0x60,
             32: 0x60, 36: 1, 512: 0x10001}

# What RSASSA-PKCS1-v1_5 has before a SHA-384 (RFC 8017, 9.2)
DIGEST_INFO = bytes.fromhex("3041300d060960864801650304020205000430")

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


def svn(text):
    """MAJOR.MINOR as two integers"""
    parts = tuple(int(part, 10) for part in text.split("."))
    if len(parts) != 2 or not all(0 <= part < 256 for part in parts):
        raise ValueError
    return parts


def cpus(text):
    """A list of CPUs, which can be empty"""
    return [number(part) for part in text.split(",") if part]


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


def this_cpu():
    """The CPU of this machine, for which images are made as well"""
    values = {}
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        for line in cpuinfo:
            key, _, value = line.partition(":")
            values.setdefault(key.strip(), value.strip())
    family, model = int(values["cpu family"]), int(values["model"])
    return (max(family - 15, 0) << 20 | model >> 4 << 16 | min(family, 15) << 8 |
            (model & 15) << 4)


def sign(page):
    """Sign a sigstruct, all but key and signature, as the P-SEAMLDR wants it: RSA-3072"""
    p, q = (int.from_bytes(hashlib.shake_256(seed).digest(192), "little") | 3 << 1534 | 1
            for seed in (b"fake SEAM p", b"fake SEAM q"))
    # The next primes
    p, q = p + 924, q + 406
    digest = hashlib.sha384(page[:128] + page[900:2048]).digest()
    message = b"\0\1" + b"\xff" * 314 + b"\0" + DIGEST_INFO + digest
    power = pow(65537, -1, (p - 1) * (q - 1))
    page[128:512] = (p * q).to_bytes(384, "little")
    page[516:900] = pow(int.from_bytes(message, "big"), power, p * q).to_bytes(384, "little")


def sigstruct_page(args, module):
    """SEAM_SIGSTRUCT: 2 KB, in a page of its own"""
    page = bytearray(PAGE)
    for offset, value in SIGSTRUCT.items():
        struct.pack_into("<I", page, offset, value)
    if args.debug:
        page[15] = 0x80
    page[900:948] = hashlib.sha384(module).digest()
    page[948:950] = args.svn[1], args.svn[0]
    struct.pack_into("<HH", page, 984, args.module_hv, args.min_update_hv)
    page[988] = args.no_downgrade
    # Only modules from 2.0 on say which version they are.
    if args.version[0] >= 2:
        struct.pack_into("<HBB", page, 1000, args.version[2], args.version[1], args.version[0])
    struct.pack_into(f"<{len(args.cpus) + 1}I", page, 1024, len(args.cpus), *args.cpus)
    sign(page)
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
    parser.add_argument("--svn", type=svn, metavar="MAJOR.MINOR",
                        help="security version (default 3.5 from version 2.0 on, else 1.11)")
    parser.add_argument("--debug", action="store_true", help="a debug module")
    parser.add_argument("--no-downgrade", action="store_true",
                        help="no module with lower handoff versions afterwards")
    parser.add_argument("--cpus", type=cpus, default=[*CPUS, this_cpu()], metavar="EAX,...",
                        help="CPUID leaf 1 EAX of the CPUs it is for (default: some, and this)")
    parser.add_argument("--set", type=setting, action="append", default=[],
                        metavar="FIELD=VALUE",
                        help="overwrite a header field: " + ", ".join(HEADER))
    parser.add_argument("--size", type=number,
                        help="cut or extend the file to this many bytes")
    parser.add_argument("output", help="file to write")
    args = parser.parse_args()
    if args.svn is None:
        args.svn = (3, 5) if args.version[0] >= 2 else (1, 11)

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
