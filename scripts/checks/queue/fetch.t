# SPDX-License-Identifier: GPL-2.0
# A mirror that has moved on, has nothing, or has something else than what is pinned; a file that is half there.

fetch=$top/scripts/queue/fetch
package="linux-headers-amd64"

moved_on() {
	"$fetch" deb $package trixie-backports "$tmp/a.deb" 0.0 | grep "no longer has $package 0.0; taking "
	dpkg-deb --info "$tmp/a.deb"
}

not_the_pinned() {
	refused 'is not the one that is pinned' "$fetch" deb $package trixie-backports "$tmp/b.deb" \
		"$(cat "$tmp/a.deb.version")" 0123
	[ ! -e "$tmp/b.deb" ]
}

has_none() {
	local code=0
	"$fetch" deb linux-source-0.1 trixie-backports "$tmp/c.deb" 0.1 || code=$?
	[ $code = 3 ]
	[ ! -e "$tmp/c.deb" ]
}

half() {
	echo half >"$tmp/d.tar.part"
	"$fetch" source sparse sid "$tmp/d.tar"
	tar -tf "$tmp/d.tar" | grep Makefile
	[ ! -e "$tmp/d.tar.part" ]
}

check "the newest is taken from a mirror that has moved on" moved_on
check "planted: another file than the one that is pinned is refused" not_the_pinned
check "planted: a package that the mirror lacks has an exit code of its own" has_none
check "planted: half a file that is left there is not taken" half
