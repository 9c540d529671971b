# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A tree of the user's own is taken if the series applies; if not, one line says where not.

needs check
unchanging
copy
assemble=$repo/scripts/queue/assemble
tdx=arch/x86/virt/vmx/tdx
mkdir "$tmp/empty"
small_tree "$tmp/good"
cp -a "$tmp/good" "$tmp/old"
rm "$tmp/old/$tdx/seamldr.c"
cp -a "$tmp/good" "$tmp/bad"
sed -i 's/seamcall_prerr(TDH_SYS_SHUTDOWN, &args)/something_else()/' "$tmp/bad/$tdx/tdx.c"
patches=$(commits | wc -l)

# What an interrupted run leaves behind is not built on.
taken() {
	in_copy "$tmp/good"
	mkdir -p "$scratch/arch" "$scratch.new"
	echo half >"$scratch/arch/garbage"
	echo half >"$scratch.new/garbage"
	"$assemble"
	kgit ls-tree -r --name-only series >"$tmp/names"
	absent garbage "$tmp/names"
	[ "$(kgit rev-list --count base..series)" = "$patches" ]
	"$assemble" >"$tmp/again"
	absent . "$tmp/again"
}

no_tree() {
	refused 'is not a directory' env KSRC="$tmp/none" "$assemble"
	refused 'is not a kernel tree' env KSRC="$tmp/empty" "$assemble"
	refused 'without .*/seamldr.c: use 7.2 or later' env KSRC="$tmp/old" "$assemble"
}

no_place() {
	in_copy "$tmp/bad"
	refused "^assemble: patches/fix/000[0-9]-.* does not apply to .*$tdx/tdx.c, hunk at line [0-9]*;" "$assemble"
}

# There, git can be had to merge.
merged() {
	in_copy "$tmp/good"
	refused 'is the tree to be made' "$repo/scripts/queue/tree" "$(basename "$out")"
	local good
	good=$(basename "$out")
	in_copy "$tmp/bad"
	refused 'has no series' "$repo/scripts/queue/tree" none
	refused 'stopped at "x86/virt/tdx: .* resolve it in' "$repo/scripts/queue/tree" "$good"
	# What is in there is work now; and a change in the user's tree is taken over.
	cp "$tmp/good/$tdx/tdx.c" "$tmp/bad/$tdx/tdx.c"
	refused 'has work that patches/ lacks' "$assemble"
	DISCARD=1 "$assemble"
	[ "$(kgit rev-list --count base..series)" = "$patches" ]
}

check "a tree that is right is taken, without what is left there of a run that was killed" taken
check "planted: what is no tree, or too old, is refused" no_tree
check "planted: where a patch does not apply is said" no_place
check "the series can be merged there, and the tree be repaired" merged
