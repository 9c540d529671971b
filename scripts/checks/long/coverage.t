# SPDX-License-Identifier: GPL-2.0
# What of the production code the suites execute.

missed() {
	local commit
	commit=$(planted arch/x86/virt/vmx/tdx/tdx.c 's/^\tint nr = atomic_read\(&tdx_nr_td_builds\);/&\n\n\tif (nr == 12345)\n\t\tpr_info("planted");/')
	fails "$top/scripts/boot/coverage" "$commit" | tee "$tmp/said"
	grep 'not executed: .*pr_info("planted");' "$tmp/said"
	grep '^one way only: ' "$tmp/said"
}

check "all that the series changes is executed" "$top/scripts/boot/coverage"
check "planted: a line that no suite executes" missed
