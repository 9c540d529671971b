# SPDX-License-Identifier: GPL-2.0
# The suites with a sanitizer that has to be in effect; then with a bug in them, which it has to find.

# passes NAME SYMBOL
passes() {
	"$top/scripts/build/kernel" "$1" series host guest tests "$1"
	grep "^CONFIG_$2=y" "$out/obj-$1/.config"
	"$top/scripts/boot/kunit" -l 1800 "$1"
}

# finds NAME REPORT
finds() {
	"$top/scripts/build/kernel" "$1" "$(planted arch/x86/virt/vmx/tdx/tests/fake_seam.c "\$r $top/scripts/checks/long/plants.c")" host guest tests "$1"
	fails "$top/scripts/boot/kunit" -l 1800 "$1" fake_module
	grep -m1 "$2" "$logs/kunit-$1.console"
}

while read -r name symbol report; do
	check "the suites pass with $symbol" passes "$name" "$symbol"
	check "planted: a bug for $symbol" finds "$name" "$report"
done <<'EOT'
kasan KASAN BUG: KASAN: slab-out-of-bounds in planted
ubsan UBSAN UBSAN: shift-out-of-bounds in .*fake_seam.c
kcsan KCSAN BUG: KCSAN: data-race in planted_race
rt PREEMPT_RT BUG: sleeping function called\|BUG: Invalid wait context
EOT
