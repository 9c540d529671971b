# SPDX-License-Identifier: GPL-2.0
# The tool builds without a warning, installs, needs nothing but libc, and its manual page is whole.

tool=$tmp/tool
cp -r "$top/tools/arch/x86/tdx_update" "$tool"

# make_tool DIR TARGET...: a warning is an error.
make_tool() {
	make -s -C "$1" CFLAGS='-O2 -Wextra -Werror' DESTDIR="$tmp/root" "${@:2}"
}

# page FILE: the manual as text.
page() {
	man --warnings -l -Tascii "$1" | sed 's/.\x08//g'
}

installs() {
	make_tool "$tool" install
	[ -r "$tmp/root/usr/share/man/man8/tdx_update.8" ]
	readelf -d "$tmp/root/usr/sbin/tdx_update" | grep -o 'NEEDED.*' >"$tmp/needed"
	[ "$(cat "$tmp/needed")" = "NEEDED)             Shared library: [libc.so.6]" ]
	make_tool "$tool" clean
	[ -z "$(diff -rq "$top/tools/arch/x86/tdx_update" "$tool")" ]
}

documented() {
	local option
	page "$tool/tdx_update.8" >"$tmp/page" 2>"$tmp/warnings"
	absent . "$tmp/warnings"
	"$tmp/root/usr/sbin/tdx_update" --help | grep -oE '(^|[ /])--[a-z-]+' | tr -d ' /' | sort -u >"$tmp/options"
	[ "$(wc -l <"$tmp/options")" -ge 8 ]
	while read -r option; do
		grep -q -e "$option" "$1" || die "$option is not in the manual page"
	done <"$tmp/options"
}

planted_warning() {
	cp -r "$tool" "$tmp/planted"
	echo 'static int planted;' >>"$tmp/planted/tdx_update.c"
	fails make_tool "$tmp/planted" tdx_update 2>&1 | grep 'planted.*unused'
}

planted_macro() {
	{ cat "$tool/tdx_update.8"; echo '.nonsense'; } >"$tmp/planted.8"
	page "$tmp/planted.8" 2>&1 | grep 'warning.*nonsense'
}

check "it builds without a warning, and installs" installs
check "its manual page is clean, and has its options" documented "$tmp/page"
check "planted: a warning is found" planted_warning
check "planted: a macro that there is none of in the page is found" planted_macro
