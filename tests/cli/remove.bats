#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # run sets output, stderr and status
#
# `vfioboot remove`: after `add` and it a machine is what it was, and nobody's text is touched.

bats_require_minimum_version 1.5.0

load ../lib/programs

setup() {
	programs
	root=$BATS_TEST_TMPDIR/root
	mkdir "$root"
	"$compose" "$fixtures/identical-cards/machine" "$root"
	mkdir -p "$root/etc/vfioboot.conf.d"
	echo '# none yet' >"$root/etc/vfioboot.conf.d/README"
}

# It has added something, which is there to be removed.
add() {
	run -0 "$vfioboot" add --root "$root" "$@"
	[[ $output == *'Wrote '* ]]
}

remove() {
	run --separate-stderr "$vfioboot" remove --root "$root" "$@"
}

# Every name below the root with its type and mode, and every content.
fingerprint() {
	(cd "$root" && find . -printf '%p %y %m %l\n' | sort &&
		find . -type f -print0 | sort -z | xargs -0 sha256sum)
}

@test "by name: the machine is byte for byte what it was" {
	before=$(fingerprint)
	add 01:00.0
	[ "$(fingerprint)" != "$before" ]
	remove gpu
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == 'Deleted /etc/vfioboot.conf.d/gpu.conf, device set gpu.'*'vfioboot apply'*reboot* ]]
	[ "$(fingerprint)" = "$before" ]
}

@test "the directory that add made goes with the last drop-in" {
	rm -r "${root:?}/etc/vfioboot.conf.d"
	before=$(fingerprint)
	add 01:00.0
	add 02:00.0
	remove gpu
	[ "$status" -eq 0 ]
	[ -f "$root/etc/vfioboot.conf.d/gpu2.conf" ]
	remove gpu2
	[ "$status" -eq 0 ]
	[ "$(fingerprint)" = "$before" ]
}

@test "by any way to name one of its functions" {
	before=$(fingerprint)
	for device in 0000:01:00.0 01:00.1 01:00 00:01.0/00 00:01.0/00.1; do
		add 01:00.0
		remove "$device"
		[ "$status" -eq 0 ]
		[ "$(fingerprint)" = "$before" ]
	done
}

@test "the other set stays" {
	add 01:00.0
	add 02:00.0
	before=$(sha256sum "$root/etc/vfioboot.conf.d/gpu2.conf")
	remove 01:00.0
	[ "$status" -eq 0 ]
	[ "$(cd "$root/etc/vfioboot.conf.d" && echo *.conf)" = gpu2.conf ]
	[ "$(sha256sum "$root/etc/vfioboot.conf.d/gpu2.conf")" = "$before" ]
}

@test "an id that two sets have" {
	add 01:00.0
	add 02:00.0
	remove 10de:2206
	[ "$status" -eq 1 ]
	[[ $stderr == *"'10de:2206' is in more than one device set"* ]]
	[[ $stderr == *'gpu  /etc/vfioboot.conf.d/gpu.conf:4'* ]]
	[[ $stderr == *'gpu2  /etc/vfioboot.conf.d/gpu2.conf:4'* ]]
	[ "$(echo "$root"/etc/vfioboot.conf.d/*.conf)" = "$root/etc/vfioboot.conf.d/gpu.conf $root/etc/vfioboot.conf.d/gpu2.conf" ]
}

@test "when the hardware is gone" {
	for device in gpu 00:01.0/00 00:01.0/00.0 10de:2206 10de:1aef; do
		add 01:00.0
		mv "$root/sys" "$root/elsewhere"
		mkdir -p "$root/sys/bus/pci/devices"
		remove "$device"
		[ "$status" -eq 0 ]
		[ ! -e "$root/etc/vfioboot.conf.d/gpu.conf" ]
		rm -r "${root:?}/sys"
		mv "$root/elsewhere" "$root/sys"
	done
	# Not even sysfs is there.
	add 01:00.0
	rm -r "${root:?}/sys"
	remove 00:01.0/00
	[ "$status" -eq 0 ]
}

@test "--dry-run" {
	add 01:00.0
	before=$(fingerprint)
	remove --dry-run gpu
	[ "$status" -eq 0 ]
	[ "$output" = 'Would delete /etc/vfioboot.conf.d/gpu.conf, device set gpu.' ]
	[ "$(fingerprint)" = "$before" ]
}

@test "a section that a person wrote is named with file and line" {
	printf '; mine\n[device mine]\npath = 00:01.0/00\n' >"$root/etc/vfioboot.conf"
	before=$(fingerprint)
	for operand in mine 01:00.0 00:01.0/00; do
		remove "$operand"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[[ $stderr == *"device set 'mine' is in /etc/vfioboot.conf:2"*'by hand'*'delete [device mine] there yourself'* ]]
	done
	[ "$(fingerprint)" = "$before" ]
}

