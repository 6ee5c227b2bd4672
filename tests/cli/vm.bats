#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154 # each test is a process; run and running_host.bash set these
#
# `vfioboot vm`: device sets in definitions of guests, on a machine in a user name space, with a script
# in place of the program that asks libvirt; and a set in the forms of other programs.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load running_host

guest() {
	cat <<-'END'
		<domain type='kvm'>
		  <name>win 11</name>
		  <uuid>2d2e6f4b-8a5e-4c2c-9d9a-5b0a4a3c7e01</uuid>
		  <devices>
		    <controller type='pci' index='0' model='pcie-root'/>
		    <graphics type='spice' autoport='yes' passwd='secret'/>
		    <video><model type='qxl'/></video>
		    <serial type='pty'/>
		  </devices>
		</domain>
	END
}

# The host of two cards with a guest, and what stands for libvirt.
with_guest() {
	machine debian-grub
	guest >"$host/guest.xml"
	echo 'off persistent fresh' >"$host/state"
	put usr/lib/vfioboot/vfioboot-vm <<-'END'
		#!/bin/sh
		print() { while IFS= read -r line; do printf '%s\n' "$line"; done; }
		case $2 in
		list) echo 'off win 11' ;;
		show)
			[ "$3" = 'win 11' ] || exit 3
			print </state
			print </guest.xml
			;;
		define)
			[ ! -e /refuse ] || { echo 'vfioboot vm: libvirt does not accept it' >&2; exit 1; }
			cp "$3" /guest.xml
			;;
		esac
	END
	chmod +x "$host/usr/lib/vfioboot/vfioboot-vm"
	kept=$host/var/lib/vfioboot/vm/2d2e6f4b-8a5e-4c2c-9d9a-5b0a4a3c7e01
}

