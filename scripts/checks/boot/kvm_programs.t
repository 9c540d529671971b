# SPDX-License-Identifier: GPL-2.0
# The tool beside a TD that KVM builds, and the builder of TDs where KVM has none.

needs bochs

tool_waits() {
	boots kvm_tool -b -a kvm_intel.tdx=1 patched <<-'EOT'
		waiting; TD builds in progress: 1.*
		done: module 1.5.07 runs now.*
		ok [0-9]* mrtd
		exit: 0
		version: 1.5.07
		warnings: 0
	EOT
}

# skips REASON EMULATE-OPTION...
skips() {
	boots kvm_build "${@:2}" patched <<-EOT
		1\.\.0 # SKIP $1.*
		exit: 4
	EOT
}

check "tdx_update waits for a TD of KVM's, and then installs" tool_waits
check "without VMX it says why it skips" skips '.*kvm' -c 1
check "with TDX off in KVM, too" skips 'KVM has no TDs here' -b
