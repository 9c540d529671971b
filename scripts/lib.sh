# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# What the scripts here share: where things are, how progress and errors look.
#
#	BASE	kernel series to work on: 7.3 (default) or 7.2
#	KSRC	a kernel tree to use instead of the one that is fetched
#	DISCARD	1: work that only one side has may go, see queue/tree and queue/refresh

set -euo pipefail
shopt -s inherit_errexit
trap 'exit 130' INT
trap 'exit 143' TERM
export LC_ALL=C
# Debian's tools: what is in a user's own directories may lack the modules that are installed.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
# What would change a build or what git does, without being asked for here.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE MAKEFLAGS MFLAGS MAKELEVEL ARCH LLVM CROSS_COMPILE
unset KCFLAGS KAFLAGS KBUILD_OUTPUT KBUILD_VERBOSE W V C CF CHECK

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=$(basename "$0")
BASE=${BASE:-7.3}
KSRC=${KSRC:-}

# One line that says what happened, to what, and what to do.
die() {
	echo "$me: $*" >&2
	exit 1
}

# One line a step, with the seconds since the first script began.
export TDX_START=${TDX_START:-$EPOCHSECONDS}
step() { printf '%5ds  %s\n' $((EPOCHSECONDS - TDX_START)) "$*"; }

# options LETTERS ARGUMENT...: those of getopts, in ${opt[LETTER]}: 1 where they take no argument; the rest in ${args[@]}.
declare -A opt=()
options() {
	local letter OPTIND=1
	while getopts "$1" letter "${@:2}"; do
		[ "$letter" != '?' ] || exit 2
		opt[$letter]=${OPTARG-1}
	done
	args=("${@:OPTIND + 1}")
}

case $BASE in
7.2) pin=7.2.12-1~bpo13+1
     pin_sha=73ca6c22599ba411ab3179642d33501ca2c90174e13c3c8d86e996ea1cbf2a8f ;;
7.3) pin=7.3.4-1~bpo13+1
     pin_sha=703e369ddd4cce971452f5a593ee55df3a5c10c83caf0fa0df039633ed181ee3 ;;
*) die "BASE=$BASE is not known here: use BASE=7.3 or BASE=7.2" ;;
esac

[ "$(uname -m)" = x86_64 ] || die "this machine is $(uname -m): the kernels are built on x86_64 only"
[[ $top != *[:[:space:]]* ]] || die "$top: the kernel cannot be built below a path with spaces or colons: move the clone"

# A tree of the user's own gets a build directory of its own, named after its path.
out_of() { echo "$top/build/ksrc-$(printf %s "$1" | cksum | cut -d' ' -f1)"; }
out=$top/build/$BASE
if [ -n "$KSRC" ]; then
	[ -d "$KSRC" ] || die "KSRC=$KSRC is not a directory: name the top of a kernel tree"
	KSRC=$(cd "$KSRC" && pwd)
	out=$(out_of "$KSRC")
fi
scratch=$out/scratch	# git: the base and the series; kernels are built from it
linux=$out/linux	# git worktree of the same: for people
logs=$out/logs
mkdir -p "$logs"

# logged NAME COMMAND...: run it with the output in a log; show where it is on failure.  On a terminal, count the files
# that a build has made, as "of" how many if that was seen before.
logged() {
	local name=$1 log=$logs/$1.log code=0 n of
	shift
	if [ -t 1 ]; then
		of=$(cat "$out/steps/$name" 2>/dev/null || true)
		"$@" >"$log" 2>&1 &
		while sleep 1 && kill -0 $! 2>/dev/null; do
			n=$(grep -cE '^  [A-Z]' "$log") || continue
			printf '\r%s\033[K' "$(step "$name: $n${of:+ of $of} files")"
		done
		wait $! || code=$?
		printf '\r\033[K'
	else
		"$@" >"$log" 2>&1 || code=$?
	fi
	[ "$code" -eq 0 ] || {
		tail -n 15 "$log" >&2
		die "failed: ${*:1:3} ...; the full log is ${log#"$PWD/"}"
	}
}

# lock NAME [DIR]: until this script ends, it is the only one that has it.  No script that it calls may take the same one.
lock() {
	local fd
	exec {fd}>"${2:-$out}/$1.lock"
	flock -w 3 "$fd" || {
		step "waiting for another run that has $1"
		flock "$fd"
	}
}

