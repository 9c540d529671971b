# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The KUnit suites pass with the series, and the central cases need it.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check

suites() {
	local console=$logs/kunit-patched.console suite
	"$top/scripts/boot/kunit" patched
	for suite in $(kgit show series:arch/x86/virt/vmx/tdx/tests/Makefile | sed -n 's/.*+= \([a-z_]*\)_kunit\.o.*/\1/p'); do
		grep -E "^ok [0-9]+ $suite$" "$console"
	done
	absent -nE '^ *not ok |# SKIP' "$console"
	grep 'Testing complete. Ran \([0-9]*\) tests: passed: \1$' "$logs/kunit-patched.log"
	# The race has raced.
	grep -E '# updates_race_builds: updates: [1-9][0-9]* accepted, [1-9][0-9]* refused; the module was lost 0 times' "$console"
}

# The suites' own configuration, as kunit.py takes it, asks for nothing that cannot be had.
own_configuration() {
	files series "$tmp/tests" arch/x86/virt/vmx/tdx/tests/.kunitconfig
	sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=.*/\1/p' "$tmp/tests/arch/x86/virt/vmx/tdx/tests/.kunitconfig" >"$tmp/wanted"
	[ "$(wc -l <"$tmp/wanted")" -gt 20 ]
	grep -vFxf "$tmp/wanted" <(sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=.*/\1/p' "$out/obj-patched/.config") >"$tmp/more" || true
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
	fails "$top/scripts/boot/kunit" plain
	because 'bit 47' 'tdx_kunit_shutdown_rcx\(test\) == 1 '
	because 'those before 1.5.24 and bit 47' 'tdx_kunit_shutdown_rcx\(test\) == 1 '
	because '0x1000, flag' 'tdx_kunit_shutdown_rcx\(test\) == 4096 '
	because features_are_read_each_time 'tdx_kunit_shutdown_rcx\(test\) == 1 '
	because 'UPDATE_COMPATIBILITY_SENSITIVE, upper half of the details' 'update\(test\) == -5 '
	because '65535 builds' 'tdx_kunit_log_count\(mark, line\) == 0 '
	because refused_while_tds_are_built 'update\(test\) == 0 '
	because refused_from_init_to_finalize 'tdx_kunit_install\(test, &tdx_kunit_module\) == 0 '
	because refusal_reads_device_busy 'want == "transferring:device-busy'
	because 'payload changed on its way' 'is_taken\(test, image, size\) == 1 '
	because empty_upload_is_an_error 'want == "receiving:invalid-file-size'
	grep '# updates_race_builds: TDs: .*, [1-9][0-9]* with a wrong MRTD$' "$logs/kunit-plain.console"
	grep '# updates_race_builds: updates: [1-9][0-9]* accepted, 0 refused' "$logs/kunit-plain.console"
	# They fail for that reason, and not because nothing works.
	for case in 'SYS_BUSY, bare' 'OPERAND_INVALID, operand RCX' 'bit 46' '0x1000, no flag' \
		    'SEAMLDR.INSTALL on CPU 3: status' good_image_is_installed 'version 0x100'; do
		grep -E "^ *ok [0-9]+ $case$" "$logs/kunit-plain.console"
	done
	grep -E '^ok [0-9]+ fake_seam$' "$logs/kunit-plain.console"
}

check "the suites pass" suites
check "their own configuration is there, too" own_configuration
check "the expected measurements are those that mrtd_vectors.py makes" vectors
check "planted: no series, and the central cases fail for that reason" plain_fails
