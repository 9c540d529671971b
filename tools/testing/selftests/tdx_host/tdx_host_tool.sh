#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# tdx_update, the tool that updates the TDX module: its exit codes, and what it leaves behind.
# On a TDX host nothing is installed, unless the environment has an image, and says so:
#
#	TDX_HOST_IMAGE=tdx_module_1.5.28.blob TDX_HOST_INSTALL=yes ./tdx_host_tool.sh
#
# With the fake SEAM (Documentation/arch/x86/tdx-fake-seam.rst) there are updates of all kinds.
# The last one loses TDX, which only a reboot brings back there, too.
DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=tools/testing/selftests/tdx_host/tdx_host_lib.sh
. "$DIR/tdx_host_lib.sh"

need_tdx
[ -e $dev/num_remaining_updates ] || skip_all "needs a module and a CPU with updates"
need_tool
ktap_print_header
# What cannot be tested here counts as one.
if have_fake; then
	ktap_set_plan 77
else
	ktap_set_plan 8
fi

# --- On any TDX host ---

ends 0 "status" status
says "status: version" "^module_version: +$(version)\$"
ends 0 "status for machines" status --json
is "status for machines: values" \
	"$(field state) $(field module_version) $(field updates_left) $(field upload_status)" \
	"ready $(version) $(updates_left) idle"
builds=$(td_builds)
is "status for machines: TD builds" "$(field td_builds)" "${builds:-null}"

if [ -n "${TDX_HOST_IMAGE:-}" ] && [ "${TDX_HOST_INSTALL:-}" = yes ]; then
	ends 0 "the image that was given: check" check "$TDX_HOST_IMAGE"
	ends 0 "the image that was given: install" install --timeout 60 "$TDX_HOST_IMAGE"
else
	skip "needs TDX_HOST_IMAGE and TDX_HOST_INSTALL=yes" \
		"the image that was given: check" "the image that was given: install"
fi

if ! have_fake; then
	skip "needs the fake SEAM" "updates"
	ktap_finished
fi

# --- With the fake SEAM ---

next=$DIR/tdx_module_1.5.07.blob
old=$DIR/tdx_module_1.5.05.blob
lost=$DIR/tdx_module_1.5.09.blob
shutdown=52

# start ARGUMENT...: tdx_update install in the background
start() {
	# Here, and not when it gets there: nobody may see what the one before has said.
	: >"$tmp/bg"
	"$tool" install --reinstall "$@" >"$tmp/bg" 2>&1 &
	pid=$!
}

# wait_for TEXT: until the one in the background says so
wait_for() {
	tries=0
	until grep -q "$1" "$tmp/bg" || [ $tries -eq 200 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done
	[ $tries -lt 200 ] || ktap_print_msg "waited for this in vain: $1"
}

ends 0 "good image: check" check "$next"
before=$(state)
td_create 7

ends 0 "status during a build" status --json
is "status during a build: TD builds" "$(field td_builds)" 1
calls=$(seamcalls $shutdown)
ends 4 "once, during a build" install --reinstall --timeout 0 "$next"
says "once: what is in the way" "TD builds in progress: 1;"
ends 4 "a timeout during a build" install --reinstall --timeout 2 "$next"
is "during a build: no attempt" "$(($(seamcalls $shutdown) - calls)) $(cat $fw/error)" "0 "
is "a timeout: nothing has changed" "$(state)" "$before"

# Two at once.
start "$next"
wait_for waiting
ends 4 "another one, not waiting" install --reinstall --timeout 0 "$next"
says "another one is named" "another tdx_update is installing"
ends 4 "another one, waiting for too short" install --reinstall --timeout 1 "$next"

# The one that waits goes on after the build.
is "it waits" "$(kill -0 $pid && state)" "$before"
is "the TD's measurement is right" "$(td_finish 7)" right
wait $pid
is "after the build: done" $? 0
is "it said what it waited for" \
	"$(grep -c '^waiting; TD builds in progress: 1; giving up in' "$tmp/bg")" 1
is "it said what it did" "$(grep -c '^done: module 1.5.07 runs now, before' "$tmp/bg")" 1
is "after the build: the new version" "$(version)" 1.5.07
td_destroy 7

# A host that begins to build a TD every 0.2 s, and is seldom without one.
(
	ended=
	trap 'ended=1' TERM
	while [ -z "$ended" ]; do
		td_create 8
		sleep 0.18
		[ "$(td_finish 8)" = right ] || echo wrong >>"$tmp/busy"
		td_destroy 8
		sleep 0.02
	done
) &
busy=$!
sleep 1
calls=$(seamcalls $shutdown)
ends 0 "TDs are built all the time" install --reinstall --timeout 60 "$next"
is "TDs are built all the time: CPUs were stopped for nothing" \
	$(($(seamcalls $shutdown) - calls - 1)) 0
kill $busy
wait $busy
is "TDs are built all the time: measurements" "$(cat "$tmp/busy" 2>/dev/null)" ""

# What only the module knows of: attempts, and never more than one a second.
echo 1 >$seam/migrations
before=$(state)
calls=$(seamcalls $shutdown)
ends 4 "once, during a migration" install --reinstall --timeout 0 "$next"
says "once: what the module says" "refused: TD migrations in progress: 1"
is "once: one attempt" $(($(seamcalls $shutdown) - calls)) 1
calls=$(seamcalls $shutdown)
ends 4 "a timeout during a migration" install --reinstall --timeout 5 "$next"
calls=$(($(seamcalls $shutdown) - calls))
matches "a timeout: number of attempts" $calls '[23]'
is "during a migration: nothing has changed" "$(state)" "$before"
start "$next"
wait_for refused
kill -TERM $pid
wait $pid
is "SIGTERM in a pause" $? 143
echo 0 >$seam/migrations

# Signals at different times. Nothing is left behind, neither an upload nor a lock.
td_create 8
start "$next"
wait_for waiting
kill -TERM $pid
wait $pid
is "SIGTERM while it waits" $? 143
# In the foreground, because a shell lets what is in the background ignore SIGINT.
if [ $((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status) >> 1 & 1)) = 0 ]; then
	# shellcheck disable=SC2016
	sh -c '(sleep 2; kill -INT $$) & exec "$0" install --reinstall --timeout 10 "$1"' \
		"$tool" "$next" >"$tmp/out" 2>&1
	is "SIGINT while it waits" $? 130
