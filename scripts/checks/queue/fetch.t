# SPDX-License-Identifier: GPL-2.0
# Debian's packages: one that this machine lacks; a mirror that has moved on, has nothing, or has something else than
# what is pinned; a file that is half there.

fetch=$top/scripts/queue/fetch package=linux-headers-amd64

# Nobody, on a system that has no packages, is told what to install, and nothing else happens.
told() {
	fails env DPKG_ADMINDIR="$tmp" unshare -U "$top/scripts/build/deps" check 2>&1 | tee "$tmp/said"
	[ "$(grep -c . "$tmp/said")" = 2 ]
	grep '^apt-get install .*qemu-system-x86.* shellcheck' "$tmp/said"
}

moved_on() {
	"$fetch" deb $package trixie-backports "$tmp/a.deb" 0.0 | grep "no longer has $package 0.0; taking "
	dpkg-deb --info "$tmp/a.deb"
}

# not_taken TEXT PACKAGE VERSION SHA256: there is no such file then.
not_taken() {
	refused "$1" "$fetch" deb "$2" trixie-backports "$tmp/b.deb" "${@:3}"
	[ ! -e "$tmp/b.deb" ]
}

half() {
	echo half >"$tmp/d.tar.part"
	"$fetch" source sparse sid "$tmp/d.tar"
	tar -tf "$tmp/d.tar" | grep Makefile
	[ ! -e "$tmp/d.tar.part" ]
}

check "planted: packages that are missing are named" told
check "the newest is taken from a mirror that has moved on" moved_on
check "planted: another file than the one that is pinned is refused" not_taken 'is not the one that is pinned' \
	$package "$(cat "$tmp/a.deb.version")" 0123
check "planted: a package that the mirror lacks is named" not_taken 'has no linux-source-0.1' linux-source-0.1 0.1
check "planted: half a file that is left there is not taken" half
