# SPDX-License-Identifier: GPL-2.0
# Images that the P-SEAMLDR refuses when the running module is gone: tdx_update does not begin the update,
# and whoever does loses TDX.  One boot each, as there is no way back.

# begun IMAGE CODE MODULE: what the tool ends with, and what is left after an upload
begun() {
	printf '%s\n' "tool: $2" "upload: .*" "module: $3" | boots begun -c 1 -a "image=$1" patched
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