@test "attach, list, detach: the definition is as before, byte by byte" {
	with_guest
	live vm attach 'win 11' second --no-graphics
	echo "$output" "$stderr"
	[ "$status" = 0 ]
	[[ $output == *"Definition of win 11: add 0000:02:00.1 as 01:00.1 of the guest"* ]]
	run ! grep -E 'spice|<video' "$host/guest.xml"
	grep -F '<serial' "$host/guest.xml"
	[ "$(grep -o "<hostdev mode=\"subsystem\" type=\"pci\" managed=\"no\">" "$host/guest.xml" | wc -l)" = 2 ]
	[ "$(stat -c %a "$kept"/second.{before,after})" = $'600\n600' ]
	[ ! -e "$kept/second.new" ]
	live vm list
	[ "$(tail -n +2 <<<"$output")" = 'win 11 off   0000:02:00.0 second
win 11 off   0000:02:00.1 second' ]
	live vm attach 'win 11' second
	[ "$status" = 1 ]
	[[ $stderr == *"the guest has 0000:02:00.0 already; remove that host device from it first, with 'virsh edit'"* ]]
	live vm detach 'win 11' second
	[ "$status" = 0 ]
	[[ $output == *"The guest has the definition that it had before." ]]
	guest | cmp - "$host/guest.xml"
	[ ! -e "$kept" ]
	live vm detach 'win 11' second
	[ "$status" = 1 ]
	[[ $stderr == *"'vfioboot vm attach' did not give this set to the guest"* ]]
}

@test "detach removes what attach added alone when somebody has changed the rest" {
	with_guest
	live vm attach 'win 11' second
	sed -i 's|</devices>|<rng model="virtio"/></devices>|' "$host/guest.xml"
	live vm detach 'win 11' second
	[ "$status" = 0 ]
	[[ $output == *"Somebody has changed the definition of win 11 since"* ]]
	run ! grep hostdev "$host/guest.xml"
	grep '<rng' "$host/guest.xml"
	grep 'passwd="secret"' "$host/guest.xml"
}

@test "detach takes back an attach that was killed before it had read back" {
	with_guest
	live vm attach 'win 11' second
	mv "$kept/second.after" "$kept/second.new"
	sed -i 's|</devices>|<rng model="virtio"/></devices>|' "$host/guest.xml"
	live vm attach 'win 11' second
	[ "$status" = 1 ]
	live vm detach 'win 11' second
	echo "$output" "$stderr"
	[ "$status" = 0 ]
	run ! grep hostdev "$host/guest.xml"
	grep '<rng' "$host/guest.xml"
	[ ! -e "$kept" ]
}

@test "attach that a signal ends when libvirt has the definition is undone" {
	with_guest
	sed -i 's|cp "$3" /guest.xml|&; [ ! -s /pid ] \|\| { read -r pid </pid; : >/pid; kill "$pid"; while :; do :; done; }|' \
		"$host/usr/lib/vfioboot/vfioboot-vm"
	put usr/bin/signalled <<-'END'
		#!/bin/sh
		echo $$ >/pid
		exec vfioboot "$@"
	END
	chmod +x "$host/usr/bin/signalled"
	run -143 --separate-stderr env -i PATH=/bin:/usr/bin unshare --map-root-user --root="$host" \
		signalled vm attach 'win 11' second
	[[ $stderr == *'interrupted (Terminated)'*'all changes were undone'* ]]
	guest | cmp - "$host/guest.xml"
	[ -z "$(ls -A "$kept")" ]
}

@test "detach takes back an attach that could not be undone" {
	with_guest
	sed -i 's|cp "$3" /guest.xml|&; [ ! -e /once ] \|\| : >/refuse|; s|show)|&\n[ ! -e /refuse ] \|\| exit 1|' \
		"$host/usr/lib/vfioboot/vfioboot-vm"
	: >"$host/once"
	live vm attach 'win 11' second
	[ "$status" = 1 ]
	[[ $stderr == *"cannot restore everything: cannot give the guest its definition back: "*"; 'sudo vfioboot vm detach' does so"* ]]
	grep hostdev "$host/guest.xml"
	rm "$host/once" "$host/refuse"
	live vm detach 'win 11' second
	echo "$output" "$stderr"
	[ "$status" = 0 ]
	guest | cmp - "$host/guest.xml"
	[ ! -e "$kept" ]
}

@test "what libvirt does not accept changes nothing" {
	with_guest
	: >"$host/refuse"
	live vm attach 'win 11' second
	[ "$status" = 1 ]
	[[ $stderr == *"libvirt does not accept it"* ]]
	guest | cmp - "$host/guest.xml"
	[ -z "$(ls -A "$kept")" ]
}

@test "a dry run changes nothing" {
	with_guest
	live vm attach 'win 11' second --no-graphics --dry-run
	[ "$status" = 0 ]
	[[ $output == *"Definition of win 11: remove <video>"* ]]
	guest | cmp - "$host/guest.xml"
	[ ! -e "$host/var/lib/vfioboot/vm" ]
}

@test "a guest that runs, is transient, is saved, or is not there" {
	with_guest
	echo 'running persistent fresh' >"$host/state"
	live vm attach 'win 11' second
	[ "$status" = 0 ]
	[[ $output == *"It is running: this counts when it is started the next time." ]]
	live vm detach 'win 11' second
	echo 'running transient fresh' >"$host/state"
	live vm attach 'win 11' second
	[ "$status" = 1 ]
	[[ $stderr == *"guest 'win 11' is transient"* ]]
	echo 'off persistent saved' >"$host/state"
	live vm attach 'win 11' second
	[ "$status" = 1 ]
	[[ $stderr == *"has a saved state"*"virsh managedsave-remove"* ]]
	live vm attach other second
	[ "$status" = 1 ]
	[ "$stderr" = "vfioboot vm: libvirt has no guest 'other'; 'vfioboot vm list' shows the guests" ]
	guest | cmp - "$host/guest.xml"
}

@test "list: a guest that is gone when it is read is not in it, and is no error" {
	with_guest
	sed -i "s/list) .*/list) printf 'running gone\\noff win 11\\n' ;;/" "$host/usr/lib/vfioboot/vfioboot-vm"
	live vm list
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "$(tail -n +2 <<<"$output")" = 'win 11 off' ]
	# One that cannot be read is one, and the others are listed.
	sed -i "s/exit 3/{ echo 'vfioboot vm: cannot read it' >\&2; exit 1; }/" "$host/usr/lib/vfioboot/vfioboot-vm"
	live vm list
	[ "$status" = 1 ]
	[ "$stderr" = 'vfioboot vm: cannot read it' ]
	[ "$(tail -n +2 <<<"$output")" = 'win 11 off' ]
}

@test "a set that is not there, and a program that is not" {
	with_guest
	live vm attach 'win 11' third
	[ "$status" = 1 ]
	[[ $stderr == *"there is no device set 'third'"* ]]
	rm "$host/usr/lib/vfioboot/vfioboot-vm"
	live vm list
	[ "$status" = 1 ]
	[[ $stderr == *"the program vfioboot-vm is missing; install the package vfioboot-vm, or build vfioboot where libvirt's headers are installed" ]]
}

