#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and host.bash
#
# `vfioboot status`: this boot by its records and by the drivers of now, the images, the next
# boot; for people and as JSON.

bats_require_minimum_version 1.5.0

load host
load machine

second='[device second]
path = 00:01.1/00
id = 10de:2206, 10de:1aef
expect = 2'

# Gives a function to a driver, or with "" takes it away: driver ADDRESS NAME
driver() {
	local link=$root/sys/bus/pci/devices/$1/driver
	rm -f "$link"
	[ -z "$2" ] || ln -s "../../../../bus/pci/drivers/$2" "$link"
}

# The digest that a record of the configuration of today has.
digest() {
	local copy=$work/copy
	rm -rf "${copy:?}"
	mkdir -p "$copy/sys/bus/pci/devices"
	cp -r "$root/etc" "$copy/"
	"$early" --root "$copy" >/dev/null 2>&1 || true
	sed -n 's/^config //p' "$copy/run/vfioboot/system.record"
}

# record STAGE STATE [LINE]...: with the configuration of today unless $digest is set
record() {
	mkdir -p "$root/run/vfioboot"
	printf '%s\n' 'vfioboot-record 1' 'version 0.1.0' "stage $1" 'kernel 6.1.0-18-amd64' \
		"config ${digest:-$(digest)}" "state $2" "${@:3}" >"$root/run/vfioboot/$1.record"
}

# told SECTION ADDRESS BEFORE DRIVER RESULT REASON, of the second card
told() {
	local n=${2##*.} id=10de:2206
	[ "$n" = 0 ] || id=10de:1aef
	echo "function section=$1 address=$2 path=00:01.1/00.$n id=$id wanted=vfio-pci" \
		"before=$3 driver=$4 result=$5 reason=$6"
}

bound() { # STAGE BEFORE
	record "$1" 'done' "$(told second 0000:02:00.0 "$2" vfio-pci bound -)" \
		"$(told second 0000:02:00.1 "$2" vfio-pci bound -)"
}

# The second card as the initramfs bound it.
bound_machine() {
	machine identical-cards
	config "$second"
	bound initramfs -
	driver 0000:02:00.0 vfio-pci
	driver 0000:02:00.1 vfio-pci
}

status_json() { # EXIT
	run "-$1" --separate-stderr "$vfioboot" status --root "$root" --json
	[ -z "$stderr" ]
	json=$output
	json_is 'type == "object"'
}

@test "bound in the initramfs, and still so" {
	bound_machine
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'All 2 configured functions have the wanted driver.' && -z $stderr ]]
	[[ $output == *'ran in the initramfs, with kernel 6.1.0-18-amd64.'* ]]
	[[ $output == *"The booted image contains the current configuration."* ]]
	[[ $output =~ second\ +0000:02:00.0\ +10de:2206\ +vfio-pci\ +vfio-pci\ +'bound in the initramfs' ]]
	[[ $output == *$'\n'"Next boot, if it has the parameters of this one: 2 functions bound, 0 refused; see 'vfioboot plan'." ]]
	[[ $output == *$'\nNo initramfs image was found: the files of this machine do not include '* ]]
	status_json 0
	json_is '.functions | length == 2 and all(.as_wanted)'
	json_is '.functions[0] == {section: "second", address: "0000:02:00.0",
		path: "00:01.1/00.0", id: "10de:2206", wanted: "vfio-pci", driver: "vfio-pci",
		as_wanted: true, result: "bound", reason: null, stage: "initramfs",
		next_boot: "bind", next_reason: null, at_this_boot: "bound in the initramfs",
		remark: null, settings: [], name: "NVIDIA GeForce RTX 3080"}'
	json_is '.headline == "All 2 configured functions have the wanted driver."'
	json_is '.boot == {ran: true, stages: ["initramfs"], version: "0.1.0",
		kernel: "6.1.0-18-amd64", state: "done", config: .boot.config,
		image_config_is_current: true, errors: []}'
	json_is '.boot.config | test("^[0-9a-f]{16}$")'
	json_is '.next_boot.bind == 2 and .next_boot.later == 0 and .next_boot.refuse == 0 and .errors == [] and .inactive == []'
}

