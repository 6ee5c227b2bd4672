#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process of its own; run sets
# some, host.bash uses others
#
# `vfioboot check` on a composed desktop: each point passes on it, and is then made to fail and
# to be unknown.

bats_require_minimum_version 1.5.0

load host
load machine

release=6.12.48+deb13-amd64
gpu=0000:02:00.0
audio=0000:02:00.1

# The attributes that a kernel shows of each function of a card: device ADDRESS
device() {
	local dir=sys/bus/pci/devices/$1
	put "$dir/reset_method" <<<'flr bus'
	put "$dir/power_state" <<<D0
	put "$dir/d3cold_allowed" <<<1
	bar "$1" 0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200
}

# bar ADDRESS START END FLAGS: its first BAR; there is another of 256 MiB and one of ports
bar() {
	put "sys/bus/pci/devices/$1/resource" <<-END
		$2 $3 $4
		0x00000000e0000000 0x00000000efffffff 0x000000000014220c
		0x0000000000000000 0x0000000000000000 0x0000000000000000
		0x0000000000000000 0x0000000000000000 0x0000000000000000
		0x0000000000000000 0x0000000000000000 0x0000000000000000
		0x000000000000e000 0x000000000000e07f 0x0000000000040101
		0x00000000f7000000 0x00000000f707ffff 0x0000000000046200
	END
}

setup_file() {
	local address
	programs
	host_of_two_cards "$BATS_FILE_TMPDIR/host"
	for address in 0000:01:00.0 0000:01:00.1 $gpu $audio; do
		device "$address"
	done
	put "sys/bus/pci/devices/$gpu/resource1_resize" <<<0000000000007f00
	put etc/vfioboot.conf.d/second.conf <<-'END'
		[device second]
		path = 00:01.1/00
		id = 10de:2206, 10de:1aef
		expect = 2
	END
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR host_image
}

setup() {
	programs
	make_work
	host=$work/host
	cp -a "$BATS_FILE_TMPDIR/host" "$host"
}

# check [OPERAND]...: what is told comes as lines into $points, with the status that it asks for.
check() {
	run --separate-stderr "$vfioboot" check --root "$host" --json "$@"
	read_points
}

read_points() {
	points=$(jq -rs 'if length == 1 then .[0].checks[] else error("this is not one answer") end |
		[.name, .subject // "", "\(.state): \(.found)\(if .remedy then " -> \(.remedy)" else "" end)"] |
		join("\u001f")' <<<"$output")
	[ -n "$points" ]
	case $points in
	*$'\x1f''fail: '*) [ "$status" -eq 1 ] ;;
	*$'\x1f''unknown: '*) [ "$status" -eq 3 ] ;;
	*) [ "$status" -eq 0 ] ;;
	esac
}

# point NAME SUBJECT: what is told of it
point() {
	local name subject told
	while IFS=$'\x1f' read -r name subject told; do
		[[ $name != "$1" || $subject != "$2" ]] || printf '%s\n' "$told"
	done <<<"$points"
}

