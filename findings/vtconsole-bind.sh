#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The "frame buffer device" of /sys/class/vtconsole, when a graphics card leaves the host.
#
# 1. Two cards have framebuffers, and text is on the first. When the driver of that one is unbound
#    text does not come up on the other: the kernel gives the terminals to its dummy console, and
#    only notes that they are the second framebuffer's from now on. Text is seen there as soon as
#    somebody writes 1 to bind.
# 2. Where the machine began in the text mode of VGA, which the native driver has removed since
#    ("vgaarb: deactivate vga console"), that write returns success and does nothing, and so it does
#    after a 0 that somebody wrote before: vt_bind() wants a console that was not made by a module,
#    shown as "(S)" in name, and there is none any more. Only a framebuffer that comes binds it.
#
# A program that believes that text moves by itself, or that what it has unbound can be bound again,
# leaves a black screen.
#
# Boots the kernel of a suite (trixie, or the argument) in QEMU, with two cards of Debian's driver
# bochs: without a BIOS of theirs, so that there is no text mode, and with it. Needs mmdebstrap,
# qemu-system-x86, xz and cpio. Fails when the kernel behaves in another way.
#
# Seen with 6.12.118+deb13-amd64:
#     no text mode  both:  (S) dummy device 0, (M) frame buffer device 1
#                   one:   (S) dummy device 1, (M) frame buffer device 0
#                   bound: (S) dummy device 0, (M) frame buffer device 1
#     text mode     both:  (M) frame buffer device 1, (M) dummy device 0
#                   one:   (M) frame buffer device 0, (M) dummy device 1
#                   bound: (M) frame buffer device 0, (M) dummy device 1
set -euo pipefail

suite=${1:-trixie}
work=$(mktemp -d)
trap 'rm -rf --one-file-system "${work:?}"' EXIT

root=$work/root init=$work/init
mmdebstrap --quiet --variant=extract --mode=root --aptopt='Apt::Install-Recommends "false"' \
	--include=linux-image-amd64,busybox-static,kmod "$suite" "$root"
release=$(cd "$root/usr/lib/modules" && echo *)
mkdir -p "$init"/{bin,proc,sys,modules}
cp "$(find "$root" -path '*/bin/busybox')" "$init/bin/busybox"
[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
depmod -b "$root" "$release"
n=10
modprobe -d "$root" -S "$release" --show-depends bochs | while read -r _ file; do
	xz -dc "$file" >"$init/modules/$n.ko"
	n=$((n + 1))
done
cat >"$init/init" <<'END'
#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
for module in /modules/*.ko; do busybox insmod "$module"; done
show() {
	for console in /sys/class/vtconsole/*; do
		echo "$1: $(busybox cat "$console/name") $(busybox cat "$console/bind")"
	done
}
echo "framebuffers: $(busybox grep -c . /proc/fb)"
show both
# The one that has fb0
first=$(busybox readlink -f /sys/class/graphics/fb0/device)
echo "${first##*/}" >/sys/bus/pci/drivers/bochs-drm/unbind
show one
for console in /sys/class/vtconsole/*; do
	if busybox grep -q 'frame buffer' "$console/name"; then
		echo 1 >"$console/bind" && echo "the write of 1 succeeds"
	fi
done
show bound
busybox poweroff -f
END
chmod +x "$init/init"
(cd "$init" && find . | cpio -o -H newc --quiet) >"$work/initrd"

boot() { # NAME DEVICE...
	local said=$work/$1 device devices=()
	for device in "${@:2}"; do devices+=(-device "$device"); done
	echo "== $suite, $1: $release"
	timeout 600 qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512 -machine q35 -nodefaults -display none \
		-vga none -no-reboot "${devices[@]}" -serial stdio \
		-kernel "$(find "$root/boot" -name "vmlinuz-$release")" -initrd "$work/initrd" \
		-append 'console=ttyS0 quiet no_timer_check' </dev/null | tr -d '\r' | tee "$said"
	for text in 'framebuffers: 2' 'both: (M) frame buffer device 1' 'one: (M) frame buffer device 0' \
		'the write of 1 succeeds'; do
		says "$1" "$text"
	done
}

says() { # NAME TEXT
	grep -qF "$2" "$work/$1" || { echo "changed: with $1 nothing says '$2'" >&2 && exit 1; }
}

boot 'no text mode' VGA,addr=3.0,romfile= VGA,addr=4.0,romfile=
says 'no text mode' 'bound: (M) frame buffer device 1'
boot 'text mode' VGA,addr=3.0 VGA,addr=4.0
says 'text mode' 'bound: (M) frame buffer device 0'
echo 'as described'
