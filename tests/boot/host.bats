#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a person does: `add`, `apply`, reboot; `remove`, `apply`, reboot; `undo`. The guest makes
# its own images, and each boot is with the one that the disk has.

# bats file_tags=shard:3

load lib

# A machine as a person has it: the tree is installed, nothing is configured.
installed() { # ROOT FLAVOUR
	image "$1" "$2"
	keep_disk
}

# The next boot, with the image that the disk has for a kernel; the guest runs the script.
next_boot() { # [RELEASE] <<SCRIPT
	guest_script < <(echo '#!/bin/sh' && echo "$run_function" && cat)
	from_disk "$@"
	twins
	BOOT_TIMEOUT=600 boot
}

add_and_apply() {
	next_boot <<-'END'
		# dracut's image of this guest's hardware alone, as a person has it
		rm -f /etc/dracut.conf.d/chroot.conf
		run add vfioboot add 00:04.0/00 --name second
		# What that makes is listed below: not each program lists an image that apply extends.
		run apply vfioboot apply --full
		run again vfioboot apply
	END
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	exited add 0
	exited apply 0
	exited again 0
	has '^extra again Nothing to do: every image is up to date'
}

bound() {
	taken_untouched 02:00
	native 01:00 bochs-drm
	result initramfs 02:00.0 bound -
	result initramfs 02:00.1 bound -
	exited status 0
	exited json 0
	said status | grep -q '^All 2 configured functions have the wanted driver'
	said json | json_true '.functions | length == 2 and all(.section == "second" and
		.wanted == "vfio-pci" and .driver == "vfio-pci" and .result == "bound")'
	said json | json_true '.images | length > 0 and all(.state == "fresh")'
}

there_and_back() {
	add_and_apply
	next_boot <<-'END'
		run status vfioboot status
		run json vfioboot status --json
		run before list_image
		run remove vfioboot remove second
		run apply vfioboot apply
	END
	bound
	# What is looked for after undo is found before it.
	has '^extra before .*vfioboot-early'
	exited remove 0
	exited apply 0
	# Nothing is configured any more: the images are made without vfioboot.
	said apply | grep -q '^Rebuilding the image of '
	next_boot <<-'END'
		run status vfioboot status
		run add vfioboot add 00:04.0/00 --name second
		run undo vfioboot undo
		run after list_image
		find /etc /boot -iname '*vfioboot*' ! -name vfioboot-test.service | sed 's/^/left /'
	END
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	exited status 0
	exited add 0
	exited undo 0
	exited after 0
	has '^extra after .*bin/modprobe'
	lacks '^extra after .*vfioboot'
	# It belongs to the package, as the programs do.
	said left
	[ "$(said left)" = /etc/mkinitcpio.conf.d/vfioboot.conf ]
}

@test "bookworm, initramfs-tools: add, apply: bound; remove, apply: native; undo" {
	installed bookworm initramfs-tools-host
	there_and_back
}

@test "trixie, dracut: add, apply: bound; remove, apply: native; undo" {
	installed trixie dracut-host
	there_and_back
}

# How the kernels know it: the old format of lz4 alone, and sums of xz that they can make. (For lzop
# libarchive runs a program, which the guest has not.)
compressions=('cat' 'gzip' 'bzip2' 'xz --check=crc32' 'xz --format=lzma' 'lz4 -l' 'zstd')

# What apply puts behind an image is seen by the kernel, whatever is in front of it: its own unpacking
# alone is asked, in front of init.
@test "bookworm, initramfs-tools: a configuration behind an image of each compression" {
	overlay etc/vfioboot.conf <<<'# nothing yet'
	image bookworm initramfs-tools-host
	keep_disk
	zstd -dc "$image/initrd" >"$BATS_TEST_TMPDIR/plain"
	for number in "${!compressions[@]}"; do
		${compressions[number]} <"$BATS_TEST_TMPDIR/plain" >"$BATS_TEST_TMPDIR/packed"
		disk_write "$BATS_TEST_TMPDIR/packed" "srv/packed$number"
	done
	next_boot <<-END
		vfioboot add 00:04.0/00 --name second >/dev/null
		image=/boot/initrd.img-\$(uname -r)
		for number in ${!compressions[*]}; do
			cp /srv/packed\$number \$image
			run apply\$number vfioboot apply
			mv \$image /srv/extended\$number
		done
	END
	for number in "${!compressions[@]}"; do
		exited "apply$number" 0
		said "apply$number" | grep -q '^Writing the configuration into /boot/initrd.img-' || fail "apply$number"
	done
	for number in "${!compressions[@]}"; do
		disk_read "srv/extended$number" "$BATS_TEST_TMPDIR/extended"
		initrd=$BATS_TEST_TMPDIR/extended
		before_init <<-'END'
			while read -r line; do
				echo "conf $line"
			done </etc/vfioboot.conf.d/second.conf
			read -r line </usr/lib/vfioboot/segment
			echo "segment $line"
			sleep 1
			echo b >/proc/sysrq-trigger
		END
		twins
		boot rdinit=/before-init >/dev/null || true # it comes to no dump
		grep '^conf \[device second\]' "$console"
		grep '^segment [0-9]' "$console"
	done
}

