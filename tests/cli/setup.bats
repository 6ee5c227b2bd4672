#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154 # inner shells; run sets output, stderr
#
# `vfioboot setup` in dialogue, unattended, killed and gone on with, and taken back, on a host of
# tests/boot-trees as it runs.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load running_host

# A machine with systemd-boot, whose second card is free; what its generator will write is known.
new_machine() {
	machine arch-systemd-boot
	rm "$host/etc/vfioboot.conf"
	live add 02:00 "$@"
	generator mkinitcpio
	before mkinitcpio /boot/initramfs-linux{,-lts}.img
	rm -r "${host:?}/etc/vfioboot.conf.d"
	find "$host/run" -mindepth 1 -delete
	mkdir -p "$host/var/lib"
	keep
}

# All that lasts, but for what the generator has noted
state() {
	(cd "$host" && find boot etc var usr/lib/vfioboot -printf '%y %m %p %l\n' 2>/dev/null | sort
		find boot etc var -type f -exec sha256sum {} + 2>/dev/null | sort -k 2)
}

keep() {
	state >"$BATS_TEST_TMPDIR/kept"
}

unchanged() {
	state | diff "$BATS_TEST_TMPDIR/kept" -
	[ ! -e "$host/log" ]
}

# dialogue [ANSWER...]: on a terminal, with what it shows in $output
dialogue() {
	run env -i PATH="$PATH" "$top/build/tests/dialogue" \
		unshare --map-root-user --root="$host" /bin/vfioboot setup \
		< <([ $# = 0 ] || printf '%s\n' "$@")
}

shows() { # PATTERN...
	local pattern
	for pattern; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $output == *$pattern* ]] || {
			printf 'not shown: %s\n%s\n' "$pattern" "$output"
			return 1
		}
	done
}

# The default entry starts an image that is up to date.
is_ready() {
	live status --json
	json_true '.ready == true' <<<"$output"
	cmp "$host/made" "$host/boot/initramfs-linux-lts.img"
}

bound_next() { # NUMBER [CMDLINE]
	live plan --json ${2:+--cmdline "$2"}
	json_true "[.plan[] | select(.action == \"bind\")] | length == $1" <<<"$output"
}

# Takes all back, and looks whether it is.
undone() {
	cp "$host/made" "$BATS_TEST_TMPDIR/made"
	files 'image mkinitcpio /made'
	live undo
	[ "$status" = 0 ]
	rm -f "$host/log"
	unchanged
	cp "$BATS_TEST_TMPDIR/made" "$host/made"
}

entries() {
	ls "$host/boot/loader/entries"
}

# bats test_tags=slow
@test "a dialogue: the second card, at every boot, and undo restores every byte" {
	new_machine
	dialogue 2 1 y n
	[ "$status" = 0 ]
	shows 'This machine' '1  01:00.0  graphics card (nouveau), with 01:00.1' \
		'is the boot display' 'may carry /, /boot/efi, ' \
		'1  write /etc/vfioboot.conf.d/gpu.conf' '2  write /etc/vfioboot.protect' \
		'Continue? [[]y/N] y' 'Write /etc/vfioboot.conf.d/gpu.conf ... done' \
		'Reboot now? [[]y/N] n' "'sudo vfioboot undo' takes all of it back."
	is_ready
	bound_next 2
	[[ $(entries) == *arch-no-passthrough.conf* ]]
	# Once more: all is there.
	dialogue ''
	[ "$status" = 0 ]
	shows "set up already, as 'gpu'" 'done  gpu is set up' 'done  every image is up to date' \
		'Nothing to do: all of this is done already.'
	[[ $output != *Continue* ]]
	undone
}

