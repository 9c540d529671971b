# SPDX-License-Identifier: GPL-2.0
# Each thread that comes after no other one builds on the base alone, and passes what tests it has.

# builds THREAD: what it touches, and the tool if it has one; with KUnit suites, all of the kernel, and they pass.
builds() {
	local kernel=thread targets="arch/x86/virt/ arch/x86/kvm/vmx/tdx.o drivers/virt/coco/ drivers/base/firmware_loader/"
	! kgit cat-file -e "refs/threads/$1:arch/x86/virt/vmx/tdx/tests/Makefile" || kernel=$1 targets=bzImage
	"$top/scripts/build/kernel" -t "$targets" "$kernel" "refs/threads/$1" host guest tests
	files "refs/threads/$1" "$tmp/$1" tools/arch/x86 tools/scripts tools/include
	[ ! -e "$tmp/$1/tools/arch/x86/tdx_update" ] || make -C "$tmp/$1/tools/arch/x86/tdx_update"
	[ "$kernel" = "$1" ] || return 0
	"$top/scripts/boot/kunit" "$kernel"
	grep -E '^ok [0-9]+ tdx_builds$' "$logs/kunit-$kernel.console"
}

alone() {
	cp -r "$top/patches" "$top/arch" "$top/tools" "$top/Documentation" "$tmp/"
	sed -i 's/^thread model after .*/thread model/' "$tmp/patches/series"
	refused 'patches/model/000.-.* does not apply' "$top/scripts/queue/assemble" -f "$tmp" -t model
}

while read -r thread; do
	"$top/scripts/queue/assemble" -t "$thread" >>"$full"
	check "thread $thread" builds "$thread"
done < <(sed -n 's/^thread \([^ ]*\)$/\1/p' "$top/patches/series")
check "planted: a thread that does need another one" alone
