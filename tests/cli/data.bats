#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # json_is reads json; run sets output, stderr and status
#
# What is on drives that the host does not use: that it is said, and not given away by mistake.

bats_require_minimum_version 1.5.0

load machine

# A host that runs from memory: an NVMe drive beside a graphics card (0000:03:00.0), nothing on it.
host_with_drive() {
	machine_with nvme-in-gpu-group "$@"
	mkdir -p "$root"/proc/self "$root"/sys/dev/block "$root"/sys/class/block
	mount_line 0:25 / tmpfs tmpfs
}

add() {
	run --separate-stderr "$vfioboot" add --root "$root" "$@"
	rm -rf "${root:?}/etc/vfioboot.conf.d"
}

# It was refused, with each of the texts.
refused() {
	local text
	[ "$status" -eq 1 ]
	for text in "$@"; do
		[[ $stderr == *"$text"* ]] || {
			printf 'no "%s" in:\n%s\n' "$text" "$stderr"
			return 1
		}
	done
}

# Nothing was said against it.
accepted() {
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "a drive with a guest's system: each partition is named, and --allow-data gives it" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4 E:ID_PART_TABLE_TYPE=gpt
	partition nvme1n1p1 259:5 E:ID_FS_TYPE=vfat E:ID_FS_USAGE=filesystem
	partition nvme1n1p2 259:6
	partition nvme1n1p3 259:7 E:ID_FS_TYPE=ntfs E:ID_FS_USAGE=filesystem \
		'E:ID_FS_LABEL_ENC=my\x20games' E:ID_FS_LABEL=my_games
	partition nvme1n1p10 259:8 E:ID_FS_TYPE=swsuspend E:ID_FS_USAGE=other
	add 03:00.0
	refused "0000:03:00.0 has data: /dev/nvme1n1p1 (vfat file system), /dev/nvme1n1p3 (ntfs file system 'my games'), /dev/nvme1n1p10 (swap area with a hibernation image); the data stays there, and the guest can read and write it; if it is the guest's own, use --allow-data"
	add --json 03:00.0
	[ "$status" -eq 1 ]
	json_true '.accepted == false and .written == false and (.obstacles |
		map(select(.refuses and (.text | startswith("0000:03:00.0 has data: ")) and
			(.remedy | endswith("use --allow-data")))) | length == 1)' <<<"$output"
	add --allow-data 03:00.0
	[ "$status" -eq 0 ]
	[[ $output == *'Wrote /etc/vfioboot.conf.d/nvme.conf.'* ]]
	[[ $stderr == "vfioboot add: warning: 0000:03:00.0 has data: /dev/nvme1n1p1"* ]]
}

@test "an empty drive is no obstacle, nor is a card reader without a card" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4
	add 03:00.0
	accepted
	echo 0 >"$root/sys/class/block/nvme1n1/size"
	printf '%s\n' I:1 E:ID_PART_TABLE_TYPE=dos >"$root/run/udev/data/b259:4"
	add 03:00.0
	accepted
}

# drive_is TEXT LINE...: what is said of a drive with udev's notes
drive_is() {
	printf '%s\n' I:1 "${@:2}" >"$root/run/udev/data/b259:4"
	add 03:00.0
	refused "has data: /dev/nvme1n1 ($1); the data stays there"
}

