#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Virtual functions (SR-IOV) of emulated cards: made when the driver of the physical function has come,
# those that sections name for vfio-pci, and no driver of the host has seen them; the others for the host.

# bats file_tags=shard:3

load lib

# What the functions 01:XX are: functions NAME
# shellcheck disable=SC2016 # for the guest's shell
virtual_functions='
	driver_of() {
		name=$(readlink "$1/driver") && echo "${name##*/}" || echo -
	}
	functions() {
		for device in /sys/bus/pci/devices/0000:01:*; do
			echo "$1 ${device##*:} $(driver_of "$device") $(cat "$device/driver_override")"
		done
		echo "$1 autoprobe $(cat /sys/bus/pci/devices/0000:01:00.0/sriov_drivers_autoprobe)"
	}
'

# virtual_script <<SCRIPT: what the guest runs, once it is up
virtual_script() {
	guest_script < <(echo '#!/bin/sh' && echo "$run_function$virtual_functions" && cat)
}

# The image knows what the host runs on: without that it leaves all alone that could carry a root.
known_root() {
	initramfs_file etc/vfioboot.protect <<<'storage 00:1e.0 1af4:1001 /'
}

# A network card with up to seven virtual functions behind slot 5: 01:00.0, and 01:10.0, .2, .4, .6.
igb_machine() { # FLAVOUR [ROOT]
	overlay etc/vfioboot.conf <<-END
		[device nic]
		path = 00:05.0/00.0
		id   = 8086:10c9
		vfs  = 4

		[device guests]
		vf = 0, 2 of 00:05.0/00.0
		id = 8086:10ca
	END
	image "${2:-sriov}" "$1"
	known_root
	virtual_script <<-'END'
		functions boot
		stat -c 'made %i' /sys/bus/pci/devices/0000:01:10.0/
		run again /usr/lib/vfioboot/vfioboot-early --late 0000:01:00.0 --verbose
		stat -c 'made %i' /sys/bus/pci/devices/0000:01:10.0/
		run list vfioboot list --all -o ADDRESS,DRIVER,PHYSICAL,VF,RESULT
		run status vfioboot status
		run plan vfioboot plan
		run bind vfioboot bind 01:00.0 --dry-run
		run remove modprobe -r igb
		ls -d /sys/bus/pci/devices/0000:01:10.* 2>/dev/null
		echo "<6>igb comes again" >/dev/kmsg
		run reload modprobe igb
		udevadm settle
		functions reload
	END
	machine
	emulator libvirt
	root_disk
	port 5
	qemu+=(-device "igb,bus=port5")
}

# Two of the four are for guests, and two for the host; the card itself is the host's.
shared_out() { # NAME
	has "^extra $1 00.0 igb \(null\)\$"
	has "^extra $1 10.0 vfio-pci vfio-pci\$"
	has "^extra $1 10.4 vfio-pci vfio-pci\$"
	has "^extra $1 10.2 igbvf \(null\)\$"
	has "^extra $1 10.6 igbvf \(null\)\$"
	has "^extra $1 autoprobe 1\$"
}

# What igbvf says when it gets as far as a device
says() { # FUNCTION...
	local function
	for function; do
		has "^log igbvf 0000:01:$function: .*"
	done
}

igb_works() { # FLAVOUR [ROOT]
	igb_machine "$@"
	boot
	shared_out boot
	shared_out reload
	says 10.2 10.6
	lacks '^log igbvf 0000:01:10\.[04]: '
	probed 01:10.0 vfio-pci
	probed 01:10.4 vfio-pci
	[ "$(sed -n 's/^extra made //p' "$dump" | uniq | wc -l)" = 1 ]
	exited again 0
	record late 'step section=nic address=0000:01:00.0 key=vfs wanted=4 value=4 result=set reason=-$'
	record late 'function section=nic address=0000:01:00.0 .*wanted=native .*driver=igb result=bound reason=-$'
	record late 'function section=guests address=0000:01:10.0 .*driver=vfio-pci result=bound reason=-$'
	exited bind 1
	said bind | grep -q 'virtual'
	said list | grep -q '01:10.4 *vfio-pci *0000:01:00.0 *2 *bound'
	said list | grep -q '01:10.2 *igbvf *0000:01:00.0 *1'
	said list | grep -q '01:00.0 *igb .*native'
	exited plan 0
	said plan | grep -q 'guests .*: later: 0000:01:10.0 is a virtual function of 0000:01:00.0'
	exited status 0
	exited remove 0
	lacks '^extra /sys/bus/pci/devices/0000:01:10'
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}

