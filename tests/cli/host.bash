# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what it shares with the tests
#
# A desktop as it runs, below a directory: the functions of the fixture identical-cards, and around
# them what a kernel and a Debian system show of their disk, network, firmware and modules.

release=6.12.48+deb13-amd64

# put PATH <<CONTENT, below $host
put() {
	local file=$host/$1
	[[ -d ${file%/*} ]] || mkdir -p "${file%/*}"
	cat >"$file"
}

# The NVMe drive at 0000:03:00.0: a partition for /boot/efi and one for the rest.
host_disk() {
	local drive=sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0
	local disk=$drive/nvme0n1 n
	put "$disk/dev" <<<259:0
	mkdir -p "$host/sys/dev/block" "$host/sys/class/block"
	ln -s "../../${disk#sys/}" "$host/sys/class/block/nvme0n1"
	ln -s "../../${disk#sys/}" "$host/sys/dev/block/259:0"
	for n in 1 2; do
		put "$disk/nvme0n1p$n/partition" <<<"$n"
		put "$disk/nvme0n1p$n/dev" <<<"259:$n"
		ln -s "../../${disk#sys/}/nvme0n1p$n" "$host/sys/class/block/nvme0n1p$n"
		ln -s "../../${disk#sys/}/nvme0n1p$n" "$host/sys/dev/block/259:$n"
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

# What the kernel tells of the cards: a graphics function has 16 MiB of registers, 256 MiB of
# memory that can be made 8 GiB, and 32 MiB more; an audio function 16 KiB.
host_cards() {
	local card dir n=0
	for card in 00:01.0/0000:01 00:01.1/0000:02; do
		dir=sys/devices/pci0000:00/0000:$card:00
		put "$dir.0/resource" <<-END
			0x00000000a${n}000000 0x00000000a${n}ffffff 0x0000000000040200
			0x0000006${n}00000000 0x0000006${n}0fffffff 0x000000000014220c
			0x0000000000000000 0x0000000000000000 0x0000000000000000
			0x0000006${n}10000000 0x0000006${n}11ffffff 0x000000000014220c
			0x0000000000000000 0x0000000000000000 0x0000000000000000
			0x000000000000${n}000 0x000000000000${n}07f 0x0000000000040101
		END
		put "$dir.1/resource" <<-END
			0x00000000b${n}000000 0x00000000b${n}003fff 0x0000000000040200
			0x0000000000000000 0x0000000000000000 0x0000000000000000
			0x0000000000000000 0x0000000000000000 0x0000000000000000
			0x0000000000000000 0x0000000000000000 0x0000000000000000
			0x0000000000000000 0x0000000000000000 0x0000000000000000
			0x0000000000000000 0x0000000000000000 0x0000000000000000
		END
		put "$dir.0/resource1_resize" <<<0000000000003fc0
		put "$dir.0/reset_method" <<<bus
		put "$dir.1/reset_method" <<<bus
		put "$dir.0/power_state" <<<D0
		put "$dir.1/power_state" <<<D0
		put "$dir.0/d3cold_allowed" <<<1
		put "$dir.1/d3cold_allowed" <<<1
		n=$((n + 1))
	done
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

# A module of nothing but its aliases, for depmod: host_module NAME [ALIAS...]
host_module() {
	local dir=$host/lib/modules/$release/kernel name=$1 alias
	shift
	mkdir -p "$dir"
	{
		printf 'name=%s\0license=GPL\0' "${name//-/_}"
		for alias; do
			printf 'alias=%s\0' "$alias"
		done
	} >"$dir/modinfo"
	echo | gcc -c -x c -o "$dir/$name.o" -
	objcopy --add-section .modinfo="$dir/modinfo" "$dir/$name.o" "$dir/$name.ko"
	rm "$dir/modinfo" "$dir/$name.o"
}

host_modules() {
	local any='sv*sd*' display='bc03sc*i*'
	host_module vfio
	host_module vfio-pci-core
	host_module vfio_iommu_type1
	host_module vfio-pci "vfio_pci:v*d*${any}bc*sc*i*"
	host_module nouveau "pci:v000010DEd*$any$display"
	host_module i915 "pci:v00008086d00003E98$any$display"
	host_module snd-hda-intel "pci:v000010DEd*${any}bc04sc03i*" "pci:v00008086d0000A348${any}bc*sc*i*"
	host_module nvme "pci:v*d*${any}bc01sc08i02*"
	host_module xhci-pci "pci:v*d*${any}bc0Csc03i30*"
	host_module e1000e "pci:v00008086d000015BC${any}bc*sc*i*"
	put "lib/modules/$release/modules.builtin" </dev/null
	put "lib/modules/$release/modules.order" </dev/null
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$host" "$release"
}

host_kernel() {
	put proc/sys/kernel/osrelease <<<"$release"
	put proc/cmdline <<<"BOOT_IMAGE=/boot/vmlinuz-$release root=/dev/nvme0n1p2 ro quiet"
	put "boot/vmlinuz-$release" </dev/null
	put "boot/config-$release" <<-'END'
		CONFIG_X86=y
		CONFIG_INTEL_IOMMU=y
		CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y
		CONFIG_VFIO=m
		CONFIG_VFIO_PCI=m
	END
}

# The lines of grub.cfg that start the kernel: host_menu_lines INDENT
host_menu_lines() {
	local uuid=2f7c1e34-0c1d-4f0e-9b5a-6d0f2c8f7a11
	printf '%s\n' 'load_video' 'insmod gzio' 'insmod part_gpt' 'insmod ext2' \
		"search --no-floppy --fs-uuid --set=root $uuid" \
		"echo	'Loading Linux $release ...'" \
		"linux	/boot/vmlinuz-$release root=/dev/nvme0n1p2 ro quiet" \
		"echo	'Loading initial ramdisk ...'" "initrd	/boot/initrd.img-$release" |
		sed "s/^/$1/"
}

# As grub-mkconfig of Debian writes it, without what draws the menu.
host_menu() {
	local class='--class debian --class gnu-linux --class gnu --class os'
	local id="gnulinux-%s-2f7c1e34-0c1d-4f0e-9b5a-6d0f2c8f7a11"
	put boot/grub/grub.cfg <<-END
		#
		# DO NOT EDIT THIS FILE
		#

		### BEGIN /etc/grub.d/00_header ###
		if [ -s \$prefix/grubenv ]; then
		  set have_grubenv=true
		  load_env
		fi
		if [ "\${next_entry}" ] ; then
		   set default="\${next_entry}"
		   set next_entry=
		   save_env next_entry
		   set boot_once=true
		else
		   set default="0"
		fi
		### END /etc/grub.d/00_header ###

		### BEGIN /etc/grub.d/10_linux ###
		menuentry 'Debian GNU/Linux' $class \$menuentry_id_option '${id/\%s/simple}' {
		$(host_menu_lines '\t')
		}
		submenu 'Advanced options for Debian GNU/Linux' \$menuentry_id_option '${id/\%s/advanced}' {
			menuentry 'Debian GNU/Linux, with Linux $release' $class \$menuentry_id_option '${id/\%s/$release-advanced}' {
		$(host_menu_lines '\t\t')
			}
		}
		### END /etc/grub.d/10_linux ###
	END
}

# Edits the command line of this boot, and that of the next ones: host_cmdline SED
host_cmdline() {
	sed -i "$1" "$host/proc/cmdline"
	[ ! -e "$host/boot/grub/grub.cfg" ] || sed -i "/^[ \t]*linux/$1" "$host/boot/grub/grub.cfg"
}

host_system() {
	put usr/sbin/update-initramfs </dev/null
	put usr/sbin/mkinitramfs </dev/null
	put usr/share/initramfs-tools/hooks/vfioboot </dev/null
	chmod +x "$host"/usr/sbin/*
	put etc/initramfs-tools/initramfs.conf <<<'MODULES=most'
	put etc/default/grub <<<'GRUB_DEFAULT=0'
	host_menu
	mkdir -p "$host/usr/lib/vfioboot"
	cp "$early" "$host/usr/lib/vfioboot/vfioboot-early"
	put usr/lib/udev/rules.d/60-vfioboot.rules <udev/60-vfioboot.rules
}

# It is the same for all tests of a run, so it is made once: compilers are slow.
make_host() {
	host=$1
	mkdir -p "$host"
	"$compose" "$BATS_TEST_DIRNAME/../fixtures/identical-cards/machine" "$host"
	host_disk
	host_network
	host_cards
	host_firmware
	host_kernel
	host_modules
	host_system
}

# host_of_two_cards DIR: makes it there; $early and $compose are the programs
host_of_two_cards() {
	local made=$BATS_RUN_TMPDIR/host-of-two-cards
	(
		flock 9
		if [ ! -d "$made" ]; then
			make_host "$made.making"
			mv "$made.making" "$made"
		fi
	) 9>"$made.lock"
	host=$1
	mkdir -p "$host"
	cp -a "$made/." "$host"
}

# The next boot of the host, as it should go: the second card is on vfio-pci, and the record
# of the initramfs says so.
host_boot() {
	local function device=$host/sys/devices/pci0000:00/0000:00:01.1/0000:02:00
	# No kernel answers below a root, so what it would have said is put in.
	"$early" --root "$host" 2>/dev/null || true
	sed -e 's/^stage .*/stage initramfs/; s/^kernel .*/kernel '"$release"'/' \
		-e 's/driver=[^ ]* result=.*/driver=vfio-pci result=bound reason=-/' \
		"$host/run/vfioboot/system.record" >"$host/run/vfioboot/initramfs.record"
	rm "$host/run/vfioboot/system.record"
	for function in 0 1; do
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$device.$function/driver"
	done
}

# What update-initramfs would make of the host as it is now, as far as it is ours.
host_image() {
	local work=$BATS_TEST_TMPDIR/image name
	rm -rf "${work:?}"
	mkdir -p "$work"/{conf,scripts/init-top,usr/lib/vfioboot,usr/sbin,etc}
	: >"$work/conf/initramfs.conf"
	cp "$early" "$work/usr/lib/vfioboot/"
	mkdir -p "$work/usr/lib/udev/rules.d"
	cp udev/60-vfioboot.rules "$work/usr/lib/udev/rules.d/"
	: >"$work/usr/sbin/modprobe"
	printf '%s "$@"\n' /scripts/init-top/00-vfioboot /scripts/init-top/udev \
		>"$work/scripts/init-top/ORDER"
	cp initramfs-tools/scripts/init-top/00-vfioboot "$work/scripts/init-top/"
	for name in vfioboot.conf vfioboot.conf.d; do
		[ ! -e "$host/etc/$name" ] || cp -r "$host/etc/$name" "$work/etc/"
	done
	"$vfioboot" protect --root "$host" >"$work/etc/vfioboot.protect"
	mkdir -p "$work/usr/lib/modules/$release/kernel"
	cp "$host/lib/modules/$release"/kernel/vfio*.ko "$work/usr/lib/modules/$release/kernel/"
	(cd "$work" && find . | sort | cpio -o -H newc --quiet) |
		gzip >"$host/boot/initrd.img-$release"
}

# The second card has been handed over, as the device set NAME: host_handed_over NAME
host_handed_over() {
	put "run/vfioboot/handover/$1" <<-'END'
		vfioboot-handover 1
		version 0.1.0
		guest -
		phase bound
		function 0000:02:00.1 00:01.1/00.1 10de:1aef snd_hda_intel vfio-pci -
		function 0000:02:00.0 00:01.1/00.0 10de:2206 nouveau vfio-pci -
	END
}

# What most tests of a host begin with: that one, of the test's own, in $host.
two_cards() {
	programs
	make_work
	host=$work/root root=$host
	host_of_two_cards "$host"
}