# Debian's packages in the place of what `make install` installs: a version that binds, the update of
# it, and the purge, with a reboot after each.
packages_come_and_go() { # RELEASE FLAVOUR HOOKS
	local packages=$BATS_TEST_TMPDIR/packages
	make -C "$boot_dir/../.." --no-print-directory dist
	for revision in '' +1; do
		REVISION=$revision "$boot_dir/../../packaging/build" "$boot_dir"/../../build/vfioboot-*.tar.gz \
			"$packages$revision" deb "$1"
		mkdir -p "$BATS_TEST_TMPDIR/overlay/srv/packages$revision"
		cp "$packages$revision/$1"/{vfioboot,"$3"}_*.deb "$BATS_TEST_TMPDIR/overlay/srv/packages$revision"
	done
	mkdir -p "$BATS_TEST_TMPDIR/empty"
	STAGE=$BATS_TEST_TMPDIR/empty installed "$1" "$2"
	next_boot <<-END
		rm -f /etc/dracut.conf.d/chroot.conf
		run install dpkg -i /srv/packages/*.deb
		run status vfioboot status
		run add vfioboot add 00:04.0/00 --name second
		run apply vfioboot apply
	END
	exited install 0
	exited status 0
	exited add 0
	exited apply 0
	next_boot <<-'END'
		run status vfioboot status
		run json vfioboot status --json
		run update dpkg -i /srv/packages+1/*.deb
		run version dpkg-query -W -f '${Version}\n' vfioboot
		run ready vfioboot status --json
	END
	bound
	exited update 0
	[[ $(said version) == *+1 ]]
	said ready | json_true '.ready != false and (.images | all(.state == "fresh"))'
	next_boot <<-END
		run status vfioboot status
		run json vfioboot status --json
		run purge dpkg --purge $3 vfioboot
		run after list_image
		find /etc /boot /usr /var -iname '*vfioboot*' ! -path '*vfioboot-test*' | sed 's/^/left /'
	END
	bound
	exited purge 0
	has '^extra after .*bin/modprobe'
	lacks '^extra after .*vfioboot'
	[ "$(said left)" = '' ]
	next_boot </dev/null
	native 01:00 bochs-drm
	native 02:00 bochs-drm
}

@test "bookworm: packages are installed, bind, are updated, and are purged without a trace" {
	packages_come_and_go bookworm initramfs-tools-host vfioboot-initramfs
}

@test "trixie: packages are installed, bind, are updated, and are purged without a trace" {
	packages_come_and_go trixie dracut-host vfioboot-dracut
}

@test "sid: packages are installed, bind, are updated, and are purged without a trace" {
	packages_come_and_go sid initramfs-tools-host vfioboot-initramfs
}

# A kernel that apt installs after apply: its image is made by the package's own scripts.
new_kernel() { # ROOT FLAVOUR
	local release
	installed "$1" "$2"
	next_boot <<-'END'
		rm -f /etc/dracut.conf.d/chroot.conf
		run add vfioboot add 00:04.0/00 --name second
		run apply vfioboot apply
		run install env DEBIAN_FRONTEND=noninteractive apt-get install --yes /srv/later/*.deb
		run status vfioboot status
		run json vfioboot status --json
	END
	exited apply 0
	exited install 0
	release=$(disk_list lib/modules | grep -vxF "$(cat "$image/kernel")")
	said json | json_true '.images | length == 2 and all(.state == "fresh")'
	next_boot "$release" <<-'END'
		uname -r
		run status vfioboot status
		run json vfioboot status --json
	END
	has "^extra ${release//+/\\+}\$"
	bound
}

@test "bookworm, initramfs-tools: a kernel that is installed after apply" {
	new_kernel bookworm-later initramfs-tools-host
}

@test "trixie, dracut: a kernel that is installed after apply" {
	new_kernel trixie-later dracut-host
}

# The power goes while the generator is at work: what is half written is no image.
@test "bookworm, initramfs-tools: the power goes in the middle of apply" {
	installed bookworm initramfs-tools-host
	next_boot <<-'END'
		run add vfioboot add 00:04.0/00 --name second
		vfioboot apply --full >/run/said &
		# Its hooks run, ours among them; after them it packs what they have put there.
		while ! ls /var/tmp/mkinitramfs_*/usr/lib/vfioboot/vfioboot-early 2>/dev/null; do sleep 0.2; done
		find /boot | sed 's/^/cut /'
	END
	exited add 0
	# The old image is kept, and the new one is not there yet.
	has '^extra cut /boot/[.].*[.]vfioboot-kept'
	next_boot <<-'END'
		run apply vfioboot apply
		run json vfioboot status --json
		find /boot -name '.*vfioboot*' | sed 's/^/left /'
	END
	exited apply 0
	said json | json_true '.images | length == 1 and all(.state == "fresh")'
	[ "$(said left)" = '' ]
}

# interrupted ROOT FLAVOUR: each image that is there after a kill is booted, of both ways to make it
interrupted() {
	local sum way
	second_gpu | overlay etc/vfioboot.conf.d/second.conf
	image "$1" "$2"
	mkdir "$BATS_TEST_TMPDIR/interrupted"
	for way in --full ''; do
		"$boot_dir/interrupt" "$image" "$BATS_TEST_TMPDIR/interrupted" "$way" \
			>"$BATS_TEST_TMPDIR/kills$way"
		echo "apply $way"
		cat "$BATS_TEST_TMPDIR/kills$way"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/kills$way")" -gt 2 ]
	done
	for sum in $(cut -d' ' -f3 "$BATS_TEST_TMPDIR"/kills* | sort -u); do
		initrd=$BATS_TEST_TMPDIR/interrupted/$sum
		twins
		boot
		driver 02:00.0 vfio-pci
		driver 02:00.1 vfio-pci
		native 01:00 bochs-drm
		has '^state running$'
	done
}

@test "bookworm, initramfs-tools: apply is killed before each rename and each command" {
	interrupted bookworm initramfs-tools-host
}

@test "trixie, dracut: apply is killed before each rename and each command" {
	interrupted trixie dracut-host
}
