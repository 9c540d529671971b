# SPDX-License-Identifier: GPL-2.0
# What scripts/build/kernel makes is made of what there is now, with the options that were asked for.

# includes COMPILER...: of a file by .incbin; the second object has what the second file says, of the same size.
includes() {
	local n
	cd "$tmp"
	export CCACHE_DIR=$tmp/ccache
	for n in 1 2; do
		printf 'number %s' $n >file
		printf 'asm(".incbin \\"file\\"");\n' >object.c
		printf '.incbin "file"\n' >code.S
		"$@" -Wp,-MMD,d -c -o object.o object.c
		"$@" -Wp,-MMD,d -c -o code.o code.S
		grep -c "number $n" object.o code.o
	done
}

check "an object has what the file has now" includes "$top/scripts/build/cc" gcc
check "planted: ccache alone does not see that" fails includes ccache gcc
check "planted: an option that does not survive is named" refused 'configuration lost CONFIG_INTEL_TDX_GUEST' \
	"$top/scripts/build/kernel" lost series i386 guest
