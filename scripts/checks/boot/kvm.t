# SPDX-License-Identifier: GPL-2.0
# TDs that KVM builds, under Bochs: the comparison of both kernels, a race, and SEAMCALLs that fail.

needs bochs

race_on_plain() {
	boots kvm_race -b -c 2 -a "kvm_intel.tdx=1 TDS=40 SEED=1" plain <<-'EOT'
		wrong: [1-9].*
		failed: 0
		refused: 0
		exit: 1
	EOT
}

# A SEAMCALL that KVM does not expect to fail shows in the log, and so does what depends on it.  And the other way to
# protect a build is no way: what KVM does when a leaf fails because of it.
failures() {
	boots kvm_failures -b -a kvm_intel.tdx=1 patched <<-'EOT'
		leaf 43: exit 1, add_measured, [1-9] warnings
		leaf 2: exit 1, add_measured, [1-9] warnings
		leaf 16: exit 1, add_measured, [1-9] warnings
		leaf 17: exit 1, finalize, [1-9] warnings
	EOT
}

# skips REASON EMULATE-OPTION...
skips() { boots kvm_build "${@:2}" patched <<<"1\.\.0 # SKIP $1.*"$'\nexit: 4'; }

check "KVM is as it is without the series, and a race" "$top/scripts/boot/kvm" 40
check "nothing is built the second time" again
check "planted: no series, so the race goes wrong" race_on_plain
check "without VMX the builder of TDs says why it skips" skips '.*kvm' -c 1
check "with TDX off in KVM, too" skips 'KVM has no TDs here' -b
check "planted: a SEAMCALL that fails, and a running hash that is misread, and detected, give a warning and no TD" failures
