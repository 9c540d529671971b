# SPDX-License-Identifier: GPL-2.0
# The suites as kunit.py itself builds and runs them, and on machines where a part of the tests cannot run.

console=$logs/kunit-patched.console
kunit() { "$top/scripts/boot/kunit" "$@"; }

as_documented() (
	lock scratch
	kgit checkout -q -f --detach series
	cd "$scratch"
	PATH=$top/scripts/boot/tcg:$PATH tools/testing/kunit/kunit.py run --arch=x86_64 --build_dir="$out/obj-kunit" \
		--kunitconfig=arch/x86/virt/vmx/tdx/tests --make_options CC="$top/scripts/build/cc gcc" --jobs "$jobs" \
		--qemu_args='-cpu max -smp 4' >"$logs/kunit-own.log" 2>&1
	# What needs two packages skips.
	grep 'Testing complete. Ran [1-9][0-9]* tests: passed: [1-9][0-9]*, skipped: 1$' "$logs/kunit-own.log"
)

few_cpus() {
	kunit -c 1 patched
	absent -nE '^ *not ok ' "$console"
	grep 'ok .* # SKIP needs two CPUs' "$console"
	grep 'ok .* # SKIP needs a CPU that can go offline' "$console"
	# One package
	kunit -c 3 patched 'fake_td'
	grep 'ok .* # SKIP needs two packages' "$console"
}

# SEAM is there: nothing runs.
seam() {
	kunit patched --kernel_args setcpuid=tdx_host_platform
	grep 'fake_seam: this CPU has SEAM: not starting' "$console"
	absent -nE '^ *(not )?ok [0-9]+ [a-z0-9_]+$' "$console"
	grep -c 'ok .* # SKIP needs the fake SEAM' "$console"
}

# A module that cannot be updated, and a CPU on which updates break KVM: no attributes.
no_updates() {
	local tap=$logs/selftest-patched-tdx_host_sysfs.tap
	"$top/scripts/boot/selftest" patched -a "$1" || true
	grep '^ok .* no updates: no num_td_builds' "$tap"
	absent '^not ok' "$tap"
}

check "kunit.py with the suites' own configuration" as_documented
check "on one CPU, and on three in one package" few_cpus
check "on a CPU that has SEAM" seam
check "with a module that has no runtime updates" no_updates fake_seam.features0=0x40000
check "on a CPU on which they break KVM" no_updates setcpuid=seamret_invd_vmcs
