# SPDX-License-Identifier: GPL-2.0
# The first commit only moves definitions: the same instructions in every object that is made of what the series touches.

# disassembly KERNEL: a file for each of these objects.
disassembly() {
	local o
	mkdir "$tmp/$1"
	for o in $(touched_objects | grep -v /tests/); do
		objdump -dr --no-show-raw-insn "$out/obj-$1/$o" | sed 1,3d >"$tmp/$1/${o//\//__}"
	done
}

moves_only() {
	local f
	touched_of base base
	touched_of first "$(commits | head -n 1)"
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
	disassembly patched
	fails cmp "$tmp"/{base,patched}/arch__x86__virt__vmx__tdx__tdx.o
}

check "the first commit changes no instruction" moves_only
check "planted: a change of code is found" changes
