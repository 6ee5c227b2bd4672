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
