# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2153 # tests use what is set here; setup_suite sets PROGRAM
#
# What each test begins with: where the tree and its programs are.

# shellcheck source=tests/lib/patience.bash
. "${BASH_SOURCE[0]%/*}/patience.bash"

# In functions there is no trap of bats from here on: for each command it takes longer than most of these do.
# Where one fails, the line of the test that called it is named, and with `bats --trace` its own.
programs() {
	((${BATS_TRACE_LEVEL:-0} > 0)) || set +T
	top=${BATS_TEST_DIRNAME%/*/*}
	fixtures=$top/tests/fixtures
	compose=$top/build/tests/compose
	vfioboot=${VFIOBOOT:-$top/build/vfioboot}
	early=${EARLY:-$top/build/vfioboot-early}
	export LC_ALL=C.UTF-8
	cd "$top" || return
}

# Programs and their libraries, for a root directory below $BATS_TEST_TMPDIR: programs_into DIR PROGRAM...
# They are links to one copy for all tests, since the libraries have 40 MB.
programs_into() {
	local program copy
	for program in "${@:2}"; do
		copy=$BATS_RUN_TMPDIR/programs/${program//\//_}
		mkdir -p "$copy"
		(
			flock 9
			[[ -e $copy/bin ]] || {
				ldd "$program" | grep -o '/[^ ]*' | xargs cp -L --parents -t "$copy"
				mkdir "$copy/bin"
				cp -L "$program" "$copy/bin/"
			}
		) 9>"$copy.lock"
		cp -alf "$copy/." "$1"
	done
}

# as_nobody TREE COMMAND...: runs that of vfioboot as somebody who is not root; the tree is given as an open
# directory, since those above it may be closed
as_nobody() {
	local tree=$1 drop=()
	shift
	chmod 755 "$BATS_TEST_TMPDIR"
	cp "$PROGRAM" "$BATS_TEST_TMPDIR/vfioboot"
	[ "$(id -u)" != 0 ] || drop=(setpriv --reuid=65534 --clear-groups)
	"${drop[@]}" "$BATS_TEST_TMPDIR/vfioboot" "$@" --root /proc/self/fd/9 9<"$tree"
}
