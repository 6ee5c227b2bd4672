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

# --- nothing configured ----------------------------------------------------------------------------

# unasked LISTER ROOT FLAVOUR: as it is installed. The image, which LISTER lists, has nothing of vfioboot,
# and nothing of it is started; not even by what is configured later in this boot, as by isolate, which
# starts all that a target wants and has not been started.
unasked() {
	# Of the units that guests do without
	mkdir -p "$BATS_TEST_TMPDIR/overlay/etc/systemd/system"
	ln -s /usr/lib/systemd/system/systemd-tmpfiles-setup.service \
		"$BATS_TEST_TMPDIR/overlay/etc/systemd/system/systemd-tmpfiles-setup.service"
	image "$2" "$3"
	root_file boot/image <"$initrd"
	guest_script <<-END
		#!/bin/sh
		$1 /boot/image | sed 's/^/image /'
		show() {
			systemctl show --property ActiveState,ConditionResult vfioboot.service | xargs echo "\$1"
			systemctl show --property ActiveState,ConditionResult vfioboot-settle.service | xargs echo "\$1"
		}
		show first
		vfioboot status
		cat >/etc/vfioboot.conf <<-CONFIG
			$(second_gpu)
		CONFIG
		systemctl isolate multi-user.target
		show then
		vfioboot status
	END
	twins
	boot
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	has '^extra image .*bin/modprobe'
	# Of vfio images may have what other modules want.
	lacks '^extra image .*(vfioboot|vfio[-_]pci)'
	[ "$(grep -c '^extra first ActiveState=inactive ConditionResult=no$' "$dump")" = 2 ]
	[ "$(grep -c '^extra then ActiveState=inactive ConditionResult=no$' "$dump")" = 2 ]
	[ "$(sed -n 's/^file \([^ ]*\) .*/\1/p' "$dump")" = '' ]
	has '^extra Nothing is configured: every device keeps its native driver\.$'
	has '^extra vfioboot did not run at this boot; nothing was configured then, '
	has '^state running$'
}

@test "bookworm, initramfs-tools, nothing configured: as if it was not installed" {
	unasked lsinitramfs bookworm initramfs-tools
}

@test "trixie, dracut with systemd, nothing configured: as if it was not installed; devices on the command line" {
	unasked lsinitrd trixie dracut-systemd
	# The service is there for them, though the image is not.
	guest_script <<<'#!/bin/sh
		vfioboot status --json | sed "s/^/json /"'
	boot vfioboot.device=00:04.0/00
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
	native 01:00 bochs-drm
	result system 02:00.0 bound -
	has '^unit vfioboot.service .*ActiveState=active'
	said json | json_true '.ready != true'
}

@test "mkinitcpio with systemd, nothing configured: as if it was not installed" {
	need_mkinitcpio
	unasked lsinitcpio "$MKINITCPIO_ROOT" mkinitcpio-systemd
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
