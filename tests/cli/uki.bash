#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unified kernel images, as far as headers and sections go.  Called as make_uki it makes one; called
# as ukify it is that, as far as the tests need it.  Never sourced: the loops below take a hundred
# times as long under the debug trap of bats.
set -u

# le NUMBER BYTES...: little-endian, behind $bytes, as printf's escapes
le() {
	local n i byte
	while [ "$#" -gt 0 ]; do
		for ((n = $1, i = 0; i < $2; i++, n >>= 8)); do
			printf -v byte '\\x%02x' $((n & 255))
			bytes+=$byte
		done
		shift 2
	done
}

# uki.bash FILE CMDLINE VERSION OSREL [SIGNATURE-SIZE [KERNEL [SECTION]]]
make_uki() {
	local names=(.linux .osrel .cmdline .uname "${7:-.initrd}") bytes=MZ contents='' i at=1024 padded
	local texts=("${6:-kernel}" "$4" "$2" "$3" initrd)

	le 0 58 64 4
	bytes+=PE
	le 0 2 0x8664 2 5 2 0 12 240 2 0 2
	le 0x20b 2 0 106 16 4 0 36 "${5:-0}" 4 0 88
	for i in 0 1 2 3 4; do
		printf -v padded '%-8s' "${names[i]}"
		bytes+=${padded// /'\x00'}
		le "${#texts[i]}" 4 0 4 "${#texts[i]}" 4 "$at" 4 0 16
		contents+=${texts[i]}
		at=$((at + ${#texts[i]}))
	done
	le 0 $((1024 - 64 - 24 - 240 - 200))
	{
		printf '%b' "$bytes"
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
