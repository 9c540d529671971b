# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The ABI descriptions, read by the kernel's own parser: no complaint that is new.

needs check
unchanging

# validate COMMIT [FILE]: what the parser says, with FILE added to one of the descriptions.
validate() {
	files "$1" "$tmp/abi" Documentation/ABI tools/docs tools/lib/python
	[ -z "${2:-}" ] || cat "$2" >>"$tmp/abi/Documentation/ABI/testing/sysfs-class-firmware"
	(cd "$tmp/abi" && python3 tools/docs/get_abi.py validate 2>&1 | sort)
	rm -rf "$tmp/abi"
}

nothing_new() {
	validate base >"$tmp/base"
	validate series >"$tmp/series"
	absent . <(comm -13 "$tmp/base" "$tmp/series")
}

found() {
	files series "$tmp/abi" Documentation/ABI tools/docs tools/lib/python
	cd "$tmp/abi"
	python3 tools/docs/get_abi.py search tdx_module/error 2>&1 | grep device-busy
}

planted_twice() {
	printf '\nWhat:\t\t/sys/class/firmware/tdx_module/error\nContact:\tnobody\nDescription:\tOnce more.\n' >"$tmp/twice"
	validate series "$tmp/twice" | grep 'tdx_module/error is defined 2 times'
}

check "the descriptions have no new complaint" nothing_new
check "they say what device-busy means" found
check "planted: an entry that is there twice is found" planted_twice
