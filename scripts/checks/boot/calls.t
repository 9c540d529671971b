# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# An update takes one SEAMCALL more than without the series, and a refusal none.

needs check

counts() {
	"$top/scripts/boot/bench" -q "$@"
}

# faulty TEXT FILE EXPRESSION: it says TEXT of a kernel with that fault.
faulty() {
	"$top/scripts/build/kernel" calls "$(planted "$2" "$3")" host guest tests
	refused "$1" "$top/scripts/boot/bench" -q -k calls 2
}

check "on one CPU and on four" counts 1 4
check "planted: one SEAMCALL too many" faulty 'one more is allowed' arch/x86/virt/vmx/tdx/tdx.c \
	's/^\tret = get_tdx_sys_info_handoff\(&handoff\);/&\n&/'
check "planted: a refusal that makes SEAMCALLs" faulty 'SEAMCALLs: none is allowed' arch/x86/virt/vmx/tdx/tdx.c \
	's/^\tint nr = tdx_get_nr_td_builds\(\);/\tstruct tdx_sys_info_handoff h;\n\tint nr = get_tdx_sys_info_handoff(\&h) ? 0 : tdx_get_nr_td_builds();/'
check "planted: a refusal that says something else" faulty "refused is 'transferring:firmware-invalid'" \
	drivers/virt/coco/tdx-host/tdx-host.c 's/FW_UPLOAD_ERR_BUSY/FW_UPLOAD_ERR_FW_INVALID/'
