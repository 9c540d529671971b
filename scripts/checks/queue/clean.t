# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# "make clean" removes build/, unless there is work in it.

copy
linux=$repo/build/$BASE/linux
git init -q "$linux"
git -C "$linux" commit -q --allow-empty -m Work
echo none >"$repo/build/$BASE/tree.head"

kept() {
	refused 'has work that patches/ lacks' "$repo/scripts/queue/clean"
	[ -e "$linux/.git" ]
}

dropped() {
	DISCARD=1 "$repo/scripts/queue/clean"
	[ ! -e "$repo/build" ]
	[ -e "$repo/README" ]
}

check "planted: work that patches/ lacks is kept" kept
check "DISCARD=1 drops it" dropped
