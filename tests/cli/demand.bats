#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and machine.bash
#
# Sections with bind = demand, on a desktop with two identical cards: what each command says of them,
# that no boot and no image needs them, and that what a boot binds is as if they were not there.

bats_require_minimum_version 1.5.0

load host
load machine

setup() {
	two_cards
	demand=$'[device guest]\npath = 00:01.1/00\nexpect = 2\nbind = demand'
	put etc/vfioboot.conf.d/guest.conf <<<"$demand"
}

ask() { # COMMAND...
	run --separate-stderr "$vfioboot" "$@" --root "$host"
	json=$output
}

left="guest (/etc/vfioboot.conf.d/guest.conf:1): left to the host at boot; 'sudo vfioboot bind guest' takes it"

@test "plan: a line for each function, and no boot binds it" {
	ask plan
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[[ $output == 'The next boot will bind nothing.'*'guest   0000:02:00.0 10de:2206 nouveau '*'left to the host'*'guest   0000:02:00.1'*"$left"* ]]
	[[ $output != *'vfioboot apply'* ]]
	ask plan --json
	json_is '.plan | length == 2 and all(.section == "guest" and .action == "demand" and .reason == null and
		.at_the_next_boot == "left to the host" and .wanted == "vfio-pci" and
		(.remark | startswith("left to the host at boot")))'
	run -0 --separate-stderr "$early" --root "$host" --dry-run
	[ -z "$output$stderr" ]
	run -0 --separate-stderr "$early" --root "$host" --dry-run --verbose
	[ "$stderr" = 'vfioboot-early: guest: left to the host: bind = demand' ]
}

@test "plan: a boot section beside it is bound as if it was alone" {
	put etc/vfioboot.conf <<<$'[device gpu]\npath = 00:01.0/00'
	ask plan --json
	[ "$status" = 0 ]
	[ "$(jq -r '.plan[] | "\(.address) \(.action)"' <<<"$json")" = \
		$'0000:01:00.0 bind\n0000:01:00.1 bind\n0000:02:00.0 demand\n0000:02:00.1 demand' ]
	run -0 "$early" --root "$host" --dry-run
	[ "$output" = $'0000:01:00.0 gpu bind vfio-pci\n0000:01:00.1 gpu bind vfio-pci' ]
}

@test "plan: why it would not be handed over is said, and is no failure of a boot" {
	put etc/vfioboot.conf.d/guest.conf <<<"${demand/00:01.1/00:1f.7}"
	ask plan
	[ "$status" = 0 ]
	[[ $output == *"$left"*', which would be refused now: no function that its section names is present'* ]]
	ask plan --json
	json_is '.plan | length == 1 and .[0].action == "demand" and .[0].reason == "absent" and .[0].address == null'
	ask check --json
	json_is '.checks[] | select(.name == "section") | .state == "fail" and .subject == "guest" and
		(.found | startswith("is refused when it is to be handed over: ")) and
		(.remedy | contains("edit /etc/vfioboot.conf.d/guest.conf:1"))'
}

@test "list: on demand, and bound when a guest has it" {
	ask list --json
	[ "$status" = 0 ]
	json_is '.functions | map(select(.section == "guest")) | length == 2 and
		all(.result == "demand" and .notes == "guest: on demand" and .wanted == "vfio-pci")'
	ask list
	[[ $output == *'guest: on demand'* && $output != *'Not all configured devices are bound'* ]]
	local n
	for n in 0 1; do
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$host/sys/devices/pci0000:00/0000:00:01.1/0000:02:00.$n/driver"
	done
	ask list --json
	json_is '.functions | map(select(.section == "guest")) | length == 2 and
		all(.result == "bound" and .notes == "guest: bound on demand")'
}

