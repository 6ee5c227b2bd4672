#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Machines and images that are not as they should be: nothing is lost, and the boot goes on.

# bats file_tags=shard:6

load lib

configured_image() {
	second_gpu | overlay etc/vfioboot.conf
	image bookworm initramfs-tools
}

@test "native drivers that hold the card before us have to let go" {
	overlay_script etc/initramfs-tools/scripts/init-top/00-earlier <<-'END'
		#!/bin/sh
		[ "$1" = prereqs ] && exit 0
		modprobe bochs
		modprobe snd_hda_intel
	END
	configured_image
	twins
	boot
	probed 02:00.0 bochs-drm
	probed 02:00.1 snd_hda_intel
	record initramfs 'function .*address=0000:02:00.0 .*before=bochs-drm driver=vfio-pci result=bound'
	record initramfs 'function .*address=0000:02:00.1 .*before=snd_hda_intel driver=vfio-pci result=bound'
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
	native 01:00 bochs-drm
	has '^state running$'
}

@test "vfio-pci missing from the image: rolled back there, bound on the real root" {
	overlay_script etc/initramfs-tools/hooks/zz-missing <<-'END'
		#!/bin/sh
		[ "$1" = prereqs ] && exit 0
		find "$DESTDIR" -name 'vfio-pci.ko*' -delete
	END
	configured_image
	twins
	boot
	result initramfs 02:00.0 failed no-driver
	result initramfs 02:00.1 failed no-driver
	has '^log vfioboot: 0000:02:00.0 second-gpu .*failed.*no-driver'
	probed 02:00.0 bochs-drm
	probed 02:00.1 snd_hda_intel
	record system 'function .*address=0000:02:00.0 .*before=bochs-drm driver=vfio-pci result=bound'
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
	native 01:00 bochs-drm
	has '^unit vfioboot.service .*ActiveState=active'
}

# What holds the card is vfio-pci itself, for a program that has it open: the kernel asks that
# program to let go, and no signal makes it stop waiting: held ROOT UNTIL
held() {
	overlay_script etc/initramfs-tools/hooks/zz-holder <<-'END'
		#!/bin/sh
		[ "$1" = prereqs ] && exit 0
		. /usr/share/initramfs-tools/hook-functions
		copy_exec /usr/lib/vfioboot-test/holder
	END
	overlay_script etc/initramfs-tools/scripts/init-top/00-earlier <<-END
		#!/bin/sh
		[ "\$1" = prereqs ] && exit 0
		modprobe -a vfio-pci vfio_iommu_type1
		for function in 0000:02:00.0 0000:02:00.1; do
			echo vfio-pci >/sys/bus/pci/devices/\$function/driver_override
			echo \$function >/sys/bus/pci/drivers_probe
		done
		/usr/lib/vfioboot-test/holder 0000:02:00.0 $2 >/dev/kmsg
		echo "test: before \$(cat /proc/uptime)" >/dev/kmsg
	END
	overlay_script etc/initramfs-tools/scripts/init-top/00-vfioboot-was-here <<-'END'
		#!/bin/sh
		[ "$1" = prereqs ] && exit 0
		echo "test: after $(cat /proc/uptime)" >/dev/kmsg
	END
	mkdir -p "$BATS_TEST_TMPDIR/overlay/usr/lib/vfioboot-test"
	cc -O2 -static -o "$BATS_TEST_TMPDIR/overlay/usr/lib/vfioboot-test/holder" \
		"$boot_dir/guest/holder.c"
	{
		second_gpu
		echo 'driver = pci-stub'
	} | overlay etc/vfioboot.conf
	image "$1" initramfs-tools
	twins
}

gave_up_in_time() {
	has '^log holder: 0000:02:00.0 is open$'
	result initramfs 02:00.0 failed unbind-timeout
	has '^log vfioboot: 0000:02:00.0 second-gpu .*failed.*unbind-timeout'
	local before after
	before=$(sed -n 's/^log test: before \([0-9]*\).*/\1/p' "$dump")
	after=$(sed -n 's/^log test: after \([0-9]*\).*/\1/p' "$dump")
	echo "it took $((after - before)) s"
	[ $((after - before)) -ge 5 ]
	[ $((after - before)) -lt "$(patience 25)" ]
}

@test "an unbind that takes longer than the deadline: given up in time, done by the real root" {
	held bookworm systemd
	boot
	gave_up_in_time
	driver 02:00.0 pci-stub
	driver 02:00.1 pci-stub
	native 01:00 bochs-drm
	has '^unit vfioboot.service ActiveState=active'
}

# Here the kernel keeps the function's lock for good. (Up to 6.1 and its like a mere look at the
# function's uevent file waits for that lock, so that nothing whatever can save such a boot.)
@test "an unbind that hangs for ever: given up in time, and the boot goes on" {
	held sid never
	boot
	gave_up_in_time
	# The link to the driver goes before the driver is asked to let go.
	driver 02:00.0 -
	never_probed 02:00.0 bochs-drm
	native 01:00 bochs-drm
}

@test "the drive with the root file system is refused on the real root" {
	configured_image
	root_file etc/vfioboot.conf < <(nvme_wanted)
	machine
	root_nvme 5
	card 3 VGA
	boot
	refused system protected
	has '^function 0000:02:00.0 class=0x010802 .*driver=nvme override=\(null\)'
	has '^unit vfioboot.service .*ActiveState=failed .*ExecMainStatus=1 '
}