else
	skip "SIGINT is ignored here" "SIGINT while it waits"
fi
: >"$tmp/bg"
(trap '' HUP; exec "$tool" install --reinstall --timeout 3 "$next") >"$tmp/bg" 2>&1 &
pid=$!
wait_for waiting
kill -HUP $pid
wait $pid
is "SIGHUP that was ignored before, as by nohup" $? 4
is "the TD is as it was" "$(td_finish 8)" right
td_destroy 8
# It makes attempts then.
echo 1 >$seam/migrations
ended=
signal=0
for delay in 0 0.002 0.004 0.006 0.008 0.010 0.012 0.014 0.016 0.018 0.020 0.025 0.03 0.04; do
	start "$next"
	sleep $delay
	# A shell lets what is in the background ignore SIGQUIT.
	signal=$((signal == 15 ? 14 : 15))
	kill -$signal $pid
	wait $pid
	code=$?
	[ $code = $((128 + signal)) ] || ended="$ended $code"
	[ "$(cat $fw/status) $(cat $fw/loading)" = "idle 0" ] || ended="$ended in-the-middle"
done
is "SIGTERM and SIGALRM at other times" "$ended" ""
echo 0 >$seam/migrations
ends 0 "after the signals" install --reinstall --timeout 0 "$next"

# Somebody's half an upload is no obstacle, and is not used.
echo 1 >$fw/loading
head -c 5000 "$tool" >$fw/data
ends 0 "after half an upload" install --reinstall "$next"

# A module that does not count builds, which an operator who knows it lets be older
ends 3 "to an older module" install "$old"
ends 0 "to an older module, allowed" install --allow-downgrade "$old"
ends 0 "from a module that does not count builds" install "$next"
ends 0 "the version that runs" install "$next"
says "the version that runs: nothing to do" "^nothing to do: module 1.5.07 runs already"

# The output is not open, and there is no kernel log that would be opened in its place.
mv /dev/kmsg "$tmp/kmsg"
"$tool" install --reinstall "$next" <&- >&-
is "standard output is closed" $? 0
mv "$tmp/kmsg" /dev/kmsg

mount -o remount,ro /sys
ends 1 "sysfs is read-only" install --reinstall "$next"
says "sysfs is read-only: it says so" "Read-only file system: nothing has changed"
mount -o remount,rw /sys

echo "0x8000000000000000 -1 0 1000 vmfailinvalid" >$seam/inject
ends 5 "the P-SEAMLDR does not answer: status" status --json
is "the P-SEAMLDR does not answer: null" "$(field state) $(field updates_left)" "ready null"
echo clear >$seam/inject

# What is not begun
# A kernel without num_td_builds: all of its other files, in another place.
mkdir -p "$tmp/sys/devices/faux/tdx_host" "$tmp/sys/class" "$tmp/sys/devices/system"
ln -s $dev/version $dev/seamldr_version $dev/num_remaining_updates \
	"$tmp/sys/devices/faux/tdx_host"
