# SPDX-License-Identifier: GPL-2.0
# tdx_update, built with sanitizers, reads images that libFuzzer makes of good ones; then with a bug in it.

needs fuzz
tool=$top/tools/arch/x86/tdx_update fake=$top/tools/testing/fake_seam/fake_module_image.py
files series "$tmp" tools/include
mkdir "$tmp/images"
# Most without a checksum, or nothing would be read after it.
"$fake" --pages 1 "$tmp/images/sum"
"$fake" --set checksum=0 --pages 1 "$tmp/images/old"
"$fake" --set checksum=0 --version 2.0.16 "$tmp/images/new"
"$fake" --set checksum=0 --debug --cpus '' "$tmp/images/debug"

fuzz() {
	clang-19 -g -O1 -fsanitize=address,undefined,fuzzer -fno-sanitize-recover=all -I"$1" -I"$tmp/tools/include" -o "$1/images" \
		"$top/scripts/checks/long/images.c" "$1/tdx_host.c" "$1/tdx_image.c"
	"$1/images" -runs=20000 -seed=1 -max_len=16384 -close_fd_mask=1 -artifact_prefix="$tmp/" "$tmp/images"
}

fuzzed() {
	cp -r "$tool" "$tmp/tool"
	fuzz "$tmp/tool" >"$tmp/refused_by" 2>&1 || { tail -n 30 "$tmp/refused_by"; die "libFuzzer has found something"; }
	# They get to the end.
	for what in format size checksum sigstruct cpus debug hash signature order nothing; do
		grep -cx "$what" "$tmp/refused_by"
	done
}

planted() {
	cp -r "$tool" "$tmp/planted"
	sed -i 's/ && i < MAX_CPUS//' "$tmp/planted"/*.c
	fails fuzz "$tmp/planted" 2>&1 | grep 'AddressSanitizer: .*-buffer-overflow'
}

# noticed FILE EXPRESSION: the kselftest that needs no TDX finds what sed -E makes of the tool.
noticed() {
	local dir=$tmp/kselftest/tdx_host
	mkdir -p "$tmp/kselftest" "$tmp/mutant"
	cp -r "$out/selftests" "$dir"
	cp -r "$out/selftests.src/tools/testing/selftests/kselftest" "$tmp/kselftest/"
	cp "$tool"/*.[ch] "$tmp/mutant/"
	sed -i -E "$2" "$tmp/mutant/$1"
	fails cmp "$tool/$1" "$tmp/mutant/$1"
	gcc -I"$tmp/tools/include" -o "$dir/tdx_update" "$tmp"/mutant/*.c
	fails "$dir/tdx_host_check.sh" >"$tmp/tap"
	grep '^not ok' "$tmp/tap"
}

check "20,000 images of libFuzzer's" fuzzed
check "planted: a list of CPUs that is longer than the page" planted
"$top/scripts/build/selftests"
while read -r file expression; do
	check "planted in $file: $expression" noticed "$file" "$expression"
done <<'EOT'
tdx_image.c s/return !memcmp\(message, want/return 1 || !memcmp(message, want/
tdx_image.c s/return !memcmp\(digest, want.*/return true;/
tdx_image.c s/if \(get32\(sig \+ fields.*/if (0)/
tdx_image.c s/if \(!nr && !/if (0 \&\& !/
tdx_image.c s/ >> 4 == eax >> 4/ >= 0/
tdx_image.c s/allow_debug \? WARNING : EXIT_UNSUPPORTED/WARNING/
tdx_image.c s/CHECKSUM\) && sum/CHECKSUM) \&\& 0/
tdx_image.c s/== 0x100/== 0x101/
tdx_image.c s/image->size != \(2 \+ pages\) \* PAGE/0/
tdx_image.c s/\*text < ' ' \|\|/0 ||/
tdx_host.c s/error == EACCES \? WARNING/error == 0 ? WARNING/
tdx_host.c s/!strcmp\(online, present\)/1/
tdx_host.c s/if \(!host->updates_left\)/if (0)/
tdx_host.c s/if \(host->td_builds < 0\)/if (0)/
tdx_host.c s/if \(ret == -ENOENT && /if (0 \&\& /
tdx_host.c s/td_build_in_progress/td_builds/
tdx_update.c s/new\[2\] < old\[2\]/0/
tdx_update.c s/new\[0\] != old\[0\] \|\| new\[1\] != old\[1\]/0/
tdx_update.c s/if \(!image->version_from\) \{/if (0) {/
tdx_update.c s/ && !reinstall/ \&\& 0/
tdx_update.c s/\(deadline \|\| stop\)/deadline/
tdx_update.c s/"; warning: not as in "/""/
tdx_update.c s/while \(!sysfs_number\(TDX_HOST "num_td_builds", &nr\) && nr\)/while (0)/
EOT
