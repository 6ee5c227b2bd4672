# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Before the first test, and after the last one: each answer with --json that a test gets is kept, and
# compared with its schema.  What tests run as $VFIOBOOT is tests/lib/answering; the program is $PROGRAM.
# ANSWERS=DIR keeps them there, for `tests/schemas DIR`; an empty ANSWERS keeps none.

tests=$(realpath "${BASH_SOURCE[0]%/*}/..")
# shellcheck source=tests/lib/patience.bash
. "$tests/lib/patience.bash"

setup_suite() {
	PROGRAM=$(realpath "${VFIOBOOT:-$tests/../build/vfioboot}")
	VFIOBOOT=$tests/lib/answering
	[ -n "${ANSWERS+is set}" ] || compare=$BATS_RUN_TMPDIR/answers
	ANSWERS=${ANSWERS-$compare}
	[ -z "$ANSWERS" ] || install -d -m 1777 "$ANSWERS"
	EARLY=$(realpath "${EARLY:-$tests/../build/vfioboot-early}")
	# Where make_work makes directories
	WORKS=$(mktemp -d "$("$tests/lib/memory")/vfioboot-cli.XXXXXX")
	chmod 711 "$WORKS"
	# After so many seconds a program of the tests that run many of them hangs
	HANG=$(patience 60)
	export PROGRAM VFIOBOOT EARLY ANSWERS WORKS HANG
}

teardown_suite() {
	rm -rf --one-file-system "${WORKS:?}"
	[ -z "${compare-}" ] || "$tests/schemas" --some "$compare"
}
