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

# Of each VM, and of all of them; gone with a VMM that is killed.
debugfs_shows() {
	local log=$logs/kvm_stat.log
	"$top/scripts/boot/emulate" -b -a kvm_intel.tdx=1 patched kvm_stat "$log"
	grep -E '^(no VM|mode|created|begun|finalized|two|both|before|killed|builds): ' "$log" >"$tmp/stats"
	diff - "$tmp/stats" <<-'EOT'
		no VM: , sum 0
		mode: 444
		created: 0, sum 0
		begun: 1, sum 1
		finalized: 0, sum 0
		two: 0 1, sum 1
		both: 1 1, sum 2
		before: 1, sum 1
		killed: , sum 0
		builds: 0
	EOT
	# The kernel as it is has none.
	"$top/scripts/boot/emulate" -b -a kvm_intel.tdx=1 plain kvm_stat "$logs/kvm_stat-plain.log"
	grep '^begun: , sum $' "$logs/kvm_stat-plain.log"
}

# It is not cleared.
bad_stat() {
	local log=$logs/kvm-bad-stat.log
	"$top/scripts/build/kernel" bad-stat "$(planted arch/x86/kvm/vmx/tdx.c 's/^\tkvm->stat.td_build_in_progress = 0;$//')" host guest tests
	"$top/scripts/boot/emulate" -b -a kvm_intel.tdx=1 "$out/obj-bad-stat/arch/x86/boot/bzImage" kvm_tool "$log"
	grep '^# td_build_in_progress after finalize: 1' "$log"
	grep '^not ok [0-9]* td_build_in_progress' "$log"
}

# The other way to protect a build is no way: what KVM does when a leaf fails because of it.
incompatible() {
	boots kvm_incompatible -b -a kvm_intel.tdx=1 patched <<-'EOT'
		leaf-2: exit 1, add_measured
		leaf-16: exit 1, add_measured
		leaf-17: exit 1, finalize
		warnings: [1-9].*
	EOT
}

check "an update at each stop of a build, a race, and KVM as it is without the series" holds
check "nothing is built the second time" again
check "planted: no series, so the race goes wrong" race_on_plain
check "debugfs shows which TDs are being built" debugfs_shows
check "planted: a statistic that is not cleared" bad_stat
check "planted: a SEAMCALL that KVM does not expect to fail" bug_shows
check "a running hash that is misread, and detected, is a TD that KVM gives up with a warning" incompatible
