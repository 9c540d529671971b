# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The tool beside a TD that KVM builds, and the builder of TDs where KVM has none.

needs check bochs

tool_waits() {
	local log=$logs/kvm-tool.log
	"$top/scripts/boot/emulate" -b -a kvm_intel.tdx=1 patched kvm-tool "$log"
	grep '^waiting; TD builds in progress: 1' "$log"
	grep '^done: module 1.5.07 runs now' "$log"
	grep '^ok [0-9]* mrtd' "$log"
	grep '^exit: 0$' "$log"
	grep '^version: 1.5.07$' "$log"
	grep '^warnings: 0$' "$log"
}

# skips REASON OPTION...
skips() {
	local log=$logs/kvm-skip.log
	"$top/scripts/boot/emulate" "${@:2}" patched kvm-skip "$log"
	grep "^1\.\.0 # SKIP $1" "$log"
	grep '^exit: 4$' "$log"
}

check "tdx_update waits for a TD of KVM's, and then installs" tool_waits
check "without VMX it says why it skips" skips '.*kvm' -c 1
check "with TDX off in KVM, too" skips 'KVM has no TDs here' -b
