#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2120,SC2154 # what lib and loader share with the tests
#
# Machines that boot by their firmware and their real boot loader: entries that are chosen at
# the menu, a trial that works, and trials that don't, each of which ends with the normal entry.

load lib
load transfer
load loader

setup() {
	need_tools
	{
		second_gpu
		echo 'profile = passthrough'
	} | overlay etc/vfioboot.conf
}

# All is as it is without us.
normal_boot() {
	native 01:00 bochs-drm
	native 02:00 bochs-drm
	lacks '^function .*override=vfio-pci'
}

# The list for people has this kernel's "Passthrough", ready, and nothing else.
listed_as_ready() { # RELEASE
	has '^extra list passthrough .* \(Passthrough\)$'
	[ "$(sed -n 's/^extra list //p' "$dump" | awk '{ print $1, $2, $3 }' | uniq)" = \
		"$(printf '%s\n' 'ENTRY KERNEL STATE' "passthrough $1 ready")" ] ||
		fail "the list is not one of entries of $1 that are ready"
}

# The first boot adds the entries, the second is by "Passthrough", the third by the default, which
# also takes the entries away.
entries_work() {
	local cmdline
	# The menu was made in a guest without UEFI, which has an entry for its own settings.
	transfer_script <<-'END'
		update-grub 2>/dev/null
		sed 's/^/cmdline /' /proc/cmdline
		sha256sum /boot/grub/grub.cfg
		vfioboot entry add
		echo "entry add ended with $?"
		vfioboot entry list >/run/list
		echo "entry list ended with $?"
		sed 's/^/list /' /run/list
	END
	power_on_whole
	normal_boot
	has '^extra entry add ended with 0$'
	has '^extra entry list ended with 0$'
	listed_as_ready "$(cat "$image/kernel")"
	grep -E '^extra [0-9a-f]{64} ' "$dump" >"$BATS_TEST_TMPDIR/sums"
	cmdline=$(sed -n 's/^extra cmdline //p' "$dump")
	transfer_script <<<"sed 's/^/cmdline /' /proc/cmdline"
	power_on_whole choose '\*.*\(Passthrough\)'
	[ "$(sed -n 's/^extra cmdline //p' "$dump")" = "$cmdline vfioboot.profile=passthrough" ]
	taken_untouched 02:00
	native 01:00 bochs-drm
	transfer_script <<-'END'
		vfioboot entry remove
		echo "entry remove ended with $?"
		sha256sum /boot/grub/grub.cfg
	END
	power_on_whole
	normal_boot
	has '^extra entry remove ended with 0$'
	grep -E '^extra [0-9a-f]{64} ' "$dump" | diff - "$BATS_TEST_TMPDIR/sums"
}

# bats test_tags=shard:3
@test "GRUB, BIOS: Passthrough binds, the normal entry does not, and remove leaves no trace" {
	grub_disk
	twins_with_transfer
	entries_work
}

# bats test_tags=shard:3
@test "GRUB, UEFI: Passthrough binds, the normal entry does not, and remove leaves no trace" {
	need_tools ovmf
	grub_disk
	twins_with_transfer
	uefi
	entries_work
}

# bats test_tags=shard:3
@test "trixie's GRUB, UEFI: Passthrough binds, the normal entry does not; a trial that works" {
	need_tools ovmf
	grub_disk plain grub-trixie
	twins_with_transfer
	uefi
	entries_work
	boot_and_try
	trial_works
	normal_again 'Trial .*: confirmed: all its devices were bound'
}

# bats test_tags=shard:3
@test "GRUB, BIOS, LUKS root: Passthrough binds, the normal entry does not" {
	grub_disk luks
	twins_with_transfer
	entries_work
}

# GRUB can't clear a one-shot there: a trial that fails would come again.
# bats test_tags=shard:3
@test "GRUB, UEFI, btrfs root: Passthrough binds, the normal entry does not; no trial" {
	need_tools ovmf
	grub_disk btrfs
	twins_with_transfer
	uefi
	entries_work
	transfer_script <<-'END'
		cp /boot/grub/grubenv /run/grubenv
		cat /proc/cmdline
		vfioboot try
		echo "try ended with $?"
		cmp /run/grubenv /boot/grub/grubenv && ls /boot/grub/custom.cfg
	END
	power_on_whole
	normal_boot
	has '^extra .* rootflags=subvol=@rootfs '
	has '^extra vfioboot try: a trial is not safe with this GRUB: /boot/grub/grubenv is on btrfs'
	has '^extra try ended with 1$'
	has "^extra ls: .*custom.cfg.*No such file"
}

