#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virsh dumpxml, and define of what it printed: the next dumpxml prints another text. Controllers that
# libvirt has added to a definition are in another order once it has read them itself. So a definition
# that was restored from a backup differs from the backup, though nothing was changed; from then on it
# stays as it is. Whoever compares the two takes that for a change by somebody else.
#
# Runs libvirtd without KVM in a temporary root directory, as root (name spaces, chroot); needs mmdebstrap.
# Fails when it behaves in another way.
#
# Seen with 9.0.0-4+deb12u2 (Debian 12): virtio-serial is before the root ports, then behind them.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf --one-file-system "${work:?}"' EXIT

mmdebstrap --quiet --variant=apt --mode=root --aptopt='Apt::Install-Recommends "false"' \
	--include=libvirt-daemon-system,libvirt-clients,qemu-system-x86 "${1:-bookworm}" "$work/root"
cat >"$work/root/guest.xml" <<-'END'
	<domain type='qemu'>
	  <name>guest</name>
	  <memory unit='MiB'>64</memory>
	  <os><type arch='x86_64' machine='q35'>hvm</type></os>
	  <devices>
	    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
	  </devices>
	</domain>
END
# shellcheck disable=SC2016 # for the shell inside
unshare --mount --pid --fork --kill-child sh -c '
	cd "$0" && mount -t proc proc proc && mount -t sysfs -o ro sys sys && mount --bind /dev dev &&
	mount -t tmpfs tmpfs run && exec chroot . sh -c "
		libvirtd --daemon >/dev/null 2>&1
		for n in 1 2 3 4 5 6 7 8 9; do virsh list >/dev/null 2>&1 && break; sleep 1; done
		virsh define guest.xml >/dev/null
		for n in 1 2 3; do
			virsh dumpxml guest >dump.\$n
			virsh define dump.\$n >/dev/null
		done"' "$work/root"

fail() {
	echo "changed: $*" >&2
	exit 1
}

cd "$work/root"
[ -s dump.1 ] || fail "there is no definition"
! cmp -s dump.1 dump.2 || fail "the definition stays as it is"
cmp -s <(sort dump.1) <(sort dump.2) || fail "more than the order of the lines changes"
cmp -s dump.2 dump.3 || fail "it changes again the next time"
echo "as described:"
diff dump.1 dump.2 || true
