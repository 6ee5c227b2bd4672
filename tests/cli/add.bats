#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # run sets output, stderr and status
#
# `vfioboot add` on composed machines: what it finds, writes and refuses, and that the early program
# then does exactly that.

bats_require_minimum_version 1.5.0

load machine

# host_in_memory FIXTURE [LINE]...: composes it, with more lines, as a host that runs from memory
host_in_memory() {
	machine_with "$@"
	mkdir -p "$root"/proc/self "$root"/sys/dev/block "$root"/sys/class/block
	mount_line 0:25 / tmpfs tmpfs
}

add() {
	run --separate-stderr "$vfioboot" add --root "$root" "$@"
}

dropin() {
	cat "$root/etc/vfioboot.conf.d/$1.conf"
}

# What the drop-in has besides comments.
section() {
	dropin "$1" | grep -v '^#'
}

plan() {
	run --separate-stderr "$early" --root "$root" --dry-run
}

# It failed with each of the texts in its messages, and wrote nothing.
refused() {
	local text
	[ "$status" -eq 1 ]
	[ ! -e "$root/etc/vfioboot.conf.d" ]
	for text in "$@"; do
		[[ $stderr == *"$text"* ]] || {
			printf 'no "%s" in:\n%s\n' "$text" "$stderr"
			return 1
		}
	done
}

@test "a card with its audio function, and the early program takes exactly those" {
	host_in_memory identical-cards
	add 01:00.0
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == 'Device set gpu:'*0000:01:00.0*10de:2206*0000:01:00.1*'added: same device'* ]]
	[[ $output == *'Wrote /etc/vfioboot.conf.d/gpu.conf.'*'vfioboot apply'*reboot* ]]
	[ "$(section gpu)" = '[device gpu]
path = 00:01.0/00
id = 10de:2206, 10de:1aef
expect = 2' ]
	[[ $(dropin gpu | head -n 1) == "# Written by 'vfioboot add'"* ]]
	[ "$(stat -c %a "$root/etc/vfioboot.conf.d/gpu.conf")" = 644 ]
	plan
	[ "$output" = '0000:01:00.0 gpu bind vfio-pci
0000:01:00.1 gpu bind vfio-pci' ]
}

@test "the same card by each kind of selector" {
	host_in_memory identical-cards
	add --dry-run 01:00.0
	expected=$output
	for device in 0000:01:00.0 01:00 00:01.0/00 00:01.0/00.0; do
		add --dry-run "$device"
		[ "$output" = "${expected}" ] ||
			[ "$(tail -n 7 <<<"$output")" = "$(tail -n 7 <<<"$expected")" ]
	done
	machine_has_one=0000:00:14.0
	add --dry-run 8086:a36d
	[[ $output == *"$machine_has_one"* ]]
	add --dry-run class:0c0330
	[[ $output == *"$machine_has_one"* ]]
}

@test "identical cards by id are listed with their paths" {
	host_in_memory identical-cards
	add 10de:2206
	refused "'10de:2206' matches more than one device" '0000:01:00.0  00:01.0/00.0' \
		'0000:02:00.0  00:01.1/00.0'
	add gpu:auto
	refused 'can spare more than one' '00:01.0/00.0' '00:01.1/00.0'
	[[ $stderr != *0000:00:02.0* ]]
}

@test "the second card is gpu2, and gpu:auto finds it when it is the only one left" {
	host_in_memory identical-cards
	add 01:00.0
	add gpu:auto
	[ "$status" -eq 0 ]
	[ "$(section gpu2)" = '[device gpu2]
path = 00:01.1/00
id = 10de:2206, 10de:1aef
expect = 2' ]
	plan
	[ "$(grep -c ' bind vfio-pci$' <<<"$output")" -eq 4 ]
	add gpu:auto
	[ "$status" -eq 1 ]
	[[ $stderr == *'can spare none'*'boot display'*'already in [device gpu], /etc/vfioboot.conf.d/gpu.conf:4'* ]]
}

@test "gpu:auto counts only cards that 'add' takes" {
	host_in_memory nested-bridges
	add --dry-run 81:00.0
	refused 'another device has the same ids'
	add gpu:auto
	[ "$status" -eq 0 ]
	[[ $output == 'Device set gpu:'*0000:06:00.0*0000:06:00.1* ]]
	rm "$root/etc/vfioboot.conf.d/gpu.conf"
	rmdir "$root/etc/vfioboot.conf.d"
	config '[device dock]' 'path = 00:07.0/00.0/01.0/00'
	add gpu:auto
	refused 'can spare none' '0000:81:00.0' 'cannot be distinguished from another device'
}

@test "several devices given together are one set" {
	host_in_memory identical-cards
	add --name both 01:00.0 02:00.0 00:14.0
	[ "$status" -eq 0 ]
	[ "$(section both)" = '[device both]
path = 00:14.0
path = 00:01.0/00
path = 00:01.1/00
id = 8086:a36d, 10de:2206, 10de:1aef
expect = 5' ]
	plan
	[ "$(grep -c ' both bind vfio-pci$' <<<"$output")" -eq 5 ]
}

@test "--dry-run prints the file and writes nothing" {
	host_in_memory identical-cards
	before=$(find "$root" | sort)
	add --dry-run 01:00.0
	[ "$status" -eq 0 ]
	[[ $output == *'Would write /etc/vfioboot.conf.d/gpu.conf:'* ]]
	printed=$(sed '1,/^Would write/d' <<<"$output" | sed 1d)
	[ "$(find "$root" | sort)" = "$before" ]
	add 01:00.0
	[ "$(dropin gpu)" = "$printed" ]
}

@test "--json: the set, what the next boot does with it, and that it was written" {
	host_in_memory identical-cards
	add 01:00.0 --json --dry-run
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	json_true '(del(.text) == {section: "gpu", profile: null, bind: "boot", driver: "vfio-pci", machine: null,
		file: "/etc/vfioboot.conf.d/gpu.conf", accepted: true, differs: true, written: false, only: false,
		functions: [
			{address: "0000:01:00.0", id: "10de:2206", name: "NVIDIA GeForce RTX 3080",
				why: "named", next_boot: "bind"},
			{address: "0000:01:00.1", id: "10de:1aef", name: "NVIDIA GA102 HD Audio",
				why: "card", next_boot: "bind"}],
		physical: [], left_out: [], obstacles: []}) and (.text | contains("\n[device gpu]\n"))' <<<"$output"
	[ ! -e "$root/etc/vfioboot.conf.d" ]
	add 01:00.0 --json --profile games
	json_true '.written and .profile == "games"' <<<"$output"
	[[ $(section gpu) == *'profile = games'* ]]
}

@test "--json: each obstacle with its remedy, and nothing is written" {
	host_in_memory identical-cards
	disk 0000:03:00.0 nvme0n1 259:0
	mount_line 259:0 /data ext4 /dev/nvme0n1
	add 03:00.0 --json
	[ "$status" -eq 1 ]
	[ -z "$stderr" ]
	json_true '.accepted == false and .written == false and .obstacles == [{
		address: "0000:03:00.0", refuses: true, text: "0000:03:00.0 carries /data",
		remedy: "unmount it and remove it from /etc/fstab, or use --allow-mounted"}]' <<<"$output"
	[ ! -e "$root/etc/vfioboot.conf.d" ]
	add 03:00.0 --json --allow-mounted
	[ "$status" -eq 0 ]
	json_true '.written and [.obstacles[] | .refuses, .remedy] == [false, null]' <<<"$output"
}

