# SPDX-License-Identifier: GPL-2.0
# The kselftest's programs and the tool build at every commit that changes them, by both compilers.

needs bisect

builds() {
	local c
	for c in $(kgit rev-list --reverse base..series -- tools/arch/x86/tdx_update tools/testing/selftests); do
		kgit cat-file -e "$c:tools/testing/selftests/tdx_host" 2>/dev/null || continue
		"$top/scripts/build/selftests" "$c" "$tmp/programs"
		"$top/scripts/build/selftests" -c clang-19 "$c" "$tmp/programs"
		[ -x "$tmp/programs/tdx_update" ]
	done
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
