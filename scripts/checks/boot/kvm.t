# SPDX-License-Identifier: GPL-2.0
# TDs that KVM builds, under Bochs: the table of make, the comparison of both kernels, a race.

needs bochs

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
	boots kvm_race -b -c 2 -a "kvm_intel.tdx=1 TDS=40 SEED=1" plain <<-'EOT'
		wrong: [1-9].*
		failed: 0
		refused: 0
		exit: 1
	EOT
}

# A SEAMCALL that KVM does not expect to fail shows in the log, and so does what depends on it.
bug_shows() {
	boots kvm_bug -b -a kvm_intel.tdx=1 patched <<-'EOT'
		warnings: [1-9].*
		not ok [0-9]* add_measured.*
		exit: 1
	EOT
}

check "an update at each stop of a build, a race, and KVM as it is without the series" holds
check "nothing is built the second time" again
check "planted: no series, so the race goes wrong" race_on_plain
check "planted: a SEAMCALL that KVM does not expect to fail" bug_shows
