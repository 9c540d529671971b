#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print how much of the production code was executed.

coverage.py TREE GCOV-JSON DIFF

A row for each function that DIFF, the series without context, adds or changes in TREE, and
one for each whole file of WHOLE_FILES; then what was not executed, line by line. Fails if
EXCUSED has no reason for it, or if less than 95 % of a whole file's lines were executed.
"""

import json
import re
import sys

WHOLE_FILES = ("arch/x86/virt/vmx/tdx/seamldr.c", "drivers/virt/coco/tdx-host/tdx-host.c")
WHOLE_FILE_LIMIT = 95

# What the suites do not reach, and why. All of it is there without the series: a line that
# the series adds or changes has no place here.
EXCUSED = {
    ("arch/x86/virt/vmx/tdx/tdx.c", "for_each_online_cpu(i) {"):
        "a bit that is found in a mask is never beyond its end",
    ("arch/x86/virt/vmx/tdx/tdx.c", "for_each_possible_cpu(cpu)"):
        "a bit that is found in a mask is never beyond its end",
    ("drivers/base/firmware_loader/sysfs_upload.c", "if (fwlp->progress != FW_UPLOAD_PROG_IDLE) {"):
        "the caller ignores an upload that starts while another one runs",
    ("drivers/base/firmware_loader/sysfs_upload.c", "mutex_unlock(&fwlp->lock);"):
        "the same",
    ("drivers/base/firmware_loader/sysfs_upload.c", "return -EBUSY;"):
        "the same",
    ("arch/x86/virt/vmx/tdx/seamldr.c", "args.rcx = __pa(params);"):
        "__pa() of an address in the kernel's own image; this one is allocated",
    ("arch/x86/virt/vmx/tdx/seamldr.c", "preempt_enable();"):
        "another task is to run just then",
    ("drivers/virt/coco/tdx-host/tdx-host.c", "if (!sysinfo)"):
        "supports_runtime_update() is called from tdx_host_init(), which has checked it",
    ("drivers/virt/coco/tdx-host/tdx-host.c",
     "if (!x86_match_cpu(tdx_host_ids) || !tdx_get_sysinfo())"):
        "no boot here has a TDX CPU and no TDX module when the driver starts",
    ("drivers/virt/coco/tdx-host/tdx-host.c", "static void seamldr_deinit(void *tdx_fwl)"):
        "the upload interface holds a reference to the driver, which cannot be unloaded then",
    ("drivers/virt/coco/tdx-host/tdx-host.c", "firmware_upload_unregister(tdx_fwl);"):
        "the same",
    ("drivers/virt/coco/tdx-host/tdx-host.c", "}"):
        "the same",
}


def changed_lines(diff):
    """{file: set of line numbers that the diff adds or changes}"""
    changed = {}
    name = None
    for line in diff.splitlines():
        if line.startswith("+++ "):
            name = line[6:]
        match = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        if match:
            start, count = int(match[1]), int(match[2] or 1)
            # A pure removal changes the line before it.
            changed.setdefault(name, set()).update(range(start, start + max(count, 1)))
    return changed


def executed(gcov, tree):
    """{file: {line: [count, [branch counts]]}}, over all objects, and {file: functions}"""
    result, functions = {}, {}
    for document in gcov.splitlines():
        for file in json.loads(document)["files"]:
            name = file["file"].removeprefix(tree + "/")
            lines = result.setdefault(name, {})
            functions.setdefault(name, {}).update(
                {f["name"]: (f["start_line"], f["end_line"]) for f in file["functions"]})
            for line in file["lines"]:
                entry = lines.setdefault(line["line_number"], [0, []])
                branches = [b["count"] for b in line["branches"] if not b["throw"]]
                if len(branches) == len(entry[1]):
                    entry[1] = [a + b for a, b in zip(entry[1], branches)]
                elif entry[1] and branches:
                    # Inlined in different ways: of each object's copy, the best one counts.
                    entry[1] = max(entry[1], branches,
                                   key=lambda counts: sum(map(bool, counts)) / len(counts))
                else:
                    entry[1] = entry[1] or branches
                entry[0] += line["count"]
    return result, functions


class Row:
    """Counts for one row of the table"""

    def __init__(self, title, lines):
        self.title = title
        self.lines = len(lines)
        self.lines_hit = sum(1 for count, _ in lines.values() if count)
        self.branches = sum(len(branches) for _, branches in lines.values())
        self.branches_hit = sum(1 for _, branches in lines.values() for b in branches if b)
        self.missing = [number for number, (count, branches) in sorted(lines.items())
                        if not count or not all(branches)]

    def full(self):
        """Is nothing missing?"""
        return self.lines == self.lines_hit and self.branches == self.branches_hit

    def percent(self):
        """Share of the lines that were executed"""
        return 100 * self.lines_hit / self.lines if self.lines else 0

    def show(self):
        """One line of the table"""
        print(f"{self.title:62} {self.lines_hit:4}/{self.lines:<4} {self.percent():5.1f} %  "
              f"{self.branches_hit:4}/{self.branches:<4}")


def main():
    """Print the table"""
    tree, gcov_name, diff_name = sys.argv[1:]
    with open(gcov_name, encoding="utf-8") as file:
        run, functions = executed(file.read(), tree)
    with open(diff_name, encoding="utf-8") as file:
        changed = changed_lines(file.read())

    rows = []
    sources = {}
    for name in sorted(set(changed) | set(WHOLE_FILES)):
        with open(f"{tree}/{name}", encoding="utf-8") as file:
            sources[name] = file.read().splitlines()
        lines = run.get(name, {})
        for function, (first, last) in functions.get(name, {}).items():
            if changed.get(name, set()) & set(range(first, last + 1)):
                inside = {n: lines[n] for n in range(first, last + 1) if n in lines}
                rows.append((name, Row(f"{name.rsplit('/', 1)[1]}: {function}()", inside), 100))
        if name in WHOLE_FILES:
            rows.append((name, Row(f"{name}, all of it", lines), WHOLE_FILE_LIMIT))

    print(f"{'':62} {'lines':>9} {'':8} {'branches':>9}")
    good = len(rows) > len(WHOLE_FILES)
    for name, row, limit in rows:
        row.show()
        if limit != 100 and row.percent() < limit:
            print(f"  <- less than {limit} % of the lines")
            good = False
    print()
    seen = set()
    # Functions come before the files that they are in.
    for name, row, limit in sorted(rows, key=lambda row: row[2] != 100):
        for number in row.missing:
            if (name, number) in seen:
                continue
            seen.add((name, number))
            count, branches = run[name][number]
            what = f"{branches.count(0)} of {len(branches)} branches" if count else "line"
            text = sources[name][number - 1].strip()
            print(f"not executed: {name}:{number}: {what}: {text}")
            if (name, text) in EXCUSED and number not in changed.get(name, ()):
                print(f"\t{EXCUSED[name, text]}")
            else:
                print("\t<- nobody has said why")
                good = False
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
