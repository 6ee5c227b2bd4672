#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154 # each test is a process; run and machine.bash set these
#
# `vfioboot libvirt`: the hook that it writes and removes, what it says of libvirt and of other hooks
# by the files of a machine, and the hook itself, with another program in place of vfioboot.

bats_require_minimum_version 1.5.0

load host
load machine

hooks=etc/libvirt/hooks
hook=$hooks/qemu.d/vfioboot

# A machine with libvirt of this version: with_libvirt VERSION DAEMON
with_libvirt() {
	machine identical-cards
	mkdir -p "$root"/usr/{sbin,lib/x86_64-linux-gnu,lib/vfioboot} "$root"/{etc/libvirt,run,proc}
	: >"$root/usr/sbin/$2"
	ln -s "libvirt.so.0.$1" "$root/usr/lib/x86_64-linux-gnu/libvirt.so.0"
	cp "$top/libvirt/libvirt-hook" "$root/usr/lib/vfioboot/"
}

# A hook of somebody else: other NAME MODE LINE...
other() {
	mkdir -p "$(dirname "$root/$hooks/$1")"
	printf '%s\n' '#!/bin/sh' "${@:3}" >"$root/$hooks/$1"
	chmod "$2" "$root/$hooks/$1"
}

# The daemon runs since then: runs DAEMON TIME
runs() {
	echo 77 >"$root/run/$1.pid"
	touch -d "$2" "$root/run/$1.pid"
	mkdir -p "$root/proc/77"
	echo "$1" >"$root/proc/77/comm"
}

libvirt() {
	"$vfioboot" libvirt "$@" --root "$root"
}

# What status says as JSON
json() {
	json=$("$vfioboot" libvirt status --json --root "$root") || true
}