@test "--name and --profile" {
	host_in_memory identical-cards
	add --name gaming --profile games 01:00.0
	[ "$status" -eq 0 ]
	[[ $output == *"The normal entry leaves it to the host: 'sudo vfioboot try --profile games'"*"sudo vfioboot entry add'"*'to the boot menu.' ]]
	[[ $output != *'then reboot'* ]]
	[ "$(section gaming | tail -n 1)" = 'profile = games' ]
	plan
	[ -z "$output" ]
	echo vfioboot.profile=games >"$root/proc/cmdline"
	plan
	[ "$(grep -c ' gaming bind vfio-pci$' <<<"$output")" -eq 2 ]
}

@test "a section for boots that name a profile is tried as one" {
	host_in_memory identical-cards
	printf '[boot]\nwhen = selected\n' >"$root/etc/vfioboot.conf"
	echo vfioboot.off >"$root/proc/cmdline"
	add 01:00.0
	[ "$status" -eq 0 ]
	[[ $output == *"('when = selected'): 'sudo vfioboot try' boots with it once"*'to the boot menu.' ]]
	add --only --profile p --allow-last-display --name more 00:02.0
	[ "$status" -eq 0 ]
	[[ $stderr == *'warning: 0000:00:02.0 is the boot display; the firmware and the boot menu appear on it, and nothing of the host'* ]]
}

@test "a configuration with errors: what could be added is shown, and nothing is written" {
	host_in_memory identical-cards
	printf '[boot]\nwhen = sometimes\n' >"$root/etc/vfioboot.conf"
	add 01:00.0
	[ "$status" = 1 ]
	[[ $stderr == 'vfioboot add: /etc/vfioboot.conf:2: '*'nothing was changed; correct the configuration and try again' ]]
	[ ! -e "$root/etc/vfioboot.conf.d" ]
	add --dry-run 01:00.0
	[ "$status" = 1 ]
	[[ $output == *'Would write'* ]]
	add --dry-run --json 01:00.0
	[ "$status" = 1 ]
	json_true '.accepted == false and .differs' <<<"$output"
}

@test "--replace: an error in the file that is replaced goes, one elsewhere is no matter where all is right" {
	host_in_memory identical-cards
	add 02:00.0 --name gpu
	sed -i 's/^expect/expecct/' "$root/etc/vfioboot.conf.d/gpu.conf"
	add 02:00.0 --name gpu --replace
	[ "$status" = 0 ]
	[[ $output == *'Wrote /etc/vfioboot.conf.d/gpu.conf.'* ]]
	printf '[boot]\nwhen = sometimes\n' >"$root/etc/vfioboot.conf"
	add 02:00.0 --name gpu --replace
	[ "$status" = 0 ]
	[[ $output == *'/etc/vfioboot.conf.d/gpu.conf is as it should be.'* ]]
	add 01:00.0 --name gpu --replace --json
	[ "$status" = 1 ]
	json_true '.accepted == false and .written == false' <<<"$output"
}

