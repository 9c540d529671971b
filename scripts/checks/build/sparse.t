# SPDX-License-Identifier: GPL-2.0
# sparse has nothing to say about the directories that the series touches.

"$top/scripts/build/program" sparse >>"$full"

# sparse NAME COMMIT OBJECT...: builds them, with sparse on each; what it says is in build-NAME.log.
sparse() {
	[ -e "$logs/build-$1.log" ] || rm -f "$out/obj-$1/.done"
	"$top/scripts/build/kernel" -f "C=2 CHECK=$top/build/sparse/sparse" -t "${*:3}" "$1" "$2" host guest tests
	absent 'sparse is not available' "$logs/build-$1.log"
}

nothing_said() {
	local log=$logs/build-sparse.log file
	sparse sparse series arch/x86/virt/vmx/tdx/ arch/x86/coco/tdx/ arch/x86/kvm/vmx/tdx.o arch/x86/kvm/x86.o \
		drivers/virt/coco/tdx-host/ drivers/base/firmware_loader/
	for file in $(touched '*.c'); do
		# Not the kernel's, or included by tdx.c.
		case $file in tools/*|*tdx_global_metadata.c) continue ;; esac
		grep -q "CHECK .*$file" "$log" || die "sparse did not look at $file"
	done
	absent -E '(warning|error):' "$log"
	echo "$(grep -c '^  CHECK' "$log") files"
}

planted_cast() {
	local line='int *sparse_must_complain(void __user *p)'
	sparse sparse-planted "$(planted drivers/virt/coco/tdx-host/tdx-host.c "\$a $line;\n$line { return (int *)p; }")" \
		drivers/virt/coco/tdx-host/
	grep 'cast removes address space' "$logs/build-sparse-planted.log"
}

check "sparse has nothing to say" nothing_said
check "planted: a cast that loses __user is found" planted_cast
