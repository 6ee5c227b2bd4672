#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154,SC2317,SC2329,SC1091 # each test is a process of its own; run sets these
#
# What the generators' hooks make of a configuration that is odd, with functions in the place of the
# generators'. What real generators make of the hooks is in the boot tests.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load ../lib/programs

setup() {
	programs
	host=$BATS_TEST_TMPDIR/host
	mkdir -p "$host/etc/vfioboot.conf.d" "$host/image" "$host/usr/lib/vfioboot" "$host/usr/bin"
	printf '[device a]\ndriver = mlx5-vfio-pci ; of a variant\n' \
		>"$host/etc/vfioboot.conf.d/with blank.conf"
	# None of these may be an option or a command of whoever gets it.
	printf '[device b]\ndriver = -x\n[device c]\ndriver = --all\n' \
		>"$host/etc/vfioboot.conf.d/st*r \$(touch pwned).conf"
	printf '[device d]\ndriver=none\n[device e]\ndriver : vfio-pci\n' >"$host/etc/vfioboot.conf"
	ln -s /dev/null "$host/etc/vfioboot.conf.d/a mask.conf"
	ln -s /nowhere "$host/etc/vfioboot.conf.d/broken.conf"
	mkdir "$host/etc/vfioboot.conf.d/directory.conf"
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/pwned" ]
}

# The modules that every hook asks for, and those of the configuration, sorted.
expected_modules='mlx5-vfio-pci
vfio
vfio-pci
vfio_iommu_type1
vfio_pci
vfio_pci_core
vfio_virqfd'

expected_files="/dev/null as a mask: /etc/vfioboot.conf.d/a mask.conf
/etc/vfioboot.conf
/etc/vfioboot.conf.d/st*r \$(touch pwned).conf
/etc/vfioboot.conf.d/with blank.conf"

@test "dracut: the modules that a configuration names" {
	modules() {
		dracutsysrootdir=$host
		instmods() { printf '%s\n' "$@" | LC_ALL=C sort; }
		# shellcheck source=dracut/50vfioboot/module-setup.sh
		. "$top/dracut/50vfioboot/module-setup.sh"
		installkernel
	}
	run -0 modules
	[ "$output" = "$expected_modules" ]
}

@test "dracut: the files of another root" {
	files() {
		dracutsysrootdir=$host initdir=$host/image
		inst_simple() { echo "$1"; }
		. "$top/dracut/50vfioboot/module-setup.sh"
		install_configs
		find "$initdir" -lname /dev/null -printf '/dev/null as a mask: /%P\n'
	}
	run -0 files
	[ "$(sort <<<"$output")" = "$(sort <<<"$expected_files")" ]
}

@test "dracut: what lets vfio-pci have what it refuses by itself" {
	options() {
		dracutsysrootdir=$host
		inst_simple() { echo "$1"; }
		. "$top/dracut/50vfioboot/module-setup.sh"
		install_options
	}
	mkdir -p "$host/etc/modprobe.d"
	echo 'options kvm nested=1' >"$host/etc/modprobe.d/kvm.conf"
	run -0 options
	[ -z "$output" ]
	echo 'options vfio-pci disable_denylist=1' >"$host/etc/modprobe.d/q a t.conf"
	run -0 options
	[ "$output" = '/etc/modprobe.d/q a t.conf' ]
}

@test "dracut: nothing of the running machine gets into an image of another root" {
	protect() {
		dracutsysrootdir=$host initdir=$host/image
		. "$top/dracut/50vfioboot/module-setup.sh"
		install_protect_list
	}
	run -0 protect
	[ -z "$output" ]
	[ ! -e "$host/image/etc/vfioboot.protect" ]
}

# The hook of initramfs-tools with its files below $host, where the generator's functions are not
# the generator's.
run_tools_hook() {
	cat >"$host/functions" <<-'END'
		copy_exec() { echo "program $1"; }
		copy_file() { echo "file $2"; }
		manual_add_modules() { printf 'module %s\n' "$@" | LC_ALL=C sort; }
	END
	sed -e "s|/usr/share/initramfs-tools/hook-functions|$host/functions|" \
		-e "s|/etc/vfioboot|$host&|g; s|/usr/lib/vfioboot|$host&|g" \
		-e "s|/usr/bin/vfioboot|$host&|g; s|/usr/lib/udev|$host&|g" -e "s|/sys/bus/pci|$host&|; s|/lib/modules|$host&|" \
		"$top/initramfs-tools/hooks/vfioboot" >"$host/hook"
	DESTDIR=$host/image sh "$host/hook"
}

