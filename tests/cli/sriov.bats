#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run and machine.bash set these
#
# Virtual functions (SR-IOV), as the commands show them. What is decided of them is in the fixture, and
# what `add` writes is in add.bats.

bats_require_minimum_version 1.5.0

load machine

# nic [NUMBER]: the card makes so many, and guests get two
nic() {
	machine sriov
	config '[device nic]' 'path = 00:03.0/00.0' "vfs = ${1:-4}" \
		'[device guests]' 'vf = 0, 2 of 00:03.0/00.0'
}

ask() {
	run --separate-stderr "$vfioboot" "$1" --root "$root" "${@:2}"
}

# The point of check: STATE: FOUND; REMEDY
point() { # SUBJECT
	ask check --json
	jq -r --arg subject "$1" '.checks[] | select(.name == "virtual-functions" and .subject == $subject) |
		"\(.state): \(.found); \(.remedy)"' <<<"$output"
}

@test "list: whose they are, and which" {
	nic
	ask list --all
	[[ $output == *'02:00.0 '*'virtual function 2 of 0000:01:00.0; guests: not bound yet, only after udev has started'* ]]
	[[ $output == *'01:1f.7 '*'virtual function 1 of 0000:01:00.0'* ]]
	[[ $output == *'01:00.0 '*'nic: left to its native driver'* ]]
	ask list --all --json
	json_true '[.functions[] | select(.vf != null) | {address, physical, vf, section, result}] == [
		{address: "0000:01:1f.6", physical: "0000:01:00.0", vf: 0, section: "guests", result: "later"},
		{address: "0000:01:1f.7", physical: "0000:01:00.0", vf: 1, section: null, result: null},
		{address: "0000:02:00.0", physical: "0000:01:00.0", vf: 2, section: "guests", result: "later"},
		{address: "0000:02:00.1", physical: "0000:01:00.0", vf: 3, section: null, result: null}]' <<<"$output"
	json_true '.functions[] | select(.address == "0000:01:00.0") |
		.result == "native" and .wanted == "native" and .physical == null' <<<"$output"
}

@test "plan: later, whether they are there now or not" {
	nic
	ask plan
	[ "$status" -eq 0 ]
	[[ $output == *'The next boot will bind nothing before udev starts.'*'2 functions are bound later, after udev has started: see below.'* ]]
	[[ $output == *nic*0000:01:00.0*'left to its native driver'* ]]
	rm "$root"/sys/bus/pci/devices/0000:01:00.0/virtfn*
	ask plan
	[ "$status" -eq 0 ]
	[[ $output == *'guests (/etc/vfioboot.conf:4): later: the driver of its physical function creates it after udev has started.'* ]]
	ask plan --json
	json_true '[.plan[] | {section, address, action, reason, at_the_next_boot}] == [
		{section: "nic", address: "0000:01:00.0", action: "native", reason: null,
			at_the_next_boot: "left to its native driver"},
		{section: "guests", address: null, action: "later", reason: null,
			at_the_next_boot: "later"}]' <<<"$output"
}

@test "explain: a virtual function by its number, and the physical one" {
	nic
	ask explain vf:2@00:03.0/00.0
	[[ ${lines[0]} == '0000:02:00.0 '* ]]
	[[ $output == *'is a virtual function of 0000:01:00.0'*'Next boot: later'* ]]
	ask explain 01:00.0
	[[ $output == *'The section nic (/etc/vfioboot.conf:1) asks for its native driver and 4 virtual functions.'* ]]
	[[ $output == *'Next boot'*': stays with its native driver.'* ]]
}

@test "check: the number, what sets it as well, and who makes those that are named" {
	nic
	[[ $(point 0000:01:00.0) == 'pass: can have the 4 virtual functions that [device nic] asks for'* ]]
	nic 3
	[[ $(point 0000:01:00.0) == 'fail: has 4 virtual functions now, and [device nic] asks for 3: something else sets the number'*sriov_numvfs* ]]
	nic 5
	[[ $(point 0000:01:00.0) == "fail: can have 4 virtual functions, and [device nic] asks for 5; write 'vfs = 4' or less"* ]]
	config '[device nic]' 'path = 00:03.0/00.1' 'vfs = 1'
	[[ $(point 0000:01:00.1) == 'fail: has no SR-IOV'*'enable SR-IOV in the firmware setup'* ]]
	config '[device guests]' 'vf = 0 of 00:03.0/00.0'
	[[ $(point guests) == 'unknown: names virtual functions of 00:03.0/00.0, and no section with vfs makes these'* ]]
}

