# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# tdx_update, built with sanitizers, reads images that were good once; then with a bug in it.

needs check fuzz
unchanging
tool=$top/tools/arch/x86/tdx_update fake=$top/tools/testing/fake_seam/fake_module_image.py
files series "$tmp" tools/include
mkdir "$tmp/images"
"$fake" --pages 1 "$tmp/images/old"
"$fake" --version 2.0.16 "$tmp/images/new"
"$fake" --debug --cpus '' --set checksum=0 "$tmp/images/debug"

# build DIR CC OPTION...: the program that reads images
build() {
	"$2" -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all "${@:3}" -I"$1" -I"$tmp/tools/include" -o "$1/mutated_images" \
		"$top/scripts/checks/long/mutated_images.c" "$1/tdx_host.c" "$1/tdx_image.c"
}

mutated() {
	cp -r "$tool" "$tmp/gcc"
	build "$tmp/gcc" gcc
	"$tmp/gcc/mutated_images" 20000 "$tmp"/images/* 2>&1 | tee "$tmp/refused_by"
	# They get to the end.
	for what in format size checksum sigstruct cpus debug hash signature order nothing; do
		grep "^$what " "$tmp/refused_by"
	done
}

fuzzed() {
	cp -r "$tool" "$tmp/clang"
	build "$tmp/clang" clang-19 -DFUZZER -fsanitize=fuzzer
	"$tmp/clang/mutated_images" -runs=20000 -seed=1 -max_len=16384 -close_fd_mask=1 -artifact_prefix="$tmp/" "$tmp/images"
}

planted() {
	cp -r "$tool" "$tmp/planted"
	sed -i 's/ && i < MAX_CPUS//' "$tmp/planted"/*.c
	build "$tmp/planted" gcc
	fails "$tmp/planted/mutated_images" 20000 "$tmp"/images/* 2>&1 | grep 'AddressSanitizer: .*-buffer-overflow'
}

check "20,000 mutated images" mutated
check "20,000 of libFuzzer's" fuzzed
check "planted: a list of CPUs that is longer than the page" planted