# The kernel package that the root has in store, and the one that it was made with; the
# distribution's scripts run for each.
# shellcheck disable=SC2016 # the guest's
change_kernels='
	export DEBIAN_FRONTEND=noninteractive
	install_later() {
		apt-get install --yes /srv/later/*.deb >/run/apt 2>&1 || cat /run/apt
	}
	purge() {
		apt-get purge --yes "linux-image-$1" linux-image-amd64 >/run/apt 2>&1 || cat /run/apt
	}
	list_as_json() {
		vfioboot entry list --json | tr -d "\\n" | sed "s/^/entries /"
		echo
	}
'

# entries_of RELEASE...: these kernels, and no others, have a "Passthrough" that is ready
entries_of() {
	# shellcheck disable=SC2016 # a variable of jq
	sed -n 's/^extra entries //p' "$dump" | json_true '
		(.entries | all(.state == "ready" and .entry == "passthrough")) and
		([.entries[].kernel] | unique) == ($ARGS.positional | sort)' --args "$@"
}

# A text as a regular expression that matches it; releases of kernels have dots and a '+'.
literally() {
	# shellcheck disable=SC2001,SC2016 # a pattern
	sed 's/[].[*+^$()|?{}\\]/\\&/g' <<<"$1"
}

# The other kernel that the guest has now, by its list of /lib/modules
later_kernel() {
	sed -nE 's/^extra ([0-9][^ ]*-rt-amd64)$/\1/p' "$dump" | grep .
}

# bats test_tags=shard:6
@test "GRUB, BIOS: kernels that come and go have both their entries" {
	local new old
	grub_disk
	twins_with_transfer
	old=$(cat "$image/kernel")
	transfer_script <<-END
		$change_kernels
		vfioboot entry add >/dev/null
		install_later
		ls /lib/modules
		list_as_json
		grep -o 'gnulinux-[^ ]*-advanced' /boot/grub/grub.cfg | sed 's/^/normal /'
	END
	BOOT_TIMEOUT=1200 power_on_whole
	normal_boot
	new=$(later_kernel)
	entries_of "$old" "$new"
	has "^extra normal gnulinux-$(literally "$old")-advanced"
	has "^extra normal gnulinux-$(literally "$new")-advanced"
	transfer_script <<-END
		$change_kernels
		uname -r | sed 's/^/runs /'
		cat /proc/cmdline
		purge $old
		list_as_json
		vfioboot entry remove
		sha256sum </boot/grub/grub.cfg
		grub-mkconfig 2>/dev/null | sha256sum
		grep -i passthrough /boot/grub/grub.cfg | sed 's/^/left /'
	END
	BOOT_TIMEOUT=1200 power_on_whole choose '\*.*\(Passthrough\)'
	has "^extra runs $(literally "$new")\$"
	has '^extra .* vfioboot.profile=passthrough'
	taken_untouched 02:00
	native 01:00 bochs-drm
	entries_of "$new"
	[ "$(grep -E '^extra [0-9a-f]{64} ' "$dump" | uniq -c | awk '{ print $1 }')" = 2 ]
	lacks '^extra left [^#]'
}

# What bootctl tells of the entries, and of the one that starts by itself. It prints an object a
# line, or in later versions an array of them.
# shellcheck disable=SC2016
list_boot='
	list_boot() {
		bootctl list --json=short | sed "s/^/$1 /"
		bootctl list --no-pager | grep -A 1 "(default)" | sed -n "s/.* id: /$1-default /p"
	}
'

# The entries of files, whose names end with EXTENSION, and not those that the loader makes itself
boot_list() { # NAME EXTENSION
	sed -n "s/^extra $1 //p" "$dump" | jq -s --arg extension "$2" 'flatten |
		map(select(.id | endswith($extension)) | {id, title, options}) | sort_by(.id)'
}

# The first boot adds the entries, the second is by "Passthrough" and installs a kernel, the third
# is by that kernel's normal entry, purges the old one and takes the entries away.
systemd_boot_works() { # EXTENSION [BEFORE-THE-SECOND-BOOT]
	local new old number entry
	old=$(cat "$image/kernel")
	transfer_script <<-END
		$list_boot
		list_boot before
		vfioboot entry add
		echo "entry add ended with \$?"
		list_boot with
		${2:-}
	END
	BOOT_TIMEOUT=600 power_on_whole
	normal_boot
	has '^extra entry add ended with 0$'
	# All that was there is as it was, and there is one more.
	boot_list before "$1" >"$BATS_TEST_TMPDIR/before"
	entry=$(jq -r 'if length == 1 then .[].id else "" end' "$BATS_TEST_TMPDIR/before")
	boot_list with "$1" | jq 'map(select(.title | contains("(Passthrough)") | not))' |
		diff "$BATS_TEST_TMPDIR/before" -
	boot_list with "$1" | json_true 'length == 2'
	has "^extra before-default $(literally "$entry")\$"
	has "^extra with-default $(literally "$entry")\$"
	number=$(sed -n 's/^extra with //p' "$dump" |
		jq -s 'flatten | map(.title | contains("(Passthrough)")) | index(true) + 1')
	transfer_script <<-END
		$change_kernels
		$list_boot
		cat /proc/cmdline
		install_later
		ls /lib/modules
		list_as_json
		list_boot with
	END
	BOOT_TIMEOUT=1800 power_on_whole choose_number "$number"
	has '^extra .* vfioboot.profile=passthrough'
	taken_untouched 02:00
	native 01:00 bochs-drm
	new=$(later_kernel)
	entries_of "$old" "$new"
	# What the running boot was asked for is in the new kernel's Passthrough alone.
	boot_list with "$1" | json_true 'length == 4 and all(
		(.title | contains("(Passthrough)")) ==
		(.options | tostring | contains("vfioboot.profile=passthrough")))'
	has "^extra with-default .*-$(literally "$new$1")\$"
	transfer_script <<-END
		$change_kernels
		$list_boot
		uname -r | sed 's/^/runs /'
		purge $old
		list_as_json
		vfioboot entry remove
		echo "entry remove ended with \$?"
		list_boot after
		ls -R /boot/efi /etc | grep -i passthrough | sed 's/^/left /'
	END
	BOOT_TIMEOUT=1800 power_on_whole
	normal_boot
	has "^extra runs $(literally "$new")\$"
	entries_of "$new"
	has '^extra entry remove ended with 0$'
	boot_list after "$1" | json_true 'length == 1 and
		(.[0].options | tostring | contains("vfioboot") | not)'
	has "^extra after-default .*-$(literally "$new$1")\$"
	has '^extra left 11_linux_passthrough$'
	lacks "^extra left .*$(literally "$1")\$"
}

# bats test_tags=shard:6
@test "systemd-boot, UEFI: Passthrough binds, the normal entry does not; kernels come and go" {
	need_tools ovmf
	sdboot_disk
	twins_with_transfer
	uefi
	# From the second boot on the plugin sees to it that the normal entries stay normal.
	systemd_boot_works .conf 'rm /etc/kernel/cmdline'
}

# bats test_tags=shard:6
@test "systemd-boot, UEFI, unified images: Passthrough binds, the normal image does not; kernels come and go" {
	need_tools ovmf
	uki_disk
	twins_with_transfer
	uefi
	systemd_boot_works .efi
}

# The first boot: by the normal entry, and then 'vfioboot try' is run, behind $before_try.
boot_and_try() { # [OPTION...]
	transfer_script <<-END
		${before_try:-}
		sha256sum /boot/grub/grub.cfg /boot/efi/loader/loader.conf 2>/dev/null
		vfioboot try $*
		echo "try ended with \$?"
		ls /boot/grub/custom.cfg /boot/efi/loader/entries 2>/dev/null
		vfioboot try --status
		grub-editenv - list 2>/dev/null
		bootctl list --no-pager 2>/dev/null
	END
	power_on_whole
	normal_boot
	has '^extra try ended with 0$'
	has '^extra Trial .* is the next boot, once:'
	grep -E '^extra [0-9a-f]{64} ' "$dump" >"$BATS_TEST_TMPDIR/sums"
}

# The boot after the trial: the normal entry again, nothing of the trial left in the loader, and
# a sentence about it that matches the extended regular expression
normal_again() { # PATTERN
	transfer_script <<-'END'
		sha256sum /boot/grub/grub.cfg /boot/efi/loader/loader.conf 2>/dev/null
		systemctl start vfioboot-settle.service
		vfioboot status
		cat /var/lib/vfioboot/trial/journal
		ls -d /boot/grub/custom.cfg /boot/efi/loader/entries/*trial* 2>/dev/null
		grub-editenv - list 2>/dev/null
		systemctl show -p ActiveState,Result,ConditionResult vfioboot-confirm.service | xargs
	END
	power_on_whole
	normal_boot
	grep -E '^extra [0-9a-f]{64} ' "$dump" | diff - "$BATS_TEST_TMPDIR/sums"
	has "^extra $1"
	lacks '^extra .*(custom.cfg|trial\.conf)$'
	lacks '^extra next_entry=.'
	has '^extra .*ConditionResult=no'
}

# The boot of the trial, which takes the card and tells all.
trial_works() {
	transfer_script <<-'END'
		/usr/lib/vfioboot-test/hold
		cat /proc/cmdline
		vfioboot status
		journalctl -b -o cat -u vfioboot-confirm.service
	END
	power_on_whole
	has '^extra .* vfioboot.profile=passthrough vfioboot.trial=[0-9-]+ panic=30 '
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^extra Trial .*: confirmed'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial that works is confirmed, and the boot after it is normal" {
	grub_disk
	twins_with_transfer
	boot_and_try
	trial_works
	normal_again 'Trial .*: confirmed: all its devices were bound'
	# It can be kept: the normal entry does it from the next image on.
	transfer_script <<-'END'
		vfioboot try --keep
	END
	power_on_whole
	has "^extra .*/etc/vfioboot.conf: remove 'profile = passthrough' below .device second-gpu. by hand"
}

