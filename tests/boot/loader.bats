#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2120,SC2154 # what lib and loader share with the tests
#
# Machines that boot by their firmware and their real boot loader: entries that are chosen at
# the menu, a trial that works, and trials that don't, each of which ends with the normal entry.

load lib
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

# The first boot adds the entries, the second is by "Passthrough", the third by the default, which
# also takes the entries away.
entries_work() {
	next_boot_does <<-'END'
		sha256sum /boot/grub/grub.cfg
		vfioboot entry add
		echo "entry add ended with $?"
		vfioboot entry list
	END
	power_on_whole
	normal_boot
	has '^extra entry add ended with 0$'
	grep -E '^extra [0-9a-f]{64} ' "$dump" >"$BATS_TEST_TMPDIR/sums"
	next_boot_does <<<'cat /proc/cmdline'
	power_on_whole choose '\*.*\(Passthrough\)'
	has '^extra .* vfioboot.profile=passthrough'
	taken_untouched 02:00
	native 01:00 bochs-drm
	next_boot_does <<-'END'
		vfioboot entry remove
		echo "entry remove ended with $?"
		sha256sum /boot/grub/grub.cfg
	END
	power_on_whole
	normal_boot
	has '^extra entry remove ended with 0$'
	grep -E '^extra [0-9a-f]{64} ' "$dump" | diff - "$BATS_TEST_TMPDIR/sums"
}

# bats test_tags=all
@test "GRUB, BIOS: Passthrough binds, the normal entry does not, and remove leaves no trace" {
	grub_disk
	twins
	entries_work
}

# bats test_tags=all
@test "GRUB, UEFI: Passthrough binds, the normal entry does not, and remove leaves no trace" {
	need_tools ovmf
	grub_disk
	twins
	uefi
	entries_work
}

# The first boot: by the normal entry, and then 'vfioboot try' is run.
boot_and_try() { # [OPTION...]
	next_boot_does <<-END
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
	has '^extra Trial .*: the next boot is it, once'
	grep -E '^extra [0-9a-f]{64} ' "$dump" >"$BATS_TEST_TMPDIR/sums"
}

# The boot after the trial: the normal entry again, nothing of the trial left in the loader, and
# a sentence about it that matches the extended regular expression
normal_again() { # PATTERN
	next_boot_does <<-'END'
		sha256sum /boot/grub/grub.cfg /boot/efi/loader/loader.conf 2>/dev/null
		systemctl start vfioboot-settle.service
		vfioboot try --status
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
	next_boot_does <<-'END'
		/usr/lib/vfioboot-test/hold
		cat /proc/cmdline
		vfioboot try --status
		journalctl -b -o cat -u vfioboot-confirm.service
	END
	power_on_whole
	has '^extra .* vfioboot.profile=passthrough vfioboot.trial=[0-9-]+ panic=30 '
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^extra Trial .*: confirmed'
}

# bats test_tags=all
@test "GRUB, BIOS: a trial that works is confirmed, and the boot after it is normal" {
	grub_disk
	twins
	boot_and_try
	trial_works
	normal_again 'Trial .*: confirmed: all its devices were bound'
	# It can be kept: the normal entry does it from the next image on.
	next_boot_does <<-'END'
		vfioboot try --keep
	END
	power_on_whole
	has "^extra .*/etc/vfioboot.conf: take 'profile = passthrough' out of it by hand"
}

# A unit that is at work in the trial alone: unit_of_trial COMMAND
unit_of_trial() {
	part_overlay etc/systemd/system/trial-test.service <<-END
		[Unit]
		ConditionKernelCommandLine=vfioboot.trial
		Before=multi-user.target

		[Service]
		Type=oneshot
		TimeoutStartSec=infinity
		ExecStart=/bin/sh -c '$1'
	END
	part_link ../trial-test.service \
		etc/systemd/system/multi-user.target.wants/trial-test.service
}

# The machine resets by itself, without having come up.
trial_fails() {
	power_on
	[ "$ended" = no ]
}

# bats test_tags=all
@test "GRUB, BIOS: a trial that panics comes back by itself, and the journal is kept" {
	grub_disk
	unit_of_trial 'echo the end is near; sleep 12; echo c >/proc/sysrq-trigger'
	twins
	boot_and_try
	trial_fails
	grep -a 'Kernel panic' "$console"
	grep -a 'Rebooting in 30 seconds' "$console"
	normal_again 'Trial .* failed \(ended\): .*until then: the system did not reach its default target'
	has '^extra .*the end is near'
	has '^extra   0000:02:00.0 second-gpu: bound'
}

# bats test_tags=all
@test "systemd-boot, UEFI: a trial that works is confirmed, and the boot after it is normal" {
	need_tools ovmf
	sdboot_disk
	twins
	uefi
	boot_and_try
	trial_works
	normal_again 'Trial .*: confirmed: all its devices were bound'
}

# bats test_tags=all
@test "GRUB, BIOS: a trial that hangs comes back by itself, and status says for what it waited" {
	TRIAL_SECONDS=40 grub_disk
	unit_of_trial 'sleep infinity'
	twins
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(not-up\): .*waiting for .*trial-test.service'
}

# bats test_tags=all
@test "GRUB, BIOS: a trial whose PID 1 crashes comes back by itself" {
	grub_disk
	unit_of_trial 'sleep 12; kill -SEGV 1; sleep infinity'
	twins
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(ended\)'
}

# bats test_tags=all
@test "GRUB, BIOS: a trial that takes the only display comes back by itself" {
	overlay etc/vfioboot.conf <<-END
		[device only-gpu]
		path = 00:04.0/00
		profile = passthrough
		last-display = yes
	END
	TRIAL_SECONDS=40 grub_disk
	machine
	root_disk
	card 4 VGA
	normal_boot() {
		native 01:00 bochs-drm
		lacks '^function .*override=vfio-pci'
	}
	boot_and_try
	trial_fails
	normal_again 'Trial .* failed \(no-display\): the host has no display left'
	has '^extra   0000:01:00.0 only-gpu: bound'
}

# bats test_tags=all
@test "GRUB, BIOS: a trial whose kernel panics before anything is mounted comes back by itself" {
	grub_disk
	twins
	# Without an initramfs to run, and without a driver for the root.
	boot_and_try --append rdinit=/nothing
	trial_fails
	grep -a 'Kernel panic' "$console"
	normal_again 'Trial .* failed \(never-up\)'
}
