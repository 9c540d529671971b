# SPDX-License-Identifier: GPL-2.0
# What "make series" makes and git send-email sends, called as README has it, arrives at those who care, says what it
# applies to, and is there the commits of its thread; and what is signed is.

# With what get_maintainer.pl knows a kernel by.
small_tree "$tmp/kernel" COPYING CREDITS Kbuild README include/Kbuild fs/Makefile init/Makefile ipc/Makefile \
	kernel/Makefile lib/Makefile drivers/Makefile
its_base=$(git -C "$tmp/kernel" rev-parse HEAD)
"$top/scripts/queue/series" -o "$tmp/own" hotplug >>"$full"
own_tree=$(kgit rev-parse 'base^{tree}')
in_copy "$tmp/kernel"
{ "$repo/scripts/queue/tree"; "$repo/scripts/queue/series"; } >>"$full"
kgit worktree add -q --detach "$tmp/am" base

# Instead of a mail server: what it is told, and what it is given.
install /dev/stdin "$tmp/sendmail" <<-'EOT'
	#!/bin/sh
	mail=$MAILS/$(printf %02d "$(find "$MAILS" -name '*.to' | wc -l)")
	printf '%s\n' "$@" | sed '/^-/d' | sort >"$mail.to"
	{ printf 'From %040d Thu Jan  1 00:00:00 2026\n' 0; cat; echo; } >"$mail"
EOT
export HOME=$tmp GIT_CONFIG_GLOBAL=$tmp/.gitconfig
unset "${!XDG_@}"
printf '%s\n' "[user]" "name=$name" "email=$email" "[sendemail]" "smtpServer=$tmp/sendmail" confirm=never \
	"[b4]" attestation-policy=off >"$GIT_CONFIG_GLOBAL"

# send THREAD: as README has it for another one, in the same directory.
send() {
	export MAILS=$tmp/sent/$1
	mkdir -p "$MAILS"
	sed -n "s|series/[a-z]*|series/$1|g; /^\tpeople()/,/^\tgit send-email/p" "$repo/README" >"$tmp/command"
	(cd "$linux" && bash -e "$tmp/command" </dev/null)
}

# missing FILES RECIPIENTS: the lists that have to get what touches these files, and do not.
missing() {
	local files list
	while read -r files list; do
		# shellcheck disable=SC2053
		[[ $1 != $files ]] || grep -qxF "$list" "$2" || echo "$list"
	done <<-'EOT'
		* linux-kernel@vger.kernel.org
		*tdx* x86@kernel.org
		*tdx* linux-coco@lists.linux.dev
		*firmware* driver-core@lists.linux.dev
		*Documentation/arch/* linux-doc@vger.kernel.org
		*tools/testing/selftests/* linux-kselftest@vger.kernel.org
	EOT
}

# Each mail to the lists and to people, the cover letter to nobody else.
arrives() {
	local to files
	files=$(kgit diff --name-only "refs/threads/$1.start" "refs/threads/$1")
	send "$1"
	[ "$(find "$MAILS" -name '*.to' | wc -l)" = "$(find "$out/series/$1" -name '*.patch' | wc -l)" ]
	for to in "$MAILS"/*.to; do
		absent . <(missing "$files" "$to")
		grep -v '@\(vger.kernel.org\|lists\.\)' "$to"
	done
	[ ! -e "$out/series/$1/0000-cover-letter.patch" ] || absent -vxFf "$MAILS/01.to" "$MAILS/00.to"
}

# applies SENT THREAD: the mails are its commits, on what they say they apply to, and nothing is in a message but that.
applies() {
	local thread after
	after=$(sed -n "s/^thread $2 after //p" "$top/patches/series")
	cd "$1"
	for thread in $after; do
		cat "$thread"/??
	done >"$tmp/before"
	cat "$2"/?? >"$tmp/all"
	git patch-id --stable <"$tmp/before" | sed 's/ .*//; s/^/prerequisite-patch-id: /' >"$tmp/want"
	diff "$tmp/want" <(grep '^prerequisite-patch-id: ' "$tmp/all")
	[ "$(grep '^base-commit: ' "$tmp/all")" = "base-commit: $its_base" ]
	[ "$(grep '^and after ' "$2/00")" = "${after:+and after the patches of: $after}" ]
	git -C "$tmp/am" checkout -q -f --detach base
	cat "$tmp/before" "$tmp/all" | git -C "$tmp/am" -c apply.whitespace=error-all am --quiet --empty=drop
	kgit log --format='%T%n%an%n%B' "base..refs/threads/$2" >"$tmp/want"
	diff "$tmp/want" <(git -C "$tmp/am" log --format='%T%n%an%n%B' base..HEAD)
}

