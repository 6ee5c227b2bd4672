#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # texts of scripts; for host.bash; run sets output
#
# `vfioboot cmdline` on the desktop of host.bash, changed to be each row of the decision: what it
# prints is what is to be added. The decision itself is held by test_rules.

bats_require_minimum_version 1.5.0

# shellcheck source=/dev/null
load host
load ../lib/json
load ../lib/programs
load cmdline

setup() {
	programs
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
}

# stays_quiet: of what is there and works, nothing is said
stays_quiet() {
	cmdline
	[ "$status" = 0 ]
	[ -z "$output" ]
	[[ $stderr != *'can go'* && $stderr != *framebuffer* ]]
}

# As if the kernel had found no IOMMU, though the firmware describes it
no_groups() {
	rm -rf "${host:?}"/sys/bus/pci/devices/*/iommu_group "${host:?}"/sys/kernel/iommu_groups \
		"$host"/sys/class/iommu/*
}

built() { # OPTION...
	printf 'CONFIG_%s=y\n' X86 INTEL_IOMMU "$@" >"$host/boot/config-$release"
}

# This boot, and the next ones
booted_with() {
	put proc/cmdline <<<"root=/dev/nvme0n1p2 ro $*"
	[ ! -e "$host/boot/grub/grub.cfg" ] ||
		sed -i -E "/^[ \t]*linux/s|(linux[ \t]+[^ ]+).*|\1 root=/dev/nvme0n1p2 ro ${*//&/\\&}|" \
			"$host/boot/grub/grub.cfg"
}

cpu() {
	sed -i "s/GenuineIntel/$1/" "$host/proc/cpuinfo"
}