@test "show prints a set for each program" {
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
	put etc/vfioboot.conf <<<$'[device second]\npath = 00:01.1/00\nexpect = 2'
	rm -rf "${host:?}/etc/vfioboot.conf.d"
	echo pve.example.org >"$host/etc/hostname"
	run -0 "$vfioboot" vm show second --root "$host" --format qemu
	[ "$output" = '-device pcie-root-port,id=second-1,chassis=101
-device vfio-pci,host=0000:02:00.0,bus=second-1,addr=0x0.0x0,multifunction=on
-device vfio-pci,host=0000:02:00.1,bus=second-1,addr=0x0.0x1' ]
	run -0 "$vfioboot" vm show second --root "$host" --format cloud-hypervisor
	[ "$output" = '--device path=/sys/bus/pci/devices/0000:02:00.0/ path=/sys/bus/pci/devices/0000:02:00.1/' ]
	run -0 "$vfioboot" vm show second --root "$host" --format proxmox
	[ "${lines[0]}" = second ]
	[[ ${lines[1]} == $'\tmap id=10de:2206,iommugroup=17,node=pve,path=0000:02:00'* ]]
	[[ ${lines[1]} != *02:00.* ]]
	[ "${#lines[@]}" = 2 ]
	run -0 "$vfioboot" vm show second --root "$host" --format kubevirt
	[[ $output == *'- pciVendorSelector: "10DE:2206"
        resourceName: vfioboot/second-10de-2206
'*'        externalResourceProvider: false'* ]]
	[[ $output == *$'\n    developerConfiguration:\n      featureGates:\n      - HostDevices\n    permittedHostDevices:\n'* ]]
	[[ $output == *'deviceName: vfioboot/second-10de-1aef' ]]
	run -0 "$vfioboot" vm show second --root "$host"
	[ "$(grep -c '<hostdev' <<<"$output")" = 2 ]
	# Half of a slot is no whole device.
	put etc/vfioboot.conf <<<$'[device second]\npath = 00:01.1/00.1'
	run -0 "$vfioboot" vm show second --root "$host" --format proxmox
	[[ ${lines[1]} == *"path=0000:02:00.1"* ]]
	run -0 "$vfioboot" vm show second --root "$host" --format qemu
	[[ ${lines[1]} == *"host=0000:02:00.1,bus=second-1,addr=0x0.0x0" ]]
}

@test "show: each program takes the name, whatever the set is called" {
	local name want
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
	rm -rf "${host:?}/etc/vfioboot.conf.d"
	for name in 3090:set-3090 _a:set--a g:set-g my.gpu_2:my-gpu-2; do
		want=${name#*:} name=${name%:*}
		put etc/vfioboot.conf <<<"[device $name]"$'\npath = 00:01.1/00\nexpect = 2'
		run -0 "$vfioboot" vm show "$name" --root "$host" --format qemu
		[[ ${lines[0]} == *",id=$want-1,"* && ${lines[1]} == *",bus=$want-1,"* ]]
		run -0 "$vfioboot" vm show "$name" --root "$host" --format proxmox
		[ "${lines[0]}" = "$want" ]
		run -0 "$vfioboot" vm show "$name" --root "$host" --format kubevirt
		[[ $output == *"vfioboot/$want-10de-2206"* && $output == *"- name: $want-0"* ]]
		[[ $output != *[^-a-z]"$name-"* || $name == "$want" ]]
	done
}

@test "JSON is UTF-8, whatever guests are called" {
	local evil=$'x\xff\xc3(\033]0;y"\\'
	with_guest
	sed -i "s|win 11|$(printf '%s' "$evil" | sed 's|[\\|&]|\\&|g')|g" "$host/usr/lib/vfioboot/vfioboot-vm"
	live vm list --json
	[ "$status" = 0 ]
	iconv -f UTF-8 -t UTF-8 <<<"$output"
	json_true '.guests | length == 1 and (.[0].guest | startswith("x\ufffd\ufffd(")) and
		.[0].state == "off" and .[0].address == null' <<<"$output"
	echo 'off persistent fresh' >"$host/state"
	guest >"$host/guest.xml"
	live vm attach "$evil" second --json
	[ "$status" = 0 ]
	iconv -f UTF-8 -t UTF-8 <<<"$output"
	while read -r line; do
		json_true '.state | IN("note", "started", "done")' <<<"$line"
	done <<<"$output"
	live vm list --json
	json_true '.guests | length == 2 and all(.set == "second" and .address != null)' <<<"$output"
	live vm detach "$evil" second --json --dry-run
	[ "$status" = 0 ]
	json_true '.state | IN("note", "planned")' <<<"${lines[0]}"
}

@test "misuse" {
	for words in '' start 'attach guest' 'detach guest set more' show 'show a/b' 'show a --format xml' \
		'show a --json'; do
		# shellcheck disable=SC2086 # words
		run -2 "$vfioboot" vm $words
	done
}
