# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what it shares with lib.bash and with the tests
#
# Guests that boot through their real boot loader, from a disk that keeps what they write.
# Loaded behind lib and transfer.

ovmf=${OVMF:-/usr/share/OVMF}

need_tools() {
	local tool
	for tool in sgdisk mkfs.vfat; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
			skip "there is no $tool, which makes disks with a boot loader"
	done
	[ "${1:-}" != ovmf ] || [ -e "$ovmf/OVMF_CODE_4M.fd" ] ||
		skip "there is no OVMF, firmware for UEFI guests, in $ovmf"
}

need_mtools() {
	command -v mcopy >/dev/null || skip "there is no mcopy, which fills an ESP without a guest"
}

# What all entries of the guests have on their command line. (GRUB and the kernel each take
# quotes around a whole parameter.)
common_parameters='rw console=ttyS0 no_timer_check mitigations=off loglevel=4 log_buf_len=4M systemd.show_status=no
	systemd.default_timeout_start_sec=240 "dyndbg=func really_probe +p"'

# The settings of the boot loaders, in the overlay of the image.
loader_settings() {
	# On a busy machine udev may come to it after the 90 seconds that systemd waits.
	overlay etc/fstab <<<'LABEL=ESP /boot/efi vfat umask=0077,nofail,x-systemd.device-timeout=600 0 0'
	overlay etc/default/grub <<-END
		GRUB_DEFAULT=0
		GRUB_TIMEOUT=5
		GRUB_DISTRIBUTOR=Debian
		GRUB_CMDLINE_LINUX_DEFAULT=quiet
		GRUB_CMDLINE_LINUX='${common_parameters//[$'\n\t']/ }'
		GRUB_TERMINAL=serial
		GRUB_SERIAL_COMMAND='serial --unit=0 --speed=115200'
		GRUB_DISABLE_OS_PROBER=true
	END
	overlay etc/kernel/cmdline <<<"root=LABEL=root ${common_parameters//[$'\n\t']/ }"
	mkdir -p "$BATS_TEST_TMPDIR/overlay/boot/efi" "$BATS_TEST_TMPDIR/overlay/var/log/journal"
	overlay_script usr/lib/vfioboot-test/hold <<-'END'
		#!/bin/sh
		# In a trial the tests want to see its end, and not their own.
		grep -q vfioboot.trial= /proc/cmdline || exit 0
		while ! grep -qE '^phase (confirmed|failed)' /var/lib/vfioboot/trial/state; do
			sleep 1
		done
		grep -q '^phase confirmed' /var/lib/vfioboot/trial/state || sleep infinity
	END
}

# loader_disk ROOT LOADER LAYOUT: a disk of this test's own
loader_disk() {
	loader_settings
	transfer_opener
	image "$1" initramfs-tools-host
	disk=$BATS_TEST_TMPDIR/disk.img
	cp --sparse=always "$(LIMIT=$(patience 600) "$boot_dir/loader" "$image" "$2" "$3")/disk.img" "$disk"
	kept=on
	trial_seconds=$(patience "${TRIAL_SECONDS:-90}")
	transfer_file etc/systemd/system/vfioboot-confirm.service.d/time.conf <<-END
		[Service]
		ExecStart=
		ExecStart=/usr/bin/vfioboot confirm --wait $trial_seconds
		RuntimeMaxSec=$((trial_seconds + 60))
	END
}

# The same with GRUB; with systemd-boot; and with that and unified kernel images.
grub_disk() { # [LAYOUT [ROOT]]
	loader_disk "${2:-grub}" grub "${1:-plain}"
}

sdboot_disk() {
	loader_disk sdboot systemd-boot plain
}

uki_disk() {
	overlay etc/kernel/install.conf <<-END
		layout=uki
		uki_generator=ukify
	END
	loader_disk uki systemd-boot plain
}

# A file on the ESP of esp_disk: esp_file PATH <<CONTENT
esp_file() {
	mkdir -p "$BATS_TEST_TMPDIR/esp/$(dirname "$1")"
	cat >"$BATS_TEST_TMPDIR/esp/$1"
}