# What the firmware and the kernel tell of the IOMMU: iommu TABLE UNIT; '' for neither
iommu() {
	rm -rf "${host:?}"/sys/class/iommu/* "${host:?}"/sys/firmware/acpi/tables/{DMAR,IVRS,IORT}
	[ -z "$1" ] || put "sys/firmware/acpi/tables/$1" </dev/null
	[ -z "$2" ] || mkdir "$host/sys/class/iommu/$2"
}

# The desktop with another processor, its IOMMU and a kernel for it
amd() {
	cpu AuthenticAMD
	iommu IVRS ivhd0
	built AMD_IOMMU
}

arm() { # OPTION...
	put proc/cpuinfo <<<'CPU implementer	: 0x41'
	iommu IORT smmu3.0x0000000009050000
	printf 'CONFIG_%s=y\n' ARM64 64BIT "${@:-ARM_SMMU_V3}" >"$host/boot/config-$release"
}

give() {
	put etc/vfioboot.conf.d/gpu.conf <<-END
		[device gpu]
		path = $1
		$(printf '%s\n' "${@:2}")
	END
}

# A kernel of another version, built the same
kernel() {
	mv "$host/boot/config-$release" "$host/boot/config-$1"
	put proc/sys/kernel/osrelease <<<"$1"
	release=$1
}

# What the firmware draws into, and its name in /proc/iomem; '' where nothing is left of it
framebuffer() { # NAME
	put proc/iomem <<-END
		90000000-9fffffff : 0000:00:02.0
		  ${1:+90000000-907e8fff : $1}
	END
	put sys/devices/pci0000:00/0000:00:02.0/resource <<-END
		0x0000000080000000 0x0000000080ffffff 0x0000000000140204
		0x0000000000000000 0x0000000000000000 0x0000000000000000
		0x0000000090000000 0x000000009fffffff 0x000000000014220c
		0x0000000000000000 0x0000000000000000 0x0000000000000000
		0x0000000000000000 0x0000000000000000 0x0000000000000000
		0x0000000000000000 0x0000000000000000 0x0000000000000000
	END
}

@test "a machine that needs nothing: nothing" {
	prints ''
	give 00:01.1/00
	prints ''
	cmdline --explain
	[ "$output" = 'This machine needs no kernel parameter.' ]
}

@test "Intel, no groups: by what the kernel was built to do" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	prints intel_iommu=on
	built INTEL_IOMMU_DEFAULT_ON
	prints '' 'enable VT-d in the firmware setup'
	rm "$host/boot/config-$release"
	prints intel_iommu=on
	booted_with intel_iommu=on
	prints '' 'enable VT-d in the firmware setup'
}

# holds FILE [TEXT]: the machine has the file
holds() {
	mkdir -p "$host/${1%/*}"
	printf '%b' "${2-}" >"$host/$1"
}

# goes TEXT: what --explain says of where parameters go
goes() {
	cmdline --explain
	[ "${lines[-1]}" = "$1" ] || { echo "says: ${lines[-1]}"; return 1; }
}

@test "--explain names the file that has the last word" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	rm -r "${host:?}/boot/grub"
	# Debian's grub-mkconfig reads the directory, the last file that sets anew counts.
	holds boot/grub/grub.cfg
	holds usr/sbin/update-grub
	holds usr/sbin/grub-mkconfig 'for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n'
	holds etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
	holds etc/default/grub.d/90-more.cfg 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT x"\n'
	holds etc/default/grub.d/91-old.cfg.bak 'GRUB_CMDLINE_LINUX_DEFAULT=""\n'
	goes "with GRUB, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub; then run 'update-grub'."
	holds etc/default/grub.d/50-cloud.cfg '  GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n'
	holds etc/default/grub.d/99-local.cfg 'export GRUB_CMDLINE_LINUX_DEFAULT="splash"\n'
	goes "with GRUB, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub.d/99-local.cfg; then run 'update-grub'."
	# openSUSE's may, or not.
	rm "$host/usr/sbin/update-grub"
	mv "$host/boot/grub" "$host/boot/grub2"
	mv "$host/usr/sbin/grub-mkconfig" "$host/usr/sbin/grub2-mkconfig"
	goes "with GRUB, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub.d/99-local.cfg; then run 'grub2-mkconfig -o /boot/grub2/grub.cfg'."
	holds usr/sbin/grub2-mkconfig '. ${sysconfdir}/default/grub\n'
	goes "with GRUB, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub; then run 'grub2-mkconfig -o /boot/grub2/grub.cfg'."
	# Entries in files, on Fedora, and on RHEL 8 with what they have in a variable of GRUB.
	holds boot/loader/entries/a.conf 'linux /vmlinuz\n'
	holds etc/default/grub 'GRUB_ENABLE_BLSCFG=true\n'
	rm "$host/boot/grub2/grub.cfg"
	goes "with GRUB with entries of the Boot Loader Specification, with 'grubby --update-kernel=ALL --args=\"PARAMETER ...\"'."
	holds boot/grub2/grub.cfg
	holds boot/grub2/grubenv '# GRUB Environment Block\nkernelopts=ro\n'
	goes "with GRUB with entries of the Boot Loader Specification, with 'grubby --update-kernel=ALL --args=\"PARAMETER ...\"', which changes kernelopts in /boot/grub2/grubenv."
	holds usr/bin/sdbootutil
	goes "with GRUB with entries of the Boot Loader Specification, in /etc/kernel/cmdline, which must contain the whole command line; then run 'sdbootutil update-all-entries'."
}

@test "--explain names the file that has the last word: systemd-boot, images, Proxmox" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	rm -r "${host:?}/boot/grub"
	holds efi/loader/loader.conf
	holds usr/lib/kernel/cmdline 'quiet\n'
	goes "with systemd-boot, in /etc/kernel/cmdline, which must contain the whole command line and counts instead of /usr/lib/kernel/cmdline; then run 'kernel-install add-all', or reinstall the kernel."
	holds etc/kernel/cmdline 'quiet\n'
	holds usr/bin/reinstall-kernels
	goes "with systemd-boot, in /etc/kernel/cmdline, which must contain the whole command line; then run 'reinstall-kernels'."
	# Entries of a person's own, whom no program helps.
	rm "$host/usr/bin/reinstall-kernels"
	holds efi/loader/entries/arch.conf 'linux /vmlinuz-linux\n'
	goes "with systemd-boot, after 'options' in the entries in /efi/loader/entries."
	rm -r "${host:?}/efi"
	holds efi/EFI/Linux/arch.efi
	holds usr/bin/mkinitcpio
	goes "with a unified kernel image, in /etc/kernel/cmdline, which must contain the whole command line; then rebuild the images ('mkinitcpio -P')."
	holds etc/cmdline.d/root.conf
	goes "with a unified kernel image, in /etc/cmdline.d/root.conf; then run 'mkinitcpio -P'."
	holds etc/dracut.conf.d/uki.conf 'uefi="yes"\nkernel_cmdline="ro"\n'
	goes "with a unified kernel image, in kernel_cmdline= in /etc/dracut.conf.d/uki.conf; then run 'dracut --regenerate-all --force'."
	holds etc/kernel/proxmox-boot-uuids 1A2B-3C4D
	goes "with proxmox-boot-tool, in /etc/kernel/cmdline, on its one line; then run 'proxmox-boot-tool refresh'."
	rm "$host/etc/kernel/cmdline"
	goes "with proxmox-boot-tool, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub; then run 'proxmox-boot-tool refresh'."
}

@test "--explain says where needed parameters go, and that none is needed beside warnings" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	cmdline --explain
	[[ ${lines[0]} == 'needed   intel_iommu=on: '* ]]
	[[ $output == *"'sudo vfioboot entry add' and 'sudo vfioboot try' add needed parameters to their own"* ]]
	[[ ${lines[-1]} == "with GRUB, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub; then run 'grub-mkconfig -o /boot/grub/grub.cfg'." ]]
	# Of several, none of which says that it started this boot.
	touch "$host/boot/refind_linux.conf" "$host/boot/limine.conf"
	cmdline --explain
	[[ $output == *'with GRUB, '*$'\n''with rEFInd, in refind_linux.conf'*$'\n''with Limine, '* ]]
	rm -r "${host:?}/boot/grub" "${host:?}/boot/refind_linux.conf" "${host:?}/boot/limine.conf"
	cmdline --explain
	[[ ${lines[-1]} == 'where your boot loader keeps'* ]]
	built INTEL_IOMMU_DEFAULT_ON
	cmdline --explain
	[ "${lines[0]}" = 'This machine needs no kernel parameter.' ]
	[[ ${lines[1]} == obstacle* && $output != *'entry add'* ]]
}

@test "--explain names the command that adds what it printed" {
	cmdline --explain --host-dma-speed
	[[ $output == *"run 'sudo vfioboot cmdline --host-dma-speed --apply'; by hand:"* ]]
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	cmdline --explain
	[[ $output == *"run 'sudo vfioboot cmdline --apply'; by hand:"* ]]
	# --apply takes no profile.
	cmdline --explain --profile passthrough
	[[ $output == *$'\nTo add them to the normal entry:\n'* && $output != *--apply* ]]
}

@test "--explain says where parameters are, where one can be removed, or nothing else is known" {
	local where="with GRUB, in GRUB_CMDLINE_LINUX_DEFAULT= in /etc/default/grub; then run 'grub-mkconfig -o /boot/grub/grub.cfg'."
	host_cmdline 's/ro quiet/& nomodeset/'
	cmdline --explain
	[ "$status" = 0 ]
	[[ $output == *$'\n\nTo change the parameters of the normal entry:\n'"$where" ]]
	host_cmdline 's/ nomodeset//'
	cmdline --explain
	[[ $output != *'normal entry'* ]]
	rm -r "${host:?}/sys" "${host:?}/proc/cpuinfo"
	cmdline --explain
	[ "$status" = 1 ]
	[[ $output == *"$where" && $stderr == *'cannot find out what the machine of '* ]]
	cmdline --explain --json
	[ -z "$output" ]
}

@test "Intel's integrated GPU, on a kernel that leaves it out" {
	give 00:02.0
	prints intel_iommu=on 'console ends'
	built INTEL_IOMMU_DEFAULT_ON
	prints '' 'console ends'
}

@test "AMD and arm64 have no switch" {
	amd
	prints ''
	no_groups
	prints '' 'AMD-Vi'
	arm
	no_groups
	prints '' 'IORT or device tree'
	arm ARM_SMMU
	no_groups
	prints '' 'IORT or device tree'
}

@test "a kernel without a driver for the IOMMU" {
	printf 'CONFIG_%s=y\n' X86 AMD_IOMMU >"$host/boot/config-$release"
	no_groups
	prints '' 'without a driver for this machine'"'"'s IOMMU (CONFIG_INTEL_IOMMU)'
	amd
	built
	no_groups
	prints '' '(CONFIG_AMD_IOMMU)'
	arm PCI
	no_groups
	prints '' '(CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3)'
}

@test "the hardware says whose IOMMU it is, before the maker of the processor" {
	no_groups
	built AMD_IOMMU
	cpu AuthenticAMD
	prints intel_iommu=on # the firmware describes Intel's, as it does in some guests
	iommu '' dmar0
	prints intel_iommu=on
	iommu '' ''
	prints '' 'AMD-Vi'
	for maker in CentaurHauls '  Shanghai  '; do
		put proc/cpuinfo <<<"vendor_id	: $maker"
		prints intel_iommu=on
	done
	rm "$host/proc/cpuinfo"
	prints '' "the processor cannot be read (/proc/cpuinfo)"
}

@test "the limit goes by the architecture" {
	no_groups
	built
	booted_with "$(printf 'a%.0s' {1..1000})"
	prints intel_iommu=on
	for arch in PPC ARM64; do
		printf 'CONFIG_%s=y\n' $arch INTEL_IOMMU >"$host/boot/config-$release"
		prints intel_iommu=on
	done
	printf 'CONFIG_%s=y\n' ARM INTEL_IOMMU >"$host/boot/config-$release"
	refuses 'the kernel may cut it (at 1024)'
	rm "$host/boot/config-$release"
	prints intel_iommu=on
}

@test "the configuration is the running kernel's, and one that says nothing is none" {
	no_groups
	: >"$host/boot/config-$release"
	prints intel_iommu=on # not known
	printf 'CONFIG_%s=y\n' INTEL_IOMMU INTEL_IOMMU_DEFAULT_ON | gzip | put proc/config.gz
	prints '' 'enable VT-d in the firmware setup'
	printf 'CONFIG_%s=y\n' X86 INTEL_IOMMU | put "lib/modules/$release/build/.config"
	prints '' 'enable VT-d in the firmware setup'
	echo | gzip | put proc/config.gz
	prints intel_iommu=on
}

@test "what switches the IOMMU off is reported, and nothing is put on top of it" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	for parameter in intel_iommu=off iommu=off; do
		booted_with "$parameter"
		refuses "$parameter: it disables the IOMMU"
	done
	booted_with amd_iommu=off
	refuses 'amd_iommu=off: it disables the IOMMU of another processor'
	amd
	refuses 'amd_iommu=off: it disables the IOMMU'
}

@test "of on and off the last counts" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	booted_with intel_iommu=on,off
	refuses 'intel_iommu=off: it disables the IOMMU'
	booted_with intel_iommu=on quiet intel_iommu=off
	refuses 'intel_iommu=off: it disables the IOMMU'
	booted_with intel_iommu=off,on
	prints '' "intel_iommu=off: it can be removed: a later 'on' overrides it"
}

@test "the integrated GPU is to be given away, and left out by a parameter" {
	give 00:02.0
	booted_with intel_iommu=on,igfx_off
	refuses 'intel_iommu=igfx_off: it excludes the integrated GPU'
}

@test "what does nothing is named, and what the host may need for itself" {
	booted_with amd_iommu=on
	prints '' 'amd_iommu=on: it can be removed'
	for parameter in vfio-pci.ids=10de:2206 nomodeset pci=noats iommu=pt; do
		booted_with "$parameter"
		prints '' "${parameter%=1*}: device assignment does not need it"
		[[ $stderr != *'can go'* ]]
	done
}

@test "a list of drivers is named if it has one of what is given away" {
	booted_with rd.driver.blacklist=nouveau
	give 00:02.0 'profile = laptop'
	prints ''
	give 00:01.1/00
	prints '' 'rd.driver.blacklist: device assignment does not need it'
	# So is a driver that has nothing now, for the list keeps it away.
	rm "$host"/sys/bus/pci/devices/0000:02:00.0/driver
	prints '' 'rd.driver.blacklist: device assignment does not need it'
}

@test "unsafe interrupts are for machines without remapping" {
	booted_with vfio_iommu_type1.allow_unsafe_interrupts=1
	prints '' 'allow_unsafe_interrupts: device assignment does not need it'
	sed -i s/IR-// "$host/proc/interrupts"
	prints ''
}

@test "the host's DMA speed is for who asks" {
	cmdline --host-dma-speed
	[ "$output" = iommu.passthrough=1 ]
	booted_with iommu=pt
	cmdline --host-dma-speed
	[ -z "$output$stderr" ]
	booted_with iommu=pt,nopt iommu.passthrough=n
	cmdline --host-dma-speed
	[ "$output" = iommu.passthrough=1 ]
	arm
	booted_with iommu=pt
	cmdline --host-dma-speed
	[ "$output" = iommu.passthrough=1 ]
}

@test "groups without an IOMMU are none" {
	built INTEL_IOMMU_DEFAULT_OFF
	for group in "$host"/sys/kernel/iommu_groups/*; do
		echo vfio-noiommu >"$group/name"
	done
	prints intel_iommu=on
}

@test "a function without a group, though others have one" {
	give 00:01.1/00
	rm "$host"/sys/bus/pci/devices/0000:02:00.?/iommu_group
	prints '' '0000:02:00.0 has no IOMMU group, though others have one'
}

@test "what was typed for this boot alone is in the entries that are made" {
	give 00:01.1/00 'profile = laptop'
	built INTEL_IOMMU_DEFAULT_OFF
	put boot/grub/grub.cfg <<-END
		set default="0"
		menuentry 'Debian GNU/Linux' --class debian \$menuentry_id_option 'gnulinux-simple-1' {
			linux	/boot/vmlinuz-$release root=/dev/nvme0n1p2 ro
			initrd	/boot/initrd.img-$release
		}
	END
	put proc/cmdline <<<'root=/dev/nvme0n1p2 ro intel_iommu=on'
	put etc/grub.d/10_linux </dev/null
	put etc/grub.d/11_linux_passthrough </dev/null
	chmod +x "$host"/etc/grub.d/*
	run -0 "$vfioboot" entry add --dry-run --root "$host"
	[[ $output == *'vfioboot.profile=laptop intel_iommu=on'* ]]
	# What the entry has that is copied is not put there twice.
	sed -i 's/ ro$/& intel_iommu=on/' "$host/boot/grub/grub.cfg"
	run -0 "$vfioboot" entry add --dry-run --root "$host"
	[[ $output == *'vfioboot.profile=laptop'* && $output != *'laptop intel_iommu=on'* ]]
}

@test "vfioboot.off gives nothing away, whatever the profile" {
	give 00:02.0 'profile = laptop'
	booted_with vfioboot.off
	cmdline --profile laptop
	[ "$output" = vfioboot.profile=laptop ]
	[[ $stderr == *'vfioboot.off: as long as it is set'* ]]
}

@test "an error in the configuration is printed, and the exit status shows it too" {
	give 00:01.1/00 'foo = bar'
	cmdline
	[ "$status" = 1 ]
	[[ $stderr == *'foo'* ]]
}

@test "a command line that is not there" {
	rm "$host/proc/cmdline"
	rm -r "${host:?}/boot/grub"
	prints '' "the command line of this boot cannot be read"
}

@test "nothing is needed beside a conflict" {
	booted_with iommu=off
	cmdline --explain --host-dma-speed
	[ "$status" = 1 ]
	[[ $output == conflict* && $output != *needed* ]]
	cmdline --json --host-dma-speed
	json_true '[.parameters[].kind] == ["conflict"]' <<<"$output"
}

@test "a profile, and what it gives away" {
	give 00:02.0 'profile = laptop'
	prints ''
	cmdline --profile laptop
	[ "$output" = 'intel_iommu=on vfioboot.profile=laptop' ]
	[[ $stderr != *'no section'* ]]
	booted_with vfioboot.profile=laptop
	cmdline --profile laptop
	[ "$output" = intel_iommu=on ]
	cmdline --profile nobodys
	[ "$status" = 0 ]
	[[ $stderr == *"no section has the profile 'nobodys'"* ]]
	for name in 'a b' 'a,b' '"' ''; do
		cmdline --profile "$name"
		[ "$status" = 2 ]
		[ -z "$output" ]
		# That alone, and no error of a parameter made of it.
		[[ $stderr == "vfioboot cmdline: '$name' is not a valid profile name"* ]]
		[ "$(wc -l <<<"$stderr")" = 1 ]
	done
}

@test "the boot display on kernels before 6.0, and the firmware's framebuffer" {
	built INTEL_IOMMU_DEFAULT_ON
	give 00:02.0
	framebuffer BOOTFB
	prints '' 'console ends'
	kernel 5.15.0-91-generic
	framebuffer efifb
	prints video=efifb:off 'console ends'
	framebuffer BOOTFB
	prints '' "'sudo vfioboot try' boots once without it"
	built LTO INTEL_IOMMU_DEFAULT_ON
	refuses 'link-time optimisation'
}

@test "the native driver took the framebuffer away: what the next boot makes of it" {
	kernel 5.15.0-91-generic
	built INTEL_IOMMU_DEFAULT_ON FB_EFI
	give 00:02.0
	framebuffer ''
	prints video=efifb:off 'console ends'
	built INTEL_IOMMU_DEFAULT_ON FB_EFI SYSFB_SIMPLEFB
	prints '' "'sudo vfioboot try' boots once without it"
	rm "$host/boot/config-$release"
	prints '' "run 'vfioboot check' after the next boot"
	put proc/iomem <<<'00000000-00000000 : 0000:00:02.0'
	prints '' "run 'sudo vfioboot cmdline'"
}

@test "what keeps the framebuffer out is not called useless" {
	kernel 5.15.0-91-generic
	built INTEL_IOMMU_DEFAULT_ON FB_EFI
	give 00:02.0
	rm "$host/sys/devices/pci0000:00/0000:00:02.0/driver"
	framebuffer ''
	prints '' 'console ends' # none, and nothing that keeps it out
	booted_with video=efifb:off
	stays_quiet
	booted_with initcall_blacklist=sysfb_init
	built INTEL_IOMMU_DEFAULT_ON SYSFB_SIMPLEFB
	stays_quiet
}

@test "a display without boot_vga" {
	built INTEL_IOMMU_DEFAULT_ON SYSFB_SIMPLEFB
	rm "$host/sys/devices/pci0000:00/0000:00:02.0/boot_vga"
	sed -i s/bc03sc00/bc03sc80/ "$host/sys/devices/pci0000:00/0000:00:02.0/modalias"
	mkdir -p "$host/sys/devices/pci0000:00/0000:00:02.0/drm/card0/card0-DP-1"
	give 00:02.0
	framebuffer BOOTFB
	prints '' 'framebuffer stays in the boot display'
	framebuffer ''
	prints '' 'framebuffer may stay in the boot display'
	put proc/iomem <<<'00000000-00000000 : 0000:00:02.0'
	prints '' 'framebuffer may stay in the boot display'
	booted_with initcall_blacklist=sysfb_init
	framebuffer ''
	stays_quiet
	give 00:02.0 'driver = none'
	stays_quiet
}

@test "what the plan refuses stays with the host, whatever it is" {
	framebuffer efifb
	kernel 5.15.0-91-generic
	give 00:02.0 'expect = 2'
	prints ''
}

@test "a boot display that is to have no driver" {
	give 00:02.0 'driver = none'
	built INTEL_IOMMU_DEFAULT_ON
	prints '' 'stays in it until vfio-pci is bound'
	[[ $stderr != *'console ends'* ]]
	kernel 6.0.0-1-amd64
	cmdline
	[[ $stderr != *'kernel 6.0'* ]]
}

@test "kernel 6.0" {
	kernel 6.0.0-1-amd64
	prints ''
	give 00:01.1/00
	prints '' "may end the host's console"
}

@test "a command line that would be cut" {
	booted_with "$(printf 'a%.0s' {1..1990})"
	prints ''
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	refuses 'above 1920 the kernel may cut it (at 2048)'
}

@test "JSON has an object a parameter, and for what is about none" {
	booted_with amd_iommu=on
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	cmdline --json
	[ "$status" = 0 ]
	json_true '.parameters | length == 2 and
		all(keys == ["kind", "parameter", "reason"])' <<<"$output"
	json_true '.parameters[0] | .parameter == "intel_iommu=on" and
		.kind == "needed"' <<<"$output"
	amd
	no_groups
	cmdline --json
	json_true '.parameters[0] | .parameter == null and .kind == "obstacle"' \
		<<<"$output"
}

@test "a tree without facts" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	host=$BATS_TEST_TMPDIR/empty
	refuses 'run it on the machine itself'
}
