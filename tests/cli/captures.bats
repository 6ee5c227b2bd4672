#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154 # variables of jq; run sets output
#
# Machines as `vfioboot capture` saved them, replayed: what a real kernel shows, where the composed
# ones show what we think it does. tests/captures/bookworm-q35 is a QEMU q35 with two identical
# cards, the second one bound by the initramfs, captured while it ran.

bats_require_minimum_version 1.5.0

load ../lib/json
load ../lib/programs

setup() {
	programs
	root=$BATS_TEST_TMPDIR/root
	mkdir "$root"
	tar -xf "$top/tests/captures/bookworm-q35.tar.xz" -C "$root"
}

vfioboot() {
	run -"$1" --separate-stderr "$vfioboot" "$2" --root "$root" "${@:3}"
}

# same TEXT <<EXPECTED
same() {
	diff - <(printf '%s\n' "$1")
}

@test "list: groups, drivers, what the host uses, and what is bound" {
	vfioboot 0 list --json --all
	told=$(jq -r '.functions[] | select(.iommu_group >= 3) |
		"\(.address) \(.iommu_group) \(.driver) \(.uses) \(.section) \(.result)"' <<<"$output")
	same "$told" <<-'END'
		0000:00:1e.0 3 virtio-pci / null null
		0000:00:1f.0 4 lpc_ich null null null
		0000:00:1f.2 4 ahci null null null
		0000:00:1f.3 4 i801_smbus null null null
		0000:01:00.0 5 bochs-drm null null null
		0000:01:00.1 5 snd_hda_intel null null null
		0000:02:00.0 6 vfio-pci null second-gpu bound
		0000:02:00.1 6 vfio-pci null second-gpu bound
	END
}

@test "plan: that of the early program" {
	vfioboot 0 plan --json
	told=$(jq -r '.plan[] | "\(.address) \(.section) \(.action) \(.wanted)"' <<<"$output")
	run -0 --separate-stderr "$early" --root "$root" --dry-run
	[ "$output" = "$told" ]
	[ "$(wc -l <<<"$told")" = 2 ]
}

@test "a display that is lent to a guest now is the host's at the next boot" {
	local first=$root/sys/bus/pci/devices/0000:01:00.0
	printf '[device second]\npath = 00:04.0/00\nexpect = 2\n' >"$root/etc/vfioboot.conf"
	for lent in no yes; do
		vfioboot 0 plan --json
		json_true '.plan | length == 2 and all(.action == "bind")' <<<"$output"
		run --separate-stderr "$vfioboot" status --root "$root" --json
		json_true '[.functions[] | select(.section == "second") | .next_boot] == ["bind", "bind"]' <<<"$output"
		run --separate-stderr "$vfioboot" check --root "$root" --json
		json_true '[.checks[] | select(.name == "boot-display" and .state != "pass")] == []' \
			<<<"$output"
		[ "$lent" = yes ] || ln -sfn "$(realpath -s --relative-to="$(realpath "$first")" \
			"$root/sys/bus/pci/drivers/vfio-pci")" "$first/driver"
	done
	[ "$(basename "$(readlink "$first/driver")")" = vfio-pci ]
	# The other card is the host's last display then, whoever has the first one now.
	printf '[device other]\npath = 00:03.0/00\n' >>"$root/etc/vfioboot.conf"
	vfioboot 1 plan --json
	json_true '[.plan[] | select(.section == "other") | .reason] | unique == ["last-display"]' \
		<<<"$output"
}

@test "protect: the disk, and both displays" {
	vfioboot 0 protect
	same "$output" <<-'END'
		# vfioboot protect list 1
		storage 00:1e.0 1af4:1001 /
		display 00:03.0/00.0 1234:1111 boot
		display 00:04.0/00.0 1234:1111 -
	END
}

@test "status: bound in the initramfs, with today's configuration" {
	vfioboot 0 status --json
	json_true '.boot.image_config_is_current and (.functions | length == 2 and
		all(.result == "bound" and .stage == "initramfs" and .as_wanted))' <<<"$output"
}

@test "check: the IOMMU, the groups and the framebuffer are as the kernel said" {
	run --separate-stderr "$vfioboot" check --root "$root" --json
	for point in config section protect-list iommu-firmware iommu iommu-parameters \
		interrupt-remapping kernel-config iommu-group group-members boot-display \
		framebuffer memory; do
		json_true '[.checks[] | select(.name == $point)] | length > 0 and
			all(.state == "pass")' --arg point "$point" <<<"$output" ||
			{ echo "$point"; return 1; }
	done
}

@test "the boot loader and the images are not in a capture, and what needs them says so" {
	vfioboot 3 entry list
	[[ $stderr == *'no boot loader was found'* ]]
	vfioboot 1 entry add
	[[ $stderr == *'no boot loader was found'* ]]
	for command in apply undo; do
		vfioboot 1 "$command" --dry-run
		[[ $stderr == *'do not include its programs; run this on the machine itself'* ]]
	done
	sed -i '/^\[device/a profile = passthrough' "$root/etc/vfioboot.conf"
	vfioboot 1 try --dry-run
	[[ $stderr == *"the boot loader is not known; 'vfioboot check' says why, at the point boot-loader"* ]]
}