ln -s /sys/class/firmware "$tmp/sys/class"
ln -s /sys/devices/system/cpu "$tmp/sys/devices/system"
before=$(state)
export TDX_UPDATE_SYSFS="$tmp/sys"
ends 0 "builds are not counted: status" status
says "builds are not counted: it says so" "^host: .*does not count TD builds"
ends 3 "builds are not counted" install --reinstall "$next"
says "what to do then" "use --allow-undetected"
ends 3 "builds are not counted: check" check "$next"
is "not begun: nothing has changed" "$(state)" "$before"
ends 0 "builds are not counted, allowed" install --reinstall --allow-undetected "$next"
unset TDX_UPDATE_SYSFS
left=$(cat $seam/remaining_updates)
echo 0 >$seam/remaining_updates
ends 3 "no updates left" install --reinstall "$next"
echo "$left" >$seam/remaining_updates
cpu=/sys/devices/system/cpu/cpu1/online
before=$(state)
if [ -w $cpu ] && echo 0 >$cpu; then
	ends 3 "a CPU is offline" install --reinstall "$next"
	says "a CPU is offline: what to do then" "bring all CPUs online"
	is "a CPU is offline: nothing has changed" "$(state)" "$before"
	echo 1 >$cpu
else
	skip "needs a second CPU that can go offline" "a CPU is offline" \
		"a CPU is offline: what to do then" "a CPU is offline: nothing has changed"
fi

# Failures
cp "$next" "$tmp/tdx_module_1.5.08.blob"
ends 0 "another version than expected" install "$tmp/tdx_module_1.5.08.blob"
says "another version than expected: it says so" "^done: .*warning: not as in the name"
echo "$shutdown -1 0 1 0x8000020200000000" >$seam/inject
ends 5 "the module cannot be shut down" install --reinstall "$next"
says "TDX works" "TDX works and module 1.5.07 still runs"
is "TDX works indeed" "$(version)" 1.5.07

# Every field of header and sigstruct: 0, 1, all ones, one more and one less. What check lets pass
# is installed, and works.
# poke OFFSET BYTE...: in the copy of the image, which has no checksum
poke() {
	offset=$1
	shift
	for byte; do
		# shellcheck disable=SC2059
		printf "\\$(printf %03o $((byte & 255)))"
	done | dd of="$poked" bs=1 seek="$offset" conv=notrunc 2>/dev/null
}

# peek OFFSET SIZE: the bytes of the image
peek() {
	od -An -v -tu1 -j "$1" -N "$2" "$next"
}

poked=$tmp/tdx_module_1.5.07.blob
tried='' passed='' lost_with=
try_field() {
	# shellcheck disable=SC2046
	set -- "$1" $(peek "$1" "$2")
	field=$1 low=$2
	shift 2
	for value in 0 1 255 more less; do
		cp "$next" "$poked"
		poke 2 0 0
		# Little endian: the rest of the field stays, or is 0 or all ones.
		# shellcheck disable=SC2046
		case $value in
		more)	poke "$field" $((low + 1)) "$@" ;;
		less)	poke "$field" $((low - 1)) "$@" ;;
		255)	poke "$field" 255 $(echo "$@" | sed 's/[0-9]*/255/g') ;;
		*)	poke "$field" $value $(echo "$@" | sed 's/[0-9]*/0/g') ;;
		esac
		tried=x$tried
		"$tool" check "$poked" >/dev/null || continue
		passed=x$passed
		"$tool" install --reinstall "$poked" >/dev/null 2>&1 ||
			lost_with="$lost_with $field=$value"
	done
}

# The header, but for the checksum
for f in "0 2" "4 8" "12 4" "16 4" "20 1" "4095 1"; do
	# shellcheck disable=SC2086
	try_field $f
done
# The sigstruct; and what is in its page after it, which nobody looks at
for f in "0 4" "4 4" "8 4" "12 4" "16 4" "20 4" "24 4" "28 4" "32 4" "36 4" "40 1" "127 1" "128 8" \
	 "504 8" "512 4" "516 8" "892 8" "900 48" "948 1" "949 1" "950 8" "958 4" "962 1" "963 1" \
	 "964 2" "966 2" "968 2" "970 2" "972 2" "974 2" "976 2" "978 6" "984 2" "986 2" "988 1" \
	 "989 1" "990 2" "992 4" "996 4" "1000 2" "1002 1" "1003 1" "1004 20" "1024 4" "1028 4" \
	 "2044 4" "2048 4" "4092 4"; do
	# shellcheck disable=SC2086
	set -- $f
	try_field $((4096 + $1)) "$2"
done
# The module
try_field 8192 8
try_field 16376 8
is "changed fields: number" ${#tried} 280
matches "changed fields: some values are the same as before, and pass" ${#passed} '[1-9][0-9]'
is "changed fields: what passes does not fail" "$lost_with" ""

# The last one
ends 6 "the new module does not come up" install "$lost"
says "TDX is lost" "TDX is lost, .*reboot"
ends 6 "TDX is lost: status" status --json
is "TDX is lost: state" "$(field state) $(field module_version)" "lost null"
is "TDX is lost: the number of TD builds" "$(td_builds)" 0
ends 6 "TDX is lost: install" install --reinstall "$next"
# SEAMLDR.INFO
echo "0x8000000000000000 -1 0 1000 vmfailinvalid" >$seam/inject
ends 6 "TDX is lost, and the P-SEAMLDR does not answer: status" status
ktap_finished
