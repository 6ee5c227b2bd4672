# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How long tests wait, here and now.

# slow_by: how many times longer than on an idle machine of ours a program takes here and now, at
# least 1. The fixed piece of work takes long enough for the scheduler to share it out fairly.
# (A program of its own: bats looks at each command of a test.)
# shellcheck disable=SC2016 # for the inner shell
slow_by() {
	bash -c 'from=${EPOCHREALTIME/[.,]/}
		for ((i = 0; i < 100000; i++)); do :; done
		echo $((1 + (${EPOCHREALTIME/[.,]/} - from) / 250000))'
}

# patience SECONDS: for how long to wait for what is done within SECONDS on a machine of two
# idle cores at the most, with much to spare. No test waits for a number of seconds of its own.
patience() {
	echo $(($1 * $(slow_by)))
}
