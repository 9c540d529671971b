# SPDX-License-Identifier: GPL-2.0
# Updates race TD builds, for long: nothing is wrong with the series, and without it something is.

check "100,000 TDs are right" "$top/scripts/boot/stress" 100000
check "planted: no series" "$top/scripts/boot/stress" -p 2000
