# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The first commit only moves definitions: the same instructions in every object that it can reach.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check

# disassembly NAME COMMIT: a file for each object that is not the same in each build.
disassembly() {
	"$top/scripts/build/kernel" "$1" "$2" host guest tests
	mkdir "$tmp/$1"
	(cd "$out/obj-$1" && find arch/x86 drivers/virt/coco -name '*.o' ! -name 'built-in.*' ! -name 'vmlinux*' \
		! -name piggy.o ! -path '*/tools/*' ! -path '*/tests/*' -printf '%P\t%p\n' | while read -r name o; do
			objdump -dr --no-show-raw-insn "$o" | sed 1,3d >"$tmp/$1/${name//\//__}"
		done)
}

moves_only() {
	disassembly base base
	disassembly first "$(commits | head -n 1)"
	for f in kernel__process kvm__vmx__tdx virt__vmx__tdx__seamcall coco__tdx__tdx boot__compressed__tdx; do
		[ -s "$tmp/base/$f.o" ]
	done
	diff -rq "$tmp/base" "$tmp/first"
	find "$tmp/base" -type f | wc -l
}

# The whole series does change code.
changes() {
	disassembly base base
	disassembly patched series
	fails diff -rq "$tmp/base" "$tmp/patched" | grep virt__vmx__tdx__tdx
}

check "the first commit changes no instruction" moves_only
rm -rf "${tmp:?}"/*
check "planted: a change of code is found" changes
