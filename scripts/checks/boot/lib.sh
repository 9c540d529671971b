# SPDX-License-Identifier: GPL-2.0
# What the checks that boot share.

# boots TASK EMULATE-ARGUMENT...: every expression that is read, a line each, is a whole line of what the guest says.
boots() {
	local log=$logs/check-$1.log line
	"$top/scripts/boot/emulate" "${@:2}" "$1" "$log" </dev/null
	while read -r line; do
		grep -x "$line" "$log" || die "no line '$line' in ${log#"$PWD/"}"
	done
}

# because LOG CASE REASON: the case fails, and between the result before it and its own the log gives the reason.
because() {
	awk -v wanted="$2" '
		/^ *(not )?ok [0-9]+ / {
			name = $0
			sub(/^ *(not )?ok [0-9]+ (- )?/, "", name)
			if (/^ *not/ && name == wanted) {
				printf "%s", since
				found = 1
			}
			since = ""
			next
		}
		{ since = since $0 "\n" }
		END { exit !found }' "$1" >"$tmp/since" || die "passes: $2"
	grep -E "$3" "$tmp/since" || { cat "$tmp/since"; die "$2 does not fail because of: $3"; }
}
