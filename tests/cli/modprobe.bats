#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process of its own; run sets some
#
# How vfioboot-early loads vfio-pci: what it asks modprobe for, and what the modprobes of kmod and
# of busybox make of that, beside what people have in modprobe.d.  They load nothing here: kmod's
# is asked for a dry run, and busybox's for the commands that it would run.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load host
load machine

release=$(uname -r)

# The program runs as on a live machine, in a root of its own; the modprobe there writes down
# how it is called.
setup_file() {
	programs
	[ "$(id -u)" -eq 0 ] || return 0
	host=$BATS_FILE_TMPDIR/host root=$host
	mkdir -p "$host"
	machine identical-cards
	rm -r "${host:?}/sys/bus/pci/drivers/vfio-pci"
	put etc/vfioboot.conf <<<$'[device second]\npath = 00:01.1/00'
	mkdir -p "$host"/{bin,sbin}
	# The one that is linked statically: that of the sanitizers needs its libraries and /proc.
	cp "$top/build/vfioboot-early" "$host/early"
	cp "$(command -v busybox)" "$host/bin/sh"
	put sbin/modprobe <<-'END'
		#!/bin/sh
		echo "$MODPROBE_OPTIONS" >/options
		printf '%s\n' "$@" >/arguments
	END
	chmod +x "$host/sbin/modprobe"
	chroot "$host" /early || true
	host_module vfio_iommu_type1
	host_module vfio-pci
	put "lib/modules/$release/modules.builtin" </dev/null
	put "lib/modules/$release/modules.order" </dev/null
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" "$release"
}

setup() {
	programs
	make_work
	[ "$(id -u)" -eq 0 ] || skip "needs root, for a root of its own"
	host=$work/host
	cp -a "$BATS_FILE_TMPDIR/host" "$host"
	mapfile -t arguments <"$host/arguments"
}

# by_kmod LINE...: what kmod's modprobe would do with these lines in modprobe.d
by_kmod() {
	printf '%s\n' "$@" | put etc/modprobe.d/vfio.conf
	# Without its -q, which would keep the answer back.
	MODPROBE_OPTIONS=$(<"$host/options") PATH=$PATH:/usr/sbin:/sbin modprobe -n -v -d "$host" \
		-S "$release" -C "$host/etc/modprobe.d" "${arguments[@]:1}" |
		sed -E "s|insmod .*/([^/ ]*)\.ko ?|\1: |; s| +$||"
}

# The same by busybox's.
by_busybox() {
	printf '%s\n' "$@" | put etc/modprobe.d/vfio.conf
	rm "$host/sbin/modprobe"
	cp "$host/bin/sh" "$host/bin/modprobe"
	MODPROBE_OPTIONS=$(<"$host/options") chroot "$host" /bin/modprobe -D "${arguments[@]}" |
		sed -E "s|insmod .*/([^/ ]*)\.ko ?|\1: |; s| +$||"
}

@test "modprobe gets an empty ids= behind the name, and its option from the environment" {
	[ "${arguments[*]}" = '-q -- vfio-pci ids=' ]
	[ "$(<"$host/options")" = -i ]
}

options=(
	'options vfio-pci ids=10de:2206,10de:1aef disable_idle_d3=1'
	'options vfio_pci disable_vga=1 nointxmask=1'
	'options vfio-pci enable_sriov=1 disable_denylist=1 ids=8086:1533'
)
kept='ids=10de:2206,10de:1aef disable_idle_d3=1 disable_vga=1 nointxmask=1 enable_sriov=1 disable_denylist=1 ids=8086:1533 ids='

@test "kmod: the last ids= is the empty one, and all other options stay" {
	run -0 by_kmod "${options[@]}"
	[ "${lines[-1]}" = "vfio-pci: $kept" ]
}

@test "busybox: the last ids= is the empty one, and all other options stay" {
	run -0 by_busybox "${options[@]}"
	[ "${lines[-1]}" = "vfio-pci: $kept" ]
}

@test "kmod: an install line of vfio-pci is not run, nor what is to be loaded with it" {
	run -0 by_kmod 'install vfio-pci /bin/touch /pwned' 'softdep vfio-pci pre: vfio_iommu_type1' \
		'options vfio-pci disable_vga=1'
	[ "${lines[-1]}" = 'vfio-pci: disable_vga=1 ids=' ]
	[[ $output != *install* && $output != *pwned* && $output != *type1* ]]
	# With them, it is.
	: >"$host/options"
	run -0 by_kmod 'install vfio-pci /bin/touch /pwned'
	[[ ${lines[-1]} == 'install /bin/touch /pwned'* ]]
}

# depends MODULE ON: makes MODULE one that needs a symbol of ON, for depmod
depends() {
	local dir=$host/lib/modules/$release/kernel
	printf 'fn\0' >"$work/strings"
	objcopy --add-section __ksymtab_strings="$work/strings" "$dir/$2.ko"
	objcopy --dump-section .modinfo="$work/modinfo" "$dir/$1.ko"
	echo 'extern int fn(void); int init_module(void) { return fn(); }' | gcc -c -x c -o "$work/module.o" -
	objcopy --add-section .modinfo="$work/modinfo" "$work/module.o" "$dir/$1.ko"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" "$release"
}

@test "kmod: an install line of what vfio-pci needs is run" {
	host_module vfio-pci-core
	depends vfio-pci vfio-pci-core
	run -0 by_kmod
	[ "${lines[-2]} ${lines[-1]}" = 'vfio-pci-core: vfio-pci: ids=' ]
	run -0 by_kmod 'install vfio_pci_core /bin/false'
	[ "${lines[-2]} ${lines[-1]}" = 'install /bin/false vfio-pci: ids=' ]
}

@test "busybox: an install line is nothing to it" {
	run -0 by_busybox 'install vfio-pci /bin/touch /pwned'
	[ "${lines[-1]}" = 'vfio-pci: ids=' ]
}

@test "kmod: a blacklisted vfio-pci is loaded by its name" {
	run -0 by_kmod 'blacklist vfio-pci'
	[ "${lines[-1]}" = 'vfio-pci: ids=' ]
}

@test "a variant driver has no parameter ids" {
	programs
	rm "$host"/{arguments,options}
	put etc/vfioboot.conf <<<$'[device second]\npath = 00:01.1/00\ndriver = mlx5_vfio_pci'
	chroot "$host" /early || true
	[ "$(paste -sd' ' "$host/arguments")" = '-q -- mlx5_vfio_pci' ]
	[ "$(<"$host/options")" = -i ]
}
