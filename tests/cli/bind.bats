#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # run sets output, stderr and status; host.bash host
#
# `vfioboot bind` and `vfioboot release` on trees: the steps that they would take, and what they refuse.
# What the steps do is seen in a boot (tests/boot/handover.bats).

bats_require_minimum_version 1.5.0

load machine
load host

gpu=0000:02:00.0
sound=0000:02:00.1

vfioboot() {
	run --separate-stderr "$vfioboot" "$@" --root "$host"
}

desktop() {
	host_of_two_cards "$host"
	config '[device gaming]' 'path = 00:01.1/00' 'expect = 2' 'bind = demand'
	rm -rf "${host:?}/etc/vfioboot.conf.d"
}

fingerprint() {
	(cd "$host" && find . -printf '%p %y %m %l\n' | sort &&
		find . -type f -print0 | sort -z | xargs -0 sha256sum)
}

# bound_to DRIVER: both functions have it
bound_to() {
	local function
	mkdir -p "$host/sys/bus/pci/drivers/$1"
	for function in $gpu $sound; do
		rm -f "$host/sys/bus/pci/devices/$function/driver"
		link "sys/bus/pci/devices/$function/driver" "sys/bus/pci/drivers/$1"
	done
}

# Handed over, as the state says that a run has left it in this PHASE
handed_over() {
	bound_to vfio-pci
	put run/vfioboot/handover/gaming <<-END
		vfioboot-handover 1
		version 0.1.0
		guest ${2:--}
		phase $1
		function $sound 00:01.1/00.1 10de:1aef snd_hda_intel vfio-pci -
		function $gpu 00:01.1/00.0 10de:2206 nouveau vfio-pci -
		console vtcon1
		user-unit 1000 pipewire.socket
		unit sddm.service
	END
}

# refused STATUS PATTERN ARGUMENT...: nothing is changed, and stderr says why
refused() {
	local before
	before=$(fingerprint)
	vfioboot bind "${@:3}"
	echo "$stderr"
	[ "$status" -eq "$1" ]
	# shellcheck disable=SC2053 # a pattern
	[[ $stderr == "vfioboot bind: "$2 ]]
	[ -z "$output" ]
	[ "$(fingerprint)" = "$before" ]
}

@test "bind --dry-run: each step with its reason, in order, and nothing is changed" {
	desktop
	before=$(fingerprint)
	vfioboot bind gaming --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = "note in /run/vfioboot/handover/gaming what has to be put back
    (a run that is interrupted can be finished or undone by the next one)
set the driver override of $sound to vfio-pci
    (no other driver can take it)
set the driver override of $gpu to vfio-pci
    (no other driver can take it)
switch on $sound
    (a device that is switched off to save power does not answer)
switch on $gpu
    (a device that is switched off to save power does not answer)
wait until no process has the device open
    (a driver that is in use does not give it up)
unbind $sound from snd_hda_intel
unbind $gpu from nouveau
bind $sound to vfio-pci
bind $gpu to vfio-pci" ]
	[ "$(fingerprint)" = "$before" ]
}

@test "bind --dry-run --json: a line for each step, with its reason" {
	desktop
	vfioboot bind gaming --dry-run --json
	[ "$status" -eq 0 ]
	jq -s . <<<"$output" >"$work/steps"
	json_true 'all(.[]; keys == ["expected", "kernel", "of", "seconds", "state", "step", "text", "why"] and .state == "planned")' <"$work/steps"
	json_true 'map(.step) == [range(1; length + 1)] and all(.[]; .of == 10)' <"$work/steps"
	json_true '.[1].text == "set the driver override of '$sound' to vfio-pci" and .[1].why != null' <"$work/steps"
	json_true '.[-1] | .text == "bind '$gpu' to vfio-pci" and .why == null' <"$work/steps"
}

@test "bind: devices by their address are those of their section, or a set of their own" {
	desktop
	vfioboot bind gaming --dry-run
	steps=$output
	vfioboot bind 02:00.0 --dry-run
	[ "$output" = "$steps" ]
	rm "$host/etc/vfioboot.conf"
	vfioboot bind 02:00 --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = "${steps/gaming/gpu}" ]
}