@test "four functions of igb at boot and after a reload, dracut with systemd" {
	igb_works dracut-systemd
}

@test "four functions of igb at boot and after a reload, dracut without systemd" {
	igb_works dracut
}

@test "four functions of igb made in the initramfs, initramfs-tools" {
	overlay_script etc/initramfs-tools/hooks/zz-igb <<-'END'
		#!/bin/sh
		[ "$1" = prereqs ] && exit 0
		. /usr/share/initramfs-tools/hook-functions
		manual_add_modules igb
		echo igb >>"$DESTDIR/conf/modules"
	END
	igb_works initramfs-tools
}

# mkinitcpio_works FLAVOUR
mkinitcpio_works() {
	need_mkinitcpio
	[ -n "$(find "$MKINITCPIO_ROOT/usr/lib/modules" -name 'igbvf.ko*' -print -quit)" ] ||
		skip "the root of MKINITCPIO_ROOT has no module igbvf"
	igb_works "$1" "$MKINITCPIO_ROOT"
}

@test "four functions of igb at boot and after a reload, mkinitcpio with udev" {
	mkinitcpio_works mkinitcpio
}

@test "four functions of igb at boot and after a reload, mkinitcpio with systemd" {
	mkinitcpio_works mkinitcpio-systemd
}

# Its virtual functions are controllers that are offline until somebody assigns resources to them.
@test "a card that is vfio-pci's itself makes virtual functions where enable_sriov is set" {
	overlay etc/vfioboot.conf <<-END
		[device nic]
		path   = 00:05.0/00.0
		vfs    = 2
		driver = vfio-pci

		[device guests]
		vf = 0-1 of 00:05.0/00.0
	END
	image sriov dracut-systemd
	known_root
	virtual_script <<<'functions boot
		run status vfioboot status'
	machine
	emulator libvirt
	root_disk
	port 5
	qemu+=(-device "igb,bus=port5")
	# Not every image has what is in /etc/modprobe.d.
	boot vfio_pci.enable_sriov=1
	for function in 00.0 10.0 10.2; do
		has "^extra boot $function vfio-pci vfio-pci\$"
	done
	lacks '^extra boot 10.4 '
	lacks '^log igb(vf)? 0000:01:'
	record initramfs 'step section=nic address=0000:01:00.0 key=vfs wanted=2 value=2 result=set reason=-$'
	exited status 0
}

@test "four functions of an NVMe drive, two of them for guests" {
	overlay etc/vfioboot.conf <<-END
		[device drive]
		path = 00:05.0/00.0
		id   = 1b36:0010
		vfs  = 4

		[device guests]
		vf = 0-1 of 00:05.0/00.0
	END
	image bookworm initramfs-tools
	known_root
	virtual_script <<-'END'
		functions boot
		run bind vfioboot bind 01:00.0 --dry-run
		run plan /usr/lib/vfioboot/vfioboot-early --dry-run
	END
	machine
	root_disk
	port 5
	truncate -s 64M "$BATS_TEST_TMPDIR/spare.img"
	qemu+=(-device "nvme-subsys,id=subsystem"
		-device "nvme,serial=spare,bus=port5,subsys=subsystem,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4"
		-drive "file=$BATS_TEST_TMPDIR/spare.img,if=none,id=spare,format=raw"
		-device "nvme-ns,drive=spare")
	boot
	has '^extra boot 00.0 nvme \(null\)$'
	has '^extra boot 00.1 vfio-pci vfio-pci$'
	has '^extra boot 00.2 vfio-pci vfio-pci$'
	has '^extra boot 00.3 (nvme|-) \(null\)$'
	has '^extra boot 00.4 (nvme|-) \(null\)$'
	exited bind 1
	lacks '^log nvme 0000:01:00\.[12]: '
	# The host's driver looked at the others, which are offline, and gave up.
	has '^log nvme 0000:01:00.3: '
	record late 'step section=drive address=0000:01:00.0 key=vfs wanted=4 value=4 result=set reason=-$'
}