# A directory for this script alone, $tmp.  That of a script that was killed goes with the next call.
tmpdir() {
	local d
	for d in "$out"/tmp.*; do
		[ -d "/proc/${d##*.}" ] || rm -rf "$d"
	done
	tmp=$out/tmp.$$
	mkdir -p "$tmp"
	trap 'rm -rf "$tmp"' EXIT
}

# git in the kernel trees, without the user's configuration and hooks.
kgit() { GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -c core.hooksPath=/dev/null -C "$scratch" "$@"; }
lgit() { kgit -C "$linux" "$@"; }

# files COMMIT DIR PATH...: what is there of a commit, in DIR.
files() {
	mkdir -p "$2"
	kgit archive "$1" "${@:3}" | tar -xf - -C "$2"
}

# archive DIR: its files, root's and for everybody to read, as an initramfs.
archive() {
	chmod -R a+rX "$1"
	(cd "$1" && find . | busybox cpio --quiet -o -H newc -R 0:0 | gzip -1)
}

# planted [FILE EXPRESSION]...: the series with a fault in each FILE, made by sed -E; prints the commit.
planted() {
	local -x GIT_INDEX_FILE=$tmp/index
	local blob
	kgit read-tree series
	while [ $# -gt 0 ]; do
		blob=$(kgit show "series:$1" | sed -E "$2" | kgit hash-object -w --stdin)
		[ "$blob" != "$(kgit rev-parse "series:$1")" ] || die "changes nothing in $1: $2"
		kgit update-index --cacheinfo "$(kgit ls-tree series "$1" | cut -c1-6),$blob,$1"
		shift 2
	done
	kgit commit-tree -p series -m Planted "$(kgit write-tree)"
}

# The threads of the series, in order.
threads() { sed -n 's/^thread \([^ ]*\).*/\1/p' "$top/patches/series"; }

# touched_objects: those of the kernel that boots which are made of a file that the series touches.
touched_objects() {
	local files
	"$top/scripts/build/kernel" patched >&2
	files=$(kgit diff --name-only base series -- '*.[chS]' | tr '\n' '|')
	(cd "$out/obj-patched" && grep -rlE "/(${files%|})( |\$)" --include='.*.o.cmd' arch drivers kernel mm virt) |
		sed -E 's|/\.([^/]*)\.cmd$|/\1|' | sort
}

# touched_targets: the same, for make.
touched_targets() {
	touched_objects | sed -E 's,^(virt/kvm/|arch/x86/kvm/).*,arch/x86/kvm/,; s,^(arch/x86/virt/).*,\1,' | sort -u | xargs
}

# guard_work COMMAND: ends unless the tree of "make tree" has nothing that patches/ lacks.
guard_work() {
	[ "${DISCARD:-}" != 1 ] && [ -e "$linux/.git" ] && [ ! -e "$out/tree.making" ] || return 0
	! kgit rev-parse -q --verify refs/stash >/dev/null 2>&1 ||
		die "${linux#"$PWD/"} has changes in git's stash: 'git stash pop' or 'git stash drop' there"
	{ [ "$(lgit rev-parse HEAD)" = "$(cat "$out/tree.head" 2>/dev/null)" ] && [ -z "$(lgit status --porcelain)" ] &&
	  ! kgit for-each-ref --format='%(refname:short)' refs/heads | grep -qvxE 'pristine|series|plain|tdx-update'; } ||
		die "${linux#"$PWD/"} has work that patches/ lacks: 'make refresh' takes it over, 'make $1 DISCARD=1' drops it"
}

# For make and ccache: results can be shared between the output directories.  For CCACHE_DEPEND see scripts/build/cc.
jobs=$(nproc)
export CCACHE_DIR=$top/build/ccache CCACHE_MAXSIZE=4G CCACHE_NOHASHDIR=1
export CCACHE_DEPEND=1 CCACHE_NOCOMPRESS=1
export KBUILD_BUILD_TIMESTAMP="Thu Jan 1 00:00:00 UTC 2026" KBUILD_BUILD_USER=tdx KBUILD_BUILD_HOST=update
export PYTHONDONTWRITEBYTECODE=1

# Commits in the kernel tree: whoever runs this is the author, and the same series always gives the same.
name=$(git -C "$top" config user.name) || name="Nobody Yet"
email=$(git -C "$top" config user.email) || email="nobody@localhost"
export GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email
export GIT_AUTHOR_DATE="1767225600 +0000" GIT_COMMITTER_DATE="1767225600 +0000"