@test "what is so of all functions of a card is said once" {
	host_in_memory identical-cards
	rm "$root"/sys/bus/pci/devices/0000:02:00.?/iommu_group
	add 02:00
	[ "$status" = 1 ]
	[[ $stderr == 'vfioboot add: 0000:02:00.0, like 0000:02:00.1, has no IOMMU group; '* ]]
	[ "$(grep -c 'has no IOMMU group' <<<"$stderr")" = 1 ]
}

@test "a name or a file that is there is not taken" {
	host_in_memory identical-cards
	mkdir -p "$root/etc/vfioboot.conf.d" "$root/usr/lib/vfioboot.conf.d"
	printf '# mine\n' >"$root/etc/vfioboot.conf.d/gpu.conf"
	ln -s /dev/null "$root/etc/vfioboot.conf.d/gpu2.conf"
	printf '[device gpu3]\npath = 00:1f.7\n' >"$root/etc/vfioboot.conf"
	printf '# theirs\n' >"$root/usr/lib/vfioboot.conf.d/gpu4.conf"
	for name in gpu gpu2 gpu4; do
		add --name "$name" 01:00.0
		[ "$status" -eq 1 ]
		[[ $stderr == *"already a drop-in $name.conf"*--name* ]]
	done
	add --name gpu3 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *'already a [device gpu3] in /etc/vfioboot.conf:1'* ]]
	add 01:00.0
	[ "$status" -eq 0 ]
	[ -f "$root/etc/vfioboot.conf.d/gpu5.conf" ]
	[ "$(dropin gpu)" = '# mine' ]
}

@test "misuse: names and devices that are none, with 2" {
	host_in_memory identical-cards
	while read -r line; do
		read -ra arguments <<<"$line"
		add "${arguments[@]}"
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ ! -e "$root/etc/vfioboot.conf.d" ]
	done <<-'END'
		--name
		--name a/b 01:00.0
		--name .hidden 01:00.0
		--profile a,b 01:00.0
		--nonsense 01:00.0
		01:00.0 nonsense
		1:0.0
		net:auto
	END
	run -2 "$vfioboot" add --root "$root"
	[[ $output == *'no device given'* ]]
}

@test "what is not there" {
	host_in_memory identical-cards
	add 10de:ffff
	refused "no device matches '10de:ffff'" 'vfioboot list'
	add nvme:auto
	[ "$status" -eq 0 ] # 03:00.0, of which nothing is used
	add 01:00.0 09:00.0
	[ "$status" -eq 1 ]
	[ ! -e "$root/etc/vfioboot.conf.d/gpu.conf" ]
}

@test "a function that is in a section already, with file and line" {
	host_in_memory identical-cards
	printf '\n[device mine]\nid = 10de:1aef\nprofile = never\n' >"$root/etc/vfioboot.conf"
	add 01:00.0
	refused '0000:01:00.1, added with its device, is already in [device mine], /etc/vfioboot.conf:2' \
		'delete that section there first'
	rm "$root/etc/vfioboot.conf"
	add --name mine 01:00.0
	add 01:00.1
	[ "$status" -eq 1 ]
	[[ $stderr == *"remove that first with 'sudo vfioboot remove mine'"* ]]
}

@test "--only takes the function alone; its group says what that means" {
	host_in_memory two-displays
	add --only 01:00.0
	[ "$status" -eq 0 ]
	[ "$(section gpu)" = '[device gpu]
path = 00:01.0/00.0
id = 1002:73bf
expect = 1' ]
	add --only 02:00.1
	[ "$status" -eq 1 ]
	[[ $stderr == *'0000:02:00.1 shares IOMMU group 22 with 0000:02:00.0, which the host uses (driver nouveau)'* ]]
	[[ $stderr == *"run 'sudo vfioboot add 02:00.1 00:03.1/00.0', or use --allow-partial-group"* ]]
	add --only --profile gaming 02:00.1
	[[ $stderr == *"run 'sudo vfioboot add --profile gaming 02:00.1 00:03.1/00.0', or use"* ]]
	add --only --demand 02:00.1
	[[ $stderr == *"run 'sudo vfioboot add --demand 02:00.1 00:03.1/00.0', or use"* ]]
	add --only --allow-partial-group 02:00.1
	[ "$status" -eq 0 ]
	[[ $stderr == *'warning: 0000:02:00.1 shares IOMMU group'* ]]
	plan
	[[ $output == *'0000:02:00.1 audio bind vfio-pci'* ]]
}

@test "the last display needs --allow-last-display" {
	host_in_memory one-display
	add gpu:auto
	refused 'can spare none' '0000:01:00.0' 'is the boot display' 'is the last display'
	add 01:00.0
	refused '0000:01:00.0 is the last display of the host' --allow-last-display
	add --allow-last-display 01:00.0
	[ "$status" -eq 0 ]
	[ "$(section gpu | tail -n 1)" = 'last-display = yes' ]
	plan
	[ "$(grep -c ' gpu bind vfio-pci$' <<<"$output")" -eq 2 ]
}

@test "--allow-last-display says nothing of a display that is not the last" {
	host_in_memory identical-cards
	add --allow-last-display 01:00.0
	[ "$status" -eq 0 ]
	[[ $(section gpu) == *'path = '* && $(section gpu) != *last-display* ]]
}

@test "a display that another section counts on" {
	host_in_memory nvme-in-gpu-group
	dir=$root/etc/vfioboot.conf.d
	mkdir "$dir"
	printf '[device zz]\npath = 00:02.0\n' >"$dir/zz.conf"
	add --allow-partial-group 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *'0000:01:00.0 is the last display of the host'* ]]
	add --allow-partial-group --allow-last-display 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *'[device zz] (/etc/vfioboot.conf.d/zz.conf:1) the host would have no display left'* ]]
	[ ! -e "$dir/gpu.conf" ]
	# In a section before it is only this one that is asked.
	mv "$dir/zz.conf" "$dir/aa.conf"
	add --allow-partial-group --allow-last-display 01:00.0
	[ "$status" -eq 0 ]
	[ "$(section gpu | tail -n 1)" = 'last-display = yes' ]
}

