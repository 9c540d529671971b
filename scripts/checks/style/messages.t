# SPDX-License-Identifier: GPL-2.0
# The message of each commit has the form that the tip tree asks for, as far as checkpatch does not see to it.

# faults: what is wrong with the message that is read, a line each, by maintainer-tip.rst and submitting-patches.rst.
faults() {
	git stripspace | awk '
		function fault(text) { print "line " NR ": " text ": " $0 }
		NR == 1 {
			if ($0 !~ /^KVM: (TDX: )?[A-Z]/ && $0 !~ /^[a-z0-9_\/-]+(\/[a-zA-Z0-9_-]+)*: [A-Z]/ && $0 !~ /^Documentation\/[a-z0-9\/]+: [A-Z]/)
				fault("not \"subsys/component: Title\"")
			if ($0 ~ /\.[chS]:/) fault("a file as prefix")
			if ($0 ~ /\.$/) fault("a full stop after the title")
			if (length($0) > 75) fault("longer than 75")
			if ($0 ~ /: ([A-Z][a-z]*ing|Added|Adds|Fixed|Fixes|Moves|Moved|Makes|Made|Changes|Changed) /)
				fault("not imperative")
			next
		}
		NR == 2 && $0 != "" { fault("no empty line after the title") }
		/[^\t -~]/ { fault("not ASCII") }
		/(^|[^A-Za-z0-9_])(I|[Ww]e|[Oo]ur|[Uu]s|[Yy]ou|[Yy]our|[Mm]y)([^A-Za-z0-9_]|$)/ { fault("impersonates") }
		/[Tt]his (patch|commit|series)([^A-Za-z]|$)/ { fault("speaks of itself") }
		# Tags are one block, at the end.
		/^[A-Z][a-z]+(-[a-z]+)*: / && !/^(Note|Example): / {
			tag = 1
			if (!/^(Link|Fixes|Closes|Reported-by|Suggested-by|Originally-by|Assisted-by|Cc): /) fault("not a tag to be given here")
			if (/^Link: / && !/^Link: https:\/\/[^ ]+( # \[[0-9]+\])?$/) fault("not a link")
			next
		}
		tag && $0 != "" { fault("text after the tags") }'
}

well_formed() {
	local c list
	list=$(commits)
	for c in $list; do
		kgit log -1 --format=%B "$c" | faults >"$tmp/faults"
		absent . "$tmp/faults" || die "$(kgit log -1 --format=%s "$c")"
	done
	echo "$(wc -l <<<"$list") messages"
}

# planted_in FAULT EXPRESSION: what is wrong with this message after the change; without a fault, nothing.
planted_in() {
	sed "$2" <<-'EOM' | faults >"$tmp/faults"
		x86/virt/tdx: Refuse module updates that would break a TD build

		The module can be told to refuse an update.

		Tell it to. Nothing else changes [1].

		Link: https://lore.kernel.org/kvm/20260331124214.117808-1-chao.gao@intel.com/ # [1]
	EOM
	[ -n "$1" ] || absent . "$tmp/faults"
	[ -z "$1" ] || grep -F "$1" "$tmp/faults"
}

check "every message is well-formed" well_formed
check "a message that is as it should be has no fault" planted_in "" ""
while IFS='|' read -r fault change; do
	check "planted: $fault" planted_in "$fault" "$change"
done <<-'EOF'
	not "subsys/component|1s/: R/ - r/
	not "subsys/component|1s/: R/: r/
	a file as prefix|1s/^[^:]*/tdx/; 1s/:/.c:/
	a full stop|1s/$/./
	longer than 75|1s/$/ and more that is said here/
	not imperative|1s/: Refuse/: Fixes/
	no empty line|2s/^$/text/
	not ASCII|3s/e/\xc3\xa9/
	impersonates|3s/^/We see: /
	speaks of itself|3s/^/This patch is right: /
	not a tag|$s/Link:.*/Reviewed-by: A Name <a@name>/
	not a link|$s/https:/see /
	text after the tags|$s/$/\ntext/
EOF
