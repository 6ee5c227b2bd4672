#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2154 # what lib and loader share with the tests
#
# What `make check` boots: as few guests as there can be, each of which proves several things at
# once, or one after another. One thing a guest, more generators, loaders and kernels are in the
# other files, for `make check-all`.
# bats file_tags=check,shard:1

load lib
load transfer
load loader

# --- what a person does ------------------------------------------------------------------------

# A machine as a person has it: all is installed, nothing configured.
desktop_image() {
	loader_settings
	# Each boot would wait 600 seconds for an ESP, and there is none.
	overlay etc/fstab </dev/null
	mkdir -p "$BATS_TEST_TMPDIR/overlay/boot/grub"
	ln -s /usr/lib/grub/i386-pc "$BATS_TEST_TMPDIR/overlay/boot/grub/i386-pc"
	image desktop initramfs-tools-host
}

# GRUB as it would be on a disk's first sectors, started by QEMU in place of a kernel; its menu and
# all else it takes from the disk.
grub() {
	local modules
	modules=$("$boot_dir/roots" desktop)/usr/lib/grub/i386-pc
	grub-mkimage -O i386-pc -d "$modules" -p '(hd0)/boot/grub' -o "$BATS_TEST_TMPDIR/core" \
		biosdisk ext2 linux normal serial terminal search search_fs_uuid configfile \
		test echo ls gzio part_gpt part_msdos
	cat "$modules/lnxboot.img" "$BATS_TEST_TMPDIR/core" >"$BATS_TEST_TMPDIR/grub"
	twins
	qemu+=(-kernel "$BATS_TEST_TMPDIR/grub")
}

# The machine makes its images itself, and GRUB's menu, in a first boot by no menu yet. Three tests
# start from what it leaves: the first of them to need it makes it.
first_boot() {
	local made=$BATS_FILE_TMPDIR/first-boot
	desktop_image
	exec 8>"$made.lock"
	flock 8
	if [ ! -e "$made" ]; then
		mkdir "$made"
		keep_disk
		add_apply_entry
		cp "$dump" "$made/dump"
		mv "$disk" "$made/root.img"
	fi
	exec 8>&-
	if [ ! -e "$made/root.img" ]; then
		echo "The first boot failed, in another test."
		return 1
	fi
	dump=$made/dump
	disk=$made/root.img
	keep_disk
}

add_apply_entry() {
	from_disk
	guest_script < <(echo '#!/bin/sh' && echo "$run_function" && cat <<-'END'
		update-grub 2>/dev/null
		sha256sum /boot/grub/grub.cfg
		run add vfioboot add 00:04.0/00 --name second --profile passthrough
		run apply vfioboot apply
		run again vfioboot apply
		run entry vfioboot entry add
		run list vfioboot entry list
	END
	)
	twins
	BOOT_TIMEOUT=1200 boot
}

@test "bookworm, GRUB: add, apply, entry add, by the machine itself" {
	first_boot
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	exited add 0
	exited apply 0
	has '^extra again Nothing to do: every image is up to date'
	exited entry 0
	has '^extra list passthrough .* ready .*\(Passthrough\)$'
}

# At this machine's own speed, and with no guest: what a boot would find is what was there before.
@test "apply is killed when the generator is about to run: the image is untouched, the next apply makes a new one" {
	desktop_image
	root_file etc/vfioboot.conf < <(second_gpu)
	mkdir "$BATS_TEST_TMPDIR/interrupted"
	cp "$image/kernel" "$BATS_TEST_TMPDIR/kernel"
	# Its second child: the one before it reads which modules there are.
	"$boot_dir/interrupt" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/interrupted" --full clone 2 |
		tee "$BATS_TEST_TMPDIR/kills"
	[ "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/kills" | xargs)" = 'old new clone' ]
	read -r old new killed < <(cut -d' ' -f3 "$BATS_TEST_TMPDIR/kills" | xargs)
	[ "$killed" = "$old" ]
	[ "$new" != "$old" ]
}

# --- what the early program does ---------------------------------------------------------------

# The images have the card of most tests configured; what is different goes into second archives.
configured_image() { # ROOT FLAVOUR
	second_gpu | overlay etc/vfioboot.conf
	image "$1" "$2"
}

won() { # ADDRESS
	taken_untouched "$1"
	result initramfs "$1.0" bound -
	result initramfs "$1.1" bound -
	result system "$1.0" bound -
}

