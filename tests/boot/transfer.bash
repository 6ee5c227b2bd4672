# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what it shares with lib.bash and with the tests
#
# To and from guests whose file systems can't be written from here: a small disk without one. The
# guest unpacks the tar on it over its root at the end of each boot, and runs the step that is in
# it; it may leave another tar there. Loaded behind lib.

# What an image has to hold for it
transfer_opener() {
	overlay_script usr/lib/vfioboot-test/extra <<-'END'
		#!/bin/sh
		tar xf /dev/disk/by-id/virtio-transfer -C / && exec /usr/lib/vfioboot-test/step
	END
}

# Files that are sent, by their place below the guest's root:
# transfer_file PATH [MODE] <<CONTENT, transfer_link TARGET PATH
transfer_file() {
	mkdir -p "$BATS_TEST_TMPDIR/sent/$(dirname "$1")"
	cat >"$BATS_TEST_TMPDIR/sent/$1"
	chmod "${2:-644}" "$BATS_TEST_TMPDIR/sent/$1"
}

transfer_link() {
	mkdir -p "$BATS_TEST_TMPDIR/sent/$(dirname "$2")"
	ln -sfn "$1" "$BATS_TEST_TMPDIR/sent/$2"
}

# What the guest runs at the end of its next boot; what it prints is found in the dump behind the
# word "extra": transfer_script <<SCRIPT
transfer_script() {
	transfer_file usr/lib/vfioboot-test/step 755 < <(echo '#!/bin/sh' && cat)
	tar cf "$BATS_TEST_TMPDIR/transfer" -C "$BATS_TEST_TMPDIR/sent" --owner=0 --group=0 .
	truncate -s 256M "$BATS_TEST_TMPDIR/transfer"
}

# A machine gets it once; what is packed later is for its next boot.
transfer_drive() {
	qemu+=(-drive "file=$BATS_TEST_TMPDIR/transfer,if=none,id=transfer,format=raw,cache=unsafe"
		-device "virtio-blk-pci,drive=transfer,serial=transfer,bus=pcie.0,addr=1d.0")
}

# transfer_unpack DIRECTORY: what the guest has left there
transfer_unpack() {
	rm -rf "${1:?}"
	mkdir "$1"
	tar xf "$BATS_TEST_TMPDIR/transfer" -C "$1"
}
