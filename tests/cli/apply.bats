#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process of its own; run sets these
#
# `vfioboot apply` and `vfioboot undo` on another machine's files: what would be done, and why. What
# is done then, and undone, is in the unit test apply and in apply_run.bats; real generators run in the
# boot tests alone.

bats_require_minimum_version 1.5.0

load host
load ../lib/programs

setup() {
	programs
}

configured_host() {
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
	put etc/vfioboot.conf <<-'END'
		[device second-gpu]
		path = 00:01.1/00
		expect = 2
	END
}

apply() {
	"$vfioboot" apply --dry-run --root "$host" "$@"
}

undo() {
	"$vfioboot" undo --dry-run --root "$host" "$@"
}

# Every file of the host with its content: nothing of it may change.
sum_of_host() {
	(cd "$host" && find . -type f -path './[be]*' -print0 | sort -z | xargs -0 sha256sum
		find . | sort)
}

# The image is not what it should be, and this is found.
is_extended() {
	run -0 --separate-stderr apply
	[[ $output == *"copy /boot/initrd.img-$release to /boot/.initrd.img-$release.vfioboot-new and extend it"* ]]
	run -0 --separate-stderr apply --full
	[[ $output == *"run update-initramfs -u -k $release"* ]]
}

# bats test_tags=slow
@test "the steps, in order, and nothing is changed" {
	configured_host
	host_image
	echo '# newer' >>"$host/etc/vfioboot.conf"
	before=$(sum_of_host)
	run -0 --separate-stderr apply
	[ -z "$stderr" ]
	[ "$output" = "write /etc/vfioboot.protect
keep /boot/initrd.img-$release as /boot/.initrd.img-$release.vfioboot-kept
copy /boot/initrd.img-$release to /boot/.initrd.img-$release.vfioboot-new and extend it
check /boot/.initrd.img-$release.vfioboot-new
rename /boot/.initrd.img-$release.vfioboot-new to /boot/initrd.img-$release
remove /boot/.initrd.img-$release.vfioboot-kept
At the next boot 2 functions will be bound, 0 refused; 'vfioboot plan' shows them." ]
	run -0 --separate-stderr apply --full
	[ "$output" = "write /etc/vfioboot.protect
keep /boot/initrd.img-$release as /boot/.initrd.img-$release.vfioboot-kept
run update-initramfs -u -k $release
check /boot/initrd.img-$release
remove /boot/.initrd.img-$release.vfioboot-kept
At the next boot 2 functions will be bound, 0 refused; 'vfioboot plan' shows them." ]
	[ "$(sum_of_host)" = "$before" ]
}

@test "a kernel without an image gets one" {
	configured_host
	run -0 --separate-stderr apply
	[ "$output" = "write /etc/vfioboot.protect
run update-initramfs -c -k $release
check /boot/initrd.img-$release
At the next boot 2 functions will be bound, 0 refused; 'vfioboot plan' shows them." ]
}

@test "nothing to do where all is up to date" {
	configured_host
	host_image
	"$vfioboot" protect --root "$host" >"$host/etc/vfioboot.protect"
	run -0 --separate-stderr apply
	[ "${lines[0]}" = 'Nothing to do: every image is up to date.' ]
	[ "${#lines[@]}" = 2 ]
}

@test "an image of another configuration or list gets today's behind it, one of another program is rebuilt" {
	configured_host
	host_image
	"$vfioboot" protect --root "$host" >"$host/etc/vfioboot.protect"
	echo >>"$host/usr/lib/vfioboot/vfioboot-early"
	run -0 --separate-stderr apply
	[[ $output == *"run update-initramfs -u -k $release"* ]]
	cp "$early" "$host/usr/lib/vfioboot/vfioboot-early"
	mkdir "$host/etc/vfioboot.conf.d"
	echo '# more' >"$host/etc/vfioboot.conf.d/more.conf"
	is_extended
	rm "$host/etc/vfioboot.conf.d/more.conf"
	sed -i 's|/boot/efi|/srv|' "$host/proc/self/mountinfo"
	run -0 --separate-stderr apply
	# What is protected is the same; only why it is reads otherwise.
	[ "${lines[0]}" = 'write /etc/vfioboot.protect' ]
	[ "${#lines[@]}" = 2 ]
}

# bats test_tags=slow
@test "images of all compressions are looked into" {
	configured_host
	host_image
	"$vfioboot" protect --root "$host" >"$host/etc/vfioboot.protect"
	image=$host/boot/initrd.img-$release
	gzip -dc "$image" >"$BATS_TEST_TMPDIR/plain"
	# As the generators call them: the kernel reads the old format of lz4 alone.
	for program in cat gzip 'xz --check=crc32' lzma zstd bzip2 'lz4 -l' lzop; do
		$program <"$BATS_TEST_TMPDIR/plain" >"$image"
		run -0 --separate-stderr apply
		[ "${lines[0]}" = 'Nothing to do: every image is up to date.' ]
	done
	head -c 1000 "$BATS_TEST_TMPDIR/plain" >"$image"
	run -0 --separate-stderr apply
	[[ $output == *"run update-initramfs -u -k $release"* ]]
}

@test "errors of the configuration: file and line are named, and nothing is done" {
	configured_host
	printf '[device a]\npath = nonsense\n' >>"$host/etc/vfioboot.conf"
	run -1 --separate-stderr apply
	[ -z "$output" ]
	[[ $stderr == 'vfioboot apply: /etc/vfioboot.conf:5: bad path'* ]]
	[[ $stderr == *'nothing was changed; correct this'* ]]
}

@test "what will be refused is reported, and the rest goes on" {
	configured_host
	printf '[device disk]\npath = 00:1d.0/00\n' >>"$host/etc/vfioboot.conf"
	run -0 --separate-stderr apply
	[[ $stderr == 'vfioboot apply: warning: disk 0000:03:00.0 will be refused: '* ]]
	[[ $output == *"run update-initramfs -c -k $release"* ]]
	[[ $output == *'2 functions will be bound, 1 refused;'* ]]
}

@test "two generators, and nothing shows which" {
	configured_host
	put usr/bin/dracut </dev/null
	run -1 --separate-stderr apply
	[ -z "$output" ]
	[[ $stderr == *'dracut and initramfs-tools are installed'*'/etc/kernel/install.conf'* ]]
	put etc/kernel/install.conf <<<initrd_generator=dracut
	put usr/lib/dracut/modules.d/50vfioboot/module-setup.sh </dev/null
	put etc/debian_version <<<13.1
	run -0 --separate-stderr apply
	[[ $output == *"run dracut --force $host/boot/.initrd.img-$release.vfioboot-new $release"* ]]
}

@test "the hook of vfioboot is not installed: no image is made" {
	configured_host
	rm "$host/usr/share/initramfs-tools/hooks/vfioboot"
	run -1 --separate-stderr apply
	[ -z "$output" ]
	[[ $stderr == *'initramfs-tools builds the images, and its hook of vfioboot is missing'* ]]
	[[ $stderr == *"hooks/vfioboot); install the package vfioboot-initramfs, or run 'make install' again"* ]]
	# To take it out of them needs no hook.
	run -0 undo
}

@test "no generator, no kernel" {
	configured_host
	rm "$host/usr/sbin/mkinitramfs"
	run -1 --separate-stderr apply
	[[ $stderr == *'no generator of initramfs images is installed'* ]]
	put usr/sbin/mkinitramfs </dev/null
	rm "$host/boot/vmlinuz-$release"
	run -1 --separate-stderr apply
	[[ $stderr == *'no installed kernel was found'*'is /boot mounted?'* ]]
}

@test "a tree of which nothing can be traced" {
	configured_host
	rm -r "${host:?}/proc/self/mountinfo"
	run -0 --separate-stderr apply
	[[ $stderr == *'warning: cannot find out from these files what the machine uses itself'* ]]
	[[ $output != *vfioboot.protect* ]]
	[[ $output == *"run update-initramfs -c -k $release"* ]]
}

@test "only this machine is changed, and only by root" {
	configured_host
	for command in apply undo; do
		run -2 --separate-stderr "$vfioboot" "$command" --root "$host"
		[[ $stderr == *'only this machine can be changed; add --dry-run'* ]]
		run -2 --separate-stderr "$vfioboot" "$command" operand
		[[ $stderr == *"unexpected argument 'operand'"* ]]
	done
	[ "$(id -u)" = 0 ] || {
		run -1 --separate-stderr "$vfioboot" apply
		[ "$stderr" = 'vfioboot apply: this needs root; run it with sudo' ]
	}
}

@test "undo: what add wrote is removed, the rest is moved, and images are made without us" {
	configured_host
	host_image
	put etc/vfioboot.conf.d/gpu.conf <<-'END'
		# Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it.
		[device gpu]
		path = 00:01.0/00
	END
	put etc/vfioboot.conf.d/own.conf <<<'# mine'
	put etc/vfioboot.protect </dev/null
	before=$(sum_of_host)
	run -0 --separate-stderr undo
	[ -z "$stderr" ]
	[ "$output" = "remove /etc/vfioboot.conf.d/gpu.conf
move /etc/vfioboot.conf.d/own.conf to /var/lib/vfioboot/undone/etc/vfioboot.conf.d/own.conf
move /etc/vfioboot.conf to /var/lib/vfioboot/undone/etc/vfioboot.conf
remove /etc/vfioboot.protect
keep /boot/initrd.img-$release as /boot/.initrd.img-$release.vfioboot-kept
run update-initramfs -u -k $release
check /boot/initrd.img-$release
remove /boot/.initrd.img-$release.vfioboot-kept
remove the directory /etc/vfioboot.conf.d if it is empty" ]
	[ "$(sum_of_host)" = "$before" ]
}

@test "apply says when the entries of the boot menu no longer fit" {
	configured_host
	printf 'no-passthrough\tno passthrough\tvfioboot.off\n' >"$host/etc/vfioboot.entries"
	run -0 --separate-stderr apply
	[ -z "$stderr" ]
	printf 'passthrough\tPassthrough\tvfioboot.profile=x\n' >"$host/etc/vfioboot.entries"
	run -0 --separate-stderr apply
	[[ $stderr == *"outdated entries; run 'sudo vfioboot entry add'" ]]
	: >"$host/etc/vfioboot.conf"
	run -0 --separate-stderr apply
	[[ $stderr == *"no device is configured for a boot; run 'sudo vfioboot entry remove'" ]]
}

@test "undo where there is nothing" {
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
	rm -rf "${host:?}"/etc/vfioboot*
	(cd "$BATS_TEST_TMPDIR" && mkdir -p plain/conf && touch plain/conf/initramfs.conf &&
		cd plain && find . | cpio -o -H newc --quiet) >"$host/boot/initrd.img-$release"
	run -0 --separate-stderr undo
	[ "$output" = 'Nothing to do: nothing is configured, and no image contains vfioboot.' ]
	# An image that is missing is not built.
	mv "$host/boot/initrd.img-$release" "$BATS_TEST_TMPDIR/"
	run -0 --separate-stderr undo
	[ "$output" = 'Nothing to do: nothing is configured, and no image contains vfioboot.' ]
	mv "$BATS_TEST_TMPDIR/initrd.img-$release" "$host/boot/"
	# Entries alone are something.
	printf 'passthrough\tPassthrough\tvfioboot.profile=x\n' >"$host/etc/vfioboot.entries"
	run -0 --separate-stderr undo --dry-run
	[[ ${lines[0]} == 'Would remove the entries of vfioboot from the boot menu'* ]]
	[ "${lines[1]}" = 'Nothing else to do: nothing is configured, and no image contains vfioboot.' ]
	rm "$host/etc/vfioboot.entries"
	# Those that were made by hand are not seen.
	mv "$host/boot/grub" "$BATS_TEST_TMPDIR/"
	touch "$host/boot/refind_linux.conf"
	run -0 --separate-stderr undo --dry-run
	[[ $stderr == *"does not read the menu of rEFInd; delete the lines with 'vfioboot.' in /boot/refind_linux.conf by hand" ]]
	rm "$host/boot/refind_linux.conf"
	mv "$BATS_TEST_TMPDIR/grub" "$host/boot/"
	# Nor does apply have anything to do then.
	run -0 --separate-stderr apply
	[ "${lines[0]}" = 'Nothing to do: every image is up to date.' ]
	[ "${lines[1]}" = 'At the next boot no function is bound: none is configured.' ]
}

@test "undo names what a package has configured" {
	configured_host
	host_image
	put usr/lib/vfioboot.conf.d/vendor.conf <<<'# of a package'
	run -0 --separate-stderr undo
	[[ $stderr == *'/usr/lib/vfioboot.conf.d/vendor.conf stays'*'remove the package'* ]]
}

@test "undo takes no entry away where it could not begin" {
	configured_host
	host_image
	put etc/vfioboot.entries </dev/null
	run -0 --separate-stderr undo
	[[ ${lines[-1]} == 'Would remove the entries of vfioboot from the boot menu; '* ]]
	rm "$host/usr/sbin/mkinitramfs"
	run -1 --separate-stderr undo
	[ -z "$output" ]
	[[ $stderr == *'no generator of initramfs images is installed'* ]]
}

@test "a /boot that is not mounted gets no image" {
	configured_host
	put etc/fstab <<-'END'
		UUID=1 / ext4 defaults 0 1
		UUID=2 /boot ext4 noauto 0 2
	END
	for command in apply undo; do
		[ "$command" = apply ] || host_image
		run -1 --separate-stderr "$command"
		[[ $stderr == *'/boot is in /etc/fstab but not mounted, and images belong there; mount it; nothing was changed' ]]
	done
	sed -i '$a 29 28 259:3 / /boot rw,relatime - ext4 /dev/nvme0n1p3 rw' "$host/proc/self/mountinfo"
	run -0 --separate-stderr apply
	[ -z "$stderr" ]
}
