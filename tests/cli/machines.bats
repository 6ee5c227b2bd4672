#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and machine.bash
#
# Sections of other machines ('machine' of vfioboot.conf(5)): every command says that they are there,
# and in everything else it is as if they were not; images need none of them.

bats_require_minimum_version 1.5.0

load host
load machine

fleet='[device gpu]
machine = Dell Inc. Precision 5820*
path = 00:01.0/00
[device gpu]
machine = LENOVO ThinkStation*
path = 00:01.1/00
expect = 2'

setup() {
	two_cards
	put sys/class/dmi/id/sys_vendor <<<LENOVO
	put sys/class/dmi/id/product_name <<<30E0S0AB00
	put sys/class/dmi/id/product_version <<<'ThinkStation P620  '
	put etc/vfioboot.conf.d/fleet.conf <<<"$fleet"
}

ask() { # COMMAND...
	run --separate-stderr "$vfioboot" "$@" --root "$host"
	json=$output
}

other='gpu (/etc/vfioboot.conf.d/fleet.conf:1): of another machine: Dell Inc. Precision 5820*.'
this="This machine is 'LENOVO 30E0S0AB00', 'LENOVO ThinkStation P620'."
others='.other_machines == [{section: "gpu", file: "/etc/vfioboot.conf.d/fleet.conf", line: 1,
	machine: "Dell Inc. Precision 5820*"}]'

@test "plan, status, list, explain: the section of this machine counts, the other is named" {
	ask plan
	[ "$status" = 0 ]
	[[ $output == 'The next boot will bind 2 functions, as configured, once its image is up to date.'*'gpu     0000:02:00.0'*"$other"$'\n'"$this"* ]]
	[[ $output != *01:00* ]]
	ask plan --json
	[ "$status" = 0 ]
	json_is "$others and ([.plan[].address] == [\"0000:02:00.0\", \"0000:02:00.1\"])"
	ask status
	[[ $output == *"$other"$'\n'"$this"* ]]
	ask status --json
	json_is "$others and .inactive == [] and .errors == []"
	ask list
	[[ $output == *"1 section of the configuration is of another machine; see 'vfioboot plan'."* ]]
	ask list --json
	json_is "$others"
	ask explain 01:00.0 --json
	json_is "$others and .functions[0].section == null"
}

@test "explain, bind, vm, remove: the name of another machine's section is not an unknown one" {
	local command
	put etc/vfioboot.conf.d/fleet.conf <<<"${fleet//device gpu/device gpu$RANDOM}"
	put etc/vfioboot.conf.d/other.conf <<<$'[device other]\nmachine = HP Z?, Dell*\nid = 10de:'
	for command in 'explain other' 'bind other --dry-run' 'vm show other' 'remove other --dry-run'; do
		# shellcheck disable=SC2086 # a command with its operand
		ask $command
		echo "$command: $status $stderr"
		[ "$status" = 1 ]
		[ -z "$output" ]
		[[ $stderr == *"other (/etc/vfioboot.conf.d/other.conf:1): of another machine: HP Z?, Dell*; this one is 'LENOVO 30E0S0AB00', 'LENOVO ThinkStation P620'" ]]
	done
	[ -e "$host/etc/vfioboot.conf.d/other.conf" ]
}

@test "only sections of other machines: nothing is configured for this one, and no image is needed" {
	put etc/vfioboot.conf.d/fleet.conf <<<"${fleet/LENOVO/HP}"
	ask plan
	[ "$status" = 0 ]
	[[ $output == 'Nothing is configured for this machine: '*"$other"* ]]
	ask plan --json
	json_is '.plan == [] and (.other_machines | length == 2)'
	ask status
	[[ $output == 'Nothing is configured for this machine: '* ]]
	ask check --json
	json_is '[.checks[] | select(.name == "config") | "\(.state): \(.found)"] ==
		["pass: 2 sections are of another machine"]'
	json_is '[.checks[] | select(.name == "section")] == []'
	run -0 --separate-stderr "$early" --root "$host" --dry-run --verbose
	[ -z "$output" ]
	[ "$stderr" = $'vfioboot-early: gpu: of another machine\nvfioboot-early: gpu: of another machine' ]
}

