#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2154 # what lib and loader share with the tests
#
# A machine whose system is an image, built by the recipe of packaging/image, with Secure Boot on and keys
# of its own: a signed unified kernel image, a verified /usr, and nothing on it that could rebuild them.

load lib
load transfer
load loader

# bats file_tags=shard:5

# What the guest runs is unpacked in /run, as its /usr cannot be written to.
setup() {
	need_tools ovmf
	need_mtools
	[ -e "$ovmf/OVMF_CODE_4M.secboot.fd" ] || skip "there is no OVMF with Secure Boot in $ovmf"
	overlay_script usr/lib/vfioboot-test/extra <<-'END'
		#!/bin/sh
		mkdir /run/sent
		tar xf /dev/disk/by-id/virtio-transfer -C /run/sent && exec /run/sent/usr/lib/vfioboot-test/step
	END
	image=$("$boot_dir/image-based" "$STAGE" "$BATS_TEST_TMPDIR/overlay")
	disk=$BATS_TEST_TMPDIR/disk.img
	cp --sparse=always "$image/disk.img" "$disk"
	kept=on
}

# The host's display, the card that the image names, a USB controller and a sound card. Only code
# in system management mode can write to the firmware's keys.
secure_machine() {
	twins
	port 5
	qemu+=(-device qemu-xhci,bus=port5)
	port 6
	qemu+=(-device intel-hda,bus=port6)
	transfer_drive
	cp "$image/vars.fd" "$BATS_TEST_TMPDIR/vars.fd"
	qemu+=(-machine smm=on -global driver=cfi.pflash01,property=secure,value=on)
	uefi OVMF_CODE_4M.secboot.fd
}

# As vfioboot-images(7) has it: addons beside the image of what is below $work/tree, of a parameter, and of
# another one that nobody signed.
put_addons() {
	local uki addon work=$BATS_TEST_TMPDIR/addons
	uki=$(mdir -i "$disk@@1M" -b ::/EFI/Linux/ | sed -n 's|^::/||p')
	(cd "$work/tree" && find . | cpio -o -H newc --quiet) >"$work/gpu.cpio"
	cp "$image/mkosi.key" "$image/mkosi.crt" "$work/"
	"$boot_dir/image-based" --run "$work" '
		ukify build --initrd=gpu.cpio --secureboot-private-key=mkosi.key \
			--secureboot-certificate=mkosi.crt --output=files.addon.efi
		ukify build --cmdline="vfioboot.device=00:05.0/00" --secureboot-private-key=mkosi.key \
			--secureboot-certificate=mkosi.crt --output=parameter.addon.efi
		ukify build --cmdline=vfioboot.off --output=unsigned.addon.efi'
	mmd -i "$disk@@1M" "::/$uki.extra.d"
	for addon in "$work"/*.addon.efi; do
		mcopy -i "$disk@@1M" "$addon" "::/$uki.extra.d/"
	done
}

# The image itself, as it is signed, has nothing of what the machine has been asked for; "apply" can't
# change that, and an addon does.
@test "image-based, Secure Boot: bound in the initramfs; addons bring what the machine asks for" {
	secure_machine
	transfer_script <<-END
		$run_function
		run firmware bootctl status --no-pager
		run mounts findmnt -n -o TARGET,SOURCE,FSTYPE,OPTIONS
		run status vfioboot status
		run points vfioboot check
		run nothing vfioboot apply
		run add vfioboot add 00:06.0/00 --name sound
		run dropin cat /etc/vfioboot.conf.d/sound.conf
		run outdated vfioboot status
		run apply vfioboot apply
		run same vfioboot apply --dry-run
	END
	BOOT_TIMEOUT=900 power_on_whole
	said firmware | grep 'Secure Boot: enabled (user)'
	said mounts | grep -E '^.*/usr +/dev/mapper/usr +erofs +ro,'
	taken_untouched 02:00
	native 01:00 bochs-drm
	exited status 0
	said status | grep 'starts an image that has today'
	said points | grep -E 'pass +generator '
	said points | grep -E 'pass +image '
	exited nothing 0
	said nothing | grep 'starts an image that has this configuration'
	exited outdated 1
	said outdated | grep 'which is out of date: it lacks /etc/vfioboot.conf.d/sound.conf'
	for name in apply same; do
		exited $name 1
		said $name | grep 'put the configuration into that build, or into a signed addon'
	done
	# Nothing waited for the disk behind /boot.
	has '^unit vfioboot.service ActiveState=active .*Result=success'
	driver 04:00.0 snd_hda_intel

	mkdir -p "$BATS_TEST_TMPDIR/addons/tree/etc/vfioboot.conf.d"
	said dropin >"$BATS_TEST_TMPDIR/addons/tree/etc/vfioboot.conf.d/sound.conf"
	put_addons
	transfer_script <<-END
		$run_function
		run cmdline cat /proc/cmdline
		run status vfioboot status
		run apply vfioboot apply
	END
	BOOT_TIMEOUT=900 power_on_whole
	taken_untouched 02:00
	said cmdline | grep ' vfioboot.device=00:05.0/00$'
	result initramfs 04:00.0 bound -
	driver 04:00.0 vfio-pci
	never_probed 04:00.0 snd_hda_intel
	# Without a protect list the root could be on USB, to the early program.
	result initramfs 03:00.0 refused no-protect-list
	result system 03:00.0 bound -
	driver 03:00.0 vfio-pci
	exited status 0
	said status | grep 'starts an image that has today'
	exited apply 0
}