@test "trixie, dracut with systemd: wins against native drivers that the image loads first" {
	configured_image trixie dracut-systemd
	twins
	boot
	won 02:00
	native 01:00 bochs-drm
	has '^log vfioboot: 0000:02:00.0 second-gpu: bound to vfio-pci$'
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}

# Two more that start from the first boot, behind others so that nobody waits for it.
@test "bookworm, GRUB: the normal entry does not bind; undo leaves no trace" {
	first_boot
	grep -E '^extra [0-9a-f]{64} ' "$dump" >"$BATS_TEST_TMPDIR/sums"
	guest_script < <(echo '#!/bin/sh' && echo "$run_function" && cat <<-'END'
		# What is looked for after undo is found before it.
		run before list_image
		run undo vfioboot undo
		run after list_image
		sha256sum /boot/grub/grub.cfg
		find /etc /boot -iname '*vfioboot*' ! -name vfioboot-test.service | sed 's/^/left /'
	END
	)
	grub
	BOOT_TIMEOUT=1200 power_on_whole
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	has '^extra before .*vfioboot-early'
	exited undo 0
	has '^extra after .*bin/modprobe'
	lacks '^extra after .*vfioboot'
	grep -E '^extra [0-9a-f]{64} ' "$dump" | diff - "$BATS_TEST_TMPDIR/sums"
	# It belongs to the package, as the programs do.
	[ "$(said left)" = /etc/mkinitcpio.conf.d/vfioboot.conf ]
}

@test "bookworm, GRUB: Passthrough binds" {
	first_boot
	guest_script < <(echo '#!/bin/sh' && echo "$run_function" && cat <<-'END'
		run status vfioboot status
		run json vfioboot status --json
	END
	)
	grub
	power_on_whole choose '\*.*\(Passthrough\)'
	taken_untouched 02:00
	native 01:00 bochs-drm
	result initramfs 02:00.0 bound -
	result initramfs 02:00.1 bound -
	exited status 0
	said status | grep -q '^All 2 configured functions have the wanted driver'
	said json | json_true '.functions | length == 2 and all(.section == "second" and
		.wanted == "vfio-pci" and .driver == "vfio-pci" and .result == "bound")'
	said json | json_true '.images | length > 0 and all(.state == "fresh")'
}

# Slot 2 is new here: the buses behind it have other numbers than the configuration's author saw.
@test "bookworm, initramfs-tools: wins, beside sections that are moved, followed, wrong, protected" {
	configured_image desktop initramfs-tools
	initramfs_file etc/vfioboot.protect <<<'storage 00:05.0/00.0 1b36:0010 /'
	reconfigure <<-END
		$(second_gpu)

		[device moved]
		address = 02:00
		id = 1002:5159, 8086:2668
		expect = 2

		[device followed]
		address = 04:00
		id = 1002:5159, 8086:2668
		expect = 2
		on-move = follow

		[device wrong]
		path = 00:02.0/00
		colour = green

		[device root-drive]
		path = 00:05.0/00
	END
	guest_script <<-'END'
		#!/bin/sh
		vfioboot protect --output /run/asked && sed 's/^/protect /' /run/asked
	END
	machine
	card 2 VGA
	card 3 VGA
	card 4 VGA
	root_nvme 5
	card 6 "$radeon"
	boot
	# The path still is the same card; what the ids say is found behind another bus.
	won 03:00
	won 05:00
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	for stage in initramfs system; do
		section_refused "$stage" moved moved
		section_refused "$stage" root-drive protected
		record "$stage" 'error /etc/vfioboot.conf 19 .*colour'
	done
	has '^log vfioboot: /etc/vfioboot.conf:19: .*colour'
	has '^function 0000:04:00.0 class=0x010802 .*driver=nvme override=\(null\)'
	has '^extra protect storage 00:05.0/00.0 1b36:0010 /$'
	has '^unit vfioboot.service .*ActiveState=failed .*ExecMainStatus=2 '
}

@test "no IOMMU: refused, and the native drivers have the card" {
	configured_image desktop initramfs-tools
	machine_without_iommu
	root_disk
	card 3 VGA
	card 4 VGA
	boot
	refused initramfs no-iommu-group
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	has '^unit vfioboot.service .*ActiveState=failed .*ExecMainStatus=1 '
}

