#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # dracut sets what is not set here
#
# dracut module: the early program with its configuration, as the first thing in the initramfs.
# Nothing here may fail: dracut gives up the whole image when a module does.

# Whether there is any configuration: without one there is nothing of ours in an image.
is_configured() {
	local root=${dracutsysrootdir-} config
	for config in "$root"/etc/vfioboot.conf "$root"/{usr/lib,etc}/vfioboot.conf.d/*.conf; do
		[[ -e $config || -L $config ]] && return 0
	done
	return 1
}

# 255: not by itself, but whoever adds it by name gets it.
check() {
	require_binaries /usr/lib/vfioboot/vfioboot-early || return 1
	is_configured || return 255
	return 0
}

depends() {
	return 0
}

# The drivers that the configuration names, if any. What begins with "-" is a bad name, and would
# be an option.
configured_drivers() {
	local root=${dracutsysrootdir-}
	grep -hs driver "$root"/etc/vfioboot.conf "$root"/{usr/lib,etc}/vfioboot.conf.d/*.conf |
		sed -n 's/^[[:space:]]*driver[[:space:]]*[=:][[:space:]]*\([A-Za-z0-9_][A-Za-z0-9_-]*\).*/\1/p' |
		grep -vx none
}

# driver = auto: the modules of this kernel that are variants of vfio-pci for devices that are here.
# shellcheck disable=SC2154 # kernel and srcmods are dracut's
variant_modules() {
	local pattern module device alias
	configured_drivers | grep -qx auto || return 0
	sed -n 's/^alias vfio_pci:\([^ ]*\) \(.*\)/\1 \2/p' \
		"${srcmods:-/lib/modules/$kernel}/modules.alias" |
		while read -r pattern module; do
			for device in /sys/bus/pci/devices/*/modalias; do
				read -r alias <"$device" || continue
				# shellcheck disable=SC2053 # a pattern
				[[ ${alias#pci:} == $pattern ]] && echo "$module"
			done
		done | sort -u
}

installkernel() {
	local -a drivers
	mapfile -t drivers < <(configured_drivers | grep -vx auto; variant_modules)
	# No -c: what this kernel calls otherwise, or has built in, is not missed. Not hostonly,
	# because no driver of ours is in use while the image is made.
	hostonly='' instmods vfio vfio_pci vfio_pci_core vfio_iommu_type1 vfio_virqfd \
		"${drivers[@]}"
	:
}

# Without those of /run, over which the initramfs mounts its own.
install_configs() {
	local root=${dracutsysrootdir-} config
	for config in "$root"/etc/vfioboot.conf "$root"/{usr/lib,etc}/vfioboot.conf.d/*.conf; do
		if [[ $(readlink "$config") == /dev/null ]]; then
			# A mask: it counts by being a link.
			config=${config#"$root"}
			mkdir -p "$initdir${config%/*}"
			ln -sf /dev/null "$initdir$config"
		elif [[ -f $config ]]; then
			inst_simple "${config#"$root"}"
		fi
	done
}

# What lets vfio-pci have a device that it refuses by itself: without hostonly, dracut leaves
# /etc/modprobe.d out.
install_options() {
	local root=${dracutsysrootdir-} file
	for file in "$root"/{usr/lib,usr/local/lib,etc}/modprobe.d/*.conf; do
		grep -qs 'disable[-_]denylist' "$file" && inst_simple "${file#"$root"}"
	done
	:
}

# Which functions this very host cannot spare. The configuration names devices of this host
# too, so the list belongs to it in every image, not in the hostonly ones alone.
install_protect_list() {
	[[ ${dracutsysrootdir-} ]] && return 0
	mkdir -p "$initdir/etc"
	/usr/bin/vfioboot protect --output "$initdir/etc/vfioboot.protect" && return 0
	dwarn "vfioboot: could not list what this host needs for itself"
	inst_multiple -o /etc/vfioboot.protect
}

# kmod's own modprobe: where busybox took the name first (dracut 112), nothing could load the
# compressed modules that Debian has had since 13.
install_modprobe() {
	local modprobe
	modprobe=$(find_binary modprobe) || return 0
	[[ $(readlink "$initdir$modprobe") == *busybox ]] && rm -f "$initdir$modprobe"
	inst "$modprobe"
}

install() {
	install_modprobe
	inst /usr/lib/vfioboot/vfioboot-early
	install_configs
	install_options
	install_protect_list
	inst_rules 60-vfioboot.rules

	if dracut_module_included systemd; then
		inst_simple /usr/lib/systemd/system/vfioboot-early.service
		$SYSTEMCTL -q --root "$initdir" add-wants sysinit.target vfioboot-early.service
	else
		inst_hook cmdline 00 "$moddir/vfioboot.sh"
	fi
	:
}
