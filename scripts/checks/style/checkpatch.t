# SPDX-License-Identifier: GPL-2.0
# checkpatch, with everything on.  Its --codespell takes most of a minute; style/own_files has codespell.

# Only the sender can sign off; that MAINTAINERS knows the new files is what queue/send shows.  The base is a commit
# without history: it has no commit that a Fixes: tag could name.
ignore=MISSING_SIGN_OFF,FILE_PATH_CHANGES,UNKNOWN_COMMIT_ID
# 7.2's wants an empty line between a function and its NOKPROBE_SYMBOL().
[ "$BASE" != 7.2 ] || ignore+=,LINE_SPACING

# What checkpatch and its helpers read, in a git tree.
kgit worktree add -q --no-checkout --detach "$tmp/kernel" series
cd "$tmp/kernel"
export GIT_CONFIG_GLOBAL=/dev/null
git checkout -q series -- scripts LICENSES include MAINTAINERS COPYING CREDITS Kbuild Makefile README
mkdir -p Documentation arch drivers fs init ipc kernel lib

# checkpatch RANGE: what it says of these commits.
checkpatch() {
	git rev-list "$1" | xargs -P "$(nproc)" -I '{}' sh -c \
		"scripts/checkpatch.pl --strict --show-types --ignore $ignore -g {} 2>&1 || true"
}

nothing_wrong() {
	checkpatch base..series | tee "$tmp/said"
	[ "$(grep -c '^total: 0 errors, 0 warnings, 0 checks, ' "$tmp/said")" = "$(commits | wc -l)" ]
	absent -E 'Traceback|CHECK:|WARNING:|ERROR:' "$tmp/said"
}

# planted_in EXPRESSION TYPE: a change to a file is found, and is of that type.
planted_in() { checkpatch "series..$(planted drivers/virt/coco/tdx-host/tdx-host.c "$1")" | grep -A 3 "$2"; }

check "checkpatch has nothing to say about any commit" nothing_wrong
check "planted: blanks instead of a tab are found" planted_in '2s/^/int y(void)\n{\n        return 0;\n}\n/' CODE_INDENT
check "planted: a licence that there is none of is found" planted_in '1s/GPL-2.0.*/Nonsense/' SPDX_LICENSE_TAG
