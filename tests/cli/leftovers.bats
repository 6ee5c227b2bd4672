#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC1003,SC1010,SC2016,SC2030,SC2031,SC2034,SC2154 # each test is a process of its own; run sets some
#
# What other ways of giving devices to vfio-pci have left, on a desktop with two identical cards of
# which the second is configured: what check, add and plan say of each, and what --fix would do.
# How it is done, and undone, is in the unit test test_verdicts.

bats_require_minimum_version 1.5.0

load host
load machine

setup() {
	two_cards
	second='[device second]'$'\n''path = 00:01.1/00'$'\n''expect = 2'
	put etc/vfioboot.conf <<<"$second"
}

# left PATH LINE...: writes a file of the machine
left() {
	printf '%s\n' "${@:2}" | put "$1"
}

# Whether the points of leftovers are these lines: STATE PLACE: PATTERN
found() {
	local line n=0 pattern
	run --separate-stderr "$vfioboot" check --root "$host" --json
	points=$(jq -r '.checks[] | select(.name == "leftovers") |
		"\(.state) \(.subject // "-"): \(.found) -> \(.remedy // "")"' <<<"$output")
	while read -r line; do
		n=$((n + 1))
		pattern=${!n}
		# shellcheck disable=SC2053 # a pattern
		[[ $line == $pattern* ]] || { printf 'not %s\n' "$pattern" "$points"; return 1; }
	done <<<"$points"
	((n == $#)) || { echo "$n points:" "$points"; return 1; }
}

nothing='pass -: nothing else binds devices to vfio-pci'
first='0000:01:00.0, 0000:01:00.1'
fix="-> run 'sudo vfioboot check --fix leftovers'; or 'sudo vfioboot add 0000:01:00.0'"

@test "a machine without leftovers" {
	found "$nothing"
	run -0 --separate-stderr "$vfioboot" plan --root "$host"
	[ -z "$stderr" ]
}

@test "ids= in modprobe.d that match a card of the host, wherever they are" {
	local file
	for file in etc/modprobe.d/vfio.conf run/modprobe.d/a.conf usr/lib/modprobe.d/b.conf \
		usr/local/lib/modprobe.d/c.conf lib/modprobe.d/d.conf; do
		left "$file" '# a comment' 'options vfio-pci ids=10de:2206,10de:1aef disable_vga=1'
		found "fail /$file:2: ids= of vfio-pci also matches $first, which the configuration leaves to the host*"
		rm "$host/$file"
	done
	found "$nothing"
}

@test "lines that modprobe.d(5) joins, quotes, the other name, other options first" {
	left etc/modprobe.d/vfio.conf 'softdep nouveau pre: vfio-pci' \
		'options vfio_pci disable_idle_d3=1 \' '  "ids=10DE:2206"' 'options vfio-pci ids='
	found "fail /etc/modprobe.d/vfio.conf:2: ids= of vfio_pci also matches 0000:01:00.0, *$fix*"
}

@test "a blank behind a comma ends the list, as in the kernel" {
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1aef, 10de:2206'
	found 'fail /etc/modprobe.d/vfio.conf:1: *also matches 0000:01:00.1, which*'
}

@test "subsystem and class of an id count" {
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206:1043:87b0'
	found 'fail *also matches 0000:01:00.0, *'
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206:1043:87b1'
	found 'pass *ids= of vfio-pci matches no device here*'
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:ffffffff:ffffffff:ffffffff:040300:ffff00'
	found 'fail *also matches 0000:01:00.1, *'
}

@test "a card that is left to the host at boot is not to be added once more" {
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206'
	left etc/vfioboot.conf "$second" 'bind = demand' '[device usb]' 'path = 00:14.0'
	found 'fail *: ids= of vfio-pci also matches 0000:01:00.0, 0000:02:00.0, which the configuration leaves to the host*'"$fix*"
	left etc/vfioboot.conf "$second" 'bind = demand' '[device first]' 'path = 00:01.0/00'
	found "fail *: ids= of vfio-pci also matches 0000:02:00.0, * -> run 'sudo vfioboot check --fix leftovers'"
	[[ $points != *'vfioboot add'* ]]
}

# bats test_tags=slow
@test "a file that another one of its name hides does nothing" {
	left usr/lib/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206'
	found 'fail /usr/lib/modprobe.d/vfio.conf:1: *ln -sf /dev/null /etc/modprobe.d/vfio.conf*'
	mkdir -p "$host/etc/modprobe.d"
	ln -s /dev/null "$host/etc/modprobe.d/vfio.conf"
	found "$nothing"
}

@test "ids= of configured devices alone are not needed; options and softdeps are not named" {
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206' 'softdep nouveau pre: vfio-pci' \
		'options vfio-pci disable_idle_d3=1' 'options kvm ignore_msrs=1'
	left etc/vfioboot.conf '[device all]' 'id = 10de:2206' '[device sound]' 'id = 10de:1aef'
	found 'pass /etc/modprobe.d/vfio.conf:1: *is not needed: vfioboot binds 0000:01:00.0, 0000:02:00.0*'
}

@test "nothing configured: it is said who binds, and nothing fails" {
	rm "$host/etc/vfioboot.conf"
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206' 'blacklist nouveau' 'install vfio-pci /bin/false'
	found "pass /etc/modprobe.d/vfio.conf:1: it binds 0000:01:00.0, 0000:02:00.0; 'sudo vfioboot import' takes that over*"
}

@test "options beside a module in the lists of initramfs-tools" {
	left etc/initramfs-tools/modules vfio 'vfio_pci ids=10de:2206,10de:1aef' vfio_virqfd
	left etc/modules vfio-pci
	found "fail /etc/initramfs-tools/modules:2: *matches $first,*"
}

# bats test_tags=slow
@test "the kernel command line" {
	host_cmdline 's/$/ vfio_pci.ids=10de:2206/'
	found 'fail kernel command line: *also matches 0000:01:00.0, *whenever anything but vfioboot loads vfio-pci -> remove vfio-pci.ids=10de:2206 from the kernel command line; or *'
	# vfio-pci is in the kernel: nobody is before it.
	put "lib/modules/$release/modules.builtin" <<<kernel/drivers/vfio/pci/vfio-pci.ko
	rm "$host/lib/modules/$release/kernel/vfio-pci.ko"
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1aef'
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" "$release"
	found 'pass /etc/modprobe.d/vfio.conf:1: ids= has no effect, as vfio-pci is built into this kernel*' \
		'fail kernel command line: the kernel, into which vfio-pci is built, binds it to 0000:01:00.0,*'
}

@test "parameters that the menu gets when it is made the next time" {
	put etc/default/grub <<<'GRUB_CMDLINE_LINUX_DEFAULT="quiet vfio-pci.ids=10de:2206"'
	found 'fail *: ids= of vfio-pci also matches 0000:01:00.0, *'
	host_cmdline 's/$/ vfio-pci.ids=10de:2206/'
	found 'fail *: ids= of vfio-pci also matches 0000:01:00.0, *' # once
}

# bats test_tags=slow
@test "install lines of vfio-pci: the script that they run is read" {
	left etc/modprobe.d/vfio.conf 'install vfio-pci /sbin/vfio-pci-override.sh'
	left sbin/vfio-pci-override.sh '#!/bin/sh' '# for 0000:01:00.0' 'DEVS="0000:02:00.0 0000:02:00.1"' \
		'for dev in $DEVS; do' '  echo vfio-pci >/sys/bus/pci/devices/$dev/driver_override' done \
		'modprobe -i vfio-pci'
	found 'pass /etc/modprobe.d/vfio.conf:1: its command is not needed: vfioboot binds 0000:02:00.0, 0000:02:00.1*'
	sed -i 's/0000:02:00.1/0000:01:00.0/' "$host/sbin/vfio-pci-override.sh"
	found 'fail /etc/modprobe.d/vfio.conf:1: its command binds devices, and names 0000:01:00.0,*'
	# The script of a wiki, which takes every display that is not the boot display.
	left sbin/vfio-pci-override.sh '#!/bin/sh' 'for i in $(find /sys/devices/pci* -name boot_vga); do' \
		'  if [ $(cat "$i") -eq 0 ]; then echo vfio-pci >"${i%/boot_vga}/driver_override"; fi' done
	found "unknown /etc/modprobe.d/vfio.conf:1: its command binds devices, and does not say which -> run *"
	left etc/modprobe.d/vfio.conf 'install vfio-pci /bin/false'
	found 'pass /etc/modprobe.d/vfio.conf:1: vfioboot ignores it*'
}

# modprobe ignores the install line of the module that it is asked for, and of no other: modprobe.bats.
@test "install lines of what vfio-pci needs" {
	left etc/modprobe.d/vfio.conf 'install vfio-pci-core /bin/false' 'install vfio_iommu_type1 /bin/true' \
		'install vfio-pci /bin/true' 'install iommufd /bin/false'
	found 'fail /etc/modprobe.d/vfio.conf:1: its command takes the place of vfio-pci-core, which vfio-pci needs -> run *' \
		'fail /etc/modprobe.d/vfio.conf:2: its command takes the place of vfio_iommu_type1, *' \
		'pass /etc/modprobe.d/vfio.conf:3: vfioboot ignores it*' \
		'fail /etc/modprobe.d/vfio.conf:4: its command takes the place of iommufd, *'
	put "lib/modules/$release/modules.builtin" <<<$'kernel/drivers/vfio/pci/vfio-pci-core.ko\nkernel/drivers/vfio/vfio_iommu_type1.ko'
	rm "$host/lib/modules/$release/kernel/"{vfio-pci-core,vfio_iommu_type1}.ko
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" "$release"
	left etc/modprobe.d/vfio.conf 'install vfio-pci-core /bin/false' 'install vfio_iommu_type1 /bin/true'
	found "$nothing"
}

# bats test_tags=slow
@test "a native driver that is kept from the host's card" {
	left etc/modprobe.d/blacklist.conf 'blacklist nouveau' 'blacklist snd_hda_intel' 'blacklist pcspkr'
	found "$nothing"
	rm "$host/sys/bus/pci/devices/0000:01:00.0/driver"
	found 'fail /etc/modprobe.d/blacklist.conf:1: it keeps nouveau from 0000:01:00.0, which*no driver now -> run *'
	left etc/modprobe.d/blacklist.conf 'install nouveau /bin/true'
	found 'fail /etc/modprobe.d/blacklist.conf:1: *'
	left etc/modprobe.d/blacklist.conf 'install nouveau /sbin/modprobe vfio-pci; /sbin/modprobe -i nouveau'
	found "$nothing"
}

# bats test_tags=slow
@test "overrides of driverctl" {
	left etc/driverctl.d/pci-0000:02:00.0 vfio-pci
	found 'pass /etc/driverctl.d/pci-0000:02:00.0: the override of driverctl is not needed*'
	left etc/driverctl.d/pci-0000:02:00.0 nouveau
	found 'fail /etc/driverctl.d/pci-0000:02:00.0: driverctl gives 0000:02:00.0 to nouveau, after*'
	rm "$host"/etc/driverctl.d/*
	left etc/driverctl.d/pci-0000:01:00.0 vfio-pci
	left etc/driverctl.d/pci-0000:03:00.0 none
	left etc/driverctl.d/pci-0000:0a:00.0 vfio-pci
	found 'fail /etc/driverctl.d/pci-0000:01:00.0: driverctl gives 0000:01:00.0 to vfio-pci, which*' \
		'pass /etc/driverctl.d/pci-0000:0a:00.0: *0000:0a:00.0*there is none*'
}

binds='echo vfio-pci >/sys/bus/pci/devices/$dev/driver_override'

@test "scripts that people paste into images" {
	left etc/initramfs-tools/scripts/init-top/vfio.sh '#!/bin/sh' 'dev=0000:01:00.0' "$binds"
	left etc/initcpio/hooks/vfio '#!/usr/bin/ash' 'run_hook() {' ' dev=0000:02:00.0' "$binds" '}'
	left usr/lib/dracut/modules.d/20vfio/vfio.sh '#!/bin/sh' "$binds"
	left usr/lib/dracut/modules.d/50vfioboot/vfioboot.sh '#!/bin/sh' "$binds"
	found 'fail /etc/initramfs-tools/scripts/init-top/vfio.sh: the script binds devices, and names 0000:01:00.0,*' \
		'pass /etc/initcpio/hooks/vfio: the script is not needed: vfioboot binds 0000:02:00.0*' \
		"unknown /usr/lib/dracut/modules.d/20vfio/vfio.sh: *-> run 'sudo rm -r /usr/lib/dracut/modules.d/20vfio'*"
}

@test "loading vfio-pci early does no harm, and is not named" {
	left etc/dracut.conf.d/vfio.conf 'add_drivers+=" vfio vfio_iommu_type1 vfio_pci "'
	left etc/mkinitcpio.conf 'MODULES=(vfio_pci vfio vfio_iommu_type1)'
	left etc/modules-load.d/vfio.conf vfio-pci
	left etc/initramfs-tools/modules vfio_pci
	left etc/initramfs-tools/scripts/init-top/load '#!/bin/sh' 'modprobe vfio-pci'
	left etc/udev/rules.d/10-vfio.rules 'SUBSYSTEM=="vfio", OWNER="root", GROUP="kvm"'
	found "$nothing"
}

@test "units that a boot starts, with the script of their ExecStart=" {
	left etc/systemd/system/vfio-bind.service '[Service]' 'ExecStart=/usr/local/bin/vfio-bind'
	left usr/local/bin/vfio-bind '#!/bin/bash' 'echo 10de 2206 > /sys/bus/pci/drivers/vfio-pci/new_id'
	found "$nothing" # it is not enabled
	mkdir -p "$host/etc/systemd/system/multi-user.target.wants"
	ln -s ../vfio-bind.service "$host/etc/systemd/system/multi-user.target.wants/"
	found 'fail /etc/systemd/system/vfio-bind.service: the script binds devices, and names 0000:01:00.0,*'
	mkdir -p "$host/usr/lib/systemd/system"
	mv "$host"/{etc,usr/lib}/systemd/system/vfio-bind.service
	ln -sf /usr/lib/systemd/system/vfio-bind.service "$host/etc/systemd/system/multi-user.target.wants/"
	found "fail /usr/lib/systemd/system/vfio-bind.service: *-> run 'sudo systemctl disable vfio-bind.service'*"
}

@test "instances of a unit: each has its device in its name" {
	local wants=etc/systemd/system/multi-user.target.wants
	left etc/systemd/system/vfio@.service '[Service]' 'ExecStart=/usr/local/bin/vfio-bind %i'
	left usr/local/bin/vfio-bind '#!/bin/bash' 'echo vfio-pci >/sys/bus/pci/devices/$1/driver_override'
	mkdir -p "$host/$wants"
	ln -s /etc/systemd/system/vfio@.service "$host/$wants/vfio@0000:01:00.0.service"
	ln -s /etc/systemd/system/vfio@.service "$host/$wants/vfio@0000:02:00.0.service"
	found "fail /$wants/vfio@0000:01:00.0.service: the script binds devices, and names 0000:01:00.0,*-> run 'sudo systemctl disable vfio@0000:01:00.0.service'; or *" \
		"pass /$wants/vfio@0000:02:00.0.service: the script is not needed: vfioboot binds 0000:02:00.0*"
}

@test "lines of crontabs for each boot" {
	left etc/crontab 'SHELL=/bin/sh' '17 * * * * root /usr/local/bin/vfio-bind' \
		'@reboot root /usr/local/bin/vfio-bind' '@daily root echo vfio-pci 0000:01:00.1/driver_override'
	left etc/cron.d/vfio '# @reboot root /usr/local/bin/vfio-bind' '@reboot root echo 0000:02:00.0; /usr/bin/true vfio-pci/bind'
	left usr/local/bin/vfio-bind '#!/bin/bash' 'echo 10de 2206 > /sys/bus/pci/drivers/vfio-pci/new_id'
	left var/spool/cron/crontabs/root '# a comment' '@reboot driverctl set-override 0000:01:00.1 vfio-pci'
	left var/spool/cron/ann '@reboot sudo driverctl set-override 01:00.1 vfio-pci'
	found 'fail /etc/crontab:3: the line binds devices, and names 0000:01:00.0,*'"$fix*" \
		'pass /etc/cron.d/vfio:2: the line is not needed: vfioboot binds 0000:02:00.0*' \
		"fail /var/spool/cron/ann:1: the line binds devices, and names 0000:01:00.1,*-> run 'sudo crontab -u ann -e', and delete that line; or *" \
		"fail /var/spool/cron/crontabs/root:2: *names 0000:01:00.1,*-> run 'sudo crontab -u root -e', and delete that line; or *"
	run -3 --separate-stderr "$vfioboot" check --fix leftovers --dry-run --root "$host"
	[[ $output == *'write /etc/crontab'* && $output != *'write /etc/cron.d/vfio'* ]]
}

@test "rules of udev, and rc.local" {
	left etc/udev/rules.d/25-vfio-pci-bind.rules 'KERNEL=="0000:01:00.0", TAG="vfio-pci-bind"' \
		'KERNEL=="0000:01:00.1", TAG="vfio-pci-bind"'
	left etc/rc.local '#!/bin/sh' 'echo 0x10de 0x1aef >/sys/bus/pci/drivers/vfio-pci/new_id'
	found "fail /etc/udev/rules.d/25-vfio-pci-bind.rules: *names $first,*" \
		'fail /etc/rc.local: *names 0000:01:00.1,*-> remove what binds devices from /etc/rc.local; or *'
}

# bats test_tags=slow
@test "hooks of libvirt are named for configured devices alone" {
	local hook=etc/libvirt/hooks/qemu.d/win10/prepare/begin/start.sh
	left $hook '#!/bin/bash' 'virsh nodedev-detach pci_0000_01_00_0'
	left etc/libvirt/hooks/network '#!/bin/sh' 'virsh nodedev-detach pci_0000_02_00_0'
	found "$nothing"
	left $hook '#!/bin/bash' 'virsh nodedev-detach pci_0000_02_00_0'
	found "pass /$hook: it moves 0000:02:00.0 between*"
}

@test "an address that is part of another number is none" {
	left etc/rc.local '#!/bin/sh' 'dev=10000:01:00.0' "$binds"
	found 'unknown /etc/rc.local: *'
	left etc/rc.local '#!/bin/sh' 'dev=01:00.0' "$binds"
	found 'fail /etc/rc.local: *names 0000:01:00.0,*'
}

@test "add and plan say it, and go on" {
	left etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:2206,10de:1aef'
	run -0 --separate-stderr "$vfioboot" plan --root "$host"
	[[ $stderr == "vfioboot plan: warning: /etc/modprobe.d/vfio.conf:1: ids= of vfio-pci also matches $first,"* ]]
	run -0 --separate-stderr "$vfioboot" plan --root "$host" --json
	[[ $stderr == *'/etc/modprobe.d/vfio.conf:1: '* ]]
	json_true '.plan | length == 2' <<<"$output"
	rm "$host/etc/vfioboot.conf"
	run -0 --separate-stderr "$vfioboot" add --root "$host" --dry-run 02:00.0
	[[ $stderr == "vfioboot add: warning: /etc/modprobe.d/vfio.conf:1: ids= of vfio-pci also matches $first,"* ]]
	[[ $output == *'Device set gpu:'* ]]
}

@test "--fix leftovers: what it would do" {
	left etc/modprobe.d/vfio.conf 'options vfio-pci disable_vga=1' 'options vfio-pci ids=10de:2206'
	left etc/driverctl.d/pci-0000:01:00.0 vfio-pci
	left usr/lib/modprobe.d/packaged.conf 'options vfio-pci ids=10de:1aef'
	run -3 --separate-stderr "$vfioboot" check --fix leftovers --dry-run --root "$host"
	[ "$output" = "/etc/modprobe.d/vfio.conf:2: ids= of vfio-pci also matches 0000:01:00.0, which the configuration leaves to the host: bound whenever anything but vfioboot loads vfio-pci
/etc/driverctl.d/pci-0000:01:00.0: driverctl gives 0000:01:00.0 to vfio-pci, which the configuration leaves to the host
move /etc/modprobe.d/vfio.conf to /var/lib/vfioboot/leftovers/0/etc/modprobe.d/vfio.conf
write /etc/modprobe.d/vfio.conf
move /etc/driverctl.d/pci-0000:01:00.0 to /var/lib/vfioboot/leftovers/0/etc/driverctl.d/pci-0000:01:00.0" ]
	[[ $stderr == 'vfioboot check: warning: /usr/lib/modprobe.d/packaged.conf:1: '* ]]
	rm -r "${host:?}"/{etc/modprobe.d,etc/driverctl.d,usr/lib/modprobe.d}
	run -0 --separate-stderr "$vfioboot" check --fix leftovers --dry-run --root "$host"
	[ "$output" = 'Nothing to remove was found.' ]
}

@test "--fix: options that do not fit" {
	run -2 --separate-stderr "$vfioboot" check --fix all --root "$host"
	[[ $stderr == *"'all' cannot be fixed; use --fix leftovers"* ]]
	run -2 --separate-stderr "$vfioboot" check --yes --root "$host"
	run -2 --separate-stderr "$vfioboot" check --fix leftovers --json --root "$host"
	run -2 --separate-stderr "$vfioboot" check --fix leftovers --root "$host"
	[[ $stderr == *'add --dry-run'* ]]
}
