#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unified kernel images, as far as headers and sections go.  Called as make_uki it makes one; called
# as ukify it is that, as far as the tests need it.  Never sourced: the loops below take a hundred
# times as long under the debug trap of bats.
set -u

# le NUMBER BYTES: little-endian, as printf's escapes
le() {
	local n=$1 i
	for ((i = 0; i < $2; i++)); do
		printf '\\x%02x' $((n & 255))
		n=$((n >> 8))
	done
}

zeros() {
	local i
	for ((i = 0; i < $1; i++)); do printf '\\x00'; done
}

# uki.bash FILE CMDLINE VERSION OSREL [SIGNATURE-SIZE [KERNEL [SECTION]]]
make_uki() {
	local names=(.linux .osrel .cmdline .uname "${7:-.initrd}") headers='' contents='' i at=1024 padded
	local texts=("${6:-kernel}" "$4" "$2" "$3" initrd)

	for i in 0 1 2 3 4; do
		printf -v padded '%-8s' "${names[i]}"
		headers+=${padded// /'\x00'}$(le ${#texts[i]} 4)$(le 0 4)$(le ${#texts[i]} 4)$(le $at 4)$(zeros 16)
		contents+=${texts[i]}
		at=$((at + ${#texts[i]}))
	done
	{
		printf '%b' "MZ$(zeros 58)$(le 64 4)" "PE$(zeros 2)$(le 0x8664 2)$(le 5 2)$(zeros 12)$(le 240 2)$(zeros 2)"
		printf '%b' "$(le 0x20b 2)$(zeros 106)$(le 16 4)$(zeros 36)$(le "${5:-0}" 4)$(zeros 88)" "$headers"
		printf '%b' "$(zeros $((1024 - 64 - 24 - 240 - 200)))"
		printf '%s' "$contents"
	} >"$1"
}

if [ "${0##*/}" = ukify ]; then
	for argument; do
		case $argument in
		--linux=*) kernel=$(cat "${argument#*=}") ;;
		--os-release=@*) osrel=$(cat "${argument#*=@}") ;;
		--cmdline=@*) cmdline=$(cat "${argument#*=@}") ;;
		--config=*) cat "${argument#*=}" >>"${UKIFY_LOG:-/dev/null}" ;;
		--uname=*) version=${argument#*=} ;;
		--output=*) output=${argument#*=} ;;
		esac
	done
	echo "ukify $*" >>"${UKIFY_LOG:-/dev/null}"
	if [ -e /etc/ukify-fails ] && [[ $output == *$(cat /etc/ukify-fails)* ]]; then
		echo half >"$output"
		echo 'no space left' >&2
		exit 1
	fi
	make_uki "$output" "$cmdline" "$version" "$osrel" 0 "$kernel"
elif [ "$#" -gt 0 ]; then
	make_uki "$@"
fi
