# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What of the production code the suites execute.

needs check

check "all that the series changes is executed" "$top/scripts/boot/coverage"
