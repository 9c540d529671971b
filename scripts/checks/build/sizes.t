# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the series adds to kernels, in bytes.

needs check
unchanging

within_limits() {
	"$top/scripts/build/sizes"
}

# larger TEXT FAULT: it says TEXT of a series with that in it.
larger() {
	local commit
	commit=$(planted drivers/base/firmware_loader/sysfs_upload.c "\$a $2")
	fails "$top/scripts/build/sizes" "$commit" 2>&1 | tee "$tmp/said"
	rm -rf "$out"/obj-*"$commit"
	grep "$1" "$tmp/said"
}

check "no more than is allowed" within_limits
check "planted: a new symbol" larger 'symbols that are known: tdx_planted' 'char tdx_planted[8];'
check "planted: 256 bytes more" larger 'bytes more, 128 are allowed' 'asm(".skip 256");'
