# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Shared by every script here: where things are, how progress and errors look.
#
#	BASE	kernel series to work on: 7.3 (default) or 7.2
#	KSRC	a kernel tree to use instead of the one that is fetched

set -euo pipefail
shopt -s inherit_errexit
trap 'exit 130' INT
trap 'exit 143' TERM
export LC_ALL=C
# Debian's tools: what is in a user's own folders may lack the modules that are installed.
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
export TDX_START=${TDX_START:-$(date +%s)}
step() {
	printf '%5ds  %s\n' $(($(date +%s) - TDX_START)) "$*"
}

case $BASE in
7.2) pin=7.2.12-1~bpo13+1
     pin_sha=73ca6c22599ba411ab3179642d33501ca2c90174e13c3c8d86e996ea1cbf2a8f
     headers_sha=f4a0369d09122cf77410d651d7a1ecba8a861970013d566aafd79cdb7d261dd8 ;;
7.3) pin=7.3.4-1~bpo13+1
     pin_sha=703e369ddd4cce971452f5a593ee55df3a5c10c83caf0fa0df039633ed181ee3
     headers_sha=1c43249a7b98aee4af60f2b822ddb04a9e96c1c9e8b013e5f74d3d9faf318699 ;;
*) die "BASE=$BASE is not known here: use BASE=7.3 or BASE=7.2" ;;
esac

[ "$(uname -m)" = x86_64 ] || die "this machine is $(uname -m): the kernels are built on x86_64 only"
case $top in
*[:[:space:]]*) die "$top: the kernel cannot be built below a path with spaces or colons: move the clone" ;;
esac

# A tree of the user's own gets a build folder of its own, named after its path.
if [ -n "$KSRC" ]; then
	[ -d "$KSRC" ] || die "KSRC=$KSRC is not a folder: name the top of a kernel tree"
	KSRC=$(cd "$KSRC" && pwd)
	out=$top/build/ksrc-$(printf %s "$KSRC" | cksum | cut -d' ' -f1)
else
	out=$top/build/$BASE
fi
scratch=${TDX_SCRATCH:-$out/scratch}	# git: the base and the series; scripts check commits out here
linux=$out/linux		# git worktree of the same: for people
logs=$out/logs
mkdir -p "$logs"

# logged NAME COMMAND...: run it with the output in a log; show where it is on failure.
logged() {
	local log=$logs/$1.log
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 15 "$log" >&2
		die "failed: ${*:1:3} ...; the full log is ${log#"$PWD/"}"
	}
}

# Two runs in one build folder would overwrite each other's work.
lock() {
	[ -z "${TDX_LOCKED:-}" ] || return 0
	exec 9>"$out/lock"
	flock -n 9 || {
		step "waiting for another run in ${out#"$top/"} to end"
		flock 9
	}
	export TDX_LOCKED=1
	# Of a run that was killed: nobody else is here now.
	rm -rf "$out"/tmp.*
	# But the user's own git may be at work in "make tree"'s.
	find "$scratch/.git" -maxdepth 3 -name '*.lock' ! -path '*/worktrees/linux/*' -delete 2>/dev/null || true
}

# lock_shared: for what is the same for every kernel, below build/ itself.  Until the script ends.
lock_shared() {
	[ -z "${TDX_SHARED:-}" ] || return 0
	exec 8>"$top/build/lock"
	flock 8
	export TDX_SHARED=1
}

# start_with FROM TO [FOLDER...]: makes the build folder TO out of a copy of FROM, or of these
# folders in it.  objtool is made with commands that have the name of the build folder in them,
# and would be made anew if they kept the old one.
start_with() {
	local from=$1 to=$2
	shift 2
	rm -rf "$to.new"
	mkdir "$to.new"
	(cd "$from" && cp -a "${@:-.}" "$to.new")
	rm -f "$to.new"/.done "$to.new"/.configs "$to.new"/.asked
	find "$to.new/tools" -name '.*.cmd' -exec sed -i "s|/${from##*/}/|/${to##*/}/|g" {} +
	mv "$to.new" "$to"
}

