# SPDX-License-Identifier: GPL-2.0
# The kselftest's programs and the tool build at every commit that changes them, by both compilers.

needs bisect

builds() {
	local c
	for c in $(kgit rev-list --reverse base..series -- tools/arch/x86/tdx_update tools/testing/selftests/tdx_host); do
		if ! kgit cat-file -e "$c:tools/testing/selftests/tdx_host" 2>/dev/null; then
			rm -rf "$tmp/tool"
			files "$c" "$tmp/tool" tools/scripts tools/include tools/arch/x86/tdx_update
			make -C "$tmp/tool/tools/arch/x86/tdx_update" CFLAGS='-O2 -Wextra -Werror' all clean
			make -C "$tmp/tool/tools/arch/x86/tdx_update" CFLAGS='-O2 -Wextra -Werror' LLVM=-19
			continue
		fi
		"$top/scripts/build/selftests" "$c" "$tmp/programs"
		"$top/scripts/build/selftests" -c clang-19 "$c" "$tmp/programs"
	done
	[ -x "$tmp/programs/tdx_update" ]
	[ -x "$tmp/programs/tdx_kvm_build" ]
}

faulty() {
	local commit
	commit=$(planted "$2" '$a static int planted;')
	fails "$top/scripts/build/selftests" -c "$1" "$commit" "$tmp/planted" 2>&1 | tee "$tmp/said"
	grep 'planted.*unused' "$tmp/said"
}

check "they build without a warning" builds
check "planted: a warning in the tool" faulty gcc tools/arch/x86/tdx_update/tdx_update.c
check "planted: a warning in the builder of TDs" faulty clang-19 tools/testing/selftests/tdx_host/tdx_kvm_build.c
