#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# tdx_update, the tool that updates the TDX module: its exit codes, and what it leaves behind.
# On a TDX host nothing is installed, unless the environment has an image, and says so:
#
#	TDX_HOST_IMAGE=tdx_module_1.5.07.blob TDX_HOST_INSTALL=yes ./tdx_host_tool.sh
#
# With the fake SEAM (Documentation/arch/x86/tdx-fake-seam.rst) there are updates of all kinds.
# The last one loses TDX, which only a reboot brings back there, too.
DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=tools/testing/selftests/tdx_host/tdx_host_lib.sh
. "$DIR/tdx_host_lib.sh"

tool=$DIR/tdx_update
need_tdx
[ -e $dev/num_remaining_updates ] || skip_all "needs a module and a CPU with updates"
[ -x "$tool" ] || skip_all "needs tdx_update: make"
ktap_print_header
# What cannot be tested here counts as one.
if have_fake; then
	ktap_set_plan 76
else
	ktap_set_plan 21
fi

tmp=$(mktemp -d) || ktap_exit_fail_msg "no temporary directory"
trap 'rm -rf "$tmp"' EXIT

# ends CODE NAME ARGUMENT...: tdx_update with these arguments ends with that exit code. If it is
# not 0, there is one line that says why, on standard error.
ends() {
	wanted=$1 name=$2
	shift 2
	"$tool" "$@" >"$tmp/out" 2>"$tmp/err"
	code=$?
	# "check" and "status" say it as a part of what they show.
	lines=1
	[ $code = 0 ] || [ "${1:-}" != install ] || lines=$(wc -l <"$tmp/err")
	if [ $code = "$wanted" ] && [ "$lines" = 1 ]; then
		ktap_test_pass "$name"
	else
		ktap_print_msg "wanted exit code $wanted, got $code: $*"
		sed 's/^/# /' "$tmp/out" "$tmp/err"
		ktap_test_fail "$name"
	fi
}

# says NAME EXPRESSION: the last one said so
says() {
	matches "$1" "$(cat "$tmp/out" "$tmp/err" | grep -E "$2" | head -n 1)" ".*($2).*"
}

field() {
	sed -n "s/^  \"$1\": \"\\{0,1\\}\\([^\",]*\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p" "$tmp/out"
}

# --- On any TDX host ---

ends 0 "help" --help
ends 1 "no command"
ends 1 "unknown command" nonsense
ends 1 "unknown option" status --nonsense
ends 1 "option of another command" status --timeout 3
ends 1 "bad timeout" install --timeout soon "$tool"
ends 1 "no image" check
ends 1 "image that is not there" check "$tmp/none"
ends 2 "bad image: check" check "$tool"
ends 2 "bad image: install" install "$tool"
: >"$tmp/empty"
ends 2 "empty image: install" install "$tmp/empty"
mkdir "$tmp/sys"
ends 3 "no TDX" --sysfs "$tmp/sys" status
ends 0 "status" status
says "status: version" "^TDX module: +$(version)\$"
ends 0 "status for machines" status --json
is "status for machines: values" \
	"$(field state) $(field module_version) $(field updates_left) $(field upload_status)" \
	"ready $(version) $(updates_left) idle"
builds=$(td_builds)
is "status for machines: TD builds" "$(field td_builds)" "${builds:-null}"
"$tool" status >/dev/full 2>"$tmp/out"
is "status that cannot be written" $? 5

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
	"$tool" install "$@" >"$tmp/bg" 2>&1 &
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
says "good image: its version" "^module version: +1.5.07,"
ends 0 "dry run" install --dry-run "$next"
before=$(state)
td_create a

ends 0 "status during a build" status --json
is "status during a build: TD builds" "$(field td_builds)" 1
calls=$(seamcalls $shutdown)
ends 4 "once, during a build" install --timeout 0 "$next"
says "once: what is in the way" "TD builds in progress: 1"
ends 4 "a timeout during a build" install --timeout 2 "$next"
is "during a build: no attempt" "$(($(seamcalls $shutdown) - calls)) $(cat $fw/error)" "0 "
is "a timeout: nothing has changed" "$(state)" "$before"

# Two at once.
start "$next"
wait_for waiting
ends 4 "another one, not waiting" install --no-wait --timeout 2 "$next"
says "another one is named" "another tdx_update is installing"
ends 4 "another one, waiting for too short" install --timeout 1 "$next"

# The one that waits goes on after the build.
is "it waits" "$(kill -0 $pid && state)" "$before"
is "the TD's measurement is right" "$(td_finish a)" right
wait $pid
is "after the build: done" $? 0
is "it said what it waited for" \
	"$(grep -c '^waiting; TD builds in progress: 1, giving up in' "$tmp/bg")" 1
is "it said what it did" "$(grep -c '^done: module 1.5.07 runs now, before' "$tmp/bg")" 1
is "after the build: the new version" "$(version)" 1.5.07
td_destroy a

