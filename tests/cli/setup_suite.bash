# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Before the first test, and after the last one: each answer with --json that a test gets is kept, and
# compared with its schema.  What tests run as $VFIOBOOT is tests/lib/answering; the program is $PROGRAM.
# ANSWERS=DIR keeps them there, for `tests/schemas DIR`; an empty ANSWERS keeps none.

tests=$(realpath "${BASH_SOURCE[0]%/*}/..")

setup_suite() {
	PROGRAM=$(realpath "${VFIOBOOT:-$tests/../build/vfioboot}")
	VFIOBOOT=$tests/lib/answering
	[ -n "${ANSWERS+is set}" ] || compare=$BATS_RUN_TMPDIR/answers
	ANSWERS=${ANSWERS-$compare}
	[ -z "$ANSWERS" ] || install -d -m 1777 "$ANSWERS"
	EARLY=$(realpath "${EARLY:-$tests/../build/vfioboot-early}")
	make_works
	export PROGRAM VFIOBOOT EARLY ANSWERS WORKS
}

# Where make_work makes directories.  The largest machine has 87000 files, for which a disk takes half a
# minute and memory a second; it takes 170 MB of it, and a container may have less.
make_works() {
	local tmp=${TMPDIR:-/tmp} blocks size
	read -r blocks size < <(stat -f -c '%a %S' /dev/shm 2>/dev/null) || true
	[[ ! -w /dev/shm ]] || ((blocks * size < 512 << 20)) || tmp=/dev/shm
	WORKS=$(mktemp -d "$tmp/vfioboot-cli.XXXXXX")
	chmod 711 "$WORKS"
}

teardown_suite() {
	rm -rf --one-file-system "${WORKS:?}"
	[ -z "${compare-}" ] || "$tests/schemas" --some "$compare"
}
