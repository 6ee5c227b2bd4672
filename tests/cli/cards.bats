#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2154 # each test is a process; run sets output and status
#
# What `vfioboot add` takes along, on the machines of tests/cards, each with its answers in lines
# "#> OPERANDS = ADDRESSES" or "#> OPERANDS = refused TEXT"; and that no command which is printed to
# add or remove a device is one that would be refused.

bats_require_minimum_version 1.5.0

load machine

# in_memory FILE: the machine, as a host that runs from memory.
in_memory() {
	rm -rf "${root:?}"
	mkdir -p "$root"/proc/self "$root"/sys/dev/block "$root"/sys/class/block
	"$compose" "$1" "$root"
	mount_line 0:25 / tmpfs tmpfs
}

vfioboot() {
	run --separate-stderr "$vfioboot" "$1" --root "$root" "${@:2}"
}

# The addresses below "Device set".
set_of_output() {
	awk '/^Device set / {here = 1; next} !/^ +[0-9a-f]+:[0-9a-f]/ {here = 0} here {print $1}' <<<"$output" |
		paste -sd' '
}

# answer FILE OPERANDS ANSWER
answer() {
	local operands
	read -ra operands <<<"$2"
	vfioboot add --dry-run "${operands[@]}"
	if [[ $3 == refused* ]]; then
		((status == 1)) && [[ $stderr == *"${3#refused }"* ]] && return
	elif ((status == 0)) && [[ $(set_of_output) == "$3" ]]; then
		return
	fi
	printf '%s: add %s: not %s, but %s: %s\n%s\n' "$1" "$2" "$3" "$status" "$output" "$stderr"
	return 1
}

# bats test_tags=slow
@test "what goes with a device" {
	local file line answers=0
	for file in "$top"/tests/cards/*; do
		in_memory "$file"
		while read -r line; do
			answer "$file" "${line% = *}" "${line##* = }"
			answers=$((answers + 1))
		done < <(sed -n 's/^#> //p' "$file")
	done
	((answers > 50))
}

# Runs each command in quotes of the last output, and counts: what has operands, and is no template
# as in the first line of a drop-in.
try_commands() {
	local command words
	while read -r command; do
		read -ra words <<<"$command"
		run --separate-stderr "$vfioboot" "${words[@]}" --dry-run --root "$root"
		((status == 0)) || { echo "$1: $command: $stderr"; return 1; }
		tried=$((tried + 1))
	done < <(printf '%s\n%s\n' "$output" "$stderr" |
		grep -oE "'(sudo )?vfioboot (add|remove) [^']+'" | grep -v NAME |
		sed -E "s/^'(sudo )?vfioboot //; s/'$//" | sort -u)
}

# bats test_tags=slow
@test "a command that is printed is one that is accepted" {
	local file address tried=0
	for file in "$top"/tests/cards/* "$fixtures"/*/machine; do
		[[ $file != *functions-* ]] || continue
		in_memory "$file"
		mapfile -t addresses < <(find "$root/sys/bus/pci/devices" -type l -printf '%f\n')
		for address in "${addresses[@]}"; do
			vfioboot add --dry-run "$address"
			try_commands "$file: add $address"
		done
		vfioboot explain "${addresses[@]}"
		try_commands "$file: explain"
		vfioboot list --all
		try_commands "$file: list"
	done
	((tried > 100))
}

@test "what was left out is named, and is not in the list" {
	in_memory "$top/tests/cards/amd-desktop"
	vfioboot add --dry-run 2f:00.3
	[[ $output == *'Left out: 0000:2f:00.4'*"'sudo vfioboot add 2f:00.3 --with 0000:2f:00.4'"* ]]
	[ "$(set_of_output)" = 0000:2f:00.3 ]
	in_memory "$top/tests/cards/vmd"
	vfioboot add --dry-run 00:0e.0
	[[ $output == *'Gone with it: 10000:e1:00.0'*'behind 0000:00:0e.0'*'Gone with it: 10000:e2:00.0'* ]]
}

@test "a port that the host uses is left out, and the others go" {
	in_memory "$top/tests/cards/server"
	interface 0000:01:00.0 eno1
	vfioboot add --dry-run 01:00.1
	[ "$status" -eq 0 ]
	[ "$(set_of_output)" = '0000:01:00.1 0000:01:00.2 0000:01:00.3' ]
	[[ $output == *'Left out: 0000:01:00.0'*'carries the interface eno1, which is up'* ]]
	vfioboot add --dry-run 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *'0000:01:00.0 carries the interface eno1'* ]]
	vfioboot add --dry-run --allow-network 01:00.1
	[ "$(set_of_output)" = '0000:01:00.0 0000:01:00.1 0000:01:00.2 0000:01:00.3' ]
}

@test "what is not there before udev is bound later" {
	local device
	for device in virtual-graphics:00:02.1 thunderbolt:30:00.0; do
		in_memory "$top/tests/cards/${device%%:*}"
		vfioboot add "${device#*:}"
		[ "$status" -eq 0 ]
		[[ $stderr == *'after udev has started'*'it is bound when it appears, before udev loads another driver for it'* ]]
		vfioboot plan --json
		[ "$status" -eq 0 ]
		json_true '.plan | map(select(.action != "native")) |
			length > 0 and all(.action == "later" and .reason == null)' <<<"$output"
		vfioboot plan
		[[ $output == *'bind nothing before udev starts'*later* ]]
		vfioboot explain "${device#*:}"
		[[ $output == *'Next boot: later'* && $output != *'Next boot: bound'* ]]
		vfioboot list --json --all
		json_true '[.functions[] | select(.section) | .result] - ["native"] |
			unique == ["later"]' <<<"$output"
	done
}
