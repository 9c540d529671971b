# SPDX-License-Identifier: GPL-2.0
# The kselftest, run as README has it, on a machine that is no TDX host: it builds, skips what needs one, and
# leaves nothing in the tree that git would show; with O= it leaves nothing at all, and finds no tool.

kernel=$tmp/kernel
kgit worktree add -q --no-checkout --detach "$kernel" series
git -C "$kernel" read-tree series
git -C "$kernel" checkout -q -- .gitignore Makefile Kbuild scripts usr include/uapi include/asm-generic \
	arch/x86/{Makefile,include,entry/syscalls,tools} tools/arch tools/build tools/include tools/scripts \
	tools/testing/fake_seam tools/testing/selftests/{.gitignore,Makefile,lib.mk,*.sh,*.h,kselftest,tdx_host}
# For the headers that "make headers" makes.
"$top/scripts/build/selftests" >>"$full" 2>&1
cp -r "$out/headers/usr/include" "$kernel/usr/"

run_tests() {
	local skipped=$1
	shift
	make -s -C "$kernel/tools/testing/selftests" TARGETS=tdx_host "$@" run_tests >"$tmp/run"
	cat "$tmp/run"
	[ "$(grep -c '^ok [0-9]* selftests: tdx_host: .* # SKIP$' "$tmp/run")" = "$skipped" ]
	[ "$(grep -c '^ok [0-9]* selftests: tdx_host: ' "$tmp/run")" = 4 ]
}

# left ARGUMENT: what there is now, other than files that were not checked out.
left() { git -C "$kernel" status --porcelain "$@" tools | { grep -v '^ D' || true; }; }

elsewhere() {
	mkdir "$tmp/o"
	cp -r "$kernel/usr" "$tmp/o"
	run_tests 4 O="$tmp/o"
	left --ignored >"$tmp/left"
	absent . "$tmp/left"
}

here() {
	run_tests 3
	left >"$tmp/left"
	absent . "$tmp/left"
}

planted_file() {
	echo >"$kernel/tools/testing/selftests/tdx_host/more"
	left | grep 'tdx_host/more'
}

check "run with O=, it skips and leaves nothing" elsewhere
check "run in the tree, it skips and leaves nothing that git shows" here
check "planted: a file that is left is found" planted_file
