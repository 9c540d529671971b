#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The TDX host's files in sysfs, /sys/devices/faux/tdx_host and /sys/class/firmware/tdx_module.
# On a TDX host, only what cannot become an update is uploaded. With the fake SEAM
# (Documentation/arch/x86/tdx-fake-seam.rst), which has no TDs to lose, there are updates, too.
DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=tools/testing/selftests/tdx_host/tdx_host_lib.sh
. "$DIR/tdx_host_lib.sh"

need_tdx
ktap_print_header
# What cannot be tested here counts as one.
if [ ! -e $dev/num_remaining_updates ]; then
	ktap_set_plan 6
elif ! have_fake; then
	ktap_set_plan 20
else
	ktap_set_plan 46
fi

mode() {
	stat -c %a "$1" 2>/dev/null || echo none
}

matches "version" "$(version)" '[0-9]+\.[0-9]+\.[0-9]{2,}'
is "version is for all" "$(mode $dev/version)" 444

if [ ! -e $dev/num_remaining_updates ]; then
	is "no updates: no seamldr_version" "$(mode $dev/seamldr_version)" none
	is "no updates: no num_td_builds" "$(mode $dev/num_td_builds)" none
	is "no updates: no upload interface" "$(mode $fw)" none
	skip "this module or CPU has none" "updates"
	ktap_finished
fi

is "num_remaining_updates is for root" "$(mode $dev/num_remaining_updates)" 400
is "seamldr_version is for root" "$(mode $dev/seamldr_version)" 400
matches "num_remaining_updates" "$(updates_left)" '[0-9]+'
matches "seamldr_version" "$(cat $dev/seamldr_version)" '[0-9]+\.[0-9]+\.[0-9]{2,}'
if [ -e $dev/num_td_builds ]; then
	is "num_td_builds is for all" "$(mode $dev/num_td_builds)" 444
	matches "num_td_builds" "$(td_builds)" '[0-9]+'
else
	skip "needs a kernel that has it" "num_td_builds is for all" "num_td_builds"
fi
is "nothing is being uploaded" "$(cat $fw/status)" idle
errors='hw-error|timeout|user-abort|device-busy|invalid-file-size|read-write-error'
matches "error has a known form" "$(cat $fw/error)" \
	"|(receiving|preparing|transferring|programming):($errors|flash-wearout|firmware-invalid)"

# Bad images. None of these was ever taken by any kernel.
bad=$(mktemp -d) || ktap_exit_fail_msg "no temporary directory"
trap 'rm -rf "$bad"' EXIT
head -c 16384 /dev/zero >"$bad/zeroes"
printf X >"$bad/byte"
# All that is wrong with this one is its signature: one page of sigstruct, two of module.
{ printf '\0\002\0\0tdx-blob\001\0\0\0\002\0\0\0'; cat "$bad/zeroes"; } |
	head -c 16384 >"$bad/signature"
: >"$bad/empty"
before=$(state)
is "zeroes are refused" "$(upload "$bad/zeroes")" transferring:firmware-invalid
is "one byte is refused" "$(upload "$bad/byte")" transferring:firmware-invalid
is "another signature is refused" "$(upload "$bad/signature")" transferring:firmware-invalid
is "nothing is refused" "$(upload "$bad/empty")" receiving:invalid-file-size
is "bad images change nothing" "$(state)" "$before"

# Uploads that are given up.
error=$(cat $fw/error)
echo 1 >$fw/loading
is "an upload has begun" "$(cat $fw/loading)" 1
cat "$bad/zeroes" >$fw/data
echo -1 >$fw/loading
is "an upload is given up" "$(cat $fw/loading) $(cat $fw/status)" "0 idle"
is "the last error remains" "$(cat $fw/error)" "$error"
echo 1 >$fw/loading
cat "$bad/zeroes" >$fw/data
is "what was left behind is not used" "$(upload "$bad/empty")" receiving:invalid-file-size

if ! have_fake; then
	skip "needs the fake SEAM" "updates"
	ktap_finished
fi

# With the fake SEAM: updates. Back to where it was at the end, except for the version.
next=$DIR/tdx_module_1.5.07.blob
old=$DIR/tdx_module_1.5.05.blob
before=$(state)
is "no TD is being built" "$(td_builds)" 0
td_create 7
is "a TD is being built" "$(td_builds)" 1
td_create 8
is "two TDs are being built" "$(td_builds)" 2
td_destroy 8
is "the other one is gone" "$(td_builds)" 1
is "a TD is being built: refused" "$(upload "$next")" transferring:device-busy
is "refused again" "$(upload "$next")" transferring:device-busy
is "refused: nothing has changed" "$(state)" "$before"
is "refused: the TD's measurement is right" "$(td_finish 7)" right
is "the build is over" "$(td_builds)" 0
left=$(updates_left)
is "the build is over: accepted" "$(upload "$next")" accepted
is "the new version" "$(version)" 1.5.07
is "one update less" "$(updates_left)" $((left - 1))
echo 1 >$seam/migrations
is "a migration is interrupted: refused" "$(upload "$next")" transferring:device-busy
echo 0 >$seam/migrations
is "nothing is refused after that" "$(upload "$bad/empty")" receiving:invalid-file-size
echo "52 -1 0 1 0x8000020200000000" >$seam/inject
is "the module cannot be shut down" "$(upload "$next")" transferring:firmware-invalid
echo "0x8000000000000000 -1 0 1000 vmfailinvalid" >$seam/inject
is "the P-SEAMLDR does not answer" \
	"$(cat $dev/seamldr_version $dev/num_remaining_updates 2>/dev/null || echo error)" error
echo clear >$seam/inject
td_create 8
td_destroy 8
is "a TD is gone in the middle of its build: accepted" "$(upload "$next")" accepted
# That one cannot refuse, and the kernel can.
is "to a module that does not count builds: accepted" "$(upload "$old")" accepted
is "a module that does not count builds" "$(version) $(td_builds)" "1.5.05 0"
td_create 9
is "a TD is being built, the module does not count: refused" "$(upload "$next")" \
	transferring:device-busy
is "the module does not count: the TD's measurement is right" "$(td_finish 9)" right
is "the module does not count, the build is over: accepted" "$(upload "$next")" accepted
cpu=/sys/devices/system/cpu/cpu1/online
before=$(state)
if [ -w $cpu ] && echo 0 >$cpu; then
	is "a CPU is offline: refused" "$(upload "$next")" transferring:device-busy
	is "a CPU is offline: nothing has changed" "$(state)" "$before"
	echo 1 >$cpu
	is "all CPUs are online: accepted" "$(upload "$next")" accepted
else
	skip "needs a second CPU that can go offline" "a CPU is offline: refused" \
		"a CPU is offline: nothing has changed" "all CPUs are online: accepted"
fi
td_destroy 9
is "a module that counts again" "$(version) $(td_builds)" "1.5.07 0"
td_destroy 7
is "the interface is idle" "$(cat $fw/status) $(cat $fw/error)" "idle "
ktap_finished
