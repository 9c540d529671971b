# SPDX-License-Identifier: GPL-2.0
# The suites and the kselftest with lock validation and all else that the tip tree wants patches tested with.

validated() {
	local log=$logs/selftest-lockdep.log
	"$top/scripts/build/kernel" lockdep series x86_debug.config host guest tests lockdep
	"$top/scripts/boot/kunit" -l 900 lockdep
	"$top/scripts/boot/selftest" lockdep
	absent -E 'WARNING|BUG:|INFO: ' "$log"
	grep -E 'debug_locks: *1' "$log"
}

check "no lock is wrong" validated
