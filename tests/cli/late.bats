#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Functions that appear while the system runs: the rule of udev, and vfioboot-early --late on composed
# machines, where no kernel answers. What one makes of it is in the boot tests.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run and machine.bash set these

bats_require_minimum_version 1.5.0

load machine

gpu=sys/bus/pci/devices/0000:09:00

# The GPU of four functions has just been plugged in: nothing has it.
plugged_in() {
	machine four-functions
	rm "$root/$gpu".?/driver
	config '[device gpu]' 'path = 00:01.0/00' 'id = 10de:' 'expect = 4' "$@"
}

late() {
	run --separate-stderr timeout "$HANG" "$early" --root "$root" --late "$@"
}

overrides() { # the functions of the GPU that have vfio-pci as override; another one is named
	local function override
	for function in 0 1 2 3; do
		[[ -e $root/$gpu.$function ]] || continue
		override=$(<"$root/$gpu.$function/driver_override")
		case $override in
		vfio-pci) printf '%s ' "$function" ;;
		'' | '(null)') ;;
		*) printf '%s=%s ' "$function" "$override" ;;
		esac
	done
}

record() {
	sed -n 's/^function section=\([^ ]*\) address=\([^ ]*\) .* driver=\([^ ]*\) result=/\1 \2 \3 /p' \
		"$root/run/vfioboot/late.record"
}

# Takes functions of the GPU away, and puts them there again.
away() {
	mkdir -p "$work/away"
	local function
	for function in "$@"; do
		mv "$(realpath "$root/$gpu.$function")" "$work/away/$function"
	done
}

back() {
	mv "$work/away/$1" "$(dirname "$(realpath "$root/$gpu.0")")/0000:09:00.$1"
}

