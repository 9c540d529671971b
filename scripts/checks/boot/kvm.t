# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# TDs that KVM builds, under Bochs: the table of make, the comparison of both kernels, a race.

needs check bochs

holds() {
	"$top/scripts/boot/kvm" 60
}

# Nothing is built the second time.
again() {
	{
		"$top/scripts/build/kernel" plain
		"$top/scripts/build/kernel" patched
		"$top/scripts/build/initrd"
		"$top/scripts/build/bochs"
	} >"$tmp/again"
	absent . "$tmp/again"
}

# The race can fail: on the kernel as it is, nothing is refused and TDs come out wrong.
race_on_plain() {
	local log=$logs/kvm-race-plain.log
	"$top/scripts/boot/emulate" -b -c 2 -a "kvm_intel.tdx=1 TDS=40 SEED=1" plain kvm-race "$log"
	grep '^wrong: [1-9]' "$log"
	grep '^failed: 0$' "$log"
	grep '^refused: 0$' "$log"
	grep '^exit: 1$' "$log"
}

# A SEAMCALL that KVM does not expect to fail shows in the log, and so does what depends on it.
bug_shows() {
	local log=$logs/kvm-bug.log
	"$top/scripts/boot/emulate" -b -a kvm_intel.tdx=1 patched kvm-bug "$log"
	grep '^warnings: [1-9]' "$log"
	grep '^not ok [0-9]* add_measured' "$log"
	grep '^exit: 1$' "$log"
}

# The other way to protect a build is no way: what KVM does when a leaf fails because of it.
incompatible() {
	local log=$logs/kvm-incompatible.log
	"$top/scripts/boot/emulate" -b -a kvm_intel.tdx=1 patched kvm-incompatible "$log"
	grep '^leaf-2: exit 1, add_measured$' "$log"
	grep '^leaf-16: exit 1, add_measured$' "$log"
	grep '^leaf-17: exit 1, finalize$' "$log"
	grep '^warnings: [1-9]' "$log"
}

check "an update at each stop of a build, a race, and KVM as it is without the series" holds
check "nothing is built the second time" again
check "planted: no series, so the race goes wrong" race_on_plain
check "planted: a SEAMCALL that KVM does not expect to fail" bug_shows
check "a running hash that is misread, and detected, is a TD that KVM gives up with a warning" incompatible
