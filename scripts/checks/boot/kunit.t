# SPDX-License-Identifier: GPL-2.0
# The KUnit suites pass with the series, and the central cases need it.

suites_pass() {
	local console=$logs/kunit-patched.console suite
	"$top/scripts/boot/kunit" patched
	for suite in $(suites); do
		grep -E "^ok [0-9]+ $suite\$" "$console"
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

# What of the series each needs is what the mutants show, one at a time.
plain_fails() {
	local case
	fails "$top/scripts/boot/kunit" plain --kernel_args tdx_race_kunit.rounds=150
	# The flag, the refusal, the count, what userspace sees of it; and what the threads loader and firmware mend.
	while read -r case; do
		grep -E "^ *not ok [0-9]+ $case\$" "$logs/kunit-plain.console" || die "passes on the plain kernel: $case"
	done <<-'EOT'
		flag_follows_the_running_module
		features_unreadable
		65535 builds
		refusal_ends_the_update
		counts_until_vpflushdone_without_finalize
		module without bit 47
		num_td_builds_is_for_everybody
		refusal_by_the_kernel_reads_device_busy
		refused_from_init_to_finalize
		measurement_is_right_without_the_feature
		payload changed on its way
		empty_upload_is_an_error
		modules that count
		modules that do not count
	EOT
	# With modules that count builds, and with modules that do not.
	[ "$(grep -c '# updates_race_builds: TDs: .*, [1-9][0-9]* with a wrong MRTD' "$logs/kunit-plain.console")" = 2 ]
	# They fail for that, and not because nothing works.
	for case in flag_is_left_out_for_all_but_bit_47 other_status_is_an_error_that_prints_once \
		    failures_read_firmware_invalid step_fails good_image_is_installed; do
		grep -E "^ *ok [0-9]+ $case\$" "$logs/kunit-plain.console"
	done
	grep -E '^ok [0-9]+ fake_seam$' "$logs/kunit-plain.console"
}

check "the suites pass" suites_pass
check "their own configuration is there, too" own_configuration
check "the expected measurements are those that mrtd_vectors.py makes" vectors
check "planted: no series, and the central cases fail" plain_fails
