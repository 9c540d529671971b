# SPDX-License-Identifier: GPL-2.0
# TDs that run, under Bochs: what they report of themselves, what they can do, updates meanwhile.

needs bochs

# The host finds something in registers that a TD has not passed.
leak() {
	"$top/scripts/build/kernel" bad-run "$(planted arch/x86/virt/vmx/tdx/tests/fake_module_run.c 's/n != RSP && n != RBP/false/')" host guest tests
	boots run_tds -b -a "kvm_intel.tdx=1 UPDATES=0" bad-run <<-'EOT'
		not ok [0-9]* only_the_masked_registers
		cases: 1
	EOT
}

check "TDs report themselves, do all that they can, and count while the module is updated" "$top/scripts/boot/kvm" -r 20
check "planted: registers that a TD has not passed are not 0" leak
