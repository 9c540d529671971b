# SPDX-License-Identifier: GPL-2.0
# The ABI descriptions, read by the kernel's own parser: no complaint that is new.

# complaints COMMIT [FILE]: what the parser says, with FILE added to one of the descriptions.
complaints() {
	files "$1" "$tmp/abi" Documentation/ABI tools/docs tools/lib/python
	[ -z "${2:-}" ] || cat "$2" >>"$tmp/abi/Documentation/ABI/testing/sysfs-class-firmware"
	(cd "$tmp/abi" && python3 tools/docs/get_abi.py validate 2>&1)
	rm -rf "$tmp/abi"
}

planted_twice() {
	printf '\nWhat:\t\t/sys/class/firmware/tdx_module/error\nContact:\tnobody\nDescription:\tOnce more.\n' >"$tmp/twice"
	complaints series "$tmp/twice" | grep 'tdx_module/error is defined 2 times'
}

check "the descriptions have no new complaint" nothing_new
check "planted: an entry that is there twice is found" planted_twice