# pci-stub is no driver that the image was made for; it is there from the start.
pci_stub() {
	local modules
	modules=$("$boot_dir/roots" desktop)/usr/lib/modules/$(cat "$image/kernel")
	initramfs_file pci-stub.ko <"$modules/kernel/drivers/pci/pci-stub.ko"
}

# Native drivers have both cards before us. One is for pci-stub, the other for vfio-pci, which the
# image has lost.
@test "native drivers have to let go; without vfio-pci in the image: rolled back, then bound by the real root" {
	configured_image desktop initramfs-tools
	pci_stub
	before_init <<-'END'
		insmod /pci-stub.ko
		rm /usr/lib/modules/*/kernel/drivers/vfio/pci/vfio-pci.ko*
		modprobe bochs
		modprobe snd_hda_intel
	END
	reconfigure <<-END
		$(second_gpu)

		[device third-gpu]
		path = 00:06.0/00
		driver = pci-stub
	END
	twins
	card 6 VGA
	boot rdinit=/before-init
	for function in 0 1; do
		result initramfs "02:00.$function" failed no-driver
		driver "02:00.$function" vfio-pci
		driver "03:00.$function" pci-stub
	done
	has '^log vfioboot: 0000:02:00.0 second-gpu .*failed.*no-driver'
	record initramfs 'function .*address=0000:03:00.0 .*before=bochs-drm driver=pci-stub result=bound'
	record initramfs 'function .*address=0000:03:00.1 .*before=snd_hda_intel driver=pci-stub result=bound'
	record system 'function .*address=0000:02:00.0 .*before=bochs-drm driver=vfio-pci result=bound'
	native 01:00 bochs-drm
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}

# All that leaves the machine as it is comes first. What the program does again in a system that is
# up, it does as it would in the initramfs: with another command line and another configuration.
@test "vfioboot.off; run again: every display refused, when = selected without and with a profile, vfioboot.device=" {
	configured_image desktop initramfs-tools
	guest_script <<-'END'
		#!/bin/sh
		again() { # NAME PARAMETER, with the configuration from stdin
			cat >/etc/vfioboot.conf
			echo "quiet $2" >/run/cmdline
			mount --bind /run/cmdline /proc/cmdline
			/usr/lib/vfioboot/vfioboot-early
			echo "$1 exit $?"
			umount /proc/cmdline
			sed "s/^/$1 /" /run/vfioboot/system.record
			drivers "$1"
		}
		drivers() {
			for function in 0000:02:00.0 0000:02:00.1 0000:03:00.0; do
				link=$(readlink /sys/bus/pci/devices/$function/driver)
				read -r override </sys/bus/pci/devices/$function/driver_override
				echo "$1 now $function ${link##*/} $override"
			done
		}
		selected() {
			printf '[boot]\nwhen = selected\n'
			printf '[device second-gpu]\npath = 00:04.0/00\nexpect = 2\nprofile = passthrough\n'
		}
		sed 's/^/off /' /run/vfioboot/system.record
		drivers off
		printf '[device all]\nid = 1234:1111\n' | again displays ''
		selected | again without ''
		selected | again with vfioboot.profile=passthrough
		echo '# nothing' | again device vfioboot.device=00:06.0/00
	END
	twins
	card 6 VGA
	boot vfioboot.off
	record initramfs 'state off$'
	has '^extra off state off$'
	has '^extra displays function section=all .*result=refused reason=last-display$'
	lacks '^extra (displays|without) function .*result=(bound|failed)'
	has '^extra displays exit 1$'
	has '^extra without exit 0$'
	for step in off displays without; do
		has "^extra $step now 0000:02:00.0 bochs-drm \\(null\\)\$"
		has "^extra $step now 0000:02:00.1 snd_hda_intel \\(null\\)\$"
		has "^extra $step now 0000:03:00.0 bochs-drm \\(null\\)\$"
	done
	has '^extra with exit 0$'
	has '^extra with now 0000:02:00.0 vfio-pci vfio-pci$'
	has '^extra with now 0000:02:00.1 vfio-pci vfio-pci$'
	has '^extra with now 0000:03:00.0 bochs-drm '
	has '^extra device exit 0$'
	has '^extra device now 0000:03:00.0 vfio-pci vfio-pci$'
	native 01:00 bochs-drm
	has '^unit vfioboot.service .*ActiveState=active'
	has '^state running$'
}