# bats test_tags=slow
@test "a dialogue: two cards for an entry of the boot menu, and what each question explains" {
	new_machine --profile passthrough
	# What the second card adds.
	live add 01:00 02:00 --dry-run --profile passthrough
	dialogue '?' '1 2' '?' 2 '?' n
	[ "$status" = 1 ]
	shows 'The number of a card in the list' '2: A normal boot leaves the card to the host.' \
		'2  write /etc/vfioboot.conf.d/gpu2.conf' "an entry '... (Passthrough)' in the boot" \
		'y does what is listed above' 'Nothing was changed.'
	unchanged
	dialogue 2 2 y '?' n n
	[ "$status" = 0 ]
	shows 'Make the next boot a trial of it, once? [[]y/N] ?' "sudo vfioboot try" \
		'Reboot and choose that entry at the boot menu'
	grep -q '^profile = passthrough$' "$host/etc/vfioboot.conf.d/gpu.conf"
	is_ready
	bound_next 0
	bound_next 2 vfioboot.profile=passthrough
	[[ $(entries) == *arch-passthrough.conf* && $(entries) != *no-passthrough* ]]
	undone
}

# bats test_tags=slow
@test "it can be left at each question, and nothing is changed" {
	local answers way
	new_machine
	for answers in '' '2' '2 1' '2 1 n'; do
		for way in q ''; do
			# shellcheck disable=SC2086 # words
			dialogue $answers $way
			[ "$status" = 1 ]
			shows 'Nothing was changed.'
			unchanged
		done
	done
}

# bats test_tags=slow
@test "answers that are none: asked again, five times at most" {
	new_machine
	dialogue 7 gpu '1;2' 2 0 1 x n
	[ "$status" = 1 ]
	shows "'7' is not the number of a card above." "'gpu' is not" "'1;2' is not" 'Answer 1, 2 or 3.' \
		'Answer y or n.' 'Nothing was changed.'
	# No card at all is none, and a number has no sign.
	dialogue , -18446744073709551614 +2 q
	[ "$status" = 1 ]
	shows "',' is not the number" "'-18446744073709551614' is not" "'+2' is not"
	dialogue 7 8 9 10 11 2
	[ "$status" = 1 ]
	shows '5 answers were not understood; nothing was changed'
	dialogue "$(printf '2%.0s' {1..200})" $'\e[A' ''
	shows "'...' is not the number"
	unchanged
}

@test "unattended: at every boot, twice" {
	new_machine
	live setup --yes --device 02:00 --when boot
	[ "$status" = 0 ]
	is_ready
	bound_next 2
	rm "$host/log"
	live setup --yes --device 02:00 --when boot
	[ "$status" = 0 ]
	shows 'Nothing to do: all of this is done already.'
	live setup --yes
	[ "$status" = 0 ]
	shows 'Nothing to do: all of this is done already.'
	[ ! -e "$host/log" ]
	live setup --yes --device 02:00.1 --when menu
	[ "$status" = 1 ]
	[[ $stderr == *"'gpu' is set up already, at every boot; run 'sudo vfioboot remove gpu' first"* ]]
	undone
}

@test "what is set up already is for the boots that it is for" {
	new_machine
	live setup --yes --device 02:00 --when boot
	local when
	for when in menu demand; do
		live setup --yes --when $when
		[ "$status" = 1 ]
		[ "$stderr" = "vfioboot setup: nothing was changed: what is set up already goes to a guest at every boot; \
name another card with --device, or leave out --when" ]
		[[ $output != *Steps* ]]
	done
	live setup --yes --when boot
	[ "$status" = 0 ]
	# All that is configured is for boots with a profile.
	put etc/vfioboot.conf <<<$'[boot]\nwhen = selected'
	live setup --yes --when boot
	[ "$status" = 1 ]
	live setup --device 02:00 --when menu --dry-run
	[ "$status" = 0 ]
}

