# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what it shares with lib.bash and with the tests
#
# What the tests of hand-overs share: what the guest says of the second card, and guests of libvirt that
# get it.

# Where the second card is, whose section is left alone at boot, and what is said of it.
# shellcheck disable=SC2016 # for the guest's shell
handover_functions='
	gpu=/sys/bus/pci/devices/0000:02:00
	driver_of() {
		name=$(readlink "$1/driver") && echo "${name##*/}" || echo -
	}
	# The drivers of both functions, and overrides: drivers NAME
	drivers() {
		echo "$1 $(driver_of $gpu.0) $(driver_of $gpu.1) $(cat $gpu.0/driver_override $gpu.1/driver_override | tr "\n" " ")"
	}
	# Waits for half an hour at most: until_it COMMAND...
	until_it() {
		limit=$(($(date +%s) + 1800))
		until "$@"; do
			[ "$(date +%s)" -lt $limit ] || return
			sleep 0.1
		done
	}
'

demand_second_gpu() {
	{
		second_gpu
		echo 'bind = demand'
	} | overlay etc/vfioboot.conf
}

# handover_script <<SCRIPT: what the guest with two cards runs, once it is up
handover_script() {
	guest_script < <(echo '#!/bin/sh' && echo "$run_function$handover_functions" && cat)
}

# What the guest said of the drivers: drivers_were NAME GPU SOUND OVERRIDE
drivers_were() {
	has "^extra $1 $2 $3 $4 $4 \$"
}

given() {
	drivers_were "$1" vfio-pci vfio-pci vfio-pci
}

back() {
	drivers_were "$1" bochs-drm snd_hda_intel '\(null\)'
}

# What "run" runs has ended well: went_well NAME...
went_well() {
	local name
	for name; do
		exited "$name" 0
	done
}

# --- guests of libvirt ---------------------------------------------------------------------

# libvirt_guest NAME: the definition /srv/NAME.xml.  It gets as far as its firmware: QEMU's monitor is
# asked what it has.
libvirt_guest() {
	overlay "srv/$1.xml" <<-END
		<domain type='qemu'>
		  <name>$1</name>
		  <memory unit='MiB'>64</memory>
		  <os><type arch='x86_64' machine='q35'>hvm</type></os>
		  <features><acpi/></features>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
	# Nobody could be asked for a password.
	overlay etc/libvirt/libvirtd.conf <<<'auth_unix_rw = "none"'
}
