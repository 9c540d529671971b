# SPDX-License-Identifier: GPL-2.0
# Who is not root is told what to install, and nothing else happens.

# Nobody, on a system that has no packages.
told() {
	fails env DPKG_ADMINDIR="$tmp" unshare -U "$top/scripts/build/deps" check >"$tmp/said" 2>&1
	cat "$tmp/said"
	[ "$(grep -c . "$tmp/said")" = 2 ]
	grep '^apt-get install .*qemu-system-x86.* shellcheck' "$tmp/said"
}

check "planted: packages that are missing are named" told