# A unit that is at work in the trial alone: unit_of_trial COMMAND
unit_of_trial() {
	transfer_file etc/systemd/system/trial-test.service <<-END
		[Unit]
		ConditionKernelCommandLine=vfioboot.trial
		Before=multi-user.target

		[Service]
		Type=oneshot
		TimeoutStartSec=infinity
		ExecStart=/bin/sh -c '$1'
	END
	transfer_link ../trial-test.service \
		etc/systemd/system/multi-user.target.wants/trial-test.service
}

# The machine is reset, and not by the tests: they wait, should it come up.
trial_fails() {
	transfer_script <<<'/usr/lib/vfioboot-test/hold'
	power_on
	[ "$ended" = no ]
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial that panics comes back by itself, and the journal is kept" {
	grub_disk
	# The panic waits for what it is to be told by: the watch's note, and the journal on the disk,
	# where journald writes behind its answer.
	unit_of_trial 'echo the end is near; \
		until grep -q trial-test /var/lib/vfioboot/trial/state; do sleep 1; done; \
		journalctl --sync; sync; echo c >/proc/sysrq-trigger'
	twins_with_transfer
	boot_and_try
	trial_fails
	grep -a 'Kernel panic' "$console"
	grep -a 'Rebooting in 30 seconds' "$console"
	normal_again 'Trial .* failed \(ended\): .*until then: the system did not reach its default target'
	has '^extra .*the end is near'
	has '^extra   0000:02:00.0 second-gpu: bound'
}

