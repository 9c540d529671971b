# SPDX-License-Identifier: GPL-2.0
# The message of each commit has the form that the tip tree asks for, as far as checkpatch does not see to it.

# By maintainer-tip.rst and submitting-patches.rst: a fault, its pattern (\A: title), sed's plant.
cat >"$tmp/rules" <<'EOF'
not "subsys/component: Title"	\A(?!(KVM: (TDX: )?|Documentation/[a-z0-9/]+: |[a-z0-9_/-]+(/[a-zA-Z0-9_-]+)*: )[A-Z]).*	1s/: ./\L&/
a file as prefix	\A.*\.[chS]:	1s/:/.c:/
a full stop after the title	\A.*\.\n	1s/$/./
longer than 75	\A.{76}	1s/$/ and more that is said here/
not imperative	\A.*: ([A-Z][a-z]*ing|Added|Adds|Fixed|Fixes|Moves|Moved|Makes|Made|Changes|Changed) 	1s/: [A-Z][a-z]*/: Fixes/
no empty line after it	\A.*\n.	2s/^$/text/
not ASCII	[^\t\n -~]	3s/e/\xc3\xa9/
impersonates	\n.*\b(I|[Ww]e|[Oo]ur|[Uu]s|[Yy]ou|[Yy]our|[Mm]y)\b	3s/^/We see: /
speaks of itself	\n.*[Tt]his (patch|commit|series)\b	3s/^/This patch is right: /
not a tag to be given here	\n(?!(Link|Fixes|Closes|Reported-by|Suggested-by|Originally-by|Assisted-by|Cc): )TAG	$s/Link:.*/Reviewed-by: A Name <a@name>/
not a link	\nLink: (?!https://[^ \n]+( # \[[0-9]+\])?\n)	$s/https:/see /
text after the tags	\nTAG.*\n++(?!TAG).	$s/$/\ntext/
EOF

faults() {
	local tag='(?!Note: |Example: )[A-Z][a-z]+(-[a-z]+)*: ' fault pattern
	git stripspace >"$tmp/message"
	while IFS=$'\t' read -r fault pattern _; do
		{ grep -Pzo "${pattern//TAG/$tag}" "$tmp/message" || true; } | tr '\0' '\n' | sed "s|^|$fault: |"
	done <"$tmp/rules"
}

well_formed() {
	commits | while read -r c; do
		kgit log -1 --format=%s "$c"
		kgit log -1 --format=%B "$c" | faults >"$tmp/faults"
		absent . "$tmp/faults"
	done
}

# planted_in FAULT EXPRESSION: a message of the series, which ends with a link, has this fault after the change.
planted_in() { kgit log -1 --format=%B --grep='^Link: ' series | git stripspace | sed "$2" | faults | grep -F "$1: "; }

check "every message is well-formed" well_formed
while IFS=$'\t' read -r fault _ plant; do
	check "planted: $fault" planted_in "$fault" "$plant"
done <"$tmp/rules"
