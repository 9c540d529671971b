# SPDX-License-Identifier: GPL-2.0
# The queue, and each thread of it, applies to the other kernel as well.  A kernel to which it does not: queue/ksrc.

other=7.2
[ "$BASE" != 7.2 ] || other=7.3
package=linux-source-$other
deb=$top/build/$package.deb
# In another shell: here it would name the directories anew.
read -r pin sha < <(BASE=$other KSRC='' bash -c '. "$0"; echo "$pin $pin_sha"' "$top/scripts/lib.sh")
[ -e "$deb" ] || "$top/scripts/queue/fetch" deb "$package" trixie-backports "$deb" "$pin" "$sha" >>"$full"

# What the queue needs of it; files that are new in the series are not there.
needed | sed "s|^|$package/|" >"$tmp/needed"
dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "./usr/src/$package.tar.xz" | xz -dc -T0 |
	tar -xf - -C "$tmp" -T "$tmp/needed" 2>"$tmp/missing" ||
	absent -v 'Not found in archive\|previous errors' "$tmp/missing"
commit_tree "$tmp/$package"
in_copy "$tmp/$package"

# applies RANGE [-t THREAD]: there are commits then.
applies() {
	"$repo/scripts/queue/assemble" "${@:2}"
	grep "^Linux $other" "$out/title"
	kgit log --format=%s "$1" | grep .
}

check "all of it applies to $other" applies base..series
for thread in $(threads); do
	check "thread $thread applies to $other" applies "refs/threads/$thread.start..refs/threads/$thread" -t "$thread"
done
