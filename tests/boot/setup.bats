#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2119,SC2154 # what lib and loader share with the tests
#
# `vfioboot setup` on machines where nothing is configured, by BIOS, GRUB and the real generator:
# what it was asked for is what the next boot does.

load lib
load transfer
load loader

setup() {
	need_tools
	grub_disk
	twins_with_transfer
}

# shellcheck disable=SC2016 # for the guest's shell
sums='
	sums() {
		find /boot /etc /var/lib/vfioboot -type f ! -name "initrd.img*" 2>/dev/null |
			sort | xargs sha256sum | sed "s/^/sum /"
	}
'

# bats test_tags=shard:1
@test "setup, unattended: the next boot binds the card, and undo leaves no trace" {
	# The menu was made in a guest that had other settings.
	transfer_script <<-END
		$sums
		update-grub 2>/dev/null
		sums
		vfioboot setup --yes --device 02:00 --when boot
		echo "setup ended with \$?"
	END
	power_on_whole
	native 02:00 bochs-drm
	has '^extra setup ended with 0$'
	has '^extra Write /etc/vfioboot.conf.d/gpu.conf ... done$'
	has "^extra The boot menu of GRUB has the entry '... \(no passthrough\)'\.$"
	sed -n 's/^extra sum //p' "$dump" >"$BATS_TEST_TMPDIR/before"
	grep -q /boot/grub/grub.cfg "$BATS_TEST_TMPDIR/before"
	transfer_script <<-END
		$sums
		vfioboot undo
		echo "undo ended with \$?"
		sums
	END
	power_on_whole
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^extra undo ended with 0$'
	# The file that was installed is moved away; vfioboot has not written it.
	sed -n 's/^extra sum //p' "$dump" | sed 's:/var/lib/vfioboot/undone/etc:/etc:' | sort -k 2 |
		diff <(sort -k 2 "$BATS_TEST_TMPDIR/before") -
}
