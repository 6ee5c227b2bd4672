#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154 # each test is a process of its own; run sets some
#
# `vfioboot import` on a desktop with two identical cards: what it proposes and writes, and what it says of
# the rest. Which card each item means is in the unit test test_imports.

bats_require_minimum_version 1.5.0

load host
load machine

setup() {
	two_cards
}

import() { # [OPTION...]
	run --separate-stderr "$vfioboot" import --root "$host" "$@"
}

# Whether the lines below "Not imported:" are these, without their remedies.
not_imported() {
	diff <(printf '  %s\n' "$@") <(sed '0,/^Not imported:$/d; /^$/,$d; s/; .*//' <<<"$output")
}

# The device sets: "NAME ADDRESS..." a line
sections() {
	jq -r '.sections[] | "\(.section) \([.functions[].address] | join(" "))"' <<<"$output"
}

dropins() {
	ls "$host/etc/vfioboot.conf.d" 2>/dev/null || true
}

@test "nothing to import" {
	import
	[ "$status" = 0 ]
	[ "$output" = 'Nothing else binds devices to vfio-pci: there is nothing to import.' ]
	[ -z "$stderr$(dropins)" ]
	import --json
	[ "$status" = 0 ]
	json_true '.sections == [] and .not_imported == []' <<<"$output"
}

@test "an override of driverctl: the card, as a section of its own" {
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	import --yes
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[[ $output == '1 device set can be imported.'*'gpu     0000:02:00.0 10de:2206 nouveau '*'/etc/driverctl.d/pci-0000:02:00.0'*'gpu     0000:02:00.1 10de:1aef snd_hda_intel '*'(same card)'* ]]
	[[ $output == *"Next: 'sudo vfioboot check --fix leftovers' removes the old setup."*'vfioboot apply'* ]]
	[ "$(dropins)" = gpu.conf ]
	# The same as `add` writes.
	cp -r "$host/etc/vfioboot.conf.d" "$work/imported"
	rm -r "${host:?}/etc/vfioboot.conf.d"
	"$vfioboot" add --root "$host" 02:00.0 >/dev/null
	diff -r "$host/etc/vfioboot.conf.d" "$work/imported"
	[ -e "$host/etc/driverctl.d/pci-0000:02:00.0" ]
	import
	[ "$status" = 0 ]
	not_imported '/etc/driverctl.d/pci-0000:02:00.0: 0000:02:00.0 is configured already'
}

@test "check, undo and plan know what was imported" {
	put etc/modprobe.d/vfio.conf <<<'options vfio-pci ids=10de:2206,10de:1aef'
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	import --yes --profile passthrough
	[ "$status" = 0 ]
	[[ $output == *"'sudo vfioboot entry add' adds the profile 'passthrough'"* ]]
	grep -qx 'profile = passthrough' "$host/etc/vfioboot.conf.d/gpu.conf"
	run -0 "$vfioboot" plan --root "$host" --cmdline vfioboot.profile=passthrough
	[[ $output == *'The next boot will bind 2 functions, as configured.'* ]]
	run -0 "$vfioboot" undo --root "$host" --dry-run
	[[ $output == *emove*'/etc/vfioboot.conf.d/gpu.conf'* ]]
}

@test "nothing is written without an answer, in a dry run, and as JSON" {
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	import </dev/null
	[ "$status" = 1 ]
	[[ $stderr == 'vfioboot import: nothing was changed; add --yes '* ]]
	[ -z "$(dropins)" ]
	import --dry-run
	[ "$status" = 0 ]
	[[ $output == *'Would write /etc/vfioboot.conf.d/gpu.conf:'*'[device gpu]'* ]]
	[ -z "$(dropins)" ]
	import --json --yes
	[ "$status" = 0 ]
	[ "$(sections)" = 'gpu 0000:02:00.0 0000:02:00.1' ]
	json_true '.sections[0] | .file == "/etc/vfioboot.conf.d/gpu.conf" and
		(.text | contains("[device gpu]")) and
		(.functions | map(.from) == ["/etc/driverctl.d/pci-0000:02:00.0", null]) and
		(.functions[0] | .id == "10de:2206" and .driver == "nouveau" and .path == "00:01.1/00.0")' <<<"$output"
	[ -z "$(dropins)" ]
}

