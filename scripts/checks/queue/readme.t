# SPDX-License-Identifier: GPL-2.0
# README and Makefile have the same commands, with the same variables, and what README names is there.

cd "$top"

# In README: in the table, between back quotes, and in lines of their own.
# shellcheck disable=SC2016
in_readme() {
	grep -oE '^\| make [a-z-]+|`make [^`]*`|^	make [a-z-]+' "$1" | grep -vE 'make (-|headers)' |
		sed -E 's/^.*make//; s/[A-Z_]+=[^ `]*//g; s/`//g' | tr -s ' ' '\n' | grep . | sort -u
}
in_makefile() { sed -n 's/^\.PHONY://p' Makefile | tr ' ' '\n' | grep -vE '^(demo|help|)$' | sort; }

same_commands() {
	[ "$(in_makefile | wc -l)" -ge 14 ]
	diff <(in_readme README) <(in_makefile)
	make -s help | grep "^| make bisect "
}

# Every variable that README shows is one of the Makefile's, and the other way round.
same_variables() {
	local word
	{ grep -oE '\b[A-Z]+=' README | tr -d =; } | sort -u >"$tmp/readme"
	{ grep -oE '\$\([A-Z]+\)|flag,[A-Z]+' Makefile | tr -d '()$' | sed 's/^flag,//'
	  sed -n 's/^export //p' Makefile | sed 's/ ?=.*//' | tr ' ' '\n'; } | sort -u >"$tmp/makefile"
	diff <(grep -vxE 'TARGETS|LOCALVERSION|N|DIR' "$tmp/readme") "$tmp/makefile"
	for word in SIGNOFF PLAIN; do
		fails make -n series stress $word=yes 2>&1 | grep "$word=yes: use $word=1"
	done
}

there() {
	local path
	grep -oE '\b(scripts|patches|tools|Documentation/arch|arch/x86/virt)/[a-z0-9_./-]*[a-z0-9/]' README >"$tmp/paths"
	while read -r path; do
		[ -e "$path" ] || git -C "$scratch" cat-file -e "series:${path%/}" || die "README has $path, which is not there"
	done <"$tmp/paths"
}

planted_command() {
	{ cat README; echo '	make coffee'; } >"$tmp/README"
	in_readme "$tmp/README" | fails diff - <(in_makefile)
}

check "README and Makefile have the same commands" same_commands
check "they have the same variables, and take no other value of a flag" same_variables
check "what README names is there" there
check "planted: a command that there is not is found" planted_command
