#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # for host.bash; run sets output
#
# What README shows of the host program is what the program says, on a desktop with two identical
# cards.

bats_require_minimum_version 1.5.0

# shellcheck source=/dev/null
source "$BATS_TEST_DIRNAME/host.bash"

setup() {
	top=$BATS_TEST_DIRNAME/../..
	export LC_ALL=C.UTF-8
	vfioboot=$(realpath "${VFIOBOOT:-$top/build/vfioboot}")
	early=$(realpath "${EARLY:-$top/build/vfioboot-early}")
	compose=$(realpath "$top/build/tests/compose")
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
}

# What README shows below the command, up to the next command or the end of the block.
shown() {
	sed -n '/^    \$ '"$1"'$/,/^\(    \$ .*\|[^ ].*\)$/p' "$top/README.md" | sed '1d; $d; s/^    //' |
		sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# Newer hardware databases have another name for one function, and columns are wider by it.
as_named_here() {
	if grep -qF 'Cannon Lake USB' "$BATS_TEST_TMPDIR/list"; then
		cat
	else
		sed 's|Cannon Lake USB|300/C240 Series USB|' | tr -s ' '
	fi
}

# The program's own words for the same command. The names are those of the machine's hwdb.
shows() {
	local command=$1
	read -ra arguments <<<"${command#*vfioboot }"
	run --separate-stderr "$vfioboot" "${arguments[0]}" --root "$host" "${arguments[@]:1}"
	[ -n "$(shown "$command")" ]
	diff <(shown "$command" | as_named_here) <(as_named_here <<<"$output")
}

@test "README shows list, add, plan, status and check as they are" {
	"$vfioboot" list --root "$host" --all >"$BATS_TEST_TMPDIR/list"
	[ -s "$BATS_TEST_TMPDIR/list" ]
	for name in 'GeForce RTX 3080' 'GA102 HD Audio' 'SSD 970 EVO/PRO'; do
		grep -qF "$name" "$BATS_TEST_TMPDIR/list" ||
			skip "the hardware database of this system has another name for $name"
	done
	shows 'vfioboot list'
	shows 'sudo vfioboot add 02:00'
	shows 'vfioboot plan'
	host_image
	host_boot
	shows 'vfioboot status'
	shows 'sudo vfioboot check'
}
