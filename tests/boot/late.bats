#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Functions that appear while udev runs, in the initramfs and on the real root: the kernel announces
# them, QEMU plugs them in. Each guest does several things one after another.
# shellcheck disable=SC2154 # what lib shares with the tests

# bats file_tags=shard:3

load lib

# Ports 3 and 4 have cards, behind 5 to 8 (buses 03 to 06) something comes: one drive; a card of which the
# sound may be taken from its driver; another sound that may not; a drive that the initramfs sees already.
sections() {
	cat <<-END
		[device drive]
		path = 00:05.0/00
		id = 1b36:0010
		expect = 1
		[device card]
		path = 00:06.0/00
		id = 1234:1111, 8086:2668
		expect = 2
		late = take
		[device sound]
		path = 00:07.0/00
		id = 8086:2668
		expect = 1
		[device early]
		path = 00:08.0/00
		id = 1b36:0010
		[device removed]
		path = 00:04.0/00
		id = 1002:5159, 8086:2668
		expect = 2
		late = take
	END
}

# This host knows what it needs, in the initramfs, too.
protect_list() {
	initramfs_file etc/vfioboot.protect <<-END
		storage 00:1e.0 1af4:1001 /
		display 00:03.0/00.0 1234:1111 boot
	END
}

# What the initramfs runs while its udev does: a drive is plugged in.
plug_early() {
	cat <<-'END'
		/monitor device_add nvme,id=hot1,drive=hot1,serial=hot1,bus=port8
		for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			[ ! -e /sys/bus/pci/devices/0000:06:00.0/driver ] || break
			sleep 1
		done
		echo "early: $second $(readlink /sys/bus/pci/devices/0000:06:00.0/driver)" >/dev/kmsg
	END
}

was_plugged_early() {
	has '^log early: .*/vfio-pci$'
	result late 06:00.0 bound -
	record system 'function .*address=0000:06:00.0 .*before=vfio-pci driver=vfio-pci result=bound'
	driver 06:00.0 vfio-pci
	never_probed 06:00.0 nvme
}

late_machine() {
	machine
	root_disk
	card 3 VGA
	card 4 "$radeon"
	port 5
	port 6
	port 7
	port 8
	hot_plug
}

# What the guest's script consists of.
# shellcheck disable=SC2016 # for the guest's shell
late_functions='
	monitor=/usr/lib/vfioboot-test/monitor
	devices=/sys/bus/pci/devices
	driver_of() {
		name=$(readlink "$devices/0000:$1/driver") && echo "${name##*/}" || echo -
	}
	until_it() {
		limit=$(($(date +%s) + 600))
		until "$@" 2>/dev/null; do
			[ "$(date +%s)" -lt $limit ] || { echo "never: $*"; return; }
			sleep 0.1
		done
	}
	has_driver() {
		[ "$(driver_of "$1")" != - ]
	}
	is_gone() {
		[ ! -e "$devices/0000:$1" ]
	}
	is_there() {
		[ -e "$devices/0000:$1" ]
	}
	# state NAME ADDRESS...: the drivers of functions, their overrides, and what the last run said of them
	state() {
		what=$1
		shift
		udevadm settle --timeout=300
		for function; do
			echo "$what $function $(driver_of "$function") $(cat "$devices/0000:$function/driver_override") $(
				sed -n "s/.* address=0000:$function .* result=\([^ ]*\) reason=/\1 /p" /run/vfioboot/late.record)"
		done
	}
	# unplug ID: of port 5. What is asked while the slot is busy is lost; and with the hot plug of PCIe,
	# what is asked twice within five seconds is taken back.
	unplug() {
		for try in 1 2 3 4; do
			$monitor device_del "$1"
			for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
				if is_gone 03:00.0; then
					udevadm settle --timeout=300
					return
				fi
				sleep 1
			done
		done
		echo "never gone: $1"
	}
	plug_drive() {
		$monitor device_add nvme,id=hot0,drive=hot0,serial=hot0,bus=port5
	}
'

late_script() {
	guest_script < <(echo '#!/bin/sh' && echo "$run_function$late_functions" && cat)
}

was() { # NAME ADDRESS DRIVER OVERRIDE RESULT REASON
	has "^extra $1 $2 $3 ${4//[()]/.} $5 $6\$"
}

