# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016
# As Debian builds it: no new warning, modules that link, and no more bytes than are allowed.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check

# faulty TEXT FILE EXPRESSION: it says TEXT of that fault.
faulty() {
	fails "$top/scripts/build/debian" "$(planted "$2" "$3")" 2>&1 | tee "$tmp/said"
	grep "$1" "$tmp/said"
}

check "it warns no more than the base, links, and is as small as it must be" "$top/scripts/build/debian"
check "planted: a symbol that is not exported" faulty 'tdx_get_sysinfo.* undefined' \
	arch/x86/virt/vmx/tdx/tdx.c '/^EXPORT_SYMBOL_FOR_MODULES\(tdx_get_sysinfo,/d'
check "planted: a warning" faulty 'new warnings: .*tdx_must_warn' drivers/virt/coco/tdx-host/tdx-host.c \
	'$a static void tdx_must_warn(void) { }'
check "planted: a kilobyte" faulty 'bytes of functions and variables more' arch/x86/virt/vmx/tdx/seamldr.c \
	'$a char tdx_planted[1024] = "x";'