@test "status: no function of it is missed, whatever the record says" {
	ask status
	[ "$status" = 0 ]
	[[ $output == 'Nothing was configured for this boot.'*"$left"* ]]
	[[ $output != *'vfioboot apply'* ]]
	ask status --json
	[ "$status" = 0 ]
	json_is '.functions == [] and .next_boot.bind == 0 and
		.inactive == [{"section": "guest", "profile": null, "why": "demand"}]'
	json_is '.handed_over == []'
	# Guests get nothing before `libvirt enable`.
	mkdir -p "$host/etc/libvirt/hooks/qemu.d"
	: >"$host/etc/libvirt/hooks/qemu.d/vfioboot"
	ask status
	[[ $output == *"'sudo vfioboot bind guest' or its guest takes it."* ]]
	host_handed_over guest
	ask status
	[[ $output == *"guest has been handed over while this system runs; 'sudo vfioboot release guest' takes it back."* ]]
	ask status --json
	json_is '.handed_over == ["guest"]'
	ask explain 02:00.0
	[[ $output == *"and is left to the host at boot; it has been handed over while this system runs; 'sudo vfioboot release guest' takes it back."* ]]
	rm "$host/etc/vfioboot.conf.d/guest.conf"
	ask explain 02:00.0
	[[ $output == *"It has been handed over while this system runs; 'sudo vfioboot release guest' takes it back."* ]]
	put etc/vfioboot.conf.d/guest.conf <<<"$demand"
	sed -i 's/^guest -/guest win11/' "$host/run/vfioboot/handover/guest"
	ask status
	[[ $output == *'guest was given to the guest win11; it comes back when that ends.'* && $output != *'vfioboot release'* ]]
	[[ $output == *'left to the host at boot; it was given to the guest win11; it comes back when that ends.'* ]]
	# Without the hook nobody takes it back by itself.
	mv "$host/etc/libvirt/hooks/qemu.d/vfioboot" "$work/hook"
	ask status
	[[ $output == *"guest was given to the guest win11; 'sudo vfioboot release guest' takes it back when that has ended, since the hook of libvirt is not there."* ]]
	mv "$host/etc/vfioboot.conf.d/guest.conf" "$work"
	ask explain 02:00.0
	[[ $output == *"It was given to the guest win11; 'sudo vfioboot release guest' takes it back when that has ended, since the hook of libvirt is not there."* ]]
	mv "$work/hook" "$host/etc/libvirt/hooks/qemu.d/vfioboot"
	ask explain 02:00.0
	[[ $output == *'It was given to the guest win11; it comes back when that ends.'* ]]
	mv "$work/guest.conf" "$host/etc/vfioboot.conf.d"
	# A release that could not start all units, or a run that was interrupted: nobody has it.
	sed -i 's/^phase bound/phase releasing/' "$host/run/vfioboot/handover/guest"
	ask status
	[[ $output == *"guest was handed over, or put back, only in part; 'sudo vfioboot release guest' puts back the rest."* ]]
	[[ $output == *"left to the host at boot; it was handed over, or put back, only in part; 'sudo vfioboot release guest' puts back the rest."* ]]
	[[ $output != *'win11'* ]]
	mv "$host/etc/vfioboot.conf.d/guest.conf" "$work"
	ask explain 02:00.0
	[[ $output == *"It was handed over, or put back, only in part; 'sudo vfioboot release guest' puts back the rest."* ]]
	mv "$work/guest.conf" "$host/etc/vfioboot.conf.d"
	# What release cannot read it does not take back.
	put run/vfioboot/handover/guest <<<garbage
	ask status
	[[ $output == *'Whether guest is handed over is unknown: cannot read /run/vfioboot/handover/guest: '*'; look at it, then remove it.'* ]]
	[[ $output != *'takes it back'* ]]
	chmod 600 "$host/run/vfioboot/handover/guest"
	[ "$(id -u)" = 0 ] || chmod 0 "$host/run/vfioboot/handover/guest"
	run as_nobody "$host" status
	[[ $output == *'Whether guest is handed over is unknown: cannot read /run/vfioboot/handover/guest: Permission denied; run this as root.'* ]]
	# It was a section of boots when this one began, and was handed back since.
	put run/vfioboot/initramfs.record <<-'END'
		vfioboot-record 2
		version 0.1.0
		stage initramfs
		kernel 6.12.48
		config 0000000000000001
		state done
		function section=guest address=0000:02:00.0 path=00:01.1/00.0 id=10de:2206 wanted=vfio-pci before=- driver=vfio-pci result=bound reason=-
		function section=guest address=0000:02:00.1 path=00:01.1/00.1 id=10de:1aef wanted=vfio-pci before=- driver=vfio-pci result=bound reason=-
	END
	ask status --json
	[ "$status" = 0 ]
	json_is '.functions == []'
}

@test "explain: the section, and what a boot does" {
	ask explain 02:00.0
	[ "$status" = 0 ]
	[[ $output == *'The section guest (/etc/vfioboot.conf.d/guest.conf:1) asks for vfio-pci, and is left to the host at boot'* ]]
	ask explain --json guest
	json_is '.functions | length == 2 and all(.section.inactive == "demand" and .boot == null)'
}

@test "check: the section, and its functions" {
	ask check --json
	json_is '[.checks[] | select(.name == "section")] == [{"name": "section", "subject": "guest",
			"state": "pass", "found": "the host keeps 2 functions at boot; '"'"'sudo vfioboot bind guest'"'"' or its guest takes them", "remedy": null}] and
		([.checks[] | select(.name == "iommu-group" and .state == "pass").subject] == ["0000:02:00.0", "0000:02:00.1"]) and
		([.checks[] | select(.name == "framebuffer")] == [])'
}

add() { # [OPTION...] DEVICE
	run --separate-stderr "$vfioboot" add --root "$host" --demand "$@"
}

