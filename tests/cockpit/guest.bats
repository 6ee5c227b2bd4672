#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # what lib shares with the tests
#
# The page in Chromium, of a machine with two cards: a person logs in to Cockpit, reserves the second
# one, and updates the images, which initramfs-tools makes; loses the administrator's rights; and after the next boot
# takes all of it back. guest.py is the person.

load ../boot/lib

setup() {
	PATIENCE=$(patience 60)
	export PATIENCE
}

# What the guest runs once it is up: Cockpit on the network, until the person has finished.
serve_cockpit() { # <<COMMANDS, which are run before
	guest_script < <(
		echo '#!/bin/sh'
		echo "$run_function"
		cat
		cat <<-'END'
			mkdir -m 1777 /run/vfioboot-test
			interface=$(cd /sys/class/net && echo en* eth* | tr ' ' '\n' | grep -vF '*' | head -n 1)
			ip link set lo up
			ip link set "$interface" up
			ip address add 10.0.2.15/24 dev "$interface"
			ip route add default via 10.0.2.2
			id admin >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo admin
			echo admin:passthrough | chpasswd
			while [ ! -e /run/vfioboot-test/finished ]; do
				sleep 1
			done
			list_image | sed 's/^/image /'
			find /etc /var/lib -iname '*vfioboot*' ! -name 'vfioboot-test*' | sed 's/^/left /'
		END
	)
}

free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The guest boots with the image that its disk has, and the person does what guest.py calls PART.
next_boot() { # PART
	local port guest status=0
	port=$(free_port)
	from_disk
	twins
	qemu+=(-netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:9090"
		-device "virtio-net-pci,netdev=net,bus=pcie.0,addr=1d.0")
	BOOT_TIMEOUT=1200 boot >"$BATS_TEST_TMPDIR/boot" 2>&1 3>&- &
	guest=$!
	/usr/bin/python3 "$BATS_TEST_DIRNAME/guest.py" "$port" "$1" || status=$?
	# Without its word that it has finished the guest would wait until its time is over.
	[ "$status" = 0 ] || pkill -P "$guest"
	wait "$guest" || {
		cat "$BATS_TEST_TMPDIR/boot"
		status=1
	}
	dump=$BATS_TEST_TMPDIR/dump
	return "$status"
}

@test "guest: log in, reserve, update the images, limited access; bound; all taken back" {
	# Cockpit's own socket, without a certificate that the browser would have to know.
	overlay etc/cockpit/cockpit.conf <<-'END'
		[WebService]
		AllowUnencrypted = true
	END
	image cockpit initramfs-tools-host
	keep_disk
	serve_cockpit <<-'END'
		update-grub 2>/dev/null
	END
	next_boot reserve
	native 02:00 bochs-drm
	has '^extra image .*vfioboot-early'
	has '^extra left /etc/vfioboot.conf.d$'
	serve_cockpit </dev/null
	next_boot undo
	taken_untouched 02:00
	native 01:00 bochs-drm
	result initramfs 02:00.0 bound -
	has '^extra image .*bin/modprobe'
	lacks '^extra image .*vfioboot'
	lacks '^extra left /etc/vfioboot.conf.d'
}
