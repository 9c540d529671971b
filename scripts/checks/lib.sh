# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the checks share.  A check is a file STAGE/NAME.t with one topic: what must hold, and faults
# that it must find.  It needs no other check, and gets what it needs: scripts/checks/run.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
topic=$(basename "$(dirname "$0")")-$(basename "$0" .t)
full=$logs/check-$topic.log
: >"$full"
tmpdir
n=0
trap 'code=$?; rm -rf "$tmp"; echo "1..$n"; exit $code' EXIT

# needs [WHAT...]: Debian's packages as scripts/build/deps names them, and the series in git.
needs() {
	"$top/scripts/build/deps" "$@" >>"$full" 2>&1 || { cat "$full" >&2; exit 1; }
	"$top/scripts/queue/assemble" >>"$full" 2>&1 || { cat "$full" >&2; exit 1; }
}

# check TITLE COMMAND...: one result.  The command is a function that ends where anything in it fails:
# it runs in a shell of its own, since "if", "!" and "||" would switch "set -e" off.
check() {
	local title=$1 code
	shift
	n=$((n + 1))
	set +e
	(set -e; "$@") >"$tmp/output" 2>&1
	code=$?
	set -e
	{ echo "--- $title"; cat "$tmp/output"; } >>"$full"
	if [ $code -eq 0 ]; then
		echo "ok $n - $title"
	else
		echo "not ok $n - $title"
		{ tail -n 12 "$tmp/output"; echo "all of it: ${full#"$PWD/"}"; } | sed 's/^/#   /' >&2
	fi
}

# absent GREP-ARGUMENTS: nothing is found, in files that are there.
absent() {
	local code=0
	grep "$@" || code=$?
	[ $code -eq 1 ] || die "this should not be there, or could not be read: grep $*"
}

# fails COMMAND...: it does, and says so.
fails() {
	local code=0
	"$@" || code=$?
	[ $code -ne 0 ] || die "passes, and should not: $*"
}

# refused TEXT COMMAND...: fails, and says TEXT in the one line that it writes to stderr.
refused() {
	local text=$1 output code=0
	shift
	output=$("$@" 2>&1 >/dev/null) || code=$?
	echo "$output"
	[ $code -eq 1 ] || die "ended with $code: $*"
	[ "$(grep -c . <<<"$output")" = 1 ] || die "not one line: $*"
	grep -q "$text" <<<"$output" || die "did not say '$text': $*"
}

# files COMMIT DIR PATH...: what is there of a commit, in DIR.
files() {
	mkdir -p "$2"
	kgit archive "$1" "${@:3}" | tar -xf - -C "$2"
}

# The commits of the series, oldest first: as many as there are patches.
commits() {
	local list
	list=$(kgit rev-list --reverse base..series)
	[ "$(grep -c . <<<"$list")" = "$(find "$top/patches" -name '*.patch' | wc -l)" ] || die "commits are missing"
	echo "$list"
}

# The files that the series touches.
touched() {
	kgit diff --name-only base series -- "$@"
}