# bats test_tags=shard:4
@test "systemd-boot, UEFI: a trial that works is confirmed, and the boot after it is normal" {
	need_tools ovmf
	sdboot_disk
	twins_with_transfer
	uefi
	boot_and_try
	trial_works
	normal_again 'Trial .*: confirmed: all its devices were bound'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial that hangs comes back by itself, and status says for what it waited" {
	TRIAL_SECONDS=40 grub_disk
	unit_of_trial 'sleep infinity'
	twins_with_transfer
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(not-up\): .*waiting for .*trial-test.service'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial whose PID 1 crashes comes back by itself" {
	grub_disk
	unit_of_trial 'sleep 12; kill -SEGV 1; sleep infinity'
	twins_with_transfer
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(ended\)'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial in which the display manager does not run comes back by itself" {
	local before_try='systemctl daemon-reload; systemctl start display-manager.service'
	TRIAL_SECONDS=40 grub_disk
	transfer_file etc/systemd/system/display-manager.service <<-END
		[Unit]
		ConditionKernelCommandLine=!vfioboot.trial

		[Service]
		ExecStart=/bin/sleep infinity
	END
	transfer_link ../display-manager.service \
		etc/systemd/system/graphical.target.wants/display-manager.service
	twins_with_transfer
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(display-manager\)'
}