@test "each kind of member, and a table without partitions" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4
	drive_is "member of the RAID array 'nas:0'" E:ID_FS_TYPE=linux_raid_member \
		E:ID_FS_LABEL_ENC=nas:0 E:ID_FS_USAGE=raid
	drive_is "member of the ZFS pool 'tank'" E:ID_FS_TYPE=zfs_member E:ID_FS_LABEL_ENC=tank
	drive_is 'LVM physical volume' E:ID_FS_TYPE=LVM2_member E:ID_FS_USAGE=raid
	drive_is "LUKS volume 'vault'" E:ID_FS_TYPE=crypto_LUKS E:ID_FS_LABEL_ENC=vault
	drive_is 'bcache device' E:ID_FS_TYPE=bcache E:ID_FS_USAGE=other
	drive_is 'path of a multipath drive' E:ID_FS_TYPE=mpath_member
	drive_is 'member of a RAID array, isw_raid_member' E:ID_FS_TYPE=isw_raid_member E:ID_FS_USAGE=raid
	drive_is 'BitLocker' E:ID_FS_TYPE=BitLocker E:ID_FS_USAGE=crypto
	drive_is 'swap area' E:ID_FS_TYPE=swap E:ID_FS_USAGE=other
	drive_is 'dos partition table' E:ID_PART_TABLE_TYPE=dos
	partition nvme1n1p1 259:5
	drive_is 'partitions'
	drive_is 'gpt partition table' E:ID_PART_TABLE_TYPE=gpt
}

@test "a member names the other drives of its pool, which would lack it" {
	host_with_drive '0000:00:1c.0 8086:a110 060400 group=30' \
		'	0000:05:00.0 144d:a80a 010802 driver=nvme group=31'
	disk 0000:03:00.0 nvme1n1 259:4 E:ID_FS_TYPE=btrfs E:ID_FS_USAGE=filesystem E:ID_FS_UUID=77
	disk 0000:05:00.0 nvme2n1 259:5 E:ID_FS_TYPE=btrfs E:ID_FS_USAGE=filesystem E:ID_FS_UUID=77
	add 05:00.0
	refused '/dev/nvme2n1 (btrfs file system, also on /dev/nvme1n1)'
	# One that is a copy of another one is no pool.
	sed -i s/btrfs/ext4/ "$root/run/udev/data"/b259:*
	add 05:00.0
	refused '/dev/nvme2n1 (ext4 file system);'
}

@test "nvme:auto chooses the empty drive, and one with data only where that is allowed" {
	host_with_drive '0000:00:1c.0 8086:a110 060400 group=30' \
		'	0000:05:00.0 144d:a80a 010802 driver=nvme group=31'
	disk 0000:03:00.0 nvme1n1 259:4
	disk 0000:05:00.0 nvme2n1 259:5 E:ID_FS_TYPE=xfs E:ID_FS_USAGE=filesystem
	printf '[device other]\npath = 00:1b.0/00\n' >"$root/etc/vfioboot.conf"
	add nvme:auto
	refused 'can spare none' '0000:05:00.0' 'has data: /dev/nvme2n1 (xfs file system)'
	add --allow-data nvme:auto
	[ "$status" -eq 0 ]
	[[ $output == *'0000:05:00.0'* ]]
	rm "$root/etc/vfioboot.conf"
	mv "$root/run/udev/data/b259:5" "$root/run/udev/data/b259:4"
	echo I:1 >"$root/run/udev/data/b259:5"
	add nvme:auto
	accepted
	[[ $output == *'0000:05:00.0'* ]]
}

@test "usb:auto does not choose a controller with a drive that has data" {
	host_with_drive '0000:00:14.0 8086:a36d 0c0330 driver=xhci_hcd group=40'
	block sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/host6/target6:0:0/6:0:0:0/block/sda \
		8:0 E:ID_FS_TYPE=exfat E:ID_FS_USAGE=filesystem
	add usb:auto
	refused 'can spare none' '0000:00:14.0' 'has data: /dev/sda (exfat file system)'
	add 00:14.0
	refused 'use --allow-data'
}

