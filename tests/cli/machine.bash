# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154 # tests use what is set here, call these; run sets output
#
# What tests on composed machines share: the programs, a directory that is gone after the test, the
# machines of tests/fixtures in it and their cases, and questions to JSON.  A test file that loads
# this needs no setup and no teardown of its own.

load ../lib/json
load ../lib/programs

# A new directory for machines, as $work: make_work [NAME], of a file instead of a test
make_work() {
	work=${WORKS:-$BATS_RUN_TMPDIR}/work.${1:-$BATS_SUITE_TEST_NUMBER}
	mkdir "$work"
}

setup() {
	programs
	make_work
	root=$work/root
	host=$root # of host.bash
	tree=$root # of entry.bats
}

teardown() {
	rm -rf --one-file-system "${work:?}"
}

# machine FIXTURE [DIR]: composes it there, or as $root
machine() {
	mkdir -p "${2:-$root}"
	"$compose" "$fixtures/$1/machine" "${2:-$root}"
}

# machine_with FIXTURE LINE...: the same as $root, with more lines
machine_with() {
	cp "$fixtures/$1/machine" "$work/machine"
	printf '%s\n' "${@:2}" >>"$work/machine"
	mkdir -p "$root"
	"$compose" "$work/machine" "$root"
}

# link NAME TARGET: a relative link, both below the root
link() {
	mkdir -p "$root/${1%/*}"
	ln -sr "$root/$2" "$root/$1"
}

# block DIRECTORY NUMBER [LINE]...: a block device, as the kernel shows it, and udev's notes on it
block() {
	mkdir -p "$root/$1" "$root/run/udev/data"
	echo "$2" >"$root/$1/dev"
	link "sys/dev/block/$2" "$1"
	link "sys/class/block/${1##*/}" "$1"
	printf '%s\n' I:4711 "${@:3}" V:1 >"$root/run/udev/data/b$2"
}

# disk FUNCTION NAME NUMBER [LINE]...: a drive of the function
disk() {
	local real
	real=$(realpath --relative-to="$root" "$root/sys/bus/pci/devices/$1")/nvme/${2%n1}/$2
	block "$real" "${@:3}"
}

# partition NAME NUMBER [LINE]...: a partition of the drive "nvme1n1" of "nvme1n1p2"
partition() {
	local real
	real=$(realpath --relative-to="$root" "$root/sys/class/block/${1%p*}")
	block "$real/$1" "${@:2}"
	echo "${1##*p}" >"$root/$real/$1/partition"
}

# interface FUNCTION NAME: a network interface of the function, which is up
interface() {
	local real
	real=$(realpath --relative-to="$root" "$root/sys/bus/pci/devices/$1")/net/$2
	mkdir -p "$root/$real"
	echo up >"$root/$real/operstate"
	link "sys/class/net/$2" "$real"
}

# mount_line NUMBER TARGET TYPE SOURCE: mounts a block device
mount_line() {
	mkdir -p "$root/proc/self"
	echo "30 1 $1 / $2 rw,relatime shared:1 - $3 $4 rw" >>"$root/proc/self/mountinfo"
}

# config LINE...: the configuration file of the machine
config() {
	[[ -d $root/etc ]] || mkdir -p "$root/etc"
	printf '%s\n' "$@" >"$root/etc/vfioboot.conf"
}

# Puts the files of a case into the machine, and takes away those of the one before.
use_case() { # DIR
	rm -f "$root"/{etc/vfioboot.conf,etc/vfioboot.protect,proc/cmdline}
	[[ ! -f $1/conf ]] || cp "$1/conf" "$root/etc/vfioboot.conf"
	[[ ! -f $1/protect ]] || cp "$1/protect" "$root/etc/vfioboot.protect"
	[[ ! -f $1/cmdline ]] || cp "$1/cmdline" "$root/proc/cmdline"
}

# each_case FIXTURE COMMAND: runs it with the folder of each case, which is in place then.  The
# command is no part of a condition, so that each line of it that fails, fails the test.
each_case() {
	local dir cases=0
	machine "$1"
	for dir in "$fixtures/$1"/*/; do
		echo "case ${dir%/}"
		use_case "${dir%/}"
		"$2" "${dir%/}"
		cases=$((cases + 1))
	done
	((cases > 0))
}

# Whether $json is as the filter of jq asks.
json_is() { # FILTER
	json_true "$1" <<<"$json"
}
