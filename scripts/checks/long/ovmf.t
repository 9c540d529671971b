# SPDX-License-Identifier: GPL-2.0
# A TD of QEMU's runs Debian's firmware for TDs, to its boot manager.

needs bochs

# runs KERNEL EXPRESSION
runs() {
	"$top/scripts/build/initrd"
	"$top/scripts/build/qemu"
	cat "$out/initrd" "$top/build/qemu/cpio" >"$tmp/initrd"
	boots ovmf -b -l 900 -i "$tmp/initrd" -a kvm_intel.tdx=1 "$1" <<<"$2"
}

