# SPDX-License-Identifier: GPL-2.0
# Coccinelle, with the kernel's own semantic patches, has nothing new to say about what the series touches.

# The kernel's semantic patches and what they include; and the files to look at, of the base, of the series, and one with
# a fault.
files series "$tmp/kernel" scripts include/linux arch/x86/include
fault='char cocci_must_complain(char *p);\nchar cocci_must_complain(char *p)\n{\n\tkfree(p);\n\treturn p[0];\n}'
files "$(planted drivers/virt/coco/tdx-host/tdx-host.c "\$a $fault")" "$tmp/planted" drivers/virt/coco/tdx-host/tdx-host.c
mapfile -t names < <(touched 'arch/*.[ch]' 'drivers/*.[ch]')
[ ${#names[@]} -gt 5 ] || die "the series touches ${#names[@]} files"
for commit in base series; do
	mapfile -t there < <(kgit ls-tree --name-only "$commit" "${names[@]}")
	files "$commit" "$tmp/$commit" "${there[@]}"
done

# cocci DIR [NAME]: what there is to say there, as FILE: TEXT, in $tmp/DIR.said, by all semantic patches but those that
# cannot report, or need an OCaml compiler; or by this one.
cocci() {
	local list log=$tmp/cocci.log
	list=$(grep -rlE --include="${2:-*}.cocci" '^virtual +report' "$tmp/kernel/scripts/coccinelle" |
		{ xargs grep -LE ': *ocaml' || true; })
	[ -n "${2:-}" ] || [ "$(wc -l <<<"$list")" -gt 50 ] || die "too few semantic patches"
	# Not in the kernel's directory: its .cocciconfig looks for files in git, and the user's own may do more.
	(cd "$tmp/$1" && export HOME=$PWD srctree=$tmp/kernel srcroot=$PWD MODE=report J=1 &&
		xargs -P "$jobs" -I{} env COCCI={} "$srctree/scripts/coccicheck" <<<"$list") >"$log" 2>&1
	absent -E 'Fatal error|coccicheck failed|is available at' "$log"
	# FILE:LINE:COLUMN-COLUMN: text
	sed -nE "s|^$tmp/$1/([^ ]+):[0-9]+:[0-9]+-[0-9]+: |\1: |; T; s/ (on )?line [0-9]+//; p" "$log" | sort >"$tmp/$1.said"
}

# Only if there is anything to say does it matter whether the base has that, too.
nothing_new() {
	cocci series
	[ ! -s "$tmp/series.said" ] || cocci base
	touch "$tmp/base.said"
	comm -13 "$tmp/base.said" "$tmp/series.said" >"$tmp/new"
	absent . "$tmp/new"
}

planted_use() {
	cocci planted kfree
	grep -x 'drivers/virt/coco/tdx-host/tdx-host.c: ERROR: reference preceded by free' "$tmp/planted.said"
}

check "Coccinelle has no new complaint" nothing_new
check "planted: a use after free is found" planted_use
