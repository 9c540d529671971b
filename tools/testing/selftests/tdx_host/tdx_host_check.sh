#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# tdx_update, the tool that updates the TDX module, on a host that is made of files: what it says of
# images, and what it does when things go wrong. Needs no TDX, and nothing is installed.
DIR="$(dirname "$(readlink -f "$0")")"
# shellcheck source=tools/testing/selftests/tdx_host/tdx_host_lib.sh
. "$DIR/tdx_host_lib.sh"

need_tool
ktap_print_header
ktap_set_plan 142

export TDX_UPDATE_SYSFS="$tmp/sys"
dev=$TDX_UPDATE_SYSFS/devices/faux/tdx_host
fw=$TDX_UPDATE_SYSFS/class/firmware/tdx_module
cpus=$TDX_UPDATE_SYSFS/devices/system/cpu
kvm=$TDX_UPDATE_SYSFS/kernel/debug/kvm
good=$DIR/tdx_module_1.5.07.blob
# With something wrong, but for the name
next=$tmp/tdx_module_1.5.07.blob
chmod 755 "$tmp"

# host [VERSION]: one that can be updated, and runs 1.5.06
host() {
	rm -rf "$TDX_UPDATE_SYSFS"
	mkdir -p "$dev" "$fw" "$cpus" "$kvm"
	echo "${1:-1.5.06}" >"$dev/version"
	echo 7 >"$dev/num_remaining_updates"
	echo 1.5.99 >"$dev/seamldr_version"
	echo 0 >"$dev/num_td_builds"
	echo idle >"$fw/status"
	echo 0-3 | tee "$cpus/online" >"$cpus/present"
	echo 0 >"$fw/loading"
	: >"$fw/error"
	: >"$fw/data"
}

# The kernel's part of an update: "status" is a pipe, and whoever reads it gets this answer.
answer() {
	if [ "$(cat "$fw/loading")" != 0 ] || [ ! -s "$fw/data" ]; then
		echo idle
	elif [ -e "$tmp/hang" ]; then
		echo programming
	else
		echo 1.5.07 >"$dev/version"
		echo 6 >"$dev/num_remaining_updates"
		: >"$fw/data"
		echo idle
	fi
}

kernel() {
	host
	rm "$fw/status"
	mkfifo "$fw/status"
	# Who reads may be gone before the answer is there.
	(trap '' PIPE; while :; do answer >"$fw/status"; done 2>/dev/null) &
	kernel=$!
}

kernel_ends() {
	kill $kernel
	wait $kernel 2>/dev/null
}

