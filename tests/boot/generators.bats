#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each generator's image at its hardest: it loads the native drivers by its own means before it
# loads anything else (flavours/), on two processors, and yet they never get to see the configured card.

# bats file_tags=shard:2

load lib

# The configuration is a drop-in, and a mask keeps another one from taking the first card.
dropins() {
	second_gpu | overlay etc/vfioboot.conf.d/second-gpu.conf
	overlay usr/lib/vfioboot.conf.d/first-gpu.conf <<-END
		[device first-gpu]
		path = 00:03.0/00
	END
	ln -s /dev/null "$BATS_TEST_TMPDIR/overlay/etc/vfioboot.conf.d/first-gpu.conf"
}

wins() { # ROOT FLAVOUR
	dropins
	image "$1" "$2"
	CPUS=2 twins
	boot
	taken_untouched 02:00
	native 01:00 bochs-drm
	result initramfs 02:00.0 bound -
	result initramfs 02:00.1 bound -
	result system 02:00.0 bound -
	has '^log vfioboot: 0000:02:00.0 second-gpu: bound to vfio-pci$'
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}

mkinitcpio_wins() { # FLAVOUR
	need_mkinitcpio
	wins "$MKINITCPIO_ROOT" "$1"
}

@test "bookworm's kernel, initramfs-tools" {
	wins bookworm initramfs-tools
}

@test "trixie's kernel, dracut with systemd" {
	wins trixie dracut-systemd
}

@test "trixie's kernel, dracut without systemd" {
	wins trixie dracut
}

@test "sid's kernel, initramfs-tools" {
	wins sid initramfs-tools
}

@test "sid's kernel, dracut with systemd, and busybox in modprobe's place" {
	wins sid dracut-systemd
}

@test "mkinitcpio with busybox" {
	mkinitcpio_wins mkinitcpio
}

@test "mkinitcpio with systemd" {
	mkinitcpio_wins mkinitcpio-systemd
}

@test "bookworm's kernel, initramfs-tools: the driver of another vendor's card (radeon)" {
	overlay etc/vfioboot.conf <<-END
		[device second-gpu]
		path = 00:04.0/00
		id = 1002:5159, 8086:2668
		expect = 2
	END
	image bookworm initramfs-tools
	machine
	root_disk
	# Without its firmware radeon is too slow for a console under emulation: a card in front.
	card 3 VGA
	card 4 "$radeon"
	card 5 "$radeon"
	boot
	taken_untouched 02:00
	native 01:00 bochs-drm
	native 03:00 radeon
}

@test "trixie's kernel, dracut with systemd: ten boots, ten wins" {
	dropins
	image trixie dracut-systemd
	for round in 1 2 3 4 5 6 7 8 9 10; do
		echo "round $round"
		CPUS=2 twins
		boot
		taken_untouched 02:00
		native 01:00 bochs-drm
	done
}
