# SPDX-License-Identifier: GPL-2.0
# The tool builds without a warning, installs, needs libc and libcrypto alone, and its manual page is whole.

files series "$tmp" tools/scripts tools/include tools/arch/x86/tdx_update
tool=$tmp/tools/arch/x86/tdx_update
cp -r "$tool" "$tmp/pristine"

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
	[ "$(readelf -d "$tmp/root/usr/sbin/tdx_update" | sed -n 's/.*NEEDED.*\[\([a-z]*\)\.so.*/\1/p' | sort | xargs)" = "libc libcrypto" ]
	make_tool "$tool" clean
	[ -z "$(diff -rq "$tmp/pristine" "$tool")" ]
}

# What Debian's hardening, cross builds and kbuild's users give to make
variables() {
	mkdir "$tmp/o"
	make_tool "$tool" O="$tmp/o" CPPFLAGS=-DPLANTED
	[ -x "$tmp/o/tdx_update" ]
	make_tool "$tool" -n CPPFLAGS=-DPLANTED | grep 'gcc -DPLANTED'
	make_tool "$tool" -n CROSS_COMPILE=some-linux- | grep '^some-linux-gcc'
	make_tool "$tool" -n LLVM=-19 | grep '^clang-19'
	[ -z "$(diff -rq "$tmp/pristine" "$tool")" ]
}

# The JSON is JSON.
json() {
	"$top/tools/testing/fake_seam/fake_module_image.py" "$tmp/a\"b"
	while read -r command image; do
		{ "$tmp/root/usr/sbin/tdx_update" --json "$command" ${image:+"$image"} || true; } | python3 -m json.tool
	done <<-EOT
		status
		check $tmp/a"b
		check $tool/Makefile
		install $tmp/a"b
	EOT
}

# A syslog of its own: in a /dev of its own.
syslogged() {
	mkdir "$tmp/dev"
	touch "$tmp/dev/null"
	unshare -rm sh -c "mount --bind /dev/null $tmp/dev/null && mount --rbind $tmp/dev /dev && exec python3 -" <<-EOT
		import socket, subprocess
		log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		log.bind("/dev/log")
		subprocess.run(["$tmp/root/usr/sbin/tdx_update", "install", "$tool/Makefile"])
		log.settimeout(10)
		print(log.recv(1000).decode())
	EOT
}

syslogged_install() {
	syslogged | grep '^<27>.* tdx_update\[[0-9]*\]: .*/Makefile: size: no TDX module image'
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
	echo 'static int planted;' >>"$tool/tdx_image.c"
	fails make_tool "$tool" 2>&1 | grep 'planted.*unused'
}

planted_macro() {
	{ cat "$tool/tdx_update.8"; echo '.nonsense'; } >"$tmp/planted.8"
	page "$tmp/planted.8" 2>&1 | grep 'warning.*nonsense'
}

check "it builds without a warning, and installs" installs
check "it takes make's usual variables" variables
check "its JSON is JSON" json
check "an install is a line in syslog" syslogged_install
check "its manual page is clean, and has its options" documented "$tmp/page"
check "planted: a warning is found" planted_warning
check "planted: a macro that there is none of in the page is found" planted_macro
