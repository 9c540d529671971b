# SPDX-License-Identifier: GPL-2.0
# The tool installs, needs libc and libcrypto alone, and its manual page is whole.  build/programs sees to warnings.

files series "$tmp" tools/scripts tools/include tools/arch/x86/tdx_update
tool=$tmp/tools/arch/x86/tdx_update installed=$tmp/root/usr/sbin/tdx_update
cp -r "$tool" "$tmp/pristine"

make_tool() { make -s -C "$tool" CFLAGS='-O2 -Wextra -Werror' DESTDIR="$tmp/root" "$@"; }

# page FILE: the manual as text, in $tmp/page.
page() { man --warnings -l -Tascii "$1" 2>"$tmp/warnings" | sed 's/.\x08//g' >"$tmp/page"; }

installs() {
	make_tool install
	[ -r "$tmp/root/usr/share/man/man8/tdx_update.8" ]
	[ "$(readelf -d "$installed" | grep -oP 'NEEDED.*\[\K[a-z]*' | sort | xargs)" = "libc libcrypto" ]
	make_tool clean
	[ -z "$(diff -rq "$tmp/pristine" "$tool")" ]
}

# What Debian's hardening, cross builds and kbuild's users give to make
variables() {
	mkdir "$tmp/o"
	make_tool O="$tmp/o" CPPFLAGS=-DPLANTED
	[ -x "$tmp/o/tdx_update" ]
	make_tool -n CPPFLAGS=-DPLANTED | grep 'gcc -DPLANTED'
	make_tool -n CROSS_COMPILE=some-linux- | grep '^some-linux-gcc'
	make_tool -n LLVM=-19 | grep '^clang-19'
	[ -z "$(diff -rq "$tmp/pristine" "$tool")" ]
}

json() {
	"$top/tools/testing/fake_seam/fake_module_image.py" "$tmp/a\"b"
	for words in status "check $tool/Makefile" "check $tmp/a\"b" "install $tmp/a\"b"; do
		xargs "$installed" --json <<<"${words//\"/\\\"}" >"$tmp/json" || true
		python3 -m json.tool <"$tmp/json"
	done
}

# A syslog of its own: in a /dev of its own.
syslogged() {
	unshare -rm sh -c "mount -t tmpfs none /dev && exec python3 -" >"$tmp/syslog" <<-EOT
		import socket, subprocess
		log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		log.bind("/dev/log")
		subprocess.run(["$installed", "install", "$tool/Makefile"])
		log.settimeout(10)
		print(log.recv(1000).decode())
	EOT
	grep '^<27>.* tdx_update\[[0-9]*\]: .*/Makefile: size: no TDX module image' "$tmp/syslog"
}

documented() {
	page "$tool/tdx_update.8"
	absent . "$tmp/warnings"
	"$installed" --help | grep -oE '(^|[ /])--[a-z-]+' | tr -d ' /' | sort -u >"$tmp/options"
	[ "$(wc -l <"$tmp/options")" -ge 8 ]
	grep -oFf "$tmp/options" "$tmp/page" | sort -u | diff "$tmp/options" -
}

planted_macro() {
	echo '.nonsense' >>"$tool/tdx_update.8"
	page "$tool/tdx_update.8"
	grep 'warning.*nonsense' "$tmp/warnings"
}

check "it builds without a warning, and installs" installs
check "it takes make's usual variables" variables
check "its JSON is JSON" json
check "an install is a line in syslog" syslogged
check "its manual page is clean, and has its options" documented
check "planted: a macro that there is none of in the page is found" planted_macro