nvme_wanted() {
	cat <<-END
		[device second-gpu]
		path = 00:05.0/00
	END
}

# The first boot asks the program what this very machine cannot spare; the second one has that
# list and a configuration that would take the root drive away.
@test "the drive with the root file system is refused in the initramfs" {
	overlay_script usr/lib/vfioboot-test/extra <<-'END'
		#!/bin/sh
		vfioboot protect --output /tmp/protect && cat /tmp/protect
	END
	configured_image
	machine
	root_nvme 5
	card 3 VGA
	boot
	initramfs_file etc/vfioboot.protect < <(sed -n 's/^extra //p' "$dump")
	reconfigure < <(nvme_wanted)
	machine
	root_nvme 5
	card 3 VGA
	boot
	refused initramfs protected
	has '^function 0000:02:00.0 class=0x010802 .*driver=nvme override=\(null\)'
}

# The service runs before such a drive would be mounted: its own list does not have it yet.
@test "a drive that only the image's list protects stays protected on the real root" {
	configured_image
	initramfs_file etc/vfioboot.protect <<<'storage 00:05.0/00.0 1b36:0010 /home'
	reconfigure < <(nvme_wanted)
	machine
	root_disk
	card 3 VGA
	spare_nvme 5
	boot
	refused initramfs protected
	refused system protected
	driver 02:00.0 nvme
}

# The image is made anew by the machine itself, as an administrator does: its own list of what
# it cannot spare is in it. With emulation alone that takes minutes.
regenerated() { # ROOT FLAVOUR COMMAND, which makes /boot/initrd.new
	{
		printf '#!/bin/sh\ncat >/etc/vfioboot.conf <<END\n%s\nEND\n' "$(nvme_wanted)"
		# shellcheck disable=SC2016 # the guest's
		echo 'kernel=$(uname -r)'
		echo "$3"
	} | overlay_script usr/lib/vfioboot-test/extra
	image "$1" "$2"
	disk=$BATS_TEST_TMPDIR/root.img
	cp --sparse=always "$image/root.img" "$disk"
	kept=on
	machine
	root_nvme 5
	card 3 VGA
	BOOT_TIMEOUT=900 boot
	initrd=$BATS_TEST_TMPDIR/initrd.new
	debugfs -R "dump /boot/initrd.new $initrd" "$disk"
	debugfs -w -R "rm /usr/lib/vfioboot-test/extra" "$disk"
	boot
	refused initramfs protected
	has '^function 0000:02:00.0 class=0x010802 .*driver=nvme override=\(null\)'
}

@test "the drive with the root file system is refused by an image of the machine's own: initramfs-tools" {
	# With the modules of this very machine alone, which is quicker by minutes.
	regenerated bookworm initramfs-tools \
		'echo MODULES=dep >/etc/initramfs-tools/conf.d/dep
		mkinitramfs -o /boot/initrd.new $kernel'
}

@test "the drive with the root file system is refused by an image of the machine's own: dracut" {
	regenerated trixie dracut-systemd \
		'dracut --force --quiet --hostonly --kver $kernel /boot/initrd.new'
}

# Of what `make install` puts there, the programs are missing: the hooks have nothing to include.
without_programs() { # ROOT FLAVOUR
	cp -a "$STAGE" "$BATS_TEST_TMPDIR/stage"
	STAGE=$BATS_TEST_TMPDIR/stage
	rm -f "$STAGE/usr/lib/vfioboot/vfioboot-early" "$STAGE/usr/bin/vfioboot"
	second_gpu | overlay etc/vfioboot.conf
	image "$1" "$2"
	twins
	boot
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	has '^unit vfioboot.service .*ActiveState=failed'
}

@test "programs missing: the image is made and boots, initramfs-tools" {
	without_programs bookworm initramfs-tools
}

@test "programs missing: the image is made and boots, dracut with systemd" {
	without_programs trixie dracut-systemd
}

@test "programs missing: the image is made and boots, dracut without systemd" {
	without_programs trixie dracut
}

@test "programs missing: the image is made and boots, mkinitcpio" {
	need_mkinitcpio
	without_programs "$MKINITCPIO_ROOT" mkinitcpio
}

# A trial's boot that finds no root file system: what the generator's image does then, a shell that
# nobody sees, would last for ever.
rootless_trial() { # ROOT FLAVOUR
	second_gpu | overlay etc/vfioboot.conf
	image "$1" "$2"
	twins
	root_device=/dev/disk/by-label/nothing
	# In time is within five minutes (src/early/guard.c).
	if BOOT_TIMEOUT=900 boot vfioboot.trial=1 panic=30; then
		echo "It found a root file system."
		return 1
	fi
	grep -a 'vfioboot: this trial found no root file system in time' "$console"
	grep -a 'reboot: Restarting system' "$console"
}

@test "a trial that finds no root file system restarts the machine: dracut with systemd" {
	rootless_trial trixie dracut-systemd
}

@test "a trial that finds no root file system restarts the machine: dracut without systemd" {
	rootless_trial trixie dracut
}

@test "a trial that finds no root file system restarts the machine: mkinitcpio" {
	need_mkinitcpio
	rootless_trial "$MKINITCPIO_ROOT" mkinitcpio
}

@test "a trial that finds no root file system restarts the machine: mkinitcpio with systemd" {
	need_mkinitcpio
	rootless_trial "$MKINITCPIO_ROOT" mkinitcpio-systemd
}