@test "bind: several sets are one list of steps, and what one of them is refused for is before it" {
	desktop
	config '[device gaming]' 'path = 00:01.1/00' 'expect = 2' 'bind = demand' \
		'[device other]' 'path = 00:01.0/00' 'expect = 2' 'bind = demand' \
		'[device both]' 'path = 00:01.0/00, 00:01.1/00' 'expect = 4' 'bind = demand'
	vfioboot bind gaming other gaming --dry-run
	[ "$status" -eq 0 ]
	[[ $output == 'note in /run/vfioboot/handover/gaming what'*"bind $gpu to vfio-pci"*'note in /run/vfioboot/handover/other what'*'bind 0000:01:00.0 to vfio-pci' ]]
	steps=$output
	vfioboot bind gaming 01:00.0 --dry-run
	[ "$output" = "$steps" ]
	# Devices are taken in the order of their addresses.
	vfioboot bind other gaming --dry-run
	steps=$output
	vfioboot bind 02:00.0 01:00.1 --dry-run
	[ "$output" = "$steps" ]
	refused 1 "$gpu is in both gaming and both; name only one of them; nothing was changed" gaming both --dry-run
	refused 2 "'nonsense' is *" gaming nonsense --dry-run
	# Neither of the two is the last display, but both are.
	rm -r "${host:?}/sys/bus/pci/devices/0000:00:02.0"
	vfioboot bind gaming --dry-run
	[ "$status" -eq 0 ]
	vfioboot bind other --dry-run
	[ "$status" -eq 0 ]
	refused 1 'other, 0000:01:00.0 is refused (last-display)*' gaming other --dry-run
}

@test "bind: the driver is loaded when it is not; a part of a group is refused" {
	desktop
	rm -r "${host:?}/sys/bus/pci/drivers/vfio-pci"
	vfioboot bind gaming --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *$'\nload the driver vfio-pci\n    (guests use its devices)\n'* ]]
	rm "$host/etc/vfioboot.conf"
	refused 1 "$gpu is in the IOMMU group of $sound, and its driver nouveau keeps the group for the host; hand over both, as one device set; nothing was changed" \
		02:00.1 --only --dry-run
}

@test "bind: a part of a group whose rest vfio-pci has already is taken" {
	desktop
	bound_to vfio-pci
	rm "$host/etc/vfioboot.conf" "$host/sys/bus/pci/devices/$sound/driver"
	link "sys/bus/pci/devices/$sound/driver" sys/bus/pci/drivers/snd_hda_intel
	vfioboot bind 02:00.1 --only --dry-run
	[ "$status" -eq 0 ]
}

@test "bind: what has its driver already needs nothing" {
	desktop
	bound_to vfio-pci
	vfioboot bind gaming --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = 'gaming has the driver vfio-pci already, and not by a hand-over: nothing to do.' ]
	handed_over bound
	vfioboot bind gaming --dry-run --json
	[ "$status" -eq 0 ]
	json_true '.state == "note" and .text == "gaming has the driver vfio-pci already: nothing to do."' \
		<<<"$output"
}

@test "bind: an interrupted run is continued" {
	desktop
	handed_over binding
	vfioboot bind gaming --dry-run
	[ "$status" -eq 0 ]
	[[ $output == "note in "*"set the driver override of $gpu to vfio-pci"* ]]
	[[ $output != *unbind* ]]
}

# bats test_tags=slow
@test "bind: what is refused, and the remedy" {
	desktop
	refused 2 '*only this machine can be changed; add --dry-run*' gaming
	refused 2 "*'nothing' is neither a device set nor a device; 'vfioboot plan' shows the device sets; for a device, use a path*" nothing --dry-run
	refused 1 "*no device matches '09:00.0'*" 09:00.0 --dry-run
	refused 2 "--wait takes 0 to 3600 seconds, not 'soon'" gaming --wait soon
	refused 2 "--back-after takes 1 to 10080 minutes, not '0'" gaming --back-after 0
	refused 1 "$gpu is in a device set of the configuration, and 0000:01:00.0 is not; bind one after the other" 01:00.0 02:00.0 --dry-run
	refused 1 '*'"(protected)"'*nothing was changed' 0000:03:00.0 --dry-run
	mkdir "$host/sys/bus/pci/devices/$gpu/net"
	refused 1 "a network interface of $gpu is in another network namespace; stop the container that has it, or *; nothing was changed" \
		gaming --dry-run
	rmdir "$host/sys/bus/pci/devices/$gpu/net"
	handed_over bound win11
	refused 1 "gaming was given to the guest win11; shut it down, or run 'sudo vfioboot release gaming'; nothing was changed" \
		gaming --dry-run
	put run/vfioboot/handover/gaming <<<nonsense
	refused 1 'cannot read /run/vfioboot/handover/gaming: it is damaged; look at it, then remove it*' gaming --dry-run
}

@test "bind: the last display only when it is allowed" {
	machine one-display
	for function in "$root"/sys/bus/pci/devices/*; do
		[[ $(cat "$function/modalias") != *bc03sc* ]] || display=${function##*/}
	done
	refused 1 "*(last-display)*" "$display" --dry-run
	vfioboot bind "$display" --allow-last-display --dry-run
	[ "$status" -eq 0 ]
}

