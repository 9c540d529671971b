#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compute the measurement (MRTD) of a TD from its initial memory.

The TDX module keeps one running SHA-384 over the build of a TD:

- TDH.MEM.PAGE.ADD adds a block of 128 bytes: the ASCII name "MEM.PAGE.ADD" at byte 0, the
  page's GPA as a little-endian 64-bit number at byte 16, zeros elsewhere.
- TDH.MR.EXTEND adds a block with "MR.EXTEND" and the GPA of a chunk of 256 bytes, and then
  the chunk. Each page has 16 of them.

(TDX Module Base Architecture Specification, "Measurement and Attestation")

This program shares no code with the kernel: it is what the kernel's tests compare with.
"""

import argparse
import hashlib
import struct
import sys

PAGE = 4096
CHUNK = 256


def block(name, gpa):
    """The 128 bytes that stand for one operation on one GPA"""
    return struct.pack("<16sQ104x", name, gpa)


def region(text):
    """GPA:FILE as a number and the file's contents"""
    gpa, name = text.split(":", 1)
    gpa = int(gpa, 0)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError as err:
        sys.exit(f"mrtd.py: {name}: {err.strerror}")
    if gpa % PAGE or len(data) % PAGE or not data:
        sys.exit(f"mrtd.py: {text}: GPA and file size must be multiples of {PAGE}")
    return gpa, data


def measure(pages):
    """The MRTD, a hex string, of a list of (GPA, contents, are the contents measured)"""
    mrtd = hashlib.sha384()
    for gpa, data, measured in pages:
        mrtd.update(block(b"MEM.PAGE.ADD", gpa))
        for chunk in range(0, PAGE if measured else 0, CHUNK):
            mrtd.update(block(b"MR.EXTEND", gpa + chunk))
            mrtd.update(data[chunk:chunk + CHUNK])
    return mrtd.hexdigest()


def main():
    """Print the MRTD of the given pages, in the order given"""
    parser = argparse.ArgumentParser(description="Compute the MRTD of a TD.")
    parser.add_argument("region", type=region, nargs="*", metavar="GPA:FILE",
                        help="initial memory, page by page in this order, all measured")
    args = parser.parse_args()

    print(measure((start + page, data[page:page + PAGE], True)
                  for start, data in args.region
                  for page in range(0, len(data), PAGE)))


if __name__ == "__main__":
    main()
