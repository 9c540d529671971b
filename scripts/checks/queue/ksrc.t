# SPDX-License-Identifier: GPL-2.0
# A tree of the user's own is taken if the series applies; if not, one line says where not.

assemble=$repo/scripts/queue/assemble tdx=arch/x86/virt/vmx/tdx patches=$(commits | wc -l)
small_tree "$tmp/good"
xargs -n 1 cp -a "$tmp/good" <<<"$tmp/old $tmp/bad $tmp/changed"
rm "$tmp/old/$tdx/seamldr.c"
sed -i 's/seamcall_prerr(TDH_SYS_SHUTDOWN, &args)/something_else()/' "$tmp/bad/$tdx/tdx.c"
commit_tree "$tmp/old"
commit_tree "$tmp/bad"
echo >>"$tmp/changed/Makefile"

# What an interrupted run leaves behind is not built on.
taken() {
	in_copy "$tmp/good"
	mkdir -p "$scratch/arch"
	echo half >"$scratch/arch/garbage"
	"$assemble"
	absent garbage <(kgit ls-tree -r --name-only series)
	[ "$(kgit rev-list --count base..series)" = "$patches" ]
	"$assemble" >"$tmp/again"
	absent . "$tmp/again"
}

no_tree() {
	refused 'is not a directory' env KSRC="$tmp/none" "$assemble"
	refused 'is no kernel tree' env KSRC="$tmp" "$assemble"
	refused 'has no .*/seamldr.c: use Linux 7.2 or later' env KSRC="$tmp/old" "$assemble"
	refused 'has changes that are not committed' env KSRC="$tmp/changed" "$assemble"
}

no_place() {
	in_copy "$tmp/bad"
	refused "^assemble: patches/fix/000[0-9]-.* does not apply to .*$tdx/tdx.c, hunk at line [0-9]*;" "$assemble"
}

# There, git can be had to merge, as README has it.
merged() {
	in_copy "$tmp/good"
	local good=$scratch
	in_copy "$tmp/bad"
	sed -n "s|build/N/scratch|$scratch|; s|../../7.3/scratch|$good|; /git worktree add/,/git cherry-pick/p" \
		"$top/README" >"$tmp/command"
	fails bash -e "$tmp/command" 2>&1 | grep "^CONFLICT .* $tdx/tdx.c"
	lgit log --format=%s base..HEAD | grep .
	# What is in there is work now; and a change in the user's tree is taken over.
	cp "$tmp/good/$tdx/tdx.c" "$tmp/bad/$tdx/tdx.c"
	commit_tree "$tmp/bad"
	refused 'has work that patches/ lacks' "$assemble"
	DISCARD=1 "$assemble"
	[ "$(kgit rev-list --count base..series)" = "$patches" ]
}

check "a tree that is right is taken, without what is left there of a run that was killed" taken
check "planted: what is no tree, too old, or not committed, is refused" no_tree
check "planted: where a patch does not apply is said" no_place
check "the series can be merged there, and the tree be repaired" merged
