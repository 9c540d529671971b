# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A configuration of the user's own is taken as it is, and another one after it.

needs check
unchanging

taken() {
	local c
	"$top/scripts/build/kernel" patched
	cp "$out/obj-patched/.config" "$tmp/with"
	sed -e 's/^CONFIG_TDX_FAKE_SEAM=y/# CONFIG_TDX_FAKE_SEAM is not set/' -e '/^CONFIG_TDX_FAKE_SEAM_MODEL=/d' -e '/^CONFIG_.*_KUNIT_TEST=/d' \
		"$tmp/with" >"$tmp/without"
	absent '^CONFIG_TDX_FAKE_SEAM=y' "$tmp/without"
	for c in with without; do
		"$top/scripts/build/kernel" -s patched -t arch/x86/virt/vmx/tdx/ user series "$tmp/$c"
		# What depends on the option that is gone may go as well.
		grep TDX "$tmp/$c" >"$tmp/wanted"
		grep TDX "$out/obj-user/.config" | diff "$tmp/wanted" -
	done
}

missing() {
	refused 'cannot be read' "$top/scripts/build/kernel" user series "$tmp/none"
}

lost() {
	refused 'configuration lost CONFIG_INTEL_TDX_GUEST' "$top/scripts/build/kernel" -s patched lost series i386 guest
}

check "own configurations are taken, one after the other" taken
check "one that is not there is refused" missing
check "planted: an option that does not survive is named" lost
