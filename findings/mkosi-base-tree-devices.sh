#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mkosi copies a base tree (BaseTrees=) with cp --copy-contents, which opens a FIFO or a device to read
# it in place of making another one. A tree that mmdebstrap or debootstrap made as root has /dev/console: the
# build waits for ever for what somebody types there, at the line "Copying in base trees…" and without
# any use of the processor; /dev/zero would fill the disk. An empty /dev is enough for an image.
#
# Makes a root of Debian 13 with mkosi in a temporary folder, and a base tree with a FIFO in it; as root,
# with mmdebstrap. Fails when mkosi does not wait for the FIFO, or not go on with what is written to it.
#
# Seen with 25.3-7: "Copying in base trees…", 20 seconds later still cp --copy-contents; once something
# was written to the FIFO it went on, to an image in which that is the content of a plain file.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf --one-file-system "${work:?}"' EXIT

fail() {
	echo "changed: $*" >&2
	exit 1
}

mmdebstrap --quiet --variant=essential --mode=root --aptopt='Apt::Install-Recommends "false"' \
	--include=mkosi,systemd-container,bubblewrap,apt trixie "$work/tools"
chroot "$work/tools" mkosi --version
mkdir -p "$work"/tools/mnt/{tree/usr/lib,tree/etc,out,cache}
cp "$work/tools/usr/lib/os-release" "$work/tools/mnt/tree/usr/lib/"
mkfifo "$work/tools/mnt/tree/pipe"

# The root is the one of its name space: mkosi makes others below it.
# shellcheck disable=SC2016 # for the shell inside
unshare --mount --propagation private --pid --fork --kill-child sh -c 'mount --bind "$0" "$0" && cd "$0" &&
	mount -t proc proc proc && mount -t sysfs sys sys && mount --rbind /dev dev && mount -t tmpfs tmp tmp &&
	mkdir tmp/old && pivot_root . tmp/old && cd /mnt && umount -l /tmp/old &&
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp mkosi --directory= --distribution=debian --release=trixie \
		--format=directory --base-tree=/mnt/tree --bootable=no --cache-only=always --with-network=no \
		--package-cache-dir=/mnt/cache --output-directory=/mnt/out --output=image build' \
	"$work/tools" >"$work/log" 2>&1 &
mkosi=$!
for ((i = 0; i < 120; i++)); do
	grep -q 'Copying in base trees' "$work/log" && break
	sleep 1
done
sleep 20
cat "$work/log"
kill -0 "$mkosi" 2>/dev/null || fail "it does not wait"
[[ $(tail -n 1 "$work/log") == *'Copying in base trees'* ]] || fail "it waits elsewhere"
timeout 10 tee "$work/tools/mnt/tree/pipe" <<<something || fail "nobody reads the FIFO"
wait "$mkosi" || { cat "$work/log"; fail "it does not go on"; }
[ -f "$work/tools/mnt/out/image/pipe" ] || fail "the FIFO did not become a file"
[ "$(cat "$work/tools/mnt/out/image/pipe")" = something ] || fail "that file has something else"
echo 'as described'
