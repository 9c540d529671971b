# SPDX-License-Identifier: GPL-2.0
# The comments for kernel-doc in what the series touches: no complaint that is new.

# complaints COMMIT: what kernel-doc says of the files that the series touches.
complaints() {
	local list
	mapfile -t list < <(touched 'arch/*.[ch]' 'drivers/*.[ch]' | xargs git -C "$scratch" ls-tree --name-only "$1")
	[ ${#list[@]} -gt 5 ] || die "the series touches ${#list[@]} files"
	rm -rf "${tmp:?}/$1"
	files "$1" "$tmp/$1" tools/docs tools/lib/python "${list[@]}"
	(cd "$tmp/$1" && { tools/docs/kernel-doc -none -Wall "${list[@]}" 2>&1 || true; } |
		sed -E 's/:[0-9]+ /: /')
}

planted_parameter() {
	complaints "$(planted drivers/virt/coco/tdx-host/tdx-host.c \
		"\$a /**\n * planted() - nothing\n */\nint planted(int status);")" | grep "'status' not described in 'planted'"
}

check "the comments have no new complaint" nothing_new
check "planted: a parameter that is not described is found" planted_parameter