@test "what the next boot does not bind all the same is no success" {
	new_machine
	put usr/bin/systemctl <<<$'#!/bin/sh\necho "systemctl $*" >>/rebooted'
	chmod +x "$host/usr/bin/systemctl"
	live setup --yes --device 02:00 --when boot
	copy_machine "$host" "$BATS_TEST_TMPDIR/plain"
	sed -i '/^options/s/$/ vfioboot.off/' "$host"/boot/loader/entries/arch*.conf
	live apply
	[ "$status" = 3 ]
	[[ $stderr == *"the default entry 'Arch Linux' is unchanged: its command line has vfioboot.off"* ]]
	live setup --yes --reboot
	[ "$status" = 3 ]
	shows 'the next boot binds nothing all the same' 'Not all of it is done'
	[[ $output != *'all of this is done already'* && $output != *Reboot* && ! -e $host/rebooted ]]
	live setup --dry-run --device 02:00 --when boot
	[ "$status" = 3 ]
	# What starts by default is no system of this machine.
	rm -r "${host:?}"
	copy_machine "$BATS_TEST_TMPDIR/plain" "$host"
	sed -i 's/^default.*/default memtest.conf/' "$host/boot/loader/loader.conf"
	put boot/EFI/memtest86/memtest.efi <<<program
	live setup --yes --device 01:00 --when boot --dry-run
	[ "$status" = 3 ]
	[[ $stderr == *"the default entry 'Memtest86+' is unchanged: it starts no kernel of this system"* ]]
	# The card is gone.
	rm -r "${host:?}"
	mv "$BATS_TEST_TMPDIR/plain" "$host"
	rm -r "${host:?}"/sys/bus/pci/devices/0000:02:00.* "${host:?}"/sys/devices/pci0000:00/0000:00:01.1/0000:02:00.*
	for _ in 1 2; do
		live setup --yes --reboot
		[ "$status" = 3 ]
		[[ $stderr == *'gpu will be refused: '* ]]
		[[ $output != *'all of this is done already'* && $output != *Reboot* && ! -e $host/rebooted ]]
	done
}

@test "an entry of the menu whose card is gone is no success" {
	new_machine --profile passthrough
	live setup --yes --device 02:00 --when menu
	[ "$status" = 0 ]
	rm -r "${host:?}"/sys/bus/pci/devices/0000:02:00.* "${host:?}"/sys/devices/pci0000:00/0000:00:01.1/0000:02:00.*
	live setup --yes
	[ "$status" = 3 ]
	[[ $stderr == *"a boot with the profile 'passthrough' refuses 1 function; 'vfioboot plan --cmdline "* ]]
	live plan --cmdline vfioboot.profile=passthrough
	[ "$status" = 1 ]
}

@test "an entry that is to be made by hand is no success, neither in a dry run" {
	machine limine
	rm "$host/etc/vfioboot.conf"
	run --separate-stderr "$vfioboot" setup --dry-run --device 02:00 --when menu --root "$host"
	[ "$status" = 3 ]
	shows "by hand: an entry '... (Passthrough)' in the menu of Limine"
}

@test "unattended: several cards, each a set of its own" {
	new_machine
	live setup --yes --device 02:00 --device 01:00 --when menu --dry-run
	[ "$status" = 0 ]
	shows gpu.conf gpu2.conf
	unchanged
	# The integrated one is the only display that is left, and stays.
	live setup --device 02:00 --device 01:00 --device 00:02.0 --when menu --dry-run
	[ "$status" = 1 ]
	[[ $stderr == *"'00:02.0' is not offered: 00:02.0 is the boot display"* ]]
}

# bats test_tags=slow
@test "it reboots when it is asked to, and when something was changed" {
	new_machine
	put usr/bin/systemctl <<<$'#!/bin/sh\necho "systemctl $*" >>/rebooted'
	chmod +x "$host/usr/bin/systemctl"
	live setup --yes --device 02:00 --when boot
	[ "$status" = 0 ]
	[ ! -e "$host/rebooted" ]
	live setup --yes --reboot
	[ "$status" = 0 ]
	[ ! -e "$host/rebooted" ]
	undone
	live setup --yes --device 02:00 --when boot --reboot
	[ "$status" = 0 ]
	[ "$(<"$host/rebooted")" = 'systemctl reboot' ]
	rm "$host/rebooted"
	undone
	dialogue 2 1 y y
	[ "$status" = 0 ]
	[ "$(<"$host/rebooted")" = 'systemctl reboot' ]
}

