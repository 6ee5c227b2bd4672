#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Handing a card over while the system runs, and back: `vfioboot bind` and `vfioboot release`, typed in
# the guest that owns the card.

# shellcheck disable=SC2154 # of lib.bash

# bats file_tags=shard:5

load lib
load handover

configured_image() {
	demand_second_gpu
	# What shows something on the card: a unit that has its node open, and needs a while to end.
	overlay etc/systemd/system/compositor.service <<-'END'
		[Service]
		ExecStart=/bin/sh -c 'exec 3<>/dev/dri/by-path/pci-0000:02:00.0-card; exec sleep 9999'
		ExecStop=/bin/sleep 2
	END
	# Another one, which may find nothing to show anything on.
	overlay etc/systemd/system/fragile.service <<-'END'
		[Service]
		ExecStart=/bin/sh -c '[ ! -e /run/fails ] || exit 3; exec 3<>/dev/dri/by-path/pci-0000:02:00.0-card; exec sleep 9999'
	END
	# A session in which somebody types the command that ends it.
	overlay etc/systemd/system/desktop.service <<-'END'
		[Service]
		ExecStart=/usr/lib/vfioboot-test/desktop
	END
	overlay_script usr/lib/vfioboot-test/desktop <<-'END'
		#!/bin/sh
		exec 3<>/dev/dri/by-path/pci-0000:02:00.0-card
		[ -e /run/typed ] || vfioboot bind second-gpu --stop-session >/run/typed 2>&1
		exec sleep 9999
	END
	# What a guest does with it.
	cc -O2 -static -o "$BATS_TEST_TMPDIR/overlay/usr/lib/vfioboot-test/holder" \
		"$boot_dir/guest/holder.c"
	image trixie dracut-systemd
}

# after_boot <<SCRIPT: in the guest with two cards
after_boot() {
	handover_script
	twins
	BOOT_TIMEOUT=900 boot
}

