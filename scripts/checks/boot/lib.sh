# SPDX-License-Identifier: GPL-2.0
# What the checks that boot share.

# boots TASK EMULATE-ARGUMENT...: every expression that is read, a line each, is a whole line of what the guest says.
boots() {
	local log=$logs/check-$topic-$1.log line
	"$top/scripts/boot/emulate" "${@:2}" "$1" "$log" </dev/null
	while read -r line; do
		grep -x "$line" "$log" || die "no line '$line' in ${log#"$PWD/"}"
	done
}