# bytes FILE OFFSET BYTES: as for printf
bytes() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# until_true COMMAND...: for at most ten seconds
until_true() {
	tries=0
	until "$@" || [ $tries -eq 200 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done 2>/dev/null
}

has_data() {
	[ -s "$fw/data" ] && [ "$(cat "$fw/loading")" = 0 ]
}

not_begun() {
	is "$1: not begun" "$(cat "$fw/loading") $(wc -c <"$fw/data")" "0 0"
}

# refused CODE NAME EXPRESSION IMAGE: neither check nor install takes it, and nothing is begun
refused() {
	ends "$1" "$2: check" check "$4"
	says "$2: what is wrong" "$3"
	host "$version"
	ends "$1" "$2: install" install --timeout 0 "$4"
	not_begun "$2"
}

# refused_as CODE NAME EXPRESSION FILE: an image that is named as the next version
refused_as() {
	cp "$4" "$next"
	refused "$1" "$2" "$3" "$next"
}

# refused_with CODE NAME EXPRESSION OFFSET BYTES: the good image with these bytes and no checksum
refused_with() {
	cp "$good" "$tmp/changed"
	bytes "$tmp/changed" 2 '\0\0'
	bytes "$tmp/changed" "$4" "$5"
	refused_as "$1" "$2" "$3" "$tmp/changed"
}

# ordinary_user COMMAND...
ordinary_user() {
	if [ "$(id -u)" != 0 ]; then
		"$@"
	elif setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
		setpriv --reuid 65534 --clear-groups "$@"
	else
		program=$1
		shift
		start-stop-daemon -S -c nobody -n none -a "$program" -- "$@"
	fi
}

# --- Command line ---

host
ends 0 "help" --help
ends 0 "version" --version
"$tool" --help >/dev/full 2>/dev/null
is "help that cannot be written" $? 5
"$tool" status >/dev/full 2>/dev/null
is "status that cannot be written" $? 5
ends 1 "no command"
ends 1 "unknown command" nonsense
ends 1 "unknown option" status --nonsense
ends 1 "bad timeout" install --timeout soon "$good"
ends 1 "no image" check
ends 1 "image that is not there" check "$tmp/none"

# --- Images ---

version=1.5.06
ends 0 "good image: check" check "$good"
says "good image: version" "^version: +1.5.07$"
says "good image: SVN" "^svn: +1.11$"
says "good image: hash" "^hash: +ok$"
says "good image: signature" "^signature: +ok$"
ends 0 "good image: check for machines" check --json "$good"
is "good image: values" "$(field version) $(field svn) $(field date) $(field exit_code)" \
	"1.5.07 1.11 2026-01-01 0"
says "good image: a verdict" '^  "hash": \{ "code": 0, "text": "ok" \},$'
ends 0 "image that says which version it is" check --allow-downgrade "$DIR/tdx_module_2.0.16.blob"
says "image that says which version it is: who" "^version_from: +the image itself"
cp "$DIR/tdx_module_2.0.16.blob" "$tmp/tdx_module_2.0.17.blob"
ends 0 "image with another one's name" check --allow-downgrade "$tmp/tdx_module_2.0.17.blob"
says "image with another one's name: warning" "^name: +warning: "

: >"$tmp/empty"
refused 2 "empty" "no TDX module image" "$tmp/empty"
head -c 8192 "$good" >"$tmp/short"
refused 2 "not whole" "not copied whole" "$tmp/short"
head -c 12288 "$good" >"$tmp/short"
refused 2 "a page is missing" "not copied whole" "$tmp/short"
printf '\0\001\114\126\0\040\0\0TDX-BLOB\0\200\006\0' >"$tmp/old_format"
head -c 16364 /dev/zero >>"$tmp/old_format"
refused 2 "format 1.0" "1.0, .*get the current image, or join" "$tmp/old_format"
cp "$good" "$tmp/changed"
bytes "$tmp/changed" 2 '\001\001'
refused_as 2 "wrong checksum" "checksum: .*wrong" "$tmp/changed"
refused_with 2 "a reserved byte" "header: .*reserved" 4095 '\001'
refused_with 2 "the last byte of the module" "hash: " 16383 '\001'
{ head -c 8192 "$good"; tail -c +8193 "$DIR/tdx_module_1.5.09.blob"; } >"$tmp/changed"
bytes "$tmp/changed" 2 '\0\0'
refused_as 2 "one version with the sigstruct of another" "hash: " "$tmp/changed"
cp "$good" "$tmp/changed"
bytes "$tmp/changed" 2 '\0\0'
head -c 2048 /dev/zero | dd of="$tmp/changed" bs=4096 seek=1 conv=notrunc 2>/dev/null
refused_as 2 "sigstruct of zeroes" "sigstruct: .*Intel's" "$tmp/changed"
refused_as 2 "sigstruct of another vendor" "sigstruct: .*Intel's" "$DIR/image_vendor.blob"
refused_with 2 "sigstruct of another type" "sigstruct: .*fixed fields" 4096 '\007'
refused_with 2 "one bit of the signature" "signature: " 4612 '\001'
refused_with 2 "one bit of what is signed" "signature: " 5044 '\012'
refused_as 2 "no list of CPUs" "cpus: .*no list" "$DIR/image_no_cpus.blob"
refused_as 3 "for other CPUs" "cpus: .*not among them" "$DIR/image_other_cpus.blob"
refused_as 3 "debug module" "debug: .*--allow-debug" "$DIR/image_debug.blob"
ends 0 "debug module, allowed" check --allow-debug "$next"
refused 3 "another line" "order: .*another line" "$DIR/tdx_module_2.0.16.blob"
version=1.5.08
host $version
refused 3 "older module" "order: .*older" "$good"
ends 0 "older module, allowed" check --allow-downgrade "$good"
says "older module, allowed: what that means" "order: +warning: .*TDX is lost"
version=1.5.06
host
cp "$good" "$tmp/image"
refused 3 "version that nobody knows" "order: .*version not known" "$tmp/image"

esc=$(printf '\033')
cp "$good" "$tmp/image${esc}[2J"
ends 0 "file name with control characters" check --allow-downgrade "$tmp/image${esc}[2J"
is "file name with control characters: as it is shown" \
	"$(grep -c "$esc" "$tmp/out") $(grep -c 'image?\[2J$' "$tmp/out")" "0 1"

# --- The host ---

host 1.5.07
ends 0 "the version that runs" install "$good"
says "the version that runs: nothing to do" "nothing to do: module 1.5.07 runs already"
not_begun "the version that runs"

host
echo 0-2 >"$cpus/online"
ends 3 "a CPU is offline" install "$good"
says "a CPU is offline: what to do" "host: a CPU is offline, .*bring all CPUs online"
host
echo 0 >"$dev/num_remaining_updates"
ends 3 "no updates are left" install "$good"
host
rm "$dev/num_td_builds"
ends 3 "TD builds are not counted" install "$good"
says "TD builds are not counted: what to do" "host: .*--allow-undetected"
ends 0 "TD builds are not counted, allowed" check --allow-undetected "$good"
host
rm "$dev/num_remaining_updates" "$dev/seamldr_version"
ends 3 "no updates" status --json
is "no updates: state" "$(field state)" no-updates
rm "$dev/version"
ends 3 "no TDX" status --json
is "no TDX: state" "$(field state)" no-tdx

host
rm "$dev/num_remaining_updates"
mkdir "$dev/num_remaining_updates"
ends 5 "a file that cannot be read" status --json
is "a file that cannot be read: null" \
	"$(field state) $(field module_version) $(field updates_left)" "ready 1.5.06 null"

host
chmod 400 "$dev/num_remaining_updates" "$dev/seamldr_version"
if ordinary_user /bin/cat "$good" >/dev/null 2>&1; then
	ordinary_user "$tool" status >"$tmp/out" 2>"$tmp/err"
	is "ordinary user: status" "$? $(grep -c '^module_version: *1.5.06$' "$tmp/out")" "0 1"
	ordinary_user "$tool" check "$good" >"$tmp/out" 2>"$tmp/err"
	is "ordinary user: check" "$? $(grep -c '^host: .*run this as root' "$tmp/out")" "0 1"
	ordinary_user "$tool" install "$good" >"$tmp/out" 2>"$tmp/err"
	is "ordinary user: install" "$? $(grep -c 'run this as root' "$tmp/err")" "1 1"
else
	skip "cannot become one" "ordinary user: status" "ordinary user: check" \
		"ordinary user: install"
fi

host
echo 1 >"$dev/num_td_builds"
mkdir "$kvm/$$-9" "$kvm/1-9"
echo 1 >"$kvm/$$-9/td_build_in_progress"
echo 0 >"$kvm/1-9/td_build_in_progress"
who="$(tr '\0' '\n' </proc/$$/cmdline | sed '1s|.*/||;q'), PID $$, cgroup .*, for [0-9]+ s"
ends 0 "a TD is being built: status" status --json
matches "a TD is being built: whose" \
	"$(sed -n 's/.*"td_builders": "\(.*\)",$/\1/p' "$tmp/out")" "$who"
ends 4 "a TD is being built: install" install --timeout 0 "$good"
says "a TD is being built: install says whose" "TD builds in progress: 1: $who; given up"
rm -r "$kvm"
ends 4 "a TD is being built, KVM does not say whose" install --timeout 0 "$good"
says "a TD is being built, KVM does not say whose: number" "TD builds in progress: 1; given up"

# --- Updates, to their end ---

kernel
ends 0 "update" install --json "$good"
is "update: values" "$(field exit_code) $(field version_before) $(field module_version)" \
	"0 1.5.06 1.5.07"
is "update: attempts" "$(field attempts)" 1
kernel_ends
kernel
cp "$good" "$tmp/tdx_module_1.5.08.blob"
ends 0 "update with a wrong name" install "$tmp/tdx_module_1.5.08.blob"
says "update with a wrong name: warning" "^done: .*warning: not as in the name of the file"
kernel_ends

kernel
echo 1 >"$dev/num_td_builds"
"$tool" install --timeout 10 "$good" >"$tmp/out" 2>&1 &
pid=$!
until_true grep -q waiting "$tmp/out"
is "no attempt while a TD is being built" "$(wc -c <"$fw/data")" 0
echo 0 >"$dev/num_td_builds"
wait $pid
is "an attempt when it is built" "$? $(version)" "0 1.5.07"
kernel_ends

kernel
: >"$tmp/hang"
"$tool" install "$good" >"$tmp/out" 2>&1 &
pid=$!
until_true has_data
kill -TERM $pid
until_true grep -q stopped "$tmp/out"
kill -TERM $pid
sleep 0.5
is "an update that hangs: says once that it waits" \
	"$(grep -c 'cannot be stopped any more' "$tmp/out") $(kill -0 $pid && echo waits)" "1 waits"
rm "$tmp/hang"
wait $pid
is "an update that hung: its end" "$? $(version)" "0 1.5.07"
kernel_ends

# Signals in the middle of an upload: "data" is a pipe, and nobody reads it at first.
loading_is_1() {
	[ "$(cat "$fw/loading")" = 1 ]
}

for signal in ALRM USR1; do
	host
	rm "$fw/data"
	mkfifo "$fw/data"
	"$tool" install "$good" <&- >&- 2>&- &
	pid=$!
	until_true loading_is_1
	kill -$signal $pid
	cat "$fw/data" >"$tmp/got" &
	reader=$!
	wait $pid
	code=$?
	wait $reader
	is "SIG$signal in an upload: it is given up" "$((code > 128)) $(cat "$fw/loading")" "1 -1"
	# What the tool has to say does not get into it, although nothing else is open.
	head -c "$(wc -c <"$tmp/got")" "$good" | cmp - "$tmp/got" >"$tmp/out" 2>&1
	is "SIG$signal in an upload: what has arrived is of the image" $? 0
done

kernel
"$tool" install "$good" <&- >&-
is "standard input and output are closed" "$? $(version)" "0 1.5.07"
kernel_ends
kernel
: >"$tmp/hang"
"$tool" install "$good" <&- >&- 2>&- &
pid=$!
until_true has_data
cmp "$fw/data" "$good" >"$tmp/out" 2>&1
is "all of them are closed: the upload is the image" $? 0
rm "$tmp/hang"
wait $pid
kernel_ends
ktap_finished
