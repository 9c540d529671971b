# SPDX-License-Identifier: GPL-2.0
# Coccinelle, with the kernel's own semantic patches, has nothing new to say about what the series touches.

# The kernel's semantic patches, but those that cannot report, or need an OCaml compiler, and what they include; and the
# files to look at, of the base, of the series, and one with a fault.
files series "$tmp/kernel" scripts include/linux arch/x86/include
list=$(grep -rlE '^virtual +report' "$tmp/kernel/scripts/coccinelle" | xargs grep -LE ': *ocaml' || true)
[ "$(wc -l <<<"$list")" -gt 50 ] || die "too few semantic patches"
fault='char cocci_must_complain(char *p);\nchar cocci_must_complain(char *p)\n{\n\tkfree(p);\n\treturn p[0];\n}'
files "$(planted drivers/virt/coco/tdx-host/tdx-host.c "\$a $fault")" "$tmp/planted" drivers/virt/coco/tdx-host/tdx-host.c
mapfile -t names < <(touched 'arch/*.[ch]' 'drivers/*.[ch]')
[ ${#names[@]} -gt 5 ] || die "the series touches ${#names[@]} files"
mapfile -t old < <(kgit ls-tree --name-only base "${names[@]}")
files base "$tmp/base" "${old[@]}"
files series "$tmp/series" "${names[@]}"

# cocci DIR [NAME]: what there is to say there, as FILE: TEXT, by all semantic patches, or by this one.
cocci() {
	local log=$tmp/cocci.log
	# Not in the kernel's directory: its .cocciconfig looks for files in git, and the user's own may do more.
	(cd "$tmp/$1" && export HOME=$PWD srctree=$tmp/kernel srcroot=$PWD MODE=report J=1 && grep "${2:-}" <<<"$list" |
		xargs -P "$jobs" -I{} env COCCI={} "$srctree/scripts/coccicheck") >"$log" 2>&1
	absent -E 'Fatal error|coccicheck failed|is available at' "$log"
	# FILE:LINE:COLUMN-COLUMN: text
	sed -nE "s|^$tmp/$1/([^ ]+):[0-9]+:[0-9]+-[0-9]+: |\1: |; T; s/ (on )?line [0-9]+//; p" "$log" | sort
}

nothing_new() {
	cocci base >"$tmp/said"
	cocci series | comm -13 "$tmp/said" - >"$tmp/new"
	absent . "$tmp/new"
}

planted_use() { cocci planted /kfree.cocci | grep -x 'drivers/.*/tdx-host.c: ERROR: reference preceded by free'; }

check "Coccinelle has no new complaint" nothing_new
check "planted: a use after free is found" planted_use
