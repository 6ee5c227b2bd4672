#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and host.bash
#
# `vfioboot explain`: who has a device, why, and what will be.

bats_require_minimum_version 1.5.0

load host
load machine

explain() {
	run -0 --separate-stderr "$vfioboot" explain --root "$root" "$@"
	[ -z "$stderr" ]
}

explain_json() {
	explain --json "$@"
	json=$output
	json_is 'type == "object"'
}

@test "a device that nobody configured: its own driver, and what could be done" {
	host_of_two_cards "$root"
	explain 02:00.0
	[[ ${lines[0]} == '0000:02:00.0  '*' [10de:2206], path 00:01.1/00.0' ]]
	[[ $output == *'The driver nouveau is bound: the first loaded driver that supports it'* ]]
	[[ $output == *'It is not configured'* ]]
	[[ $output == *"'vfioboot add --dry-run 0000:02:00.0'"* ]]
	[[ $output == *'Modules that support it: nouveau.'* ]]
	[[ $output == *'IOMMU group 17'*'0000:02:00.1 '*'(snd_hda_intel)'* ]]
	[[ $output == *'does not use it for a file system, swap or the network'* ]]
	[[ $output != *'At this boot'* && $output != *'At the next boot'* ]]
}

@test "what the host uses is shown" {
	host_of_two_cards "$root"
	explain 03:00.0
	[[ $output == *'/ is mounted from it, /boot/efi is mounted from it, /swapfile on it is used as swap.'* ]]
	explain 00:1f.6
	[[ $output == *'eno1 has the default route.'* ]]
	explain 00:02.0
	[[ $output == *'It is the boot display'* ]]
	explain_json 03:00.0
	json_is '.functions[0].uses == [{kind: "mount", what: "/", untraced: false},
		{kind: "mount", what: "/boot/efi", untraced: false},
		{kind: "swap", what: "/swapfile", untraced: false}]'
}

@test "a device that was bound at this boot" {
	host_of_two_cards "$root"
	config '[device second]' 'path = 00:01.1/00'
	host_boot
	explain 02:00.0
	[[ $output == *'The driver vfio-pci is bound: its driver_override is set to that'* ]]
	[[ $output == *'The section second (/etc/vfioboot.conf:1) asks for vfio-pci.'* ]]
	[[ $output == *'This boot: bound in the initramfs.'* ]]
	[[ $output == *'Next boot, once its image is up to date: bound to vfio-pci.'* ]]
	explain_json 02:00.0
	json_is '.functions | length == 1'
	json_is '.functions[0] | [.address, .path, .id, .class, .driver, .driver_override,
		.modules, .boot_display, .iommu_group, .group_others, .uses] ==
		["0000:02:00.0", "00:01.1/00.0", "10de:2206", "030000", "vfio-pci", "vfio-pci",
		"nouveau", false, 17, ["0000:02:00.1"], []]'
	json_is '.functions[0].name | length > 0'
	json_is '.functions[0] | keys == ["address", "boot", "boot_display", "class", "data", "driver",
		"driver_override", "group_others", "id", "iommu_group", "modules", "name", "path",
		"section", "uses"]'
	json_is '.functions[0].section == {name: "second", file: "/etc/vfioboot.conf", line: 1,
		wanted: "vfio-pci", inactive: null}'
	json_is '.functions[0].boot | .result == "bound" and .stage == "initramfs" and
		.as_wanted and .next_boot == "bind"'
	# The object is the one of status, with the same name.
	json_is '.functions[0] | .boot.name == .name'
	status=$("$vfioboot" status --root "$root" --json | jq -c '.functions[0]')
	json_is ".functions[0].boot == $status"
	# What is no VGA controller cannot be the boot display.
	explain_json 02:00.1
	json_is '.functions[0].boot_display == null'
}

@test "a section of the kernel command line has no line" {
	machine identical-cards
	echo vfioboot.device=00:01.1/00 >"$root/proc/cmdline"
	explain_json 02:00.0
	json_is '.functions[0].section | .line == null and (.file | startswith("/") | not)'
}

@test "the next boot's refusal, with what to do" {
	machine no-iommu
	config '[device gpu]' 'path = 00:01.0/00'
	explain 01:00.0
	[[ $output == *'Next boot: refused: it has no IOMMU group'* ]]
	[[ $output == *"It has no IOMMU group, so no guest can use it; 'vfioboot check'"* ]]
	explain_json 01:00.0
	json_is '.functions[0] | .iommu_group == null and .group_others == [] and
		.boot.next_boot == "refuse" and .boot.next_reason == "no-iommu-group"'
}