@test "of a drive in use its use is said alone; of another namespace what is on it" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4 E:ID_PART_TABLE_TYPE=gpt
	partition nvme1n1p1 259:5 E:ID_FS_TYPE=ext4 E:ID_FS_USAGE=filesystem
	partition nvme1n1p2 259:6 E:ID_FS_TYPE=ntfs E:ID_FS_USAGE=filesystem
	mount_line 259:5 /data ext4 /dev/nvme1n1p1
	add --allow-mounted 03:00.0
	[ "$status" -eq 0 ]
	[[ $stderr != *'has data'* ]]
	block sys/devices/pci0000:00/0000:00:1b.0/0000:03:00.0/nvme/nvme1/nvme1n2 259:9 \
		E:ID_FS_TYPE=ntfs E:ID_FS_USAGE=filesystem
	add --allow-mounted 03:00.0
	refused 'has data: /dev/nvme1n2 (ntfs file system)'
	[[ $stderr == *'warning: 0000:03:00.0 carries /data'* ]]
}

@test "one drive of two paths: multipath's device, and both functions" {
	local path n dm=sys/devices/virtual/block
	host_with_drive '0000:00:1c.0 1077:2261 0c0400 driver=qla2xxx group=30' \
		'0000:00:1d.0 1077:2261 0c0400 driver=qla2xxx group=31'
	for n in 0 1; do
		path=sys/devices/pci0000:00/0000:00:1$( ((n)) && echo d || echo c).0/host$n/block/sd$n
		block "$path" 8:$n E:ID_FS_TYPE=mpath_member
		mkdir -p "$root/$dm/dm-0/slaves"
		ln -s "$(realpath --relative-to="$root/$dm/dm-0/slaves" "$root/$path")" "$root/$dm/dm-0/slaves/sd$n"
	done
	block $dm/dm-0 253:0 E:ID_PART_TABLE_TYPE=gpt
	block $dm/dm-1 253:1 E:ID_FS_TYPE=xfs E:ID_FS_USAGE=filesystem E:ID_FS_LABEL_ENC=san
	mkdir -p "$root/$dm"/dm-{0,1}/dm "$root/$dm/dm-1/slaves"
	ln -s ../../dm-0 "$root/$dm/dm-1/slaves/dm-0"
	echo mpath-3600 >"$root/$dm/dm-0/dm/uuid"
	echo part1-mpath-3600 >"$root/$dm/dm-1/dm/uuid"
	echo mpatha >"$root/$dm/dm-0/dm/name"
	echo mpatha-part1 >"$root/$dm/dm-1/dm/name"
	for n in c d; do
		add --allow-mounted "00:1$n.0"
		refused "0000:00:1$n.0 has data: /dev/mapper/mpatha-part1 (xfs file system 'san'), /dev/sd"
	done
	mount_line 253:1 /srv xfs /dev/mapper/mpatha-part1
	for n in c d; do
		add "00:1$n.0"
		refused "0000:00:1$n.0 carries /srv;"
		[[ $stderr != *'has data'* ]]
	done
}

@test "NVMe with two controllers: each namespace is behind both, and counts by itself" {
	local head=sys/devices/virtual/nvme-subsystem/nvme-subsys0 n
	host_with_drive '0000:00:1c.0 8086:a110 060400 group=30' \
		'	0000:05:00.0 144d:a80a 010802 driver=nvme group=31'
	block $head/nvme0n1 259:4 E:ID_FS_TYPE=ext4 E:ID_FS_USAGE=filesystem
	block $head/nvme0n2 259:5 E:ID_FS_TYPE=xfs E:ID_FS_USAGE=filesystem
	for n in 1b.0/0000:03 1c.0/0000:05; do
		mkdir -p "$root/sys/devices/pci0000:00/0000:00:$n:00.0/nvme/nvme${n: -1}"
		# The path to it, which has no node.
		mkdir -p "$root/sys/devices/pci0000:00/0000:00:$n:00.0/nvme/nvme${n: -1}/nvme0c${n: -1}n1"
		link "$head/nvme${n: -1}" "sys/devices/pci0000:00/0000:00:$n:00.0/nvme/nvme${n: -1}"
	done
	link sys/class/block/nvme0c5n1 sys/devices/pci0000:00/0000:00:1c.0/0000:05:00.0/nvme/nvme5/nvme0c5n1
	for n in 03 05; do
		add "$n:00.0"
		refused "0000:$n:00.0 has data: /dev/nvme0n1 (ext4 file system), /dev/nvme0n2 (xfs file system)"
	done
	mount_line 259:4 /data ext4 /dev/nvme0n1
	for n in 03 05; do
		add "$n:00.0"
		refused "0000:$n:00.0 carries /data" "0000:$n:00.0 has data: /dev/nvme0n2 (xfs file system);"
	done
}

