#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what cmdline.bash shares; run sets output
#
# `vfioboot cmdline`, a test for each row of the decision: each on a machine of the kind that it is
# about, with nothing else than what decides.

bats_require_minimum_version 1.5.0

load cmdline
load host
load ../lib/programs

setup() {
	programs
	host=$BATS_TEST_TMPDIR/host
}

# machine CPUINFO TABLE UNIT <<FUNCTIONS: as the kernel $release shows it, booted by EFI
machine() {
	mkdir -p "$host"
	cat >"$BATS_TEST_TMPDIR/functions"
	"$compose" "$BATS_TEST_TMPDIR/functions" "$host"
	put proc/cpuinfo <<<"$1"
	put "sys/firmware/acpi/tables/$2" </dev/null
	mkdir -p "$host/sys/class/iommu/$3" "$host/sys/firmware/efi"
	put proc/cmdline <<<'root=/dev/nvme0n1p2 ro quiet'
	put proc/iomem <<<'40000000-4fffffff : PCI Bus 0000:00'
	kernel 6.12.48
}

kernel() { # RELEASE [OPTION...]
	put proc/sys/kernel/osrelease <<<"$1"
	printf 'CONFIG_%s=y\n' "${@:2}" | put "boot/config-$1"
}

no_groups() {
	rm -rf "${host:?}"/sys/bus/pci/devices/*/iommu_group "${host:?}"/sys/kernel/iommu_groups \
		"$host"/sys/class/iommu/*
}

give() { # PATH [LINE...]
	put etc/vfioboot.conf < <(printf '%s\n' '[device it]' "path = $1" "${@:2}")
}

booted_with() {
	put proc/cmdline <<<"root=/dev/nvme0n1p2 ro quiet $*"
}

# What the firmware draws into: framebuffer NAME, in the first function of the host
framebuffer() {
	local none='0x0000000000000000 0x0000000000000000 0x0000000000000000'
	put "sys/bus/pci/devices/$display/resource" < <(
		echo '0x0000000040000000 0x000000004fffffff 0x000000000014220c'
		for _ in 2 3 4 5 6; do echo "$none"; done
	)
	put proc/iomem <<-END
		40000000-4fffffff : $display
		  40000000-407e8fff : $1
	END
}

# A desktop: the screen hangs on the integrated GPU, the card is for guests
intel() {
	display=0000:00:02.0
	machine $'vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx' DMAR dmar0 <<'END'
driver vfio-pci
0000:00:01.0 8086:1901:1043:8694 060400 driver=pcieport group=2
	0000:01:00.0 10de:2206:1043:87b0 030000 driver=nouveau group=16 boot_vga=0
0000:00:02.0 8086:3e98:1043:8694 030000 driver=i915 group=0 boot_vga=1
END
	give 00:01.0/00
}

# A machine whose screen hangs on a card
amd() {
	display=0000:09:00.0
	machine $'vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm' IVRS ivhd0 <<'END'
driver vfio-pci
0000:00:03.1 1022:1483:1022:1483 060400 driver=pcieport group=4
	0000:09:00.0 1002:73bf:148c:2408 030000 driver=amdgpu group=25 boot_vga=1
0000:00:03.2 1022:1483:1022:1483 060400 driver=pcieport group=5
	0000:0a:00.0 10de:2206:1043:87b0 030000 driver=nouveau group=26 boot_vga=0
END
	kernel 6.12.48 X86 AMD_IOMMU FB_EFI
	give 00:03.2/00
}

# A laptop whose only display has the class of no VGA
apu() {
	display=0000:05:00.0
	machine $'vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm' IVRS ivhd0 <<'END'
driver vfio-pci
0000:00:08.1 1022:14eb:1022:14eb 060400 driver=pcieport group=4
	0000:05:00.0 1002:1900:17aa:50d9 038000 driver=amdgpu group=17
dir sys/devices/pci0000:00/0000:00:08.1/0000:05:00.0/drm/card0/card0-eDP-1
END
	kernel 6.12.48 X86 AMD_IOMMU SYSFB_SIMPLEFB
	give 00:08.1/00 'last-display = yes'
}

# A server with the graphics of its management controller
arm() {
	display=0004:02:00.0
	machine $'processor\t: 0\nCPU implementer\t: 0x41' IORT smmu3.0x0000000027fd0000 <<'END'
driver vfio-pci
0000:00:01.0 1def:e101:1def:0000 060400 driver=pcieport group=1
	0000:01:00.0 10de:2236:10de:1482 030200 driver=nouveau group=12
0004:00:01.0 1def:e111:1def:0000 060400 driver=pcieport group=2
	0004:02:00.0 1a03:2000:1a03:2000 030000 driver=ast group=20 boot_vga=1
END
	kernel 6.12.48 ARM64 ARM_SMMU_V3
	give 00:01.0/00
}

@test "IOMMU groups exist: nothing" {
	intel
	kernel 6.12.48 X86 INTEL_IOMMU
	prints ''
	amd
	prints ''
	arm
	prints ''
}

@test "Intel, no groups, kernel built default-off: intel_iommu=on" {
	intel
	no_groups
	kernel 6.12.48 X86 INTEL_IOMMU
	prints intel_iommu=on
}

@test "Intel, the integrated GPU is a target, kernel built INTGPU_OFF: intel_iommu=on" {
	intel
	kernel 6.12.48 X86 INTEL_IOMMU INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF
	prints ''
	give 00:02.0
	rm "$host/sys/bus/pci/devices/$display/iommu_group"
	prints intel_iommu=on 'console ends'
	[[ $stderr != *'no IOMMU group'* ]]
	no_groups
	prints intel_iommu=on 'enable VT-d in the firmware setup'
}

@test "AMD, no groups: the firmware" {
	amd
	no_groups
	prints '' 'AMD-Vi'
}

@test "what switches the IOMMU off: refused" {
	intel
	no_groups
	for parameter in intel_iommu=off iommu=off acpi=off; do
		booted_with "$parameter"
		refuses "$parameter: it disables"
	done
	amd
	booted_with amd_iommu=off
	refuses 'amd_iommu=off: it disables the IOMMU'
}

@test "arm64: nothing, and without groups firmware or kernel" {
	arm
	booted_with iommu=off acpi=off # neither is one there
	prints ''
	no_groups
	prints '' 'no parameter enables an Arm SMMU'
	kernel 6.12.48 ARM64
	prints '' 'use another kernel'
}

@test "host DMA speed is asked for: iommu.passthrough=1" {
	for kind in intel amd arm; do
		rm -rf "${host:?}"
		$kind
		cmdline --host-dma-speed
		[ "$output" = iommu.passthrough=1 ]
	done
}

@test "the target is not the boot display: nothing for framebuffers" {
	amd
	kernel 5.15.0 X86 AMD_IOMMU FB_EFI
	framebuffer efifb
	prints ''
}

@test "boot display, class 0300, 6.1 or newer: nothing, and the console is named" {
	amd
	give 00:03.1/00
	framebuffer BOOTFB
	prints '' 'console ends'
}

@test "boot display, class 0300, 6.0: nothing, and any card is named" {
	amd
	kernel 6.0.0 X86 AMD_IOMMU FB_EFI
	prints '' "may end the host's console"
	give 00:03.1/00
	prints '' "may end the host's console"
}

@test "boot display, class 0300, before 6.0, efifb: video=efifb:off" {
	amd
	kernel 5.15.0 X86 AMD_IOMMU FB_EFI
	give 00:03.1/00
	prints video=efifb:off 'console ends' # amdgpu took it away
	framebuffer efifb
	prints video=efifb:off 'console ends'
	booted_with video=efifb:off
	prints '' 'console ends'
	[[ $stderr != *'can go'* ]]
}

@test "boot display, simple-framebuffer, before 6.0: only in a trial" {
	amd
	kernel 5.15.0 X86 AMD_IOMMU SYSFB_SIMPLEFB
	give 00:03.1/00
	framebuffer BOOTFB
	prints '' "'sudo vfioboot try' boots once without it (initcall_blacklist=sysfb_init)"
	kernel 5.15.0 X86 AMD_IOMMU SYSFB_SIMPLEFB LTO
	refuses 'link-time optimisation'
}

@test "boot display of another class than 0300, on any kernel: only in a trial" {
	apu
	framebuffer BOOTFB
	prints '' 'framebuffer stays in the boot display'
	put proc/iomem <<<'40000000-4fffffff : 0000:05:00.0'
	prints '' 'framebuffer may stay in the boot display'
	booted_with initcall_blacklist=sysfb_init
	prints '' 'console ends'
	[[ $stderr != *'can go'* ]]
}

@test "an entry of ours has its selector" {
	amd
	give 00:03.2/00 'profile = games'
	cmdline --profile games
	[ "$output" = vfioboot.profile=games ]
}

@test "over the limit: refused, if something is added" {
	amd
	booted_with "$(printf 'a%.0s' {1..1990})"
	prints ''
	cmdline --host-dma-speed
	[ "$status" = 1 ]
	[[ $stderr == *'the kernel may cut it (at 2048)'* ]]
}

# The row of a trial (vfioboot.trial=ID panic=30) is that of `vfioboot try`: try.bats.
