#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Roots that are on something that is on something else: the protect list has the controllers at
# the bottom of it, all of them and no others, and `add` does not take one.

# bats file_tags=shard:2

load lib
load transfer
load storage

# What the guest does in its first boot: looks, tries what has to be refused, and then gives away
# a card as anyone would.
first_script() { # SLOT
	cat <<-END
		vfioboot protect | sed 's/^/protect /'
		findmnt -no SOURCE / | sed 's/^/root /'
		rm -f /etc/dracut.conf.d/chroot.conf
		vfioboot add 00:$1.0/00 2>&1 | sed 's/^/refused /'
		vfioboot add 00:04.0/00 --name second && vfioboot apply && echo applied
		tar cf /dev/disk/by-id/virtio-transfer -C /boot .
	END
}

# The two boots of a machine: protects KINDS-OF-USE SLOT...
protects() {
	local use=$1 slot expected=''
	shift
	for slot; do
		expected+="storage 00:0$slot.0/00.0 1b36:0010 $use"$'\n'
	done
	stage_script < <(first_script "0$1")
	stored "$@"
	BOOT_TIMEOUT=900 boot rd.auto=1
	grep '^extra' "$dump"
	[ "$(sed -n 's/^extra protect \(storage .*\)/\1/p' "$dump")" = "${expected%$'\n'}" ]
	has '^extra refused .* /( |,|;|:|$)'
	has '^extra applied$'
	from_transfer
	stage_script <<<:
	stored "$@"
	boot rd.auto=1
	# The list in the image that this boot was made with
	[ "$(sed -n 's/^file initramfs.protect \(storage .*\)/\1/p' "$dump")" = "${expected%$'\n'}" ]
	taken_untouched 02:00
	native 01:00 bochs-drm
}

@test "bookworm, root on LVM on LUKS on NVMe" {
	storage luks initramfs-tools-host "$make_luks" 5
	root_device=/dev/mapper/guest-root
	protects '/ swap' 5
}

@test "trixie, root on RAID1 on two NVMe disks" {
	storage raid dracut-host "$make_raid" 5 6
	root_device=UUID=$(blkid -p -s UUID -o value "$disk")
	protects / 5 6
}
