# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Small wrong changes to the production code.

needs check

check "the KUnit suites notice each of them" "$top/scripts/boot/mutants"
