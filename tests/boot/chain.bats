#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2120,SC2154 # what lib and loader share with the tests
#
# "Ready" is said of what really starts a machine: images that are no initrd files of their own,
# and loaders whose files are not in sight. Each guest says of itself what it takes its next boot
# for, and the next boot shows it.

load lib
load transfer
load loader

setup() {
	need_tools ovmf
}

# What a guest runs: transfer_script, with `run` and what follows of it.
# shellcheck disable=SC2016 # for the guest's shell
ask_function='
	kernel=$(uname -r)
	# What status and check say, as "extra NAME", "extra NAME.json" and "extra NAME.check".
	ask() {
		run "$1" vfioboot status
		cp /run/said "/run/$1"
		run "$1.json" vfioboot status --json
		run "$1.check" vfioboot check --json
	}
	# As if the package had just been installed: no image has anything of it.
	unconfigure() {
		rm -f /etc/vfioboot.conf
	}
	change_configuration() {
		echo "# changed" >>/etc/vfioboot.conf.d/second.conf
	}
'

guest_runs() {
	transfer_script < <(echo "$run_function" "$ask_function" && cat)
}

# checked NAME STATE: what check says of the image
checked() {
	# shellcheck disable=SC2016 # a variable of jq
	said "$1.check" | json_true '[.checks[] | select(.name == "image") | .state] |
		length > 0 and
		if $state == "pass" then all(. == $state) else any(. == $state) end' --arg state "$2"
}

# ready NAME TITLE: status and check say it of the default entry, whose title matches an extended
# regular expression
ready() {
	said "$1" | grep -E "^The default entry '$2' starts an image that has today's configuration\.\$"
	said "$1.json" | json_true '.ready == true and
		(.entries | map(select(.default)) | length == 1 and all(.state == "fresh"))'
	checked "$1" pass
}

# not_ready NAME TITLE STATE
not_ready() {
	said "$1" | grep -E "^The default entry '$2' starts /[^ ]* \(kernel "
	[[ $(said "$1") != *"starts an image that has today's configuration"* ]]
	# shellcheck disable=SC2016 # a variable of jq
	said "$1.json" | json_true '.ready == false and
		(.entries | map(select(.default)) | length == 1 and all(.state == $state))' \
		--arg state "$3"
	checked "$1" fail
}

# unknown NAME: whatever images there are
unknown() {
	[[ $(said "$1") != *'The default entry '* && $(said "$1") != *'Every entry of the boot menu '* ]]
	said "$1.json" | json_true '.ready == null'
}

# bats test_tags=shard:5
@test "a unified image: ready is said of what is in it, and of what the firmware starts" {
	local entry='Debian GNU/Linux 13 \(trixie\)'
	uki_disk
	twins_with_transfer
	uefi
	guest_runs <<-'END'
		unconfigure
		run update update-initramfs -u
		run add vfioboot add 00:04.0/00 --name second
		ask without
		run apply vfioboot apply
		ask applied
		# Its copy is made again with it, and is looked at by check like any other.
		run entry vfioboot entry add
		change_configuration
		run beside mkinitramfs -o "/boot/initrd.img-$kernel" "$kernel"
		ask outdated
		run again vfioboot apply
		ask again
		run copies vfioboot entry list
		run remove vfioboot entry remove
	END
	BOOT_TIMEOUT=1200 power_on_whole
	native 02:00 bochs-drm
	exited add 0
	not_ready without "$entry" without
	exited apply 0
	ready applied "$entry"
	# The image in /boot is up to date then, and is not what is started.
	exited beside 0
	not_ready outdated "$entry" stale
	exited again 0
	# Behind the image in /boot there is nothing to put, and into this one ukify puts it.
	has '^extra again Writing the configuration into /[^ ]*/EFI/Linux/[^ ]*\.efi '
	lacks '^extra again Rebuilding'
	has '^extra again Run vfioboot entry update \.\.\. done'
	ready again "$entry"
	exited entry 0
	exited copies 0
	has '^extra copies no-passthrough .* ready '
	exited remove 0
	guest_runs <<-'END'
		ask booted
		cd /boot/efi/EFI && cp Linux/*"-$kernel.efi" BOOT/BOOTX64.EFI
	END
	power_on_whole
	taken_untouched 02:00
	native 01:00 bochs-drm
	ready booted "$entry"
	# The firmware itself starts a copy, which nothing keeps up to date.
	guest_runs <<-'END'
		ls /sys/firmware/efi/efivars | sed -n 's/^\(Loader\|Stub\)Info-.*/says \1/p'
		ask copy
		change_configuration
		run apply vfioboot apply
		ask copy-outdated
	END
	BOOT_TIMEOUT=1200 power_on_whole
	taken_untouched 02:00
	[ "$(sed -n 's/^extra says //p' "$dump")" = Stub ]
	unknown copy
	unknown copy-outdated
}