@test "two profiles that are never asked for together" {
	host_in_memory nvme-in-gpu-group
	printf '[device one]\npath = 00:02.0\nprofile = one\n' >"$root/etc/vfioboot.conf"
	add --allow-partial-group --profile one 01:00.0
	refused '0000:01:00.0 is the last display'
	add --allow-partial-group 01:00.0
	refused '0000:01:00.0 is the last display'
	add --allow-partial-group --profile two 01:00.0
	[ "$status" -eq 0 ]
}

@test "a serial port with a console of the host: it is said" {
	machine_with two-displays '0000:00:16.3 8086:a13d 070002 driver=serial group=30' \
		'file sys/devices/pci0000:00/0000:00:16.3/tty/ttyS4/dev 4:68' \
		'link sys/class/tty/ttyS4 ../../devices/pci0000:00/0000:00:16.3/tty/ttyS4' \
		'file sys/class/tty/console/active tty0 ttyS4'
	mkdir -p "$root"/proc/self "$root"/sys/dev/block "$root"/sys/class/block
	mount_line 0:25 / tmpfs tmpfs
	add 00:16.3
	[ "$status" -eq 0 ]
	[[ $stderr == *'warning: 0000:00:16.3 carries the console ttyS4'* ]]
	run -0 "$vfioboot" explain --root "$root" --json 00:16.3
	json_true '.functions[0].uses == [{kind: "console", what: "ttyS4", untraced: false}]' <<<"$output"
	run -0 "$vfioboot" explain --root "$root" 00:16.3
	[[ $output == *'ts line ttyS4 is a console of the host'* ]]
}

# What vfio-pci has for now goes back to the host at the next boot, unless nothing wants it.
@test "a drive in the card's group that is on vfio-pci by hand is the host's at the next boot" {
	host_in_memory nvme-in-gpu-group
	index 'host_module vfio-pci' "host_module nvme 'pci:v*d*sv*sd*bc01sc08i02*'"
	ln -sfn ../../../../bus/pci/drivers/vfio-pci "$root/sys/bus/pci/devices/0000:02:00.0/driver"
	add 01:00.0
	refused '0000:01:00.0 shares IOMMU group 12 with 0000:02:00.0, which the host gets back at the next boot (driver nvme)' \
		"run 'sudo vfioboot add 01:00.0 00:06.0/00.0', or use --allow-partial-group"
	rm -r "${root:?}/lib/modules"
	index 'host_module vfio-pci'
	add 01:00.0
	[ "$status" -eq 0 ]
}

