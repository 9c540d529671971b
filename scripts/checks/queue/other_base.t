# SPDX-License-Identifier: GPL-2.0
# The queue, and each thread of it, applies to the other kernel as well.  A kernel to which it does not: queue/ksrc.

other=7.2
[ "$BASE" != 7.2 ] || other=7.3
package=linux-source-$other
deb=$top/build/$package.deb
# In another shell: here it would name the directories anew.
read -r pin sha < <(BASE=$other KSRC='' bash -c '. "$0"; echo "$pin $pin_sha"' "$top/scripts/lib.sh")

# What the queue needs of it; files that are new in the series are not there.
[ -e "$deb" ] || "$top/scripts/queue/fetch" deb "$package" trixie-backports "$deb" "$pin" "$sha" >>"$full" ||
	die "$package could not be had from the mirror"
needed | sed "s|^|$package/|" >"$tmp/needed"
dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "./usr/src/$package.tar.xz" | xz -dc -T0 |
	tar -xf - -C "$tmp" -T "$tmp/needed" 2>"$tmp/missing" ||
	absent -v 'Not found in archive\|previous errors' "$tmp/missing"
mv "$tmp/$package" "$tmp/tree"
commit_tree "$tmp/tree"
in_copy "$tmp/tree"

all() {
	"$repo/scripts/queue/assemble"
	grep "^Linux $other" "$out/title"
	kgit diff --stat base series | tail -n 1
}

one() {
	"$repo/scripts/queue/assemble" -t "$1"
	kgit log --format=%s "refs/threads/$1.start..refs/threads/$1" | grep .
}

check "all of it applies to $other" all
for thread in $(threads); do
	check "thread $thread applies to $other" one "$thread"
done