@test "the early program: nothing of other machines is in the record" {
	run "$early" --root "$host"
	run ! grep -r Dell "$host/run/vfioboot"
	[ "$(grep -c '^function section=gpu' "$host/run/vfioboot/"*.record)" = 2 ]
}

@test "a file of other machines alone is not in the digest, one of this machine is" {
	local digest
	digest() {
		"$early" --root "$host" >/dev/null 2>&1 || true
		sed -n 's/^config //p' "$host/run/vfioboot/"*.record
	}
	digest=$(digest)
	[ -n "$digest" ]
	put etc/vfioboot.conf.d/other.conf <<<$'[device other]\nmachine = HP*\nid = 10de:'
	[ "$(digest)" = "$digest" ]
	put etc/vfioboot.conf.d/other.conf <<<$'[device other]\nmachine = HP*, LENOVO 30E0*\npath = 00:01.0/00'
	[ "$(digest)" != "$digest" ]
}

@test "what only root can read is said where it could be the reason" {
	[ "$(id -u)" != 0 ] || skip "root can read every file"
	put sys/class/dmi/id/product_uuid <<<4c4c4544-0042-3510-8054-b4c04f564433
	chmod 000 "$host/sys/class/dmi/id/product_uuid"
	ask plan
	[[ $output == *"This machine is 'LENOVO 30E0S0AB00', 'LENOVO ThinkStation P620', and a UUID that only root can read."* ]]
}

@test "a machine of which nothing is known is no machine of a section" {
	rm -r "${host:?}/sys/class/dmi"
	ask plan
	[[ $output == *'This machine is one whose firmware names neither vendor nor model.'* ]]
	ask plan --json
	json_is '.plan == [] and (.other_machines | length == 2)'
}

@test "a machine with a device tree is called by its model" {
	rm -r "${host:?}/sys/class/dmi"
	mkdir -p "$host/sys/firmware/devicetree/base"
	printf 'SolidRun LX2160A Honeycomb\0' >"$host/sys/firmware/devicetree/base/model"
	put etc/vfioboot.conf.d/fleet.conf <<<"${fleet/LENOVO ThinkStation/SolidRun LX2160A}"
	ask plan --json
	json_is '(.plan | length == 2) and (.other_machines | length == 1)'
}

@test "add --machine: the globs are in the file, and have to be of this machine" {
	rm "$host/etc/vfioboot.conf.d/fleet.conf"
	ask add 02:00.0 --name gpu --machine 'HP Z*, Dell*'
	[ "$status" = 1 ]
	[ "$stderr" = "vfioboot add: 'HP Z*, Dell*' does not match this machine, which is 'LENOVO 30E0S0AB00', 'LENOVO ThinkStation P620'" ]
	mv "$host/sys/class/dmi" "$host/dmi"
	ask add 02:00.0 --name gpu --machine 'Dell*'
	[ "$stderr" = "vfioboot add: 'Dell*' does not match this machine, which is one whose firmware names neither vendor nor model" ]
	mv "$host/dmi" "$host/sys/class/dmi"
	ask add 02:00.0 --name gpu --machine 'HP Z*,'
	[ "$status" = 2 ]
	[ "$(ls "$host/etc/vfioboot.conf.d")" = '' ]
	ask add 02:00.0 --name gpu --machine 'HP Z*, LENOVO ThinkStation*' --json
	[ "$status" = 0 ]
	json_is '.machine == "HP Z*, LENOVO ThinkStation*" and .written and (.text | contains("\nmachine = HP Z*, LENOVO ThinkStation*\n"))'
	jq -r .text <<<"$json" | head -c -1 | diff - "$host/etc/vfioboot.conf.d/gpu.conf"
	ask plan --json
	json_is '(.plan | length == 2) and .other_machines == []'
	ask remove gpu
	[ "$status" = 0 ]
	ask add 01:00.0 --json
	json_is '.machine == null and .accepted and (.text | contains("[device"))'
}