@test "what the initramfs bound stays its deed when the second run finds it so" {
	bound_machine
	bound system vfio-pci
	status_json 0
	json_is '[.functions[].stage] == ["initramfs", "initramfs"]'
	json_is '.boot.stages == ["initramfs", "system"]'
	run -0 "$vfioboot" status --root "$root"
	[[ $output == *'ran in the initramfs and on the running system'* ]]
}

@test "what only the second run bound is shown as bound by it" {
	bound_machine
	record initramfs 'done' "$(told second 0000:02:00.0 - - failed no-driver)" \
		"$(told second 0000:02:00.1 - - failed no-driver)"
	bound system -
	status_json 0
	json_is '[.functions[] | .result, .stage] == ["bound", "system", "bound", "system"]'
	run -0 "$vfioboot" status --root "$root"
	[[ $output == *'bound on the running system'* ]]
}

@test "what failed, and was bound by somebody else since, is as wanted" {
	bound_machine
	record initramfs 'done' "$(told second 0000:02:00.0 - - failed no-driver)" \
		"$(told second 0000:02:00.1 - - failed no-driver)"
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'All 2 configured functions have the wanted driver.' ]]
	[ "$(grep -c '^second: .*; it has been bound since\.$' <<<"$output")" -eq 1 ]
}

@test "what is bound, and would be refused at the next boot" {
	bound_machine
	config "${second/expect = 2/expect = 3}"
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[ "$(grep -c '^second: the next boot will refuse it: .*expect' <<<"$output")" -eq 1 ]
	[[ $output == *'Next boot, if it has the parameters of this one: 0 functions bound, 2 refused;'* ]]
}

@test "only the second run: the image has no vfioboot" {
	bound_machine
	rm "$root/run/vfioboot/initramfs.record"
	bound system nouveau
	run -0 "$vfioboot" status --root "$root"
	[[ $output == *'did not run in the initramfs'*"'sudo vfioboot apply'"* ]]
	status_json 0
	json_is '.boot.image_config_is_current == null and .boot.stages == ["system"]'
}

@test "a function that lost its driver since is not as wanted" {
	bound_machine
	driver 0000:02:00.1 snd_hda_intel
	run -1 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == '1 of 2 configured functions does not have the wanted driver.' && -z $stderr ]]
	[[ $output == *'second 0000:02:00.1: it was bound, but has been taken by the driver snd_hda_intel since'* ]]
	[[ $output != *'second 0000:02:00.0: '* ]]
	status_json 1
	json_is '.functions[1] | .result == "bound" and .driver == "snd_hda_intel" and
		.as_wanted == false and .reason == null'
	driver 0000:02:00.1 ''
	run -1 "$vfioboot" status --root "$root"
	[[ $output == *'it was bound, but lost its driver since'* ]]
	rm "$root/sys/bus/pci/devices/0000:02:00.1"
	run -1 "$vfioboot" status --root "$root"
	[[ $output == *'it was bound, but has disappeared since'* ]]
}

@test "a refused section: its reason and what to do, once" {
	machine no-iommu
	config '[device gpu]' 'path = 00:01.0/00'
	record initramfs 'done' "$(told gpu 0000:01:00.0 - nouveau refused no-iommu-group)" \
		"$(told gpu 0000:01:00.1 - snd_hda_intel refused no-iommu-group)"
	run -1 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == '2 of 2 configured functions do not have the wanted driver.' ]]
	[ "$(grep -c '^gpu: it has no IOMMU group' <<<"$output")" -eq 1 ]
	[[ $output == *'Next boot, if it has the parameters of this one: 0 functions bound, 2 refused;'* ]]
	status_json 1
	json_is 'all(.functions[]; .result == "refused" and .reason == "no-iommu-group" and
		.next_boot == "refuse" and .next_reason == "no-iommu-group")'
}

