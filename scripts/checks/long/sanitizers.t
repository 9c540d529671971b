# SPDX-License-Identifier: GPL-2.0
# The suites with what finds bugs that no test sees: it has to be in effect, and to find a bug that is planted.

passes() {
	"$top/scripts/build/kernel" "$1" series host guest tests "${@:2}"
	"$top/scripts/boot/kunit" -l 1800 "$1"
}

finds() {
	local report
	"$top/scripts/build/kernel" "$1" "$(planted arch/x86/virt/vmx/tdx/tests/fake_seam.c "\$r $top/scripts/checks/long/plants.c")" host guest tests "$1"
	fails "$top/scripts/boot/kunit" -l 1800 "$1" fake_module
	for report in "${@:2}"; do
		grep -m1 "$report" "$logs/kunit-$1.console"
	done
}

# All else that the tip tree wants patches tested with; and with the kselftest.
validated() {
	local log=$logs/selftest-lockdep.log
	passes lockdep x86_debug.config lockdep
	"$top/scripts/boot/selftest" lockdep
	absent -E 'WARNING|BUG:|INFO: ' "$log"
	grep -E 'debug_locks: *1' "$log"
}

check "the suites and the kselftest pass with lock validation" validated
check "the suites pass with KASAN and UBSAN" passes kasan kasan
check "planted: bugs for both" finds kasan 'BUG: KASAN: slab-out-of-bounds in planted' 'UBSAN: shift-out-of-bounds in .*fake_seam.c'
check "the suites pass with KCSAN" passes kcsan kcsan
check "planted: a data race" finds kcsan 'BUG: KCSAN: data-race in planted_race'
check "the suites pass with PREEMPT_RT" passes rt rt
check "planted: a lock that may sleep where nothing may" finds rt 'BUG: sleeping function called\|BUG: Invalid wait context'
