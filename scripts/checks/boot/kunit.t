# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The KUnit suites pass with the series, and the central cases need it.

needs check

suites() {
	local console=$logs/kunit-patched.console suite
	"$top/scripts/boot/kunit" patched
	for suite in $(kgit show series:arch/x86/virt/vmx/tdx/tests/Makefile | grep -oE '[a-z_]+_kunit\.o' | grep -v '^tdx_kunit'); do
		grep -E "^ok [0-9]+ ${suite%_kunit.o}\$" "$console"
	done
	absent -nE '^ *not ok |# SKIP' "$console"
	grep 'Testing complete. Ran \([0-9]*\) tests: passed: \1$' "$logs/kunit-patched.log"
	# The race has raced.
	grep -E '# updates_race_builds: updates: [1-9][0-9]* accepted, [1-9][0-9]* refused; the module was lost 0 times' "$console"
}

# The suites' own configuration asks for nothing that the kernel which boots has not.
own_configuration() {
	local symbol
	kgit show series:arch/x86/virt/vmx/tdx/tests/.kunitconfig | sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=.*/\1/p' |
		grep -v CMDLINE >"$tmp/wanted"
	[ "$(wc -l <"$tmp/wanted")" -gt 20 ]
	while read -r symbol; do
		grep -q "^$symbol=" "$out/obj-patched/.config" || die "the kernel that boots has no $symbol"
	done <"$tmp/wanted"
}

# The measurements to compare with are what their program makes.
vectors() {
	files series "$tmp/vectors" tools/testing/fake_seam
	"$tmp/vectors/tools/testing/fake_seam/mrtd_vectors.py" | diff - <(kgit show series:arch/x86/virt/vmx/tdx/tests/mrtd_vectors.h)
}

# because CASE REASON: on the plain kernel, this case fails, and says so since the one before it.
because() {
	awk -v wanted="$1" '
		/^ *(not )?ok [0-9]+ / {
			failed = /^ *not ok/
			name = $0
			sub(/^ *(not )?ok [0-9]+ /, "", name)
			if (failed && name == wanted) {
				printf "%s", since
				found = 1
			}
			since = ""
			next
		}
		{ since = since $0 "\n" }
		END { exit !found }' "$logs/kunit-plain.console" >"$tmp/since" ||
		die "passes on the plain kernel: $1"
	grep -E "$2" "$tmp/since" || { cat "$tmp/since"; die "$1 does not fail because of: $2"; }
}

plain_fails() {
	local case
	fails "$top/scripts/boot/kunit" plain --kernel_args tdx_race_kunit.rounds=150
	# The flag, the refusal, the count, and what userspace sees of it.
	because flag_follows_the_running_module 'shutdown_rcx\(test\) == 1 '
	because features_unreadable 'module_shutdown\(\) == 0 '
	because '65535 builds' 'tdx_kunit_log_count\(mark, line\) == 0 '
	because refusal_ends_the_update 'canned_update\(\) == -5 '
	because counts_until_vpflushdone_without_finalize 'canned_update\(\) == 0 '
	because 'module without bit 47' 'canned_update\(\) == 0 '
	because num_td_builds_is_for_everybody 'num_td_builds"\) == -2 '
	because refusal_by_the_kernel_reads_device_busy 'want == "transferring:device-busy'
	because refused_from_init_to_finalize 'tdx_kunit_install\(test, &tdx_kunit_module\) == 0 '
	because measurement_is_right_without_the_feature 'tdx_kunit_td_is_right\(ftd, 1\) to be true, but is false'
	because 'payload changed on its way' 'is_taken\(test, image, size\) == 1 '
	because empty_upload_is_an_error 'want == "receiving:invalid-file-size'
	for case in 'modules that count' 'modules that do not count'; do
		because "$case" 'updates: [1-9][0-9]* accepted, 0 refused; the module was lost 0 times'
		grep 'TDs: .*, [1-9][0-9]* with a wrong MRTD' "$tmp/since"
	done
	# They fail for that reason, and not because nothing works.
	for case in flag_is_left_out_for_all_but_bit_47 other_status_is_an_error_that_prints_once \
		    failures_read_firmware_invalid step_fails good_image_is_installed; do
		grep -E "^ *ok [0-9]+ $case\$" "$logs/kunit-plain.console"
	done
	for case in fake_seamldr fake_module fake_td fake_mem; do
		grep -E "^ok [0-9]+ $case\$" "$logs/kunit-plain.console"
	done
}

check "the suites pass" suites
check "their own configuration is there, too" own_configuration
check "the expected measurements are those that mrtd_vectors.py makes" vectors
check "planted: no series, and the central cases fail for that reason" plain_fails
