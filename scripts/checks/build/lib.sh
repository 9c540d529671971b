# SPDX-License-Identifier: GPL-2.0
# What the checks of builds share.

# touched_of NAME COMMIT: what is made of a file that the series touches, of that commit, in obj-NAME.
touched_of() {
	"$top/scripts/build/kernel" -t "$(touched_targets)" "$1" "$2" host guest tests
}
