# SPDX-License-Identifier: GPL-2.0
# The kernel's own test of firmware uploads: each fault that the series repairs fails its case on the base.

# run NAME COMMIT: the test as the series has it, on the kernel of that commit.
run() {
	local root=$tmp/root
	"$top/scripts/build/kernel" "firmware-$1" "$2" host firmware
	"$top/scripts/build/initrd"
	rm -rf "$root"
	files series "$root" tools/testing/selftests/{firmware,kselftest}
	mv "$root/tools/testing/selftests" "$root"
	# It is a script for bash and the usual programs: busybox does not have all of their options.
	mkdir "$root/bin"
	command -v bash mktemp sleep zgrep taskset chrt | xargs cp -t "$root/bin"
	ldd "$root"/bin/{bash,mktemp,sleep,taskset,chrt} | grep -oE '/[^ ]+\.so[^ ]*' | sort -u >"$tmp/libraries"
	xargs cp --parents -t "$root" <"$tmp/libraries"
	{ cat "$out/initrd"; archive "$root"; } >"$tmp/initrd"
	"$top/scripts/boot/emulate" -i "$tmp/initrd" "firmware-$1" firmware "$logs/firmware-$1.log"
}

passes() {
	local log=$logs/firmware-series.log
	run series series
	absent -E '^not ok|# SKIP' "$log"
	grep '^ok [0-9]* test_' "$log"
	grep '^exit: 0$' "$log"
	# Some allocations of an upload were made to fail.
	grep '^[1-9][0-9]* allocations have failed$' "$log"
	absent 'dmesg: .*\(WARNING:\|BUG:\|Oops\)' "$log"
}

base_fails() {
	local log=$logs/firmware-base.log
	run base base
	because "$log" test_holes 'data that was never written is not zero'
	because "$log" test_no_memory 'no upload any more after allocation [0-9]* has failed'
	because "$log" test_next_upload 'an upload with data was not started'
	because "$log" test_not_started 'an upload was ended that was not started'
	because "$log" test_nothing 'Expected receiving:invalid-file-size, Actual $'
	because "$log" test_offset_too_big 'data at offset 2147483647: Expected File too large'
	grep 'dmesg: .*BUG: unable to handle page fault' "$log"
	grep 'dmesg: .* Comm: dd ' "$log"
	# They fail for that reason, and not because nothing works.
	grep '^ok [0-9]* test_error_handling' "$log"
	grep '^ok [0-9]* test_uploads' "$log"
}

# One byte too many is 2 GB of memory, which the guest does not have.
limit_found() {
	fails run limit "$(planted drivers/base/firmware_loader/sysfs.c 's/offset \+ count > INT_MAX\)/offset + count > INT_MAX + 1UL)/')"
	grep '^ok [0-9]* test_nothing' "$logs/firmware-limit.log"
	absent '^ok [0-9]* test_offset_too_big' "$logs/firmware-limit.log"
}

check "the test passes" passes
check "planted: no series, and each case fails for its reason" base_fails
check "planted: a limit that is off by one" limit_found
