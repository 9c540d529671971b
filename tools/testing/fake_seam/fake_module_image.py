#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make a TDX module image for the fake SEAM.

The image has the on-disk format that the kernel's tdx_module upload takes: a header page
(version 0x200), a page with a SEAM_SIGSTRUCT, and the module's pages. Only the fake SEAM
(Documentation/arch/x86/tdx-fake-seam.rst) can run what is in it: the "module" is a
description of itself, and nobody has the key to sign it.

The default is an image that the P-SEAMLDR takes. Each thing that it checks can be made wrong:

  --svn 1.10         older than the module that runs: EBADSIG
  --svn 3.5          of another line of modules: EUNSUPPORTED
  --debug            for platforms that are unlocked for debugging: EBADSIG
  --cpus none        a production module without a list of CPUs: EBADSIG
  --cpus 0xc06f0     for CPUs that are not here: EUNSUPCPU
  --sig OFFSET=BYTE  any other byte of the sigstruct, such as 0=7, its type: EBADSIG
  --module-hv 9 --min-update-hv 9
                     does not read the handoff data: EBADHANDOFF
  --bad-hash         other module pages than those that were signed: EBADHASH, and no module

With --set, header fields are overwritten, to make images that the kernel must refuse. The
checksum is made right after that, unless it is set itself.
"""

import argparse
import hashlib
import random
import struct
import sys

PAGE = 4096

# TDX_FEATURES0: TD preserving, no RBP modification, topology enumeration; UPDATE_COMPAT
FEATURES0 = 1 << 1 | 1 << 18 | 1 << 20
UPDATE_COMPAT = 1 << 47

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

# CPUID leaf 1 EAX of the CPUs that the tests run on: QEMU's "max" without KVM, Bochs' Skylake X
EMULATED_CPUS = (0x60fb1, 0x50654)


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
    major, minor = (int(part, 10) for part in text.split("."))
    if not 0 <= major < 256 or not 0 <= minor < 256:
        raise ValueError
    return major, minor


def this_cpu():
    """CPUID leaf 1 EAX of the machine that makes the image, as its kernel tells it"""
    fields = {}
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            for line in info:
                name, _, value = line.partition(":")
                fields.setdefault(name.strip(), value.strip())
        family, model, stepping = (int(fields[name])
                                   for name in ("cpu family", "model", "stepping"))
    except (OSError, KeyError, ValueError):
        return ()
    base = min(family, 15)
    return (family - base << 20 | model >> 4 << 16 | base << 8 | (model & 15) << 4 | stepping,)


def cpus(text):
    """A list of CPUID leaf 1 EAX, "none" of them, or those on which tests run"""
    if text in ("", "none"):
        return ()
    if text == "tests":
        return EMULATED_CPUS + this_cpu()
    return tuple(number(part) for part in text.split(","))


def setting(text):
    """FIELD=VALUE for one of the header's fields"""
    field, value = text.split("=")
    if field not in HEADER:
        raise ValueError
    return field, number(value)


def sig_byte(text):
    """OFFSET=BYTE in the sigstruct"""
    offset, value = (number(part) for part in text.split("="))
    if not 0 <= offset < 2048 or not 0 <= value < 256:
        raise ValueError
    return offset, value


def module_pages(args):
    """The module: what it is, then something to hash"""
    page = struct.pack("<8s4HQ", b"FAKE-TDX", *args.version, args.hash_layout,
                       args.features0)
    filler = random.Random(repr(args.version)).randbytes(args.pages * PAGE - len(page))
    return page + filler


def sigstruct_page(args, module):
    """SEAM_SIGSTRUCT: 2 KB, in a page of its own"""
    page = bytearray(PAGE)
    # Type, length and version of the header, type of the module, vendor, date; sizes of all of
    # it, of the key, the modulus and the exponent, in 32-bit words
    struct.pack_into("<10I", page, 0, 6, 0xe1, 0x10000, args.debug << 31, 0x8086, 0x20260101,
                     0x200, 0x60, 0x60, 1)
    struct.pack_into("<I", page, 512, 0x10001)
    page[900:948] = hashlib.sha384(module).digest()
    page[948:950] = args.svn[1], args.svn[0]
    struct.pack_into("<HHB", page, 984, args.module_hv, args.min_update_hv, args.no_downgrade)
    # Images of 1.5 do not say their version, those of 2.0 do.
    told = args.sig_version or (args.version if args.version[0] >= 2 else (0, 0, 0))
    struct.pack_into("<HBB", page, 1000, told[2], told[1] & 0xff, told[0] & 0xff)
    struct.pack_into(f"<I{len(args.cpus)}I", page, 1024, len(args.cpus), *args.cpus)
    for offset, value in args.sig:
        page[offset] = value
    return page


def checksum(image):
    """What makes the sum of all 16-bit words 0"""
    words = struct.unpack(f"<{len(image) // 2}H", image[:len(image) & ~1])
    return -sum(words) & 0xffff


def parse():
    """The command line"""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=version, default=(1, 5, 7), metavar="X.Y.ZZ",
                        help="version of the module (default 1.5.07)")
    parser.add_argument("--features0", type=number, default=FEATURES0 | UPDATE_COMPAT,
                        help="TDX_FEATURES0 (default: bits 1, 18, 20 and 47)")
    parser.add_argument("--module-hv", type=number,
                        help="highest handoff version (default 1, without bit 47: 0)")
    parser.add_argument("--min-update-hv", type=number, default=0,
                        help="lowest handoff version (default 0)")
    parser.add_argument("--no-downgrade", action="store_true", default=None,
                        help="shut down with the highest handoff version only (default with "
                        "bit 47)")
    parser.add_argument("--downgrade", action="store_false", dest="no_downgrade",
                        help="the opposite")
    parser.add_argument("--svn", type=svn, metavar="MAJOR.MINOR",
                        help="security version (default 1.11, that of the module at boot; 3.5 "
                        "from version 2.0 on)")
    parser.add_argument("--sig-version", type=version, metavar="X.Y.ZZ",
                        help="version in the sigstruct (default: --version from 2.0 on, or 0)")
    parser.add_argument("--debug", action="store_true", help="debug module")
    parser.add_argument("--cpus", type=cpus, default="tests", metavar="EAX,...",
                        help='CPUs by CPUID leaf 1 EAX; "none"; or "tests" (default): this '
                        "machine's, QEMU's and Bochs'")
    parser.add_argument("--sig", type=sig_byte, action="append", default=[],
                        metavar="OFFSET=BYTE", help="overwrite a byte of the sigstruct")
    parser.add_argument("--bad-hash", action="store_true",
                        help="change the module after its hash was computed")
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

    counts = bool(args.features0 & UPDATE_COMPAT)
    if args.module_hv is None:
        args.module_hv = int(counts)
    if args.no_downgrade is None:
        args.no_downgrade = counts
    if args.svn is None:
        args.svn = (3, 5) if args.version[0] >= 2 else (1, 11)
    return args


def main():
    """Write one image"""
    args = parse()
    module = module_pages(args)
    sigstruct = sigstruct_page(args, module)
    if args.bad_hash:
        module = module[:-1] + bytes((module[-1] ^ 1,))
    image = bytearray(PAGE) + sigstruct + module
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
        sys.exit(f"{sys.argv[0]}: {args.output}: {err.strerror}")


if __name__ == "__main__":
    main()
