# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# An update takes one SEAMCALL more than without the series, and a refusal three in all.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
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
check "planted: a refusal that says something else" faulty "refused is 'transferring:firmware-invalid'" \
	drivers/virt/coco/tdx-host/tdx-host.c 's/FW_UPLOAD_ERR_BUSY/FW_UPLOAD_ERR_FW_INVALID/'
