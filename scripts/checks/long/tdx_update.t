# SPDX-License-Identifier: GPL-2.0
# tdx_update, built with sanitizers, reads images that libFuzzer makes of good ones; then with a bug in it.

needs fuzz
tool=$tmp/tools/arch/x86/tdx_update fake=$top/tools/testing/fake_seam/fake_module_image.py
files series "$tmp" tools/include tools/arch/x86/tdx_update
mkdir "$tmp/images"
# Most without a checksum, or nothing would be read after it.
"$fake" --pages 1 "$tmp/images/sum"
"$fake" --set checksum=0 --pages 1 "$tmp/images/old"
"$fake" --set checksum=0 --version 2.0.16 "$tmp/images/new"
"$fake" --set checksum=0 --debug --cpus '' "$tmp/images/debug"

fuzz() {
	clang-19 -g -O1 -fsanitize=address,undefined,fuzzer -fno-sanitize-recover=all -I"$1" -I"$tmp/tools/include" -o "$1/images" \
		"$top/scripts/checks/long/images.c" "$1/tdx_image.c" "$1/tdx_install.c" -lcrypto
	"$1/images" -runs=100000 -seed=1 -max_len=16384 -close_fd_mask=1 -artifact_prefix="$tmp/" "$tmp/images"
}

fuzzed() {
	cp -r "$tool" "$tmp/tool"
	fuzz "$tmp/tool" >"$tmp/refused_by" 2>&1 || { tail -n 30 "$tmp/refused_by"; die "libFuzzer has found something"; }
	# They get to the end.
	for what in size header checksum sigstruct cpus debug hash signature order nothing; do
		grep -cx "$what" "$tmp/refused_by"
	done
}

overflow() {
	cp -r "$tool" "$tmp/planted"
	sed -i 's/ && i < MAX_CPUS//' "$tmp/planted"/*.c
	fails fuzz "$tmp/planted" 2>&1 | grep 'AddressSanitizer: .*-buffer-overflow'
}

# noticed FILE EXPRESSION: the kselftest that needs no TDX finds what sed -E makes of the tool.
noticed() {
	local dir=$tmp/mutant/tdx_host
	mkdir -p "$tmp/mutant"
	"$top/scripts/build/selftests" -c "gcc -w" "$(planted "tools/arch/x86/tdx_update/$1" "$2")" "$dir"
	cp -r "$dir.src/tools/testing/selftests/kselftest" "$tmp/mutant/"
	fails "$dir/tdx_host_check.sh" | grep '^not ok'
}

check "100,000 images of libFuzzer's" fuzzed
check "planted: a list of CPUs that is longer than the page" overflow
while read -r file expression; do
	check "planted in $file: $expression" noticed "$file" "$expression"
done <<'EOT'
tdx_image.c s/!signature_is_right\(sig\)/0/
tdx_image.c s/memcmp\(digest, sig->seamhash, sizeof\(digest\)\)/0/
tdx_image.c s/sig->vendor != 0x8086/0/
tdx_image.c s/sig->header_type != 6/0/
tdx_image.c s/!sig->nr_cpus && !debug/0/
tdx_image.c s/ >> 4 == eax >> 4/ >= 0/
tdx_image.c s/allow_debug \? WARNING : EXIT_UNSUPPORTED/WARNING/
tdx_image.c s/sum && blob->checksum/0/
tdx_image.c s/!memcmp\(blob->magic \+ 4, "TDX-", 4\)/0/
tdx_image.c s/\*blob->reserved \|\|/0 \&\&/
tdx_image.c s/blob->module_pages != image->size/0 == image->size/
tdx_image.c s/\*named && strcmp/0 \&\& strcmp/
tdx_image.c s/!\*new, code/0, code/
tdx_image.c s/strncmp\(new, old, line\)/0/
tdx_image.c s/strverscmp\(new, old\) < 0/0/
tdx_update.c s/\*text < ' ' \|\|/0 ||/
tdx_update.c s/error == EACCES \? WARNING/error == 0 ? WARNING/
tdx_update.c s/strcmp\(online, present\)/0/
tdx_update.c s/!strcmp\(host->text\[UPDATES_LEFT\], "0"\)/0/
tdx_update.c s/!\*host->text\[TD_BUILDS\]/0/
tdx_update.c s/host->error\[UPDATES_LEFT\] == ENOENT \?/0 ?/
tdx_update.c s/td_build_in_progress/td_builds/
tdx_update.c s/opt <= STDERR_FILENO/opt < 0/
tdx_install.c s/ && !reinstall/ \&\& 0/
tdx_install.c s/if \(stop && !said\)/if (0)/
tdx_install.c s/"; warning: not as in "/""/
tdx_install.c s/^	wait_for\(&builds\);//
EOT