@test "on demand: a section that no boot binds, and how a guest gets it" {
	new_machine
	live setup --dry-run --device 02:00 --when demand
	[ "$status" = 0 ]
	shows '1  write /etc/vfioboot.conf.d/gpu.conf' "managed='no'"
	unchanged
	live setup --yes --device 02:00 --when demand
	[ "$status" = 0 ]
	shows 'no kernel parameter is needed' '1  write /etc/vfioboot.conf.d/gpu.conf' "managed='no'" \
		"<source><address domain='0x0000' bus='0x02' slot='0x00' function='0x1'/></source>" \
		"Without libvirt, run 'sudo vfioboot bind gpu' before the guest starts"
	[[ $output != *'   2  write'* && $output != *initramfs-linux* ]]
	grep -qx 'bind = demand' "$host/etc/vfioboot.conf.d/gpu.conf"
	bound_next 0
	live status --json
	json_true '.inactive[0].why == "demand" and .ready == true' <<<"$output"
	live setup --yes --device 02:00 --when demand
	[ "$status" = 0 ]
	shows 'gpu is set up' 'Nothing to do' "<source><address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/></source>"
	put usr/sbin/virtqemud </dev/null
	live setup --yes --device 02:00 --when demand
	shows "Next: run 'sudo vfioboot libvirt enable'" 'the guest does not start'
	live setup --yes --device 02:00 --when boot
	[ "$status" = 1 ]
	[[ $stderr == *"'gpu' is set up already, when a guest that has it starts; run 'sudo vfioboot remove gpu' first"* ]]
	live undo
	[ "$status" = 0 ]
	unchanged
	put proc/sys/kernel/modules_disabled <<<1
	live setup --yes --device 02:00 --when demand
	[[ $stderr == *'loading modules is disabled'*'/etc/modules-load.d'* ]]
	mkdir -p "$host/sys/module/vfio_pci"
	live setup --yes --device 02:00 --when demand
	[ -z "$stderr" ]
}

# The machine with nothing but the integrated display
one_display() {
	new_machine
	rm -r "${host:?}"/sys/bus/pci/devices/0000:0[12]:00.*
	keep
}

