# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# What the guest's tasks share: uploads, TDs, and the kernel's log.

seam=/sys/kernel/debug/fake_seam
fw=/sys/class/firmware/tdx_module
dev=/sys/devices/faux/tdx_host

# upload IMAGE: prints what became of it: "accepted" or the error string.
upload() {
	echo 1 >$fw/loading
	cat "$1" >$fw/data
	echo 0 >$fw/loading
	while [ "$(cat $fw/status)" != idle ]; do
		usleep 5000
	done
	result=$(cat $fw/error)
	echo "${result:-accepted}"
}

version() {
	cat $dev/version 2>/dev/null || echo lost
}

# td_create NAME: a TD with its VCPU.
td_create() {
	echo "$1" >$seam/create && echo 1 >"$seam/td/$1/vcpu"
}

# td_add NAME PAGE...: page number N of /pages goes to GPA N * 4096.
td_add() {
	td=$1
	shift
	for page; do
		dd if=/pages of="$seam/td/$td/memory" bs=4096 count=1 \
			skip="$page" seek="$page" conv=notrunc 2>/dev/null || return
	done
}

td_finalize() {
	echo 1 >"$seam/td/$1/finalize"
}

td_mrtd() {
	cat "$seam/td/$1/mrtd"
}

td_destroy() {
	echo "$1" >$seam/destroy
}

# calls: how many SEAMCALLs the kernel has made; "calls LEAF" counts one leaf.
calls() {
	awk -v leaf="${1:-all}" '($1 "") == (leaf "") { n = $2 } END { print n + 0 }' $seam/calls
}

# log_mark, log_since: the kernel's messages since the mark.
log_mark() {
	dmesg | wc -l >/tmp/mark
}

log_since() {
	dmesg | tail -n +$(($(cat /tmp/mark) + 1))
}

# warnings: how many complaints of the kernel's there are, KVM's included.
warnings() {
	dmesg | grep -c -e WARNING -e BUG: -e Oops -e 'stack trace' -e 'SEAMCALL .* failed' \
		-e 'TDH_.*failed'
}
