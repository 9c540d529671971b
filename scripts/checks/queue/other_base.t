# SPDX-License-Identifier: GPL-2.0
# The queue, and each thread of it, applies to the other kernel as well.  A kernel to which it does not: queue/ksrc.

other=7.2
[ "$BASE" != 7.2 ] || other=7.3
assemble=(env BASE="$other" KSRC= "$top/scripts/queue/assemble")

check "all of it applies to $other" "${assemble[@]}"
for thread in $(threads); do
	check "thread $thread applies to $other" "${assemble[@]}" -t "$thread"
done
