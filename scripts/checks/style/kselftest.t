# SPDX-License-Identifier: GPL-2.0
# The kselftest, run as README has it, on a machine that is no TDX host: it builds, skips what needs one, and leaves
# nothing in the tree that git would show; with O= it leaves nothing at all, and finds no tool.

kernel=$tmp/kernel
kgit worktree add -q --no-checkout --detach "$kernel" series
git -C "$kernel" checkout -q series -- .gitignore Makefile Kbuild scripts usr include/uapi include/asm-generic \
	arch/x86/{Makefile,include,entry/syscalls,tools} tools/arch tools/build tools/include tools/scripts \
	tools/testing/fake_seam tools/testing/selftests/{.gitignore,Makefile,lib.mk,*.sh,*.h,kselftest,tdx_host}
# For the headers that "make headers" makes.
"$top/scripts/build/selftests" >>"$full" 2>&1
cp -r "$out/headers/usr/include" "$kernel/usr/"
mkdir "$tmp/o"
cp -r "$kernel/usr" "$tmp/o"

# left [--ignored]: what there is now, other than files that were not checked out.
left() { git -C "$kernel" status --porcelain "$@" tools | { grep -v '^D' || true; }; }

# skips NUMBER LEFT MAKE-ARGUMENT...: that many of the four tests skip, and nothing is left.
skips() {
	make -s -C "$kernel/tools/testing/selftests" TARGETS=tdx_host "${@:3}" run_tests | tee "$tmp/run"
	[ "$(grep -c '^ok [0-9]* selftests: tdx_host: .* # SKIP$' "$tmp/run")" = "$1" ]
	[ "$(grep -c '^ok [0-9]* selftests: tdx_host: ' "$tmp/run")" = 4 ]
	left ${2:+"$2"} >"$tmp/left"
	absent . "$tmp/left"
}

planted_file() {
	echo >"$kernel/tools/testing/selftests/tdx_host/more"
	left | grep 'tdx_host/more'
}

check "run with O=, it skips and leaves nothing" skips 4 --ignored O="$tmp/o"
check "run in the tree, it skips and leaves nothing that git shows" skips 3 ""
check "planted: a file that is left is found" planted_file
