#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run and machine.bash set these
#
# `vfioboot plan`: the same decisions as the early program on every fixture, as JSON and as
# text for people.

bats_require_minimum_version 1.5.0

load machine

# The JSON on stdin as the lines that the early program prints: it sees what is there, and so knows
# nothing of "later".
as_lines() {
	jq -r '.plan[] | select(.action != "demand") | [.address // "-", .section, (.action | sub("later"; "bind")),
		if .reason == null then .wanted else .reason end] | join(" ")'
}

# What plan says of the case in place is what the early program says; or, where who has a function
# now makes a difference to that, what is expected of the next boot.
same_as_early() { # CASE
	local status=0 early_status=0
	"$early" --root "$root" --dry-run >"$work/early" 2>"$work/early.err" || early_status=$?
	"$vfioboot" plan --root "$root" --json >"$work/json" 2>"$work/err" || status=$?
	json_true '.plan | type == "array"' <"$work/json"
	if [[ -f $1/next-boot ]]; then
		diff <(as_lines <"$work/json") "$1/next-boot"
		return
	fi
	diff <(as_lines <"$work/json") "$work/early"
	# Errors: the same; they and refusals are 1 here.
	[[ ! -s $work/err && ! -s $work/early.err ]] ||
		diff <(sed 's/^vfioboot plan: //' "$work/err") <(sed 's/^vfioboot-early: //' "$work/early.err")
	((status == (early_status ? 1 : 0)))
}

