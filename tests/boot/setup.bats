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
	sed -n 's/^extra sum //p' "$dump" | diff "$BATS_TEST_TMPDIR/before" -
}

# answer QUESTION ANSWER: types it when the serial console asks that
answer() {
	local until=$((SECONDS + $(patience 300)))
	while ((SECONDS < until)); do
		sleep 0.5
		tail -n 1 "$console" | grep -aq "$1" || continue
		press "$2\\r"
		return
	done
	echo "It was never asked: $1; the console ends with:"
	tail -n 30 "$console"
	return 1
}

answers() {
	answer 'Which card is for a guest? \[1\]' '' &&
		answer 'When is it for a guest?' 2 &&
		answer 'Continue?' y &&
		answer 'a trial of it' y &&
		answer 'Reboot now?' n
}

# bats test_tags=shard:1
@test "setup, by dialogue on a serial line: an entry of the menu, and the next boot is its trial" {
	transfer_script <<-'END'
		update-grub 2>/dev/null
		vfioboot setup </dev/ttyS0 >/dev/ttyS0 2>&1
		echo "setup ended with $?"
		vfioboot entry list
	END
	power_on_whole answers
	native 02:00 bochs-drm
	has '^extra setup ended with 0$'
	has '^extra passthrough .* ready '
	transfer_script <<-'END'
		/usr/lib/vfioboot-test/hold
		vfioboot status
	END
	power_on_whole
	taken_untouched 02:00
	native 01:00 bochs-drm
	has '^extra Trial .*confirmed'
}