# expect NAME SUBJECT STATE [PATTERN]: of what is told behind the state
expect() {
	local told
	told=$(point "$1" "$2")
	# shellcheck disable=SC2053 # a pattern
	if [[ $told != "$3: "* || ${told#*: } != *${4-}* ]]; then
		printf '%s %s: %s\n' "$1" "$2" "${told:-is not told}"
		return 1
	fi
	# What does not pass has a remedy, and what does has none.
	if [[ $3 == pass ]]; then [[ $told != *' -> '* ]]; else [[ $told == *' -> '?* ]]; fi
}

remove() {
	rm -r "${host:?}/$1"
}

# Adds a parameter to the kernel command line.
parameter() {
	host_cmdline "s/\$/ $1/"
}

# The kernel that runs becomes another one, which has no files.
running() {
	put proc/sys/kernel/osrelease <<<"$1"
}

native_driver() {
	ln -sfn "../../../../bus/pci/drivers/$2" "$host/sys/bus/pci/devices/$1/driver"
}

@test "all points pass on a machine that is ready, and it exits with 0" {
	check
	[ "$status" -eq 0 ] || { jq -c '.checks[]|select(.state != "pass")' <<<"$output"; false; }
	[ -z "$stderr" ]
	[ "$(jq -r '[.checks[].name] | unique | join(" ")' <<<"$output")" = \
		"boot-display boot-loader config cpu framebuffer generator group-members host-use image interrupt-remapping iommu iommu-firmware iommu-group iommu-parameters kernel-config leftovers lockdown memory power-state protect-list reset resizable-bar section secure-boot vfio-modules" ]
	expect config '' pass '1 section, without errors'
	expect section second pass 'every function goes to vfio-pci at the next boot'
	expect boot-display $gpu pass 'the firmware uses another display'
}

@test "several sets that pass are one line, which is true of each" {
	put etc/vfioboot.conf.d/sound.conf <<<$'[device sound]\npath = 00:01.0/00.1'
	run "$vfioboot" check --root "$host"
	[[ $output == *' section              second, sound: every function goes to vfio-pci at the next'* ]]
}

@test "JSON has the documented keys, and no others" {
	check
	[ "$(jq -r '.checks[] | keys_unsorted | join(" ")' <<<"$output" | sort -u)" = \
		'name subject state found remedy' ]
	json_true '.checks | all(.state == "pass" and .remedy == null and
		(.found | length) > 0)' <<<"$output"
}

@test "each point is in the manual" {
	check
	for name in $(jq -r '.checks[].name' <<<"$output" | sort -u); do
		grep -qx "\.It $name" man/vfioboot-check.8 || { echo "$name"; false; }
	done
}

@test "people see it in groups, with a summary" {
	run -0 --separate-stderr "$vfioboot" check --root "$host"
	[[ $output == 'Configuration'$'\n''  pass     config '* ]]
	[[ $output == *$'\n\nFirmware and IOMMU\n  pass     cpu '* ]]
	[[ $output == *"  pass     iommu-group          $gpu, $audio: in IOMMU group 17"* ]]
	[[ $output == *$'\n\n'*' pass, 0 fail, 0 unknown'$'\nThis machine is ready.' ]]
	[[ $output != *$'\033'* && $output != *'->'* ]]
}

@test "no line is wider than 90 columns, and each remedy is printed once" {
	remove "sys/bus/pci/devices/$gpu/power_state"
	remove proc/cpuinfo
	rm "$host"/sys/bus/pci/devices/*/power_state
	parameter iommu=off
	run -1 "$vfioboot" check --root "$host"
	[ "$(wc -L <<<"$output")" -le 90 ]
	[ "$(grep -c -- '-> remove iommu=off from the kernel command line' <<<"$output")" -eq 1 ]
	[[ $output == *', 1 fail, 3 unknown'$'\n''First (iommu-parameters): remove iommu=off from'* ]]
	[[ $output == *"$gpu, $audio: cannot read its power state"* ]]
}

@test "an unknown point alone exits with 3, a fail with 1" {
	remove sys/kernel/security
	check
	[ "$status" -eq 3 ]
	parameter amd_iommu=off
	check
	[ "$status" -eq 1 ]
}

@test "operands are checked in the place of what is configured" {
	check 01:00
	[ "$status" -eq 0 ]
	expect iommu-group 0000:01:00.1 pass 'in IOMMU group 16'
	[ -z "$(point iommu-group $gpu)" ]
	check 10de:1aef
	expect iommu-group $audio pass
	expect iommu-group 0000:01:00.1 pass
	[ -z "$(point boot-display $gpu)" ]
	check class:0300
	expect boot-display 0000:00:02.0 fail 'the last display'
}

@test "operands that name nothing" {
	run -1 --separate-stderr "$vfioboot" check --root "$host" 02:00 09:00.0
	[ -z "$output" ]
	[[ $stderr == *"no device matches '09:00.0'"*vfioboot\ list* ]]
	run -2 --separate-stderr "$vfioboot" check --root "$host" gtx3080
	[ -z "$output" ]
	[[ $stderr == *"'gtx3080' is neither a device set nor a device; 'vfioboot plan' shows the device sets; for a device, use"* ]]
	# The name of a device set stands for its functions.
	json_of_two=$("$vfioboot" check --json --root "$host" 02:00) || true
	run "$vfioboot" check --json --root "$host" second
	[ "$output" = "$json_of_two" ]
}

@test "a tree without anything: nothing is guessed, nothing fails" {
	host=$work/empty
	mkdir "$host"
	check
	[ "$status" -eq 3 ]
	json_true '[.checks[] | select(.state == "fail")] == []' <<<"$output"
	expect iommu '' unknown
	expect vfio-modules '' unknown
	expect image '' unknown
	expect boot-loader '' unknown 'none of its files is here'
	expect config '' pass 'no device is configured'
	put etc/vfioboot.conf <<<$'[device a]\nid = 10de:'
	check
	[[ $stderr == *"cannot read the PCI functions of $host"* ]]
	expect section a fail 'no function that its section names is present'
}

@test "config" {
	printf 'paht = 01:00.0\n' >>"$host/etc/vfioboot.conf.d/second.conf"
	check
	[ "$status" -eq 1 ]
	expect config /etc/vfioboot.conf.d/second.conf:5 fail 'paht*correct /etc/vfioboot.conf.d/second.conf:5'
	sed -i /paht/d "$host/etc/vfioboot.conf.d/second.conf"
	put etc/vfioboot.conf <<<$'[boot]\nwhen = selected'
	check
	expect section second pass "the next boot leaves it alone: no profile is selected ('when = selected')"
	put etc/vfioboot.conf <<<$'[boot]\nwhen = sometimes'
	check
	expect config /etc/vfioboot.conf:2 fail "'sometimes'"
	[ -z "$(point section second)" ]
	remove etc/vfioboot.conf
	parameter vfioboot.off
	sed -i /paht/d "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect config '' fail 'vfioboot.off*remove vfioboot.off from the kernel command line'
	remove etc/vfioboot.conf.d/second.conf
	check
	expect config '' pass 'no device is configured yet'
}

@test "section" {
	sed -i 's/expect = 2/expect = 3/' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect section $gpu fail 'section second is refused at the next boot: there are more or fewer functions'
	# What it names is checked all the same.
	expect iommu-group $gpu pass
	sed -i 's|^path.*|path = 00:09.0/00|' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect section second fail 'no function that its section names is present'
	[ -z "$(point iommu-group $gpu)" ]
	printf '[device disk]\nid = 144d:a808\n' >"$host/etc/vfioboot.conf.d/second.conf"
	check
	# What a person wrote `remove` would refuse.
	expect section 0000:03:00.0 fail 'this host runs on it*leave it to the host: edit /etc/vfioboot.conf.d/second.conf:1'
	sed -i "1i # Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it." "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect section 0000:03:00.0 fail "this host runs on it*'sudo vfioboot remove disk', or edit /etc/vfioboot.conf.d/second.conf:2"
	printf '[device card]\npath = 00:01.1/00\nid = 10de:1111\n' \
		>"$host/etc/vfioboot.conf.d/second.conf"
	check
	expect section $gpu fail "find its address with 'vfioboot list', and edit /etc/vfioboot.conf.d/second.conf:1"
	sed -i "1i # Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it." "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect section $gpu fail "'sudo vfioboot remove card' and 'sudo vfioboot add ADDRESS --name card'"
	# One without a selector that is right names nothing, and not all that there is.
	printf '[device typo]\nid = 10de:22o6\n' >"$host/etc/vfioboot.conf.d/second.conf"
	check
	expect section typo fail 'has an error'
	expect config /etc/vfioboot.conf.d/second.conf:2 fail '10de:22o6'
	[ -z "$(point host-use 0000:03:00.0)$(point iommu-group $gpu)" ]
	run --separate-stderr "$vfioboot" remove 02:00 --root "$host" --dry-run
	[[ $stderr == *"no device set contains '02:00'"* ]]
}

@test "protect-list" {
	check
	expect protect-list '' pass '1 function is protected, and the last of 3 displays'
	sed -i 's|28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2|28 1 0:33 / / rw,relatime shared:1 - zfs rpool/ROOT|' \
		"$host/proc/self/mountinfo"
	check
	expect protect-list '' pass 'everything that could carry the root'
	remove proc/self/mountinfo
	check
	expect protect-list '' unknown "cannot trace"
	put etc/vfioboot.protect <<<nonsense
	check
	expect protect-list '' fail 'is incomplete'
}

# bats test_tags=slow
@test "cpu" {
	check
	expect cpu '' pass VT-x
	sed -i 's/ vmx / svm /' "$host/proc/cpuinfo"
	check
	expect cpu '' pass AMD-V
	sed -i 's/ svm / vmxy /' "$host/proc/cpuinfo"
	check
	expect cpu '' fail 'enable virtualization'
	remove proc/cpuinfo
	check
	expect cpu '' unknown
	put proc/cpuinfo <<-'END'
		processor	: 0
		CPU implementer	: 0x41
	END
	check
	[ -z "$(point cpu '')" ]
}

# virtual VENDOR PRODUCT: the machine becomes a virtual one, without an IOMMU
virtual() {
	sed -i 's/ vmx / hypervisor /' "$host/proc/cpuinfo"
	put sys/class/dmi/id/sys_vendor <<<"$1"
	put sys/class/dmi/id/product_name <<<"$2"
	rm -rf "${host:?}"/sys/firmware/acpi/tables/DMAR
}

# bats test_tags=slow
@test "virtual machines: the hypervisor helps, and no setup of a firmware" {
	local vendor product name iommu nested
	no_groups
	while IFS='|' read -r vendor product name iommu nested; do
		virtual "$vendor" "$product"
		check
		expect cpu '' pass 'virtual machine'
		expect nested-virtualization '' fail "this is a virtual machine ($name) that cannot run guests*-> $nested"
		expect iommu-firmware '' fail "-> *$iommu"
		expect iommu '' fail "-> *$iommu"
		expect interrupt-remapping '' pass
		[[ $points != *'VT-d in the firmware'* && $points != *'(VT-x, SVM) in'* ]]
		run --separate-stderr "$vfioboot" cmdline --root "$host"
		[[ $output$stderr == *"$iommu"* && $output$stderr != *'firmware setup'* ]]
	done <<-'END'
		QEMU|Standard PC (Q35 + ICH9, 2009)|QEMU|-device intel-iommu,intremap=on,caching-mode=on|on its host set nested=1
		VMware, Inc.|VMware20,1|VMware|'Expose IOMMU to the guest OS'|*'Expose hardware assisted
		innotek GmbH|VirtualBox|VirtualBox|--iommu intel|*--nested-hw-virt on
		Microsoft Corporation|Virtual Machine|Hyper-V|Hyper-V gives virtual machines no IOMMU|*-ExposeVirtualizationExtensions
		Amazon EC2|m5.large|Amazon EC2|Amazon EC2 gives its virtual machines no IOMMU|use a bare-metal
		Google|Google Compute Engine|Google Compute Engine|bare-metal machine|*enableNestedVirtualization
		OpenStack Foundation|OpenStack Nova|OpenStack|hw_viommu_model=intel|*host-passthrough
		Xen|HVM domU|Xen|Xen gives its virtual machines no IOMMU|*nestedhvm
		Some Cloud|vServer|a hypervisor|ask whoever runs this virtual machine|ask whoever
	END
}

@test "nested-virtualization" {
	check
	[ -z "$(point nested-virtualization '')" ]
	virtual QEMU 'Standard PC (Q35 + ICH9, 2009)'
	sed -i 's/ hypervisor / hypervisor svm /' "$host/proc/cpuinfo"
	check
	expect cpu '' pass AMD-V
	expect nested-virtualization '' pass 'this is a virtual machine (QEMU) that can run guests'
	# Of a real machine the vendor says nothing.
	sed -i 's/ hypervisor / /' "$host/proc/cpuinfo"
	check
	[ -z "$(point nested-virtualization '')" ]
}

no_groups() {
	rm -r "${host:?}"/sys/kernel/iommu_groups/* "${host:?}/sys/class/iommu"
	rm "$host"/sys/bus/pci/devices/*/iommu_group
}

@test "iommu-firmware" {
	no_groups
	check
	expect iommu-firmware '' pass 'Intel VT-d, ACPI table DMAR'
	mv "$host"/sys/firmware/acpi/tables/{DMAR,IVRS}
	check
	expect iommu-firmware '' pass 'AMD-Vi'
	remove sys/firmware/acpi/tables/IVRS
	check
	expect iommu-firmware '' fail 'enable VT-d'
	sed -i s/GenuineIntel/AuthenticAMD/ "$host/proc/cpuinfo"
	check
	expect iommu-firmware '' fail 'set IOMMU (AMD-Vi) to Enabled'
	put sys/firmware/acpi/tables/IORT </dev/null
	check
	expect iommu-firmware '' unknown SMMU
	remove sys/firmware/acpi
	check
	expect iommu-firmware '' unknown
}

@test "iommu-firmware: groups prove it" {
	remove sys/firmware/acpi
	check
	expect iommu-firmware '' pass 'the kernel found'
}

# bats test_tags=slow
@test "iommu" {
	check
	expect iommu '' pass 'groups'
	no_groups
	check
	expect iommu '' fail '-> see the kernel log (journalctl -k -g DMAR)*enables the IOMMU by default*enable VT-d'
	sed -i /DEFAULT_ON/d "$host/boot/config-$release"
	check
	expect iommu '' fail '-> add intel_iommu=on'
	sed -i /INTEL_IOMMU/d "$host/boot/config-$release"
	check
	expect iommu '' fail '-> fix what kernel-config reports'
	rm "$host/boot/config-$release"
	check
	expect iommu '' fail '-> add intel_iommu=on *; if that changes nothing, see the kernel log'
	parameter intel_iommu=on
	check
	expect iommu '' fail 'journalctl -k'
	parameter iommu=off
	check
	expect iommu '' fail 'fix what iommu-parameters reports'
	host_cmdline 's/iommu=o[nf]*//g'
	remove sys/firmware/acpi/tables/DMAR
	check
	expect iommu '' fail 'enable VT-d'
	sed -i s/GenuineIntel/AuthenticAMD/ "$host/proc/cpuinfo"
	check
	expect iommu '' fail 'needs no parameter'
}

@test "iommu: groups without an IOMMU are none" {
	local group
	for group in "$host"/sys/kernel/iommu_groups/*; do
		echo vfio-noiommu >"$group/name"
	done
	check
	expect iommu '' fail
	# Only what vfio-pci has is in such a group.
	rm "$host"/sys/bus/pci/devices/*/iommu_group
	ln -s ../../../../kernel/iommu_groups/17 "$host/sys/bus/pci/devices/$gpu/iommu_group"
	ln -sfn ../../../../bus/pci/drivers/vfio-pci "$host/sys/bus/pci/devices/$gpu/driver"
	check
	expect iommu-group $gpu fail 'no guest can have it'
}

@test "kernel parameters: what to write or to remove, and where it is on this machine" {
	local apply="'sudo vfioboot cmdline --apply'"
	put "boot/config-$release" <<<$'CONFIG_X86=y\nCONFIG_VFIO_PCI=m\nCONFIG_INTEL_IOMMU=y'
	rm -r "${host:?}"/sys/bus/pci/devices/*/iommu_group "${host:?}"/sys/kernel/iommu_groups/* \
		"${host:?}"/sys/class/iommu/*
	check
	expect iommu '' fail "-> add intel_iommu=on to the kernel command line with $apply"
	expect kernel-config "$release" fail "-> add intel_iommu=on to the kernel command line with $apply"
	printf 'GRUB_CMDLINE_LINUX="quiet iommu=off"\n' >>"$host/etc/default/grub"
	parameter iommu=off
	check
	expect iommu-parameters '' fail "-> remove iommu=off from the kernel command line, in /etc/default/grub:2; then run 'grub-mkconfig*"
	# It is of this boot alone, or where nobody has looked.
	put etc/default/grub <<<'GRUB_DEFAULT=0'
	check
	expect iommu-parameters '' fail '-> remove iommu=off from the kernel command line'
	[[ $points != *'from the kernel command line, '* ]]
	# Entries in files; what a person does; and which loader it is, is not known.
	put etc/default/grub <<<'GRUB_ENABLE_BLSCFG=true'
	mkdir -p "$host/boot/loader/entries"
	check
	expect kernel-config "$release" fail "-> add intel_iommu=on to the kernel command line with $apply"
	mv "$host/boot/grub" "$host/boot/loader" "$BATS_TEST_TMPDIR"
	: >"$host/boot/limine.conf"
	check
	expect kernel-config "$release" fail "-> add intel_iommu=on to the kernel command line, after 'cmdline:' in limine.conf*"
	mv "$BATS_TEST_TMPDIR"/{grub,loader} "$host/boot"
	check
	expect kernel-config "$release" fail '-> add intel_iommu=on to the kernel command line'
	[[ $points != *'to the kernel command line, '* ]]
}

# bats test_tags=slow
@test "iommu-parameters" {
	local text
	for text in intel_iommu=sm_on,off amd_iommu=off iommu=off intremap=off nointremap acpi=off \
		module_blacklist=vfio_pci; do
		host_cmdline "s/ quiet.*/ quiet $text/"
		check
		expect iommu-parameters '' fail "has ${text/sm_on,/} on its kernel command line*remove ${text/sm_on,/} from"
	done
	host_cmdline 's/ quiet.*/ quiet iommu=pt intel_iommu=on -- iommu=off/'
	check
	expect iommu-parameters '' pass
	parameter iommu=official
	check
	expect iommu-parameters '' pass
	host_cmdline 's/ quiet.*/ amd_iommu=on/'
	check
	expect iommu-parameters '' pass 'amd_iommu=on does nothing'
	remove proc/cmdline
	remove boot/grub
	check
	expect iommu-parameters '' unknown
}

@test "interrupt-remapping" {
	check
	expect interrupt-remapping '' pass 'on:'
	sed -i s/IR-// "$host/proc/interrupts"
	check
	expect interrupt-remapping '' fail 'off:'
	put etc/modprobe.d/vfio.conf <<<'options vfio_iommu_type1 allow_unsafe_interrupts=1'
	check
	expect interrupt-remapping '' unknown 'set in modprobe.d, which not every image has*add vfio_iommu_type1.allow_unsafe_interrupts=1 to the kernel command line'
	# This boot has shown that it is read.
	put sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts <<<Y
	check
	expect interrupt-remapping '' pass 'allow_unsafe_interrupts'
	# What was written there alone goes with this boot.
	remove etc/modprobe.d
	check
	expect interrupt-remapping '' fail 'for this boot alone*add vfio_iommu_type1.allow_unsafe_interrupts=1 to the kernel command line'
	parameter vfio_iommu_type1.allow_unsafe_interrupts=0
	check
	expect interrupt-remapping '' fail 'for this boot alone*'
	remove sys/module/vfio_iommu_type1
	parameter vfio_iommu_type1.allow_unsafe_interrupts
	check
	expect interrupt-remapping '' pass 'allow_unsafe_interrupts'
	# What the kernel tells of each interrupt comes first.
	put sys/kernel/irq/9/chip_name <<<IR-IO-APIC
	check
	expect interrupt-remapping '' pass 'on:'
	remove sys/kernel/irq
	remove proc/interrupts
	check
	expect interrupt-remapping '' unknown
	put proc/interrupts <<<' 44:  0  12  ITS-PCI-MSI-0000:01:00.0  0 Edge  nvme0q0'
	check
	expect interrupt-remapping '' pass
}

@test "kernel-config" {
	check
	expect kernel-config $release pass 'on by default'
	sed -i s/_DEFAULT_ON_INTGPU_OFF=y/_FLOPPY_WA=y/ "$host/boot/config-$release"
	check # it runs, and there are groups
	expect kernel-config $release pass
	running 6.1.0-99
	check
	expect kernel-config $release fail 'add intel_iommu=on'
	expect kernel-config 6.1.0-99 unknown '/boot/config-6.1.0-99'
	gzip -c "$host/boot/config-$release" >"$host/proc/config.gz"
	parameter intel_iommu=on
	check
	expect kernel-config $release pass 'intel_iommu=on enables'
	expect kernel-config 6.1.0-99 pass
	sed -i s/^CONFIG_INTEL_IOMMU=y// "$host/boot/config-$release"
	check
	expect kernel-config $release fail "the driver of this processor's IOMMU"
	sed -i 's/^CONFIG_VFIO_PCI=m/# CONFIG_VFIO_PCI is not set/' "$host/boot/config-$release"
	check
	expect kernel-config $release fail 'without CONFIG_VFIO_PCI'
}

@test "kernel-config: an integrated GPU that is left out of the IOMMU" {
	check 00:02.0
	expect kernel-config $release fail 'add intel_iommu=on'
	parameter intel_iommu=on
	check 00:02.0
	expect kernel-config $release pass
}

@test "kernel-config: an IOMMU of AMD" {
	rm -r "${host:?}/sys/class/iommu"
	mv "$host"/sys/firmware/acpi/tables/{DMAR,IVRS}
	check
	expect kernel-config $release fail "the driver of this processor's IOMMU"
	echo CONFIG_AMD_IOMMU=y >>"$host/boot/config-$release"
	check
	expect kernel-config $release pass 'built with vfio-pci and the driver of the IOMMU'
}

# bats test_tags=slow
@test "vfio-modules" {
	check
	expect vfio-modules $release pass
	sed -i '/^\[device/a driver = mlx5_vfio_pci' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect vfio-modules $release fail 'lacks mlx5_vfio_pci'
	rm "$host/lib/modules/$release"/kernel/vfio{-pci,_iommu_type1}.ko
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" $release
	check
	expect vfio-modules $release fail 'lacks mlx5_vfio_pci, vfio_iommu_type1 -> '
	sed -i 's/^driver.*/driver = none/' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect vfio-modules $release pass 'has what is configured'
	expect kernel-config $release pass 'nothing is configured for vfio'
	rm "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect vfio-modules $release fail 'lacks vfio-pci, vfio_iommu_type1 -> '
	host_module iommufd
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" $release
	check
	expect vfio-modules $release fail 'lacks vfio-pci -> '
	truncate -s -4 "$host/lib/modules/$release/modules.dep.bin"
	check
	expect vfio-modules $release fail "the index of its modules is damaged*'sudo depmod $release'"
	rm "$host/lib/modules/$release/modules.dep.bin"
	check
	expect vfio-modules $release unknown 'the index of its modules'
}

@test "vfio-modules: what leaves its functions to the host, or chooses at the boot, asks for no driver" {
	put etc/vfioboot.conf.d/second.conf <<-'END'
		[device nic]
		path = 00:1f.6
		vfs = 4
	END
	check
	expect vfio-modules $release pass 'has what is configured'
	expect kernel-config $release pass 'nothing is configured for vfio'
	put etc/vfioboot.conf.d/second.conf <<-'END'
		[device second]
		path = 00:01.1/00
		driver = auto
	END
	host_module other-vfio-pci 'vfio_pci:v000010DEd*sv*sd*bc*sc*i*'
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" $release
	cp -a "$host/lib/modules/$release" "$host/lib/modules/6.1.0-9"
	rm "$host/lib/modules/6.1.0-9/kernel/other-vfio-pci.ko"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" 6.1.0-9
	: >"$host/boot/vmlinuz-6.1.0-9"
	check
	expect vfio-modules $release pass
	expect vfio-modules 6.1.0-9 pass 'has vfio-pci and what it needs'
}

@test "vfio-modules: a driver whose name is in another's, and one that no boot wants" {
	local file=$host/etc/vfioboot.conf.d/second.conf
	printf '[device a]\npath = 00:14.0\ndriver = mlx5_vfio_pci\n' >"$file"
	printf '[device b]\npath = 00:1f.6\ndriver = mlx5\n' >>"$file"
	check
	expect vfio-modules $release fail 'lacks mlx5_vfio_pci, mlx5 -> '
	sed -i 's/= mlx5$/= mlx5_vfio_pci/' "$file"
	check
	expect vfio-modules $release fail 'lacks mlx5_vfio_pci -> '
	sed -i '/^driver/a profile = games' "$file"
	check
	expect vfio-modules $release pass
}

secure_boot=sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c

# bats test_tags=slow
@test "secure-boot" {
	check
	expect secure-boot '' pass off
	printf '\6\0\0\0\1' >"$host/$secure_boot"
	check
	expect secure-boot '' pass on
	printf '\6\0\0\0' >"$host/$secure_boot"
	check
	expect secure-boot '' unknown empty
	remove $secure_boot
	check
	expect secure-boot '' unknown # nothing is there: it is not mounted
	: >"$host/sys/firmware/efi/efivars/Boot0000-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	check
	expect secure-boot '' pass 'does not have it'
	remove sys/firmware/efi
	check
	expect secure-boot '' pass 'not booted by UEFI'
}

sign() {
	printf '%s~Module signature appended~\n' "$(printf '\0' | tr '\0' x)" >>"$1"
}

# bats test_tags=slow
@test "lockdown" {
	local dir=$host/lib/modules/$release/kernel module
	check
	expect lockdown '' pass off
	put sys/kernel/security/lockdown <<<'none [integrity] confidentiality'
	check
	expect lockdown $release fail 'lockdown is on (integrity): the module vfio is not signed'
	for module in vfio vfio-pci-core vfio_iommu_type1 vfio-pci; do
		sign "$dir/$module.ko"
	done
	check
	expect lockdown $release pass 'its modules are signed'
	xz "$dir/vfio-pci.ko" # not every depmod reads gzip
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" $release
	check
	expect lockdown $release pass
	: >"$dir/vfio-pci.ko.xz"
	check
	expect lockdown $release fail 'vfio_pci is not signed'
	rm "$dir/vfio-pci.ko.xz"
	check
	expect lockdown $release unknown 'is signed: not found'
	put sys/kernel/security/lockdown <<<'[none] integrity confidentiality'
	put sys/module/module/parameters/sig_enforce <<<Y
	check
	expect lockdown $release unknown 'loads signed modules only'
	remove sys/module/module
	remove sys/kernel/security
	check
	expect lockdown '' unknown
	put sys/kernel/security/lsm <<<capability
	check
	expect lockdown '' pass 'has none'
}

@test "host-use" {
	check
	expect host-use $gpu pass 'does not use it'
	check 00:1f.6 03:00
	expect host-use 0000:00:1f.6 pass 'would lose: eno1'
	expect host-use 0000:03:00.0 fail 'the host runs on it: / /boot/efi'
	check 00:01.1
	expect host-use 0000:00:01.1 fail 'bridge'
	check 8086:
	[ -z "$(point host-use 0000:00:01.1)" ]
	remove proc/self/mountinfo
	check
	expect host-use $gpu unknown
}

# sda, on the USB controller 00:14.0
usb_drive() {
	local disk=sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/host6/block/sda
	put "$disk/dev" <<<8:0
	ln -s "../../${disk#sys/}" "$host/sys/class/block/sda"
	ln -s "../../${disk#sys/}" "$host/sys/dev/block/8:0"
}

@test "host-use: a drive that fstab or crypttab wants at boot is the host's own" {
	local line
	usb_drive
	put run/udev/data/b8:0 <<<$'I:1\nS:disk/by-uuid/11-22\nS:disk/by-label/my\\x20games\nE:ID_FS_TYPE=ext4'
	for line in '/dev/sda /data ext4 defaults 0 2' 'UUID=11-22 /data ext4 ro 0 0' \
		'LABEL=my\040games /data ext4 ro 0 0' '/dev/disk/by-uuid/11-22 /data ext4 ro'; do
		put etc/fstab <<<"$line"
		check 00:14.0
		expect host-use 0000:00:14.0 fail 'the host waits at boot for what is on it: /dev/sda (/etc/fstab, /data)'
	done
	for line in '/dev/sda none swap nofail 0 0' 'UUID=11-23 /data ext4 ro 0 0' \
		'/dev/sda /data ext4 noauto 0 0'; do
		put etc/fstab <<<"$line"
		check 00:14.0
		expect host-use 0000:00:14.0 pass 'does not use it'
	done
	put etc/crypttab <<<$'# NAME /dev/sda\nvault UUID=11-22 none luks,discard'
	check 00:14.0
	expect host-use 0000:00:14.0 fail 'at boot for what is on it: /dev/sda (/etc/crypttab, vault)'
	put etc/crypttab <<<'vault UUID=11-22 none luks,nofail'
	check 00:14.0
	expect host-use 0000:00:14.0 pass 'does not use it'
}

@test "host-use: a table that cannot be read is not one without lines" {
	usb_drive
	mkdir "$host/etc/crypttab"
	check 00:14.0
	expect host-use 0000:00:14.0 unknown 'whether the host waits at boot for what is on it is not known: cannot read /etc/crypttab: '
	check # of a card
	expect host-use $gpu pass 'does not use it'
	rmdir "$host/etc/crypttab"
	rm -f "$host/etc/fstab"
	mkdir "$host/etc/fstab"
	check 00:14.0
	expect host-use 0000:00:14.0 unknown 'cannot read /etc/fstab: '
	put etc/crypttab <<<'vault /dev/sda none luks'
	check 00:14.0
	expect host-use 0000:00:14.0 fail '(/etc/crypttab, vault)'
}

# enabled DIRECTORY UNIT TARGET [LINE]...: a unit, and the link by which a target wants it
enabled() {
	put "$1/$2" <<<"$(printf '%s\n' "${@:4}")"
	mkdir -p "$host/etc/systemd/system/$3.wants"
	ln -sfn "/$1/$2" "$host/etc/systemd/system/$3.wants/$2"
}

@test "host-use: a drive that a unit of systemd wants at boot is the host's own" {
	local etc=etc/systemd/system
	usb_drive
	put run/udev/data/b8:0 <<<$'I:1\nS:disk/by-uuid/11-22\nE:ID_FS_TYPE=ext4'
	enabled usr/lib/systemd/system data.mount local-fs.target [Unit] '[Mount]' 'What = UUID=11-22' Where=/data
	check 00:14.0
	expect host-use 0000:00:14.0 fail "waits at boot for what is on it: /dev/sda (data.mount) -> *disable that unit*'nofail'*"
	check 00:02.0
	expect host-use 0000:00:02.0 pass 'does not use it'
	put $etc/data.mount.d/later.conf <<<$'[Mount]\nOptions=noatime,nofail'
	check 00:14.0
	expect host-use 0000:00:14.0 pass 'does not use it'
	remove $etc/data.mount.d
	ln -s /dev/null "$host/$etc/data.mount" # masked
	check 00:14.0
	expect host-use 0000:00:14.0 pass 'does not use it'
	# Where nothing but the drive itself asks for it, nobody waits.
	remove $etc
	enabled $etc data.mount 'dev-sda.device' '[Mount]' What=/dev/sda Where=/data
	check 00:14.0
	expect host-use 0000:00:14.0 pass 'does not use it'
	enabled $etc dev-sda.swap swap.target '[Swap]' What=/dev/sda
	check 00:14.0
	expect host-use 0000:00:14.0 fail '/dev/sda (dev-sda.swap)'
}

# made NAME NUMBER BELOW [LINE]...: a block device made of another one, and udev's notes on it
made() {
	put "sys/devices/virtual/block/$1/dev" <<<"$2"
	mkdir -p "$host/sys/devices/virtual/block/$1/slaves"
	ln -sr "$host/sys/class/block/$3" "$host/sys/devices/virtual/block/$1/slaves/$3"
	ln -sr "$host/sys/devices/virtual/block/$1" "$host/sys/class/block/$1"
	ln -sr "$host/sys/devices/virtual/block/$1" "$host/sys/dev/block/$2"
	printf '%s\n' I:1 "${@:4}" | put "run/udev/data/b$2"
}

@test "host-use: what fstab wants at boot may be made of the drive" {
	local line
	usb_drive
	put run/udev/data/b8:0 <<<$'I:1\nE:ID_FS_TYPE=crypto_LUKS'
	made dm-0 254:0 sda S:mapper/vault E:ID_FS_TYPE=LVM2_member
	put sys/devices/virtual/block/dm-0/dm/name <<<vault
	made dm-1 254:1 dm-0 S:mapper/vg-data S:vg/data S:disk/by-uuid/11-22 E:ID_FS_TYPE=ext4
	put sys/devices/virtual/block/dm-1/dm/name <<<vg-data
	for line in /dev/mapper/vg-data /dev/vg/data UUID=11-22; do
		put etc/fstab <<<"$line /data ext4 defaults 0 2"
		check 00:14.0
		expect host-use 0000:00:14.0 fail 'waits at boot for what is on it: /dev/mapper/vg-data (/etc/fstab, /data)'
		check 00:02.0
		expect host-use 0000:00:02.0 pass 'does not use it'
	done
	put etc/fstab <<<'/dev/mapper/vg-data /data ext4 nofail'
	check 00:14.0
	expect host-use 0000:00:14.0 pass 'does not use it'
	made md0 9:0 sda
	put etc/fstab <<<'/dev/md0 none swap sw 0 0'
	check 00:14.0
	expect host-use 0000:00:14.0 fail 'waits at boot for what is on it: /dev/md0 (/etc/fstab, swap)'
	# None of them is a drive that has data of its own.
	run -0 "$vfioboot" list --root "$host" --all --json -o +DATA
	json_true '[.functions[] | select(.address == "0000:00:14.0").data] == ["/dev/sda (LUKS volume)"]' <<<"$output"
}

# bats test_tags=slow
@test "iommu-group" {
	rm "$host/sys/bus/pci/devices/$audio/iommu_group"
	check
	expect iommu-group $gpu pass 'in IOMMU group 17'
	expect iommu-group $audio fail 'the IOMMU leaves it out'
	rm "$host/sys/bus/pci/devices/0000:00:02.0/iommu_group"
	check 00:02.0
	expect iommu-group 0000:00:02.0 fail 'intel_iommu=on'
	no_groups
	check
	expect iommu-group $gpu fail 'no guest can have it'
	[ -z "$(point group-members $gpu)" ]
	# No link where the kernel has one: nothing of the function can be relied on.
	rm "$host/sys/bus/pci/devices/$gpu/driver"
	mkdir "$host/sys/bus/pci/devices/$gpu/driver"
	check
	expect iommu-group $gpu unknown
}

# Puts a function into the group of another one.
regroup() {
	local group
	group=$(readlink "$host/sys/bus/pci/devices/$2/iommu_group")
	ln -sfn "$group" "$host/sys/bus/pci/devices/$1/iommu_group"
}

@test "group-members" {
	check
	expect group-members $gpu pass
	regroup 0000:00:14.0 $gpu
	check
	expect group-members $gpu fail "group 17 the host keeps 0000:00:14.0 (xhci_hcd)*vfioboot add 0000:00:14.0"
	expect group-members $audio fail
	regroup 0000:03:00.0 $gpu
	check
	expect group-members $gpu fail "0000:00:14.0 (xhci_hcd), 0000:03:00.0 (nvme)*the host runs on 0000:03:00.0"
}

@test "group-members: bridges, stubs, what is unbound or given away too do not count" {
	regroup 0000:00:01.1 $gpu # pcieport
	regroup 0000:00:1f.0 $gpu # has no driver
	regroup 0000:00:14.0 $gpu
	mkdir -p "$host/sys/bus/pci/drivers/pci-stub"
	native_driver 0000:00:14.0 pci-stub
	check
	expect group-members $gpu pass
	check $gpu # the section takes the other function along
	expect group-members $gpu pass
	sed -i 's/10de:1aef/10de:ffff/' "$host/etc/vfioboot.conf.d/second.conf"
	check $gpu
	expect group-members $gpu fail "$audio (snd_hda_intel)"
}

@test "group-members: a bridge with a driver of its own can't go along" {
	regroup 0000:00:00.0 $gpu
	check
	expect group-members $gpu fail '0000:00:00.0 (skl_uncore)*keep the driver off that bridge'
	regroup 0000:00:14.0 $gpu
	check
	expect group-members $gpu fail "('sudo vfioboot add 0000:00:14.0')"
}

@test "group-members: one that vfio-pci has by hand goes back at the next boot" {
	regroup 0000:00:14.0 $gpu
	native_driver 0000:00:14.0 vfio-pci
	check
	expect group-members $gpu fail '0000:00:14.0 (xhci_pci)'
	rm "$host/lib/modules/$release/modules.dep.bin"
	check
	expect group-members $gpu unknown 0000:00:14.0
}

# bats test_tags=slow
@test "boot-display" {
	local card=$host/sys/bus/pci/devices/$gpu integrated=$host/sys/bus/pci/devices/0000:00:02.0
	echo 1 >"$card/boot_vga"
	echo 0 >"$integrated/boot_vga"
	check
	expect boot-display $gpu pass 'the console is on another display'
	[ -z "$(point boot-display $audio)" ]
	echo 0 >"$card/boot_vga"
	rm "$card/boot_vga"
	check
	expect boot-display $gpu unknown 'boot_vga'
	# Who has the others now says nothing of the next boot; who is to have them does.
	native_driver 0000:00:02.0 vfio-pci
	native_driver 0000:01:00.0 vfio-pci
	check
	expect boot-display $gpu unknown 'boot_vga'
	printf '[device %s]\npath = %s\n' a 00:02.0 b 00:01.0/00 >"$host/etc/vfioboot.conf.d/a.conf"
	check
	expect boot-display $gpu fail 'last display*last-display = yes'
	sed -i '/^\[device/a last-display = yes' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect boot-display $gpu pass 'no display, as last-display = yes'
}

# The firmware's framebuffer lies in the card: framebuffer NAME
framebuffer() {
	put proc/iomem <<-END
		c0000000-dfffffff : PCI Bus 0000:00
		e0000000-efffffff : PCI Bus 0000:02
		  e0000000-efffffff : $gpu
		    e0000000-e07e8fff : $1
	END
}

# bats test_tags=slow
@test "framebuffer" {
	check
	expect framebuffer $gpu pass 'does not draw'
	framebuffer BOOTFB
	check
	expect framebuffer $gpu pass 'vfio-pci will stop that'
	native_driver $gpu vfio-pci
	check
	expect framebuffer $gpu fail 'BOOTFB lies in its memory*initcall_blacklist=sysfb_init'
	parameter initcall_blacklist=sysfb_init
	check
	expect framebuffer $gpu fail 'BOOTFB lies in its memory*has no effect on this kernel'
	running 5.10.0-30-amd64
	framebuffer efifb
	check
	expect framebuffer $gpu fail 'efifb lies in its memory*add video=efifb:off'
	remove proc/sys/kernel/osrelease
	check
	expect framebuffer $gpu unknown version
	sed -i 's/^\( *\)[0-9a-f]*-[0-9a-f]* :/\100000000-00000000 :/' "$host/proc/iomem"
	check
	expect framebuffer $gpu unknown 'only root'
	remove proc/iomem
	check
	expect framebuffer $gpu unknown 'not found'
}

@test "framebuffer: a driver that has the boot display took it away" {
	echo 1 >"$host/sys/bus/pci/devices/$gpu/boot_vga"
	check
	expect framebuffer $gpu pass 'vfio-pci will stop that'
	running 5.10.0-30-amd64
	check
	expect framebuffer $gpu fail "the firmware's framebuffer lies in its memory"
	running $release
	rm "$host"/sys/bus/pci/devices/*/boot_vga
	check
	expect framebuffer $gpu unknown 'nouveau may have removed'
}

@test "framebuffer: vfio-pci takes it from VGA devices only" {
	sed -i 's/bc03sc00/bc03sc80/' "$host/sys/bus/pci/devices/$gpu/modalias"
	framebuffer BOOTFB
	check
	expect framebuffer $gpu fail BOOTFB
}

@test "reset" {
	check
	expect reset $gpu pass 'flr bus'
	echo bus >"$host/sys/bus/pci/devices/$gpu/reset_method"
	check
	expect reset $gpu pass 'together with its slot'
	check 03:00
	expect reset 0000:03:00.0 pass
	: >"$host/sys/bus/pci/devices/$gpu/reset_method"
	rm "$host/sys/bus/pci/devices/$audio/reset_method"
	check
	expect reset $gpu fail "echo default > /sys/bus/pci/devices/$gpu/reset_method"
	expect reset $audio pass 'together with its slot'
	check $audio
	expect reset $audio pass 'together with its slot' # the configured section has the rest
	remove etc/vfioboot.conf.d/second.conf
	check $audio
	expect reset $audio fail "vfioboot add $gpu"
	check 00:14.0
	expect reset 0000:00:14.0 fail 'kernel cannot reset it'
	run -1 "$vfioboot" check --root "$host" 00:14.0
	[[ $output == *$'\nFirst (reset, 0000:00:14.0): start its guest once per boot,'* ]]
	rm "$host"/sys/bus/pci/devices/*/reset_method
	check $audio
	expect reset $audio unknown
	# Before 5.15 there is only this one, which nobody can read.
	put "sys/bus/pci/devices/$audio/reset" </dev/null
	check 02:00
	expect reset $audio pass
	expect reset $gpu pass 'together with its slot'
}

@test "reset: a virtual function is reset alone or not at all" {
	rm "$host/sys/bus/pci/devices/$audio/reset_method"
	check
	expect reset $audio pass 'together with its slot'
	ln -s "../0000:02:00.0" "$host/sys/bus/pci/devices/$audio/physfn"
	check
	expect reset $audio fail 'kernel cannot reset it*start its guest once per boot'
}

# bats test_tags=slow
@test "power-state" {
	local card=$host/sys/bus/pci/devices/$gpu
	check
	expect power-state $gpu pass D0
	echo D3cold >"$card/power_state"
	check
	expect power-state $gpu pass 'its driver wakes it up'
	native_driver $gpu vfio-pci
	check
	expect power-state $gpu pass 'as vfio-pci leaves a device that no guest has'
	running 5.10.0-9-amd64
	check
	expect power-state $gpu fail "echo 0 > /sys/bus/pci/devices/$gpu/d3cold_allowed"
	echo 0 >"$card/d3cold_allowed"
	check
	expect power-state $gpu fail 'power the machine off'
	echo error >"$card/power_state"
	check
	expect power-state $gpu fail 'does not respond'
	echo unknown >"$card/power_state"
	check
	expect power-state $gpu unknown 'before a driver has it'
	rm "$card/power_state"
	check
	expect power-state $gpu unknown
}

@test "memory" {
	check
	expect memory $gpu pass
	bar $gpu 0x0000000000000000 0x0000000000ffffff 0x0000000020040200
	check
	expect memory $gpu fail 'assigned to its BAR 0*Above 4G'
	bar $gpu nonsense 0 0
	check
	expect memory $gpu unknown
	rm "$host/sys/bus/pci/devices/$gpu/resource"
	check
	expect memory $gpu unknown 'not found'
}

# bats test_tags=slow
@test "resizable-bar" {
	check
	expect resizable-bar $gpu pass 'BAR 1 is 256 MiB of up to 16 GiB'
	[ -z "$(point resizable-bar $audio)" ]
	put "sys/bus/pci/devices/$gpu/resource0_resize" <<<00000000000001f0
	check
	expect resizable-bar $gpu pass 'BAR 0 is 16 MiB of up to 256 MiB, BAR 1 is'
	# One that has no place has no size; memory tells of it.
	bar $gpu 0x0000000000000000 0x0000000000ffffff 0x0000000020040200
	check
	[ "$(point resizable-bar $gpu)" = 'pass: BAR 1 is 256 MiB of up to 16 GiB' ]
	rm "$host/sys/bus/pci/devices/$gpu/resource0_resize"
	rm "$host/sys/bus/pci/devices/$gpu/resource1_resize"
	check
	expect resizable-bar $gpu pass 'one size only'
	running 5.10.0-30-amd64
	check
	expect resizable-bar $gpu pass 'before 6.1'
	rm "$host/sys/bus/pci/devices/$gpu/resource"
	check
	expect resizable-bar $gpu unknown
}

@test "generator" {
	check
	expect generator '' pass 'initramfs-tools makes the images'
	rm "$host"/usr/sbin/*
	check
	expect generator '' pass 'no generator*, and no image has to be made'
	rm "$host"/boot/initrd.img-*
	check
	expect generator '' fail 'no generator'
	# Nothing is configured: nothing needs an image.
	rm "$host"/etc/vfioboot.conf.d/*
	check
	expect generator '' pass
	remove usr
	check
	expect generator '' unknown
}

@test "image" {
	check
	expect image $release pass "/boot/initrd.img-$release"
	sed -i 's/expect = 2/expect = 0002/' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect image $release fail 'is out of date: *vfioboot apply'
	: >"$work/nothing"
	(cd "$work" && echo nothing | cpio -o -H newc --quiet) \
		>"$host/boot/initrd.img-$release"
	check
	expect image $release fail 'without vfioboot'
	# An entry of the boot menu may ask for it.
	echo 'profile = games' >>"$host/etc/vfioboot.conf.d/second.conf"
	check
	expect image $release fail 'without vfioboot'
	remove "boot/initrd.img-$release"
	check
	expect image $release fail 'which is missing'
	echo nonsense >"$host/boot/initrd.img-$release"
	check
	expect image $release unknown
	remove etc/vfioboot.conf.d/second.conf
	(cd "$work" && echo nothing | cpio -o -H newc --quiet) \
		>"$host/boot/initrd.img-$release"
	check
	expect image $release pass
}

# bats test_tags=slow
@test "boot-loader" {
	local word loader_info=sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
	check
	expect boot-loader '' pass 'GRUB starts the kernel (/boot/grub/grub.cfg)'
	put boot/efi/loader/loader.conf </dev/null
	check
	expect boot-loader '' unknown 'systemd-boot (/boot/efi/loader/loader.conf), GRUB (/boot/grub/grub.cfg)'
	{
		printf '\6\0\0\0'
		for word in s y s t e m d - b o o t ' ' 2 5 7; do
			printf '%s\0' "$word"
		done
		printf '\0\0'
	} >"$host/$loader_info"
	check
	expect boot-loader '' pass 'systemd-boot starts the kernel, as it reports itself (systemd-boot 257)'
	remove $loader_info
	rm -r "${host:?}"/boot/{efi,grub}
	check
	expect boot-loader '' unknown 'no boot loader*neither an entry nor a kernel parameter is needed'
	sed -i '/^path/a profile = games' "$host/etc/vfioboot.conf.d/second.conf"
	check
	expect boot-loader '' fail "no boot loader*run 'vfioboot cmdline'"
	remove boot
	check
	expect boot-loader '' unknown 'none of its files is here'
}

# alone FILE TITLE: with no other file of a loader there
alone() {
	rm -rf "${host:?}"/boot/* "${host:?}"/{efi,etc/default/grub,run/ostree-booted,etc/kernelstub}
	put "$1" <<<"${3-}"
	[ -z "${4-}" ] || put "$4" </dev/null
	check
	expect boot-loader '' pass "$2 starts the kernel"
}

# bats test_tags=slow
@test "boot-loader: each of them" {
	alone boot/grub2/grub.cfg GRUB
	alone etc/default/grub 'GRUB with entries of the Boot Loader Specification' \
		'GRUB_ENABLE_BLSCFG=true' boot/loader/entries/x.conf
	alone efi/loader/loader.conf systemd-boot
	alone boot/EFI/Linux/arch-linux.efi 'a unified kernel image'
	alone boot/efi/EFI/refind/refind.conf rEFInd
	alone boot/extlinux/extlinux.conf 'extlinux or U-Boot'
	alone boot/limine.conf Limine
	alone etc/kernelstub/configuration kernelstub '' boot/efi/loader/loader.conf
	alone run/ostree-booted 'rpm-ostree or bootc' '' boot/grub2/grub.cfg
}

@test "many functions are a few lines" {
	local address
	host=$work/many
	machine functions-64 "$host"
	run "$vfioboot" check --root "$host" 10de:
	[ "$status" -ne 2 ]
	[[ $output == *'iommu-group '* ]]
	[[ $output == *'  group-members        0000:01:00.0, 0000:01:00.1, 0000:02:00.0 and 61 more:'* ]]
	[ "$(wc -l <<<"$output")" -lt 80 ]
	[ "$(wc -L <<<"$output")" -le 90 ]
}

@test "without root, what only root can read is unknown" {
	local as=()
	if [ "$(id -u)" -eq 0 ]; then
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
		"${as[@]}" true || skip 'rights cannot be dropped here'
		chmod 755 "$work"
		cp "$PROGRAM" "$work/program"
		vfioboot=$work/program
	fi
	chmod 000 "$host/proc/iomem" "$host/boot"
	# f2fs has the list of its devices in its superblock.
	usb_drive
	sed -i 's/ext4 .dev.nvme0n1p2/f2fs \/dev\/nvme0n1p2/' "$host/proc/self/mountinfo"
	put dev/nvme0n1p2 </dev/null
	chmod 000 "$host/dev/nvme0n1p2"
	run --separate-stderr "${as[@]}" "$vfioboot" check 00:14.0 $gpu --root "$host" --json
	read_points
	chmod 755 "$host/boot"
	expect framebuffer $gpu unknown 'only root'
	expect boot-loader '' unknown 'only root'
	expect host-use 0000:00:14.0 fail '/ untraced'
}

@test "of many uses, and of a group of many functions, the first ones are named" {
	local n
	{
		cat "$fixtures/identical-cards/machine"
		printf '%s\n' 'repeat 12' $'\t0000:40:00.0 8086:1533 020000 driver=igb group=17'
	} >"$work/machine"
	rm -r "${host:?}/sys/devices/pci0000:00" "${host:?}/sys/bus/pci"
	"$compose" "$work/machine" "$host"
	mkdir -p "$host/sys/devices/pci0000:40/0000:40:00.0/block/sdx"
	ln -s ../../devices/pci0000:40/0000:40:00.0/block/sdx "$host/sys/dev/block/8:0"
	for n in {1..9}; do
		echo "9$n 28 8:0 / /data$n rw,relatime - ext4 /dev/sdx rw" >>"$host/proc/self/mountinfo"
	done
	check 40:00.0
	expect host-use 0000:40:00.0 pass \
		'the host uses it now, and would lose: /data1, /data2, /data3, /data4 and 5 more'
	check 02:00
	expect group-members 0000:02:00.0 fail 'in its group 17 the host keeps 0000:40:00.0 (igb), *'
	[[ $points == *'0000:40:00.7 (igb) and 4 more, and a guest gets a group as a whole or not at all'* ]]
	[[ $points == *"run 'sudo vfioboot add 0000:02:00.0', which names them all, to give those away too, use another slot"* ]]
}

@test "lines end where the terminal does" {
	command -v script >/dev/null || skip "no script(1)"
	local line longest=0
	TERM=dumb run script -qec "stty cols 72; '$vfioboot' check --root '$host'" /dev/null
	[[ $output == *'This machine is ready.'* ]]
	while IFS= read -r line; do
		line=${line%$'\r'}
		((${#line} <= longest)) || longest=${#line}
	done <<<"$output"
	((longest > 60 && longest <= 72))
	[[ $output != *$'\e['* ]]
	parameter iommu=off
	remove sys/kernel/security
	TERM=xterm NO_COLOR='' run script -qec "'$vfioboot' check --root '$host'" /dev/null
	[[ $output == *$'\e[32mpass   \e[0m  config '* ]]
	[[ $output == *$'\e[1;31mfail   \e[0m  iommu-parameters '* ]]
	[[ $output == *$'\e[33munknown\e[0m  lockdown '* ]]
}
