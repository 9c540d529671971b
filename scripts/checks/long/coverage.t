# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What of the production code the suites execute.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check coverage

check "all that the series changes is executed" "$top/scripts/boot/coverage"
