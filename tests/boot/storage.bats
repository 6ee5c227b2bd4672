#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Roots that are on something that is on something else: the protect list has the controllers at
# the bottom of it, all of them and no others, and `add` does not take one.

# bats file_tags=shard:6

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

@test "trixie: a drive with a file system that nobody mounted is not given away, until it is empty" {
	image trixie dracut-systemd
	guest_script < <(
		echo '#!/bin/sh'
		echo "$run_function"
		cat <<-'END'
			add() { # NAME [OPTION]
				udevadm settle
				run "$1" vfioboot add --dry-run $2 00:05.0/00
			}
			drive=/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_spare
			add empty
			mkfs.ext4 -q -L 'of a guest' "$drive"
			add data
			add allowed --allow-data
			run explain vfioboot explain 00:05.0/00
			# Nobody has told udev: libblkid finds it on the drive.
			rm "/run/udev/data/b$(cat "/sys/class/block/$(basename "$(readlink "$drive")")/dev")"
			run silent vfioboot add --dry-run 00:05.0/00
			wipefs -q --all "$drive"
			add wiped
		END
	)
	twins
	spare_nvme 5
	boot
	exited empty 0
	exited data 1
	has "^extra data .*0000:03:00.0 has data: /dev/nvme0n1 \(ext4 file system 'of a guest'\); the data stays there"
	exited allowed 0
	has '^extra explain .*/dev/nvme0n1 \(ext4 file system'
	exited silent 1
	has "^extra silent .*has data: /dev/nvme0n1 \(ext4 file system 'of a guest'\)"
	exited wiped 0
	lacks '^extra (empty|wiped) .*data'
}
