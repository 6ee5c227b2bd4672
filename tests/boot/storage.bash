# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # shared with lib.bash; guest scripts
#
# Machines whose root is on something that is on something else. It takes device-mapper, MD and
# a lot of patience to make such a disk, so a guest makes it, once, and it is kept as images are.
# Loaded behind lib and transfer.

# --- to and from the guest -----------------------------------------------------------------------

# A test's guest has the tree that is tested and the script to run: stage_script <<SCRIPT
stage_script() {
	mkdir -p "$BATS_TEST_TMPDIR/sent"
	cp -a "$STAGE/." "$BATS_TEST_TMPDIR/sent/"
	transfer_script
}

# The kernel and the image that the guest left there, for the next boot
from_transfer() {
	local dir=$BATS_TEST_TMPDIR/received release
	transfer_unpack "$dir"
	release=$(cat "$image/kernel")
	initrd=$dir/initrd.img-$release
	vmlinuz=$dir/vmlinuz-$release
	[ -s "$initrd" ] && [ -s "$vmlinuz" ]
}

# --- disks -----------------------------------------------------------------------------------

# nvme SLOT FILE: a controller of its own, 1b36:0010
nvme() {
	port "$1"
	qemu+=(-drive "file=$2,if=none,id=nvme$1,format=raw,cache=unsafe"
		-device "nvme,drive=nvme$1,serial=nvme$1,bus=port$1")
}

# What the disk of the image that is being made from holds, file systems and all, a second time
source_drive() {
	qemu+=(-drive "file=$disk,if=none,id=source,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=source,serial=source,bus=pcie.0,addr=1c.0")
}

# What all that are made have in common: the root is copied block by block to $target. Runs in the
# guest.
settle_copy='
	e2image -ra /dev/disk/by-id/virtio-source "$target"
	mount "$target" /mnt
	for dir in dev proc sys run; do
		mount --bind "/$dir" "/mnt/$dir"
	done
'
leave_boot='
	tar cf /dev/disk/by-id/virtio-transfer -C /mnt/boot .
	sync
	echo made
'

make_luks='
	set -eux
	exec </dev/null
	head -c 64 /dev/urandom >/run/root.key
	cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		--key-file /run/root.key /dev/nvme0n1
	cryptsetup open --key-file /run/root.key /dev/nvme0n1 cryptroot
	vgcreate guest /dev/mapper/cryptroot
	lvcreate --yes -L 64M -n swap guest
	lvcreate --yes -l 100%FREE -n root guest
	mkswap /dev/guest/swap
	target=/dev/guest/root
'$settle_copy'
	mkdir -m 700 /mnt/etc/keys
	cp /run/root.key /mnt/etc/keys/root.key
	echo "KEYFILE_PATTERN=/etc/keys/*.key" >>/mnt/etc/cryptsetup-initramfs/conf-hook
	echo "cryptroot UUID=$(cryptsetup luksUUID /dev/nvme0n1) /etc/keys/root.key luks" \
		>/mnt/etc/crypttab
	echo "/dev/mapper/guest-root / ext4 defaults 0 1" >/mnt/etc/fstab
	echo "/dev/mapper/guest-swap none swap sw 0 0" >>/mnt/etc/fstab
	chroot /mnt update-initramfs -u -k all
'$leave_boot

make_raid='
	set -eux
	exec </dev/null
	mdadm --create /dev/md0 --run --level=1 --metadata=1.2 --raid-devices=2 --assume-clean \
		/dev/nvme0n1 /dev/nvme1n1
	target=/dev/md0
'$settle_copy'
	mdadm --detail --scan >>/mnt/etc/mdadm/mdadm.conf
	chroot /mnt dracut --force --quiet --kver "$(uname -r)"
'$leave_boot

# storage ROOT FLAVOUR SCRIPT SLOT...: the disks of the machine that SCRIPT makes out of a root,
# one NVMe controller a slot, as copies of this test's own. Nothing of ours is on them.
storage() {
	local script=$3 cache=${XDG_CACHE_HOME:-$HOME/.cache}/vfioboot/storage slot
	mkdir -p "$cache" "$BATS_TEST_TMPDIR/empty"
	transfer_opener
	STAGE=$BATS_TEST_TMPDIR/empty image "$1" "$2"
	shift 3
	# An image that was made again has another UUID, by which these disks are looked for.
	made=$cache/${image##*/}-$({ echo "$script" && blkid -p -s UUID -o value "$disk"; } | sha256sum | cut -c1-12)
	exec 8>"$made.lock"
	flock 8
	find "${cache:?}" -mindepth 1 -maxdepth 1 -mmin +14400 ! -path "$made*" -exec rm -rf {} +
	[ -d "$made" ] || make_storage "$script" "$@"
	touch "$made"
	exec 8>&-
	initrd=$made/initrd.img-$(cat "$image/kernel")
	for slot; do
		cp --sparse=always "$made/disk$slot" "$BATS_TEST_TMPDIR/disk$slot"
	done
}

make_storage() { # SCRIPT SLOT...
	local making=$made.making slot
	transfer_script <<<"$1"
	shift
	rm -rf "${making:?}"
	mkdir "$making"
	machine
	root_disk
	root_device=/dev/disk/by-id/virtio-root
	source_drive
	transfer_drive
	for slot; do
		truncate -s 3300M "$making/disk$slot"
		nvme "$slot" "$making/disk$slot"
	done
	BOOT_TIMEOUT=1200 boot
	has '^extra made$'
	transfer_unpack "$making/boot"
	mv "$making/boot"/* "$making"
	mv "$making" "$made"
}

# The machine with those disks, and two cards that are identical, behind slots 3 and 4
stored() { # SLOT...
	local slot
	machine
	card 3 VGA
	card 4 VGA
	for slot; do
		nvme "$slot" "$BATS_TEST_TMPDIR/disk$slot"
	done
	transfer_drive
}
