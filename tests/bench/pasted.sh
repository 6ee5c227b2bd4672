#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the manner of the scripts that guides hand around: every card that did not show the boot
# screen goes to vfio-pci, with the audio function next to it.

# shellcheck disable=SC2044 # that is how they do it
for vga in $(find /sys/devices/pci* -name boot_vga); do
	if [ "$(cat "$vga")" = 0 ]; then
		gpu=$(dirname "$vga")
		audio=$(echo "$gpu" | sed -e 's/0$/1/')
		echo vfio-pci >"$gpu/driver_override"
		if [ -e "$audio" ]; then
			echo vfio-pci >"$audio/driver_override"
		fi
	fi
done
