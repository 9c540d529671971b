# SPDX-License-Identifier: GPL-2.0
# What the checks of the queue share: places in which they can damage what they want to.

# This repository, as it is now.
repo=$tmp/repo
mkdir "$repo"
git -C "$top" ls-files -z -co --exclude-standard | tar -C "$top" --null --ignore-failed-read -T - -cf - 2>/dev/null |
	tar -xf - -C "$repo"

# in_copy TREE: from here on KSRC, kgit and lgit are those of the copy with this kernel tree, all in $tmp/repo/build.
in_copy() {
	export KSRC=$1
	out=$(top=$repo && out_of "$1")
	scratch=$out/scratch linux=$out/linux
}

# needed: the paths of a kernel that are enough for the queue, or would be in the way of a new file.
needed() {
	printf '%s\n' Makefile scripts arch/x86/Kconfig arch/x86/Makefile arch/x86/virt/vmx/tdx .gitattributes .gitignore MAINTAINERS
	touched .
}

# commit_tree DIR: all that is there.
commit_tree() (
	export GIT_CONFIG_GLOBAL=/dev/null
	git init -q "$1"
	git -C "$1" add -A -f .
	git -C "$1" commit -q -m "Somebody's kernel"
)

# small_tree DIR [PATH...]: that much of the base, and these paths, as a git tree.
small_tree() {
	local list
	mapfile -t list < <(needed | xargs git -C "$scratch" ls-tree --name-only base)
	files base "$1" "${list[@]}" "${@:2}"
	commit_tree "$1"
}