@test "a refusal that today's configuration fixes" {
	machine identical-cards
	config "$second"
	digest=0000000000000001 record initramfs 'done' \
		'function section=second address=- path=- id=- wanted=vfio-pci before=- driver=- result=absent reason=absent'
	run -1 "$vfioboot" status --root "$root"
	[[ $output == *'the next boot will bind it'* ]]
	[[ $output == *'The booted image contains an outdated configuration'*"'sudo vfioboot apply'"* ]]
	status_json 1
	json_is '.functions == [{section: "second", address: null, path: null, id: null,
		wanted: "vfio-pci", driver: null, as_wanted: false, result: "absent",
		reason: "absent", stage: "initramfs", next_boot: "bind", next_reason: null,
		at_this_boot: "absent", name: null, remark: "no function that its section names is present; is the device plugged in and powered on, or does a driver create it later?; the next boot will bind it", settings: []}]'
	json_is '.boot.image_config_is_current == false'
}

@test "a section that was added since this boot" {
	bound_machine
	digest=$(digest)
	config "$second" '[device usb]' 'path = 00:14.0'
	digest=$digest bound initramfs -
	run -1 "$vfioboot" status --root "$root"
	[[ ${lines[0]} == '1 of 3 configured functions does not have the wanted driver.' ]]
	[[ $output == *"usb: it was configured after this boot: run 'sudo vfioboot apply', then reboot."* ]]
	[[ $output == *'added since'* ]]
	status_json 1
	json_is '.functions[2] | .section == "usb" and .result == null and .reason == null and
		.stage == null and .driver == "xhci_hcd" and .next_boot == "bind"'
	json_is '.boot.image_config_is_current == false'
}

@test "a section that was removed since this boot" {
	bound_machine
	rm "$root/etc/vfioboot.conf"
	run -0 "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'Nothing is configured any more: the next boot leaves every device to its native driver.' ]]
	[ "$(grep -c 'it is no longer configured' <<<"$output")" -eq 1 ]
	status_json 0
	json_is 'all(.functions[]; .next_boot == null)'
}

@test "no record: it did not run, and why that may be" {
	machine identical-cards
	config "$second"
	run -1 --separate-stderr "$vfioboot" status --root "$root"
	[[ $output == *"vfioboot did not run at this boot"*"'sudo vfioboot apply'"* && -z $stderr ]]
	[[ $output == *'not tried'* ]]
	status_json 1
	json_is '.boot.ran == false and .boot.stages == [] and .boot.kernel == null'
	json_is '[.functions[].result] == [null, null]'
}

@test "nothing configured is nothing wrong" {
	machine identical-cards
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'Nothing is configured'* && $output == *"'sudo vfioboot add DEVICE'"* ]]
	status_json 0
	json_is '.functions == [] and .boot.ran == false'
}

@test "vfioboot.off is reported" {
	machine identical-cards
	config "$second"
	echo 'ro vfioboot.off' >"$root/proc/cmdline"
	record initramfs off
	run -0 "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'vfioboot was switched off for this boot'* ]]
	status_json 0
	json_is '.boot.state == "off" and .functions == [] and
		.inactive == [{section: "second", profile: null, why: "off"}]'
}

@test "a profile that is not selected is reported" {
	machine identical-cards
	config "$second" 'profile = games'
	record initramfs nothing
	run -0 "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'Nothing was configured for this boot.' ]]
	[[ $output == *"second (/etc/vfioboot.conf:1): inactive: its profile 'games'"* ]]
	status_json 0
	json_is '.inactive == [{section: "second", profile: "games", why: "profile"}]'
}

@test "errors of this boot, and of the configuration of today" {
	machine identical-cards
	config "$second"
	digest=0000000000000001 record initramfs 'done' "error /etc/vfioboot.conf 7 unknown key 'wen'"
	run -1 --separate-stderr "$vfioboot" status --root "$root"
	[[ $output == *"At this boot: /etc/vfioboot.conf:7: unknown key 'wen'"* && -z $stderr ]]
	status_json 1
	json_is '.boot.errors == [{file: "/etc/vfioboot.conf", line: 7, message: "unknown key '"'wen'"'"}]'
	bound_machine
	config "$second" '[boot]' 'wen = 1'
	run -1 --separate-stderr "$vfioboot" status --root "$root" --json
	[[ $stderr == 'vfioboot status: /etc/vfioboot.conf:6: '*wen* ]]
	json_true '.errors[0] | .file == "/etc/vfioboot.conf" and .line == 6' <<<"$output"
}

