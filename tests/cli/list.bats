#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `vfioboot list` on composed machines: the tree for people, JSON for programs, what is chosen,
# and what is said of uses and of the configuration.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # inner shells; each test is a process; run sets

bats_require_minimum_version 1.5.0

load host
load machine

unset NO_COLOR

# The two-card desktop as it runs; host.bash uses $compose and $early.
desktop() {
	host_of_two_cards "$root"
}

list() {
	run -0 --separate-stderr "$vfioboot" list --root "$root" "$@"
}

# The same as JSON, for questions to it.
list_json() {
	list --json "$@"
	[ -z "$stderr" ]
	json=$output
}

# Whether the answer of the JSON to a filter of jq is this text.
answers() { # FILTER EXPECTED
	run -0 jq -rc "$1" <<<"$json"
	[ "$output" = "$2" ] || {
		echo "$1: $output"
		echo "expected: $2"
		return 1
	}
}

# What is told of one function; "-" for null.
of() { # ADDRESS KEY...
	local address=$1 keys
	shift
	keys=$(printf ', .%s' "$@")
	jq -r ".functions[] | select(.address == \"$address\") | [${keys#, }] |
		map(if . == null then \"-\" else tostring end) | join(\"|\")" <<<"$json"
}

columns() {
	"$vfioboot" help list | sed -n '/^Columns:/,/^Options:/s/^  \([A-Z][A-Z_]*\) .*/\1/p'
}

second_card='[device second]
path = 00:01.1/00
expect = 2'

@test "the tree has a line a group, functions below, and addresses without domain" {
	machine identical-cards
	list -o address,path,id,driver
	expected=$(cat <<-'END'
		ADDRESS   PATH         ID        DRIVER
		group 0
		└─00:02.0 00:02.0      8086:3e98 i915
		group 4
		└─00:14.0 00:14.0      8086:a36d xhci_hcd
		group 16
		├─01:00.0 00:01.0/00.0 10de:2206 nouveau
		└─01:00.1 00:01.0/00.1 10de:1aef snd_hda_intel
		group 17
		├─02:00.0 00:01.1/00.0 10de:2206 nouveau
		└─02:00.1 00:01.1/00.1 10de:1aef snd_hda_intel
		group 18
		└─03:00.0 00:1d.0/00.0 144d:a808 nvme
	END
	)
	[ "${output%%$'\n\n'*}" = "$expected" ]
}

@test "JSON is flat, with whole addresses, numbers and truth values" {
	machine identical-cards
	list_json -o id
	answers '[.functions[].iommu_group]' '[0,4,16,16,17,17,18]'
	[ "$(of 0000:02:00.0 path id class driver iommu_group subsystem type)" = \
		'00:01.1/00.0|10de:2206|030000|nouveau|17|1043:87b0|graphics card' ]
	[ "$(of 0000:02:00.0 boot_display)" = false ]
	[ "$(of 0000:00:02.0 boot_display notes)" = 'true|boot display' ]
	[ "$(of 0000:03:00.0 boot_display section wanted result reason)" = '-|-|-|-|-' ]
}

@test "JSON has a key for each column that the help has, and no other" {
	keys=$(columns | tr '[:upper:]' '[:lower:]' | sort)
	[ "$(wc -w <<<"$keys")" -ge 19 ]
	machine identical-cards
	list_json
	run -0 jq -r '.functions[0] | keys[]' <<<"$json"
	[ "$(sort <<<"$output")" = "$keys" ]
}

# bats test_tags=slow
@test "what a device is, and which modules know it" {
	desktop
	list_json --all
	[ "$(of 0000:02:00.0 type vendor modules)" = 'graphics card|NVIDIA Corporation|nouveau' ]
	[ "$(of 0000:02:00.1 type class modules)" = 'audio device|040300|snd_hda_intel' ]
	[ "$(of 0000:03:00.0 type modules)" = 'NVMe drive|nvme' ]
	[[ $(of 0000:02:00.0 model) == 'GA102 '* ]]
}

@test "the choice is by class, and takes whole groups" {
	machine nvme-in-gpu-group
	addresses='[.functions[].address[5:]] | join(" ")'
	list_json
	answers "$addresses" '00:02.0 00:01.0 00:06.0 01:00.0 01:00.1 02:00.0 03:00.0'
	list_json --nvme
	answers "$addresses" '00:01.0 00:06.0 01:00.0 01:00.1 02:00.0 03:00.0'
	list_json --gpu
	answers "$addresses" '00:02.0 00:01.0 00:06.0 01:00.0 01:00.1 02:00.0'
	list_json --usb
	answers "$addresses" ''
	answers '.functions' '[]'
	list --usb
	[[ $output == *'No such device was found'*--all* ]]
	printf '[device card]\npath = 00:01.0/00\nprofile = games\n' >"$root/etc/vfioboot.conf"
	list
	[[ $output == *'card: inactive (profile games)'* && $output != *'Not all'* ]]
	list_json
	answers '.functions[] | select(.address == "0000:01:00.0") | [.section, .result]' '["card","inactive"]'
	rm "$root/etc/vfioboot.conf"
	machine identical-cards "$work/other"
	root=$work/other
	list_json --usb --nvme
	answers "$addresses" '00:14.0 03:00.0'
	list_json --all --usb
	answers '.functions | length' "$(find "$root/sys/bus/pci/devices" -type l | wc -l)"
}

@test "what is configured is listed, whatever it is" {
	desktop
	config '[device sound]' 'path = 00:1f.3'
	list_json
	[ "$(of 0000:00:1f.3 section wanted result reason)" = 'sound|vfio-pci|pending|-' ]
	[ "$(of 0000:00:1f.0 section)" = - ] # of its group
}

@test "without IOMMU groups the slots stay together, and the remedy is named" {
	machine no-iommu
	list
	[[ $output == *$'\nno IOMMU group\n'* ]]
	[[ $output == *"There are no IOMMU groups"*"'vfioboot check'"* ]]
	list_json --gpu
	answers '[.functions[].iommu_group] | unique' '[null]'
	answers '[.functions[].address]' '["0000:00:02.0","0000:01:00.0","0000:01:00.1"]'
}

@test "where one function has a domain, all show theirs" {
	machine vmd
	list -o address
	[[ $output == *$'\n└─0000:00:02.0\n'* ]]
	[[ $output == *10000:e2:00.0* ]]
}

@test "columns are chosen and added, in any case and each once" {
	machine identical-cards
	list -o path,Id,path
	[ "${lines[0]}" = 'PATH         ID' ]
	list --output +class,id
	[[ ${lines[0]} =~ ^ADDRESS\ +PATH\ +ID\ +DRIVER\ +NAME\ +NOTES\ +CLASS$ ]]
	for column in $(columns); do
		list -o "$column"
		[ "${lines[0]}" = "$column" ]
	done
	for bad in nonsense id,nonsense nonsense,id +nonsense; do
		run -2 --separate-stderr "$vfioboot" list --root "$root" -o "$bad"
		[ -z "$output" ]
		[[ $stderr == *"no column 'nonsense'; see 'vfioboot help list'"* ]]
	done
	run -2 "$vfioboot" list --root "$root" -o ''
	run -2 "$vfioboot" list --root "$root" --json -o id,
}

@test "the manual explains each column" {
	[ -n "$(columns)" ]
	for column in $(columns); do
		grep -qE "^\.It (VENDOR , )?$column( , MODEL)?\$" "$top/man/vfioboot-list.8"
	done
}

@test "what the host uses is shown: file systems, swap, the network" {
	desktop
	list_json --all
	[ "$(of 0000:03:00.0 uses notes)" = '/, /boot/efi, swap|carries /, /boot/efi, swap' ]
	[ "$(of 0000:00:1f.6 uses notes)" = 'eno1|network in use: eno1' ]
	[ "$(of 0000:01:00.0 uses notes)" = '-|-' ]
	list
	[[ $output != *'not known'* ]]
}

@test "a few uses are named, the others counted" {
	desktop
	for n in 1 2 3 4; do
		echo "9$n 28 259:2 /$n /srv/$n rw - ext4 /dev/nvme0n1p2 rw"
	done >>"$root/proc/self/mountinfo"
	list_json
	[ "$(of 0000:03:00.0 notes)" = 'carries /, /boot/efi, /srv/1, /srv/2 and 3 more' ]
}

@test "what can't be traced is marked on all that may have it" {
	desktop
	echo '99 28 253:7 / /data rw - xfs /dev/mapper/data rw' >>"$root/proc/self/mountinfo"
	mkdir -p "$root/sys/devices/virtual/block/dm-7/dm"
	ln -s ../../devices/virtual/block/dm-7 "$root/sys/dev/block/253:7"
	list_json
	[ "$(of 0000:03:00.0 uses)" = '/, /boot/efi, /data?, swap' ]
	[ "$(of 0000:03:00.0 notes)" = 'carries /, /boot/efi, swap; may carry /data' ]
}

@test "a tunnel with the default route may be on any network card" {
	desktop
	mkdir "$root/sys/devices/virtual/net/wg0" -p
	ln -s ../../devices/virtual/net/wg0 "$root/sys/class/net/wg0"
	sed -i 's/^eno1\t00000000/wg0\t00000000/' "$root/proc/net/route"
	list_json --all
	[[ $(of 0000:00:1f.6 notes) == 'network in use: '*'; may be the network: wg0' ]]
	[ "$(of 0000:03:00.0 notes)" = 'carries /, /boot/efi, swap' ]
}

@test "that nothing is known of the host's uses is said" {
	machine identical-cards
	list
	[[ $output == *'What the host uses is unknown'* ]]
}

@test "names of files that are no UTF-8 do not spoil JSON" {
	desktop
	printf '99 28 259:2 /x /srv/\303\244\377"x rw - ext4 /dev/nvme0n1p2 rw\n' \
		>>"$root/proc/self/mountinfo"
	list_json
	iconv -f UTF-8 -t UTF-8 <<<"$json" >/dev/null
	[ "$(of 0000:03:00.0 uses)" = '/, /boot/efi, /srv/ä�"x, swap' ]
}

@test "in a table they are as wide as they look" {
	desktop
	printf '99 28 259:2 /x /srv/日本\\134x\001 rw - ext4 /dev/nvme0n1p2 rw\n' \
		>>"$root/proc/self/mountinfo"
	LC_ALL=C.UTF-8 list -o notes,id
	[[ $output == 'NOTES                                       ID'* ]]
	[[ $output == *'
boot display                                8086:3e98'* ]]
	[[ $output == *'
carries /, /boot/efi, /srv/日本\x5cx?, swap 144d:a808'* ]]
}

@test "a section: bound, not bound yet, refused, and nothing there" {
	machine display-on-vfio
	config '[device mine]' 'path = 00:03.1/00' '[device boot]' 'path = 00:01.0/00.0' \
		'[device gone]' 'path = 00:1e.0/00'
	list_json
	[ "$(of 0000:02:00.0 section wanted result reason notes)" = \
		'mine|vfio-pci|bound|-|mine: bound' ]
	[ "$(of 0000:01:00.0 section result reason)" = 'boot|refused|last-display' ]
	list
	[[ $output == *'boot: refused (last-display)'* ]]
	[[ $output == *$'\ngone: nothing to bind (absent); '"see 'vfioboot plan'."* ]]
	[[ $output == *"see 'vfioboot status'"* ]]

	root=$work/other
	machine identical-cards
	config "$second_card"
	list_json
	[ "$(of 0000:02:00.1 section result reason notes)" = \
		'second|pending|-|second: not bound yet' ]
	[ "$(of 0000:01:00.1 section result)" = '-|-' ]
}

@test "a section without a driver is bound when there is none" {
	machine identical-cards
	config '[device off]' 'path = 00:1f.0' 'driver = none'
	list_json --all
	[ "$(of 0000:00:1f.0 driver wanted result)" = '-|none|bound' ]
	config '[device off]' 'path = 00:14.0' 'driver = none'
	list_json
	[ "$(of 0000:00:14.0 driver wanted result)" = 'xhci_hcd|none|pending' ]
}

@test "what is bound and would be refused at the next boot is marked" {
	machine display-on-vfio
	config '[device mine]' 'path = 00:03.1/00' 'expect = 3'
	list_json
	[ "$(of 0000:02:00.0 result reason notes)" = \
		'bound|count|mine: bound, but not at the next boot (count)' ]
}

@test "the record of this boot says why, as long as it is of this configuration" {
	machine identical-cards
	config "$second_card"
	run -1 "$early" --root "$root"
	rm "$root"/sys/bus/pci/devices/0000:02:00.*/driver_override
	list_json
	[ "$(of 0000:02:00.0 result reason notes)" = \
		'failed|no-kernel|second: failed (no-kernel)' ]
	sed -i 's/result=failed reason=[a-z-]*/result=refused reason=no-iommu-group/' \
		"$root"/run/vfioboot/*.record
	list_json
	[ "$(of 0000:02:00.0 result reason)" = 'refused|no-iommu-group' ]
	config "$second_card" '; changed'
	list_json
	[ "$(of 0000:02:00.0 result reason)" = 'pending|-' ]
	echo nonsense | tee "$root"/run/vfioboot/*.record >/dev/null
	list_json
	[ "$(of 0000:02:00.0 result reason)" = 'pending|-' ]
}

@test "errors in the configuration are a warning" {
	machine identical-cards
	config "$second_card" 'nonsense = 1'
	run -0 --separate-stderr "$vfioboot" list --root "$root" --json
	[[ $stderr == *'warning: the configuration has errors'*"'vfioboot plan'"* ]]
	json_true '.functions | length > 0' <<<"$output"
}

@test "no machine at all is an error that names the directory" {
	run -1 --separate-stderr "$vfioboot" list --root "$root/nowhere"
	[[ $stderr == *"$root/nowhere"* ]]
	mkdir -p "$root"
	run -1 --separate-stderr "$vfioboot" list --root "$root" --json
	[ -z "$output" ]
	[[ $stderr == *"$root"*sysfs* ]]
	mkdir -p "$root/sys/bus/pci/devices"
	run -1 --separate-stderr "$vfioboot" list --root "$root"
	[[ $stderr == *"$root has no PCI devices"* ]]
	run -2 "$vfioboot" list --root "$root" something
}

@test "a function that can't be read leaves the others" {
	machine identical-cards
	rm "$root/sys/bus/pci/devices/0000:01:00.0/modalias"
	list_json --gpu
	answers '[.functions[].address]' '["0000:00:02.0","0000:02:00.0","0000:02:00.1"]'
}

@test "without the hardware database names are by class" {
	machine identical-cards
	run unshare --mount --map-root-user true
	[ "$status" = 0 ] || skip "no mount namespaces here"
	# shellcheck disable=SC2016
	run -0 --separate-stderr unshare --mount --map-root-user bash -c '
		for file in {/etc,/usr/lib,/lib}/{udev,systemd/hwdb}/hwdb.bin; do
			[ ! -e "$file" ] || mount --bind /dev/null "$file" || exit 1
		done
		"$1" list --json --root "$2"' bash "$vfioboot" "$root"
	json=$output
	[ "$(of 0000:01:00.0 name vendor model)" = 'graphics card|-|-' ]
	[ "$(of 0000:01:00.1 name)" = 'audio device' ]
	[ "$(of 0000:03:00.0 name)" = 'NVMe drive' ]
	[ "$(of 0000:00:14.0 name)" = 'USB controller' ]
}

@test "lines fit a hundred columns for the two-card desktop" {
	desktop
	config "$second_card"
	list
	[[ $output == *02:00.1* ]]
	while read -r line; do
		[ "${#line}" -le 100 ] || [[ $line == *nvme* ]]
	done <<<"$output"
}

@test "in a plain locale the tree is drawn with plain characters" {
	machine identical-cards
	LC_ALL=C list -o address
	[ "${lines[2]}" = '`-00:02.0' ]
}

@test "colour is for terminals alone, and not for those who refuse it" {
	command -v script >/dev/null || skip "no script(1)"
	machine identical-cards
	config "$second_card"
	list
	[[ $output != *$'\e['* ]]
	TERM=xterm run -0 script -qec "'$vfioboot' list --root '$root'" /dev/null
	[[ $output == *$'\e['* ]]
	NO_COLOR=1 TERM=xterm run -0 script -qec "'$vfioboot' list --root '$root'" /dev/null
	[[ $output != *$'\e['* ]]
	TERM=xterm run -0 script -qec "'$vfioboot' list --json --root '$root'" /dev/null
	[[ $output != *$'\e['* ]]
}

@test "on a narrow terminal paths are left out, unless they are asked for" {
	command -v script >/dev/null || skip "no script(1)"
	machine identical-cards
	run -0 script -qec "stty cols 80; '$vfioboot' list --root '$root'" /dev/null
	[[ ${lines[0]} =~ ^ADDRESS\ +ID\ +DRIVER\ +NAME\ +NOTES ]]
	run -0 script -qec "stty cols 80; '$vfioboot' list -o path --root '$root'" /dev/null
	[[ ${lines[0]} == PATH* ]]
	run -0 script -qec "stty cols 100; '$vfioboot' list --root '$root'" /dev/null
	[[ ${lines[0]} =~ ^ADDRESS\ +PATH\ +ID ]]
}

@test "on a narrow terminal notes are broken between words" {
	command -v script >/dev/null || skip "no script(1)"
	desktop
	run -0 script -qec "stty cols 80; '$vfioboot' list --root '$root'" /dev/null
	[[ ${lines[-2]} =~ '970 EVO/PRO'\ +'carries /,'$'\r'$ ]]
	[[ ${lines[-1]} =~ ^\ +/boot/efi,\ swap$'\r'$ ]]
}

@test "on a terminal with no room for words beside the rest, notes stay in one line" {
	command -v script >/dev/null || skip "no script(1)"
	desktop
	run -0 script -qec "stty cols 60; '$vfioboot' list --root '$root'" /dev/null
	[[ ${lines[-1]} =~ '970 EVO/PRO'\ +'carries /, /boot/efi, swap'$'\r'$ ]]
}

@test "a function that does not say what it is is left out, and named" {
	machine identical-cards
	printf '\177\1' >"$root/sys/bus/pci/devices/0000:02:00.1/modalias"
	list
	[[ $output == *$'\n0000:02:00.1 is not listed: cannot read its modalias: Invalid argument.'* ]]
	[[ $output == *02:00.0* && $output != *$'\u251402:00.1'* ]]
}

@test "a pipe in the place of an attribute is not waited for" {
	machine identical-cards
	rm "$root/sys/bus/pci/devices/0000:01:00.0/boot_vga"
	mkfifo "$root/sys/bus/pci/devices/0000:01:00.0/boot_vga"
	run -0 --separate-stderr timeout "$HANG" "$vfioboot" list --json --root "$root"
	[ "$(jq -r '.functions[] | select(.address == "0000:01:00.0") | .driver' <<<"$output")" = nouveau ]
}
