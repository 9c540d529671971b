# SPDX-License-Identifier: GPL-2.0
# Every commit in every configuration, by both compilers.

needs bisect

check "every commit builds in every configuration" "$top/scripts/build/commits" -a
