# SPDX-License-Identifier: GPL-2.0
# lib.sh FILE [again]: runs a check, STAGE/NAME.t, and prints TAP.  A check has one topic: what must hold, and faults
# that it must find.  It needs no other check, and gets what it needs.  With "again" one of the stages style, queue and
# build that has passed on exactly these files and packages does not run.  What the checks share is below.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
file=$1 again=${2:-}
topic=$(basename "$(dirname "$file")")-$(basename "$file" .t)
full=$logs/check-$topic.log passed=$out/passed/$topic
: >"$full"
tmpdir
n=0 bad=0 key=
finish() {
	local code=$?
	rm -rf "$tmp"
	[ ! -d "$scratch" ] || kgit worktree prune
	echo "1..$n"
	if [ $code -eq 0 ] && [ $bad -eq 0 ] && [ -n "$key" ]; then
		mkdir -p "${passed%/*}"
		echo "$key" >"$passed"
	fi
	exit $code
}
trap finish EXIT

# needs WHAT...: Debian's packages as scripts/build/deps names them; "check" every one has.
needs() { "$top/scripts/build/deps" "$@" >>"$full" 2>&1 || { cat "$full" >&2; exit 1; }; }

# attempt COMMAND...: $code is what it ends with.  A function ends where anything in it fails: it runs in a shell of its
# own, since "if", "!" and "||" would switch "set -e" off.
attempt() {
	set +e
	(set -e; "$@")
	code=$?
	set -e
}

# check TITLE COMMAND...: one result.
check() {
	local title=$1 code
	n=$((n + 1))
	attempt "${@:2}" >"$tmp/output" 2>&1
	{ echo "--- $title"; cat "$tmp/output"; } >>"$full"
	if [ "$code" -eq 0 ]; then
		echo "ok $n - $title"
	else
		bad=1
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
	local code
	attempt "$@"
	[ "$code" -ne 0 ] || die "passes, and should not: $*"
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

# because LOG CASE REASON: the case fails, and between the result before it and its own the log gives the reason.
because() {
	sed -nE "/^ *(not )?ok [0-9]+ /!{H;d}; /^ *not ok [0-9]+ (- )?$2\$/{x;p;q}; s/.*//; x" "$1" >"$tmp/since"
	grep -E "$3" "$tmp/since" || { cat "$tmp/since"; die "$2 passes, or fails for another reason than: $3"; }
}

# The commits of the series, oldest first: as many as there are patches.
commits() {
	local list
	list=$(kgit rev-list --reverse base..series)
	[ "$(grep -c . <<<"$list")" = "$(find "$top/patches" -name '*.patch' | wc -l)" ] || die "commits are missing"
	echo "$list"
}

# The files that the series touches.
touched() { kgit diff --name-only base series -- "$@"; }

needs check
"$top/scripts/queue/assemble" >>"$full" 2>&1 || { cat "$full" >&2; exit 1; }
case $topic in
style-*|queue-*|build-*)
	key=$(cd "$top" && { git ls-files -z --cached --others --exclude-standard | xargs -0 sha256sum 2>&1 || true
		kgit rev-parse base; dpkg-query -W; } | sha256sum)
	if [ -n "$again" ] && [ "$(cat "$passed" 2>/dev/null)" = "$key" ]; then
		n=1
		echo "ok 1 # SKIP it has passed on exactly these files"
		exit 0
	fi ;;
esac
# shellcheck disable=SC1090  # what a stage shares, and the check itself
for part in "$(dirname "$file")/lib.sh" "$file"; do
	[ ! -e "$part" ] || . "$part"
done