# bats test_tags=slow
@test "as the early program, on every fixture" {
	local fixture fixtures_seen=0
	for fixture in "$fixtures"/*/; do
		rm -rf "${root:?}"
		each_case "$(basename "$fixture")" same_as_early
		fixtures_seen=$((fixtures_seen + 1))
	done
	((fixtures_seen >= 15))
}

@test "the JSON has every documented key, and says where the section is" {
	machine identical-cards
	config '# one' '[device second]' 'path = 00:01.1/00' '[device lost]' 'path = 00:1e.0'
	run -1 --separate-stderr "$vfioboot" plan --root "$root" --json
	json_true '.plan | length == 3' <<<"$output"
	json_true '[.plan[] | keys] | unique == [["action", "address", "at_the_next_boot", "driver",
		"file", "id", "line", "name", "path", "reason", "remark", "section", "settings", "wanted"]]' <<<"$output"
	json_true '.plan[0] == {section: "second", address: "0000:02:00.0",
		path: "00:01.1/00.0", id: "10de:2206", driver: "nouveau", action: "bind",
		wanted: "vfio-pci", reason: null, file: "/etc/vfioboot.conf", line: 2,
		at_the_next_boot: "vfio-pci", name: "NVIDIA GeForce RTX 3080", remark: null, settings: []}' <<<"$output"
	json_true '.plan[2] == {section: "lost", address: null, path: null, id: null,
		driver: null, action: "refuse", wanted: "vfio-pci", reason: "absent",
		file: "/etc/vfioboot.conf", line: 4, at_the_next_boot: "refused", name: null,
		remark: "no function that its section names is present; is the device plugged in and powered on, or does a driver create it later?", settings: []}' <<<"$output"
}

@test "nothing configured: says so, and what to do" {
	machine identical-cards
	run -0 --separate-stderr "$vfioboot" plan --root "$root"
	[[ $output == 'Nothing is configured: '*"'vfioboot list'"*"'sudo vfioboot add DEVICE'"* ]]
	[[ -z $stderr ]]
	run -0 "$vfioboot" plan --root "$root" --json
	json_true '.plan == []' <<<"$output"
}

@test "a configuration that cannot be read is not one that configures nothing" {
	machine identical-cards
	mkdir -p "$root/etc/vfioboot.conf"
	for command in plan status; do
		run -1 --separate-stderr "$vfioboot" $command --root "$root"
		[[ $output == 'No device could be read from the configuration, which has errors.'*"'vfioboot check'"* ]]
		[[ $output != *'Nothing is configured'* && $stderr == *'/etc/vfioboot.conf'* ]]
	done
	run -1 "$vfioboot" check --root "$root"
	[[ $output == *'/etc/vfioboot.conf'* ]]
}

@test "people see the driver of now and of the next boot" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00' 'expect = 2'
	run -0 --separate-stderr "$vfioboot" plan --root "$root"
	[[ ${lines[0]} == 'The next boot will bind 2 functions, as configured.' ]]
	[[ $output =~ 'SECTION'\ +'ADDRESS'\ +'ID'\ +'DRIVER NOW'\ +'AT THE NEXT BOOT' ]]
	[[ $output =~ second\ +0000:02:00.0\ +10de:2206\ +nouveau\ +vfio-pci ]]
	[[ $output =~ second\ +0000:02:00.1\ +10de:1aef\ +snd_hda_intel\ +vfio-pci ]]
	[[ $output == *"'sudo vfioboot apply'"* && $output != *refused* && -z $stderr ]]
	name=$("$vfioboot" list --root "$root" --json | jq -r '.functions[] |
		select(.address == "0000:02:00.1").name')
	[[ -n $name && $output == *"$name"* ]]
}

@test "a driver of its own, and none" {
	machine identical-cards
	config '[device a]' 'path = 00:01.1/00.0' 'driver = none' '[device b]' \
		'path = 00:01.1/00.1' 'driver = mlx5-vfio-pci'
	run -0 "$vfioboot" plan --root "$root"
	[[ $output =~ a\ +0000:02:00.0\ .*'kept without a driver' ]]
	[[ $output =~ b\ +0000:02:00.1\ .*'mlx5-vfio-pci' ]]
}

@test "a refusal is printed once a section, with its place and what to do" {
	machine no-iommu
	config '' '[device gpu]' 'path = 00:01.0/00'
	run -1 --separate-stderr "$vfioboot" plan --root "$root"
	[[ $output == *'1 section is refused, for the reason below.'* ]]
	[ "$(grep -c 'gpu (/etc/vfioboot.conf:2): refused: it has no IOMMU group' <<<"$output")" -eq 1 ]
	[[ $(grep -cE '^gpu .* refused( |$)' <<<"$output") -eq 2 ]]
	[[ $output == *$'\n\ngpu (/etc/'* ]]
}

@test "what is protected is shown with what it carries" {
	machine nvme-in-gpu-group
	config '[device disk]' 'path = 00:06.0/00'
	echo 'storage 00:06.0/00.0 144d:a80c / swap' >"$root/etc/vfioboot.protect"
	run -1 "$vfioboot" plan --root "$root"
	[[ $output == *'disk (/etc/vfioboot.conf:1): refused: this host runs on it'* ]]
	[[ $output == *$'\n  0000:02:00.0 carries: / swap\n'* ]]
	[[ $output == *'Which devices this machine runs on is unknown'* ]]
}

@test "a running host is traced, whatever its protect list said" {
	machine nvme-in-gpu-group
	local disk=sys/devices/pci0000:00/0000:00:06.0/0000:02:00.0/nvme/nvme0/nvme0n1
	mkdir -p "$root"/{"$disk",sys/dev/block,sys/class/block,proc/self}
	ln -s "../../../$disk" "$root/sys/dev/block/259:0"
	echo '24 1 259:0 / / rw shared:1 - ext4 /dev/nvme0n1 rw' >"$root/proc/self/mountinfo"
	config '[device disk]' 'path = 00:06.0/00'
	run -1 "$vfioboot" plan --root "$root"
	[[ $output == *$'\n  0000:02:00.0 carries: /\n'* ]]
	[[ $output != *'Which devices this machine runs on is unknown'* ]]
}

@test "sections that do not count are shown with the reason" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00' 'profile = games'
	run -0 --separate-stderr "$vfioboot" plan --root "$root"
	[[ ${lines[0]} == 'The next boot will bind nothing.' && -z $stderr ]]
	[[ $output == *$'\n\n'"second (/etc/vfioboot.conf:1): inactive: its profile 'games'"* ]]
	[[ $output == *'vfioboot.profile=games'* ]]
	config '[boot]' 'when = selected' '[device second]' 'path = 00:01.1/00'
	run -0 "$vfioboot" plan --root "$root"
	[[ $output == *"second (/etc/vfioboot.conf:3): inactive: 'when = selected'"* ]]
}

@test "--cmdline tries another command line" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00' 'profile = games'
	run -0 "$vfioboot" plan --root "$root" --cmdline 'ro vfioboot.profile=games' --json
	json_true '[.plan[].section] == ["second", "second"]' <<<"$output"
	run -0 "$vfioboot" plan --root "$root" --cmdline 'vfioboot.profile=games vfioboot.off'
	[[ $output == *'vfioboot.off is on the kernel command line'* ]]
	run -0 "$vfioboot" plan --root "$root" --cmdline vfioboot.device=00:01.1/00.0 --json
	json_true '.plan == [{section: "cmdline1", address: "0000:02:00.0",
		path: "00:01.1/00.0", id: "10de:2206", driver: "nouveau", action: "bind",
		wanted: "vfio-pci", reason: null, file: "kernel command line", line: null,
		at_the_next_boot: "vfio-pci", name: "NVIDIA GeForce RTX 3080", remark: null, settings: []}]' <<<"$output"
	# In place of the machine's own.
	echo 'vfioboot.profile=games' >"$root/proc/cmdline"
	run -0 "$vfioboot" plan --root "$root" --cmdline '' --json
	json_true '.plan == []' <<<"$output"
}

@test "errors of the configuration go to stderr with file and line, and are 1" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00' '[boot]' 'wen = always'
	run -1 --separate-stderr "$vfioboot" plan --root "$root"
	[[ $stderr == 'vfioboot plan: /etc/vfioboot.conf:4: '*wen* ]]
	[[ $output == *'will bind 2 functions'* ]]
}

@test "a tree without sysfs is an error, with what is configured still shown" {
	mkdir -p "$root/etc"
	config '[device second]' 'path = 00:01.1/00'
	run -1 --separate-stderr "$vfioboot" plan --root "$root"
	[[ $output == *'refused: no function that its section names is present'* ]]
	run -1 --separate-stderr "$vfioboot" plan --root "$root/nowhere"
	[[ -z $output && $stderr == *"$root/nowhere"* ]]
}

@test "plan changes nothing" {
	machine identical-cards
	config '[device second]' 'path = 00:01.1/00'
	find "$root" -printf '%P %s %T@ %l\n' | sort >"$work/before"
	run -0 "$vfioboot" plan --root "$root"
	[[ $output == *0000:02:00.0* ]]
	find "$root" -printf '%P %s %T@ %l\n' | sort >"$work/after"
	cmp "$work/before" "$work/after"
}

@test "a display that comes after udev has started is none that stays" {
	machine two-displays
	rm "$root/sys/bus/pci/devices/0000:03:00.0"
	config '[device gpu]' 'path = 00:01.0/00'
	run "$vfioboot" plan --root "$root"
	[[ $output == 'The next boot will bind 2 functions, as configured.'* ]]
	for function in 0 1; do
		echo removable >"$root/sys/bus/pci/devices/0000:02:00.$function/removable"
	done
	run "$vfioboot" plan --root "$root"
	[[ $status = 1 && $output == *'refused: the host would have no display left'* ]]
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "boot-display") | .found] ==
		["it is the last display that a boot has: another one is there only after udev has started"]' <<<"$output"
	# While the system runs it is there.
	config '[device gpu]' 'path = 00:01.0/00' 'bind = demand'
	run "$vfioboot" plan --root "$root"
	[[ $status = 0 && $output != *'refused now'* ]]
}
