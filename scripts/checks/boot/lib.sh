# SPDX-License-Identifier: GPL-2.0
# What the checks that boot share.

# boots TASK EMULATE-ARGUMENT...: every expression that is read, a line each, is a whole line of what the guest says.
boots() {
	local log=$logs/check-$topic-$n.log line
	"$top/scripts/boot/emulate" "${@:2}" "$1" "$log" </dev/null
	while read -r line; do
		grep -x "$line" "$log" || die "no line '$line' in ${log#"$PWD/"}"
	done
}

# again [WHAT...]: of what boots, nothing is built the second time.
again() {
	local what
	for what in "kernel plain" "kernel patched" initrd "program bochs" "$@"; do
		# shellcheck disable=SC2086
		(cd "$top/scripts/build" && ./$what)
	done >"$tmp/again"
	absent . "$tmp/again"
}
