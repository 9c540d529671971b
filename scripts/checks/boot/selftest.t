# SPDX-License-Identifier: GPL-2.0
# The series' kselftest in a guest, and that its tests can fail.

passes() {
	"$top/scripts/boot/selftest"
	for name in sysfs tool; do
		grep -c '^ok' "$logs/selftest-patched-tdx_host_$name.tap"
	done
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
		"refused: the TD's measurement is right"
	not_ok selftest-plain-tdx_host_tool 'once, during a build' 'it waits'
	# They fail for that reason, and not because nothing works.
	grep '^ok [0-9]* zeroes are refused' "$logs/selftest-plain-tdx_host_sysfs.tap"
	grep '^ok [0-9]* bad image: install' "$logs/selftest-plain-tdx_host_tool.tap"
}

# No lock, no pauses, no word from the kernel's log, half an upload left behind, signals that end it
# although they were ignored, no look at what became of the output, and a P-SEAMLDR that has to
# answer though TDX is lost.
bugs_found() {
	local commit
	commit=$(planted tools/arch/x86/tdx_update/tdx_update.c 's/flock\(fd, LOCK_EX \| LOCK_NB\)/0/
		s/stopped\(pause\)/stopped(0)/;s/return text;$/return "nothing";/;/"loading", "-1"/d
		s/errx\(EXIT_LOST,$/errx(EXIT_FAILED,/;s/ && old.sa_handler != SIG_IGN//
		s/fflush\(stdout\) \|\| ferror\(stdout\)/0/;s/if \(host->state == LOST\)$/if (0)/')
	"$top/scripts/build/initrd" "$commit" bugs
	fails "$top/scripts/boot/selftest" -i "$out/initrd-bugs"
	not_ok selftest-patched-tdx_host_tool 'another one is named' 'a timeout: number of attempts' \
		'once: what the module says' 'the new module does not come up' 'SIGHUP that was ignored before' \
		'status that cannot be written' 'TDX is lost, and the P-SEAMLDR does not answer'
}

skips() {
	fails "$top/scripts/boot/selftest" -f ''
	grep '^1..0 # SKIP needs a TDX host' "$logs/selftest-patched-tdx_host_sysfs.tap"
	[ "$(grep -c '^exit code of .*: 4$' "$logs/selftest-patched.log")" = 2 ]
}

check "the kselftest passes" passes
check "planted: no series" plain_fails
check "planted: a tool with eight bugs" bugs_found
check "without TDX it says why it skips" skips
