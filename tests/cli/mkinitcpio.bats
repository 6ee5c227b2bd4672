#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The drop-in that puts our hook into mkinitcpio's HOOKS, which sources it more than once.
# bats file_tags=plain

dropin=$BATS_TEST_DIRNAME/../../mkinitcpio/mkinitcpio.conf.d/vfioboot.conf

hooks() { # HOOK...: prints what becomes of them
	HOOKS=("$@")
	for _ in once again; do
		# shellcheck source=mkinitcpio/mkinitcpio.conf.d/vfioboot.conf
		. "$dropin"
	done
	echo "${HOOKS[*]}"
}

@test "behind systemd" {
	[ "$(hooks base systemd autodetect kms block)" = "base systemd vfioboot autodetect kms block" ]
}

@test "before udev" {
	[ "$(hooks base udev autodetect kms)" = "base vfioboot udev autodetect kms" ]
}

@test "last without either" {
	[ "$(hooks base block)" = "base block vfioboot" ]
}

@test "where its owner put it" {
	[ "$(hooks base vfioboot systemd udev)" = "base vfioboot systemd udev" ]
}

@test "nothing is left behind in the configuration" {
	hooks base udev
	[ -z "${_vfioboot_hooks+set}" ]
}
