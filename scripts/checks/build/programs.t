# SPDX-License-Identifier: GPL-2.0
# The kselftest's programs and the tool build at every commit that changes them, by both compilers.

needs bisect

builds() {
	local c tool=$tmp/tool/tools/arch/x86/tdx_update
	for c in $(kgit rev-list --reverse base..series -- tools/arch/x86/tdx_update tools/testing/selftests/tdx_host); do
		if kgit cat-file -e "$c:tools/testing/selftests/tdx_host" 2>/dev/null; then
			"$top/scripts/build/selftests" "$c" "$tmp/programs"
			"$top/scripts/build/selftests" -c clang-19 "$c" "$tmp/programs"
		else
			rm -rf "$tmp/tool"
			files "$c" "$tmp/tool" tools/scripts tools/include tools/arch/x86/tdx_update
			make -C "$tool" CFLAGS='-O2 -Wextra -Werror' all clean
			make -C "$tool" CFLAGS='-O2 -Wextra -Werror' LLVM=-19
		fi
	done
	[ -x "$tmp/programs/tdx_update" ]
	[ -x "$tmp/programs/tdx_kvm_build" ]
}

faulty() {
	fails "$top/scripts/build/selftests" -c "$1" "$(planted "$2" '$a static int planted;')" "$tmp/planted" 2>&1 |
		grep 'planted.*unused'
}

check "they build without a warning" builds
check "planted: a warning in the tool" faulty gcc tools/arch/x86/tdx_update/tdx_update.c
check "planted: a warning in the builder of TDs" faulty clang-19 tools/testing/selftests/tdx_host/tdx_kvm_build.c
