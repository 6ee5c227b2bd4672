#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An initramfs image of two archives, a compressed one and behind it one that is not: the kernel unpacks
# both, as its Documentation/driver-api/early-userspace/buffer-format.rst has it, and it boots. What
# Debian brings to list images does not know the form. lsinitramfs of initramfs-tools 0.142 (Debian 12)
# lists nothing, not even the first archive, for whose decompressor it looks by testing the whole
# file; that of 0.148 (Debian 13) lists at most the first one, and ends with an error. "lsinitramfs does not
# show it" is no proof that the kernel does not get it, nor is its error one that the image is broken.
#
# Runs both in a temporary folder, and boots Debian 12's kernel with the image in QEMU; as root, with
# mmdebstrap, cpio, zstd and qemu-system-x86_64. Fails when one behaves in another way.
#
# Seen:
#     0.142+deb12u3   cpio: premature end of archive; exit 2
#     0.148.4         one (or nothing); zstd: /*stdin*\: unsupported format; unmkinitramfs: zstd failed; exit 1
#     6.1.0-50-amd64  init of the second archive has: of the first archive
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf --one-file-system "${work:?}"' EXIT

fail() {
	echo "changed: $*" >&2
	exit 1
}

archive() { # DIRECTORY
	(cd "$1" && find . -mindepth 1 -printf '%P\n' | sort | cpio -o -H newc --quiet)
}

make_root() { # SUITE PACKAGES
	mmdebstrap --quiet --variant=essential --mode=root --include="$2" "$1" "$work/$1"
}

make_root bookworm initramfs-tools-core,zstd,busybox-static
make_root trixie initramfs-tools-core,zstd
mmdebstrap --quiet --variant=extract --mode=root --include=linux-image-amd64 bookworm "$work/kernel"

mkdir -p "$work"/{first,second/{bin,dev}}
echo 'of the first archive' >"$work/first/one"
cp "$work/bookworm/bin/busybox" "$work/second/bin"
ln -s busybox "$work/second/bin/sh"
mknod "$work/second/dev/console" c 5 1
cat >"$work/second/init" <<'END'
#!/bin/sh
read -r line </one
echo "init of the second archive has: $line"
busybox mkdir /proc
busybox mount -t proc proc /proc
echo b >/proc/sysrq-trigger
END
chmod +x "$work/second/init"
archive "$work/first" | zstd -q >"$work/image"
# Uncompressed archives are seen at multiples of four alone.
truncate -s %4 "$work/image"
archive "$work/second" >>"$work/image"

list() { # SUITE
	cp "$work/image" "$work/$1/image"
	zcat "$work/$1"/usr/share/doc/initramfs-tools-core/changelog*.gz | sed -n 1p
	# shellcheck disable=SC2016 # for the shell inside
	unshare --mount sh -c 'mount -t tmpfs tmp "$0/tmp" && mount --bind /dev "$0/dev" &&
		exec chroot "$0" lsinitramfs /image' "$work/$1" >"$work/$1.list" 2>"$work/$1.errors"
}

expect() { # SUITE STATUS ERROR
	local status=0
	list "$1" || status=$?
	cat "$work/$1".{list,errors}
	[ "$status" = "$2" ] || fail "$1: exit $status"
	! grep -q init "$work/$1.list" || fail "$1 lists the second archive"
	grep -q "$3" "$work/$1.errors" || fail "$1 has another error"
}

expect bookworm 2 'premature end of archive'
expect trixie 1 'unsupported format'

timeout 300 qemu-system-x86_64 -accel tcg -m 512 -nodefaults -display none -no-reboot -serial stdio \
	-kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/image" \
	-append 'console=ttyS0 quiet panic=-1' >"$work/console" || true
grep 'init of the second archive' "$work/console" || fail "the kernel does not unpack both"
grep -q 'init of the second archive has: of the first archive' "$work/console" ||
	fail "the kernel does not unpack the first one"
echo 'as described'
