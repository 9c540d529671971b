# SPDX-License-Identifier: GPL-2.0
# Every commit builds by gcc, and the series by clang, and no file warns more than it does in the base.

needs bisect

# faulty ROW FAULT FILE EXPRESSION: not noticed is a failure.
faulty() {
	fails "$top/scripts/build/commits" -p "$(planted "$3" "$4")" "$1" 2>&1 | grep "commit [0-9]*, Planted, $2 ($1)"
}

check "every commit builds, and warns no more than the base" "$top/scripts/build/commits"
check "planted: a new warning" faulty off "has new warnings" drivers/base/firmware_loader/sysfs_upload.c \
	'$a static void tdx_must_warn(void) { }'
check "planted: a commit that does not build" faulty i386 "does not build" drivers/base/firmware_loader/sysfs_upload.c \
	'$a int tdx_must_fail(void) { return nothing; }'
check "planted: what only clang finds" faulty clang "does not build" arch/x86/virt/vmx/tdx/seamldr.c \
	'$a #ifdef __clang__\n#error planted\n#endif'
