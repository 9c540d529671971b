# SPDX-License-Identifier: GPL-2.0
# The kernel's own programs that read documentation have no new complaint: kernel-doc about the comments in what the
# series touches, the parser of ABI descriptions, and Sphinx about the x86 manual as HTML.

# Trees that have no more than these read.
for commit in base series; do
	files $commit "$tmp/$commit" Documentation ':!Documentation/devicetree' ':!Documentation/translations' MAINTAINERS \
		tools/docs tools/lib/python tools/net/ynl arch/x86 drivers/platform/x86 drivers/virt/coco \
		drivers/base/firmware_loader
done

kernel_doc() { touched 'arch/*.[ch]' 'drivers/*.[ch]' | xargs tools/docs/kernel-doc -none -Wall 2>&1 || true; }
abi() { python3 tools/docs/get_abi.py validate 2>&1; }

html() {
	rm -rf "$tmp/html"
	srctree=$PWD tools/docs/sphinx-build-wrapper htmldocs --sphinxdirs=arch/x86 --builddir="$tmp/html" 2>&1 |
		tee -a "$full" | grep -E 'WARNING|ERROR|CRITICAL|SEVERE' || [ "${PIPESTATUS[*]}" = "0 0 1" ]
	[ -s "$tmp/html/arch/x86/tdx.html" ]
}

# said PROGRAM COMMIT: what it says there.
said() {
	cd "$tmp/$2"
	$1 | sed -E "s|$PWD/||g; s/:[0-9]+( |:|;|$)/:N\1/g" | sort
}

nothing_new() {
	said "$1" base >"$tmp/said"
	said "$1" series | comm -13 "$tmp/said" - >"$tmp/new"
	absent . "$tmp/new"
}

# found PROGRAM FILE EXPRESSION TEXT: the fault that sed makes.
found() {
	sed -i "$3" "$tmp/series/$2"
	said "$1" series | grep "$4"
}

check "kernel-doc has no new complaint" nothing_new kernel_doc
check "the ABI descriptions have none" nothing_new abi
check "the manual has none" nothing_new html
check "planted: a parameter that is not described is found" found kernel_doc drivers/virt/coco/tdx-host/tdx-host.c \
	'$a /**\n * planted() - nothing\n */\nint planted(int status);' "'status' not described in 'planted'"
check "planted: an entry that is there twice is found" found abi Documentation/ABI/testing/sysfs-class-firmware \
	'$a \\nWhat:\t\t/sys/class/firmware/tdx_module/error\nContact:\tnobody\nDescription:\tOnce more.' \
	'tdx_module/error is defined 2 times'
check "planted: a line that is too short below a title is found" found html Documentation/arch/x86/tdx.rst \
	'$a \\nA title whose line is too short\n------' 'tdx.rst.*Title underline too short'
