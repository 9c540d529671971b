# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Small wrong changes to the production code.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check

check "the KUnit suites notice each of them" "$top/scripts/boot/mutants"
