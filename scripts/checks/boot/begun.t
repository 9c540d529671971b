# SPDX-License-Identifier: GPL-2.0
# Images that the P-SEAMLDR refuses when the running module is gone: tdx_update does not begin the update,
# and whoever does loses TDX.  One boot each, as there is no way back.

# begun IMAGE CODE MODULE: what the tool ends with, and what is left after an upload
begun() {
	"$top/scripts/boot/emulate" -c 1 -a "image=$1" patched begun "$logs/begun-$1.log"
	grep -E '^(tool|upload|module):' "$logs/begun-$1.log" || true
	grep -qx "tool: $2" "$logs/begun-$1.log"
	grep -qx "module: $3" "$logs/begun-$1.log"
}

while read -r name code; do
	check "$name is not begun, and costs TDX" begun "image_$name.blob" "$code" lost
done <<'EOT'
bad_hash 2
debug 3
no_cpus 2
other_cpus 3
old_svn 3
other_line 3
vendor 2
EOT
check "a good one is" begun tdx_module_1.5.07.blob 0 1.5.07
