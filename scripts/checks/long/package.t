# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The package: built once, unpacked, booted as it would be installed.

needs check deb

once() {
	"$top/scripts/build/package" host guest tests modules
	"$top/scripts/build/package" host guest tests modules >"$tmp/again"
	absent building "$tmp/again"
}

# boots KERNEL ATTRIBUTE: with the modules of the package; the driver loads, and shows the attribute or
# has none.
boots() {
	local log=$logs/deb.log
	"$top/scripts/boot/emulate" -i "$tmp/initrd" "$1" deb "$log"
	grep -qx 'version: [1-9].*' "$log"
	grep -qx "after: $2" "$log"
	grep -qx 'warnings: 0' "$log"
}

installed() {
	local package release
	package=$(find "$out/deb" -name 'linux-image-*.deb')
	release=$(dpkg-deb -f "$package" Package | sed 's/^linux-image-//')
	[[ $release = *-tdx-update ]] || die "$package could overwrite another kernel"
	dpkg-deb -x "$package" "$tmp/root"
	"$top/scripts/build/initrd"
	(cd "$tmp/root" && find lib | busybox cpio -o -H newc 2>/dev/null) | gzip -1 | cat "$out/initrd" - >"$tmp/initrd"
	boots "$tmp/root/boot/vmlinuz-$release" 0
	grep -x "kernel: $release" "$logs/deb.log"
	grep -x 'before: none' "$logs/deb.log"
	grep -x 'module: Live' "$logs/deb.log"
}

check "it is built once" once
check "it boots, and its module brings the attribute" installed
check "planted: no series, so no attribute" boots plain none
