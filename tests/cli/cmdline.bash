# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2119,SC2120,SC2154 # tests call these; run sets output
#
# What tests ask of `vfioboot cmdline` on the machine at $host.

cmdline() {
	run --separate-stderr "$vfioboot" cmdline --root "$host" "$@"
}

# prints TEXT [WORDS-ON-STDERR]: it exits with 0
prints() {
	cmdline
	[ "$status" = 0 ]
	[ "$output" = "$1" ]
	if [ -n "${2:-}" ]; then
		[[ $stderr == *"$2"* ]]
	else
		[ -z "$stderr" ]
	fi
}

# refuses WORDS: nothing to paste
refuses() {
	cmdline
	[ "$status" = 1 ]
	[ -z "$output" ]
	[[ $stderr == *"$1"* ]]
}
