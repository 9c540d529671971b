# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Every commit in every configuration, by both compilers.

# shellcheck source=scripts/checks/lib.sh
. "$(dirname "$0")/../lib.sh"
needs check bisect

check "every commit builds in every configuration" "$top/scripts/build/commits" -a
