# SPDX-License-Identifier: GPL-2.0
# TDs that QEMU builds, under Bochs: the table of make qemu, and what it must not accept.

needs bochs

again() {
	local what
	for what in "program bochs" qemu initrd "kernel plain" "kernel patched"; do
		# shellcheck disable=SC2086
		(cd "$top/scripts/build" && ./$what)
	done >"$tmp/again"
	absent . "$tmp/again"
}

rows_differ() {
	. "$top/scripts/boot/table.sh"
	row "as wanted" WRONG right WRONG right
	row "a wrong MRTD" WRONG WRONG WRONG right
	[ $wrong -eq 1 ]
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
check "nothing is built the second time" again
check "planted: a row that is not as it should be" rows_differ
check "planted: another byte of the firmware, and another file" other_firmware
