# SPDX-License-Identifier: GPL-2.0
# What the series touches builds with everything on that allmodconfig has, and the compiler does not warn.

needs allmod

build() {
	"$top/scripts/build/kernel" -t "arch/x86/virt/vmx/tdx/ arch/x86/coco/tdx/ arch/x86/kvm/vmx/tdx.o
		drivers/virt/coco/tdx-host/ drivers/base/firmware_loader/" allmod "$1" allmodconfig allmod tests
}

builds() {
	build series
	grep 'CC.* drivers/virt/coco/tdx-host/tdx-host.o' "$logs/build-allmod.log"
	absent -i 'warning: ' "$logs/build-allmod.log"
}

warning() {
	fails build "$(planted drivers/virt/coco/tdx-host/tdx-host.c '$a static void tdx_must_warn(void) { }')"
	grep 'error: .*tdx_must_warn' "$logs/build-allmod.log"
}

check "it builds without a warning" builds
check "planted: a warning" warning
