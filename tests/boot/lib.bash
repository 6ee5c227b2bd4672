# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what it shares with bats and with the tests
#
# What the boot tests are written in: a configuration, an image, a machine, a boot, and
# assertions on what the guest said. Sourced by every .bats file here.

boot_dir=$(dirname "${BASH_SOURCE[0]}")

# shellcheck source=tests/lib/json.bash
. "$boot_dir/../lib/json.bash"
# shellcheck source=tests/lib/patience.bash
. "$boot_dir/../lib/patience.bash"

# Where a person's PATH ends, debugfs and its like are not in it.
PATH=$PATH:/usr/sbin:/sbin

# --- the image -----------------------------------------------------------------------------

# A file that the image is made with and the real root has: overlay PATH <<CONTENT
overlay() {
	mkdir -p "$BATS_TEST_TMPDIR/overlay/$(dirname "$1")"
	cat >"$BATS_TEST_TMPDIR/overlay/$1"
}

# The same, executable.
overlay_script() {
	overlay "$1"
	chmod +x "$BATS_TEST_TMPDIR/overlay/$1"
}

# image ROOT FLAVOUR: the real generator runs, unless it already did for the very same files.
image() {
	local root
	case $1 in
	/*) root=$1 ;;
	*) root=$("$boot_dir/roots" "$1") ;;
	esac
	mkdir -p "$BATS_TEST_TMPDIR/overlay"
	image=$("$boot_dir/image" "$root" "$2" "${STAGE:?}" "$BATS_TEST_TMPDIR/overlay")
	initrd=$image/initrd
	vmlinuz=$image/vmlinux
	disk=$image/root.img
}

need_mkinitcpio() {
	[ -n "${MKINITCPIO_ROOT:-}" ] ||
		skip "MKINITCPIO_ROOT names no root with mkinitcpio, which Debian has not"
}

# The configuration of most tests: the second of two cards, by its path.
second_gpu() {
	cat <<-END
		[device second-gpu]
		path = 00:04.0/00
		id = 1234:1111, 8086:2668
		expect = 2
	END
}

# A file that differs from the image's own, in the initramfs alone: a second archive behind
# that of the generator, as the kernel unpacks them: initramfs_file PATH [MODE] <<CONTENT
# (Behind a pipe this and the next two would set their variables in a subshell.)
initramfs_file() {
	local dir=$BATS_TEST_TMPDIR/archive own=$BATS_TEST_TMPDIR/initrd
	[ "$initrd" = "$own" ] || cp "$initrd" "$own"
	initrd=$own
	mkdir -p "$dir/$(dirname "$1")"
	cat >"$dir/$1"
	chmod "${2:-644}" "$dir/$1"
	# Archives start at multiples of four.
	truncate -s %4 "$initrd"
	(cd "$dir" && echo "$1" | cpio -o -H newc --quiet) >>"$initrd"
}

# What runs in the initramfs before its own init, and in front of everything: the boot has to have
# rdinit=/before-init: before_init <<COMMANDS
before_init() {
	initramfs_file before-init 755 < <(
		cat <<-'END'
			#!/bin/sh
			export PATH=/usr/sbin:/usr/bin:/sbin:/bin
			mkdir -p /proc /sys /dev
			mount -t proc proc /proc
			mount -t sysfs sysfs /sys
			mount -t devtmpfs devtmpfs /dev
		END
		cat
		echo 'umount /dev /sys /proc'
		echo 'exec /init')
}

# The same on the real root alone: root_file PATH [MODE] <<CONTENT
root_file() {
	local file=$BATS_TEST_TMPDIR/root-file own=$BATS_TEST_TMPDIR/root.img
	[ "$disk" = "$own" ] || cp --sparse=always "$disk" "$own"
	disk=$own
	cat >"$file"
	chmod "${2:-644}" "$file"
	disk_write "$file" "$1"
}

# The disk becomes one of this test's own, which keeps what the guest writes to it.
keep_disk() {
	cp --sparse=always "$disk" "$BATS_TEST_TMPDIR/root.img"
	disk=$BATS_TEST_TMPDIR/root.img
	kept=on
}

# What the guest runs at its next boot, once it is up. Its lines are found in the dump behind the
# word "extra": guest_script <<SCRIPT
guest_script() {
	root_file usr/lib/vfioboot-test/extra 755
}

# disk_write FILE PATH, disk_read PATH FILE, disk_list DIRECTORY: without mounting
disk_write() {
	debugfs -w -f /dev/stdin "$disk" >/dev/null 2>&1 <<-END
		rm /$2
		write $1 /$2
	END
	# debugfs itself never fails.
	debugfs -R "cat /$2" "$disk" 2>/dev/null | cmp - "$1"
}

disk_read() {
	rm -f "$2"
	debugfs -R "dump /$1 $2" "$disk" 2>/dev/null
	[ -s "$2" ]
}

disk_list() {
	debugfs -R "ls -p /$1" "$disk" 2>/dev/null | cut -d/ -f6 | sed '/^\.*$/d'
}

# What a boot loader would start: the kernel and the image that the disk has for RELEASE, or
# for the one kernel there was.
from_disk() { # [RELEASE]
	local release=${1:-$(cat "$image/kernel")}
	initrd=$BATS_TEST_TMPDIR/initrd.img-$release
	vmlinuz=$BATS_TEST_TMPDIR/vmlinuz-$release
	disk_read "boot/initrd.img-$release" "$initrd"
	[ "$release" != "$(cat "$image/kernel")" ] || vmlinuz=$image/vmlinux
	[ "$vmlinuz" = "$image/vmlinux" ] || disk_read "boot/vmlinuz-$release" "$vmlinuz"
}

# Another configuration in both: reconfigure <<CONTENT
reconfigure() {
	local config
	config=$(cat)
	initramfs_file etc/vfioboot.conf <<<"$config"
	root_file etc/vfioboot.conf <<<"$config"
}

# --- what the guest's own programs say ------------------------------------------------------

# What each run says stands in the dump behind "extra NAME", and how it ended behind "extra exit".
# shellcheck disable=SC2016 # for the guest's shell
run_function='
	run() {
		name=$1
		shift
		"$@" >/run/said 2>&1
		status=$?
		sed "s/^/$name /" /run/said
		echo "exit $name $status"
	}
	list_image() {
		if command -v lsinitramfs >/dev/null; then
			# It does not know an archive behind the first one (findings/).
			lsinitramfs "/boot/initrd.img-$(uname -r)" ||
				zstd -qdc "/boot/initrd.img-$(uname -r)" 2>/dev/null | cpio -t --quiet
		else
			lsinitrd "/boot/initrd.img-$(uname -r)"
		fi
	}
'

exited() { # NAME STATUS
	has "^extra exit $1 $2\$"
}

# What NAME printed, all of it
said() {
	sed -n "s/^extra $1 //p" "$dump"
}

# --- the machine ---------------------------------------------------------------------------

# An empty PC, and nothing that would be a display but the cards put in: the first card is
# what the firmware and the console use. The processor has little that the kernel would load
# modules for and test them; CPUS=2 where drivers are to race. Two guests run at a time.
machine_without_iommu() {
	qemu=(qemu-system-x86_64 -accel tcg -cpu "qemu64,-svm,+rdrand" -smp "${CPUS:-1}" -m 1024
		-machine "q35,kernel-irqchip=split" -nodefaults -no-user-config -display none
		-vga none -audiodev "none,id=silence" -no-reboot)
}

machine() {
	machine_without_iommu
	qemu+=(-device "intel-iommu,intremap=on,caching-mode=on")
}

# emulator ROOT: the machine becomes one of that root's QEMU, with its own libraries and firmware, for
# devices that this machine's QEMU does not have yet.
emulator() {
	local root usr
	root=$("$boot_dir/roots" "$1")
	usr=$root/usr
	export QEMU_MODULE_DIR=$usr/lib/x86_64-linux-gnu/qemu
	qemu=("$root/lib64/ld-linux-x86-64.so.2"
		--library-path "$usr/lib/x86_64-linux-gnu:$usr/lib/x86_64-linux-gnu/pulseaudio"
		"$usr/bin/qemu-system-x86_64" -L "$usr/share/qemu" -L "$usr/share/seabios" "${qemu[@]:1}")
}

# port SLOT: an empty PCIe slot; what it holds has the path 00:SLOT.0/00.
port() {
	qemu+=(-device "pcie-root-port,id=port$1,bus=pcie.0,addr=$1.0,chassis=$((16#$1)),slot=$((16#$1))")
}

# card SLOT MODEL: a graphics card with its audio function. VGA is 1234:1111, driven by bochs;
# $radeon is 1002:5159, driven by radeon; the audio function is 8086:2668 with both.
radeon=ati-vga,model=rv100

card() {
	port "$1"
	qemu+=(-device "$2,bus=port$1,addr=0.0,multifunction=on"
		-device "intel-hda,id=hda$1,bus=port$1,addr=0.1"
		-device "hda-duplex,bus=hda$1.0,audiodev=silence")
}

# The root disk, as virtio on the root bus or as NVMe in a slot. What the guest writes to it
# is gone afterwards, unless kept=on.
root_drive() {
	local snapshot=on
	[ "${kept:-off}" = off ] || snapshot=off
	qemu+=(-drive "file=$disk,if=none,id=root,format=raw,snapshot=$snapshot,cache=unsafe")
}

root_disk() {
	root_drive
	qemu+=(-device "virtio-blk-pci,drive=root,serial=root,bootindex=1,bus=pcie.0,addr=1e.0")
	root_device=/dev/vda
}

root_nvme() {
	root_drive
	port "$1"
	qemu+=(-device "nvme,drive=root,serial=root,bus=port$1")
	root_device=/dev/nvme0n1
}

# Another drive in a slot, 1b36:0010, with nothing on it.
spare_nvme() {
	truncate -s 64M "$BATS_TEST_TMPDIR/spare.img"
	qemu+=(-drive "file=$BATS_TEST_TMPDIR/spare.img,if=none,id=spare,format=raw")
	port "$1"
	qemu+=(-device "nvme,drive=spare,serial=spare,bus=port$1")
}

# QEMU's monitor at an I/O port of the guest, which has guest/monitor.c as MONITOR: QEMU is the other
# end of its own socket. Two drives that can be plugged in (nvme,drive=hot0), and no device has them yet.
monitor=usr/lib/vfioboot-test/monitor

hot_plug() {
	local socket=$BATS_TEST_TMPDIR/monitor
	qemu+=(-chardev "socket,id=monitor,path=$socket,server=on,wait=off" -mon "chardev=monitor,mode=readline"
		-chardev "socket,id=guest,path=$socket" -device "isa-debugcon,iobase=0x5a0,chardev=guest"
		-blockdev "driver=null-co,node-name=hot0,size=67108864,read-zeroes=on"
		-blockdev "driver=null-co,node-name=hot1,size=67108864,read-zeroes=on")
}

hot_plug_program() {
	mkdir -p "$BATS_TEST_TMPDIR/overlay/${monitor%/*}"
	cc -O2 -static -o "$BATS_TEST_TMPDIR/overlay/$monitor" "$boot_dir/guest/monitor.c"
}

# Two identical cards, behind slots 3 (address 01:00) and 4 (address 02:00).
twins() {
	machine
	root_disk
	card 3 VGA
	card 4 VGA
}

# --- the boot ------------------------------------------------------------------------------

# boot [PARAMETER...]: from power on to power off. The kernel itself tells of each probe.
boot() {
	console=$BATS_TEST_TMPDIR/console
	dump=$BATS_TEST_TMPDIR/dump
	# On a busy machine the emulated timer may miss the ticks by which the kernel tests it; it
	# would give up.
	local slow
	slow=$(slow_by)
	local parameters="root=$root_device rootfstype=ext4 rw console=ttyS0 loglevel=4
		log_buf_len=4M no_timer_check mitigations=off systemd.show_status=no
		systemd.default_timeout_start_sec=$((60 * slow))"
	timeout "$((${BOOT_TIMEOUT:-240} * slow))" "${qemu[@]}" \
		-chardev "file,id=console,path=$console" -serial chardev:console \
		-chardev "file,id=dump,path=$dump" -serial chardev:dump \
		-kernel "$vmlinuz" -initrd "$initrd" \
		-append "${parameters//[$'\n\t']/ } dyndbg=\"func really_probe +p\" $*" || true
	[ "$(tail -n 1 "$dump")" = end ] && return
	echo "The guest never told how it is. Its console ends with:"
	tail -n 30 "$console"
	return 1
}

# --- assertions ----------------------------------------------------------------------------

fail() {
	printf '%s\n' "$@"
	grep -E '^(function|file|unit|failed|state|extra|log vfioboot:)' "$dump"
	return 1
}

# has PATTERN, lacks PATTERN: extended regular expressions on the dump's lines
has() {
	grep -Eq -- "$1" "$dump" || fail "no line matches: $1"
}

lacks() {
	! grep -E -- "$1" "$dump" || fail "a line matches: $1"
}

# driver ADDRESS NAME: what the function ended with; - for none
driver() {
	has "^function 0000:$1 .* driver=$2 "
}

# The kernel's own account of a probe; its second form is that of 6.12 and later.
probe_of() { # ADDRESS DRIVER
	echo "^log (bus: 'pci'|[^ ]+ 0000:$1: bus: 'pci'): really_probe: probing driver $2 with device( 0000:$1)?\$"
}

probed() {
	has "$(probe_of "$@")"
}

never_probed() {
	lacks "$(probe_of "$@")"
}

# The log's line number of the first match
first() {
	grep -En -m 1 -- "$1" "$dump" | cut -d: -f1
}

# The card behind ADDRESS (without function) belongs to vfio-pci, and no native driver ever
# looked at it, although both were at work in this boot.
taken_untouched() {
	local function
	for function in "$1.0" "$1.1"; do
		driver "$function" vfio-pci
		probed "$function" vfio-pci
		never_probed "$function" '(bochs.*|radeon|snd_hda_intel)'
	done
}

# The card behind ADDRESS has its native drivers, MODEL's for the first function.
native() {
	driver "$1.0" "$2"
	driver "$1.1" snd_hda_intel
	probed "$1.0" "$2"
	probed "$1.1" snd_hda_intel
}

# record STAGE PATTERN: a line of the record that was made in the initramfs, or the system
record() {
	has "^file $1.record $2"
}

# result STAGE ADDRESS RESULT REASON: what that record says of a function
result() {
	record "$1" "function .*address=0000:$2 .*result=$3 reason=$4\$"
}

# section_refused STAGE SECTION REASON: nothing of that section was touched
section_refused() {
	record "$1" "function section=$2 .*result=refused reason=$3\$"
	lacks "^file $1.record function section=$2 .*result=(bound|failed)"
	has "^log vfioboot: .*$2.*refused.*$3"
}

# refused STAGE REASON: nothing of the one section was touched
refused() {
	record "$1" "function section=second-gpu .*result=refused reason=$2\$"
	lacks "^file $1.record function .*result=(bound|failed)"
	has "^log vfioboot: .*refused.*$2"
}
