# SPDX-License-Identifier: GPL-2.0
# To a git tree and back: nothing changes, what is new arrives, and no work is lost on either side.

on=$BASE$KSRC
commit_tree "$repo"
small_tree "$tmp/tree"
in_copy "$tmp/tree"
tree=$repo/scripts/queue/tree refresh=$repo/scripts/queue/refresh
tdx=$linux/arch/x86/virt/vmx/tdx/tdx.c

# same: nothing in the repository has changed, nor who may execute it.
same() {
	git -C "$repo" status --porcelain >"$tmp/changes"
	absent . "$tmp/changes"
}

unchanged() {
	"$tree"
	"$refresh"
	same
	# On the base that the patches were made on, they can be made anew.
	[ "$on" != 7.3 ] || { DISCARD=1 "$refresh"; same; }
}

arrives() {
	echo '/* work */' >>"$tdx"
	install /dev/null "${tdx%/*}/new.sh"
	lgit add -A
	lgit commit -q -m "x86/virt/tdx: Work" -m "It is new."
	"$refresh"
	# It is of the thread of the commit before it.
	grep '^+/\* work' "$repo/patches/$(threads | tail -n 1)/"*-Work.patch
	[ "$(tail -n 1 "$repo/patches/series")" = $'\t'arch/x86/virt/vmx/tdx/new.sh ]
	[ -x "$repo/arch/x86/virt/vmx/tdx/new.sh" ]
	"$tree"
	lgit reset -q --hard HEAD^
	"$refresh"
	same
}

# kept WORK TEXT COMMAND...: right after "make tree", somebody does WORK; then COMMAND says TEXT.
kept() {
	git -C "$repo" checkout -q HEAD patches
	lgit stash clear
	DISCARD=1 "$tree"
	$1
	refused "$2" "${@:3}"
}
edit() { echo '/* work */' >>"$tdx"; }
commit() { lgit commit -q --allow-empty -m "x86/virt/tdx: Work"; }
detach() { lgit checkout -q --detach; }
stash() { edit; lgit stash -q; }
edit_patch() { sed -i '1s/$/ differently/' "$repo"/patches/fix/0001-*; }
half_pick() { lgit reset -q --hard HEAD~2; fails lgit cherry-pick HEAD; }
first_again() { lgit commit -q --allow-empty -m "$(kgit log --reverse --format=%s base..series | head -n 1)"; }

removed() {
	DISCARD=1 "$repo/scripts/queue/clean"
	[ ! -e "$repo/build" ]
	[ -e "$repo/README" ]
}

check "there and back changes nothing" unchanged
check "a commit that is new becomes a patch, and goes again" arrives
work="has work that patches/ lacks"
check "planted: what is not committed is not lost" kept edit "$work" "$tree"
check "planted: nor is it left out" kept edit 'has changes that are not committed' "$refresh"
check "planted: nor is a commit lost" kept commit "$work" "$tree"
check "planted: nor when all that is generated goes" kept commit "$work" "$repo/scripts/queue/clean"
check "planted: nor what is in the stash" kept stash "changes in git's stash" "$tree"
check "planted: another commit is not the series" kept detach 'is not on its branch' "$refresh"
check "planted: a change in patches/ is not lost" kept edit_patch 'has changed since' "$refresh"
check "planted: a cherry-pick that has stopped is no series" kept half_pick 'a cherry-pick is not finished' env DISCARD=1 "$refresh"
check "planted: a commit among those of another thread is refused" kept first_again 'comes after commits of' "$refresh"
check "DISCARD=1 lets it go" removed
