# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The first commit only moves definitions: the same instructions in every object that includes its headers.

needs check
unchanging
first=$(commits | head -n 1)
headers=$(kgit diff --name-only base "$first" | xargs | tr ' ' '|')

# disassembly NAME: a file for each object that includes one of these.
disassembly() {
	local o
	mkdir "$tmp/$1"
	cd "$out/obj-$1"
	find arch/x86 drivers/virt/coco -name '.*.o.cmd' ! -path '*/tests/*' -exec grep -lE "/($headers)( |\$)" {} + |
		sed -E 's|/\.([^/]*)\.cmd$|/\1|' | while read -r o; do
			objdump -dr --no-show-raw-insn "$o" | sed 1,3d >"$tmp/$1/${o//\//__}"
		done
}

moves_only() {
	"$top/scripts/build/kernel" -t "vmlinux_a arch/x86/boot/compressed/tdx.o" base base host guest tests
	"$top/scripts/build/kernel" -t "vmlinux_a arch/x86/boot/compressed/tdx.o" first "$first" host guest tests
	disassembly base
	disassembly first
	for f in kernel__process kvm__vmx__tdx virt__vmx__tdx__seamcall coco__tdx__tdx boot__compressed__tdx; do
		[ -s "$tmp/base/arch__x86__$f.o" ]
	done
	diff -rq "$tmp/base" "$tmp/first"
	find "$tmp/base" -type f | wc -l
}

# The whole series does change code.
changes() {
	"$top/scripts/build/kernel" patched
	disassembly patched
	fails cmp "$tmp"/{base,patched}/arch__x86__virt__vmx__tdx__tdx.o
}

check "the first commit changes no instruction" moves_only
check "planted: a change of code is found" changes
