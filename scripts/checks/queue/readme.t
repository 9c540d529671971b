# SPDX-License-Identifier: GPL-2.0
# README and Makefile have the same commands, with the same variables, and what README names is there.

cd "$top"

# In README: in the table, between back quotes, and in lines of their own.
in_readme() { grep -oP '(^\| |`|^\t)make ([A-Z]+=\S+ )*\K(?!headers)[a-z][a-z-]*' "$1" | sort -u; }
in_makefile() { sed -n 's/^\.PHONY://p' Makefile | tr ' ' '\n' | grep -vE '^(demo|help|)$' | sort; }

same_commands() {
	diff <(in_readme README) <(in_makefile)
	make -s help | grep "^| make bisect "
}

# Every variable that README shows is one of the Makefile's, and the other way round.
same_variables() {
	{ grep -oE '\b[A-Z]+=' README | tr -d =; } | sort -u >"$tmp/readme"
	{ grep -oE '\$\([A-Z]+\)|flag,[A-Z]+' Makefile | tr -d '()$' | sed 's/^flag,//'
	  sed -n 's/^export //p' Makefile | sed 's/ ?=.*//' | tr ' ' '\n'; } | sort -u >"$tmp/makefile"
	diff <(grep -vxE 'TARGETS|LOCALVERSION|N|DIR' "$tmp/readme") "$tmp/makefile"
	fails make -n series SIGNOFF=yes 2>&1 | grep "SIGNOFF=yes: use SIGNOFF=1"
}

there() {
	local path
	while read -r path; do
		[ -e "$path" ] || kgit cat-file -e "series:${path%/}" || die "README has $path, which is not there"
	done < <(grep -oE '\b(scripts|patches|tools|Documentation/arch|arch/x86/virt)/[a-z0-9_./-]*[a-z0-9/]' README)
}

check "README and Makefile have the same commands" same_commands
check "they have the same variables, and take no other value of a flag" same_variables
check "what README names is there" there
check "planted: a command that there is not is found" \
	fails diff <(in_readme <(cat README; echo '	make coffee')) <(in_makefile)
