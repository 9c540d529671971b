# SPDX-License-Identifier: GPL-2.0
# TDs that QEMU builds, under Bochs: the table of make qemu, and what it must not accept.

needs bochs

# judged REASON LOG EXPRESSION: with that change in a log of the boots above, the table gives the reason.
judged() {
	cp "$logs/qemu-$2.log" "$tmp/log"
	sed -i -E "$3" "$logs/qemu-$2.log"
	fails "$top/scripts/boot/qemu" -n >"$tmp/said"
	cp "$tmp/log" "$logs/qemu-$2.log"
	grep "$1" "$tmp/said"
}

# Another byte of the firmware is another MRTD; a file that is none has an error of one line.
other_firmware() {
	local mrtd=$top/tools/testing/fake_seam/mrtd.py
	{ head -c 1M "$top/build/qemu/OVMF.fd" | tr '\0' '\1'; tail -c +1048577 "$top/build/qemu/OVMF.fd"; } >"$tmp/OVMF.fd"
	"$mrtd" --firmware "$tmp/OVMF.fd" >"$tmp/other"
	fails diff "$tmp/other" <("$mrtd" --firmware "$top/build/qemu/OVMF.fd")
	refused 'mrtd.py: .* no table of GUIDs' "$mrtd" --firmware "$top/build/qemu/cpio"
}

check "QEMU's TDs are right with the series, and wrong without" "$top/scripts/boot/qemu"
check "nothing is built the second time" again qemu
check "planted: a plain kernel that breaks nothing" judged '| right .*<- wanted: WRONG | right' plain \
	"s/^one-mrtd: .*/$(grep '^one-mrtd: ' "$logs/qemu-patched.log")/"
check "planted: another MRTD" judged '| WRONG  <- wanted: WRONG | right' patched 's/^(one-mrtd: )./\10/'
check "planted: an update that is not refused" judged "<- wanted: accepted | transferring" patched 's/^(one: ).*/\1accepted 1 1/'
check "planted: a warning" judged '| 1  <- wanted: 0 | 0' patched 's/^(warnings: ).*/\11/'
check "planted: another byte of the firmware, and another file" other_firmware