# esp_disk ROOT: a disk of this test's own, made without a guest: $image's root, and an ESP with the
# systemd-boot that a root has, and what esp_file put there
esp_disk() {
	local mib=1048576 at=2 size=256 whole=$BATS_TEST_TMPDIR/disk.img esp=$BATS_TEST_TMPDIR/esp
	local program root_size
	program=$("$boot_dir/roots" "$1")/usr/lib/systemd/boot/efi/systemd-bootx64.efi
	esp_file EFI/BOOT/BOOTX64.EFI <"$program"
	esp_file EFI/systemd/systemd-bootx64.efi <"$program"
	truncate -s ${size}M "$esp.img"
	mkfs.vfat -n ESP "$esp.img"
	mcopy -i "$esp.img" -s "$esp"/* ::
	root_size=$(($(stat -c %s "$disk") / mib))
	truncate -s $(((at + size + root_size + 1) * mib)) "$whole"
	sgdisk --clear "--new=1:${at}M:+${size}M" --typecode=1:ef00 \
		"--new=2:$((at + size))M:+${root_size}M" --typecode=2:8300 "$whole"
	dd if="$esp.img" of="$whole" bs=1M seek=$at conv=notrunc,sparse status=none
	dd if="$disk" of="$whole" bs=1M seek=$((at + size)) conv=notrunc,sparse status=none
	disk=$whole
	kept=on
}

# UEFI in place of the BIOS; the variables are this test's own: uefi [CODE]
uefi() {
	[ -e "$BATS_TEST_TMPDIR/vars.fd" ] ||
		cp "$ovmf/OVMF_VARS_4M.fd" "$BATS_TEST_TMPDIR/vars.fd"
	qemu+=(-drive "if=pflash,unit=0,format=raw,readonly=on,file=$ovmf/${1:-OVMF_CODE_4M.fd}"
		-drive "if=pflash,unit=1,format=raw,file=$BATS_TEST_TMPDIR/vars.fd")
}

# The two cards of most tests
twins_with_transfer() {
	twins
	transfer_drive
}

# power_on [CHOOSE...]: from power on to power off or reset, by the firmware and the loader; what
# the guest told is in $dump, and $ended says whether it told all. CHOOSE... is a command that
# gets to type at the menu of GRUB.
power_on() {
	local pid keys=$BATS_TEST_TMPDIR/keys
	console=$BATS_TEST_TMPDIR/console
	dump=$BATS_TEST_TMPDIR/dump
	rm -f "$keys.in" "$keys.out" "$dump"
	: >"$console"
	mkfifo "$keys.in" "$keys.out"
	cat "$keys.out" >"$console" 3>&- &
	timeout "$(patience "${BOOT_TIMEOUT:-600}")" "${qemu[@]}" \
		-chardev "pipe,id=console,path=$keys" -serial chardev:console \
		-chardev "file,id=dump,path=$dump" -serial chardev:dump 3>&- &
	pid=$!
	if [ $# != 0 ]; then
		"$@" || { kill "$pid"; wait "$pid" || :; return 1; }
	fi
	if ! wait "$pid"; then
		echo "The machine had to be switched off. Its console ends with:"
		tail -n 30 "$console"
		return 1
	fi
	ended=no
	[ "$(tail -n 1 "$dump" 2>/dev/null)" != end ] || ended=yes
}

# The same, and the guest came up and told all.
power_on_whole() {
	power_on "$@"
	[ "$ended" = yes ] && return
	echo "The guest never told how it is. Its console ends with:"
	tail -n 30 "$console"
	return 1
}

# The menu as it is on the console now, one line an entry, "*" before the selected one.
menu_now() {
	sed -e 's/\x1b\[[0-9;?]*[A-Za-z]/\n/g' "$console" | tr -d '\r' | grep -aE '^ *\*' | tail -n 1
}

# press KEY: again and again, until the screen shows an answer: the firmware has its eye on the
# same port, and takes a key now and then. KEY is a format of printf.
press() {
	local size tries waited
	size=$(stat -c %s "$console")
	for ((tries = 0; tries < 10; tries++)); do
		# shellcheck disable=SC2059
		printf "$1" >"$BATS_TEST_TMPDIR/keys.in"
		for ((waited = 0; waited < 20; waited++)); do
			sleep 0.2
			[ "$(stat -c %s "$console")" = "$size" ] || return 0
		done
	done
	# No failure by itself: an entry that is selected already gives no answer to its number.
	echo "The screen never answered to a key."
}

# choose TITLE: types until the entry whose title matches the extended regular expression is
# the selected one, and starts it
choose() {
	local tries until=$((SECONDS + $(patience 40)))
	while ((SECONDS < until)); do
		grep -aq 'GNU GRUB' "$console" && break
		sleep 0.2
	done
	for ((tries = 0; tries < 15; tries++)); do
		sleep 0.5
		if menu_now | grep -Eq "$1"; then
			press '\r'
			return
		fi
		press '\x0e'
	done
	echo "The menu never had '$1' selected; it ends with:"
	tail -c 3000 "$console" | cat -v
	return 1
}

# choose_number N: the entry of that place in the menu of systemd-boot, which is on the screen
# for as long as loader has set
choose_number() {
	local until=$((SECONDS + $(patience 80)))
	while ((SECONDS < until)); do
		if grep -aq 'Reboot Into Firmware' "$console"; then
			sleep 1
			press "$1"
			sleep 1
			press '\r'
			return
		fi
		sleep 0.2
	done
	echo "The menu never came; the console ends with:"
	tail -c 3000 "$console" | cat -v
	return 1
}
