# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# This repository's own files: licence, white space, length, shell and Python that is right, spelling.

needs check
unchanging
cd "$top"

# Each of these prints what is wrong with FILE...

licences() {
	grep -L SPDX-License-Identifier "$@" | grep -vE '^(README|MAINTAINERS|patches/.*)$' || true
}

spaces() {
	grep -nHE '[[:space:]]+$' "$@" | grep -v '^patches/' || true
}

lengths() {
	wc -l "$@" | awk '$1 > 300 && $2 != "total" { print $2 " has more than 300 lines: " $1 }'
}

shells() {
	printf '%s\0' "$@" | xargs -0 -n 8 -P "$(nproc)" shellcheck -x
}

pythons() {
	python3 -c 'import ast, sys
for name in sys.argv[1:]: ast.parse(open(name).read(), name)' "$@"
}

# What git knows and what is new, as long as it is there.
mapfile -t own < <(git ls-files --cached --others --exclude-standard | sort -u |
	while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done)
[ ${#own[@]} -gt 40 ] || die "git shows ${#own[@]} files"
mapfile -t ours < <(printf '%s\n' "${own[@]}" | grep -E '^(scripts|\.ci)/')
mapfile -t shell < <(printf '%s\n' "${ours[@]}" | grep -vE '\.(config|py|list|c|shellcheckrc)$'
	printf '%s\n' "${own[@]}" | grep '^tools/.*\.sh$')
mapfile -t python < <(printf '%s\n' "${own[@]}" | grep '\.py$')

# What a function prints is what is wrong: so is that a program is missing.
clean() {
	"$@" >"$tmp/said" 2>&1 || true
	absent . "$tmp/said"
}

spelled() {
	codespell --check-hidden -L filp README COPYING MAINTAINERS scripts .ci patches arch Documentation tools
}

# found TEXT PATTERN FUNCTION: the fault in a file with this text.
found() {
	mkdir "$tmp/bad"
	printf '%b\n' "$1" >"$tmp/bad/.file"
	"$3" "$tmp/bad/.file" >"$tmp/said" 2>&1 || true
	rm -r "$tmp/bad"
	grep -m 1 -E "$2" "$tmp/said"
}
planted_spelling() {
	local typo=mou
	mkdir -p "$tmp/typo"
	echo "a ${typo}dle" >"$tmp/typo/.README"
	fails codespell --check-hidden "$tmp/typo" | grep "${typo}dle ==> module"
}

check "every file names its licence" clean licences "${own[@]}"
check "no line ends with white space" clean spaces "${own[@]}"
check "no script has more than 300 lines" clean lengths "${ours[@]}"
check "shellcheck has nothing to say" clean shells "${shell[@]}"
check "the Python is Python" clean pythons "${python[@]}"
check "codespell knows every word" spelled
check "planted: a file without a licence is found" found 'text' '^/.*file' licences
check "planted: white space at the end is found" found 'text ' ':1:text $' spaces
check "planted: a long script is found" found "$(seq 301)" 'more than 300 lines: 301' lengths
check "planted: shell that splits words is found" found "#!/bin/sh\nrm \$1" SC2086 shells
check "planted: Python that is none is found" found 'def' SyntaxError pythons
check "planted: a word with a typo is found" planted_spelling
