# SPDX-License-Identifier: GPL-2.0
# Small wrong changes to the production code, those in mutants.list, one at a time: the KUnit suites
# notice each, or the kselftest.  To try some:
#	bash scripts/checks/lib.sh scripts/checks/long/mutants.t "" NAME...

# pass COMMIT CONFIG: the suites do; those on canned answers, which take seconds and notice most,
# come first.  CONFIG is "lockdep", a fragment; "old": with a module that does not count TD builds;
# "selftest": the kselftest passes.
pass() {
	local options=(--kernel_args tdx_race_kunit.rounds=100) fragment=
	case $2 in
	old)	options+=(--kernel_args fake_seam.features0=0x140002) ;;
	lockdep) fragment=lockdep ;;
	esac
	"$top/scripts/build/kernel" "$kernel" "$1" host guest tests $fragment
	if [ "$2" = selftest ]; then
		"$top/scripts/boot/selftest" "$kernel"
	else
		"$top/scripts/boot/kunit" -l 180 "$kernel" 'tdx_[sb]*' "${options[@]}"
		"$top/scripts/boot/kunit" -l 180 "$kernel" "${options[@]}"
	fi
}

# noticed FILE EXPRESSION CONFIG: what does not compile or boot proves nothing about the suites.
noticed() {
	local commit code said=$tmp/said console=$logs/kunit-$kernel.console
	[ "$3" != selftest ] || console=$logs/selftest-$kernel.log
	commit=$(planted "$1" "$2")
	kgit diff series "$commit"
	attempt pass "$commit" "$3" >"$said" 2>&1
	cat "$said"
	[ "$code" -ne 0 ] || die "not noticed: $2"
	grep 'kernel complains' "$said" ||
		{ grep 'do not pass\|tests pass' "$said" &&
		  grep '^ *not ok \|Kernel panic' "$console"; }
}

passed=
while IFS=$'\t' read -r what expression <&3; do
	read -r name file config <<<"${what%%: *}"
	[[ $what != \#* ]] || continue
	[[ $# -le 2 || " ${*:3} " == *" $name "* ]] || continue
	kernel=mutants${config:+-$config}
	[[ $passed == *" $kernel "* ]] ||
		check "the series passes${config:+, with $config}" pass series "$config"
	passed+=" $kernel "
	check "$name: ${what#*: }" noticed "$file" "$expression" "$config"
done 3<"$top/scripts/checks/long/mutants.list"
