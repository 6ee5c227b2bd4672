#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest of libvirt takes its card when it starts, and the host has it back when it stops: the real
# daemon, with the hook that `vfioboot libvirt enable` writes, and QEMU inside the guest that owns the card.

# shellcheck disable=SC2154 # of lib.bash

# bats file_tags=shard:4

load lib

# A guest that gets as far as its firmware: QEMU's monitor is asked what it has.
inner_guest() {
	overlay srv/inner.xml <<-'END'
		<domain type='qemu'>
		  <name>inner</name>
		  <memory unit='MiB'>64</memory>
		  <os><type arch='x86_64' machine='q35'>hvm</type></os>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
	# Nobody could be asked for a password.
	overlay etc/libvirt/libvirtd.conf <<<'auth_unix_rw = "none"'
	# Another tool's hooks are beside ours.
	for name in qemu qemu.d/another; do
		overlay_script "etc/libvirt/hooks/$name" <<<"#!/bin/sh
			echo \"${name##*/} \$2\" >>/run/other-hooks"
	done
}

# shellcheck disable=SC2016 # for the guest's shell
guest_functions='
	gpu=/sys/bus/pci/devices/0000:02:00
	driver_of() {
		name=$(readlink "$1/driver") && echo "${name##*/}" || echo -
	}
	drivers() {
		echo "$1 $(driver_of $gpu.0) $(driver_of $gpu.1)"
	}
'

takes_and_gives_back() { # ROOT FLAVOUR
	inner_guest
	{
		second_gpu
		echo 'bind = demand'
	} | overlay etc/vfioboot.conf
	image "$1" "$2"
	guest_script < <(echo '#!/bin/sh' && echo "$run_function$guest_functions" && cat <<-'END'
		drivers boot
		run enable vfioboot libvirt enable
		systemctl restart libvirtd
		run define virsh define /srv/inner.xml
		sed 's/inner/other/' /srv/inner.xml >/run/other.xml
		run define-other virsh define /run/other.xml
		virsh dumpxml --inactive inner >/run/before.xml
		run attach vfioboot vm attach inner second-gpu
		run attach-other vfioboot vm attach other second-gpu
		run list vfioboot vm list
		run start virsh start inner
		drivers running
		virsh qemu-monitor-command inner --hmp info pci | tr -d '\r' | sed 's/^/inner /'
		systemctl restart libvirtd
		run state virsh domstate inner
		drivers restarted
		run busy vfioboot release second-gpu
		run other virsh start other
		drivers other
		run destroy virsh destroy inner
		drivers stopped

		# The card is in use: libvirt says why the guest does not start.
		(exec 3<>/dev/dri/by-path/pci-0000:02:00.0-card; exec sleep 9999) &
		until [ -e /proc/$!/fd/3 ]; do
			sleep 0.1
		done
		run refused virsh start inner
		drivers refused
		kill $!
		run again virsh start inner
		drivers again
		run end virsh destroy inner
		drivers end

		# Where libvirt would take it itself, it is there already.
		run detach vfioboot vm detach inner second-gpu
		virsh dumpxml --inactive inner | cmp /run/before.xml - && echo restored
		virsh dumpxml --inactive other | sed "s/managed='no'/managed='yes'/" >/run/other.xml
		run managed virsh define /run/other.xml
		run managed-start virsh start other
		drivers managed
		run managed-end virsh destroy other
		drivers managed-end

		ls /run/vfioboot/handover | sed 's/^/left /'
		sort /run/other-hooks | uniq -c | sed 's/^ */beside /'
		journalctl -t vfioboot --no-pager -o cat | sed 's/^/journal /'
	END
	)
	twins
	BOOT_TIMEOUT=1200 boot
	for step in enable define define-other attach attach-other list start state destroy again end detach \
		managed managed-start managed-end; do
		exited "$step" 0
	done
	has '^extra boot bochs-drm snd_hda_intel$'
	has '^extra running vfio-pci vfio-pci$'
	has '^extra inner .*PCI device 1234:1111'
	has '^extra inner .*PCI device 8086:2668'
	has '^extra state running$'
	has '^extra restarted vfio-pci vfio-pci$'
	exited busy 1
	exited other 1
	has '^extra other .*second-gpu was given to the guest inner'
	has '^extra other vfio-pci vfio-pci$'
	has '^extra stopped bochs-drm snd_hda_intel$'
	exited refused 1
	has '^extra refused .*sleep'
	has '^extra refused bochs-drm snd_hda_intel$'
	has '^extra again vfio-pci vfio-pci$'
	has '^extra end bochs-drm snd_hda_intel$'
	has '^extra restored$'
	has '^extra managed vfio-pci vfio-pci$'
	has '^extra managed-end bochs-drm snd_hda_intel$'
	lacks '^extra left '
	has '^extra beside [0-9]+ qemu reconnect$'
	has '^extra beside [0-9]+ another release$'
}

@test "trixie, libvirt: a guest gets its card when it starts, keeps it when the daemon restarts, and gives it back" {
	takes_and_gives_back libvirt dracut-systemd
}

@test "bookworm, libvirt 9: a guest gets its card when it starts, keeps it when the daemon restarts, and gives it back" {
	takes_and_gives_back libvirt-bookworm initramfs-tools
}