@test "initramfs-tools: the files and modules of a configuration" {
	touch "$host/usr/lib/vfioboot/vfioboot-early"
	printf '#!/bin/sh\necho list >"$3"\n' >"$host/usr/bin/vfioboot"
	chmod +x "$host/usr/lib/vfioboot/vfioboot-early" "$host/usr/bin/vfioboot"
	run -0 run_tools_hook
	[ "$(sed -n 's/^module //p' <<<"$output")" = "$expected_modules" ]
	[ "$(sed -n "s|^file $host||p" <<<"$output" | sort)" = \
		"$(tail -n +2 <<<"$expected_files" | sort)" ]
	[ -L "$host/image$host/etc/vfioboot.conf.d/a mask.conf" ]
	[ "$(cat "$host/image$host/etc/vfioboot.protect" "$host/image/etc/vfioboot.protect" \
		2>/dev/null)" = list ]
}

@test "initramfs-tools: the rule of udev" {
	touch "$host/usr/lib/vfioboot/vfioboot-early"
	chmod +x "$host/usr/lib/vfioboot/vfioboot-early"
	mkdir -p "$host/usr/lib/udev/rules.d"
	touch "$host/usr/lib/udev/rules.d/60-vfioboot.rules"
	run -0 run_tools_hook
	grep -qx "file $host/usr/lib/udev/rules.d/60-vfioboot.rules" <<<"$output"
}

@test "initramfs-tools: an image is made whatever is missing" {
	run -0 run_tools_hook
	[ "$output" = "W: vfioboot: $host/usr/lib/vfioboot/vfioboot-early is missing, the image is made without it" ]
	touch "$host/usr/lib/vfioboot/vfioboot-early"
	chmod +x "$host/usr/lib/vfioboot/vfioboot-early"
	run -0 run_tools_hook
	[[ $output == *'W: vfioboot: could not list what this host needs for itself'* ]]
	[[ $output == *'module vfio_pci'* ]]
	rm -r "${host:?}"/etc/vfioboot*
	mkdir -p "$host/image/scripts/init-top"
	touch "$host/image/scripts/init-top/00-vfioboot"
	run -0 run_tools_hook
	[ -z "$output" ]
	[ ! -e "$host/image/scripts/init-top/00-vfioboot" ]
}

@test "mkinitcpio: the modules that a configuration names" {
	modules() {
		# shellcheck source=mkinitcpio/install/vfioboot
		. "$top/mkinitcpio/install/vfioboot"
		configured_drivers "$host"/etc/vfioboot.conf.d/{st,with}*.conf "$host/etc/vfioboot.conf"
	}
	run -0 modules
	[ "$output" = 'mlx5-vfio-pci?
vfio-pci?' ]
}

# A copy of a hook with what the kernel says of devices and modules below $host: a card with a variant
# of its own, and one without.
with_devices() { # HOOK
	mkdir -p "$host"/sys/bus/pci/devices/{0000:01:00.0,0000:02:00.0} "$host/lib/modules/6.12.1"
	echo pci:v000015B3d0000101Esv000015B3sd00000023bc02sc00i00 >"$host/sys/bus/pci/devices/0000:01:00.0/modalias"
	echo pci:v000010DEd00002206sv00001043sd000087B0bc03sc00i00 >"$host/sys/bus/pci/devices/0000:02:00.0/modalias"
	printf 'alias %s\n' 'pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core' 'vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci' \
		'vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci' \
		'vfio_pci:v000019E5d0000A255sv*sd*bc*sc*i* hisi_acc_vfio_pci' >"$host/lib/modules/6.12.1/modules.alias"
	printf '[device f]\ndriver = auto\n' >"$host/etc/vfioboot.conf.d/auto.conf"
	sed -e "s|/sys/bus/pci|$host&|; s|/lib/modules|$host&|" "$1" >"$host/copy"
}

@test "driver = auto: each hook asks for the variants of the devices that are here, and of no others" {
	dracut_modules() {
		dracutsysrootdir=$host kernel=6.12.1
		instmods() { printf '%s\n' "$@"; }
		. "$host/copy"
		installkernel
	}
	mkinitcpio_modules() {
		KERNELVERSION=6.12.1
		. "$host/copy"
		variant_modules "$host/etc/vfioboot.conf.d/auto.conf"
		# What names its driver has no need of it.
		variant_modules "$host/etc/vfioboot.conf"
	}
	tools_modules() {
		touch "$host/usr/lib/vfioboot/vfioboot-early"
		chmod +x "$host/usr/lib/vfioboot/vfioboot-early"
		version=6.12.1 run_tools_hook 2>/dev/null | sed -n 's/^module //p'
	}
	with_devices "$top/dracut/50vfioboot/module-setup.sh"
	run -0 dracut_modules
	diff <(LC_ALL=C sort -u <<<"$output") <(printf '%s\n' "$expected_modules" mlx5_vfio_pci | LC_ALL=C sort -u)
	with_devices "$top/mkinitcpio/install/vfioboot"
	run -0 mkinitcpio_modules
	[ "$output" = $'mlx5_vfio_pci?\nvfio_pci?' ]
	with_devices "$top/initramfs-tools/hooks/vfioboot"
	run -0 tools_modules
	diff <(LC_ALL=C sort -u <<<"$output") <(printf '%s\n' "$expected_modules" mlx5_vfio_pci | LC_ALL=C sort -u)
}