# The build folder whose programs can be used again: a file for each compiler and source.
with_tools() {
	echo "$out/tools-$1-${scratch##*/}"
}

# start_tools COMPILER TO: what is built to build kernels, from whatever kernel has it already.
start_tools() {
	local from
	{ read -r from <"$(with_tools "$1")"; } 2>/dev/null || return 0
	if [ -e "$from/.building" ] || [ ! -x "$from/tools/objtool/objtool" ]; then
		return 0
	fi
	start_with "$from" "$2" scripts tools
}

# user_headers: the kernel's headers for programs, in $headers.  They take a minute, and the series
# changes none of them.
headers=$out/headers/usr/include
user_headers() {
	[ ! -e "$out/headers/.done" ] || return 0
	kgit diff --quiet base series -- '**/uapi/**' ||
		die "the series changes headers for programs: user_headers in scripts/lib.sh keeps those of the base"
	logged headers make -C "$scratch" O="$out/headers" headers
	touch "$out/headers/.done"
}

# count_warnings LOG: the warnings of a build, without line numbers, with how often each was seen.
count_warnings() {
	sed -E 's/([^ :]+:)[0-9]+(:[0-9]+)?/\1N/' "$1" | { grep -iE '(^| )warning: ' || [ $? -eq 1 ]; } |
		sort | uniq -c | sort -k2
}

# new_warnings KNOWN NOW: two of these lists; prints what NOW has and KNOWN does not, or not as often.
# Fails if there is any.
new_warnings() {
	awk 'FILENAME == ARGV[1] { n = $1; $1 = ""; known[$0] = n; next }
	     { n = $1; $1 = ""; if (n > known[$0]) { print "new:" $0; bad = 1 } }
	     END { exit bad }' "$1" "$2"
}

# git in the kernel trees, without the user's configuration and hooks.
kgit() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -c core.hooksPath=/dev/null \
		-C "$scratch" "$@"
}
lgit() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -c core.hooksPath=/dev/null \
		-C "$linux" "$@"
}

# guard_work COMMAND: ends unless the tree of "make tree" has nothing that patches/ lacks.
guard_work() {
	if [ "${DISCARD:-}" = 1 ] || [ ! -e "$linux/.git" ] || [ -e "$out/tree.making" ]; then
		return 0
	fi
	! kgit rev-parse -q --verify refs/stash >/dev/null 2>&1 ||
		die "${linux#"$PWD/"} has changes in git's stash: 'git stash pop' or 'git stash drop' there"
	if [ "$(lgit rev-parse HEAD)" = "$(cat "$out/tree.head")" ] &&
	   [ -z "$(lgit status --porcelain)" ] &&
	   ! kgit for-each-ref --format='%(refname:short)' refs/heads |
		   grep -qvxE 'pristine|series|plain|tdx-update'; then
		return 0
	fi
	die "${linux#"$PWD/"} has work that patches/ lacks: 'make refresh' takes it over, 'make $1 DISCARD=1' drops it"
}

# For make and ccache: the same compiler everywhere, and results that can be shared
# between the output folders.
jobs=$(nproc)
export CCACHE_DIR=$top/build/ccache CCACHE_MAXSIZE=4G CCACHE_NOHASHDIR=1
export CCACHE_DEPEND=1 CCACHE_NOCOMPRESS=1
export KBUILD_BUILD_TIMESTAMP="Thu Jan 1 00:00:00 UTC 2026" KBUILD_BUILD_USER=tdx KBUILD_BUILD_HOST=update

# Commits in the kernel tree: whoever runs this is the author, and the same series always
# gives the same commits.
name=$(git -C "$top" config user.name) || name="Nobody Yet"
email=$(git -C "$top" config user.email) || email="nobody@localhost"
export GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email
export GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email
export GIT_AUTHOR_DATE="1767225600 +0000" GIT_COMMITTER_DATE="1767225600 +0000"
