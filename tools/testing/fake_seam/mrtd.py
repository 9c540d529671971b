#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compute the measurement (MRTD) of a TD from its initial memory.

The TDX module keeps one running SHA-384 over the build of a TD:

- TDH.MEM.PAGE.ADD adds a block of 128 bytes: the ASCII name "MEM.PAGE.ADD" at byte 0, the
  page's GPA as a little-endian 64-bit number at byte 16, zeros elsewhere.
- TDH.MR.EXTEND adds a block with "MR.EXTEND" and the GPA of a chunk of 256 bytes, and then
  the chunk. Each page has 16 of them.

(TDX Module Base Architecture Specification, "Measurement and Attestation")

The memory is given on the command line, or it is what a VMM adds for a firmware image with TDX
metadata: its sections in their order, page by page. (TDX Virtual Firmware Design Guide,
"TDVF Metadata")

This program shares no code with the kernel: it is what the kernel's tests compare with.
"""

import argparse
import hashlib
import struct
import sys
import uuid

PAGE = 4096
CHUNK = 256

# The table at the end of OVMF, each entry before its length and GUID; and what it says of TDX
TABLE_END = 32
TABLE_GUID = uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d").bytes_le
TDX_GUID = uuid.UUID("e47a6535-984a-4798-865e-4685a7bf8ec2").bytes_le
ENTRY = struct.Struct("<H16s")
HEADER = struct.Struct("<4sIII")
SECTION = struct.Struct("<IIQQII")
MR_EXTEND = 1 << 0  # attributes of a section
PAGE_AUG = 1 << 1


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


def sections(image):
    """What of a firmware image is in a TD's initial memory: (GPA, contents, attributes)"""
    end = len(image) - TABLE_END
    length, guid = ENTRY.unpack_from(image, end - ENTRY.size)
    if guid != TABLE_GUID:
        raise ValueError("it has no table of GUIDs")
    first, end = end - length, end - ENTRY.size
    while end > first:
        length, guid = ENTRY.unpack_from(image, end - ENTRY.size)
        if guid == TDX_GUID:
            break
        end -= length
    else:
        raise ValueError("it has no TDX metadata")

    at = len(image) - struct.unpack_from("<I", image, end - length)[0]
    signature, _, version, number = HEADER.unpack_from(image, at)
    if signature != b"TDVF" or version != 1:
        raise ValueError("its TDX metadata is of another version")
    for i in range(number):
        offset, size, gpa, memory, _, attributes = \
            SECTION.unpack_from(image, at + HEADER.size + i * SECTION.size)
        if not attributes & PAGE_AUG:
            yield gpa, image[offset:offset + size].ljust(memory, b"\0"), attributes


def firmware(name):
    """The pages of a firmware image, for measure()"""
    try:
        with open(name, "rb") as file:
            return [(gpa + page, data[page:page + PAGE], bool(attributes & MR_EXTEND))
                    for gpa, data, attributes in sections(file.read())
                    for page in range(0, len(data), PAGE)]
    except (OSError, ValueError, struct.error) as err:
        sys.exit(f"mrtd.py: {name}: {err}")


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
    parser.add_argument("--firmware", type=firmware, metavar="FILE",
                        help="a firmware image; its number of pages and chunks is shown as well")
    args = parser.parse_args()

    if args.firmware:
        chunks = sum(measured for _, _, measured in args.firmware) * (PAGE // CHUNK)
        print(measure(args.firmware), len(args.firmware), chunks)
        return
    print(measure((start + page, data[page:page + PAGE], True)
                  for start, data in args.region
                  for page in range(0, len(data), PAGE)))


if __name__ == "__main__":
    main()
