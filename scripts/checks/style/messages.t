# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The message of each commit has the form that the tip tree asks for.

needs check
unchanging

# faults: what is wrong with the form of the message that is read, a line each.  The rules are those of
# maintainer-tip.rst and submitting-patches.rst.
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
		length($0) > 75 && !/^(Link: https:\/\/|Fixes: )/ { fault("longer than 75") }
		/(^|[^A-Za-z0-9_])(I|[Ww]e|[Oo]ur|[Uu]s|[Yy]ou|[Yy]our|[Mm]y)([^A-Za-z0-9_]|$)/ { fault("impersonates") }
		/[Tt]his (patch|commit|series)([^A-Za-z]|$)/ { fault("speaks of itself") }
		# Tags are one block, at the end.
		/^[A-Z][a-z]+(-[a-z]+)*: / && !/^(Note|Example): / {
			tag = 1
			if (!/^(Link|Fixes|Closes|Reported-by|Suggested-by|Originally-by|Assisted-by|Cc): /) fault("not a tag to be given here")
			if (/^Link: / && !/^Link: https:\/\/[^ ]+( # \[[0-9]+\])?$/) fault("not a link")
			if (/^Fixes: / && !/^Fixes: [0-9a-f]+ \("[^"]+"\)$/) fault("not a commit")
			next
		}
		tag && $0 != "" { fault("text after the tags") }
		NF { lines++ }
		END { if (lines < 2) print "no changelog" }'
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

# changed EXPRESSION: what is wrong with this message after the change.
changed() {
	sed "$1" <<-'EOM' | faults >"$tmp/faults"
		x86/virt/tdx: Refuse module updates that would break a TD build

		The module can be told to refuse an update.

		Tell it to. Nothing else changes [1].

		Link: https://lore.kernel.org/kvm/20260331124214.117808-1-chao.gao@intel.com/ # [1]
	EOM
}
faultless() {
	changed ''
	absent . "$tmp/faults"
}
planted_in() {
	changed "$2"
	grep -F "$1" "$tmp/faults"
}

check "every message is well-formed" well_formed
check "a message that is as it should be has no fault" faultless
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
	longer than 75|3s/$/ And a lot more is said in this line./
	impersonates|3s/^/We see: /
	speaks of itself|3s/^/This patch is right: /
	not a tag|$s/Link:.*/Reviewed-by: A Name <a@name>/
	not a link|$s/https:/see /
	not a commit|$s/^Link: .*/Fixes: something/
	text after the tags|$s/$/\ntext/
	no changelog|3,$d
EOF
