# SPDX-License-Identifier: GPL-2.0
# What the objects have that are made of what the series touches, without the tests.  The first commit only moves
# definitions: the same instructions.  What thread fix adds to a small kernel with TDX, and the series to one without that
# has firmware uploads: no more text, data and bss than it must, and no symbol that is not known.

# touched_of NAME COMMIT: these objects of that commit, in obj-NAME.
touched_of() { "$top/scripts/build/kernel" -t "$(touched_targets)" "$1" "$2" host guest tests; }

disassembly() {
	local o
	mkdir "$tmp/$1.code"
	for o in $(touched_objects | grep -v /tests/); do
		objdump -dr --no-show-raw-insn "$out/obj-$1/$o" | sed 1,3d >"$tmp/$1.code/${o//\//__}"
	done
}

moves_only() {
	touched_of base base
	touched_of first "$(commits | head -n 1)"
	disassembly base
	disassembly first
	[ "$(find "$tmp/base.code" -size +0 | wc -l)" -gt 20 ]
	diff -rq "$tmp/base.code" "$tmp/first.code"
}

changes() {
	disassembly patched
	fails cmp "$tmp"/{base,patched}.code/arch__x86__virt__vmx__tdx__tdx.o
}

# objects KERNEL OBJECT...: file, text, data and bss of each; and all symbols, in $tmp/KERNEL.symbols.  Some names have a
# counter, and those of initcalls their line numbers, in them.
objects() {
	cd "$out/obj-$1"
	size "${@:2}" | awk '$1 + 0 { print $6, $1, $2, $3 }' | sort >"$tmp/$1"
	nm --defined-only "${@:2}" | awk 'NF == 3 { print $3 }' | sed -E \
		's/^(__initcall__.*__)[0-9]*_[0-9]*_/\1N_N_/; s/^(__UNIQUE_ID_.*_)[0-9]*$/\1N/; s/\.[0-9]*$//' | sort >"$tmp/$1.symbols"
	[ "$(wc -l <"$tmp/$1")" -gt 20 ]
}

# compare BASE SERIES LIMIT SYMBOLS [FILES]: only these symbols are new; FILES, a regular expression, may differ.
compare() {
	local text data bss new other bad=()
	read -r text data bss < <(awk 'FILENAME == ARGV[1] { s = -1 } FILENAME == ARGV[2] { s = 1 }
		{ t += s * $2; d += s * $3; b += s * $4 } END { print t + 0, d + 0, b + 0 }' "$tmp/$1" "$tmp/$2")
	echo "$2: text $text, data $data, bss $bss more than $1"
	new=$(comm -13 "$tmp/$1.symbols" "$tmp/$2.symbols" | xargs)
	[ "$new" = "$4" ] || bad+=("not the new symbols that are known: $new")
	[ $((text + data + bss)) -gt 0 ] || bad+=("$((text + data + bss)) bytes more: the series is not there")
	[ $((text + data + bss)) -le "$3" ] || bad+=("$((text + data + bss)) bytes more, $3 are allowed")
	other=$(comm -3 "$tmp/$1" "$tmp/$2" | awk '{ print $1 }' | sort -u | grep -vE "${5:-.}" || true)
	[ -z "$other" ] || bad+=("another size of $(xargs <<<"$other")")
	[ ${#bad[@]} -eq 0 ] || { printf '%s\n' "${bad[@]/#/$2: }"; return 1; }
}

# uploads COMMIT: without TDX.
uploads() {
	local commit list
	local seen=(arch/x86/{virt/,coco/,kernel/setup.o,kernel/cpu/} drivers/virt/ drivers/base/firmware_loader/)
	for commit in base "$1"; do
		"$top/scripts/build/kernel" -t "${seen[*]}" "off-$commit" "$commit" host guest tdx-off
		mapfile -t list < <(cd "$out/obj-off-$commit" && find "${seen[@]}" -name '*.o' ! -name built-in.o)
		objects "off-$commit" "${list[@]}"
	done
	compare off-base "off-$1" 128 "" '^drivers/base/firmware_loader/'
}

# Flags in arch/x86/boot depend on the target that make was asked for.
with_tdx() {
	local list new=(__UNIQUE_ID_addressable_tdx_get_nr_td_builds_N __export_symbol_tdx_get_nr_td_builds
		dev_attr_num_td_builds num_td_builds_show ops tdh_sys_shutdown tdx_check_td_builds tdx_get_nr_td_builds
		tdx_nr_td_builds)
	"$top/scripts/queue/assemble" -t fix
	touched_of base base
	touched_of fix refs/threads/fix
	mapfile -t list < <(touched_objects | grep -v -e /tests/ -e ^arch/x86/boot/)
	objects base "${list[@]}"
	objects fix "${list[@]}"
	compare base fix 600 "${new[*]}"
}

larger() {
	local commit
	commit=$(planted drivers/base/firmware_loader/sysfs_upload.c '$a char tdx_planted[8];\nasm(".skip 256");')
	fails uploads "$commit" >"$tmp/said"
	rm -rf "$out/obj-off-$commit"
	grep 'symbols that are known: tdx_planted' "$tmp/said"
	grep 'bytes more, 128 are allowed' "$tmp/said"
}

check "the first commit changes no instruction" moves_only
check "planted: a change of code is found" changes
check "without TDX no more than is allowed, in the firmware loader alone" uploads series
check "with TDX no more than is allowed" with_tdx
check "planted: a new symbol, and 256 bytes more" larger