@test "check: a physical function on vfio-pci" {
	machine sriov
	config '[device nic]' 'path = 00:03.0/00.0' 'vfs = 4' 'driver = vfio-pci'
	# What was written there goes with this boot.
	mkdir -p "$root"/{proc,sys/module/vfio_pci/parameters,etc/modprobe.d}
	echo Y >"$root/sys/module/vfio_pci/parameters/enable_sriov"
	echo quiet >"$root/proc/cmdline"
	[[ $(point 0000:01:00.0) == 'fail: '*'enable_sriov is off at the next boot; add vfio_pci.enable_sriov=1 to the kernel command line'* ]]
	echo 'options vfio-pci disable_vga=1 enable_sriov=1' >"$root/etc/modprobe.d/vfio.conf"
	[[ $(point 0000:01:00.0) == 'unknown: '*'enable_sriov is set in modprobe.d, which not every image has; '* ]]
	echo N >"$root/sys/module/vfio_pci/parameters/enable_sriov"
	echo 'vfio_pci.enable_sriov=0 vfio-pci.enable_sriov' >"$root/proc/cmdline"
	[[ $(point 0000:01:00.0) == 'pass: '* ]]
	echo 'vfio_pci.enable_sriov=1 vfio_pci.enable_sriov=off' >"$root/proc/cmdline"
	[[ $(point 0000:01:00.0) == 'fail: '* ]]
}

@test "bind: neither what stays with the host, nor what virtual ones in use would be gone with" {
	nic
	ask bind nic --dry-run
	[ "$status" -eq 1 ]
	[[ $stderr == *'[device nic] leaves its functions to their native driver'*'; name a section with virtual functions (vf) instead'* ]]
	config '[device whole]' 'path = 00:03.0/00.0' 'bind = demand'
	ask bind whole --dry-run
	[ "$status" -eq 1 ]
	[[ $stderr == *'virtual-in-use'* ]]
}

@test "below a root directory virtual functions are asked for, and no kernel makes them" {
	machine sriov
	rm "$root"/sys/bus/pci/devices/0000:01:00.0/virtfn*
	config '[device nic]' 'path = 00:03.0/00.0' 'vfs = 4'
	run -1 --separate-stderr "$early" --root "$root" --verbose
	[[ $stderr == *'0000:01:00.0 nic: left to mlx5_core'* ]]
	[[ $stderr == *'0000:01:00.0 nic: vfs = 4: failed (no-kernel)'* ]]
	[ "$(cat "$root/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs")" = 4 ]
	# Until virtual functions are there no other driver may have them.
	[ "$(cat "$root/sys/bus/pci/devices/0000:01:00.0/sriov_drivers_autoprobe")" = 1 ]
	grep -q '^step section=nic address=0000:01:00.0 key=vfs wanted=4 value=0 result=failed reason=no-kernel$' \
		"$root/run/vfioboot/system.record"
	[ "$(cat "$root/sys/bus/pci/devices/0000:01:00.0/driver_override")" = '(null)' ]
	ask status --json
	json_true '.functions[0] | .address == "0000:01:00.0" and (.settings | length == 1 and .[0].key == "vfs" and
		.[0].wanted == "4" and .[0].result == "failed")' <<<"$output"
}

@test "when the driver of the physical function comes, its sections and those of virtual ones are looked at" {
	nic
	run -1 --separate-stderr "$early" --root "$root" --late 0000:01:00.0 --dry-run
	[ "$output" = '0000:01:00.0 nic vfs 4
0000:01:1f.6 guests refuse has-driver
0000:02:00.0 guests refuse has-driver' ]
}
