# SPDX-License-Identifier: GPL-2.0
# Who is not root is told what to install, and nothing else happens.

copy
printf '#!/bin/sh\necho 1000\n' >"$tmp/id"
printf '#!/bin/sh\nexit 1\n' >"$tmp/dpkg-query"
printf '#!/bin/sh\necho called >%s\n' "$tmp/called" >"$tmp/apt-get"
chmod +x "$tmp"/{id,dpkg-query,apt-get}
# lib.sh puts the system's directories first.
sed -i '/^export PATH=/d' "$repo/scripts/lib.sh"

told() {
	fails env PATH="$tmp:$PATH" "$repo/scripts/build/deps" check 2>"$tmp/said"
	cat "$tmp/said"
	[ "$(grep -c '^apt-get install ' "$tmp/said")" = 1 ]
	grep -q '^apt-get install .*qemu-system-x86.* shellcheck' "$tmp/said"
	[ ! -e "$tmp/called" ]
}

check "planted: packages that are missing are named" told
