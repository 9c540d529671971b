# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# What the tables share: both kernels under Bochs, side by side.

# both TASK NAME [PARAMETER...]: Bochs has one thread, so the two kernels can go at the same time.
both() {
	local other
	"$top/scripts/build/initrd"
	"$top/scripts/build/kernel" patched
	"$top/scripts/build/program" bochs
	step "booting both kernels: $2"
	"$top/scripts/boot/emulate" -b "${emulate[@]}" -a "kvm_intel.tdx=1 ${*:3}" plain "$1" "$logs/$2-plain.log" & other=$!
	"$top/scripts/boot/emulate" -b "${emulate[@]}" -a "kvm_intel.tdx=1 ${*:3}" patched "$1" "$logs/$2-patched.log"
	wait $other
}

emulate=()	# further options of emulate's
wrong=0		# rows that are not as they should be

# value KERNEL KEY: what the guest of this $name says.
value() { sed -n "s/^$2: //p" "$logs/$name-$1.log"; }

title() {
	printf '\n%-36s| %-32s| %s\n' "$1" "Linux $(value plain kernel)" "with the series"
	echo "------------------------------------+---------------------------------+--------------------------------"
}

# row TITLE PLAIN PATCHED WANTED-PLAIN WANTED-PATCHED
row() {
	local note=
	[ "$2|$3" = "$4|$5" ] || note="  <- wanted: $4 | $5" wrong=$((wrong + 1))
	printf '%-36s| %-32s| %s%s\n' "$1" "$2" "$3" "$note"
}