# The drive is plugged in, taken out, and comes back; another device comes in its place.
drive_script() {
	cat <<-'END'
		# udev of the system has loaded it for the drive that the initramfs saw.
		modprobe -r nvme
		plug_drive
		until_it has_driver 03:00.0
		state plugged 03:00.0
		run status vfioboot status
		unplug hot0
		run gone vfioboot status
		plug_drive
		until_it has_driver 03:00.0
		state returned 03:00.0
		unplug hot0
		$monitor device_add intel-hda,id=stranger,bus=port5
		until_it has_driver 03:00.0
		state stranger 03:00.0
		unplug stranger
	END
}

drive_went_and_came() {
	was plugged 03:00.0 vfio-pci vfio-pci bound -
	has '^extra status .*bound when it appeared'
	has '^extra gone .*it was bound, but has disappeared since'
	was returned 03:00.0 vfio-pci vfio-pci bound -
	was stranger 03:00.0 snd_hda_intel '(null)' refused moved
	never_probed 03:00.0 nvme
}

@test "trixie, dracut: plugged in, removed and returned, a stranger; cards with drivers that are loaded" {
	sections | overlay etc/vfioboot.conf
	hot_plug_program
	# radeon is loaded for a card alone.
	overlay etc/dracut.conf.d/test.conf <<-'END'
		force_drivers+=" bochs snd_hda_intel "
		hostonly=no
		compress="zstd -1"
	END
	overlay usr/lib/modules-load.d/test.conf <<<'snd_hda_intel'
	image trixie dracut-systemd
	protect_list
	initramfs_file monitor 755 <"$BATS_TEST_TMPDIR/overlay/$monitor"
	initramfs_file usr/lib/dracut/hooks/pre-mount/50-plug.sh 755 < <(plug_early)
	before_init <<-'END'
		for function in /sys/bus/pci/devices/0000:02:00.?; do
			echo 1 >$function/remove
		done
	END
	late_script < <(
		drive_script
		cat <<-'END'
			# Whoever is faster: both functions are to be had.
			$monitor device_add intel-hda,id=card1,bus=port6,addr=0.1
			$monitor device_add secondary-vga,id=card0,bus=port6,addr=0.0,multifunction=on
			until_it has_driver 04:00.0
			until_it has_driver 04:00.1
			state card 04:00.0 04:00.1
			$monitor device_add intel-hda,id=sound,bus=port7
			until_it has_driver 05:00.0
			state left 05:00.0
			# A card of which one driver is loaded, and the other one would be.
			echo 1 >/sys/bus/pci/rescan
			until_it has_driver 02:00.0
			until_it has_driver 02:00.1
			state rescan 02:00.0 02:00.1
			udevadm verify /usr/lib/udev/rules.d/60-vfioboot.rules && echo verified
			run list vfioboot list
		END
	)
	late_machine
	BOOT_TIMEOUT=600 boot rdinit=/before-init
	was_plugged_early
	drive_went_and_came
	was card 04:00.0 vfio-pci vfio-pci bound -
	was card 04:00.1 vfio-pci vfio-pci bound -
	was left 05:00.0 snd_hda_intel '(null)' refused has-driver
	was rescan 02:00.0 vfio-pci vfio-pci bound -
	was rescan 02:00.1 vfio-pci vfio-pci bound -
	never_probed 02:00.0 radeon
	has '^extra verified$'
	native 01:00 bochs-drm
}

# It comes and goes faster than anybody can follow: 25 times each.
@test "trixie, dracut: a storm of what is plugged in and removed" {
	# One that is gone before it is bound has its native driver loaded.
	sections | sed '/1b36:0010/a late = take' | overlay etc/vfioboot.conf
	hot_plug_program
	image trixie dracut-systemd
	protect_list
	late_script <<-'END'
		n=0
		while [ $n -lt 25 ]; do
			plug_drive
			until_it is_there 03:00.0
			n=$((n + 1))
			echo "<3>storm: $n" >/dev/kmsg
			until is_gone 03:00.0; do
				$monitor device_del hot0
				sleep 0.3
			done
		done
		udevadm settle --timeout=600
		plug_drive
		until_it has_driver 03:00.0
		state storm 03:00.0
		echo "processes $(ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c vfioboot-early)"
		echo "lines $(grep -c '^function section=drive' /run/vfioboot/late.record)"
		echo "files $(cd /run/vfioboot && echo *)"
	END
	late_machine
	BOOT_TIMEOUT=600 boot
	was storm 03:00.0 vfio-pci vfio-pci bound -
	has '^extra processes 0$'
	has '^extra lines 1$'
	has '^extra files initramfs.protect initramfs.record late.lock late.record protect system.record$'
}
