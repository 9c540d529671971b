# SPDX-License-Identifier: GPL-2.0
# The message of each commit has the form that the tip tree asks for, as far as checkpatch does not see to it.

# By maintainer-tip.rst and submitting-patches.rst: a fault, the part of a message that "has" it, or "lacks" what would be
# right, in each of its lines; and how sed plants it.
rules() {
	cat <<-'EOF'
	not "subsys/component: Title"	title	lacks	^(KVM: (TDX: )?|Documentation/[a-z0-9/]+: |[a-z0-9_/-]+(/[a-zA-Z0-9_-]+)*: )[A-Z]	1s/: R/: r/
	a file as prefix	title	has	\.[chS]:	1s/:/.c:/
	a full stop after the title	title	has	\.$	1s/$/./
	longer than 75	title	has	.{76}	1s/$/ and more that is said here/
	not imperative	title	has	: ([A-Z][a-z]*ing|Added|Adds|Fixed|Fixes|Moves|Moved|Makes|Made|Changes|Changed) 	1s/: Refuse/: Fixes/
	no empty line after it	second	has	.	2s/^$/text/
	not ASCII	text	has	[^\t -~]	3s/e/\xc3\xa9/
	impersonates	text	has	\b(I|[Ww]e|[Oo]ur|[Uu]s|[Yy]ou|[Yy]our|[Mm]y)\b	3s/^/We see: /
	speaks of itself	text	has	[Tt]his (patch|commit|series)\b	3s/^/This patch is right: /
	not a tag to be given here	tags	lacks	^(Link|Fixes|Closes|Reported-by|Suggested-by|Originally-by|Assisted-by|Cc): 	$s/Link:.*/Reviewed-by: A Name <a@name>/
	not a link	tags	has	^Link: (?!https://[^ ]+( # \[[0-9]+\])?$)	$s/https:/see /
	text after the tags	after	has	.	$s/$/\ntext/
	EOF
}

faults() {
	local tag='^(?!Note: |Example: )[A-Z][a-z]+(-[a-z]+)*: ' fault part how pattern
	git stripspace >"$tmp/message"
	sed -n 1p "$tmp/message" >"$tmp/title"
	sed -n 2p "$tmp/message" >"$tmp/second"
	sed 1d "$tmp/message" >"$tmp/text"
	grep -P "$tag" "$tmp/text" >"$tmp/tags" || true
	grep -P -A99 "$tag" "$tmp/text" | grep -vP "$tag" >"$tmp/after" || true
	while IFS=$'\t' read -r fault part how pattern _; do
		[ "$how" = has ] && how=-e || how=-ve
		{ grep -nP "$how" "$pattern" "$tmp/$part" || true; } | sed "s|^|$fault: |"
	done < <(rules)
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
	[ -z "$1" ] || grep -F "$1: " "$tmp/faults"
}

check "every message is well-formed" well_formed
check "a message that is as it should be has no fault" planted_in "" ""
while IFS=$'\t' read -r fault _ _ _ plant; do
	check "planted: $fault" planted_in "$fault" "$plant"
done < <(rules)
