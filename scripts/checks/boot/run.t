# SPDX-License-Identifier: GPL-2.0
# TDs that run, under Bochs: the table of make, what TDs can do, updates meanwhile.

needs bochs

# The host finds something in registers that a TD has not passed, and KVM's statistic of builds is not cleared.
faults() {
	"$top/scripts/build/kernel" bad-run "$(planted arch/x86/virt/vmx/tdx/tests/fake_module_run.c 's/= rcx,/& .r8 = vp->gprs[R8],/' \
		arch/x86/kvm/vmx/tdx.c 's/^\tkvm->stat.td_build_in_progress = 0;$//')" host guest tests
	boots run_tds -b -a "kvm_intel.tdx=1 UPDATES=0" bad-run <<-'EOT'
		not ok [0-9]* registers
		# td_build_in_progress after finalize: 1.*
		not ok [0-9]* td_build_in_progress
		cases: 1
	EOT
}

check "TDs report themselves, do all that they can, and count while the module is updated" "$top/scripts/boot/run" 20
check "planted: registers that a TD has not passed are not 0, and a statistic that is not cleared" faults
