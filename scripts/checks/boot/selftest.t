# SPDX-License-Identifier: GPL-2.0
# The series' kselftest in a guest, and that its tests can fail.

passes() {
	"$top/scripts/boot/selftest"
	# All that is skipped is an image of the user's own.
	[ "$(grep -h '# SKIP' "$logs"/selftest-patched-*.tap | grep -vc 'needs TDX_HOST_IMAGE')" = 0 ]
}

# not_ok TEST RESULT...: these results are failures, and said so.
not_ok() {
	local name
	for name in "${@:2}"; do
		grep "^not ok [0-9]* $name" "$logs/$1.tap" || die "passes: $name"
	done
}

plain_fails() {
	fails "$top/scripts/boot/selftest" plain
	not_ok selftest-plain-tdx_host_sysfs 'nothing is refused' 'a TD is being built: refused' \
		"refused: the TD's measurement is right" 'two TDs are being built' \
		'a migration is interrupted: refused'
	# With a CPU offline it has lost TDX: there is nothing to update any more.
	not_ok selftest-plain-tdx_host_sysfs 'a CPU is offline: refused' 'all CPUs are online: accepted'
	# They fail for that reason, and not because nothing works.
	grep '^ok [0-9]* zeroes are refused' "$logs/selftest-plain-tdx_host_sysfs.tap"
	grep '^ok [0-9]* format 1.0: install' "$logs/selftest-plain-tdx_host_check.tap"
}

# No lock, no pauses, no word of the kernel's log, half an upload left, TDX lost in silence, ignored signals that end it.
bugs_found() {
	local commit
	commit=$(planted tools/arch/x86/tdx_update/tdx_install.c 's/flock\(lock_fd, LOCK_EX \| LOCK_NB\)/0/
		s/while \(now\(\) < until\)/while (0)/;s/return text;$/return "nothing";/
		s/"loading", "-1"/"loading", "1"/;s/end\(EXIT_LOST/end(EXIT_FAILED/;s/ == SIG_IGN\)$/ == SIG_ERR)/')
	"$top/scripts/build/initrd" "$commit" bugs
	fails "$top/scripts/boot/selftest" patched -i "$out/initrd-bugs"
	not_ok selftest-patched-tdx_host_tool 'another one is named' 'a timeout: number of attempts' \
		'once: what the module says' 'SIGTERM and SIGALRM at other times' 'the new module does not come up' \
		'SIGHUP that was ignored before'
	not_ok selftest-patched-tdx_host_check 'SIGALRM in an upload: it is given up'
}

check "the kselftest passes" passes
check "planted: no series" plain_fails
check "planted: a tool with six bugs" bugs_found