# What only the module knows of: attempts, and never more than one a second.
echo 1 >$seam/migrations
before=$(state)
calls=$(seamcalls $shutdown)
ends 4 "once, during a migration" install --timeout 0 "$next"
says "once: what the module says" "refused: TD migrations in progress: 1"
is "once: one attempt" $(($(seamcalls $shutdown) - calls)) 1
calls=$(seamcalls $shutdown)
ends 4 "a timeout during a migration" install --timeout 5 "$next"
calls=$(($(seamcalls $shutdown) - calls))
matches "a timeout: number of attempts" $calls '[3-6]'
is "during a migration: nothing has changed" "$(state)" "$before"
start "$next"
wait_for refused
kill -TERM $pid
wait $pid
is "SIGTERM in a pause" $? 143
echo 0 >$seam/migrations

# Signals at different times. Nothing is left behind, neither an upload nor a lock.
td_create b
start "$next"
wait_for waiting
kill -TERM $pid
wait $pid
is "SIGTERM while it waits" $? 143
# In the foreground, because a shell lets what is in the background ignore SIGINT.
if [ $((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status) >> 1 & 1)) = 0 ]; then
	# shellcheck disable=SC2016
	sh -c '(sleep 2; kill -INT $$) & exec "$0" install --timeout 10 "$1"' \
		"$tool" "$next" >"$tmp/out" 2>&1
	is "SIGINT while it waits" $? 130
else
	skip "SIGINT is ignored here" "SIGINT while it waits"
fi
: >"$tmp/bg"
(trap '' HUP; exec "$tool" install --timeout 3 "$next") >"$tmp/bg" 2>&1 &
pid=$!
wait_for waiting
kill -HUP $pid
wait $pid
is "SIGHUP that was ignored before, as by nohup" $? 4
is "the TD is as it was" "$(td_finish b)" right
td_destroy b
# It makes attempts then.
echo 1 >$seam/migrations
ended=
for delay in 0 0.002 0.004 0.006 0.008 0.010 0.012 0.014 0.016 0.018 0.020 0.025 0.03 0.04; do
	start "$next"
	sleep $delay
	kill -TERM $pid
	wait $pid
	code=$?
	case $code in
	143)	;;
	*)	ended="$ended $code" ;;
	esac
	[ "$(cat $fw/status) $(cat $fw/loading)" = "idle 0" ] || ended="$ended in-the-middle"
done
is "SIGTERM at other times" "$ended" ""
echo 0 >$seam/migrations
ends 0 "after the signals" install --no-wait --timeout 2 "$next"

# Somebody's half an upload is no obstacle, and is not used.
echo 1 >$fw/loading
head -c 5000 "$tool" >$fw/data
ends 0 "after half an upload" install "$next"

# What is not begun
ends 0 "to a module that does not count builds" install "$old"
ends 0 "from a module that does not count builds" install "$next"
# A kernel without num_td_builds: all of its other files, in another place.
mkdir -p "$tmp/sys/devices/faux/tdx_host" "$tmp/sys/class" "$tmp/sys/devices/system"
ln -s $dev/version $dev/seamldr_version $dev/num_remaining_updates \
	"$tmp/sys/devices/faux/tdx_host"
ln -s /sys/class/firmware "$tmp/sys/class"
ln -s /sys/devices/system/cpu "$tmp/sys/devices/system"
before=$(state)
ends 0 "builds are not counted: status" --sysfs "$tmp/sys" status
says "builds are not counted: it says so" "not counted by this kernel"
ends 3 "builds are not counted" --sysfs "$tmp/sys" install "$next"
says "what to do then" "use --allow-undetected"
ends 0 "builds are not counted: check" --sysfs "$tmp/sys" check "$next"
is "not begun: nothing has changed" "$(state)" "$before"
ends 0 "builds are not counted, allowed" --sysfs "$tmp/sys" install --allow-undetected "$next"
left=$(cat $seam/remaining_updates)
echo 0 >$seam/remaining_updates
ends 3 "no updates left" install "$next"
echo "$left" >$seam/remaining_updates
cpu=/sys/devices/system/cpu/cpu1/online
before=$(state)
if [ -w $cpu ] && echo 0 >$cpu; then
	ends 3 "a CPU is offline" install "$next"
	says "a CPU is offline: what to do then" "bring all CPUs online"
	is "a CPU is offline: nothing has changed" "$(state)" "$before"
	echo 1 >$cpu
else
	skip "needs a second CPU that can go offline" "a CPU is offline" \
		"a CPU is offline: what to do then" "a CPU is offline: nothing has changed"
fi

# Failures
ends 5 "another version than expected" install --expect 1.5.08 "$next"
echo "$shutdown -1 0 1 0x8000020200000000" >$seam/inject
ends 5 "the module cannot be shut down" install "$next"
says "TDX works" "TDX works and module 1.5.07 still runs"
is "TDX works indeed" "$(version)" 1.5.07

# The last one
ends 6 "the new module does not come up" install "$lost"
says "TDX is lost" "TDX is lost, .*reboot"
ends 6 "TDX is lost: status" status --json
is "TDX is lost: state" "$(field state) $(field module_version)" "lost null"
ends 6 "TDX is lost: install" install "$next"
# SEAMLDR.INFO
echo "0x8000000000000000 -1 0 1000 vmfailinvalid" >$seam/inject
ends 6 "TDX is lost, and the P-SEAMLDR does not answer: status" status
ktap_finished
