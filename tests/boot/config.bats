#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the configuration and the kernel command line select, seen on a running kernel.

# bats file_tags=shard:2

load lib

setup() {
	second_gpu | overlay etc/vfioboot.conf
	image bookworm initramfs-tools
}

# Slot 2 is new; the bus numbers behind it are one higher than they were.
card_added_in_front() {
	machine
	root_disk
	card 2 VGA
	card 3 VGA
	card 4 "$1"
}

@test "a card added in front: the path still is the same card" {
	card_added_in_front VGA
	boot
	taken_untouched 03:00
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	has '^state running$'
}

by_address() {
	reconfigure <<-END
		[device second-gpu]
		address = 02:00
		id = 1002:5159, 8086:2668
		expect = 2
		$1
	END
}

@test "a card added in front: an address with ids is refused, and nothing touched" {
	by_address
	card_added_in_front "$radeon"
	boot
	refused initramfs moved
	refused system moved
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	native 03:00 radeon
	lacks '^function .*override=vfio-pci'
	has '^unit vfioboot.service .*ActiveState=failed .*ExecMainStatus=1 '
}

@test "a card added in front: an address with ids and on-move = follow finds it" {
	by_address 'on-move = follow'
	card_added_in_front "$radeon"
	boot
	taken_untouched 03:00
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	has '^state running$'
}

@test "vfioboot.off leaves everything as it is" {
	twins
	boot vfioboot.off
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	lacks '^function .*override=vfio-pci'
	record initramfs 'state off$'
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}

selected() {
	reconfigure <<-END
		[boot]
		when = selected
		$(second_gpu)
		profile = passthrough
	END
	twins
}

@test "when = selected does nothing without a profile on the command line" {
	selected
	boot
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	lacks '^function .*override=vfio-pci'
	has '^state running$'
}

@test "when = selected binds with vfioboot.profile=" {
	selected
	boot vfioboot.profile=passthrough
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^state running$'
}

# A file with nothing in it is enough for the image to hold the program.
@test "vfioboot.device= needs nothing in the configuration" {
	overlay etc/vfioboot.conf <<<'# nothing'
	image bookworm initramfs-tools
	twins
	boot vfioboot.device=00:04.0/00
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^state running$'
}

@test "an error in one section: the others work, and the message names the line" {
	reconfigure <<-END
		[device first-gpu]
		path = 00:03.0/00
		colour = green
		$(second_gpu)
	END
	twins
	boot
	taken_untouched 02:00
	native 01:00 bochs-drm
	record initramfs 'error /etc/vfioboot.conf 3 .*colour'
	has '^log vfioboot: /etc/vfioboot.conf:3: .*colour'
	has '^unit vfioboot.service .*ActiveState=failed .*ExecMainStatus=2 '
}

@test "every display asked for: none of them is taken" {
	reconfigure <<-END
		[device second-gpu]
		id = 1234:1111
	END
	twins
	boot
	record initramfs 'function .*result=refused reason=last-display$'
	native 01:00 bochs-drm
}

# What guides tell people to write: each would take all displays, or load nothing.
@test "ids= and an install line of vfio-pci: only the configured card is taken" {
	local file=etc/modprobe.d/vfio.conf
	initramfs_file $file <<-'END'
		options vfio-pci ids=1234:1111,8086:2668 disable_idle_d3=1
		install vfio-pci /bin/false
	END
	root_file $file <<<'options vfio-pci ids=1234:1111,8086:2668'
	twins
	boot vfio-pci.ids=1234:1111
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^state running$'
}

# What the kernel holds once the guest is up
settings_of_functions() {
	guest_script <<-'END'
		#!/bin/sh
		for device in /sys/bus/pci/devices/0000:0[23]:00.*; do
			for file in reset_method d3cold_allowed power/control; do
				value=-
				[ ! -e $device/$file ] || read -r value <$device/$file
				echo "${device##*/} $file=$value"
			done
		done
	END
}

step() { # STAGE ADDRESS KEY WANTED VALUE RESULT REASON
	record "$1" "step section=[a-z-]+ address=0000:$2 key=$3 wanted=$4 value=$5 result=$6 reason=$7\$"
}

# QEMU's drive has flr, and is alone on its bus; of the card's two functions none can be reset by it,
# although the kernel lists "bus" for the first one. Neither has a resizable BAR. The image has no
# protect list, so that the drive is left to its native driver until the real root.
@test "reset, d3cold, power and rebar: the kernel holds what it can, what it cannot is said" {
	reconfigure <<-END
		$(second_gpu)
		reset = bus, acpi
		d3cold = yes
		power = on
		rebar = 0:512M
		[device drive]
		path = 00:05.0/00.0
		id = 1b36:0010
		driver = auto
		reset = bus, acpi, flr
		d3cold = no
		power = on
		rebar = max
	END
	settings_of_functions
	twins
	spare_nvme 5
	boot
	taken_untouched 02:00
	driver 03:00.0 vfio-pci
	probed 03:00.0 nvme
	native 01:00 bochs-drm
	for function in 02:00.0 02:00.1; do
		has "^extra 0000:$function d3cold_allowed=1\$"
		has "^extra 0000:$function power/control=on\$"
		step initramfs $function d3cold yes yes set -
		step initramfs $function power on on set -
		step system $function d3cold yes yes same -
		step system $function power on on same -
	done
	step initramfs 02:00.0 rebar 0:512M - skipped not-offered
	step initramfs 02:00.0 reset 'bus\\040acpi' '.*' skipped not-offered
	step initramfs 02:00.1 reset 'bus\\040acpi' - skipped not-offered
	has '^log vfioboot: 0000:02:00.0 second-gpu: power = on: set$'
	has '^log vfioboot: 0000:02:00.0 second-gpu: reset = bus acpi: skipped \(not-offered\): .*\(now: '
	has '^extra 0000:03:00.0 reset_method=bus flr$'
	has '^extra 0000:03:00.0 d3cold_allowed=0$'
	has '^extra 0000:03:00.0 power/control=on$'
	step system 03:00.0 reset 'bus\\040acpi\\040flr' 'bus\\040flr' set not-offered
	step system 03:00.0 d3cold no no set -
	step system 03:00.0 power on on set -
	step system 03:00.0 rebar max - skipped not-offered
	has '^log vfioboot: 0000:03:00.0 drive: reset = bus acpi flr: set \(not-offered\): .*\(now: bus flr\)$'
	has '^log vfioboot: 0000:03:00.0 drive: rebar = max: skipped \(not-offered\)'
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}
