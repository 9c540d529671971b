# SPDX-License-Identifier: GPL-2.0
# What the checks of this stage share.

# nothing_new: "complaints COMMIT", which each check has its own of, says nothing of the series that it does not say of
# the base.
nothing_new() {
	complaints base | sort >"$tmp/said.base"
	complaints series | sort >"$tmp/said.series"
	absent . <(comm -13 "$tmp/said.base" "$tmp/said.series")
}
