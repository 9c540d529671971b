# SPDX-License-Identifier: GPL-2.0
# This repository's own files: licence, white space, length, shell, spelling.  Its Python programs run in other checks.

cd "$top"

# Each of these prints what is wrong with FILE...
licences() { grep -L SPDX-License-Identifier "$@" | grep -vE '^(README|MAINTAINERS|patches/.*)$'; }
spaces() { grep -nHE '[[:space:]]+$' "$@" | grep -v '^patches/'; }
lengths() { wc -l "$@" | awk '$1 > 300 && $2 != "total" { print $2 " has more than 300 lines: " $1 }'; }
shells() { printf '%s\0' "$@" | xargs -0 -n 8 -P "$(nproc)" shellcheck -x; }
spelling() { codespell --check-hidden -L filp "$@"; }

# What git knows and what is new, as long as it is there.
mapfile -t own < <(git ls-files -co --exclude-standard | grep -vxF "$(git ls-files --deleted)")
[ ${#own[@]} -gt 40 ] || die "git shows ${#own[@]} files"
mapfile -t ours < <(printf '%s\n' "${own[@]}" | grep -E '^(scripts|\.ci)/')
mapfile -t shell < <(printf '%s\n' "${ours[@]}" | grep -vE '\.(config|py|patch|list|c|shellcheckrc)$'
	printf '%s\n' "${own[@]}" | grep '^tools/.*\.sh$')

# What a function prints is what is wrong: so is that a program is missing.
clean() { absent . <("$@" 2>&1); }

# found TEXT PATTERN FUNCTION: the fault in a file with this text.
found() { printf '%b\n' "$1" >"$tmp/.file" && grep -E "$2" <("$3" "$tmp/.file" 2>&1); }

check "every file names its licence" clean licences "${own[@]}"
check "no line ends with white space" clean spaces "${own[@]}"
check "no script has more than 300 lines" clean lengths "${ours[@]}"
check "shellcheck has nothing to say" clean shells "${shell[@]}"
check "codespell knows every word" clean spelling README COPYING MAINTAINERS scripts .ci patches arch Documentation tools
check "planted: a file without a licence is found" found 'text' '^/.*file' licences
check "planted: white space at the end is found" found 'text ' ':1:text $' spaces
check "planted: a long script is found" found "$(seq 301)" 'more than 300 lines: 301' lengths
check "planted: shell that splits words is found" found "#!/bin/sh\nrm \$1" SC2086 shells
check "planted: a word with a typo is found" found "a mou""dle" "mou""dle ==> module" spelling