@test "root on the drive in the card's group: move the card" {
	host_in_memory nvme-in-gpu-group
	disk 0000:02:00.0 nvme0n1 259:0
	: >"$root/proc/self/mountinfo"
	mount_line 259:0 / ext4 /dev/nvme0n1
	add 01:00.0
	refused '0000:01:00.0 shares IOMMU group 12 with 0000:02:00.0, which the host uses (driver nvme, for /)' \
		'in another slot, the card may have a group of its own'
	[[ $stderr != *"run 'sudo vfioboot add"* ]]
	add 01:00.0 02:00.0
	refused '0000:02:00.0 carries /; this host runs from it' 'is never bound'
	add --allow-mounted --allow-partial-group 02:00.0
	refused '0000:02:00.0 carries /'
	# The other drive of the same model is spare.
	add nvme:auto
	[ "$status" -eq 0 ]
	[ "$(section nvme)" = '[device nvme]
path = 00:1b.0/00
id = 144d:a80c
expect = 1' ]
	plan
	[ "$output" = '0000:03:00.0 nvme bind vfio-pci' ]
}

@test "an empty drive in the card's group: give both" {
	host_in_memory nvme-in-gpu-group
	add 01:00.0
	refused "run 'sudo vfioboot add 01:00.0 00:06.0/00.0', or use --allow-partial-group"
	add 01:00.0 00:06.0/00.0
	[ "$status" -eq 0 ]
	[ "$(section gpu)" = '[device gpu]
path = 00:01.0/00
path = 00:06.0/00
id = 10de:2704, 10de:22bb, 144d:a80c
expect = 3' ]
}

@test "a section that has the rest of the group does as well" {
	host_in_memory nvme-in-gpu-group
	printf '[device drive]\npath = 00:06.0/00\n' >"$root/etc/vfioboot.conf"
	add 01:00.0
	[ "$status" -eq 0 ]
	[[ $(section gpu) == *'path = '* ]]
}

@test "other mounts, swap and resume" {
	host_in_memory nvme-in-gpu-group
	disk 0000:03:00.0 nvme1n1 259:5
	mount_line 259:5 /data ext4 /dev/nvme1n1
	mount_line 259:5 /srv ext4 /dev/nvme1n1
	add nvme:auto
	refused 'can spare none' '0000:03:00.0' 'carries /data' 'carries /srv'
	add 03:00.0
	refused '0000:03:00.0 carries /data, /srv' 'unmount it' --allow-mounted
	add --allow-mounted 03:00.0
	[ "$status" -eq 0 ]
	[[ $stderr == *'warning: 0000:03:00.0 carries /data, /srv'* ]]
	rm -r "${root:?}/etc/vfioboot.conf.d"
	printf '%s\n' 'Filename	Type	Size	Used	Priority' \
		'/dev/nvme1n1 partition 100 0 -2' >"$root/proc/swaps"
	add --allow-mounted 03:00.0
	refused '0000:03:00.0 carries /data, /srv, the swap /dev/nvme1n1; this host runs from it'
}

@test "a drive in a RAID that is not mounted" {
	host_in_memory nvme-in-gpu-group
	disk 0000:03:00.0 nvme1n1 259:5
	mkdir -p "$root"/sys/devices/virtual/block/md7/{md,slaves}
	link sys/class/block/md7 sys/devices/virtual/block/md7
	link sys/devices/virtual/block/md7/slaves/nvme1n1 sys/class/block/nvme1n1
	rm "$root/sys/devices/virtual/block/md7/slaves/nvme1n1"
	link sys/devices/virtual/block/md7/slaves/nvme1n1 \
		"$(realpath --relative-to="$root" "$root/sys/class/block/nvme1n1")"
	add nvme:auto
	refused 'is part of md7'
	add 03:00.0
	refused '0000:03:00.0 is part of md7' --allow-mounted
	add --allow-mounted 03:00.0
	[ "$status" -eq 0 ]
}

@test "a network card in use, and protect-network" {
	host_in_memory nvme-in-gpu-group
	interface 0000:00:1f.6 eno1
	add 00:1f.6
	refused '0000:00:1f.6 carries the interface eno1, which is up' --allow-network
	mkdir -p "$root/proc/net"
	printf '%s\n' Iface 'eno1	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0' \
		>"$root/proc/net/route"
	add 00:1f.6
	refused 'the interface eno1, which the default route uses'
	printf '[boot]\nprotect-network = yes\n' >"$root/etc/vfioboot.conf"
	add --allow-network 00:1f.6
	refused 'eno1' "'protect-network = yes' in [boot]"
	rm "$root/etc/vfioboot.conf"
	add --allow-network 00:1f.6
	[ "$status" -eq 0 ]
	[ "$(section net)" = '[device net]
path = 00:1f.6
id = 8086:1a1d
expect = 1' ]
}

@test "a protect list in the files counts where nothing can be traced" {
	host_in_memory nvme-in-gpu-group
	rm -r "${root:?}/proc/self"
	echo 'storage 00:1b.0/00.0 144d:a80c / swap' >"$root/etc/vfioboot.protect"
	add 03:00.0
	refused '0000:03:00.0 is on the protect list of this host (/ swap)'
	rm "$root/etc/vfioboot.protect"
	add 03:00.0
	[ "$status" -eq 0 ]
	[[ $stderr == *'warning: 0000:03:00.0 may be in use'* ]]
}

@test "no IOMMU group" {
	host_in_memory no-iommu
	add 01:00.0
	refused '0000:01:00.0 has no IOMMU group' 'vfioboot check'
	add gpu:auto
	refused "can spare none of its displays; 'vfioboot add --dry-run DEVICE' says what can be done about one:" \
		'NVIDIA GeForce RTX 3080: has no IOMMU group' '0000:01:00.1 has no IOMMU group'
	[ "$(grep -cx ' *has no IOMMU group' <<<"$stderr")" -eq 1 ] # of the other display, below what it is
}

@test "virtual functions go alone, by their numbers; what makes them gets a section, too" {
	host_in_memory sriov
	add --dry-run 01:1f.6
	[ "$status" -eq 0 ]
	[[ $output == *'vfs.conf:'*'net.conf:'* ]]
	add 01:1f.6
	[ "$status" -eq 0 ]
	[ "$(section net)" = '[device net]
vf = 0 of 00:03.0/00.0
id = 15b3:101e
expect = 1' ]
	[ "$(section vfs)" = '[device vfs]
path = 00:03.0/00.0
id = 15b3:101d
expect = 1
vfs = 4' ]
	# It spilled to the next bus, and has no path that is its own. Its card has the section by now.
	add 02:00.0 vf:1@00:03.0/00.0
	[ "$status" -eq 0 ]
	[ "$(section net2)" = '[device net2]
vf = 1, 2 of 00:03.0/00.0
id = 15b3:101e
expect = 2' ]
	[ ! -e "$root/etc/vfioboot.conf.d/vfs2.conf" ]
	plan
	[ "$output" = '0000:01:1f.6 net bind vfio-pci
0000:01:1f.7 net2 bind vfio-pci
0000:02:00.0 net2 bind vfio-pci
0000:01:00.0 vfs vfs 4' ]
}

@test "virtual functions, as JSON" {
	host_in_memory sriov
	add --json --dry-run 01:1f.6 --profile guests
	[ "$status" -eq 0 ]
	json_true '.physical == [{address: "0000:01:00.0", section: "vfs",
		file: "/etc/vfioboot.conf.d/vfs.conf", vfs: 4}] and
		.functions[0].next_boot == "later"' <<<"$output"
}

@test "virtual functions that are not made yet: what makes them is said" {
	host_in_memory sriov
	add vf:4@00:03.0/00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *"no device matches 'vf:4@00:03.0/00.0'; 0000:01:00.0 has 4 virtual functions now, from 0 on; \
for more, write the sections by hand, see vfioboot.conf(5), 'Virtual functions'" ]]
	rm "$root"/sys/bus/pci/devices/0000:01:00.0/virtfn*
	add vf:0@00:03.0/00.0
	[[ $stderr == *"; 0000:01:00.0 has no virtual functions now; run \
'echo NUMBER | sudo tee /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs' and try again, or write the sections by hand, see vfioboot.conf(5), 'Virtual functions'" ]]
	# A function that can have none, and no function.
	add vf:0@00:02.0
	[[ $stderr == *"; 'vfioboot list --all' shows all devices" ]]
	add vf:0@00:07.0
	[[ $stderr == *"; 'vfioboot list --all' shows all devices" ]]
}

@test "virtual functions and their physical ones: all files are written, or none" {
	host_in_memory sriov
	# Something that is not cleared away is in the place of the second one's new text.
	mkdir -p "$root/etc/vfioboot.conf.d/.vf.conf.vfioboot-new/x"
	add vf:1@00:03.0/00.0 --name vf
	[ "$status" -eq 1 ]
	[[ $stderr == *'cannot write /etc/vfioboot.conf.d/vf.conf: '*'nothing was changed' ]]
	[[ $output != *Wrote* ]]
	[ "$(ls "$root/etc/vfioboot.conf.d")" = '' ]
}

@test "physical functions go with those of their slot, and not while virtual ones are in use" {
	host_in_memory sriov
	add 01:00.0
	refused 'has virtual functions that are in use (0000:01:1f.6 by the driver mlx5_core)' \
		'add virtual functions in its place'
	rm "$root"/sys/bus/pci/devices/0000:0[12]:*/driver
	add --dry-run 01:00.0
	[ "$status" -eq 0 ]
	[[ $output == *0000:01:00.1*'added: same device'*'path = 00:03.0/00'*'expect = 2'* ]]
}

@test "a drive behind VMD is kept by the others of its group" {
	host_in_memory vmd
	add 10000:e1:00.0
	refused 'shares IOMMU group 7 with 0000:00:0e.0, which the host uses (driver vmd)' \
		'shares IOMMU group 7 with 10000:e2:00.0, which the host uses (driver nvme)'
	add nvme:auto
	[ "$status" -eq 0 ]
	[[ $(section nvme) == *'path = 00:1d.0/00'* ]]
}

@test "behind a root bus that the firmware numbers, more is kept than the path" {
	host_in_memory root-buses
	add 61:00.0
	[ "$status" -eq 0 ]
	[ "$(section gpu)" = '[device gpu]
path = 60:01.1/00
id = 10de:2206:1043:87b0, 10de:1aef:1043:87b0
expect = 2
slot = 5
host-bridge = \_SB_.S0D2' ]
	add 62:00.0
	[ "$status" -eq 0 ]
	[ "$(section nvme)" = '[device nvme]
path = 60:03.1/00
id = 144d:a80a:144d:a801
expect = 1
serial = 00-25-38-0b-21-b0-1c-5a
host-bridge = \_SB_.S0D2' ]
	plan
	[ "$(grep -c ' bind vfio-pci$' <<<"$output")" -eq 3 ]
	# After an update the other card is at the place, and the other drive.
	echo '\_SB_.S0D3' >"$root/sys/devices/pci0000:60/firmware_node/path"
	plan
	[ "$(grep -c ' refuse moved$' <<<"$output")" -eq 3 ]
}

@test "of two cards that nothing distinguishes, what is printed binds one by its path" {
	local command
	printf '%s\n' 'driver vfio-pci' \
		'0000:00:02.0 8086:4680 030000 driver=i915 group=0 boot_vga=1' \
		'0000:40:01.1 1022:1483 060400 driver=pcieport group=5' \
		$'\t0000:41:00.0 10de:2204:1043:8769 030000 driver=nouveau group=26 boot_vga=0' \
		'0000:80:01.1 1022:1483 060400 driver=pcieport group=6' \
		$'\t0000:81:00.0 10de:2204:1043:8769 030000 driver=nouveau group=27 boot_vga=0' \
		>"$work/machine"
	mkdir -p "$root"
	"$compose" "$work/machine" "$root"
	run -1 --separate-stderr "$vfioboot" add 81:00.0 --dry-run --root "$root"
	[[ $stderr == *'another device has the same ids, and nothing that the kernel shows'* ]]
	command=$(sed -n 's/.*; run "\(.*\)", and look.*/\1/p' <<<"$stderr")
	[[ $command == 'printf '*' | sudo install -D -m 644 /dev/stdin /etc/vfioboot.conf.d/gpu.conf' ]]
	command=${command/sudo /}
	eval "${command/\/etc/$root/etc}"
	run -0 "$vfioboot" plan --root "$root" --json
	json_true '[.plan[] | .address, .action] == ["0000:81:00.0", "bind"]' <<<"$output"
}

@test "a card behind nested bridges" {
	host_in_memory nested-bridges
	add 06:00.0
	[ "$status" -eq 0 ]
	[ "$(section gpu)" = '[device gpu]
path = 00:07.0/00.0/01.0/00
id = 10de:1b80, 10de:10f0
expect = 2' ]
	plan
	[ "$output" = '0000:06:00.0 gpu bind vfio-pci
0000:06:00.1 gpu bind vfio-pci' ]
	add usb:auto
	[ "$status" -eq 0 ]
	[[ $(section usb) == *'path = 00:07.0/00.0/00.0/00'* ]]
}

@test "bridges" {
	host_in_memory nested-bridges
	add 00:07.0
	refused '0000:00:07.0 is a bridge, which cannot be given to a guest'
	add class:0604
	refused 'matches more than one device'
}

@test "functions of the chipset: those of the group alone, by function" {
	host_in_memory isa-bridge
	add 00:1f.3
	[ "$status" -eq 0 ]
	[[ $output == *0000:00:1f.4*'added: same slot and IOMMU group'* ]]
	[ "$(section audio)" = '[device audio]
path = 00:1f.3
path = 00:1f.4
id = 8086:a348, 8086:a323
expect = 2' ]
	plan
	[ "$(grep -c ' audio bind vfio-pci$' <<<"$output")" -eq 2 ]
	# A bridge with a driver of the host's keeps the group.
	rm -r "${root:?}/etc/vfioboot.conf.d"
	link sys/devices/pci0000:00/0000:00:1f.0/driver sys/bus/pci/drivers/lpc_ich
	add 00:1f.3
	refused 'with 0000:00:1f.0, which the host uses (driver lpc_ich)' 'the host needs part of this one'
	[[ $stderr != *"run 'sudo vfioboot add"* ]]
}

# index COMMAND...: the module index of a kernel with what the commands make
index() {
	local command
	# shellcheck disable=SC2034 # for host.bash
	host=$root
	# shellcheck source=/dev/null
	source "$BATS_TEST_DIRNAME/host.bash"
	mkdir -p "$root/proc/sys/kernel"
	echo "$release" >"$root/proc/sys/kernel/osrelease"
	for command; do
		eval "$command"
	done
	: >"$root/lib/modules/$release/modules.builtin"
	: >"$root/lib/modules/$release/modules.order"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" "$release"
}

# One with a variant driver for the virtual functions of sriov.
variant_driver() {
	index "host_module vfio-pci 'vfio_pci:v*d*sv*sd*bc*sc*i*'" \
		"host_module mlx5-vfio-pci 'vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*'"
}

@test "a variant driver where all functions match it best" {
	host_in_memory sriov
	variant_driver
	add 01:1f.6
	[ "$status" -eq 0 ]
	[ "$(section net | tail -n 1)" = 'driver = mlx5_vfio_pci' ]
	plan
	[ "${lines[0]}" = '0000:01:1f.6 net bind mlx5_vfio_pci' ]
	[[ $(section vfs) != *driver* ]]
	add 00:02.0 01:1f.7 --allow-last-display
	[ "$status" -eq 0 ]
	[[ $stderr == *'the driver mlx5_vfio_pci fits some of the functions best'*--only* ]]
	[[ $(section gpu) != *driver* ]]
}

@test "a function that is added with its device is marked as such" {
	host_in_memory two-displays
	interface 0000:02:00.1 eth0
	add 02:00.0
	refused '0000:02:00.1, added with its device, carries the interface eth0'
}

@test "a USB controller with something plugged in is not chosen, but can be named" {
	host_in_memory identical-cards
	mkdir -p "$root/sys/bus/pci/devices/0000:00:14.0/usb1"/{1-0:1.0,1-4}
	echo 'Das Keyboard' >"$root/sys/bus/pci/devices/0000:00:14.0/usb1/1-4/product"
	add usb:auto
	refused 'can spare none' "has 'Das Keyboard' plugged in"
	add 00:14.0
	[ "$status" -eq 0 ]
	[[ $stderr == *"warning: 0000:00:14.0 has 'Das Keyboard' plugged in"* ]]
}

@test "what should be the directory of drop-ins, and is none, is an error of the configuration" {
	host_in_memory identical-cards
	echo >"$root/etc/vfioboot.conf.d"
	add 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *'/etc/vfioboot.conf.d: Not a directory'*'nothing was changed; correct the configuration'* ]]
}

@test "without root nothing of this machine is changed" {
	command -v setpriv >/dev/null && [ "$(id -u)" -eq 0 ] || skip "needs setpriv and root"
	cp "$PROGRAM" "$work/program"
	chmod -R a+rX "$work"
	for command in add remove; do
		run -1 setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$work/program" "$command" ff:1f.7
		[[ $output == *'needs root; run it with sudo'* ]]
	done
}

@test "--replace: the same again writes nothing, another device or option does" {
	local before
	host_in_memory identical-cards
	add 02:00.0 --name guest --replace
	[ "$status" -eq 0 ]
	[[ $output == *'Wrote /etc/vfioboot.conf.d/guest.conf.'* ]]
	before=$(dropin guest)
	sed -i 's/GeForce.*/another name/; /^id/a ; a note' "$root/etc/vfioboot.conf.d/guest.conf"
	add 02:00.0 --name guest --replace
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == *$'\n/etc/vfioboot.conf.d/guest.conf is as it should be.' ]]
	grep -q '^; a note' "$root/etc/vfioboot.conf.d/guest.conf"
	add 02:00.0 --name guest --replace --json --profile p --dry-run
	[ "$status" -eq 0 ]
	json_true '.accepted and .differs and (.written | not)' <<<"$output"
	add 02:00.0 --name guest --replace --json --profile p
	json_true '.accepted and .differs and .written' <<<"$output"
	[ "$(dropin guest)" = "$before"$'\nprofile = p' ]
	add 01:00.0 --name guest --replace
	[ "$status" -eq 0 ]
	plan
	[ "$output" = $'0000:01:00.0 guest bind vfio-pci\n0000:01:00.1 guest bind vfio-pci' ]
	# It is still taken for another one.
	add 01:00.0 --name other --replace
	[ "$status" -eq 1 ]
	[[ $stderr == *'0000:01:00.0 is already in [device guest]'* ]]
}

@test "--replace: what a person wrote is not replaced, and a name is needed" {
	host_in_memory identical-cards
	config '[device guest]' 'path = 00:01.1/00'
	add 02:00.0 --name guest --replace
	refused "device set 'guest' is in /etc/vfioboot.conf:1, which was written or changed by hand"
	add 02:00.0 --replace
	[ "$status" -eq 2 ]
	[[ $stderr == *'--replace needs --name'* ]]
}

@test "a root that is no machine" {
	mkdir "$root"
	add 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *"cannot read the PCI functions of $root"* ]]
}

@test "what a device or a mount point is called can't upset a terminal" {
	host_in_memory identical-cards
	mkdir -p "$root/sys/bus/pci/devices/0000:00:14.0/usb1/1-4"
	printf 'Key\e[2Jboard\n' >"$root/sys/bus/pci/devices/0000:00:14.0/usb1/1-4/product"
	add usb:auto
	refused "has 'Key?[2Jboard' plugged in"
	[[ $stderr != *$'\e'* ]]
	disk 0000:03:00.0 nvme1n1 259:4
	mount_line 259:4 '/data/\033]0;x' ext4 /dev/nvme1n1
	add 03:00.0
	refused 'carries /data/?]0;x; unmount it'
	[[ $stderr != *$'\e'* ]]
}

@test "of many mount points the first ones are named" {
	local n
	host_in_memory identical-cards
	disk 0000:03:00.0 nvme1n1 259:4
	for n in {1..9}; do
		mount_line 259:4 "/data$n" ext4 /dev/nvme1n1
	done
	add 03:00.0
	refused '0000:03:00.0 carries /data1, /data2, /data3, /data4, /data5 and 4 more; unmount'
}

@test "the command for a group of many functions is whole" {
	host_in_memory identical-cards 'repeat 192' $'\t0000:40:00.0 8086:1533 020000 driver=igb group=17'
	add 02:00.0
	refused "run 'sudo vfioboot add 02:00.0 40:00.0 40:00.1" \
		" 40:17.6 40:17.7', or use --allow-partial-group"
}

# bats test_tags=slow
@test "add and remove change nothing beside another command" {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	for command in 'add class:0300' 'remove gpu'; do
		# shellcheck disable=SC2016 # the inner shell expands it
		run -1 --separate-stderr env vfioboot="$vfioboot" \
			unshare -rm bash -ec 'mount -t tmpfs none /run
				mkdir -p -m 700 /run/vfioboot/private
				exec 8>/run/vfioboot/private/lock
				flock 8
				"$vfioboot" '"$command"' 8>&-'
		[[ $stderr == *'another vfioboot command is changing this system; try again when it has finished' ]]
	done
}
