#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot_tree.bash TREE COPY: what vfioboot answers of a tree of tests/boot-trees, of a copy of its
# files.  Never sourced: bats' debug trap makes loops slow.
#
# TREE/images has the files that the copy gets, for build/tests/bootfiles: kernels, and images:
#	starts ...	the default entry starts it
#	guess ...	it is not started, though its name or its generator may make believe so
set -u

top=$(realpath "${BASH_SOURCE%/*}/../..")
vfioboot=${VFIOBOOT:-$top/build/vfioboot} early=${EARLY:-$top/build/vfioboot-early}
tree=$1 root=$2

# images WORD [+us]: makes those images, without or with what belongs in one today
images() {
	sed -nE "s/^$1 (image|unified) ([^ ]+)/\1 \2${2-}/p" "$tree/images" |
		"$top/build/tests/bootfiles" "$root"
}

points() {
	"$vfioboot" check --root "$root" --json 2>/dev/null |
		jq -r '.checks[] | select(.name == "boot-loader" or .name == "image") |
			"\(.name) \(.state): \(.found)"'
}

# Who makes the images, and what was not done; devices are not there.
steps() {
	"$vfioboot" apply --dry-run --root "$root" 2>&1 | sed -n -e "s|$root||g" -e '/^run \|^copy /p' \
		-e '/warning: cannot \(find out\|read the PCI\)\|will be refused/d' -e 's/^vfioboot apply: //p'
}

ready() {
	"$vfioboot" status --root "$root" --json 2>/dev/null |
		jq -r '"ready: \(.ready)", (.entries[] | select(.default) | "the default entry is \(.state)")'
	points | sed -n 's/^image \(pass\|fail\|unknown\): .*/\1/p' | sort -u | paste -sd ' ' | sed 's/^/check: /'
}

rm -rf "${root:?}"
cp -r "$tree/root" "$root"
for hook in lib/dracut/modules.d/50vfioboot/module-setup.sh share/initramfs-tools/hooks/vfioboot lib/initcpio/install/vfioboot; do
	install -D -m 755 /dev/null "$root/usr/$hook"
done
mkdir -p "$root/usr/lib/vfioboot"
cp "$early" "$root/usr/lib/vfioboot/"
grep '^kernel ' "$tree/images" | "$top/build/tests/bootfiles" "$root"
points
echo
echo 'With images of before, and a new one that is not started:'
images starts
images guess +us
steps
ready
echo
echo 'With new images:'
images guess
images starts +us
ready
"$vfioboot" cmdline --explain --root "$root" 2>/dev/null | sed -n 's/^with /parameters: with /p'
