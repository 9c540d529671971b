# SPDX-License-Identifier: GPL-2.0
# Every commit builds by gcc, and the series by clang, and no file warns more than it does in the base.  sparse has nothing
# to say about the directories that the series touches.

needs bisect

# faulty ROW FAULT FILE EXPRESSION: not noticed is a failure.
faulty() {
	fails "$top/scripts/build/commits" -p "$(planted "$3" "$4")" "$1" 2>&1 | grep "commit [0-9]*, Planted, $2 ($1)"
}

# Each file has been built there, so sparse has looked at it.
sparse() {
	local file
	# The warning that is planted below takes the objects away.
	[ -e "$out/obj-commits-sparse" ] || rm -f "$out"/commits/sparse.*
	"$top/scripts/build/commits" sparse
	for file in $(touched 'arch/*.c' 'drivers/*.c' ':!*_metadata.c'); do
		[ -e "$out/obj-commits-sparse/${file%c}o" ] || die "sparse did not look at $file"
	done
}

check "every commit builds, and warns no more than the base" "$top/scripts/build/commits"
check "planted: a new warning" faulty off "has new warnings" drivers/base/firmware_loader/sysfs_upload.c \
	'$a static void tdx_must_warn(void) { }'
check "planted: a commit that does not build" faulty i386 "does not build" drivers/base/firmware_loader/sysfs_upload.c \
	'$a int tdx_must_fail(void) { return nothing; }'
check "planted: what only clang finds" faulty clang "does not build" arch/x86/virt/vmx/tdx/seamldr.c \
	'$a #ifdef __clang__\n#error planted\n#endif'
check "sparse has nothing to say" sparse
check "planted: a cast that loses __user is found" faulty sparse "has new warnings" drivers/virt/coco/tdx-host/tdx-host.c \
	'$a int *sparse_must_complain(void __user *p);\nint *sparse_must_complain(void __user *p) { return (int *)p; }'
