# SPDX-License-Identifier: GPL-2.0
# The KUnit suites pass with the series, and the central cases need it.

suites_pass() {
	local console=$logs/kunit-patched.console suite
	"$top/scripts/boot/kunit" patched
	while read -r suite; do
		grep -E "^ok [0-9]+ $suite\$" "$console"
	done < <(kgit show series:arch/x86/virt/vmx/tdx/tests/Makefile | grep -oE '[a-z_]+_kunit\.o' |
		sed 's/_kunit.*//; /^tdx$/d')
	absent -nE '^ *not ok |# SKIP' "$console"
	grep 'Testing complete. Ran \([0-9]*\) tests: passed: \1$' "$logs/kunit-patched.log"
	grep -E '# updates_race_builds: updates: [1-9][0-9]* accepted, [1-9][0-9]* refused; the module was lost 0 times' "$console"
}

vectors() {
	files series "$tmp/vectors" tools/testing/fake_seam
	"$tmp/vectors/tools/testing/fake_seam/mrtd_vectors.py" | diff - <(kgit show series:arch/x86/virt/vmx/tdx/tests/mrtd_vectors.h)
}

plain_fails() {
	local case console=$logs/kunit-plain.console
	fails "$top/scripts/boot/kunit" plain --kernel_args tdx_race_kunit.rounds=150
	# The flag, the refusal and the count; what userspace sees of them is the kselftest's.
	because "$console" flag_follows_the_running_module 'shutdown_rcx\(test\) == 1 '
	because "$console" unreadable_field_is_an_error 'module_shutdown\(\) == 0 '
	because "$console" '65535 builds' 'tdx_kunit_log_count\(mark, line\) == 0 '
	because "$console" refusal_ends_the_update 'canned_update\(\) == -5 '
	because "$console" counts_from_init_to_finalize 'canned_update\(\) == 0 '
	because "$console" 'module without bit 47' 'canned_update\(\) == 0 '
	for case in 'the module counts' 'the module does not count'; do
		because "$console" "$case" 'tdx_kunit_install\(test, &tdx_kunit_next_module\) == 0 '
		grep 'tdx_kunit_td_is(ftd, .*) to be true, but is false' "$tmp/since"
	done
	because "$console" '1 and 0' 'is_taken\(test, image, size\) == 1 '
	because "$console" update_with_a_cpu_offline_is_not_begun 'tdx_kunit_install\(test, &tdx_kunit_next_module\) == -19 '
	because "$console" cpu_that_is_missing_since_then_is_missed 'kthread_stop_put\(task\) == -19 '
	for case in 'modules that count' 'modules that do not count'; do
		because "$console" "$case" 'updates: [1-9][0-9]* accepted, 0 refused; the module was lost 0 times'
		grep 'TDs: .*, [1-9][0-9]* with a wrong MRTD' "$tmp/since"
	done
	# They fail for that reason, and not because nothing works.
	for case in other_status_is_an_error_that_prints_once step_fails image_that_the_loader_refuses \
		    fake_seamldr fake_module fake_td fake_mem; do
		grep -E "^ *ok [0-9]+ $case\$" "$console"
	done
}

check "the suites pass" suites_pass
check "the expected measurements are those that mrtd_vectors.py makes" vectors
check "planted: no series, and the central cases fail for that reason" plain_fails
