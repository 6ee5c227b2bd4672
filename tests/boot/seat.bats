#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A card that people use: weston shows something on it, and PipeWire has its sound, in a session of
# logind, until a guest of libvirt gets it; afterwards they have it again.  Logins that need no display
# never notice.

# shellcheck disable=SC2154 # of lib.bash

# bats file_tags=shard:5

load lib
load handover

# The image of all tests here, and the guest with one or two cards: seat_image
seat_image() {
	{
		second_gpu
		printf '%s\n' 'bind = demand' '[device only]' 'path = 00:03.0/00' 'expect = 2' 'bind = demand'
	} | overlay etc/vfioboot.conf
	# weston as its own manual has it run by systemd: a service that logs somebody in.  Which of the
	# nodes the card has is found out when it starts.
	overlay etc/systemd/system/weston@.service <<-'END'
		[Unit]
		Wants=dbus.socket
		After=dbus.socket systemd-logind.service
		[Service]
		Type=notify
		ExecStart=/usr/lib/vfioboot-test/weston %i
		User=person
		PAMName=weston
		TTYPath=/dev/tty7
		TTYReset=yes
		TTYVHangup=yes
		StandardInput=tty-fail
		StandardOutput=journal
		StandardError=journal
	END
	overlay etc/pam.d/weston <<-'END'
		auth required pam_permit.so
		account required pam_permit.so
		session required pam_unix.so
		session required pam_systemd.so class=user type=wayland
	END
	overlay_script usr/lib/vfioboot-test/weston <<-'END'
		#!/bin/sh
		node=$(readlink -f "/dev/dri/by-path/pci-$1-card")
		exec weston --backend=drm --renderer=pixman --drm-device="${node##*/}" --shell=kiosk \
			--modules=systemd-notify.so --continue-without-input
	END
	# Somebody at a serial line, who need not log in.
	overlay etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf <<-'END'
		[Service]
		ExecStart=
		ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %I vt220
	END
	# The image loads the driver of the sound early, which wants its codec's at once.
	overlay etc/dracut.conf.d/60-codec.conf <<<'add_drivers+=" snd-hda-codec-generic "'
	libvirt_guest firmware
	guest_with_kernel
	image seat dracut-systemd
}

# The definition of a guest of libvirt that starts a kernel: it says on its serial line which functions
# this kernel sees, and powers off when its power button is pressed.  Emulated in an emulated machine
# that takes two minutes.
guest_with_kernel() {
	local definition=$BATS_TEST_TMPDIR/overlay/srv/inner.xml
	libvirt_guest inner
	sed -i -e 's/>64</>192</' \
		-e "s|</os>|<kernel>/srv/vmlinux</kernel><initrd>/srv/inner.img</initrd><cmdline>console=ttyS0 no_timer_check mitigations=off lpj=4000000 panic=-1</cmdline></os>|" \
		-e "s|</devices>|<serial type='file'><source path='/var/log/inner'/></serial></devices>|" \
		"$definition"
}

# What it starts: this machine's own kernel, and busybox.
inner_files() {
	local tree=$BATS_TEST_TMPDIR/inner module
	mkdir -p "$tree"/{bin,proc,sys,dev}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	for module in acpi/button input/evdev; do
		xz -dc "$("$boot_dir/roots" seat)"/lib/modules/*/kernel/drivers/"$module.ko.xz" \
			>"$tree/${module#*/}.ko"
	done
	cat >"$tree/init" <<-'END'
		#!/bin/busybox sh
		busybox mount -t proc proc /proc
		busybox mount -t sysfs sysfs /sys
		busybox mount -t devtmpfs dev /dev
		for function in /sys/bus/pci/devices/*; do
			read vendor <$function/vendor
			read device <$function/device
			echo "inner sees ${vendor#0x}:${device#0x}"
		done
		busybox insmod /button.ko
		busybox insmod /evdev.ko
		button=$(busybox grep -lx 'Power Button' /sys/class/input/event*/device/name)
		button=${button%/device/name}
		# Who has not opened it yet misses that it is pressed.
		exec 3</dev/input/${button##*/}
		echo inner is up
		busybox head -c 1 <&3 >/dev/null
		echo inner was asked to power off
		busybox poweroff -f
	END
	chmod +x "$tree/init"
	(cd "$tree" && find . | cpio -o -H newc --quiet) >"$BATS_TEST_TMPDIR/inner.img"
	root_file srv/inner.img <"$BATS_TEST_TMPDIR/inner.img"
	root_file srv/vmlinux <"$image/vmlinux"
}

