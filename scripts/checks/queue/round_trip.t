# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# To a git tree and back: nothing changes, what is new arrives, and no work is lost on either side.

needs check
unchanging
# On the base that the patches were made on, they can be made anew.
anew=
[ "$BASE$KSRC" != 7.3 ] || anew=1
copy
cp -a "$repo" "$tmp/before"
small_tree "$tmp/tree"
in_copy "$tmp/tree"
tree=$repo/scripts/queue/tree refresh=$repo/scripts/queue/refresh
tdx=$linux/arch/x86/virt/vmx/tdx/tdx.c

# same: nothing in the repository has changed, nor who may execute it.
same() {
	diff -r --exclude=build "$tmp/before" "$repo"
	diff <(cd "$tmp/before" && find . -printf '%P %m\n' | sort) \
		<(cd "$repo" && find . -path ./build -prune -o -printf '%P %m\n' | sort)
}

unchanged() {
	"$tree"
	"$refresh"
	same
	[ -z "$anew" ] || { DISCARD=1 "$refresh"; same; }
}

# restored: as after the first "make tree".
restored() {
	cp -a "$tmp/before/patches" "$repo"
	DISCARD=1 "$tree"
}

arrives() {
	restored
	echo '/* work */' >>"$tdx"
	echo new >"${tdx%/*}/new.sh"
	chmod +x "${tdx%/*}/new.sh"
	lgit add -A
	lgit commit -q -m "x86/virt/tdx: Work" -m "It is new."
	"$refresh"
	# It is of the thread of the commit before it.
	tail -n 2 "$repo/patches/series"
	grep '^+/\* work' "$repo/patches/$(sed -n 's/^thread \([^ ]*\).*/\1/p' "$repo/patches/series" | tail -n 1)/"*-Work.patch
	[ "$(tail -n 1 "$repo/patches/series")" = $'\t'arch/x86/virt/vmx/tdx/new.sh ]
	[ -x "$repo/arch/x86/virt/vmx/tdx/new.sh" ]
	"$tree"
	lgit reset -q --hard HEAD^
	"$refresh"
	same
}

not_committed() {
	restored
	echo '/* work */' >>"$tdx"
	refused 'has work that patches/ lacks' "$tree"
	refused 'has changes that are not committed' "$refresh"
}

committed() {
	restored
	lgit commit -q --allow-empty -m "x86/virt/tdx: Work"
	refused 'has work that patches/ lacks' "$tree"
	lgit checkout -q --detach
	refused 'is not on its branch' "$refresh"
}

stashed() {
	restored
	echo '/* work */' >>"$tdx"
	lgit stash -q
	refused "changes in git's stash" "$tree"
	lgit stash drop -q
}

changed_here() {
	restored
	sed -i '1s/$/ differently/' "$(find "$repo/patches" -name '0001-*' | head -n 1)"
	refused 'has changed since' "$refresh"
}

# Half of a series does not become all of it.
half_picked() {
	restored
	lgit reset -q --hard HEAD~2
	fails lgit cherry-pick HEAD
	refused 'a cherry-pick is not finished' env DISCARD=1 "$refresh"
}

out_of_order() {
	restored
	lgit commit -q --allow-empty -m "$(kgit log --reverse --format=%s base..series | head -n 1)"
	refused 'comes after commits of' "$refresh"
}

check "there and back changes nothing" unchanged
check "a commit that is new becomes a patch, and goes again" arrives
check "planted: what is not committed is not lost" not_committed
check "planted: nor is a commit" committed
check "planted: nor is what is in the stash" stashed
check "planted: nor is a change in patches/" changed_here
check "planted: a cherry-pick that has stopped is no series" half_picked
check "planted: a commit among those of another thread is refused" out_of_order
