# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A desktop as it runs, below a directory: the functions of the fixture identical-cards, and around
# them what a kernel and a Debian system show of their disk, network, firmware and modules.

# put PATH <<CONTENT, below $host
put() {
	mkdir -p "$host/$(dirname "$1")"
	cat >"$host/$1"
}

# The NVMe drive at 0000:03:00.0: a partition for /boot/efi and one for the rest.
host_disk() {
	local drive=sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0
	local disk=$drive/nvme0n1 n
	put "$disk/dev" <<<259:0
	mkdir -p "$host/sys/dev/block" "$host/sys/class/block"
	ln -s "../../../${disk#sys/}" "$host/sys/class/block/nvme0n1"
	ln -s "../../../${disk#sys/}" "$host/sys/dev/block/259:0"
	for n in 1 2; do
		put "$disk/nvme0n1p$n/partition" <<<"$n"
		put "$disk/nvme0n1p$n/dev" <<<"259:$n"
		ln -s "../../../${disk#sys/}/nvme0n1p$n" "$host/sys/class/block/nvme0n1p$n"
		ln -s "../../../${disk#sys/}/nvme0n1p$n" "$host/sys/dev/block/259:$n"
	done
	put proc/self/mountinfo <<-'END'
		22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
		23 28 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:2 - sysfs sysfs rw
		26 28 0:25 / /run rw,nosuid,nodev,noexec,relatime shared:5 - tmpfs tmpfs rw,size=1638400k
		28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro
		86 28 259:1 / /boot/efi rw,relatime shared:48 - vfat /dev/nvme0n1p1 rw,fmask=0077
	END
	put proc/swaps <<-'END'
		Filename				Type		Size		Used		Priority
		/swapfile                               file		8388604		0		-2
	END
}

host_network() {
	local card=sys/devices/pci0000:00/0000:00:1f.6
	put "$card/net/eno1/operstate" <<<up
	put "$card/net/eno1/flags" <<<0x1003
	put "$card/net/eno1/ifindex" <<<2
	ln -s ../../../0000:00:1f.6 "$host/$card/net/eno1/device"
	mkdir -p "$host/sys/class/net"
	ln -s "../../${card#sys/}/net/eno1" "$host/sys/class/net/eno1"
	put proc/net/route <<-'END'
		Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
		eno1	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
		eno1	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
	END
}

host_firmware() {
	local table unit
	for table in DSDT FACP DMAR MCFG; do
		put "sys/firmware/acpi/tables/$table" </dev/null
	done
	for unit in dmar0 dmar1; do
		mkdir -p "$host/sys/devices/virtual/iommu/$unit" "$host/sys/class/iommu"
		ln -s "../../devices/virtual/iommu/$unit" "$host/sys/class/iommu/$unit"
	done
	mkdir -p "$host/sys/firmware/efi/efivars"
	printf '\6\0\0\0\0' \
		>"$host/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	put sys/kernel/security/lockdown <<<'[none] integrity confidentiality'
	put proc/cpuinfo <<-'END'
		processor	: 0
		vendor_id	: GenuineIntel
		model name	: Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz
		flags		: fpu vme de pse tsc msr pae mce cx8 apic sep vmx lm
	END
	put proc/interrupts <<-'END'
		            CPU0       CPU1
		   1:          0         42  IR-IO-APIC    1-edge      i8042
		 122:          0          0  DMAR-MSI    0-edge      dmar0
		 125:          0        913  IR-PCI-MSI-0000:00:14.0    0-edge      xhci_hcd
	END
	put proc/iomem <<-'END'
		00000000-00000fff : Reserved
		00001000-0009d3ff : System RAM
		90000000-dfffffff : PCI Bus 0000:00
		  90000000-9fffffff : 0000:00:02.0
		    90000000-907e8fff : BOOTFB
	END
}

host_kernel() {
	local release=6.12.48+deb13-amd64 module
	put proc/sys/kernel/osrelease <<<"$release"
	put proc/cmdline <<<'BOOT_IMAGE=/boot/vmlinuz-6.12.48+deb13-amd64 root=/dev/nvme0n1p2 ro quiet'
	put "boot/vmlinuz-$release" </dev/null
	put "boot/config-$release" <<-'END'
		CONFIG_X86=y
		CONFIG_INTEL_IOMMU=y
		CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y
		CONFIG_VFIO=m
		CONFIG_VFIO_PCI=m
	END
	: "${module:=}"
	put "lib/modules/$release/modules.builtin" </dev/null
}

# host_of_two_cards DIR: makes it there
host_of_two_cards() {
	host=$1
	mkdir -p "$host"
	"${COMPOSE:-build/tests/compose}" "$BATS_TEST_DIRNAME/../fixtures/identical-cards/machine" "$host"
	host_disk
	host_network
	host_firmware
	host_kernel
}
