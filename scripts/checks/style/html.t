# SPDX-License-Identifier: GPL-2.0
# The x86 manual as HTML, as "make htmldocs SPHINXDIRS=arch/x86" makes it: no complaint that is new.

# A tree that has no more than the manual is made of; and no second one, only what differs is written.
kernel=$tmp/kernel
files base "$kernel" Documentation ':!Documentation/devicetree' ':!Documentation/translations' MAINTAINERS \
	tools/docs tools/lib/python tools/net/ynl arch/x86 drivers/platform/x86

# complaints COMMIT: what Sphinx says.
complaints() {
	mapfile -t changed < <(kgit diff --name-only base "$1" -- Documentation MAINTAINERS arch/x86)
	[ ${#changed[@]} -eq 0 ] || files "$1" "$kernel" "${changed[@]}"
	rm -rf "$tmp/html"
	mkdir "$tmp/html"
	(cd "$kernel" && srctree=$PWD tools/docs/sphinx-build-wrapper htmldocs --sphinxdirs=arch/x86 \
		--builddir="$tmp/html") >"$tmp/sphinx.log" 2>&1 || { cat "$tmp/sphinx.log"; die "Sphinx fails"; }
	[ -s "$tmp/html/arch/x86/tdx.html" ]
	[ "$1" = base ] || [ -s "$tmp/html/arch/x86/tdx-fake-seam.html" ]
	grep -E 'WARNING|ERROR|CRITICAL|SEVERE' "$tmp/sphinx.log" | sed -E 's/:[0-9]+(: |;|$)/:N\1/g'
}

planted_title() {
	complaints "$(planted Documentation/arch/x86/tdx.rst "\$s/$/\n\nA title whose line is too short\n------/")" |
		grep 'tdx.rst.*Title underline too short'
}

check "the manual has no new complaint" nothing_new
check "planted: a line that is too short below a title is found" planted_title