@test "the display that has the host's screen is for a guest on demand" {
	new_machine
	live setup --yes --device 00:02.0 --when boot
	[ "$status" = 1 ]
	[[ $stderr == *"'00:02.0' is not offered: 00:02.0 is the boot display; only with --when demand" ]]
	live setup --dry-run --device 00:02.0 --when demand
	[ "$status" = 0 ]
	shows "This host's screen is on that card" '1  write /etc/vfioboot.conf.d/gpu.conf' 'stop-session = yes'
	unchanged
	# When is no question then.
	dialogue 3 y
	[ "$status" = 0 ]
	shows '3  00:02.0' 'is the boot display; only with --when demand' '1  write /etc/vfioboot.conf.d/'
	[[ $output != *'When is it for a guest'* ]]
	grep -qx 'bind = demand' "$host"/etc/vfioboot.conf.d/*.conf
	run ! grep last-display "$host"/etc/vfioboot.conf.d/*.conf
	live undo
	unchanged
}

# bats test_tags=slow
@test "the only display is for a guest on demand when that is agreed to" {
	one_display
	live setup --yes --device 00:02.0 --when demand
	[ "$status" = 2 ]
	[[ $stderr == *'nothing was changed; it is the last display'*'use --allow-last-display'* ]]
	live setup --yes --device 00:02.0 --when boot --allow-last-display
	[ "$status" = 1 ]
	unchanged
	dialogue '' n
	[ "$status" = 1 ]
	shows '1  00:02.0' 'is the last display of the host; only with' \
		'It is the only display of this host. Give it away all the same? [[]y/N] n' 'nothing was changed'
	unchanged
	dialogue '' '?' y y
	[ "$status" = 0 ]
	shows 'back-after 10' '1  write /etc/vfioboot.conf.d/'
	grep -qx 'last-display = yes' "$host"/etc/vfioboot.conf.d/*.conf
	live undo
	unchanged
	live setup --yes --device 00:02.0 --when demand --allow-last-display
	[ "$status" = 0 ]
	grep -qx 'last-display = yes' "$host"/etc/vfioboot.conf.d/*.conf
}

# traced COMMAND...: with /proc/self/fd, without which no link of sysfs can be followed
traced() {
	mkdir -p "$host/proc/self/fd"
	env -i PATH="$PATH" "${@:1:$#-1}" unshare --map-root-user --mount sh -c "mount --bind /proc/\$\$/fd '$host/proc/self/fd' &&
		exec chroot '$host' /bin/vfioboot setup ${*: -1}"
}

# bats test_tags=slow
@test "a drive with data is offered, and given away when that is agreed to" {
	local disk=sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/host6/target6:0:0/6:0:0:0/block/sda
	new_machine
	put "$disk/dev" <<<8:0
	ln -s "../../${disk#sys/}" "$host/sys/class/block/sda"
	ln -s "../../${disk#sys/}" "$host/sys/dev/block/8:0"
	put run/udev/data/b8:0 <<<$'I:1\nE:ID_FS_TYPE=ext4\nE:ID_FS_USAGE=filesystem\nE:ID_FS_LABEL_ENC=photos'
	run --separate-stderr traced '--yes --device 00:14.0 --when boot'
	[ "$status" = 2 ]
	[[ $stderr == *"nothing was changed; the guest could read and write that"*'use --allow-data'* ]]
	shows "has data: /dev/sda (ext4 file system"*"'photos')" 'It stays there, and the'
	unchanged
	run traced "$top/build/tests/dialogue" '' < <(printf '%s\n' 3 n)
	[ "$status" = 1 ]
	shows "Is it the guest's own, and is the guest to have it? [[]y/N] n" 'nothing was changed'
	unchanged
	run traced "$top/build/tests/dialogue" '' < <(printf '%s\n' 3 '?' y 3 y)
	[ "$status" = 0 ]
	shows 'installed system of the guest' '1  write /etc/vfioboot.conf.d/usb.conf'
	grep -qx 'bind = demand' "$host/etc/vfioboot.conf.d/usb.conf"
	rm -r "${host:?}/etc/vfioboot.conf.d"
	run traced '--yes --device 00:14.0 --when demand --allow-data'
	[ "$status" = 0 ]
	[ -e "$host/etc/vfioboot.conf.d/usb.conf" ]
}

@test "GVT-g that is enabled gets its module loaded, unless the GPU is given away" {
	local file=etc/modules-load.d/vfioboot-kvmgt.conf
	new_machine
	put etc/modprobe.d/gvt.conf <<<'options i915 enable_gvt=1'
	keep
	live setup --yes --device 02:00 --when demand
	[ "$status" = 0 ]
	shows "2  write /$file"
	grep -qx kvmgt "$host/$file"
	live setup --yes --device 02:00 --when demand
	shows 'Nothing to do'
	# What somebody has changed is theirs.
	cp "$host/$file" "$BATS_TEST_TMPDIR/ours"
	echo vfio >>"$host/$file"
	live undo --dry-run
	[[ $output != *kvmgt* ]]
	cp "$BATS_TEST_TMPDIR/ours" "$host/$file"
	live undo
	[ "$status" = 0 ]
	shows "Remove /$file"
	rmdir "$host/etc/modules-load.d"
	unchanged
	put etc/modules-load.d/gvt.conf <<<kvmgt
	live setup --dry-run --device 02:00 --when demand
	[[ $output != *kvmgt* ]]
	rm "$host/etc/modules-load.d/gvt.conf"
	live add 00:02.0 --allow-last-display && [ "$status" = 0 ]
	live setup --dry-run --device 02:00 --when demand
	[ "$status" = 0 ]
	[[ $output != *kvmgt* ]]
}

@test "what is missing on the command line is named, and nothing is changed" {
	new_machine
	live setup </dev/null
	[ "$status" = 1 ]
	[[ $stderr == *'nothing was changed; this asks questions'*'use --yes with --device DEVICE and --when'* ]]
	live setup --yes
	[ "$status" = 2 ]
	[[ $stderr == *'nothing was changed; --yes needs --device DEVICE' ]]
	live setup --yes --device 02:00
	[ "$status" = 2 ]
	[[ $stderr == *'nothing was changed; --yes needs --when boot, menu or demand' ]]
	live setup --when 1
	[ "$status" = 2 ]
	[[ $stderr == *"--when takes boot, menu or demand, and not '1'" ]]
	live setup --reboot
	[ "$status" = 2 ]
	live setup --json --yes
	[ "$status" = 2 ]
	live setup --yes --device nonsense --when boot
	[ "$status" = 2 ]
	[[ $stderr == *"vfioboot setup: 'nonsense' is not a device"* ]]
	live setup --yes --device 05:00 --when boot
	[ "$status" = 1 ]
	[[ $stderr == *"no device matches '05:00'"* ]]
	live setup --yes --device 03:00 --when boot
	[ "$status" = 1 ]
	[[ $stderr == *"'03:00' is not offered: 03:00.0 may carry /"*"vfioboot add --dry-run 03:00"* ]] ||
		[[ $stderr == *"'03:00' is not offered: 03:00.0"* ]]
	live setup --yes --device 00:1f.0 --when boot
	[ "$status" = 1 ]
	unchanged
	run "$vfioboot" setup --yes --device 02:00 --when boot --root "$host"
	[ "$status" = 2 ]
	[[ $output == *'only this machine can be changed; add --dry-run'* ]]
	unchanged
}

@test "--json lists the cards, also of another machine" {
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
	run -0 --separate-stderr "$vfioboot" setup --json --root "$host"
	json_true '.cards | length == 6 and
		(map(select(.number)) | map(.address) | sort) == ["0000:00:02.0", "0000:00:14.0", "0000:01:00.0", "0000:02:00.0"] and
		(.[] | select(.address == "0000:02:00.0")) == {"number": 2, "address": "0000:02:00.0",
			"name": "NVIDIA GeForce RTX 3080", "with": "0000:02:00.1", "driver": "nouveau",
			"section": null, "notes": null} and
		(.[] | select(.address == "0000:03:00.0").notes | startswith("carries /, /boot/efi"))' \
		<<<"$output"
	run -0 --separate-stderr "$vfioboot" setup --dry-run --device 02:00 --when boot --root "$host"
	[[ $output == *'1  write /etc/vfioboot.conf.d/gpu.conf'* ]]
	[ ! -e "$host/etc/vfioboot.conf.d" ]
	put etc/vfioboot.conf <<<nonsense
	run -1 --separate-stderr "$vfioboot" setup --json --root "$host"
	[[ $stderr == 'vfioboot setup: /etc/vfioboot.conf:1: '* ]]
	json_true '.cards | length == 6' <<<"$output"
}

@test "a card that looks like another one is not offered" {
	host=$BATS_TEST_TMPDIR/host
	mkdir -p "$host"
	"$compose" "$top/tests/fixtures/nested-bridges/machine" "$host"
	run -0 --separate-stderr "$vfioboot" setup --json --root "$host"
	json_true '.cards[] | select(.address == "0000:81:00.0") | .number == null and
		.notes == "cannot be distinguished from another device with the same ids"' <<<"$output"
}

@test "what a card's driver makes is gone with it" {
	host=$BATS_TEST_TMPDIR/host
	mkdir -p "$host"
	"$compose" "$top/tests/cards/vmd" "$host"
	run -0 --separate-stderr "$vfioboot" setup --json --root "$host"
	json_true '.cards[] | select(.address == "0000:00:0e.0").notes |
		contains("10000:e1:00.0 and 1 more are gone with it")' <<<"$output"
}

# bats test_tags=slow
@test "a card that is offered is one that 'add' takes, with the same functions" {
	local file address with notes offered=0
	local -a options
	host=$BATS_TEST_TMPDIR/host
	for file in "$top"/tests/cards/*; do
		rm -rf "${host:?}"
		mkdir -p "$host"/proc/self "$host"/sys/dev/block "$host"/sys/class/block
		"$compose" "$file" "$host"
		echo '30 1 0:25 / / rw,relatime shared:1 - tmpfs tmpfs rw' >"$host/proc/self/mountinfo"
		"$vfioboot" setup --json --root "$host" >"$BATS_TEST_TMPDIR/cards"
		while IFS=$'\t' read -r address notes with; do
			options=()
			[[ $notes != *'only with --when demand'* ]] || options=(--demand --allow-last-display)
			run -0 --separate-stderr "$vfioboot" add --dry-run --root "$host" "${options[@]}" "$address"
			[ "$(awk '/^Device set / {on = 1; next} !/^ +[0-9a-f]+:[0-9a-f]/ {on = 0} on {print $1}' \
				<<<"$output" | grep -vxF "$address" | paste -sd ' ')" = \
				"${with//,/}" ] || { echo "$file $address $with: $output"; return 1; }
			offered=$((offered + 1))
		done < <(jq -r '.cards[] | select(.number) | [.address, .notes // "-", .with // ""] | @tsv' "$BATS_TEST_TMPDIR/cards")
	done
	echo "offered: $offered"
	((offered > 20))
}

# The machine without IOMMU groups: of Intel, with a kernel that leaves its IOMMU off
without_groups() {
	find "$host/sys" -name iommu_group -delete
	rm -r "${host:?}/sys/class/iommu"
	rm -rf "${host:?}/sys/kernel/iommu_groups"
	# What the running kernel is.
	put proc/sys/kernel/osrelease <<<6.12.8-arch1-1
	put "usr/lib/modules/6.12.8-arch1-1/config" <<-'END'
		CONFIG_INTEL_IOMMU=y
		# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set
		CONFIG_VFIO_PCI=m
	END
}

# bats test_tags=slow
@test "without IOMMU the parameter comes first, and what is chosen then is asked for later" {
	new_machine
	without_groups
	keep
	dialogue n
	[ "$status" = 1 ]
	shows 'The IOMMU is off' 'the parameters intel_iommu=on' 'Nothing was changed.'
	[[ $output != *'Which card'* ]]
	unchanged
	dialogue y n
	[ "$status" = 3 ]
	shows 'Reboot, and run ' 'setup'
	grep -q '^options .*intel_iommu=on' "$host/boot/loader/entries/arch.conf"
	live setup --yes --device 02:00 --when boot
	[ "$status" = 3 ]
	shows 'done  the normal entries have intel_iommu=on' 'Reboot, and run '
	[ ! -e "$host/etc/vfioboot.conf.d" ]
	live undo
	[ "$status" = 0 ]
	unchanged
}

# bats test_tags=slow
@test "what makes it pointless ends it before anything is asked" {
	new_machine
	without_groups
	put usr/lib/modules/6.12.8-arch1-1/config <<-'END'
		CONFIG_INTEL_IOMMU=y
		CONFIG_INTEL_IOMMU_DEFAULT_ON=y
		CONFIG_VFIO_PCI=m
	END
	dialogue
	[ "$status" = 1 ]
	shows 'fail ' 'nothing was changed: ' 'firmware'
	[[ $output != *'?'*' [' ]]
	unchanged
	rm -r "${host:?}"
	new_machine
	sed -i 's/quiet/intel_iommu=off/' "$host/proc/cmdline"
	dialogue
	[ "$status" = 1 ]
	shows 'intel_iommu=off' 'nothing was changed'
	unchanged
}

@test "no hook, or two generators: said at once; on demand needs none" {
	new_machine
	rm "$host/usr/lib/initcpio/install/vfioboot"
	dialogue
	[ "$status" = 1 ]
	shows 'nothing was changed: ' 'mkinitcpio' "'--when demand' needs no image"
	[[ $output != *'Which card'* ]]
	live setup --yes --device 02:00 --when boot
	[ "$status" = 1 ]
	live setup --yes --device 02:00 --when demand
	[ "$status" = 0 ]
	put usr/lib/initcpio/install/vfioboot </dev/null
	# The images are there, and do not say whose they are.
	put usr/bin/dracut </dev/null
	chmod +x "$host/usr/bin/dracut"
	rm "$host"/boot/initramfs-*
	keep
	live setup --yes --device 02:00 --when boot
	[ "$status" = 1 ]
	[[ $stderr == *'nothing was changed: dracut and mkinitcpio are installed'* ]]
	unchanged
}

@test "a signal ends what runs, and setup says what stays" {
	new_machine
	# It runs until it gets the signal, too.
	printf '#!/bin/sh\nread -r pid </run/setup\nkill -TERM "$pid"\nwhile :; do :; done\n' \
		>"$host/usr/bin/mkinitcpio"
	run --separate-stderr env -i PATH=/bin:/usr/bin unshare --map-root-user --root="$host" \
		/bin/sh -c 'echo $$ >/run/setup; exec vfioboot setup --yes --device 02:00 --when boot'
	[ "$status" = 143 ]
	[[ $stderr == *'interrupted (Terminated)'*'what the steps before this one did stays'*"'sudo vfioboot undo'"* ]]
	[ -e "$host/etc/vfioboot.conf.d/gpu.conf" ]
}

# live_with SETTING: setup where this was mounted first
live_with() {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	run --separate-stderr env -i PATH="$PATH" host="$host" unshare -rm bash -ec "$1"'
		exec chroot "$host" /bin/vfioboot setup --yes --device 02:00 --when boot'
}

@test "no way to write: each is said, and nothing is changed" {
	new_machine
	live_with 'mount --bind "$host/boot" "$host/boot"; mount -o remount,bind,ro "$host/boot"'
	[ "$status" = 1 ]
	[ "$stderr" = 'vfioboot setup: /boot is mounted read-only; mount it writable; nothing was changed' ]
	unchanged
	live_with 'mount --bind "$host/etc" "$host/etc"; mount -o remount,bind,ro "$host/etc"'
	[ "$status" = 1 ]
	[ "$stderr" = 'vfioboot setup: /etc is mounted read-only; mount it writable; nothing was changed' ]
	unchanged
	live_with 'mkdir "$host/small"; mount -t tmpfs -o size=64k none "$host/small"
		cp -a "$host/boot/." "$host/small"; head -c 1M /dev/zero >"$host/small/full" || :
		mount --move "$host/small" "$host/boot"; rmdir "$host/small"'
	[ "$status" = 1 ]
	[[ $stderr == *'/boot'*'free'*'nothing was changed'* ]]
	unchanged
	ln -s /nowhere "$host/etc/vfioboot.conf.d"
	keep
	live setup --yes --device 02:00 --when boot
	[ "$status" = 1 ]
	[[ $stderr == *'nothing was changed: /etc/vfioboot.conf.d, a link to /nowhere cannot be opened'* ]]
	unchanged
}

# Each image that an entry names is a whole one, old or new.
boots() {
	local image
	for image in "$host"/boot/initramfs-linux{,-lts}.img; do
		cmp -s "$image" "$host/made" || cmp "$image" "$plain/boot/${image##*/}"
	done
	grep -q '^linux' "$host/boot/loader/entries/arch.conf"
}