@test "ids that fit two cards: both are named, unless both are bound" {
	put etc/modprobe.d/vfio.conf <<-'END'
		# by a guide
		options vfio-pci ids=10de:2206,10de:1aef disable_vga=1
	END
	import --yes
	[ "$status" = 3 ]
	not_imported \
		'/etc/modprobe.d/vfio.conf:2: 10de:2206 fits 0000:01:00.0, 0000:02:00.0, and nothing says which one is meant' \
		'/etc/modprobe.d/vfio.conf:2: 10de:1aef fits 0000:01:00.1, 0000:02:00.1, and nothing says which one is meant'
	[[ $output == *"; run 'sudo vfioboot add ADDRESS' for the one that a guest is to have"* ]]
	[ -z "$(dropins)" ]
	local dir
	for dir in 01.0/0000:01:00 01.1/0000:02:00; do
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$host/sys/devices/pci0000:00/0000:00:$dir.0/driver"
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$host/sys/devices/pci0000:00/0000:00:$dir.1/driver"
	done
	import --yes
	[ "$status" = 0 ]
	[ "$(dropins)" = $'gpu.conf\ngpu2.conf' ]
	run -0 "$vfioboot" plan --root "$host"
	[[ $output == *'The next boot will bind 4 functions, as configured, once its image is up to date.'* ]]
}

@test "what the host runs on, its boot display, and what is not here are named with file and line" {
	put etc/modprobe.d/a.conf <<<'options vfio-pci ids=144d:a808,8086:3e98,1234:5678,8086:1901'
	put etc/driverctl.d/pci-0000:09:00.0 <<<vfio-pci
	put etc/driverctl.d/pci-0000:00:01.0 <<<vfio-pci
	put etc/driverctl.d/pci-0000:01:00.0 <<<nouveau
	put etc/driverctl.d/pci-0000:02:00.1 <<<vfio-pci
	import --yes
	[ "$status" = 3 ]
	not_imported \
		'/etc/modprobe.d/a.conf:1: no device here has the id 1234:5678' \
		'/etc/modprobe.d/a.conf:1: 8086:1901 is a bridge, which cannot be given to a guest' \
		'/etc/driverctl.d/pci-0000:01:00.0: 0000:01:00.0 goes to nouveau, which is not a driver for guests' \
		'/etc/driverctl.d/pci-0000:09:00.0: there is no device at 0000:09:00.0' \
		'/etc/driverctl.d/pci-0000:00:01.0: 0000:00:01.0 is a bridge, which cannot be given to a guest' \
		'/etc/modprobe.d/a.conf:1: 0000:00:02.0 is the boot display' \
		'/etc/modprobe.d/a.conf:1: 0000:03:00.0 carries /, /boot/efi, the swap /swapfile'
	[[ $output == *"; 'vfioboot add --dry-run 0000:03:00.0' says what can be done"* ]]
	[[ $output == *"is the boot display; run 'sudo vfioboot add 0000:00:02.0' if a guest is to have it all the same"* ]]
	# The card that is meant is written all the same.
	[ "$(dropins)" = audio.conf ]
}

@test "the kernel command line: of this boot, and where it is kept for good" {
	host_cmdline 's/$/ vfio-pci.ids=10de:2206,8086:a36d/'
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	import --json
	[ "$status" = 0 ]
	[ "$(sections)" = $'usb 0000:00:14.0\ngpu 0000:02:00.0 0000:02:00.1' ]
	json_true '.sections[0].functions[0].from == "kernel command line"' <<<"$output"
	put etc/default/grub <<<'GRUB_CMDLINE_LINUX_DEFAULT="quiet vfio-pci.ids=10de:2206,8086:a36d"'
	put etc/debian_version <<<12.0
	import --json
	[ "$(sections)" = $'usb 0000:00:14.0\ngpu 0000:02:00.0 0000:02:00.1' ]
	json_true '.sections[0].functions[0].from == "/etc/default/grub:1"' <<<"$output"
}

@test "a script in the initramfs, and Unraid's list" {
	put etc/initramfs-tools/scripts/init-top/bind <<-'END'
		#!/bin/sh
		for device in 0000:02:00.0 0000:02:00.1; do
			echo vfio-pci >/sys/bus/pci/devices/$device/driver_override
		done
	END
	put boot/config/vfio-pci.cfg <<<'BIND=0000:00:14.0|8086:a36d 01:00.0|10de:ffff'
	import --json
	[ "$status" = 0 ]
	[ "$(sections)" = $'usb 0000:00:14.0\ngpu 0000:02:00.0 0000:02:00.1' ]
	json_true '.sections[1].functions[1].from == "/etc/initramfs-tools/scripts/init-top/bind" and
		.sections[0].functions[0].from == "/boot/config/vfio-pci.cfg:1"' <<<"$output"
	put etc/initramfs-tools/scripts/init-top/bind <<<'for d in $(find_cards); do echo vfio-pci >$d/driver_override; done'
	rm "$host/boot/config/vfio-pci.cfg"
	import --yes
	[ "$status" = 3 ]
	not_imported '/etc/initramfs-tools/scripts/init-top/bind: it binds devices, and names none that is here'
}

