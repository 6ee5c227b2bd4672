#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command `uki` of GRUB 2.14 (blsuki.c) makes an entry for each unified kernel image in EFI/Linux, the
# highest name first, as filevercmp() of gnulib compares them. systemd-boot puts the same images in another
# order: of arch-linux.efi and arch-linux-fallback.efi, the names in mkinitcpio's presets, it starts the first,
# and GRUB the fallback. Who exchanges one loader for the other starts another image, and a program that takes
# the image which is not called fallback for the default is right with one of them alone.
#
# Makes a directory that QEMU has as an EFI system partition, with two images, and starts it with each loader;
# as root, with mmdebstrap, qemu-system-x86, OVMF and binutils. Fails when one of them starts another image.
#
# Seen with grub-efi-amd64-bin 2.14-4 and systemd-boot-efi 262.1-1:
#     GRUB: arch-linux-fallback
#     systemd-boot: arch-linux
set -euo pipefail

work=$(mktemp -d /var/tmp/finding.XXXXXX)
trap 'rm -rf --one-file-system "${work:?}"' EXIT

fail() {
	echo "changed: $*" >&2
	exit 1
}

mmdebstrap --quiet --variant=extract --mode=root --aptopt='Acquire::Check-Valid-Until "false"' \
	--aptopt='Apt::Install-Recommends "false"' \
	--include=grub-common,grub-efi-amd64-bin,systemd-boot-efi sid "$work/root" \
	'deb http://deb.debian.org/debian sid main'
version() { zcat "$work/root/usr/share/doc/$1/changelog.Debian.gz" | sed -n '1s/.*(\(.*\)).*/\1/p'; }
echo "GRUB $(version grub-common), systemd-boot $(version systemd-boot-efi)"

# image NAME: a unified image, of what is no kernel: which one is started is said by the loader
image() {
	local section size address end sections=()
	echo none >"$work/linux"
	printf 'ID=test\nPRETTY_NAME="%s"\n' "$1" >"$work/osrel"
	# Sections are in the order of their addresses.
	read -r size address < <(objdump -h "$stub" | awk '$1 ~ /^[0-9]+$/ { last = $3 " " $4 } END { print last }')
	end=$((16#$size + 16#$address))
	for section in osrel linux; do
		end=$(((end + 4095) / 4096 * 4096))
		sections+=(--add-section ".$section=$work/$section" --change-section-vma ".$section=$end"
			--set-section-flags ".$section=data,readonly")
		end=$((end + $(stat -c %s "$work/$section")))
	done
	objcopy "${sections[@]}" "$stub" "$work/esp/EFI/Linux/$1.efi"
}

# starts PROGRAM TEXT: which image it starts when nobody chooses, as it says behind the text
starts() {
	local qemu
	cp "$1" "$work/esp/EFI/BOOT/BOOTX64.EFI"
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars"
	: >"$work/serial"
	timeout 120 qemu-system-x86_64 -accel tcg -m 256 -nodefaults -nographic -serial "file:$work/serial" \
		-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive "if=pflash,format=raw,file=$work/vars" \
		-drive "file=fat:rw:$work/esp,format=raw,if=virtio" -no-reboot >/dev/null 2>&1 &
	qemu=$!
	while kill -0 $qemu 2>/dev/null && ! grep -aqE "$2[a-z-]+[' ]" "$work/serial"; do
		sleep 1
	done
	kill $qemu 2>/dev/null || true
	wait $qemu || true
	grep -aoE -m 1 "$2[a-z-]+[' ]" "$work/serial" | grep -oE 'arch[a-z-]*'
}

stub=$work/root/usr/lib/systemd/boot/efi/linuxx64.efi.stub
mkdir -p "$work"/esp/{EFI/BOOT,EFI/Linux,EFI/grub,loader}
echo 'timeout 1' >"$work/esp/loader/loader.conf"
image arch-linux
image arch-linux-fallback
printf '%s\n' serial 'terminal_output serial' 'set default=0' 'set timeout=1' uki >"$work/esp/EFI/grub/grub.cfg"
"$work/root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" \
	--library-path "$work/root/usr/lib/x86_64-linux-gnu" "$work/root/usr/bin/grub-mkimage" \
	-d "$work/root/usr/lib/grub/x86_64-efi" -O x86_64-efi -p /EFI/grub -o "$work/grub" \
	normal serial terminal part_msdos fat chain blsuki
echo "GRUB: $(starts "$work/grub" 'Booting `' | tee "$work/by-grub")"
echo "systemd-boot: $(starts "$work/root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" \
	'Failed to execute ' | tee "$work/by-systemd")"
[ "$(<"$work/by-grub")" = arch-linux-fallback ] || fail "GRUB starts another one"
[ "$(<"$work/by-systemd")" = arch-linux ] || fail "systemd-boot starts another one"
echo 'as described'