@test "enable writes the hook, disable removes it, and both say what they do" {
	with_libvirt 9000.0 libvirtd
	run -0 libvirt enable --dry-run
	[ "$output" = "write /var/lib/vfioboot/libvirt-hook
write /$hook" ]
	[ ! -e "$root/$hooks" ]
	run -0 libvirt enable
	cmp "$root/$hook" "$top/libvirt/libvirt-hook"
	[ "$(stat -c %a "$root/$hook")" = 755 ]
	[[ $output == *"No device set has 'bind = demand'"* ]]
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	run -0 --separate-stderr libvirt status
	[ "${lines[0]}" = "Hook:        /$hook is there" ]
	[ "${lines[1]}" = "libvirt:     9.0.0, libvirtd is not running" ]
	[ "${lines[2]}" = "Device sets: gpu" ]
	[ -z "$stderr" ]
	run -0 libvirt enable
	[ "$output" = "The hook is there already.
A guest of libvirt gets its device sets when it starts." ]
	config '[libvirt]' 'all = yes'
	run -0 libvirt enable
	[ "$output" = "The hook is there already.
A guest of libvirt gets its devices when it starts." ]
	run -0 libvirt disable
	[ ! -e "$root/$hooks/qemu.d" ]
	[ ! -e "$root/var/lib/vfioboot/libvirt-hook" ]
	run -0 libvirt disable
	[ "$output" = "There is no hook of vfioboot." ]
	libvirt enable
	host_handed_over person
	host_handed_over gpu
	sed -i 's/^guest -/guest win11/' "$root/run/vfioboot/handover/gpu"
	for how in --dry-run --json; do
		run -0 --separate-stderr libvirt disable $how
		[ "$stderr" = "vfioboot libvirt: warning: gpu was given to the guest win11; 'sudo vfioboot release gpu' takes it back when that has ended, since the hook of libvirt is not there" ]
	done
	run -1 libvirt status
}

@test "what others have in qemu.d stays" {
	with_libvirt 10000.0 virtqemud
	other qemu.d/own 755 'exit 0'
	run -0 libvirt enable
	run -0 libvirt disable
	[ "$(ls -A "$root/$hooks/qemu.d")" = own ]
}

@test "a hook of ours that was edited, or is not ours, is neither overwritten nor deleted" {
	local before
	with_libvirt 9000.0 libvirtd
	libvirt enable
	echo 'exit 0' >>"$root/$hook"
	before=$(cat "$root/$hook")
	for action in enable disable; do
		run -1 libvirt "$action"
		[[ $output == *"/$hook was edited since vfioboot wrote it; "* ]]
		[ "$(cat "$root/$hook")" = "$before" ]
	done
	json && json_is '.state == "edited" and .remarks[0].wrong'
	other qemu.d/vfioboot 755 'exit 0'
	for action in enable disable; do
		run -1 libvirt "$action"
		[[ $output == *"/$hook was not written by vfioboot; "* ]]
	done
	json && json_is '.state == "foreign"'
	# A link is somebody's, wherever it leads.
	ln -sf /usr/lib/vfioboot/libvirt-hook "$root/$hook"
	run -1 libvirt enable
	[ -L "$root/$hook" ]
	rm "$root/$hook"
	ln -s /nowhere "$root/$hook"
	run -1 libvirt enable
	[[ $output == *"was not written by vfioboot"* ]]
}

@test "a hook of another version is written again, and so is one that cannot be run" {
	with_libvirt 9000.0 libvirtd
	libvirt enable
	echo '# newer' >>"$root/usr/lib/vfioboot/libvirt-hook"
	run -1 libvirt status
	[[ $output == *"is not as this version of vfioboot writes it; run 'sudo vfioboot libvirt enable'"* ]]
	run -0 libvirt enable
	cmp "$root/$hook" "$root/usr/lib/vfioboot/libvirt-hook"
	chmod -x "$root/$hook"
	json && json_is '.state == "outdated"'
	run -0 libvirt enable
	[ -x "$root/$hook" ]
	json && json_is '.state == "current" and .remarks == []'
}

@test "libvirt has to be there, and to look into qemu.d" {
	with_libvirt 6004.0 libvirtd
	run -1 libvirt enable
	[[ $output == *"libvirt 6.4.0 does not look into /etc/libvirt/hooks/qemu.d; 6.5.0 and later do; "* ]]
	ln -sf libvirt.so.0.6005.0 "$root/usr/lib/x86_64-linux-gnu/libvirt.so.0"
	run -0 libvirt enable
	rm "$root/usr/sbin/libvirtd"
	run -0 libvirt status
	[[ $output == *"libvirt:     6.5.0, without its daemon; install libvirt's daemon for QEMU"* ]]
	libvirt disable
	# No command is named that would be refused.
	run -1 libvirt status
	[[ $output == *"Hook:        /etc/libvirt/hooks/qemu.d/vfioboot is not there"$'\n'* ]]
	[[ $output == *"install libvirt's daemon for QEMU, then run 'sudo vfioboot libvirt enable'"* ]]
	run -1 libvirt enable
	[[ $output == *"libvirt is not installed: there is neither virtqemud nor libvirtd; "* ]]
	[ ! -e "$root/$hook" ]
}

# bats test_tags=slow
@test "the daemon is the one that runs, or can be called, or is started" {
	with_libvirt 11003.2 virtqemud
	: >"$root/usr/sbin/libvirtd"
	json && json_is '.daemon == "virtqemud" and .version == "11.3.2" and .running == false'
	mkdir -p "$root/etc/systemd/system/sockets.target.wants"
	ln -s /x "$root/etc/systemd/system/sockets.target.wants/libvirtd.socket"
	: >"$root/x"
	json && json_is '.daemon == "libvirtd"'
	mkdir -p "$root/run/libvirt"
	: >"$root/run/libvirt/libvirt-sock"
	: >"$root/run/libvirt/virtqemud-sock"
	json && json_is '.daemon == "virtqemud" and .running == false'
	runs libvirtd now
	json && json_is '.daemon == "libvirtd" and .running'
	# The file is left of one that was killed.
	echo bash >"$root/proc/77/comm"
	json && json_is '.daemon == "virtqemud" and .running == false'
}

# bats test_tags=slow
@test "a daemon that found no hook when it started has to be reloaded" {
	with_libvirt 9000.0 libvirtd
	runs libvirtd '1 hour ago'
	run -0 libvirt enable
	[[ $output == *"libvirtd has run since before the hook was written"* ]]
	[[ $output == *"run 'sudo systemctl reload libvirtd'"* ]]
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	run -0 --separate-stderr libvirt enable
	[ "${lines[1]}" = "Once that is done, a guest of libvirt gets its device sets when it starts." ]
	run -1 libvirt status
	json && json_is '.reload and .remarks[0].wrong'
	# It looks into the directory each time if there was another one then.
	other qemu.d/own 755 'exit 0'
	touch -d '2 hours ago' "$root/$hooks/qemu.d/own"
	run -0 libvirt status
	chmod -x "$root/$hooks/qemu.d/own"
	json && json_is '.reload'
	mkdir "$root/$hooks/qemu.d/guest"
	mv "$root/$hooks/qemu.d/own" "$root/$hooks/qemu.d/guest/own"
	chmod +x "$root/$hooks/qemu.d/guest/own"
	json && json_is '.reload'
	runs libvirtd '1 hour'
	run -0 libvirt status
	json && json_is '.reload == false'
}

@test "SELinux keeps hooks from their work unless its boolean is on" {
	with_libvirt 9000.0 virtqemud
	libvirt enable
	mkdir -p "$root/sys/fs/selinux/booleans"
	echo -n 1 >"$root/sys/fs/selinux/enforce"
	json && json_is '.unconfined == null'
	echo -n '0 0' >"$root/sys/fs/selinux/booleans/virt_hooks_unconfined"
	run -1 libvirt status
	[[ $output == *"SELinux:     virt_hooks_unconfined is off"* ]]
	[[ $output == *"run 'sudo setsebool -P virt_hooks_unconfined on'"* ]]
	json && json_is '.unconfined == false'
	echo -n '1 1' >"$root/sys/fs/selinux/booleans/virt_hooks_unconfined"
	run -0 libvirt status
	echo -n '0 0' >"$root/sys/fs/selinux/booleans/virt_hooks_unconfined"
	echo -n 0 >"$root/sys/fs/selinux/enforce"
	run -0 libvirt status
}

@test "other hooks that call libvirt, change drivers or cannot be run" {
	with_libvirt 9000.0 libvirtd
	libvirt enable
	other qemu 755 '# virsh nodedev-detach pci_0000_01_00_0' 'exit 0'
	other qemu.d/logger 755 'logger "$@"'
	run -0 libvirt status
	[[ $output == *"Other hooks: /$hooks/qemu"$'\n'"             /$hooks/qemu.d/logger" ]]
	other qemu 755 'virsh nodedev-detach pci_0000_01_00_0'
	run -1 libvirt status
	[[ $output == *"/$hooks/qemu calls libvirt, which waits for it: both can hang; "* ]]
	[[ $output == *"/$hooks/qemu changes drivers of PCI devices, too; "* ]]
	other qemu 644 'virsh nodedev-detach pci_0000_01_00_0'
	run -0 libvirt status
	[[ $output == *"/$hooks/qemu is not executable, so libvirt does not run it; "* ]]
	other qemu 755 'for each in /etc/libvirt/hooks/qemu.d/"$1"/"$2"/"$3"/*; do "$each" "$@"; done'
	other qemu.d/win11/prepare/begin/start.sh 755 'echo vfio-pci >/sys/bus/pci/devices/$1/driver_override'
	run -1 libvirt status
	[[ $output == *"/$hooks/qemu.d/win11/prepare/begin/start.sh changes drivers of PCI devices, too; "* ]]
	json && json_is '[.others[].path] == ["/etc/libvirt/hooks/qemu", "/etc/libvirt/hooks/qemu.d/logger",
		"/etc/libvirt/hooks/qemu.d/win11/prepare/begin/start.sh"] and .others[2].binds'
	# Nobody runs that without the main hook.
	other qemu 755 'exit 0'
	run -0 libvirt status
}

@test "undo removes the hook" {
	host_of_two_cards "$root"
	mkdir -p "$root/usr/lib/vfioboot"
	cp "$top/libvirt/libvirt-hook" "$root/usr/lib/vfioboot/"
	: >"$root/usr/sbin/libvirtd"
	libvirt enable
	host_handed_over gpu
	sed -i 's/^guest -/guest win11/' "$root/run/vfioboot/handover/gpu"
	run -0 --separate-stderr "$vfioboot" undo --dry-run --root "$root"
	[[ $output == *"remove /$hook"* ]]
	[[ $stderr == *"vfioboot undo: warning: gpu was given to the guest win11; 'sudo vfioboot release gpu' takes it back when that has ended, since the hook of libvirt is not there"* ]]
	echo >>"$root/$hook"
	run -0 "$vfioboot" undo --dry-run --root "$root"
	[[ $output == *"/$hook was edited since vfioboot wrote it; delete it by hand"* ]]
	[[ $output != *"remove /$hook"* ]]
}

@test "misuse" {
	with_libvirt 9000.0 libvirtd
	run -2 "$vfioboot" libvirt
	run -2 libvirt start
	run -2 libvirt status now
	run -2 libvirt hook
	run -2 libvirt hook guest prepare
	run -2 libvirt hook guest prepare begin -
	[[ $output == *"add --dry-run"* ]]
}

# ---- the hook

# The hook with another program for vfioboot, which notes what it gets and exits with $status.
fake_program() {
	status=${1:-0}
	printf '%s\n' '#!/bin/sh' "printf '%s|' \"\$@\" >'$work/called'" "cat >'$work/input'" \
		"echo 'a sentence' >&2" "exit $status" >"$work/vfioboot"
	chmod +x "$work/vfioboot"
	sed "s|/usr/bin/vfioboot|$work/vfioboot|; s|/run/vfioboot|$work/run|" \
		"$top/libvirt/libvirt-hook" >"$work/hook"
	chmod +x "$work/hook"
	rm -f "$work"/{called,input}
}

definition() {
	printf '%s\n' "<domain type='kvm'>" '<devices>' "$@" '</devices>' '</domain>'
}

@test "hook: what does nothing ends at once, whatever the program would say" {
	local operation
	fake_program 1
	mkdir "$work/run"
	definition "<hostdev mode='subsystem' type='pci'/>" >"$work/xml"
	for operation in 'start begin' 'started begin' 'stopped end' 'reconnect begin' \
		'migrate begin' 'restore begin' 'attach begin' 'prepare end' 'release begin' 'new -'; do
		# shellcheck disable=SC2086 # two words
		run -0 "$work/hook" guest $operation - <"$work/xml"
		[ -z "$output" ]
	done
	run -0 "$work/hook"
	run -0 sh -c '"$0" guest reconnect begin - <&-' "$work/hook"
	definition "<disk type='file'/>" | run -0 "$work/hook" guest prepare begin -
	[ ! -e "$work/called" ]
}

@test "hook: a guest with devices of the host is handed to the program, with its definition" {
	local devices
	for devices in "<hostdev mode='subsystem' type='pci'>" "<interface type='hostdev'>" \
		"<disk type='nvme' device='disk'>"; do
		fake_program 0
		definition "$devices" >"$work/xml"
		run -0 "$work/hook" '--a guest' prepare begin - <"$work/xml"
		[ "$(cat "$work/called")" = 'libvirt|hook|--|--a guest|prepare|begin|-|' ]
		cmp "$work/xml" "$work/input"
	done
	fake_program 1
	run -1 "$work/hook" guest prepare begin - <"$work/xml"
	[ "$output" = 'a sentence' ]
}

@test "hook: a large definition, and one that is not there" {
	fake_program 0
	{ definition "<hostdev mode='subsystem' type='pci'/>" && head -c 3000000 /dev/zero | tr '\0' ' '; } >"$work/xml"
	run -0 "$work/hook" guest prepare begin - <"$work/xml"
	[ "$(stat -c %s "$work/input")" -gt 3000000 ]
	rm "$work/called"
	run -0 "$work/hook" guest prepare begin - </dev/null
	[ ! -e "$work/called" ]
	# Closed by the shell that starts it: what run opens would be its standard input.
	run -1 sh -c '"$0" guest prepare begin - <&-' "$work/hook"
	[[ $output == *"vfioboot: cannot read the definition of the guest from standard input" ]]
	[ ! -e "$work/called" ]
}

@test "hook: a release asks the program only where something was handed over" {
	fake_program 1
	definition "<hostdev mode='subsystem' type='pci'/>" >"$work/xml"
	run -0 "$work/hook" guest release end shutdown <"$work/xml"
	[ ! -e "$work/called" ]
	mkdir "$work/run"
	run -0 "$work/hook" guest release end shutdown </dev/null
	[ ! -e "$work/called" ]
	mkdir "$work/run/handover"
	# The device may have left the definition since.
	run -1 "$work/hook" guest release end shutdown </dev/null
	[ "$(cat "$work/called")" = 'libvirt|hook|--|guest|release|end|shutdown|' ]
}

@test "hook: without the program there is nothing to do" {
	fake_program 1
	rm "$work/vfioboot"
	definition "<hostdev mode='subsystem' type='pci'/>" >"$work/xml"
	run -0 "$work/hook" guest prepare begin - <"$work/xml"
	run -0 "$work/hook" guest release end - <"$work/xml"
	[ -z "$output" ]
}

@test "the program: a guest without our devices, or another operation, is nothing to it" {
	with_libvirt 9000.0 libvirtd
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	run -0 libvirt hook --dry-run guest prepare begin - < <(definition)
	[ -z "$output" ]
	run -0 libvirt hook --dry-run -- --guest reconnect begin - </dev/null
	run -0 libvirt hook --dry-run guest release end - </dev/null
	[ -z "$output" ]
	# Of no set that waits for a guest, nothing is read.
	config '[device gpu]' 'path = 00:01.0/00'
	run -0 libvirt hook --dry-run guest prepare begin - <<<'no xml'
	[ -z "$output" ]
}

gpu() {
	definition "<hostdev mode='subsystem' type='pci' managed='$1'><source><address bus='1'/></source></hostdev>"
}

@test "the program: a guest gets the whole set, managed or not, and that of no section if all is set" {
	local managed
	with_libvirt 9000.0 libvirtd
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	for managed in yes no; do
		run -0 libvirt hook --dry-run guest prepare begin - < <(gpu "$managed")
		[[ $output == *"bind 0000:01:00.1 to vfio-pci"* ]]
		[[ $output == *"bind 0000:01:00.0 to vfio-pci"* ]]
		[[ $output == *"/run/vfioboot/handover/gpu "* ]]
	done
	config '[device gpu]' 'path = 00:01.0/00'
	run -0 libvirt hook --dry-run guest prepare begin - < <(gpu yes)
	[ -z "$output" ]
	config '[libvirt]' 'all = yes'
	# Half a group is no set.
	run -1 --separate-stderr libvirt hook --dry-run guest prepare begin - < <(gpu yes)
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == 'vfioboot libvirt: 0000:01:00.1 is in the IOMMU group of 0000:01:00.0'* ]]
}