@test "trixie: a second card is handed over and back; who has it open is named, or stopped and started again" {
	configured_image
	after_boot <<-'END'
		drivers boot
		run plan vfioboot bind second-gpu --dry-run
		run bind vfioboot bind second-gpu
		drivers bound
		run again vfioboot bind second-gpu
		# It is not taken back from a guest that runs.
		modprobe vfio_iommu_type1
		/usr/lib/vfioboot-test/holder 0000:02:00.0 never
		run guest vfioboot release second-gpu
		drivers guest
		for process in /proc/[0-9]*; do
			[ "$(cat $process/comm 2>/dev/null)" != holder ] || kill -9 ${process#/proc/}
		done
		run release vfioboot release second-gpu
		drivers released
		run twice vfioboot release second-gpu

		systemctl start compositor
		sleep 1
		run held vfioboot bind second-gpu --wait 0
		drivers held
		run stopped vfioboot bind second-gpu --stop-session
		drivers stopped
		run inactive systemctl is-active compositor
		run started vfioboot release second-gpu
		drivers started
		run active systemctl is-active compositor
		systemctl stop compositor

		systemctl start desktop
		until_it grep -q "^phase bound" /run/vfioboot/handover/second-gpu 2>/dev/null
		drivers apart
		sed "s/^/typed /" /run/typed
		run apart-unit systemctl is-active desktop
		run apart-back vfioboot release second-gpu
		drivers apart-back
		run apart-again systemctl is-active desktop
		systemctl stop desktop

		# A status bar, that opens it again and again.
		while :; do
			exec 3<>/dev/dri/by-path/pci-0000:02:00.0-card && sleep 0.05
			exec 3<&-
			sleep 0.1
		done 2>/dev/null &
		run poller vfioboot bind second-gpu --wait 60
		drivers poller
		kill $!
		run poller-back vfioboot release second-gpu
		drivers poller-back

		# By address, without a section.
		mv /etc/vfioboot.conf /etc/vfioboot.other
		run address vfioboot bind 02:00.0
		drivers address
		run address-back vfioboot release 02:00
		drivers address-back

		# Both cards, or none of them.
		{
			cat /etc/vfioboot.other
			printf '%s\n' '[device first-gpu]' 'path = 00:03.0/00' 'expect = 2' 'bind = demand'
		} >/etc/vfioboot.conf
		run none vfioboot bind second-gpu first-gpu
		drivers none
		run both vfioboot bind second-gpu first-gpu --allow-last-display
		drivers both
		echo "first $(driver_of /sys/bus/pci/devices/0000:01:00.0)"
		run both-back vfioboot release second-gpu first-gpu
		drivers both-back

		# What cannot show anything any more ends as soon as it is started.
		systemctl start fragile
		until_it test -e "/proc/$(systemctl show -P MainPID fragile)/fd/3"
		run fragile vfioboot bind second-gpu --stop-session
		touch /run/fails
		run fails vfioboot release second-gpu
		drivers fails
		rm /run/fails
		run works vfioboot release second-gpu
		run works-unit systemctl is-active fragile
		systemctl stop fragile
		ls /run/vfioboot/handover | sed 's/^/left /'
		journalctl -b -t vfioboot -o cat | sed 's/^/journal /'
	END
	back boot
	exited plan 0
	exited bind 0
	given bound
	exited again 0
	has '^extra again second-gpu has the driver vfio-pci already: nothing to do\.'
	has '^extra holder: 0000:02:00.0 is open$'
	exited guest 1
	has '^extra guest vfioboot release: .*holder \(process [0-9]+ of vfioboot-test\.service\) has /dev/vfio/[0-9]+ open; shut the guest down first; nothing was changed$'
	given guest
	exited release 0
	back released
	exited twice 0
	has '^extra twice second-gpu was not handed over: nothing to do\.'

	exited held 1
	has '^extra held vfioboot bind: sleep \(process [0-9]+ of compositor\.service\) has /dev/dri/card[0-9] open; .*--stop-session.*; nothing was changed$'
	back held
	exited stopped 0
	given stopped
	has '^extra inactive inactive$'
	exited started 0
	back started
	has '^extra active active$'

	has '^extra typed This session will end, so the unit vfioboot-bind-second-gpu\.service does it\.'
	given apart
	has '^extra apart-unit inactive$'
	exited apart-back 0
	back apart-back
	has '^extra apart-again active$'

	exited poller 0
	given poller
	exited poller-back 0
	back poller-back

	exited address 0
	given address
	exited address-back 0
	back address-back

	exited none 1
	has '^extra none vfioboot bind: first-gpu, 0000:01:00\.0 is refused \(last-display\)'
	back none
	exited both 0
	given both
	has '^extra first vfio-pci$'
	exited both-back 0
	back both-back
	driver 01:00.0 bochs-drm

	exited fragile 0
	exited fails 1
	has '^extra fails .*fragile\.service'
	back fails
	exited works 0
	has '^extra works-unit active$'
	lacks '^extra left '
	has '^extra journal second-gpu: stop compositor\.service: done$'
	has '^extra journal second-gpu: start compositor\.service: done$'
	driver 02:00.0 bochs-drm
	driver 02:00.1 snd_hda_intel
	native 01:00 bochs-drm
	has '^state running$'
}

@test "trixie: ten rounds in one boot; a command that is killed in the middle is finished or undone by the next" {
	configured_image
	after_boot <<-'END'
		for round in 1 2 3 4 5 6 7 8 9 10; do
			run "bind$round" vfioboot bind second-gpu
			drivers "bound$round"
			run "release$round" vfioboot release second-gpu
			drivers "released$round"
		done

		# Killed while the unit stops.
		killed() { # NAME
			systemctl start compositor
			sleep 1
			vfioboot bind second-gpu --stop-session >/dev/null 2>&1 &
			until_it grep -q '^unit compositor.service' /run/vfioboot/handover/second-gpu 2>/dev/null
			until_it systemctl show -P ActiveState compositor | grep -q deactivating
			kill -9 $!
			wait $!
			grep phase /run/vfioboot/handover/second-gpu | sed "s/^/$1 /"
		}
		killed first
		run undone vfioboot release second-gpu
		drivers undone
		run undone-unit systemctl is-active compositor
		systemctl stop compositor
		killed second
		run finished vfioboot bind second-gpu --stop-session --wait 60
		drivers finished
		run finished-back vfioboot release second-gpu
		drivers finished-back
		run finished-unit systemctl is-active compositor
		ls /run/vfioboot/handover | sed 's/^/left /'
	END
	for round in 1 2 3 4 5 6 7 8 9 10; do
		exited "bind$round" 0
		given "bound$round"
		exited "release$round" 0
		back "released$round"
	done
	has '^extra first phase binding$'
	exited undone 0
	back undone
	has '^extra undone-unit active$'
	has '^extra second phase binding$'
	exited finished 0
	given finished
	exited finished-back 0
	back finished-back
	has '^extra finished-unit active$'
	lacks '^extra left '
	has '^state running$'
}

@test "trixie: the only card, with the text console on it, is handed over and back; the console shows text again" {
	printf '%s\n' '[device only]' 'path = 00:03.0/00' 'expect = 2' 'bind = demand' | overlay etc/vfioboot.conf
	image trixie dracut-systemd
	guest_script < <(echo '#!/bin/sh' && echo "$run_function" && cat <<-'END'
		gpu=/sys/bus/pci/devices/0000:01:00
		consoles() { # NAME
			for console in /sys/class/vtconsole/vtcon*; do
				echo "$1 $(cat "$console/bind") $(cat "$console/name")"
			done
			echo "$1 fb $(cat /proc/fb)"
			echo "$1 driver $(readlink $gpu.0/driver) $(readlink $gpu.1/driver)"
		}
		shows() { # NAME TEXT
			echo "$2" >/dev/tty1
			echo "$1 text $(tr -d '\0' </dev/vcs1 | grep -o "$2" | head -n 1)"
		}
		consoles before
		shows before first-words
		run refused vfioboot bind only
		run plan vfioboot bind only --allow-last-display --dry-run
		run bind vfioboot bind only --allow-last-display
		consoles meanwhile
		run release vfioboot release only
		consoles after
		shows after last-words
		# Without a person: a timer.
		run timer vfioboot bind only --allow-last-display --back-after 1
		consoles timer
		tries=900
		while [ -e /run/vfioboot/handover/only ] && [ $((tries -= 1)) -gt 0 ]; do sleep 0.2; done
		consoles timed
		shows timed timed-words
	END
	)
	machine
	root_disk
	card 3 VGA
	BOOT_TIMEOUT=900 boot
	has '^extra before 1 \(M\) frame buffer device$'
	has '^extra before text first-words$'
	exited refused 1
	has '^extra refused vfioboot bind: only, 0000:01:00\.0 is refused \(last-display\)'
	has '^extra plan unbind the text console vtcon1$'
	exited bind 0
	has '^extra meanwhile driver .*/vfio-pci .*/vfio-pci$'
	has '^extra meanwhile fb $'
	exited release 0
	has '^extra after driver .*/bochs-drm .*/snd_hda_intel$'
	has '^extra after 1 \(M\) frame buffer device$'
	has '^extra after fb 0 bochs'
	has '^extra after text last-words$'
	exited timer 0
	has '^extra timer driver .*/vfio-pci .*/vfio-pci$'
	has '^extra timed driver .*/bochs-drm .*/snd_hda_intel$'
	has '^extra timed 1 \(M\) frame buffer device$'
	has '^extra timed text timed-words$'
	has '^state running$'
}

@test "trixie: a program in Python hands a card over and back, through the library" {
	demand_second_gpu
	overlay_script usr/lib/vfioboot-test/program <<-'END'
		#!/usr/bin/python3
		import subprocess
		import vfioboot

		def drivers(name):
		    machine = vfioboot.Machine()
		    print(name, *(machine.device(f"0000:02:00.{n}").driver for n in (0, 1)))

		ready, problems = vfioboot.validate(["second-gpu"])
		print("ready", ready, *problems)
		drivers("before")
		try:
		    with vfioboot.handover("second-gpu"):
		        drivers("within")
		        raise RuntimeError
		except RuntimeError:
		    drivers("behind")
		with open("/dev/dri/by-path/pci-0000:02:00.0-card"):
		    try:
		        vfioboot.bind("second-gpu", wait=0)
		    except vfioboot.Error as error:
		        print("refused", error, error.remedy)
	END
	image uki initramfs-tools
	after_boot <<<'run program /usr/lib/vfioboot-test/program
		ls /run/vfioboot/handover | sed "s/^/left /"'
	exited program 0
	said program | grep -qx 'before bochs-drm snd_hda_intel'
	said program | grep -qx 'within vfio-pci vfio-pci'
	said program | grep -qx 'behind bochs-drm snd_hda_intel'
	said program | grep -q '^refused .*program.*card'
	lacks '^extra left '
}
