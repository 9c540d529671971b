# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of the TDX host's files in sysfs share: uploads, and TDs of the fake SEAM.

# shellcheck disable=SC1091
. "$DIR/../kselftest/ktap_helpers.sh"

dev=/sys/devices/faux/tdx_host
fw=/sys/class/firmware/tdx_module
seam=/sys/kernel/debug/fake_seam
# Of need_tool
tool='' tmp=

skip_all() {
	ktap_print_header
	ktap_skip_all "$1"
	exit "$KSFT_SKIP"
}

# Ends the test where there is nothing to test.
need_tdx() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -e $dev ] || skip_all "needs a TDX host with the driver tdx-host"
	# Any other error is one that the tests find.
	case $(LC_ALL=C cat $dev/version 2>&1) in
	*"No such device or address") skip_all "needs TDX, which was lost: reboot" ;;
	esac
}

# Ends the test where there is no tool.
need_tool() {
	tool=$DIR/tdx_update
	[ -x "$tool" ] || skip_all "needs tdx_update: make"
	tmp=$(mktemp -d) || ktap_exit_fail_msg "no temporary directory"
	trap 'rm -rf "$tmp"' EXIT
}

have_fake() {
	[ -d $seam ]
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		ktap_print_msg "wanted: $3"
		ktap_print_msg "got:    $2"
		ktap_test_fail "$1"
	fi
}

# matches NAME GOT EXPRESSION: like "is", all of it
matches() {
	if printf '%s\n' "$2" | grep -qxE "$3"; then
		ktap_test_pass "$1"
	else
		ktap_print_msg "wanted: $3"
		ktap_print_msg "got:    $2"
		ktap_test_fail "$1"
	fi
}

# skip REASON NAME...
skip() {
	reason=$1
	shift
	for name; do
		ktap_test_skip "$name: $reason"
	done
}

version() {
	cat $dev/version 2>/dev/null
}

updates_left() {
	cat $dev/num_remaining_updates
}

# Nothing, if the kernel does not count them
td_builds() {
	cat $dev/num_td_builds 2>/dev/null
}

# The state that only an update may change
state() {
	echo "$(version) $(updates_left)"
}

wait_until_idle() {
	while [ "$(cat $fw/status)" != idle ]; do
		sleep 0.05
	done
}

# upload IMAGE: prints "accepted" or what the file "error" says
upload() {
	echo 1 >$fw/loading
	cat "$1" >$fw/data
	echo 0 >$fw/loading
	wait_until_idle
	result=$(cat $fw/error)
	echo "${result:-accepted}"
}

# td_create FD: begins to build a TD, which ends when this file descriptor is closed everywhere
td_create() {
	eval "command exec $1<>$seam/td"
}

# td_finish FD: adds its pages, ends the build, and prints "right" if the MRTD is
td_finish() {
	dd if="$DIR/pages" bs=4096 1>&"$1" 2>/dev/null
	[ "$(cat <&"$1")" = "$(cat "$DIR/mrtd")" ] && echo right
}

td_destroy() {
	eval "exec $1>&-"
}

# seamcalls LEAF: how many there were
seamcalls() {
	awk -v leaf="$1" '$1 == leaf { n = $2 } END { print n + 0 }' $seam/calls
}

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
