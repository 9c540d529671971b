# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016
# The package: built once, installed by dpkg, booted as it was installed.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check deb
root=$tmp/root

once() {
	"$top/scripts/build/package" host guest tests modules
	"$top/scripts/build/package" host guest tests modules >"$tmp/again"
	absent building "$tmp/again"
}

# dpkg ARGUMENT...: in a root of its own it runs the scripts of the package, and none of the machine's
# own hooks; nor does it read the machine's configuration or write its log.
dpkg_root() {
	unshare -rm sh -euc 'mount --bind "$1/etc" /etc/dpkg; shift; exec "$@"' sh "$tmp" \
		dpkg --root="$root" --log="$tmp/dpkg.log" --force-not-root "$@"
}

installs() {
	package=$(find "$out/deb" -name 'linux-image-*.deb')
	release=$(dpkg-deb -f "$package" Package | sed 's/^linux-image-//')
	[[ $release = *-tdx-update ]] || die "$package could overwrite another kernel"
	mkdir -p "$root"/{bin,etc/kernel/{postinst,postrm}.d,var/lib/dpkg/{info,updates}} "$tmp/etc"
	touch "$root/var/lib/dpkg/status"
	cp "$(command -v busybox)" "$root/bin/"
	ln -s busybox "$root/bin/sh"
	ln -s busybox "$root/bin/run-parts"
	for hook in postinst postrm; do
		printf '#!/bin/sh\necho "$@" >/%s\n' $hook >"$root/etc/kernel/$hook.d/hook"
		chmod +x "$root/etc/kernel/$hook.d/hook"
	done
	dpkg_root -i "$package"
	[ "$(cat "$root/postinst")" = "$release /boot/vmlinuz-$release" ]
	find "$root/lib/modules/$release" -name 'tdx-host.ko' | grep .
	cmp "$root/boot/vmlinuz-$release" "$out/obj-deb/arch/x86/boot/bzImage"

	"$top/scripts/build/initrd"
	(cd "$root" && find lib | busybox cpio -o -H newc 2>/dev/null) | gzip -1 | cat "$out/initrd" - >"$tmp/initrd"
	boots "$root/boot/vmlinuz-$release" "$release" 1
	# The kernel as it is, with the same root, has an update driver and no such attribute.
	boots plain '[0-9].*' none

	dpkg_root --purge "linux-image-$release"
	[ "$(cat "$root/postrm")" = "$release /boot/vmlinuz-$release" ]
	[ -z "$(find "$root/boot" "$root/lib" -type f 2>/dev/null)" ]
}

# boots KERNEL RELEASE ATTRIBUTE: what it says of itself.
boots() {
	local log=$logs/deb.log
	"$top/scripts/boot/emulate" -i "$tmp/initrd" "$1" deb "$log"
	grep -qx "kernel: $2" "$log"
	grep -qx 'version: [1-9].*' "$log"
	grep -qx "after: $3" "$log"
	[ "$1" = plain ] || grep -qx 'before: none' "$log"
	[ "$1" = plain ] || grep -qx 'module: Live' "$log"
	grep -qx 'warnings: 0' "$log"
}

check "it is built once" once
check "it installs, boots, has the attribute, and is removed" installs