# seat_script <<SCRIPT: what the guest runs
seat_script() {
	handover_script < <(echo "$seat_functions" && cat)
}

# shellcheck disable=SC2016 # for the guest's shell
seat_functions='
	# Has the process NODE open, by whatever name: has_open PID NODE
	has_open() {
		[ -e "$2" ] || return
		for fd in /proc/$1/fd/*; do
			[ "$(readlink "$fd")" != "$(readlink -f "$2")" ] || return 0
		done
		return 1
	}
	pids_of() { # COMM
		grep -lx "$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3
	}
	sound_is_held() {
		for pid in $(pids_of wireplumber); do
			has_open "$pid" /dev/snd/by-path/pci-0000:02:00.1 && return
		done
	}
	# Somebody logs in at the card: log_in ADDRESS
	log_in() {
		useradd --create-home --uid 1000 --groups video,audio,render person
		weston=weston@$1
		run weston systemctl start "$weston"
	}
	# The process of weston, once it has the card open; else nothing
	weston_at() { # ADDRESS
		pid=$(systemctl show --property MainPID --value "$weston")
		has_open "$pid" "/dev/dri/by-path/pci-$1-card" && echo "$pid"
	}
	guests_stop_sessions() {
		printf "%s\n" "[libvirt]" "stop-session = yes" >>/etc/vfioboot.conf
	}
	# libvirt has the hook, and the guest NAME the card: guest_has_card NAME
	guest_has_card() {
		vfioboot libvirt enable
		systemctl restart libvirtd
		virsh define "/srv/$1.xml"
		vfioboot vm attach "$1" second-gpu
	}
	# Who has the second card: at_work NAME
	at_work() {
		until_it sound_is_held && plays=plays || plays="is off"
		echo "$1 weston $(systemctl is-active "$weston") $(weston_at 0000:02:00.0 >/dev/null && echo shows), sound $plays"
		echo "$1 pid $(weston_at 0000:02:00.0)"
	}
'

@test "trixie: ten guests of libvirt, one after the other, take a card that is in use, and nothing is left of them" {
	seat_image
	seat_script <<-'END'
		log_in 0000:02:00.0
		at_work round0
		guests_stop_sessions
		guest_has_card firmware
		number() { # NAME IN /proc/meminfo
			sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
		}
		for round in 1 2 3 4 5 6 7 8 9 10; do
			run "start$round" virsh start firmware
			drivers "given$round"
			run "end$round" virsh destroy firmware
			drivers "back$round"
			at_work "round$round"
			ls /run/vfioboot/handover | sed 's/^/left /'
			udevadm settle
			sync
			echo 3 >/proc/sys/vm/drop_caches
			echo "kept$round $(ls /proc/$(pids_of libvirtd)/fd | wc -l) $(number MemAvailable) $(number SUnreclaim)"
		done
	END
	twins
	BOOT_TIMEOUT=1800 boot
	for round in 1 2 3 4 5 6 7 8 9 10; do
		went_well "start$round" "end$round"
		given "given$round"
		back "back$round"
		has "^extra round$round weston active shows, sound plays\$"
	done
	# Each time another process.
	[ "$(said 'round[0-9]* pid' | sort -u | grep -c '^[1-9]')" = 11 ]
	lacks '^extra left '
	# Of each round less than 1 MiB, and no descriptor.
	said kept2
	said kept10
	read -r files memory slab < <(said kept2)
	read -r files_after memory_after slab_after < <(said kept10)
	[ "$files_after" -le "$files" ]
	[ "$memory_after" -ge $((memory - 8192)) ]
	[ "$slab_after" -le $((slab + 8192)) ]
	has '^state running$'
}

@test "trixie: a guest of libvirt with a kernel sees the card that weston had; it is shut down, and destroyed" {
	seat_image
	inner_files
	seat_script <<-'END'
		log_in 0000:02:00.0
		at_work before
		# As it starts, wireplumber opens the card, closes it, and opens it again.
		sound_is_named() {
			run refused vfioboot bind second-gpu --wait 0 >/run/refusal
			grep -q wireplumber /run/refusal
		}
		until_it sound_is_named
		cat /run/refusal
		drivers refused
		guests_stop_sessions
		guest_has_card inner
		inner_is_up() {
			grep -q '^inner is up' /var/log/inner
		}
		inner_is_off() {
			[ "$(virsh domstate inner)" = 'shut off' ]
		}
		for end in shutdown destroy; do
			run "start-$end" virsh start inner
			until_it inner_is_up || tail -n 20 /var/log/inner | sed 's/^/its console /'
			drivers "given-$end"
			tr -d '\r' </var/log/inner | grep '^inner' | sed "s/^/$end /"
			run "$end" virsh $end inner
			until_it inner_is_off
			echo "$end $(tr -d '\r' </var/log/inner | grep 'power off')"
			drivers "back-$end"
			at_work "$end"
		done
		ls /run/vfioboot/handover | sed 's/^/left /'
		journalctl -t vfioboot --no-pager -o cat | sed 's/^/journal /'
	END
	twins
	BOOT_TIMEOUT=3600 boot
	exited refused 1
	has '^extra refused .*weston \(process [0-9]+ .*\) has /dev/dri/card[0-9] open'
	has '^extra refused .*wireplumber \(process [0-9]+ .*\) has /dev/snd/'
	back refused
	for end in shutdown destroy; do
		went_well "start-$end" "$end"
		given "given-$end"
		has "^extra $end inner sees 1234:1111\$"
		has "^extra $end inner sees 8086:2668\$"
		has "^extra $end inner is up\$"
		back "back-$end"
		has "^extra $end weston active shows, sound plays\$"
	done
	for unit in weston@0000:02:00.0 wireplumber; do
		has "^extra journal second-gpu: stop $unit\.service.*: done\$"
		has "^extra journal second-gpu: start $unit\.service.*: done\$"
	done
	has '^extra journal second-gpu: bind 0000:02:00.0 to vfio-pci: done$'
	has '^extra journal second-gpu: bind 0000:02:00.0 to bochs-drm: done$'
	has '^extra shutdown inner was asked to power off$'
	lacks '^extra destroy inner was asked to power off$'
	lacks '^extra left '
	has '^state running$'
}

@test "trixie: the only card is taken from weston and comes back; who is logged in by ssh or a serial line stays" {
	seat_image
	seat_script <<-'END'
		log_in 0000:01:00.0
		mkdir -p /root/.ssh
		ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
		cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
		systemctl start ssh serial-getty@ttyS0
		remote() {
			ssh -o StrictHostKeyChecking=no -o LogLevel=ERROR localhost "$@"
		}
		remote 'echo $$ >/run/remote; exec sleep 9999' &
		# A shell that waits for somebody to type.
		serial() {
			for pid in $(pids_of bash); do
				[ "$(readlink /proc/$pid/fd/0)" != /dev/ttyS0 ] || echo $pid
			done
		}
		serial_shell() {
			[ "$(serial)" ]
		}
		until_it serial_shell
		until_it test -s /run/remote
		# Which processes these are, and in which sessions.
		logins() {
			for pid in $(serial) $(cat /run/remote); do
				echo "$1 $pid $(cat /proc/$pid/comm) $(sed 's:.*/::' /proc/$pid/cgroup)"
			done
		}
		shows() { # NAME
			weston_at 0000:01:00.0 >/dev/null && echo "$1 shows"
			echo "$1 fb $(cat /proc/fb)"
			echo "$1 driver $(driver_of /sys/bus/pci/devices/0000:01:00.0)"
		}
		shows before
		logins before
		run refused remote vfioboot bind only --allow-last-display --wait 0
		run bind remote vfioboot bind only --allow-last-display --stop-session
		shows meanwhile
		logins meanwhile
		run release remote vfioboot release only
		shows after
		logins after
		systemctl is-active $weston | sed 's/^/after weston /'
		echo last-words >/dev/tty1
		echo "after text $(tr -d '\0' </dev/vcs1 | grep -o last-words | head -n 1)"
		# It has this script's output open.
		kill $(cat /run/remote)
	END
	machine
	root_disk
	card 3 VGA
	BOOT_TIMEOUT=900 boot
	went_well weston bind release
	has '^extra before shows$'
	exited refused 1
	has '^extra refused .*weston \(process [0-9]+ of session-.*\) has /dev/dri/card[0-9] open'
	lacks '^extra meanwhile shows$'
	has '^extra meanwhile fb $'
	has '^extra meanwhile driver vfio-pci$'
	has '^extra after shows$'
	has '^extra after weston active$'
	has '^extra after fb 0 bochs'
	has '^extra after driver bochs-drm$'
	has '^extra after text last-words$'
	has '^extra before [0-9]+ bash session-'
	has '^extra before [0-9]+ sleep session-'
	for moment in meanwhile after; do
		cmp <(said before | grep session-) <(said "$moment" | grep session-)
	done
	has '^state running$'
}
