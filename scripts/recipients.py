#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write the recipients of mails from git format-patch into their headers.

recipients.py DIR

Asks scripts/get_maintainer.pl of the kernel tree that is the current folder about each
patch in DIR: maintainers become To:, lists and reviewers Cc:.  The cover letter goes to
everybody who gets a patch, and so does a patch that nobody maintains.
"""

import concurrent.futures
import email.utils
import os
import pathlib
import re
import subprocess
import sys


def recipients(patch):
    """The addresses of a patch: those who maintain it, and the others."""
    output = subprocess.run(
        ["scripts/get_maintainer.pl", "--no-git", "--no-git-fallback", "--no-rolestats",
         "--roles", patch],
        check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    to, cc = {}, {}
    for line in output.splitlines():
        who, role = re.fullmatch(r"(.*<[^>]*>|\S+) \((.*)\)", line).groups()
        name, address = email.utils.parseaddr(who)
        kind = role.split(":")[0]
        others = kind == "reviewer" or kind.endswith("list")
        # Names that are not ASCII get quoted as RFC 2047 wants it.
        (cc if others else to)[address.lower()] = email.utils.formataddr((name, address))
    return to, cc


def write(mail, to, cc):
    """Add the headers to a mail, below those that it has."""
    head, body = mail.read_bytes().split(b"\n\n", 1)
    cc = [cc[a] for a in cc if a not in to]
    lines = ["To: " + ",\n    ".join(to.values())]
    if cc:
        lines.append("Cc: " + ",\n    ".join(cc))
    mail.write_bytes(head + b"\n" + "\n".join(lines).encode("ascii") + b"\n\n" + body)


def main():
    cover, *patches = sorted(pathlib.Path(sys.argv[1]).resolve().glob("*.patch"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(recipients, patches))
    all_to = {a: n for to, _ in found for a, n in to.items()}
    all_cc = {a: n for _, cc in found for a, n in cc.items()}
    if not all_to:
        sys.exit("recipients.py: get_maintainer.pl names nobody")
    write(cover, all_to, all_cc)
    for patch, (to, cc) in zip(patches, found):
        write(patch, to or all_to, cc if to else all_cc)


main()