@test "a drop-in that was changed to hold more is not deleted" {
	add 01:00.0
	cp "$root/etc/vfioboot.conf.d/gpu.conf" "$BATS_TEST_TMPDIR/gpu.conf"
	for more in '[device other]\nid = 8086:a36d' '[boot]\nwhen = selected' 'no line'; do
		cp "$BATS_TEST_TMPDIR/gpu.conf" "$root/etc/vfioboot.conf.d/gpu.conf"
		printf "%b\n" "$more" >>"$root/etc/vfioboot.conf.d/gpu.conf"
		remove gpu
		[ "$status" -eq 1 ]
		[[ $stderr == *'/etc/vfioboot.conf.d/gpu.conf:4'* ]]
		[ -f "$root/etc/vfioboot.conf.d/gpu.conf" ]
	done
	# Without the mark it is a person's.
	sed 1d "$BATS_TEST_TMPDIR/gpu.conf" >"$root/etc/vfioboot.conf.d/gpu.conf"
	remove gpu
	[ "$status" -eq 1 ]
	# A value may be changed, and the section may be bad for it.
	sed 's/expect = 2/expect = two/' "$BATS_TEST_TMPDIR/gpu.conf" \
		>"$root/etc/vfioboot.conf.d/gpu.conf"
	remove gpu
	[ "$status" -eq 0 ]
}

@test "a drop-in that is a link is left alone" {
	add 01:00.0
	mv "$root/etc/vfioboot.conf.d/gpu.conf" "$root/etc/real.conf"
	ln -s ../real.conf "$root/etc/vfioboot.conf.d/gpu.conf"
	remove gpu
	[ "$status" -eq 1 ]
	[[ $stderr == *'cannot remove /etc/vfioboot.conf.d/gpu.conf'*'nothing was changed'* ]]
	[ -f "$root/etc/real.conf" ] && [ -L "$root/etc/vfioboot.conf.d/gpu.conf" ]
}

@test "a set of the command line" {
	echo 'quiet vfioboot.device=00:01.0/00' >"$root/proc/cmdline"
	remove cmdline1
	[ "$status" -eq 1 ]
	[[ $stderr == *'kernel command line'*vfioboot.device=* ]]
	remove 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *'kernel command line'* ]]
}

@test "what is not there" {
	remove nothing
	[ "$status" -eq 1 ]
	[[ $stderr == *"'nothing' is neither a device set"*'vfioboot plan'* ]]
	remove 01:00.0
	[ "$status" -eq 1 ]
	[[ $stderr == *"no device set contains '01:00.0'"* ]]
}

@test "misuse" {
	run -2 "$vfioboot" remove
	[[ $output == *'no device set or device given'* ]]
	run -2 "$vfioboot" remove gpu gpu2
	[[ $output == *"unexpected argument 'gpu2'"* ]]
	run -2 "$vfioboot" remove --nonsense
}

# More drop-ins than there is room for are told of, each time at their directory.
@test "of too many drop-ins the one that is named is deleted, and no other" {
	local n
	for n in {10..79}; do
		printf '%s\n' "# Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it." \
			"[device set$n]" "id = 1234:00$n" >"$root/etc/vfioboot.conf.d/set$n.conf"
	done
	run --separate-stderr "$vfioboot" explain --root "$root" 01:00.0
	[[ $stderr == *'/etc/vfioboot.conf.d: too many drop-in files'* ]]
	local removed=0
	for n in {10..79}; do
		remove --dry-run "set$n"
		[[ $stderr != *'is neither a device set'* ]] || continue
		[ "$output" = "Would delete /etc/vfioboot.conf.d/set$n.conf, device set set$n." ]
		removed=$((removed + 1))
	done
	[ "$removed" -eq 56 ]
}

@test "entries of the boot menu that no longer fit are reported" {
	add --profile games 01:00.0
	add 02:00.0
	printf 'passthrough\tPassthrough\tvfioboot.profile=games\nno-passthrough\tno passthrough\tvfioboot.off\n' \
		>"$root/etc/vfioboot.entries"
	remove --dry-run gpu
	[ -z "$stderr" ]
	remove gpu2
	[[ $stderr == *"outdated entries; run 'sudo vfioboot entry add'" ]]
	remove gpu
	[[ $stderr == *"no device is configured for a boot; run 'sudo vfioboot entry remove'" ]]
	[ "$status" = 0 ]
}
