#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154 # scripts for others; running_host.bash sets host, run output and status
#
# `vfioboot bind` on a machine in a user name space, where modprobe loads vfio-pci, which then has each
# function that has its override.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load running_host

# The second card has no driver, and vfio-pci is not loaded; modprobe runs the lines behind that, too.
# "${bind[@]}" is as live().
without_driver() { # LINE...
	local function
	machine debian-grub
	for function in 0000:02:00.0 0000:02:00.1; do
		rm "$host/sys/bus/pci/devices/$function/driver"
	done
	rm -r "${host:?}/sys/bus/pci/drivers/vfio-pci"
	put usr/sbin/modprobe <<-'END'
		#!/bin/sh
		/bin/mkdir -p /sys/bus/pci/drivers/vfio-pci
		for function in /sys/bus/pci/devices/*; do
			read -r driver <$function/driver_override || continue
			[ "$driver" != vfio-pci ] || /bin/ln -s /sys/bus/pci/drivers/vfio-pci $function/driver
		done
	END
	printf '%s\n' "$@" >>"$host/usr/sbin/modprobe"
	chmod +x "$host/usr/sbin/modprobe"
	programs_into "$host" /bin/mkdir /bin/ln /bin/rm
	mkdir -p "$host/proc/self/fd"
	ln -s /bin/vfioboot "$host/proc/self/exe"
	bind=(env -i PATH=/bin:/usr/bin:/usr/sbin unshare --map-root-user --mount sh -c
		'mount --bind "/proc/$$/fd" "$0/proc/self/fd" && exec chroot "$0" vfioboot bind "$@"' "$host")
	"${bind[@]}" --help >"$BATS_TEST_TMPDIR/help" || skip "needs to mount"
}

# A framebuffer of the kernel on the device in a directory: framebuffer NAME DIRECTORY
framebuffer() {
	mkdir -p "$host/$2/graphics/$1" "$host/sys/class/graphics"
	ln -s "/$2/graphics/$1" "$host/sys/class/graphics/$1"
}

@test "bind: what is left to do when a guest can have the devices is a warning" {
	without_driver '/bin/rm -r /sys/class/vtconsole/vtcon1'
	framebuffer fb0 sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0
	framebuffer fb1 sys/devices/pci0000:00/0000:00:01.1/0000:02:00.0
	put sys/class/vtconsole/vtcon1/name <<<'(M) frame buffer device'
	put sys/class/vtconsole/vtcon1/bind <<<1
	run --separate-stderr "${bind[@]}" second
	echo "$status $output $stderr"
	[ "$status" = 0 ]
	[[ $output == *$'\nBind the text console vtcon1 again ... failed\nsecond is ready for a guest: 0000:02:00.1, 0000:02:00.0. '* ]]
	[ "$stderr" = 'vfioboot bind: warning: cannot bind the text console vtcon1: No such file or directory' ]
	grep -x 'phase bound' "$host/run/vfioboot/handover/second"
}

# bats test_tags=slow
@test "bind --wait: others can hand over devices while it waits for who has one open" {
	local card=sys/bus/pci/devices/0000:02:00.0
	without_driver
	mkdir -p "$host/sys/bus/pci/drivers/nouveau" "$host/proc/77/fd"
	ln -s /sys/bus/pci/drivers/nouveau "$host/$card/driver"
	put $card/drm/card1/dev <<<1:7
	put proc/77/comm <<<game
	ln -s /dev/full "$host/proc/77/fd/3"
	: >"$host/dev/full"
	bind[8]="mount --bind /dev/full \"\$0/dev/full\" && ${bind[8]}"
	exec "${bind[@]}" second --wait 100 >"$out" 2>"$out.err" &
	until_waiting
	[ "$(<"$out")" = 'game (process 77) has /dev/card1 open; waiting until it does not.' ]
	flock --nonblock "$host/run/vfioboot/private/handover.lock" true
	rm "$host/proc/77/fd/3"
	# Nothing takes a driver from its device on this machine; it has tried to.
	wait $! || [ $? = 1 ]
	cat "$out" "$out.err"
	[[ $(<"$out") == *$'\nUnbind 0000:02:00.0 from nouveau ... '* ]]
	[[ $(<"$out.err") != *'/dev/card1'* ]]
}
