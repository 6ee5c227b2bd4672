#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2154 # each test is a process; run and machine.bash
#
# Every command with --json on every machine that the tests have: it answers, or says on stderr why not.
# setup_suite.bash keeps the answers, and compares them with their schemas.

bats_require_minimum_version 1.5.0

load machine

# What answers whatever the machine is; and what may have to say that it cannot.
always=('list --all' check plan status cmdline 'libvirt status' 'entry list' 'explain class:03')
perhaps=(import setup 'add --dry-run class:0300' 'add --dry-run 01:00.0' 'apply --dry-run' 'undo --dry-run'
	'bind --dry-run class:0300' 'release --dry-run 01:00.0' 'libvirt enable --dry-run'
	'libvirt disable --dry-run')

# ask COMMAND: of the machine below $root; an answer, or why there is none
ask() {
	# shellcheck disable=SC2086 # words
	run --separate-stderr "$vfioboot" $1 --root "$root" --json
	echo "$1: $status, $stderr"
	((status != 2 && status < 4))
	[ -n "$output$stderr" ]
}

answers() {
	local command
	for command in "${always[@]}"; do
		ask "$command"
		[[ -n $output || $stderr == *'no device matches'* ]]
	done
	for command in "${perhaps[@]}"; do
		ask "$command"
	done
}

# What the configuration makes a difference to
answers_of_case() {
	ask plan
	[ -n "$output" ]
	ask status
	[ -n "$output" ]
}

# bats test_tags=slow
@test "the machines of tests/fixtures answer, in each case" {
	local fixture seen=0
	for fixture in "$fixtures"/*/; do
		fixture=$(basename "$fixture")
		[[ $fixture != functions-4096 ]] || continue
		rm -rf "${root:?}"
		each_case "$fixture" answers_of_case
		answers
		seen=$((seen + 1))
	done
	((seen > 10))
}

# bats test_tags=slow
@test "the machines of tests/cards answer" {
	local file seen=0
	for file in "$top"/tests/cards/*; do
		echo "${file#"$top/"}"
		rm -rf "${root:?}"
		mkdir -p "$root"
		"$compose" "$file" "$root"
		answers
		seen=$((seen + 1))
	done
	((seen > 10))
}

@test "the captures answer" {
	local file seen=0
	for file in "$top"/tests/captures/*.tar.xz; do
		mkdir -p "$root"
		tar -xf "$file" -C "$root"
		answers
		seen=$((seen + 1))
	done
	((seen > 0))
}

# What they say to check and status, they are asked by boot_tree.bash.
# bats test_tags=slow
@test "the trees of tests/boot-trees answer" {
	local tree command seen=0
	for tree in "$top"/tests/boot-trees/*/root; do
		echo "$tree"
		rm -rf "${root:?}"
		cp -r "$tree" "$root"
		for command in 'entry list' 'apply --dry-run'; do
			ask "$command"
		done
		seen=$((seen + 1))
	done
	((seen > 36))
}