planted_change() {
	cp -r "$tmp/sent" "$tmp/other"
	sed -i 's/^\(+.*return.*\)/\1 x/' "$tmp/other/fix/02"
	fails applies "$tmp/other" model | grep '^< prerequisite-patch-id: '
}

# b4 finds the base in what was sent, and its mailbox gives the same tree.  The last one: the base is another one then.
read_by_b4() {
	local id
	cat "$tmp"/sent/fix/?? >"$tmp/mbox"
	id=$(sed -n 's/^Message-I[dD]: <\(.*\)>$/\1/p' "$tmp/sent/fix/00")
	cd "$tmp/kernel"
	b4 --offline-mode --no-interactive am --no-cache -l -m "$tmp/mbox" -o - "$id" 2>"$tmp/said" | git am
	grep "Base: using specified base-commit $its_base\$" "$tmp/said"
	[ "$(git rev-parse 'HEAD^{tree}')" = "$(kgit rev-parse 'refs/threads/fix^{tree}')" ]
}

quoted() {
	cp -r "$out/series/hotplug" "$out/series/quoted"
	sed -i '/^X86 TRUST DOMAIN EXTENSIONS/a M:\t"Ünal, Dr. Zoë" <zoe@example.org>' "$linux/MAINTAINERS"
	send quoted
	grep -x zoe@example.org "$MAILS/00.to"
	grep '=?.*zoe@example.org' "$MAILS/00"
}

planted_list() {
	sed 's/^linux-coco@/linux-cocoa@/' "$tmp/sent/fix/01.to" >"$tmp/other.to"
	[ "$(missing arch/x86/virt/vmx/tdx/tdx.c "$tmp/other.to")" = linux-coco@lists.linux.dev ]
}

# A commit of the user's own is named; of one that only this repository makes, the tree.
names_base() {
	grep "^  [0-9a-f]* (\"Somebody's kernel\"), 2026-01-01$" "$out"/series/hotplug/0001-*
	grep "^  tree $own_tree\$" "$tmp"/own/hotplug/0001-* || [ "$BASE" != 7.3 ]
}

# By a name that has to be quoted; nobody is said to have signed what is not.
signed() {
	absent -rnE '^(Signed-off-by|Reviewed-by|Acked-by|Tested-by):|(BLURB|SUBJECT) HERE' "$out/series"
	printf '%s\n' "[user]" "name=Zoë Tester" email=zoe@example.org >"$tmp/signer"
	GIT_CONFIG_GLOBAL=$tmp/signer "$repo/scripts/queue/series" -s -o "$tmp/signed"
	grep -rc '^Signed-off-by: Zoë Tester <zoe@example.org>$' "$tmp/signed" --exclude='0000-*' >"$tmp/counts"
	absent -v ':1$' "$tmp/counts"
}

for thread in $(threads); do
	check "thread $thread arrives at the lists that care, and at people" arrives "$thread"
	check "thread $thread is its commits, on what it says that it applies to" applies "$tmp/sent" "$thread"
done
check "a name that is not ASCII is quoted" quoted
check "the base that is named is one that others have, or says what it is made of" names_base
check "what is signed is signed once, and nothing else is signed" signed
check "planted: a list that is missing is found" planted_list
check "planted: another patch before it is found" planted_change
check "b4 takes what was sent" read_by_b4
