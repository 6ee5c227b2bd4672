#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2154 # what lib and loader share with the tests
#
# Kernel parameters that are written for good: the next boot by the real boot loader has them, and
# nothing is left of them afterwards.

load lib
load transfer
load loader

setup() {
	need_tools
	second_gpu | overlay etc/vfioboot.conf
}

# Debian's kernels need no parameter for the IOMMU, so one is asked for that shows in the next boot.
# bats test_tags=shard:5
@test "GRUB, BIOS: cmdline --apply is in the next boot, and --remove leaves no trace" {
	grub_disk
	twins_with_transfer
	# The menu was made in a guest that had other settings.
	transfer_script <<-'END'
		update-grub 2>/dev/null
		sha256sum /boot/grub/grub.cfg /etc/default/grub
		ls -A /etc/default/grub.d 2>/dev/null | sed 's/^/dropin /'
		vfioboot cmdline --apply --yes
		echo "needless apply ended with $?"
		vfioboot cmdline --apply --host-dma-speed --yes
		echo "apply ended with $?"
		vfioboot cmdline --apply --host-dma-speed --yes
		echo "second apply ended with $?"
		grep -c iommu.passthrough=1 /etc/default/grub.d/vfioboot.cfg | sed 's/^/written /'
	END
	power_on_whole
	has '^extra Nothing to do: this machine needs no kernel parameter that this boot does not have\.$'
	has '^extra needless apply ended with 0$'
	has '^extra The normal entries have iommu.passthrough=1\.$'
	has '^extra apply ended with 0$'
	has '^extra second apply ended with 0$'
	has '^extra Nothing to do: the normal entries have iommu.passthrough=1\.'
	has '^extra written 1$'
	grep -E '^extra ([0-9a-f]{64}|dropin) ' "$dump" >"$BATS_TEST_TMPDIR/before"
	transfer_script <<-'END'
		sed 's/^/cmdline /' /proc/cmdline
		dmesg | grep -i 'default domain type' | sed 's/^/log /'
		grep -c 'iommu.passthrough=1' /boot/grub/grub.cfg | sed 's/^/entries /'
		grep 'single.*iommu.passthrough=1' /boot/grub/grub.cfg | sed 's/^/recovery /'
		vfioboot cmdline --remove
		echo "remove ended with $?"
		sha256sum /boot/grub/grub.cfg /etc/default/grub
		ls -A /etc/default/grub.d 2>/dev/null | sed 's/^/dropin /'
		ls /var/lib/vfioboot/cmdline
	END
	power_on_whole
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^extra cmdline .* iommu.passthrough=1$'
	has '^extra log .*Passthrough'
	lacks '^extra recovery '
	has '^extra remove ended with 0$'
	has '^extra ls: .*/var/lib/vfioboot/cmdline.*No such file'
	grep -E '^extra ([0-9a-f]{64}|dropin) ' "$dump" | diff - "$BATS_TEST_TMPDIR/before"
	transfer_script <<<"sed 's/^/cmdline /' /proc/cmdline"
	power_on_whole
	has '^extra cmdline '
	lacks 'iommu.passthrough=1'
}