# A machine with one card, which the trial takes
only_display() {
	overlay etc/vfioboot.conf <<-END
		[device only-gpu]
		path = 00:04.0/00
		profile = passthrough
		last-display = yes
	END
	TRIAL_SECONDS=$1 grub_disk
	machine
	root_disk
	card 4 VGA
	transfer_drive
	normal_boot() {
		native 01:00 bochs-drm
		lacks '^function .*override=vfio-pci'
	}
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial that takes the only display comes back by itself" {
	only_display 40
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(no-display\): the host has no display left'
	has '^extra   0000:01:00.0 only-gpu: bound'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial that takes the only display stays when a person confirms it" {
	only_display 90
	boot_and_try
	transfer_script <<-END
		vfioboot try --keep
		sleep $((trial_seconds + 10))
		vfioboot status
		systemctl show -p ActiveState,Result vfioboot-confirm.service | xargs
	END
	power_on_whole
	taken_untouched 01:00
	has '^extra Trial .* is confirmed by hand'
	has '^extra Trial .*: confirmed by hand'
	has '^extra .*ActiveState=inactive'
	normal_again 'Trial .*: confirmed by hand'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: add, apply, try, keep, apply: bound by the normal entry; undo takes a trial back" {
	# Nothing is configured.
	rm "$BATS_TEST_TMPDIR/overlay/etc/vfioboot.conf"
	grub_disk
	twins_with_transfer
	transfer_script <<-'END'
		vfioboot add 00:04.0/00 --name second --profile passthrough
		vfioboot apply
		vfioboot try
		echo "try ended with $?"
	END
	BOOT_TIMEOUT=1200 power_on_whole
	normal_boot
	has '^extra try ended with 0$'
	transfer_script <<-'END'
		/usr/lib/vfioboot-test/hold
		vfioboot try --keep
		echo "keep ended with $?"
		vfioboot apply
	END
	BOOT_TIMEOUT=1200 power_on_whole
	taken_untouched 02:00
	has '^extra keep ended with 0$'
	transfer_script <<-'END'
		vfioboot status
		sed 's/^/cmdline /' /proc/cmdline
		vfioboot remove second
		vfioboot add 00:04.0/00 --name second --profile passthrough
		vfioboot apply
		vfioboot try
		echo "try ended with $?"
		vfioboot undo
		echo "undo ended with $?"
		find /etc /boot /var/lib/vfioboot -iname '*vfioboot*' ! -name vfioboot-test.service |
			sed 's/^/left /'
		ls /boot/grub/custom.cfg
		grub-editenv - list
	END
	BOOT_TIMEOUT=1800 power_on_whole
	taken_untouched 02:00
	native 01:00 bochs-drm
	lacks '^extra cmdline .*vfioboot'
	has "^extra Its setting is permanent \('vfioboot try --keep'\)"
	has '^extra try ended with 0$'
	has '^extra Cancelled the trial of the next boot'
	has '^extra undo ended with 0$'
	has '^extra ls: .*custom.cfg.*No such file'
	lacks '^extra next_entry=.'
	transfer_script <<<'vfioboot status'
	power_on_whole
	normal_boot
}

# As for a passphrase that nobody can type: no panic, and no unit of the real root to watch.
# bats test_tags=shard:4
@test "GRUB, BIOS: a trial that waits in the initramfs for ever comes back by itself" {
	overlay_script etc/initramfs-tools/scripts/init-premount/wait <<-'END'
		#!/bin/sh
		[ "$1" != prereqs ] && grep -q vfioboot.trial= /proc/cmdline && sleep 100000
		exit 0
	END
	grub_disk
	twins_with_transfer
	boot_and_try
	BOOT_TIMEOUT=1200 trial_fails
	grep -a 'this trial found no root file system in time' "$console"
	normal_again 'Trial .* failed \(never-up\)'
}

# bats test_tags=shard:4
@test "GRUB, BIOS: a trial whose kernel panics before anything is mounted comes back by itself" {
	grub_disk
	twins_with_transfer
	# Without an initramfs to run, and without a driver for the root.
	boot_and_try --append rdinit=/nothing
	trial_fails
	grep -a 'Kernel panic' "$console"
	normal_again 'Trial .* failed \(never-up\)'
}