@test "a name that is taken, and a section by hand, are left alone" {
	put etc/vfioboot.conf <<<$'[device gpu]\naddress = 05:00.0'
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	import --yes
	[ "$status" = 0 ]
	[ "$(dropins)" = gpu2.conf ]
}

@test "the last display stays, also when the one before it was imported" {
	put etc/driverctl.d/pci-0000:01:00.0 <<<vfio-pci
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	rm -r "${host:?}"/sys/bus/pci/devices/0000:00:02.0 "${host:?}"/sys/devices/pci0000:00/0000:00:02.0
	import --yes
	[ "$status" = 3 ]
	[ "$(dropins)" = gpu.conf ]
	[[ $output == *'Not imported:'*'/etc/driverctl.d/pci-0000:02:00.0: 0000:02:00.0: the next boot would refuse this (last-display)'* ]]
}

@test "hostile files: text that a terminal can show, and valid JSON" {
	printf 'options vfio-pci ids=\e[31m:1,10de:2206\xff,,\n\0options vfio-pci ids=1:1\n' |
		put etc/modprobe.d/a.conf
	printf 'vfio-pci\e]0;x\a\n' | put "etc/driverctl.d/pci-0000:02:00.0"
	printf 'vfio-pci\n' | put $'etc/driverctl.d/pci-0000:02:00.1\e[0m'
	mkdir -p "$host/etc/driverctl.d/pci-0000:01:00.0" "$host/etc/modprobe.d/b.conf"
	import --dry-run
	[ "$status" -le 3 ]
	[[ $output$stderr != *[$'\e\a']* ]]
	import --json
	json_true 'type == "object"' <<<"$output"
	head -c 200000 /dev/zero | tr '\0' , | sed 's/^/options vfio-pci ids=/' | put etc/modprobe.d/a.conf
	import --json
	json_true 'type == "object"' <<<"$output"
}

@test "a configuration with errors: what could be imported is shown, and nothing is written" {
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	put etc/vfioboot.conf <<<$'[device gpu]\npath = nonsense'
	import --yes
	[ "$status" = 1 ]
	[[ $stderr == 'vfioboot import: /etc/vfioboot.conf:2: '*'nothing was changed; correct the configuration and try again' ]]
	[[ $output == '1 device set can be imported.'* ]]
	[ -z "$(dropins)" ]
	import --dry-run
	[ "$status" = 1 ]
	import --json
	[ "$status" = 1 ]
	[ "$(sections)" = 'gpu2 0000:02:00.0 0000:02:00.1' ]
}

@test "what goes with a card that makes it is named" {
	rm -r "${host:?}"
	machine vmd
	put proc/self/mountinfo <<<'30 1 0:25 / / rw,relatime shared:1 - tmpfs tmpfs rw'
	put etc/driverctl.d/pci-0000:00:0e.0 <<<vfio-pci
	import --dry-run
	[ "$status" = 0 ]
	[[ $output == *$'\n\nGone with storage: 10000:e1:00.0  '*': it is behind 0000:00:0e.0, whose driver creates it after udev has started.'$'\nGone with storage: 10000:e2:00.0  '* ]]
	put etc/modprobe.d/vfio.conf <<<'options vfio-pci ids=8086:467f'
	rm "$host/etc/driverctl.d/pci-0000:00:0e.0"
	import --json
	json_true '.sections | length == 1 and .[0].gone == ["10000:e1:00.0", "10000:e2:00.0"]' <<<"$output"
}

@test "a directory of drop-ins that is none" {
	put etc/driverctl.d/pci-0000:02:00.0 <<<vfio-pci
	ln -s /nowhere "$host/etc/vfioboot.conf.d"
	import --yes
	[ "$status" = 1 ]
	[[ $stderr == 'vfioboot import: nothing was changed: /etc/vfioboot.conf.d, a link to /nowhere cannot be opened: '*'; make it a directory that can be written to' ]]
}

@test "options that do not fit" {
	import --profile 'a b'
	[ "$status" = 2 ]
	[[ $stderr == *"bad name 'a b' of --profile"* ]]
	import device
	[ "$status" = 2 ]
}