# bats test_tags=shard:5
@test "systemd-boot whose ESP is not mounted: unknown, with what to do, and nothing for another loader" {
	local entry='Debian GNU/Linux 12 \(bookworm\)'
	second_gpu | overlay etc/vfioboot.conf
	sdboot_disk
	twins_with_transfer
	uefi
	guest_runs <<-'END'
		# What is left of a loader that does not start this machine any more.
		mkdir -p /boot/grub
		cat >/boot/grub/grub.cfg <<-GRUB
			set default=0
			menuentry 'Left' {
				linux /boot/vmlinuz-$kernel root=LABEL=root
				initrd /boot/initrd.img-$kernel
			}
		GRUB
		run apply vfioboot apply
		ask mounted
		files() {
			find /boot /etc /var/lib/vfioboot /efi -type f 2>/dev/null | sort | xargs sha256sum
		}
		umount /boot/efi
		files >/run/before
		ask unmounted
		run refused vfioboot apply
		run entry vfioboot entry add
		run try vfioboot try
		files >/run/after
		run written diff /run/before /run/after
		command=$(sed -n "s/.*run 'sudo \(mount [^']*\)'.*/\1/p" /run/unmounted)
		run mount ${command:?}
		ask again
	END
	BOOT_TIMEOUT=1200 power_on_whole
	taken_untouched 02:00
	exited apply 0
	ready mounted "$entry"
	unknown unmounted
	checked unmounted unknown
	said unmounted.json | json_true '.loader == "systemd-boot" and
		(.ready_unknown | contains("systemd-boot starts this machine"))'
	exited refused 1
	exited entry 1
	exited try 1
	exited written 0
	exited mount 0
	ready again "$entry"
}

# applied_and_bound TITLE <<PREPARATION: what the default entry starts does not know of the device until
# apply has made it again where it is; the next boot has the device
applied_and_bound() {
	twins_with_transfer
	uefi
	guest_runs < <(
		cat
		cat <<-'END'
			run add vfioboot add 00:04.0/00 --name second
			ask added
			run apply vfioboot apply
			ask applied
			run again vfioboot apply
		END
	)
	BOOT_TIMEOUT=1200 power_on_whole
	native 02:00 bochs-drm
	exited add 0
	not_ready added "$1" without
	exited apply 0
	ready applied "$1"
	has '^extra again Nothing to do: every image is up to date'
	twins_with_transfer
	uefi
	guest_runs <<-'END'
		ask booted
		change_configuration
		ask outdated
	END
	power_on_whole
	taken_untouched 02:00
	native 01:00 bochs-drm
	ready booted "$1"
	not_ready outdated "$1" stale
}

# bats test_tags=shard:5
@test "dracut of sid with uefi=yes: apply makes the unified image that systemd-boot starts" {
	need_mtools
	loader_settings
	transfer_opener
	overlay etc/dracut.conf.d/uefi.conf <<-END
		uefi=yes
		kernel_cmdline='root=LABEL=root ${common_parameters//[$'\n\t']/ }'
	END
	image sid-uki dracut-host
	esp_file "EFI/Linux/linux-$(cat "$image/kernel")-0123456789abcdef0123456789abcdef.efi" \
		<"$image/initrd"
	esp_disk sid-uki
	applied_and_bound 'Debian GNU/Linux forky/sid' <<-'END'
		rm /boot/initrd.img-*
		# The image of this guest's hardware alone, as a person has it
		echo hostonly=yes >/etc/dracut.conf.d/chroot.conf
	END
}

# Arch's own layout: the kernel, too, is on the ESP, and the preset names it by a variable.
# bats test_tags=shard:5
@test "mkinitcpio, a preset with the kernel and the image on the ESP: apply makes that image" {
	need_mkinitcpio
	need_mtools
	loader_settings
	transfer_opener
	# It is not the only generator of that root, whose udev has no database of hardware.
	overlay etc/kernel/install.conf <<<initrd_generator=mkinitcpio
	overlay etc/udev/hwdb.bin </dev/null
	overlay usr/lib/udev/hwdb.bin </dev/null
	overlay etc/mkinitcpio.conf.d/test.conf <<-END
		MODULES=(bochs snd_hda_intel virtio_pci virtio_blk ext4)
		HOOKS=(base udev modconf)
		COMPRESSION=zstd
		COMPRESSION_OPTIONS=(-1)
	END
	overlay etc/mkinitcpio.d/linux.preset <<-'END'
		esp=/boot/efi
		ALL_kver="$esp/EFI/arch/vmlinuz-linux"
		PRESETS=(default)
		default_image="$esp/EFI/arch/initramfs-linux.img"
	END
	image "$MKINITCPIO_ROOT" mkinitcpio
	esp_file EFI/arch/vmlinuz-linux <"$image/vmlinuz"
	esp_file EFI/arch/initramfs-linux.img <"$image/initrd"
	esp_file loader/loader.conf <<<'default arch.conf'
	esp_file loader/entries/arch.conf <<-END
		title Arch Linux
		linux /EFI/arch/vmlinuz-linux
		initrd /EFI/arch/initramfs-linux.img
		options root=LABEL=root rootfstype=ext4 ${common_parameters//[$'\n\t']/ }
	END
	esp_disk uki
	# systemd-hwdb-update.service takes an empty database away.
	applied_and_bound 'Arch Linux' <<-'END'
		rm /boot/vmlinuz-*
		: >/etc/udev/hwdb.bin
	END
}
