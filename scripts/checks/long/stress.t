# SPDX-License-Identifier: GPL-2.0
# Updates race TD builds, for long.  Without the series some measurements are wrong: boot/kunit.

check "100,000 TDs are right" "$top/scripts/boot/stress" 100000