@test "add --demand: the section, and nothing for a boot; remove" {
	rm "$host/etc/vfioboot.conf.d/guest.conf"
	add 02:00
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[[ $output == 'Device set gpu:'*'Wrote /etc/vfioboot.conf.d/gpu.conf.'*'left to the host at boot, and no image has to be rebuilt'* ]]
	[[ $output != *'vfioboot apply'* ]]
	[ "$(grep -v '^#' "$host/etc/vfioboot.conf.d/gpu.conf")" = '[device gpu]
path = 00:01.1/00
id = 10de:2206, 10de:1aef
expect = 2
bind = demand' ]
	run -0 "$early" --root "$host" --dry-run
	[ -z "$output" ]
	add 02:00
	[ "$status" = 1 ]
	[[ $stderr == *'already in [device gpu]'* ]]
	run -0 "$vfioboot" remove --root "$host" gpu
	[ "$output" = 'Deleted /etc/vfioboot.conf.d/gpu.conf, device set gpu.' ]
	add --json --dry-run 02:00
	json=$output
	json_is '.accepted and .bind == "demand" and .profile == null and (.functions | length == 2 and all(.next_boot == "demand"))'
}

@test "add --demand: what must hold when the guest starts is refused, what is in use now is said" {
	add 03:00.0
	[ "$status" = 1 ]
	[[ $stderr == *'0000:03:00.0 carries /'*'never bound'* ]]
	rm -r "${host:?}"
	machine nvme-in-gpu-group
	put proc/self/mountinfo <<<'30 1 0:25 / / rw,relatime shared:1 - tmpfs tmpfs rw'
	disk 0000:03:00.0 nvme1n1 259:5
	mount_line 259:5 /data ext4 /dev/nvme1n1
	run -1 "$vfioboot" add --root "$host" 03:00.0
	[[ $output == *'carries /data'*'--allow-mounted'* ]]
	add 03:00.0
	[ "$status" = 0 ]
	[[ $stderr == *'warning: 0000:03:00.0 carries /data'* ]]
	rm -r "${host:?}"
	machine no-iommu
	put proc/self/mountinfo <<<'30 1 0:25 / / rw,relatime shared:1 - tmpfs tmpfs rw'
	add 01:00.0
	[ "$status" = 1 ]
	[[ $stderr == *'has no IOMMU group'* ]]
}

@test "add --demand: the last display, and what is there only after udev" {
	rm -r "${host:?}"
	machine one-display
	put proc/self/mountinfo <<<'30 1 0:25 / / rw,relatime shared:1 - tmpfs tmpfs rw'
	add 01:00.0
	[ "$status" = 1 ]
	[[ $stderr == *'0000:01:00.0 is the last display of the host'*--allow-last-display* ]]
	add --allow-last-display 01:00.0
	[ "$status" = 0 ]
	grep -qx 'last-display = yes' "$host/etc/vfioboot.conf.d/gpu.conf"
	ask plan --json
	json_is '.plan | length == 2 and all(.action == "demand" and .reason == null)'
	rm -r "${host:?}"
	machine sriov
	put proc/self/mountinfo <<<'30 1 0:25 / / rw,relatime shared:1 - tmpfs tmpfs rw'
	add 01:1f.6
	[ "$status" = 0 ]
	[[ $stderr != *udev* ]]
}

@test "add --demand: options that do not fit" {
	add --profile x 02:00
	[ "$status" = 2 ]
	[[ $stderr == *'--demand and --profile do not go together'* ]]
}

@test "a section by hand at the kernel command line is one of this boot" {
	host_cmdline 's/$/ vfioboot.device=02:00/'
	ask plan --json
	json_is '.plan | map(select(.action == "bind")) | length == 2 and all(.section == "cmdline1")'
	ask list --json
	json_is '.functions | map(select(.address == "0000:02:00.0")) | .[0].section == "cmdline1"'
}

@test "apply, check and status: an image without vfioboot will do, and one with it, too" {
	local configured=$host/etc/vfioboot.conf.d/guest.conf
	mkdir "$work/image"
	: >"$work/image/init"
	put etc/vfioboot.conf <examples/vfioboot.conf
	(cd "$work/image" && echo init | cpio -o -H newc --quiet) | gzip >"$host/boot/initrd.img-$release"
	ask apply --dry-run
	[ "$status" = 0 ]
	[[ $output == *'Nothing to do: every image is up to date.'*'no function is bound: what is configured is left to the host then, see '\''vfioboot plan'\''.' ]]
	ask check --json
	json_is '[.checks[] | select(.name == "image" and .state != "pass")] == []'
	# The same configuration, in an image that was made for another reason.
	host_image
	ask apply --dry-run
	[[ $output == *'Nothing to do: every image is up to date.'* ]]
	sed -i 's/expect = 2/expect = 1/' "$configured"
	ask apply --dry-run
	[[ $output == *'Nothing to do: every image is up to date.'* ]]
	# It binds what has become a section of demand since.
	sed -i '/^bind/d' "$configured"
	host_image
	echo 'bind = demand' >>"$configured"
	ask apply --dry-run
	[[ $output == *"update-initramfs"*"/boot/initrd.img-$release"* ]]
	ask status
	[[ $output == *'which is out of date: it contains an outdated /etc/vfioboot.conf.d/guest.conf'* ]]
}
