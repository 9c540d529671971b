# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The patches of "make series" say what they apply to, and applied there they are the commits of their thread.

needs check
unchanging
mails=$tmp/mails
"$top/scripts/queue/series" -o "$mails" >>"$full"
mapfile -t threads < <(sed -n 's/^thread \([^ ]*\).*/\1/p' "$top/patches/series")

# closed THREAD: those that it comes after, in order, and itself.
closed() {
	local other
	{
		sed -n "s/^thread $1 after //p" "$top/patches/series" | xargs -rn 1 |
			while read -r other; do closed "$other"; done
		echo "$1"
	} | awk '!seen[$0]++'
}

# patches DIR: those in it, in order, without the cover letter.
patches() {
	find "$1" -name '0*.patch' ! -name '0000-*' | sort
}

# first DIR: the mail that says what all of them apply to.
first() {
	find "$1" -name '0*.patch' | sort | head -n 1
}

# apply MAIL...: to the base.  What git am needs of the files it gets out of the index.
apply() {
	rm -rf "$tmp/kernel"
	kgit worktree prune
	kgit worktree add -q --no-checkout --detach "$tmp/kernel" base
	git -C "$tmp/kernel" read-tree base
	git -C "$tmp/kernel" -c core.hooksPath=/dev/null -c apply.whitespace=error-all am --quiet "$@"
}

same_commits() {
	local thread list=()
	for thread in $(closed "$1"); do
		mapfile -t -O ${#list[@]} list < <(patches "$mails/$thread")
	done
	apply "${list[@]}"
	[ "$(git -C "$tmp/kernel" rev-parse 'HEAD^{tree}')" = "$(kgit rev-parse "refs/threads/$1^{tree}")" ]
	# Nothing that is only for the mail gets into a message.
	diff <(kgit log --format='%an%n%B' "base..refs/threads/$1") \
		<(git -C "$tmp/kernel" log --format='%an%n%B' base..HEAD)
}

# between MAILS THREAD: the patches between it and the base, as git patch-id knows those who get them.
between() {
	local thread mail
	for thread in $(closed "$2" | sed '$d'); do
		for mail in $(patches "$1/$thread"); do
			git patch-id --stable <"$mail" | sed 's/ .*//; s/^/prerequisite-patch-id: /'
		done
	done
}

says_base() {
	local mail after
	mail=$(first "$mails/$1")
	between "$mails" "$1" >"$tmp/want"
	cat "$mails/$1"/*.patch | { grep '^prerequisite-patch-id: ' || true; } | diff "$tmp/want" -
	after=$(sed -n "s/^thread $1 after //p" "$top/patches/series")
	[ -z "$after" ] || grep "^and after the patches of: $after\$" "$mail"
	[ "$(cat "$mails/$1"/*.patch | grep -c '^base-commit: ')" = 1 ]
	# A tree of the user's own may have a commit that others know.
	[ -n "$KSRC" ] || grep "^base-commit: $(kgit rev-parse base)\$" "$mail"
	[ -n "$KSRC" ] || grep "^  tree $(kgit rev-parse 'base^{tree}')\$" "$mail"
}

# Nobody has signed, so each of them says that, once.
unsigned() {
	local mail
	for mail in "$mails"/*/*.patch; do
		[ "$(grep -c '^No Signed-off-by yet: ' "$mail")" = 1 ] || die "does not say once that nobody signed it: $mail"
	done
	absent -rnE '^(Signed-off-by|Reviewed-by|Acked-by|Tested-by):|(BLURB|SUBJECT) HERE' "$mails"
	[ "$(find "$mails" -name '0*.patch' ! -name '0000-*' | wc -l)" = "$(commits | wc -l)" ]
}

planted_damage() {
	local list
	mapfile -t list < <(patches "$mails/fix")
	sed 's/^ \(.*return.*\)/ \1 /' "${list[1]}" >"$tmp/damaged.patch"
	fails apply "${list[0]}" "$tmp/damaged.patch" 2>&1 | grep 'patch does not apply'
}

planted_change() {
	cp -r "$mails" "$tmp/other"
	sed -i 's/^\(+.*return.*\)/\1 x/' "$(patches "$tmp/other/fix" | sed -n 2p)"
	between "$tmp/other" model >"$tmp/want"
	grep '^prerequisite-patch-id: ' "$(first "$mails/model")" | fails diff "$tmp/want" -
}

for thread in "${threads[@]}"; do
	check "the patches of $thread are its commits" same_commits "$thread"
	check "those of $thread say what they apply to" says_base "$thread"
done
check "each patch says once that nobody signed it" unsigned
check "planted: a patch that was damaged on its way is found" planted_damage
check "planted: another patch before it is found" planted_change
