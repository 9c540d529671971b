# SPDX-License-Identifier: GPL-2.0
# Small wrong changes to the production code.

check "the KUnit suites notice each of them" "$top/scripts/boot/mutants"
