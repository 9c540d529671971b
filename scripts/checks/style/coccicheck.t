# SPDX-License-Identifier: GPL-2.0
# Coccinelle, with the kernel's own semantic patches, has nothing new to say about what the series touches.

# The kernel's semantic patches and what they include; and in $tmp/sources the files to look at, of the
# base, of the series, and one with a fault, all in one run: starting spatch takes longer than a file.
files series "$tmp/kernel" scripts include/linux arch/x86/include
fault='char cocci_must_complain(char *p);\nchar cocci_must_complain(char *p)\n{\n\tkfree(p);\n\treturn p[0];\n}'
fault=$(planted drivers/virt/coco/tdx-host/tdx-host.c "\$a $fault")
mapfile -t names < <(touched 'arch/*.[ch]' 'drivers/*.[ch]')
[ ${#names[@]} -gt 5 ] || die "the series touches ${#names[@]} files"
for commit in base series; do
	mapfile -t there < <(kgit ls-tree --name-only "$commit" "${names[@]}")
	files "$commit" "$tmp/sources/$commit" "${there[@]}"
done
files "$fault" "$tmp/sources/planted" drivers/virt/coco/tdx-host/tdx-host.c

# What there is to say, as DIR/FILE: TEXT.  Left out are the semantic patches that cannot report, and those that need an
# OCaml compiler.
cocci() {
	local list log=$tmp/cocci.log
	list=$(grep -lE '^virtual +report' "$tmp"/kernel/scripts/coccinelle/*/*.cocci | xargs grep -LE ': *ocaml')
	[ "$(wc -l <<<"$list")" -gt 50 ] || die "too few semantic patches"
	# Not in the kernel's directory: its .cocciconfig looks for files in git, and the user's own may do more.
	(cd "$tmp/sources" && export HOME=$PWD srctree=$tmp/kernel srcroot=$PWD MODE=report J=1 &&
		xargs -P "$jobs" -I{} env COCCI={} "$srctree/scripts/coccicheck" <<<"$list") >"$log" 2>&1
	absent -E 'Fatal error|coccicheck failed|is available at' "$log"
	# FILE:LINE:COLUMN-COLUMN: text
	sed -nE "s|^$tmp/sources/([^ ]+):[0-9]+:[0-9]+-[0-9]+: |\1: |; T; s/ (on )?line [0-9]+//; p" "$log" | sort >"$tmp/said"
}

# new DIR: what is said of that and not of the base.
new() { comm -13 <(sed -n 's|^base/||p' "$tmp/said") <(sed -n "s|^$1/||p" "$tmp/said"); }

nothing_new() {
	cocci
	cat "$tmp/said"
	absent . <(new series)
}

planted_use() {
	[ "$(new planted)" = "drivers/virt/coco/tdx-host/tdx-host.c: ERROR: reference preceded by free" ]
}

check "Coccinelle has no new complaint" nothing_new
check "planted: a use after free is found" planted_use
