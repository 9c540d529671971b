# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Every commit in every configuration, by both compilers.

needs check bisect

check "every commit builds in every configuration" "$top/scripts/build/commits" -a