@test "late: the section of the function, and no other" {
	plugged_in '[device other]' 'path = 00:08.1/00' 'last-display = yes'
	late 0000:09:00.0
	[ "$output" = failed ]
	[ "$(overrides)" = '0 1 2 3 ' ]
	[ "$(tr -d '\n' <"$root/sys/bus/pci/devices/0000:0a:00.0/driver_override")" = '(null)' ]
	run ! grep -q 'section=other' "$root/run/vfioboot/late.record"
	[ "$(record)" = 'gpu 0000:09:00.0 - failed reason=no-kernel
gpu 0000:09:00.1 - failed reason=no-kernel
gpu 0000:09:00.2 - failed reason=no-kernel
gpu 0000:09:00.3 - failed reason=no-kernel' ]
	grep -qx 'stage late' "$root/run/vfioboot/late.record"
}

@test "late: a function that no section names changes and leaves nothing" {
	plugged_in
	late 0000:0a:00.0
	[ "$status" = 0 ]
	[ -z "$output$stderr" ]
	[ ! -e "$root/run/vfioboot" ]
	[ -z "$(overrides)" ]
	late 0000:77:00.0
	[ "$status" = 0 ]
	[ ! -e "$root/run/vfioboot" ]
}

@test "late: what is no address is an error" {
	plugged_in
	for bad in 09:00 0000:09:00.0x '' 10de:1e04 0000:09:00; do
		late "$bad"
		[ "$status" = 2 ]
		[[ $stderr == *"bad argument '$bad'"* ]]
	done
	[ ! -e "$root/run/vfioboot" ]
}

@test "late: vfioboot.off, a profile that is not selected, and bind = demand" {
	plugged_in
	echo vfioboot.off >"$root/proc/cmdline"
	late 0000:09:00.0
	[ -z "$(overrides)" ]
	plugged_in 'profile = games'
	echo quiet >"$root/proc/cmdline"
	late 0000:09:00.0
	[ -z "$(overrides)" ]
	plugged_in 'bind = demand'
	late 0000:09:00.0
	[ -z "$(overrides)" ]
	[ ! -e "$root/run/vfioboot" ]
	plugged_in 'profile = games'
	echo vfioboot.profile=games >"$root/proc/cmdline"
	late 0000:09:00.0
	[ "$(overrides)" = '0 1 2 3 ' ]
}

@test "late: a section that lacks functions keeps other drivers off until they are there" {
	local run
	plugged_in
	away 2 3
	timeout "$HANG" "$early" --root "$root" --late 0000:09:00.1 2>"$work/stderr" &
	run=$!
	until [ -n "$(overrides)" ] || ! kill -0 "$run"; do
		sleep 0.01
	done
	[ "$(overrides)" = '1=none ' ]
	back 2
	back 3
	wait "$run" || true
	[ "$(overrides)" = '0 1 2 3 ' ]
	[ "$(record | grep -c no-kernel)" = 4 ]
}

@test "late: an override is taken back where the section stays incomplete" {
	plugged_in
	away 2 3
	late 0000:09:00.1
	[ "$status" = 1 ]
	[ "$output" = refused ]
	[ -z "$(overrides)" ]
	[ "$(record)" = 'gpu 0000:09:00.0 - refused reason=count
gpu 0000:09:00.1 - refused reason=count' ]
	[[ $stderr == *'0000:09:00.1 gpu [10de:10f7]: refused (count)'* ]]
}

@test "late: an incomplete section that could not be bound anyway is not waited for" {
	local from waited
	plugged_in
	away 3
	from=${EPOCHREALTIME/[.,]/}
	late 0000:09:00.1
	waited=$((${EPOCHREALTIME/[.,]/} - from))
	echo 'storage 00:01.0/00.2 10de:1ad6 / swap' >"$root/etc/vfioboot.protect"
	from=${EPOCHREALTIME/[.,]/}
	late 0000:09:00.1
	((${EPOCHREALTIME/[.,]/} - from < waited))
	[ -z "$(overrides)" ]
	[[ $(record) == *'gpu 0000:09:00.1 - refused reason=protected'* ]]
}

@test "late: a stranger at the place is refused" {
	plugged_in
	away 1 2 3
	echo 'pci:v000010DEd00002204sv000010DEsd00001234bc03sc00i00' >"$root/$gpu.0/modalias"
	sed -i 's/id = .*/id = 10de:1e04, 10de:10f7/' "$root/etc/vfioboot.conf"
	late 0000:09:00.0
	[ "$status" = 1 ]
	[ -z "$(overrides)" ]
	[ "$(record)" = 'gpu 0000:09:00.0 - refused reason=moved' ]
}

@test "late: a native driver that was faster keeps the function, unless it is to be taken" {
	plugged_in
	link "$gpu.1/driver" sys/bus/pci/drivers/snd_hda_intel
	late 0000:09:00.0
	[ "$status" = 1 ]
	[ -z "$(overrides)" ]
	[[ $(record) == *'gpu 0000:09:00.1 snd_hda_intel refused reason=has-driver'* ]]
	[[ $stderr == *'0000:09:00.1 gpu [10de:10f7]: refused (has-driver)'*'late = take'* ]]
	echo 'late = take' >>"$root/etc/vfioboot.conf"
	late 0000:09:00.0
	[ "$(overrides)" = '0 1 2 3 ' ]
	[ "$(tr -d '\n' <"$root/sys/bus/pci/drivers/snd_hda_intel/unbind")" = 0000:09:00.1 ]
}

@test "late: the last display stays" {
	plugged_in
	rm -r "$(realpath "${root:?}/sys/bus/pci/devices/0000:0a:00.0")"
	rm "$root/sys/bus/pci/devices/0000:0a:00.0"
	late 0000:09:00.0
	[ -z "$(overrides)" ]
	[[ $(record) == *'refused reason=last-display'* ]]
}

@test "late: each run replaces the lines of its sections, and keeps those of others" {
	plugged_in
	mkdir -p "$root/run/vfioboot"
	printf '%s\n' 'vfioboot-record 2' 'stage late' 'state done' \
		'function section=gp address=- path=- id=- wanted=a before=- driver=- result=absent reason=absent' \
		'function section=gpu address=0000:05:00.0 path=- id=- wanted=a before=- driver=- result=bound reason=-' \
		'function section=gpu2 address=- path=- id=- wanted=a before=- driver=- result=absent reason=absent' \
		"function section=$(printf '%09000d' 0) " garbage >"$root/run/vfioboot/late.record"
	for _ in 1 2 3; do
		late 0000:09:00.2
	done
	[ "$(record)" = 'gp - - absent reason=absent
gpu2 - - absent reason=absent
gpu 0000:09:00.0 - failed reason=no-kernel
gpu 0000:09:00.1 - failed reason=no-kernel
gpu 0000:09:00.2 - failed reason=no-kernel
gpu 0000:09:00.3 - failed reason=no-kernel' ]
	[ "$(grep -c '^state' "$root/run/vfioboot/late.record")" = 1 ]
}

@test "late: runs at the same time wait for each other" {
	local run
	plugged_in
	for run in 0 1 2 3 0 1 2 3; do
		"$early" --root "$root" --late "0000:09:00.$run" 2>/dev/null &
	done
	wait
	[ "$(overrides)" = '0 1 2 3 ' ]
	[ "$(record | grep -c no-kernel)" = 4 ]
	[ "$(cd "$root/run/vfioboot" && echo * .[a-z]*)" = 'late.lock late.record .[a-z]*' ]
}

@test "late: a dry run prints the plan, and writes nothing" {
	plugged_in
	late 0000:09:00.3 --dry-run
	[ "$status" = 0 ]
	[ "$output" = '0000:09:00.0 gpu bind vfio-pci
0000:09:00.1 gpu bind vfio-pci
0000:09:00.2 gpu bind vfio-pci
0000:09:00.3 gpu bind vfio-pci' ]
	[ -z "$(overrides)" ]
	[ ! -e "$root/run/vfioboot" ]
}

@test "late: a bad value of the key is an error" {
	plugged_in 'late = yes'
	late 0000:09:00.0
	[ "$status" = 2 ]
	[[ $stderr == *"/etc/vfioboot.conf:5: bad value 'yes' of 'late'; use leave or take"* ]]
}

@test "the rule of udev is one" {
	run udevadm verify --help
	[ "$status" = 0 ] || skip "udevadm verify is in systemd 254 and later"
	run -0 udevadm verify "$top/udev/60-vfioboot.rules"
}

@test "check: a rule that is missing on the system, or another one in its place" {
	load host
	host_of_two_cards "$work/host"
	config() { mkdir -p "$host/etc" && printf '%s\n' "$@" >"$host/etc/vfioboot.conf"; }
	rule() {
		run "$vfioboot" check --root "$host"
		sed -n '/ udev-rule /,/^  [a-z]/p' <<<"$output"
	}
	config '[device a]' 'path = 00:01.1/00'
	[ -z "$(rule)" ]
	mkdir -p "$host/etc/udev/rules.d"
	touch "$host/etc/udev/rules.d/60-vfioboot.rules"
	[[ $(rule) == *fail*'/etc/udev/rules.d/60-vfioboot.rules takes the place'* ]]
	rm "$host/usr/lib/udev/rules.d/60-vfioboot.rules"
	[[ $(rule) == *fail*'/usr/lib/udev/rules.d/60-vfioboot.rules is'*missing* ]]
	# Nothing is bound at boots, so nothing later.
	config '[device a]' 'path = 00:01.1/00' 'bind = demand'
	[ -z "$(rule)" ]
}

# The record of runs for functions that appeared: of the second card, which has come and gone.
late_host() { # DRIVER RESULT REASON
	host_of_two_cards "$work/host"
	mkdir -p "$host/etc"
	printf '%s\n' '[device gpu]' 'path = 00:01.1/00' 'id = 10de:' 'expect = 2' >"$host/etc/vfioboot.conf"
	host_boot
	sed -i 's/driver=vfio-pci result=bound/driver=- result=absent/' "$host/run/vfioboot/initramfs.record"
	sed "s/^stage .*/stage late/; s/driver=[^ ]* result=.*/driver=$1 result=$2 reason=$3/; s/before=[^ ]*/before=-/" \
		"$host/run/vfioboot/initramfs.record" >"$host/run/vfioboot/late.record"
}

@test "status, list and explain: what the last run did counts" {
	load host
	late_host vfio-pci bound -
	run -0 "$vfioboot" status --root "$host"
	[[ $output == *'0000:02:00.0 '*'bound when it appeared'* ]]
	run -0 "$vfioboot" status --root "$host" --json
	json=$output
	json_is '.functions | all(.result == "bound" and .stage == "late")'
	json_is '.boot.stages == ["initramfs", "late"]'
	run -0 "$vfioboot" explain --root "$host" 02:00.0
	[[ $output == *'bound when it appeared'* ]]
	# It is taken out.
	rm "$host"/sys/bus/pci/devices/0000:02:00.?
	run "$vfioboot" status --root "$host"
	[[ $output == *'it was bound, but has disappeared since'* ]]
}

@test "status and list: a driver that was faster" {
	load host
	late_host nvidia refused has-driver
	for function in 0 1; do
		ln -sfn ../../../../bus/pci/drivers/nvidia \
			"$(realpath "$host/sys/bus/pci/devices/0000:02:00.$function")/driver"
	done
	run "$vfioboot" status --root "$host"
	[[ $output == *'another driver was faster'*'late = take'* ]]
	run -0 "$vfioboot" list --root "$host" --json
	json=$output
	json_is '[.functions[] | select(.section == "gpu")] | length == 2 and all(.result == "refused" and .reason == "has-driver")'
}