@test "release --dry-run: the way back, display first, and nothing is changed" {
	desktop
	handed_over bound
	before=$(fingerprint)
	vfioboot release gaming --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = "note in /run/vfioboot/handover/gaming that it is being put back
set the driver override of $gpu to nouveau
    (only the driver that had it before can take it)
set the driver override of $sound to snd_hda_intel
    (only the driver that had it before can take it)
unbind $gpu from vfio-pci
unbind $sound from vfio-pci
bind $gpu to nouveau
bind $sound to snd_hda_intel
clear the driver override of $gpu
    (its driver has it: nothing else of the hand-over is left)
clear the driver override of $sound
    (its driver has it: nothing else of the hand-over is left)
bind the text console vtcon1
start sddm.service
    (it was stopped for the hand-over)
start pipewire.socket of user 1000
    (it was stopped for the hand-over)
see whether what was started keeps running
    (a service can fail as soon as it has been started)
remove /run/vfioboot/handover/gaming" ]
	vfioboot release 02:00.1 --dry-run --json
	[ "$status" -eq 0 ]
	json_true 'length == 14 and all(.[]; .state == "planned") and .[1].why != null' \
		< <(jq -s . <<<"$output")
	[ "$(fingerprint)" = "$before" ]
}

@test "release: what was not handed over needs nothing" {
	desktop
	vfioboot release gaming 01:00.0 --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = 'gaming was not handed over: nothing to do.
01:00.0 was not handed over: nothing to do.' ]
}

@test "release: a device that is gone, and one that could be of two sets" {
	desktop
	handed_over bound
	put run/vfioboot/handover/other <<-'END'
		vfioboot-handover 1
		version 0.1.0
		guest -
		phase bound
		function 0000:01:00.0 00:01.0/00.0 10de:2206 nouveau vfio-pci -
	END
	for device in 10de:2206 class:03; do
		vfioboot release $device --dry-run
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[ "$stderr" = "vfioboot release: '$device' matches devices of more than one set: gaming, other; name the set" ]
	done
	vfioboot release 10de:1aef --dry-run
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'note in /run/vfioboot/handover/gaming that it is being put back' ]
	rm "$host/sys/bus/pci/devices/$gpu" "$host/sys/bus/pci/devices/$sound"
	for device in 02:00 02:00.1 00:01.1/00 10de:1aef; do
		vfioboot release $device --dry-run
		[ "$status" -eq 0 ]
		[ "${lines[0]}" = 'note in /run/vfioboot/handover/gaming that it is being put back' ]
		[ "${lines[1]}" = 'bind the text console vtcon1' ]
	done
}

@test "release: an override that was there before is set again, and one that was set since stays" {
	desktop
	handed_over bound
	sed -i "/^function $gpu/s/-\$/nouveau/; /^function $sound/s/-\$/none/" "$host/run/vfioboot/handover/gaming"
	echo vfio-pci >"$host/sys/bus/pci/devices/$gpu/driver_override"
	echo pci-stub >"$host/sys/bus/pci/devices/$sound/driver_override"
	vfioboot release gaming --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *"
set the driver override of $gpu to nouveau again
    (somebody has set it before the hand-over, or meanwhile)
set the driver override of $sound to pci-stub again
"* ]]
	[[ $output != *clear* ]]
}

@test "bind --back-after: of what is handed over, only the timer is started" {
	desktop
	handed_over bound
	vfioboot bind gaming --back-after 10 --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = 'start the timer vfioboot-release-gaming
    (it releases the set, whatever the screen shows then)' ]
}

@test "release: what is refused, and the remedy" {
	desktop
	vfioboot release gaming --wait week
	[ "$status" -eq 2 ]
	[[ $stderr == "vfioboot release: --wait takes 0 to 604800 seconds, not 'week'"* ]]
	vfioboot release gaming
	[ "$status" -eq 2 ]
	[[ $stderr == 'vfioboot release: only this machine can be changed; add --dry-run'* ]]
	vfioboot release 'no/device' --dry-run
	[ "$status" -eq 2 ]
	[[ $stderr == *"'no/device' is neither a device set nor a device"* ]]
	handed_over bound
	sed -i 's/^function.*/& more/' "$host/run/vfioboot/handover/gaming"
	vfioboot release gaming --dry-run
	[ "$status" -eq 1 ]
	[[ $stderr == 'vfioboot release: cannot read /run/vfioboot/handover/gaming: it is damaged; look at it, then remove it; nothing was changed' ]]
}