@test "the program: what a person has handed over for a guest is there for it, whatever the set is called" {
	local function
	with_libvirt 9000.0 libvirtd
	config '[libvirt]' 'all = yes'
	mkdir -p "$root/sys/bus/pci/drivers/vfio-pci"
	for function in 0000:02:00.0 0000:02:00.1; do
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$(realpath "$root/sys/bus/pci/devices/$function")/driver"
	done
	host_handed_over geforce
	second() {
		definition "<hostdev mode='subsystem' type='pci'><source><address bus='2'/></source></hostdev>" \
			"<hostdev mode='subsystem' type='pci'><source><address bus='2' function='1'/></source></hostdev>"
	}
	run -0 libvirt hook --dry-run guest prepare begin - < <(second)
	[ -z "$output" ]
	# What another guest has is not.
	sed -i 's/^guest -/guest win11/' "$root/run/vfioboot/handover/geforce"
	run -1 --separate-stderr libvirt hook --dry-run guest prepare begin - < <(second)
	[[ $stderr == *'0000:02:00.'*' was handed over with geforce; '* ]]
}

@test "the program: a guest gets all of its sets or none" {
	with_libvirt 9000.0 libvirtd
	config '[device one]' 'path = 00:01.0/00' 'bind = demand' \
		'[device two]' 'path = 00:01.1/00' 'bind = demand'
	both() {
		definition "<hostdev mode='subsystem' type='pci'><source><address bus='1'/></source></hostdev>
			<hostdev mode='subsystem' type='pci'><source><address bus='2'/></source></hostdev>"
	}
	run -0 libvirt hook --dry-run guest prepare begin - < <(both)
	[[ $output == 'note in /run/vfioboot/handover/one '*'note in /run/vfioboot/handover/two '* ]]
	# What the second is refused for is said before the first is touched.
	mkdir "$root/sys/bus/pci/devices/0000:02:00.0/net"
	run -1 --separate-stderr libvirt hook --dry-run guest prepare begin - < <(both)
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == 'vfioboot libvirt: a network interface of 0000:02:00.0 is in another network namespace'* ]]
}

@test "the program: without the PCI functions nobody knows which sets a guest gets" {
	with_libvirt 9000.0 libvirtd
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	rm -r "${root:?}/sys/bus/pci/devices"
	run -1 --separate-stderr libvirt hook --dry-run guest prepare begin - < <(gpu yes)
	[ -z "$output" ]
	[[ $stderr == 'vfioboot libvirt: cannot read the PCI functions of this machine: No such file or directory'* ]]
	# A guest without devices of the host needs none.
	run -0 --separate-stderr libvirt hook --dry-run guest prepare begin - < <(definition "<hostdev mode='subsystem' type='usb'/>")
	[ -z "$output$stderr" ]
}

@test "the program: a definition that cannot be read is refused by one sentence" {
	with_libvirt 9000.0 libvirtd
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	for xml in '' 'no xml' '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><domain>&e;</domain>'; do
		run -1 --separate-stderr libvirt hook --dry-run guest prepare begin - <<<"$xml"
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" = 1 ]
		[[ $stderr == 'vfioboot libvirt: the definition of the guest '* ]]
	done
}
