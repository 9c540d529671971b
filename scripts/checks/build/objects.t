# SPDX-License-Identifier: GPL-2.0
# What the objects have that are made of what the series touches, without the tests.  The first commit only moves
# definitions: the same instructions.  What thread fix adds to a small kernel with TDX, and the series to one without that
# has firmware uploads: no more text, data and bss than it must, and no symbol that is not known.

# The kernel "plain" is the base and the tests.  All are built whole: flags in arch/x86/boot depend on make's target.
build() { "$top/scripts/build/kernel" "$1" "$2" host guest tests; }
theirs() { touched_objects | grep -v /tests/; }

# code KERNEL: the instructions in all of them, of that kernel.
code() { (cd "$out/obj-$1" && theirs | xargs objdump -dr --no-show-raw-insn); }

moves_only() {
	build plain plain
	build first "$(commits | head -n 1)"
	code plain >"$tmp/code"
	[ "$(grep -c '^Disassembly of' "$tmp/code")" -gt 20 ]
	code first | diff "$tmp/code" -
}

changes() { grep '^> .*R_X86_64_PLT32.*\<tdx_check_td_builds' <(code patched | diff "$tmp/code" -); }

# objects KERNEL OBJECT...: file and bytes of each; and all symbols, in $tmp/KERNEL.symbols.  Some names have a counter,
# and those of initcalls their line numbers, in them.
objects() {
	cd "$out/obj-$1"
	size "${@:2}" | awk '$1 + 0 { print $6, $4 }' | sort >"$tmp/$1"
	nm --defined-only "${@:2}" | awk 'NF == 3 { print $3 }' | sed -E \
		's/^(__initcall__.*__)[0-9]*_[0-9]*_/\1N_N_/; s/^(__UNIQUE_ID_.*_)[0-9]*$/\1N/; s/\.[0-9]*$//' | sort >"$tmp/$1.symbols"
	[ "$(wc -l <"$tmp/$1")" -gt 20 ]
}

# compare BASE SERIES LIMIT SYMBOLS [FILES]: only these symbols are new; FILES, a regular expression, may differ.
compare() {
	local bytes new other
	bytes=$(awk 'FILENAME == ARGV[1] { $2 = -$2 } { t += $2 } END { print t }' "$tmp/$1" "$tmp/$2")
	new=$(comm -13 "$tmp/$1.symbols" "$tmp/$2.symbols" | xargs)
	other=$(comm -3 "$tmp/$1" "$tmp/$2" | awk '{ print $1 }' | sort -u | grep -vE "${5:-.}" | xargs || true)
	echo "$2: $bytes bytes more than $1"
	{
		[ "$new" = "$4" ] || echo "not the new symbols that are known: $new"
		[ "$bytes" -gt 0 ] || echo "the series is not there"
		[ "$bytes" -le "$3" ] || echo "$bytes bytes more, $3 are allowed"
		[ -z "$other" ] || echo "another size of $other"
	} >"$tmp/wrong"
	absent . "$tmp/wrong"
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

with_tdx() {
	local list new=(__UNIQUE_ID_addressable_tdx_get_nr_td_builds_N __export_symbol_tdx_get_nr_td_builds
		dev_attr_num_td_builds num_td_builds_show ops tdh_sys_shutdown tdx_check_td_builds tdx_get_nr_td_builds
		tdx_nr_td_builds)
	"$top/scripts/queue/assemble" -t fix
	build fix refs/threads/fix
	mapfile -t list < <(theirs)
	objects plain "${list[@]}"
	objects fix "${list[@]}"
	compare plain fix 600 "${new[*]}"
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