# image PATH OFFSET BYTES...: writes the bytes into a drive of 4 MiB
image() {
	local path=$root/$1
	mkdir -p "${path%/*}"
	[ -e "$path" ] || truncate -s 4M "$path"
	printf "%b" "$3" | dd of="$path" bs=1 seek="$2" conv=notrunc status=none
}

@test "what udev says nothing of is read: it may not have looked, or not have understood it" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4
	image dev/nvme1n1 0 'LUKS\xba\xbe\0\1'
	add 03:00.0
	refused 'has data: /dev/nvme1n1 (LUKS volume)'
	rm "$root/dev/nvme1n1"
	image dev/nvme1n1 0 ''
	add 03:00.0
	accepted
	# Two file systems: udev's libblkid says neither.
	image dev/nvme1n1 0 hsqs
	image dev/nvme1n1 28 '\4'
	image dev/nvme1n1 4086 'SWAPSPACE2'
	image dev/nvme1n1 1024 '\1\0\0\0\x0f\0\0\0'
	add 03:00.0
	refused 'has data: /dev/nvme1n1 (signatures of more than one kind)'
	rm "$root/run/udev/data/b259:4"
	add 03:00.0
	refused 'has data: /dev/nvme1n1 (signatures of more than one kind)'
}

@test "what neither udev nor anybody else has looked at is not known" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4
	rm -r "${root:?}/run/udev"
	add 03:00.0
	refused '0000:03:00.0 may have data: /dev/nvme1n1 (cannot be read); run' 'udevadm trigger' \
		'or use --allow-data'
	add --allow-data 03:00.0
	[ "$status" -eq 0 ]
}

@test "a drive that cannot be opened is none that is empty, whatever udev knows of it" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4
	mkdir -p "$root/dev"
	ln -s nvme1n1 "$root/dev/nvme1n1"
	add 03:00.0
	refused '0000:03:00.0 may have data: /dev/nvme1n1 (cannot be read)'
}

@test "a label can't upset a terminal, nor what an unknown drive is called" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4 E:ID_FS_TYPE=ext4 E:ID_FS_USAGE=filesystem \
		'E:ID_FS_LABEL_ENC=a\x1b[31m\x5cx41'
	add 03:00.0
	refused "(ext4 file system 'a?[31m\\x41')"
}

@test "list and explain show it, in words and as JSON" {
	host_with_drive
	disk 0000:03:00.0 nvme1n1 259:4 E:ID_FS_TYPE=ext4 E:ID_FS_USAGE=filesystem \
		E:ID_FS_LABEL_ENC=backup
	run --separate-stderr "$vfioboot" list --root "$root" --output NOTES
	[[ $output == *"has data: /dev/nvme1n1 (ext4 file system 'backup')"* ]]
	json=$("$vfioboot" list --root "$root" --json)
	json_is '.functions | map(select(.address == "0000:03:00.0"))[0].data == "/dev/nvme1n1 (ext4 file system '"'backup'"')"'
	json_is '.functions | map(select(.address == "0000:01:00.0"))[0].data == null'
	run "$vfioboot" explain --root "$root" 03:00.0
	[[ $output == *"There is data on it: /dev/nvme1n1 (ext4 file system 'backup')."* ]]
	json=$("$vfioboot" explain --root "$root" --json 03:00.0)
	json_is '.functions[0].data == [{device: "/dev/nvme1n1", type: "ext4", label: "backup",
		text: "/dev/nvme1n1 (ext4 file system '"'backup'"')"}]'
}