@test "a section that does not count at this boot" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00' 'profile = games'
	explain 02:00.0
	[[ $output == *"asks for vfio-pci, but its profile 'games' is not selected"*"; 'sudo vfioboot try --profile games' boots with it once"* ]]
	explain_json 02:00.0
	json_is '.functions[0] | .section.inactive == "profile" and .boot == null'
	echo vfioboot.off >"$root/proc/cmdline"
	explain 02:00.0
	[[ $output == *'but vfioboot.off is on the kernel command line'* ]]
}

@test "a section that counts when a profile is named, and one that wants no driver" {
	machine identical-cards
	config '[boot]' 'when = selected' '[device second]' 'path = 00:01.1/00'
	explain 02:00.0
	[[ $output == *"asks for vfio-pci, but 'when = selected' is set, and the kernel command line names no profile."* ]]
	config '[boot]' 'when = sometimes' '[device second]' 'path = 00:01.1/00'
	run --separate-stderr "$vfioboot" explain --root "$root" 02:00.0
	[[ $output == *"but 'when' counts as selected, since /etc/vfioboot.conf:2 has an error, and the kernel"* ]]
	config '[device second]' 'path = 00:01.1/00' 'driver = none'
	explain 02:00.0
	[[ $output == *'The section second (/etc/vfioboot.conf:1) asks for no driver.'* ]]
	[[ $output == *'Next boot, if it has the parameters of this one: kept without a driver.'* ]]
}

@test "a bridge is not to be given away, and one device can be alone in its group" {
	machine identical-cards
	explain 00:01.0 00:14.0
	[[ $output == *'0000:00:01.0  '*'It is alone in its IOMMU group (4).'* ]]
	[[ $output != *'add --dry-run 0000:00:01.0'* && $output == *'add --dry-run 0000:00:14.0'* ]]
}

@test "a section with an error" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00' 'wrong = 1'
	run -0 --separate-stderr "$vfioboot" explain --root "$root" 02:00.0
	[[ $stderr == 'vfioboot explain: /etc/vfioboot.conf:3: '* ]]
	[[ $output == *'asks for vfio-pci, but it has an error'* ]]
	[[ $output != *'At the next boot'* ]]
}

@test "an override without its driver, and none at all" {
	machine identical-cards
	rm "$root/sys/bus/pci/devices/0000:02:00.0/driver"
	explain 02:00.0
	[[ $output == *'No driver is bound: no loaded driver supports it'* ]]
	echo vfio-pci | tee "$root"/sys/bus/pci/devices/0000:0[12]:00.0/driver_override
	explain 01:00.0
	[[ $output == *'The driver nouveau is bound, and its driver_override is set to vfio-pci: '*'can be bound next.'* ]]
	explain 02:00.0
	[[ $output == *'No driver is bound, and its driver_override is set to vfio-pci: '*'is it loaded?'* ]]
	echo none >"$root/sys/bus/pci/devices/0000:02:00.0/driver_override"
	explain 02:00.0
	[[ $output == *"its driver_override is set to 'none', which excludes all drivers"* ]]
}

@test "every kind of selector, a section's name, and several at once" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00'
	for device in 0000:02:00 02:00 00:01.1/00 second; do
		explain "$device"
		[ "$(grep -c '^0000:02:00\.[01]  ' <<<"$output")" -eq 2 ]
	done
	explain 10de:2206
	[ "$(grep -c '^0000:0[12]:00\.0  ' <<<"$output")" -eq 2 ]
	explain class:0300
	[[ $output == *'0000:01:00.0  '* && $output == *'0000:02:00.0  '* ]]
	explain_json 02:00.1 01:00.0
	json_is '[.functions[].address] == ["0000:02:00.1", "0000:01:00.0"]'
}

@test "what is not there, and what is no device" {
	machine identical-cards
	config '[device lost]' 'path = 00:1e.0'
	run -1 --separate-stderr "$vfioboot" explain --root "$root" 09:00.0 02:00.0
	[[ $stderr == *"no device matches '09:00.0'"*"'vfioboot list --all'"* ]]
	[[ $output == '0000:02:00.0  '* ]]
	run -1 --separate-stderr "$vfioboot" explain --root "$root" lost
	[[ $stderr == *'no device matches the section lost (/etc/vfioboot.conf:1)'* ]]
	run -2 --separate-stderr "$vfioboot" explain --root "$root" nonsense
	[[ -z $output && $stderr == *"'nonsense' is neither a device set nor a device; 'vfioboot plan' shows the device sets; for a device, use a path"* ]]
	run -2 --separate-stderr "$vfioboot" explain --root "$root"
	[[ $stderr == *'no device given'* ]]
	run -1 --separate-stderr "$vfioboot" explain --root "$work/nowhere" 02:00.0
	[[ -z $output && $stderr == *nowhere* ]]
}