@test "an error of the command line has no line" {
	machine identical-cards
	echo 'ro vfioboot.device=1:00.0' >"$root/proc/cmdline"
	digest=0000000000000001 record initramfs 'done' 'error kernel command line 0 bad selector'
	run -1 --separate-stderr "$vfioboot" status --root "$root" --json
	[[ $stderr == "vfioboot status: kernel command line: bad selector '1:00.0'"* ]]
	json_true '[.boot.errors[], .errors[] | .file, .line] ==
		["kernel command line", null, "kernel command line", null]' <<<"$output"
	rm "$root/proc/cmdline"
	run -0 "$vfioboot" status --root "$root"
	[[ $output == *$'\nAt this boot: kernel command line: bad selector'* ]]
}

@test "a damaged record is reported, and the rest of it counts" {
	bound_machine
	echo 'what is this' >>"$root/run/vfioboot/initramfs.record"
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ $stderr == *'cannot read 1 line of the record of the run in the initramfs'* ]]
	[[ ${lines[0]} == 'All 2 configured functions have the wanted driver.' ]]
	echo rubbish >"$root/run/vfioboot/initramfs.record"
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ $stderr == *"cannot read the record of the run in the initramfs: it is damaged; the next boot writes it again, and 'journalctl -k -g vfioboot' shows what was done"* ]]
	[[ $output == *'unknown'* && $output != *'did not run'* ]]
}

@test "kept without a driver is as wanted when it has none" {
	machine identical-cards
	config '[device audio]' 'path = 00:01.1/00.1' 'driver = none'
	record initramfs 'done' 'function section=audio address=0000:02:00.1 path=00:01.1/00.1 id=10de:1aef wanted=none before=- driver=- result=bound reason=-'
	driver 0000:02:00.1 ''
	status_json 0
	json_is '.functions[0] | .wanted == "none" and .driver == null and .as_wanted'
	run -0 "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'The one configured function has the wanted driver.' ]]
	driver 0000:02:00.1 snd_hda_intel
	status_json 1
}

# ---- images -----------------------------------------------------------------------------

# A desktop that has booted with the second card configured, and with a fresh image.
desktop() {
	host_of_two_cards "$root"
	config "$second"
	host_boot
	host_image
}

@test "a fresh image is shown, and the kernel that has it" {
	desktop
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'All 2 configured functions have the wanted driver.' ]]
	[[ $output == *"The default entry 'Debian GNU/Linux' starts an image that has today's configuration."* ]]
	status_json 0
	json_is ".images == [{kernel: \"$release\", path: \"/boot/initrd.img-$release\",
		state: \"fresh\", why: null, started: true}]"
	json_is '.loader == "grub" and .ready == true and .ready_unknown == null'
	json_is ".entries | length == 2 and (.[0] | .title == \"Debian GNU/Linux\" and .default and
		(.next | not) and .kernel == \"$release\" and .state == \"fresh\" and .why == null and
		.images == [\"/boot/initrd.img-$release\"] and .loader == \"grub\")"
}

@test "a stale image is shown with the reason and what to do, and is no fault of this boot" {
	desktop
	echo '# changed' >>"$root/etc/vfioboot.conf"
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ ${lines[0]} == 'All 2 configured functions have the wanted driver.' ]]
	[[ $output == *"/boot/initrd.img-$release (kernel $release), which is out of date: "* ]]
	[[ $output == *"Run 'sudo vfioboot apply' to rebuild it."* ]]
	status_json 0
	json_is '.images[0] | .state == "stale" and (.why | length > 0)'
	json_is '.boot.image_config_is_current == false'
}

@test "images, and nothing that makes new ones" {
	desktop
	rm "$root"/usr/sbin/*
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ $output == *$'\nImages cannot be rebuilt: no generator '* ]]
	status_json 0
	json_is '.images_problem | startswith("no generator ")'
}

@test "usage: --root of a tree that is not there, and arguments" {
	run -1 --separate-stderr "$vfioboot" status --root "$root/nowhere"
	[[ -z $output && $stderr == *"$root/nowhere"* ]]
	run -2 "$vfioboot" status something
	[[ $output == *"unexpected argument 'something'"* ]]
}