# bats test_tags=slow
@test "killed before any of its changes, it goes on where it was, and undo takes all back" {
	local call n killed=0 plain=$BATS_TEST_TMPDIR/plain
	command -v strace >/dev/null || skip "needs strace"
	new_machine
	copy_machine "$host" "$plain"
	live setup --yes --device 02:00 --when boot
	[ "$status" = 0 ]
	state >"$BATS_TEST_TMPDIR/reference"
	for call in renameat2 renameat unlinkat linkat; do
		for ((n = 1; ; n++)); do
			rm -r "${host:?}"
			copy_machine "$plain" "$host"
			run strace -f -o /dev/null -e trace="?$call" -e inject="?$call:signal=KILL:when=$n" \
				env -i PATH=/bin:/usr/bin unshare --map-root-user --root="$host" \
				/bin/vfioboot setup --yes --device 02:00 --when boot
			[ "$status" != 0 ] || break
			killed=$((killed + 1))
			boots
			# Taken back from here
			copy_machine "$host" "$BATS_TEST_TMPDIR/killed"
			undone
			rm -r "${host:?}"
			mv "$BATS_TEST_TMPDIR/killed" "$host"
			live setup --yes --device 02:00 --when boot
			[ "$status" = 0 ]
			state | diff "$BATS_TEST_TMPDIR/reference" -
		done
	done
	echo "killed $killed times"
	((killed > 5))
}
