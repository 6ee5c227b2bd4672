#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest of libvirt takes its card when it starts, and the host has it back when it stops: the real
# daemon, with the hook that `vfioboot libvirt enable` writes, and QEMU inside the guest that owns the card.

# shellcheck disable=SC2154 # of lib.bash

# bats file_tags=shard:5

load lib
load handover

# Another tool's hooks, beside ours
other_hooks() {
	for name in qemu qemu.d/another; do
		overlay_script "etc/libvirt/hooks/$name" <<<"#!/bin/sh
			echo \"${name##*/} \$2\" >>/run/other-hooks"
	done
}

takes_and_gives_back() { # ROOT FLAVOUR
	libvirt_guest inner
	other_hooks
	demand_second_gpu
	image "$1" "$2"
	handover_script <<-'END'
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
	twins
	BOOT_TIMEOUT=1200 boot
	went_well enable define define-other attach attach-other list start state destroy again end detach \
		managed managed-start managed-end
	back boot
	given running
	has '^extra inner .*PCI device 1234:1111'
	has '^extra inner .*PCI device 8086:2668'
	has '^extra state running$'
	given restarted
	exited busy 1
	exited other 1
	has '^extra other .*second-gpu was given to the guest inner'
	given other
	back stopped
	exited refused 1
	has '^extra refused .*sleep'
	back refused
	given again
	back end
	has '^extra restored$'
	given managed
	back managed-end
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

@test "trixie, libvirt: the hook is killed in the middle, and what it began is undone or finished" {
	libvirt_guest inner
	demand_second_gpu
	echo '[libvirt]
stop-session = yes' >>"$BATS_TEST_TMPDIR/overlay/etc/vfioboot.conf"
	# It takes its time, so that there is a middle.
	overlay etc/systemd/system/compositor.service <<-'END'
		[Service]
		Type=exec
		ExecStartPre=/bin/sleep 4
		ExecStart=/bin/sh -c 'exec 3<>/dev/dri/by-path/pci-0000:02:00.0-card; exec sleep 9999'
		ExecStop=/bin/sleep 4
	END
	image libvirt dracut-systemd
	handover_script <<-'END'
		vfioboot libvirt enable
		virsh define /srv/inner.xml
		vfioboot vm attach inner second-gpu
		systemctl restart libvirtd
		systemctl start compositor
		# kill_hook PATTERN OF ITS COMMAND LINE, with a dot for what is between its words
		kill_hook() {
			for file in $(grep -alE "$1" /proc/[0-9]*/cmdline 2>/dev/null); do
				pid=${file#/proc/}
				kill -9 "${pid%/cmdline}" && echo "killed $1"
			done
		}
		is() { # STATE OF THE COMPOSITOR
			[ "$(systemctl show --property ActiveState --value compositor)" = "$1" ]
		}
		phase() {
			grep -q "^phase $1" /run/vfioboot/handover/second-gpu 2>/dev/null
		}
		gone() {
			[ ! -e /run/vfioboot/handover/second-gpu ]
		}
		settled() { # NAME
			until_it is active
			until_it gone
			drivers "$1"
			systemctl is-active compositor | sed "s/^/$1 compositor /"
		}
		program='^/usr/bin/vfioboot.libvirt.hook'
		for whom in "$program" '^/bin/sh./etc/libvirt/hooks/qemu.d/vfioboot'; do
			case $whom in */bin/sh*) name=shell ;; *) name=program ;; esac
			run "prepare-$name" virsh start inner &
			until_it phase binding
			until_it is deactivating
			kill_hook "$whom"
			wait $!
			settled "prepare-$name"
		done

		# While drivers change.
		run start virsh start inner
		drivers running
		virsh destroy inner &
		until_it phase releasing
		kill_hook "$program"
		wait $!
		phase releasing && echo early releasing
		run again virsh start inner
		drivers again

		# While a unit starts: the card is back.
		virsh destroy inner &
		until_it is activating
		kill_hook "$program"
		wait $!
		phase releasing && echo late releasing
		run release vfioboot release second-gpu
		settled released
		run last virsh start inner
		drivers last
		run destroy virsh destroy inner
		settled end
		ls /run/vfioboot/handover | sed 's/^/left /'
		journalctl -t vfioboot --no-pager -o cat | sed 's/^/journal /'
	END
	twins
	BOOT_TIMEOUT=1200 boot
	has '^extra killed .*vfioboot.libvirt.hook'
	has '^extra killed .*hooks/qemu.d/vfioboot'
	for name in program shell; do
		exited "prepare-$name" 1
		back "prepare-$name"
		has "^extra prepare-$name compositor active\$"
	done
	given running
	has '^extra early releasing$'
	went_well start again release last destroy
	given again
	has '^extra late releasing$'
	back released
	has '^extra released compositor active$'
	given last
	back end
	has '^extra end compositor active$'
	lacks '^extra left '
	has '^state running$'
}
