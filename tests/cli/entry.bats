#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # inner shells; run sets output and stderr
#
# `vfioboot entry`: the entries in the menus of the boot loaders, as texts.  tests/boot-trees has
# a folder a loader: the files of a machine, and, where these are all texts, in `expected` what
# `entry add --dry-run` says of it.

bats_require_minimum_version 1.5.0

load machine

machine=0123456789abcdef0123456789abcdef

# tree_of NAME: a copy of a machine's files, in $tree, in place of the one before
tree_of() {
	rm -rf "${tree:?}" "${work:?}/before"
	cp -r "$top/tests/boot-trees/$1/root" "$tree"
	cp -r "$tree" "$work/before"
}

entry() {
	"$vfioboot" entry "$@" --root "$tree"
}

# configure WHEN [PROFILE...]: a section for each profile; "-" for none
configure() {
	printf '[boot]\nwhen = %s\n' "$1" >"$tree/etc/vfioboot.conf"
	shift
	: >"$tree/etc/vfioboot.conf.d/gaming-gpu.conf"
	local profile n=0
	for profile; do
		n=$((n + 1))
		printf '[device d%d]\nid = 10de:220%d\n' "$n" "$n"
		[ "$profile" = - ] || echo "profile = $profile"
	done >"$tree/etc/vfioboot.conf.d/gaming-gpu.conf"
}

# What the file for the loaders' scripts has, without comments.
wanted() {
	grep -v '^#' "$tree/etc/vfioboot.entries"
}

entries() {
	(cd "$tree" && find . -path '*/loader/entries/*' -printf '%f\n' | sort)
}

# The files of the tree that differ from what they were.
unchanged() {
	diff -r --no-dereference "$work/before" "$tree"
}

@test "each loader's menu gets what is written down for it" {
	for folder in "$top"/tests/boot-trees/*/expected; do
		folder=${folder%/*}
		run "$vfioboot" entry add --root "$folder/root" --dry-run
		diff "$folder/expected" - <<<"$output"$'\n'"exit $status"
	done
}

@test "GRUB that has an entry for each image gets no copies, which would come first" {
	tree_of arch-grub-uki
	run -1 entry add
	[[ $output == *"an entry for each unified kernel image ('uki' in /boot/grub/grub.cfg), and a copy of one would come before it, as the default; bind the devices at each boot instead"* ]]
	unchanged
}

# bats test_tags=slow
@test "a dry run changes nothing" {
	for folder in "$top"/tests/boot-trees/*/expected; do
		folder=${folder%/*}
		tree_of "$(basename "$folder")"
		expected=$(sed -n '$s/^exit //p' "$folder/expected")
		run "-$expected" entry add --dry-run
		# With 3 the menu is edited by hand; in the others there is something to remove then.
		run "-$expected" entry remove --dry-run
		[[ $expected = 3 || $output = 'The boot menu has no entry of vfioboot.' ]]
		unchanged
		[ "$expected" != 3 ] || continue
		entry add
		rm -r "${work:?}/before"
		cp -r "$tree" "$work/before"
		run -0 entry remove --dry-run
		[[ $output == *'Would delete /etc/vfioboot.entries'* ]]
		unchanged
	done
}

@test "a dry run of remove shows what remove does" {
	tree_of debian-grub
	entry add
	# The menu was not made anew yet.
	run -0 entry remove --dry-run
	[ "$output" = 'Would delete /etc/vfioboot.entries' ]
	tree_of arch-systemd-boot
	entry add
	run -0 entry remove --dry-run
	[ "$output" = "Would delete /etc/vfioboot.entries
Would delete /boot/loader/entries/arch-lts-no-passthrough.conf
Would delete /boot/loader/entries/arch-lts-passthrough.conf
Would delete /boot/loader/entries/arch-no-passthrough.conf
Would delete /boot/loader/entries/arch-passthrough.conf" ]
	run -0 entry remove
	unchanged
	run -0 entry remove --dry-run
	[ "$output" = 'The boot menu has no entry of vfioboot.' ]
}

# bats test_tags=slow
@test "remove gives back every file as it was" {
	for folder in "$top"/tests/boot-trees/*/expected; do
		folder=${folder%/*}
		tree_of "$(basename "$folder")"
		run entry add
		# What is made by hand is only told.
		[ "$status" = 3 ] || [ -s "$tree/etc/vfioboot.entries" ]
		[ "$status" != 3 ] || unchanged
		[ "$status" != 3 ] || continue
		run -0 entry remove
		unchanged
		run -0 entry remove
		[ "$output" = 'The boot menu has no entry of vfioboot.' ]
	done
}

@test "entries made by hand: remove and list say where, and do not claim that there are none" {
	while IFS='|' read -r name title what; do
		tree_of "$name"
		for dry in '' --dry-run; do
			# shellcheck disable=SC2086
			run -3 --separate-stderr entry remove $dry
			[[ $stderr == *"does not read the menu of $title; delete the $what by hand" ]]
			[ -z "$output" ]
		done
		run -3 --separate-stderr entry list
		[[ $stderr == *"does not read the menu of $title; look for $what" ]]
		[ -z "$output" ]
	done <<-'END'
		refind|rEFInd|lines with 'vfioboot.' in /boot/refind_linux.conf
		limine|Limine|entries with 'vfioboot.' in /boot/limine.conf
		extlinux|extlinux or U-Boot|labels with 'vfioboot.' in /boot/extlinux/extlinux.conf
		pop-kernelstub|kernelstub|files with 'vfioboot.' in /boot/efi/loader/entries
		silverblue-ostree|rpm-ostree or bootc|arguments with 'vfioboot.' in the deployments ('rpm-ostree kargs')
	END
	# Another loader starts this machine, by its own words: what is there of rEFInd does not count.
	tree_of arch-systemd-boot
	touch "$tree/boot/refind_linux.conf"
	efivar LoaderInfo 'systemd-boot 257'
	run -0 --separate-stderr entry remove
	[ "$output$stderr" = 'The boot menu has no entry of vfioboot.' ]
	# Where that is not known, it may.
	rm -r "${tree:?}/sys"
	entry add --loader systemd-boot
	run -3 --separate-stderr entry remove
	[[ $output == *'entries of vfioboot are removed from the boot menu.' && $stderr == *'does not read the menu of rEFInd'* ]]
}

@test "add says what to do next" {
	tree_of debian-systemd-boot
	run -0 entry add
	[[ $output == *"Then reboot, and choose '... (Passthrough)' at the boot menu." ]]
	configure always -
	run -0 entry add
	[[ $output == *"Then reboot, and choose '... (no passthrough)' at the boot menu to keep the devices." ]]
	# What another machine has to do itself is not done yet.
	tree_of debian-grub
	run -0 entry add
	[[ $output != *reboot* ]]
}

@test "add writes what the dry run said, and again nothing" {
	tree_of debian-systemd-boot
	run -0 entry add --dry-run
	said=$(sed -n 's/^    //p' <<<"$output")
	run -0 entry add
	[[ $output == *"Boot loader: systemd-boot."*"(Passthrough)"*"vfioboot.profile=passthrough"* ]]
	run -0 cat "$tree/etc/vfioboot.entries" \
		"$tree/efi/loader/entries/$machine-6.12.41+deb13-amd64-passthrough.conf" \
		"$tree/efi/loader/entries/$machine-6.12.48+deb13-amd64-passthrough.conf"
	[ "$output" = "$said" ]
	run -0 entry add --dry-run
	[ "$output" = 'Nothing would change.' ]
}

@test "which entries: selected, always, profiles" {
	tree_of debian-grub
	while IFS='|' read -r arguments expected; do
		read -ra words <<<"$arguments"
		configure "${words[@]}"
		run -0 entry add
		diff <(printf '%b\n' "$expected") <(wanted)
	done <<-'END'
		selected -|passthrough\tPassthrough\tvfioboot.profile=passthrough
		selected games|passthrough\tPassthrough\tvfioboot.profile=games
		selected games - games|passthrough\tPassthrough\tvfioboot.profile=games
		selected a b|passthrough-a\tPassthrough: a\tvfioboot.profile=a\npassthrough-b\tPassthrough: b\tvfioboot.profile=b
		always -|no-passthrough\tno passthrough\tvfioboot.off
		always games|passthrough\tPassthrough\tvfioboot.profile=games
		always games -|passthrough\tPassthrough\tvfioboot.profile=games\nno-passthrough\tno passthrough\tvfioboot.off
	END
}

@test "nothing is configured: nothing to choose" {
	tree_of debian-grub
	rm "$tree/etc/vfioboot.conf.d/gaming-gpu.conf"
	run -1 --separate-stderr entry add
	[[ $stderr == *'no device is configured'*"'sudo vfioboot add DEVICE'"* ]]
	[ ! -e "$tree/etc/vfioboot.entries" ]
}

@test "entries are there, and nothing is configured any more: the way out is remove" {
	tree_of arch-systemd-boot
	entry add
	rm -r "${tree:?}"/etc/vfioboot.conf*
	run -1 --separate-stderr entry list
	[[ $stderr == *"has changed and asks for no entry; run 'sudo vfioboot entry remove'" ]]
	run -1 --separate-stderr entry add
	[[ $stderr == *"no device is configured for a boot any more"*"run 'sudo vfioboot entry remove'" ]]
	run -0 entry remove
	run -0 --separate-stderr entry list
	run -1 --separate-stderr entry add
	[[ $stderr == *"run 'sudo vfioboot add DEVICE' first" ]]
}

@test "a section with an error has no entry" {
	tree_of debian-grub
	configure selected a b
	sed -i 's/10de:2202/nonsense/' "$tree/etc/vfioboot.conf.d/gaming-gpu.conf"
	run --separate-stderr entry add
	[[ $stderr == *'nonsense'* ]]
	[ "$(wanted)" = $'passthrough\tPassthrough\tvfioboot.profile=a' ]
}

@test "list: ready, missing, outdated, unwanted" {
	tree_of debian-systemd-boot
	run -0 entry list
	[[ $output == *"'sudo vfioboot entry add' adds them"* ]]
	mv "$tree/etc/vfioboot.conf.d" "$work/"
	run -0 entry list
	[ "$output" = 'The boot menu has no entry of vfioboot, and no device is configured for a boot.' ]
	mv "$work/vfioboot.conf.d" "$tree/etc/"
	entry add
	run -0 --separate-stderr entry list --json
	json_true '.entries | length == 2 and all(.state == "ready" and
		.loader == "systemd-boot" and .entry == "passthrough" and
		.arguments == "vfioboot.profile=passthrough")' <<<"$output"
	json_true '.entries[0] | .boot_id == $id and .kernel == "6.12.48+deb13-amd64" and
		.title == "Debian GNU/Linux 13 (trixie) (Passthrough)"' \
		--arg id "$machine-6.12.48+deb13-amd64-passthrough.conf" <<<"$output"
	rm "$tree/efi/loader/entries/$machine-6.12.41+deb13-amd64-passthrough.conf"
	sed -i 's/ vfioboot\.profile.*//' "$tree/efi/loader/entries/$machine-6.12.48+deb13-amd64-passthrough.conf"
	run -1 --separate-stderr entry list --json
	[[ $stderr == *"run 'sudo vfioboot entry add'"* ]]
	[ "$(jq -r '.entries[] | "\(.kernel) \(.state)"' <<<"$output")" = "6.12.48+deb13-amd64 outdated
6.12.41+deb13-amd64 missing" ]
	configure selected a b
	run -1 --separate-stderr entry list
	[[ $stderr == *'the configuration has changed and asks for other entries'* ]]
	# Those that nobody wants any more go.
	run -0 entry add
	run -0 entry list
	[[ $(entries) != *-passthrough.conf* && $(entries) == *-passthrough-a.conf* ]]
}

@test "list: a damaged line of the file is said, with what to do" {
	tree_of debian-systemd-boot
	entry add
	n=$(wc -l <"$tree/etc/vfioboot.entries")
	echo 'a b' >>"$tree/etc/vfioboot.entries"
	run -1 --separate-stderr entry list
	[ "$stderr" = "vfioboot entry: /etc/vfioboot.entries:$((n + 1)): this line is damaged; run 'sudo vfioboot entry add' to write the file again" ]
	run -0 entry add
	run -0 --separate-stderr entry list
	[ -z "$stderr" ]
}

@test "list: on a narrow terminal a title is whole, in lines below each other" {
	command -v script >/dev/null || skip "no script(1)"
	tree_of fedora-bls
	entry add
	run -0 script -qec "stty cols 80; '$vfioboot' entry list --root '$tree'" /dev/null
	[[ ${lines[1]} == *' Fedora Linux (6.12.5-200.fc41.x86_64)'$'\r' ]]
	[[ ${lines[2]} =~ ^\ +41\ \(Workstation\ Edition\)\ \(Passthrough\)$'\r'$ ]]
	run -0 script -qec "stty cols 45; '$vfioboot' entry list --root '$tree'" /dev/null
	[[ ${lines[1]} == *' (6.12.5-200.fc41.x86_64) 41 (Workstation Edition) (Passthrough)'$'\r' ]]
}

@test "list: a copy of what has changed since, or is gone, is outdated; of a counted try it is not" {
	tree_of debian-systemd-boot
	entry add
	cd "$tree/efi/loader/entries"
	mv "$machine-6.12.48+deb13-amd64+3.conf" "$machine-6.12.48+deb13-amd64+2-1.conf"
	run -0 entry list
	sed -i 's/ quiet / /' "$machine-6.12.48+deb13-amd64+2-1.conf"
	rm "$machine-6.12.41+deb13-amd64.conf"
	run -1 --separate-stderr entry list --json
	[ "$(jq -r '.entries[] | "\(.kernel) \(.state)"' <<<"$output")" = "6.12.48+deb13-amd64 outdated
6.12.41+deb13-amd64 outdated" ]
	run -0 entry update
	run -0 entry list
}

@test "update: entries come and go with the kernels" {
	tree_of debian-systemd-boot
	run -0 entry update
	unchanged
	entry add
	cd "$tree/efi/loader/entries"
	sed 's/6\.12\.48/6.12.57/' "$machine-6.12.48+deb13-amd64+3.conf" >"$machine-6.12.57+deb13-amd64.conf"
	rm "$machine-6.12.41+deb13-amd64.conf"
	cp "$tree/etc/vfioboot.entries" "$work/entries"
	run -0 entry update
	[ -z "$output" ]
	[ "$(entries)" = "$machine-6.12.48+deb13-amd64+3.conf
$machine-6.12.48+deb13-amd64-passthrough.conf
$machine-6.12.57+deb13-amd64-passthrough.conf
$machine-6.12.57+deb13-amd64.conf" ]
	grep -q "^linux  *\/$machine/6.12.57" "$machine-6.12.57+deb13-amd64-passthrough.conf"
	cmp "$tree/etc/vfioboot.entries" "$work/entries"
	# A try was counted, and then the kernel was found good.
	mv "$machine-6.12.48+deb13-amd64+3.conf" "$machine-6.12.48+deb13-amd64.conf"
	run -0 entry update
	run -0 entry list
}

@test "a kernel that came during a passthrough boot gets the normal command line" {
	tree_of debian-systemd-boot
	entry add
	sed -i 's/\tvfioboot.*/& intel_iommu=on/' "$tree/etc/vfioboot.entries"
	cd "$tree/efi/loader/entries"
	echo 'root=UUID=1 ro quiet intel_iommu=on vfioboot.profile=passthrough intel_iommu=on vfioboot.trial=x panic=30' \
		>"$tree/proc/cmdline"
	for version in 6.12.57 6.12.58; do
		sed -e "s/6\.12\.48/$version/" -e "s/^options .*/options    $(cat "$tree/proc/cmdline") more/" \
			"$machine-6.12.48+deb13-amd64+3.conf" >"$machine-$version+deb13-amd64.conf"
	done
	cp "$machine-6.12.58+deb13-amd64.conf" "$work/leaked"
	run -0 --separate-stderr entry update
	[[ $stderr == *"$machine-6.12.57+deb13-amd64.conf contained the arguments of this passthrough boot"* ]]
	grep -qx 'options    root=UUID=1 ro quiet intel_iommu=on more' "$machine-6.12.57+deb13-amd64.conf"
	grep -qx 'options    root=UUID=1 ro quiet intel_iommu=on more vfioboot.profile=passthrough' \
		"$machine-6.12.57+deb13-amd64-passthrough.conf"
	# Whoever has /etc/kernel/cmdline wrote it so, or into the entry by hand.
	mkdir -p "$tree/etc/kernel"
	echo 'root=UUID=1 ro' >"$tree/etc/kernel/cmdline"
	cp "$work/leaked" "$machine-6.12.59+deb13-amd64.conf"
	run -0 --separate-stderr entry update
	cmp "$work/leaked" "$machine-6.12.59+deb13-amd64.conf"
	[ ! -e "$machine-6.12.59+deb13-amd64-passthrough.conf" ]
}

@test "what a person wrote into an entry by hand stays, also where it started this boot" {
	tree_of arch-systemd-boot
	cd "$tree/boot/loader/entries"
	sed -i '/^options/s/$/ vfioboot.profile=passthrough/' arch.conf
	echo 'root=UUID=1 rw vfioboot.profile=passthrough' >"$tree/proc/cmdline"
	cp arch.conf "$work/arch.conf"
	run -0 --separate-stderr entry update
	cmp "$work/arch.conf" arch.conf
	run -0 --separate-stderr entry add
	cmp "$work/arch.conf" arch.conf
	[[ ! -e arch-passthrough.conf && -e arch-lts-passthrough.conf ]]
}

@test "a kernel that came during a trial's boot gets the normal command line, with no entry wanted" {
	tree_of debian-systemd-boot
	cd "$tree/efi/loader/entries"
	echo 'root=UUID=1 ro vfioboot.profile=passthrough vfioboot.trial=20261120-195510 panic=30' \
		>"$tree/proc/cmdline"
	sed -e 's/6\.12\.48/6.12.57/' -e "s/^options .*/options    $(cat "$tree/proc/cmdline")/" \
		"$machine-6.12.48+deb13-amd64+3.conf" >"$machine-6.12.57+deb13-amd64.conf"
	cp -r "$tree" "$work/leaked"
	run -0 --separate-stderr entry update
	[[ $stderr == *"$machine-6.12.57+deb13-amd64.conf contained the arguments of this passthrough boot"* ]]
	grep -qx 'options    root=UUID=1 ro' "$machine-6.12.57+deb13-amd64.conf"
	[ ! -e "$tree/etc/vfioboot.entries" ]
	# In a normal boot that is somebody's wish.
	rm -r "${tree:?}" && cp -r "${work:?}/leaked" "${tree:?}"
	echo 'root=UUID=1 ro' >"$tree/proc/cmdline"
	run -0 --separate-stderr entry update
	diff -r "$work/leaked/efi" "$tree/efi"
}

@test "arguments of the entry that runs stay in it" {
	tree_of debian-grub
	entry add
	sed -i 's/\tvfioboot.*/& intel_iommu=on iommu=other/' "$tree/etc/vfioboot.entries"
	echo 'root=/dev/sda1 ro quiet vfioboot.profile=passthrough intel_iommu=on' >"$tree/proc/cmdline"
	run -0 entry add
	[ "$(wanted)" = $'passthrough\tPassthrough\tvfioboot.profile=passthrough intel_iommu=on' ]
	# From another boot there is nothing to be learnt.
	echo 'root=/dev/sda1 ro quiet intel_iommu=on' >"$tree/proc/cmdline"
	run -0 entry add
	[ "$(wanted)" = $'passthrough\tPassthrough\tvfioboot.profile=passthrough' ]
}

# A variable of the loader as efivarfs shows it: four bytes, then UTF-16.
efivar() { # NAME TEXT
	mkdir -p "$tree/sys/firmware/efi/efivars"
	{
		printf '\7\0\0\0'
		printf '%s\0' "$2" | sed 's/./&\x00/g; s/\x00$/&\x00/'
	} >"$tree/sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

# adds CONF [VARIABLE TEXT]...: what add says with this loader.conf and these variables
adds() {
	tree_of arch-systemd-boot
	printf '%b' "timeout 3\n$1" >"$tree/boot/loader/loader.conf"
	shift
	while [ $# -gt 0 ]; do
		efivar "$1" "$2"
		shift 2
	done
	run --separate-stderr entry add
}

@test "systemd-boot: whether the default entry is known" {
	tree_of arch-systemd-boot
	run -0 entry add
	[[ $output == *'The default entry is unchanged.'* ]]
	# An entry that the loader makes by itself.
	tree_of arch-systemd-boot
	echo 'default auto-windows' >"$tree/boot/loader/loader.conf"
	run -0 entry add
	[[ $output == *'Which entry is the default is not known.'* ]]
	# An entry for the next boot alone is none.
	tree_of arch-systemd-boot
	efivar LoaderEntryOneShot arch-lts.conf
	run -0 entry add
	[[ $output == *'The default entry is unchanged.'* ]]
}

@test "systemd-boot: what was chosen last as the default" {
	adds 'default arch.conf\n' LoaderEntryDefault @saved
	[[ $status = 0 && $stderr == *"'@saved'"*'chosen last'* ]]
	# The last line counts, and quotes do not.
	adds 'default arch.conf\ndefault "@saved" \n'
	[[ $status = 0 && $stderr == *"'@saved'"*'chosen last'* ]]
	# It does not come to that.
	adds 'default @saved\n' LoaderEntryDefault arch.conf
	[ "$status$stderr" = 0 ]
}

@test "systemd-boot: loader.conf is read from the ESP alone" {
	tree_of arch-systemd-boot
	mkdir -p "$tree/efi/EFI/systemd" "$tree/efi/loader"
	run -0 --separate-stderr entry add
	[[ $stderr == *'menu of systemd-boot is hidden'* ]]
	printf 'timeout 3\ndefault @saved\n' >"$tree/efi/loader/loader.conf"
	run -0 --separate-stderr entry add
	[[ $stderr == *"'@saved'"* && $stderr != *hidden* ]]
}

@test "systemd-boot: a kernel that failed does not make its copy the default" {
	tree_of debian-systemd-boot
	mv "$tree/efi/loader/entries/$machine-6.12.48+deb13-amd64+3.conf" \
		"$tree/efi/loader/entries/$machine-6.12.48+deb13-amd64+0-3.conf"
	run -0 --separate-stderr entry add
	run -0 grep -h sort-key "$tree/efi/loader/entries/$machine-6.12.48+deb13-amd64-passthrough.conf"
	[ "$output" = 'sort-key   debian-passthrough' ]
	run -0 entry list
	run -0 --separate-stderr entry update
	[ -z "$output$stderr" ]
}

@test "systemd-boot: what is there and not ours is not overwritten" {
	tree_of arch-systemd-boot
	echo 'title mine' >"$tree/boot/loader/entries/arch-passthrough.conf"
	rm -r "${work:?}/before" && cp -r "${tree:?}" "${work:?}/before"
	run -1 --separate-stderr entry add
	[[ $stderr == *'/boot/loader/entries/arch-passthrough.conf exists and was not written by vfioboot'* ]]
	unchanged
}

@test "add that is killed in the middle leaves a menu that starts, and is done by the next one" {
	tree_of debian-systemd-boot
	# A file of more than 400 bytes: the program is killed by the kernel, as it writes.
	run -153 prlimit --fsize=400 "$vfioboot" entry add --root "$tree"
	[ -s "$tree/etc/vfioboot.entries" ]
	# Loaders take no hidden file.
	diff -r "$work/before/efi/loader" "$tree/efi/loader" --exclude='.*'
	run -1 --separate-stderr entry list
	[[ $output == *missing* ]]
	run -0 entry add
	run -0 entry list
	run -0 entry remove
	diff -r --no-dereference "$work/before" "$tree" --exclude='.*'
}

@test "systemd-boot: kernels that differ by +N have an entry each" {
	local version
	tree_of debian-systemd-boot
	cd "$tree/efi/loader/entries"
	rm -- *
	for version in 6.1 6.1+1 6.1+2; do
		printf 'title T\nversion %s\nlinux /l-%s\noptions ro\n' $version $version >"$machine-$version.conf"
	done
	run -0 entry add
	run -0 entry list --json
	json_true '[.entries[] | select(.state == "ready") | .kernel] | sort == ["6.1", "6.1+1", "6.1+2"]' \
		<<<"$output"
	[ "$(grep -lx 'linux /l-6.1+2' -- *passthrough.conf | wc -l)" = 1 ]
	run -0 entry remove
	[ "$(entries | wc -l)" = 3 ]
}

@test "systemd-boot: a machine without entries of its own" {
	tree_of debian-systemd-boot
	echo fedcba9876543210fedcba9876543210 >"$tree/etc/machine-id"
	run -1 --separate-stderr entry add
	[[ $stderr == *'no entry of a kernel of this machine'* ]]
	# Unless they go by another name.
	mkdir -p "$tree/etc/kernel"
	echo "$machine" >"$tree/etc/kernel/entry-token"
	run -0 entry add
}

@test "systemd-boot: of the entries of bootctl link none can be made, and why" {
	tree_of debian-systemd-boot
	rm "$tree"/efi/loader/entries/*.conf
	make_uki "$tree/efi/$machine/debian_13.efi" 'root=UUID=1 ro' 6.12.48+deb13-amd64 "ID=debian"
	printf 'title Debian 13\nversion 13.3\nsort-key debian\nuki /%s/debian_13.efi\n' "$machine" \
		>"$tree/efi/loader/entries/$machine-commit_3.13.conf"
	cp -r "$tree/." "$work/before/"
	rm "$work"/before/efi/loader/entries/*amd64*
	run -1 --separate-stderr entry add
	[[ $stderr == *"$machine-commit_3.13.conf starts a unified kernel image"* ]]
	[[ $stderr == *"profile with 'vfioboot.profile=passthrough'"*'ukify(1)'*"'bootctl link'"* ]]
	[[ $stderr != *kernel-install* ]]
	unchanged
	# What they start is read like any other.
	run "$vfioboot" check --json --root "$tree"
	json_true '.checks[] | select(.name == "image") | .found | contains("debian_13.efi")' <<<"$output"
	# A profile that is not in the image is not followed.
	echo 'profile 1' >>"$tree/efi/loader/entries/$machine-commit_3.13.conf"
	run "$vfioboot" check --json --root "$tree"
	json_true '[.checks[] | select(.name == "image")] | length == 1 and .[0].state == "unknown"' <<<"$output"
	# Those of another system are none of ours.
	mv "$tree/efi/loader/entries/$machine-commit_3.13.conf" \
		"$tree/efi/loader/entries/$(tr 0-9 f <<<"$machine")-commit_3.13.conf"
	run -1 --separate-stderr entry add
	[[ $stderr == *"no entry of a kernel of this machine"* ]]
	# The kernel of an entry that is there is enough.
	printf 'title T\nversion 6.1\nlinux /l-6.1\noptions ro\n' >"$tree/efi/loader/entries/$machine-6.1.conf"
	run -0 entry add
}

@test "GRUB's menu is read wherever it was found" {
	local place before
	tree_of debian-grub
	run "$vfioboot" check --json --root "$tree"
	before=$(jq '.checks[] | select(.name == "image")' <<<"$output")
	[[ $before == *initrd.img-6.12.48* ]]
	for place in boot/grub2 efi/grub boot/efi/grub; do
		tree_of debian-grub
		mkdir -p "$tree/$(dirname "$place")"
		mv "$tree/boot/grub" "$tree/$place"
		run "$vfioboot" check --json --root "$tree"
		json_true '.checks[] | select(.name == "boot-loader") | .found | contains("(/'"$place"'/grub.cfg)")' \
			<<<"$output"
		[ "$(jq '.checks[] | select(.name == "image")' <<<"$output")" = "$before" ]
		run -0 entry add --dry-run
	done
}

@test "BLS with GRUB: options that grub2-mkconfig wrote over are put back" {
	tree_of fedora-bls
	entry add
	# What 10_linux of Fedora does to every file.
	sed -i 's/^options.*/options root=UUID=1 ro quiet/' "$tree"/boot/loader/entries/*.conf
	run -0 entry update
	for file in "$tree"/boot/loader/entries/*~passthrough.conf; do
		run -0 grep '^options' "$file"
		[ "$output" = 'options root=UUID=1 ro quiet vfioboot.profile=passthrough' ]
	done
}

@test "BLS with GRUB: kernels that differ by what follows a '+' have an entry each" {
	local version
	tree_of fedora-bls
	cd "$tree/boot/loader/entries"
	# GRUB counts no tries: this is the end of a release, as of a kernel that a person built.
	for version in 6.12.0+1 6.12.0+2 6.12.0; do
		sed "s/6.11.4-301.fc41.x86_64/$version/g" "$machine-6.11.4-301.fc41.x86_64.conf" \
			>"$machine-$version.conf"
	done
	run -0 entry add
	for version in 6.12.0+1 6.12.0+2 6.12.0; do
		run -0 grep '^linux' "$machine-$version~passthrough.conf"
		[ "$output" = "linux /vmlinuz-$version" ]
	done
	run -0 entry list
	[ "$(grep -c '^passthrough .* ready ' <<<"$output")" = 5 ]
}

@test "BLS with GRUB: the entry of a trial is none that add, list or remove is about" {
	local original trial
	tree_of fedora-bls
	original=$machine-6.11.4-301.fc41.x86_64
	trial=$tree/boot/loader/entries/$original~vfioboot~trial.conf
	{
		echo "# vfioboot entry: vfioboot-trial of $original.conf; 'vfioboot try --cancel' deletes it"
		sed '/^options/s/$/ vfioboot.profile=passthrough vfioboot.trial=1/' \
			"$tree/boot/loader/entries/$original.conf"
	} >"$trial"
	cp "$trial" "$work/trial"
	run -0 entry add
	run -0 entry list
	[ "$(grep -c '^passthrough .* ready ' <<<"$output")" = 2 ]
	[[ $output != *trial* ]]
	run -0 entry remove
	cmp "$trial" "$work/trial"
}

@test "BLS with GRUB: a default that is a number is warned of" {
	local default
	tree_of fedora-bls
	cd "$tree/boot/grub2"
	sed -i 's/^saved_entry=.*/saved_entry=2/' grubenv
	run -0 --separate-stderr entry add
	[[ $stderr == *"entry number 2,"*"between: name the one that is meant, with 'grub2-set-default ID'"* ]]
	[[ $output != *'default entry is unchanged'* ]]
	# In grub.cfg it counts before the saved one.
	for default in 1 '1>2' 07; do
		echo "  set default=\"$default\"" >grub.cfg
		run -0 --separate-stderr entry add
		[[ $stderr == *"entry number $default,"*'set GRUB_DEFAULT=saved'*"'grub2-mkconfig -o /boot/grub2/grub.cfg'"* ]]
		[[ $output != *'default entry is unchanged'* ]]
	done
	# What is no number above 0 means what it did.
	for default in 0 '0>3' '6.1 kernel' "$machine-6.11.4-301.fc41.x86_64"; do
		echo "  set default=\"$default\"" >grub.cfg
		run -0 --separate-stderr entry add
		[[ -z $stderr && $output == *'default entry is unchanged'* ]]
	done
}

@test "BLS with GRUB: a choice that is kept is reported" {
	tree_of fedora-bls
	sed -i 's/^boot_success=1/save_default=true/' "$tree/boot/grub2/grubenv"
	run -0 --separate-stderr entry add
	[[ $stderr == *save_default=true*'chosen last, also one of these'*"'grub2-editenv - unset save_default'"* ]]
	run -0 --separate-stderr entry update
	[ -z "$stderr" ]
	# Where the saved one is not the default, that does nothing.
	echo '  set default="0"' >"$tree/boot/grub2/grub.cfg"
	run -0 --separate-stderr entry add
	[ -z "$stderr" ]
}

@test "list: a copy is right when another program added its words behind ours, to both" {
	tree_of fedora-bls
	sed -i 's/ \$tuned_params$//' "$tree"/boot/loader/entries/*.conf
	entry add
	# What 92-tuned.install and grubby do to every file.
	sed -i -e '/^options/s/$/ $tuned_params mitigations=off/' -e '/^options/s/ quiet / /' \
		"$tree"/boot/loader/entries/*.conf
	run -0 entry list
	# To one of them alone it is not.
	sed -i '/^options/s/ mitigations=off//' "$tree"/boot/loader/entries/*-200.fc41.x86_64.conf
	run -1 --separate-stderr entry list --json
	[ "$(jq -r '.entries[] | "\(.kernel) \(.state)"' <<<"$output" | sort)" = "6.11.4-301.fc41.x86_64 ready
6.12.5-200.fc41.x86_64 outdated" ]
	run -0 entry update
	run -0 entry list
}

@test "BLS with GRUB: behind the '~' of a name is no '-', at which GRUB would take it apart" {
	tree_of fedora-bls
	configure always a-b c - a_b
	run -0 entry add
	[ "$(entries | grep '6.12.5.*~')" = "$(printf "$machine-6.12.5-200.fc41.x86_64~%s.conf\n" \
		no~passthrough passthrough~a_b passthrough~a~b passthrough~c)" ]
	run -0 --separate-stderr entry list --json
	json_true '.entries | length == 8 and all(.state == "ready")' <<<"$output"
	json_true '[.entries[].entry] | unique ==
		["no-passthrough", "passthrough-a-b", "passthrough-a_b", "passthrough-c"]' <<<"$output"
	run -0 entry remove
	rm -r "${tree:?}/etc/vfioboot.conf"* "${work:?}/before/etc/vfioboot.conf"*
	unchanged
}

@test "a menu that is hidden: the message says how to see it" {
	tree_of debian-systemd-boot
	run -0 --separate-stderr entry add
	[ -z "$stderr" ]
	for setting in 'timeout 0' 'timeout menu-hidden' '#timeout 3'; do
		echo "$setting" >"$tree/efi/loader/loader.conf"
		run -0 --separate-stderr entry add
		[[ $stderr == *'hold the space bar'*'bootctl set-timeout 5'* ]]
	done
	# Not again with each kernel.
	run -0 --separate-stderr entry update
	[ -z "$stderr" ]
	tree_of fedora-bls
	run -0 --separate-stderr entry add
	[ -z "$stderr" ]
	sed -i 's/^boot_success=1/menu_auto_hide=1/' "$tree/boot/grub2/grubenv"
	run -0 --separate-stderr entry add
	[[ $stderr == *'press Esc'*'grub2-editenv - unset menu_auto_hide'* ]]
}

@test "a copy has every line of the original, where it was" {
	tree_of debian-systemd-boot
	cd "$tree/efi/loader/entries"
	printf 'title\tOne\n\n# note\n options a b\narchitecture x64\noptions c\nlinux /l\ninitrd /i' >one.conf
	printf 'title Two\r\nlinux /l\r\n' >two.conf
	run -0 entry add
	diff one-passthrough.conf - <<-'END'
		# vfioboot entry: passthrough of one.conf; 'vfioboot entry remove' deletes it
		title	One (Passthrough)

		# note
		 options a b c vfioboot.profile=passthrough
		architecture x64
		linux /l
		initrd /i
	END
	diff two-passthrough.conf - <<-'END'
		# vfioboot entry: passthrough of two.conf; 'vfioboot entry remove' deletes it
		title Two (Passthrough)
		linux /l
		options vfioboot.profile=passthrough
	END
}

@test "what is added goes before what is init's" {
	tree_of debian-systemd-boot
	sed -i 's/ ro quiet .*/& -- 3 quiet/' "$tree/efi/loader/entries"/*.conf
	run -0 entry add
	run -0 grep -h '^options' "$tree/efi/loader/entries/$machine-6.12.41+deb13-amd64-passthrough.conf"
	[[ $output == *" systemd.machine_id=$machine vfioboot.profile=passthrough -- 3 quiet" ]]
	run -0 entry list
}

@test "several loaders: the person says which" {
	tree_of debian-systemd-boot
	mkdir -p "$tree/boot/grub"
	: >"$tree/boot/grub/grub.cfg"
	run -1 --separate-stderr entry add
	[[ $stderr == *'systemd-boot, grub'*'--loader NAME'* ]]
	run -0 entry add --loader systemd-boot
	run -0 entry remove
	[[ $(entries) != *passthrough* ]]
}

@test "a loader that is not known: all actions name those that are" {
	tree_of debian-systemd-boot
	for action in add remove list update; do
		run -2 --separate-stderr entry "$action" --loader nonsense
		[[ $stderr == *"no boot loader 'nonsense'; --loader takes rpm-ostree, "*" or extlinux" ]]
		[ -z "$output" ]
	done
	unchanged
}

@test "a loader whose edit is made of its files, and has none, is refused" {
	tree_of debian-systemd-boot
	while IFS='|' read -r loader title; do
		run -1 --separate-stderr entry add --loader "$loader"
		[[ $stderr == *"the files of $title are missing"*/boot* ]]
		[ -z "$output" ]
	done <<-'END'
		limine|Limine
		extlinux|extlinux or U-Boot
		refind|rEFInd
		uki|a unified kernel image
		kernelstub|kernelstub
	END
	unchanged
}

@test "a file without an entry of a kernel: what has to be looked up is said" {
	tree_of extlinux
	echo 'timeout 30' >"$tree/boot/extlinux/extlinux.conf"
	run -3 entry add
	[[ $output == *'has no entry of a kernel'*'entry that starts this system'* ]]
	[[ $output == *$'linux ...\n\tinitrd ...\n\tappend root='* ]]
	# With one, nothing is left to guess.
	for folder in "$top"/tests/boot-trees/{extlinux,limine,arch-syslinux}/; do
		run -3 "$vfioboot" entry add --root "$folder/root" --dry-run
		[[ $output != *'...'* ]]
	done
}

@test "list: of the menu that got the entries, whatever starts the system now" {
	tree_of debian-systemd-boot
	entry add
	# GRUB says of itself that it started this boot.
	mkdir -p "$tree/boot/grub"
	: >"$tree/boot/grub/grub.cfg"
	efivar LoaderInfo 'GRUB 2.12'
	run -0 entry list --json
	json_true '.entries | length == 2 and all(.loader == "systemd-boot" and .state == "ready")' <<<"$output"
	run entry list --json --loader grub
	json_true '.entries | all(.loader == "grub")' <<<"$output"
}

@test "no loader at all" {
	mkdir -p "$tree/etc/vfioboot.conf.d"
	configure selected -
	run -1 --separate-stderr entry add
	[[ $stderr == *'no boot loader was found'*'/boot'* ]]
	run -3 --separate-stderr entry list
	run -3 --separate-stderr entry list --json
	json_true '. == {"entries": []}' <<<"$output"
	[[ $stderr == *'no boot loader was found'* ]]
}

@test "GRUB: what is missing is named" {
	tree_of debian-grub
	chmod -x "$tree/etc/grub.d/10_linux"
	run -1 --separate-stderr entry add
	[[ $stderr == *"'chmod +x /etc/grub.d/10_linux'"* ]]
	rm "$tree/etc/grub.d/10_linux"
	run -1 --separate-stderr entry add
	[[ $stderr == *'10_linux, '*' is missing; install GRUB'* && $stderr != *chmod* ]]
	install -m 755 /dev/null "$tree/etc/grub.d/10_linux"
	chmod -x "$tree/etc/grub.d/11_linux_passthrough"
	run -1 --separate-stderr entry add
	[[ $stderr == *"'chmod +x /etc/grub.d/11_linux_passthrough'"* ]]
	rm "$tree/etc/grub.d/11_linux_passthrough"
	run -1 --separate-stderr entry add
	[[ $stderr == *'11_linux_passthrough is missing'* ]]
	rm "$tree/boot/grub/grub.cfg"
	run -1 --separate-stderr entry add --loader grub
	[[ $stderr == *"'grub-mkconfig -o /boot/grub/grub.cfg' makes it"* ]]
	[ ! -e "$tree/etc/vfioboot.entries" ]
}

@test "/etc/vfioboot.entries that is a directory is named by all" {
	tree_of debian-systemd-boot
	mkdir "$tree/etc/vfioboot.entries"
	cp -r "$tree/etc/vfioboot.entries" "$work/before/etc"
	for action in add remove list update; do
		run -1 --separate-stderr entry "$action"
		[[ $stderr == *'/etc/vfioboot.entries: Is a directory'*'move that away' ]]
		[ "$action" = list ] || run -1 --separate-stderr entry "$action" --dry-run
		[[ $stderr == *'/etc/vfioboot.entries: Is a directory'* ]]
		[ -z "$output" ]
	done
	unchanged
}

@test "list: of a menu that can't be read nothing is claimed" {
	tree_of refind
	run -3 --separate-stderr entry list
	[ -z "$output" ]
	[[ $stderr == *"does not read the menu of rEFInd; look for lines with 'vfioboot.' in /boot/refind_linux.conf" ]]
	run -3 --separate-stderr entry list --json
	json_true '.entries == []' <<<"$output"
}

@test "remove: entries that can't be reached are not taken for gone" {
	tree_of debian-systemd-boot
	entry add
	mv "$tree/efi" "$work/efi"
	run -1 --separate-stderr entry remove
	[[ $stderr == *'the files of systemd-boot'*'are not there: mount /boot'*'delete /etc/vfioboot.entries'* ]]
	[ -s "$tree/etc/vfioboot.entries" ]
	mv "$work/efi" "$tree/efi"
	run -0 entry remove
	unchanged
	tree_of debian-grub
	entry add
	# A file that is too large to be a menu.
	truncate -s 64M "$tree/boot/grub/grub.cfg"
	run -1 --separate-stderr entry remove
	[[ $stderr == *'cannot read the menu of GRUB'* ]]
	[ -s "$tree/etc/vfioboot.entries" ]
}

@test "misuse" {
	run -2 --separate-stderr "$vfioboot" entry
	[[ $stderr == *'use add, remove or list'*"'vfioboot help entry'"* ]]
	run -2 "$vfioboot" entry nonsense
	[[ $output == *"unknown action 'nonsense'"* ]]
	run -2 "$vfioboot" entry add more
	[[ $output == *"unexpected argument 'more'"* ]]
	for action in add remove update; do
		run -2 "$vfioboot" entry "$action" --json --root /nowhere
		[[ $output == *"--json is for list, and not for $action" ]]
	done
	run -2 "$vfioboot" entry list --dry-run --root /nowhere
	[[ $output == *'--dry-run has no effect on list, which changes nothing' ]]
}

# ---- the generator for grub-mkconfig ----------------------------------------------------------

# Into $tree, as `make install` does it for a $(PREFIX), below which a program notes how it is run.
install_generator() {
	local prefix=$work/prefix
	mkdir -p "$prefix/bin" "$tree/etc/grub.d"
	printf '#!/bin/sh\necho "$@" >>"%s/calls"\n' "$prefix" >"$prefix/bin/vfioboot"
	chmod +x "$prefix/bin/vfioboot"
	sed -e "s|/usr/lib/vfioboot/|$prefix/lib/vfioboot/|g" -e "s|/usr/bin/vfioboot|$prefix/bin/vfioboot|g" \
		"$top/grub.d/11_linux_passthrough" >"$tree/etc/grub.d/11_linux_passthrough"
	chmod +x "$tree/etc/grub.d/11_linux_passthrough"
}

# /etc of a GRUB machine in $tree, with a 10_linux that prints as the real one does
generator_tree() {
	install_generator
	cat >"$tree/etc/grub.d/10_linux" <<-'END'
		#!/bin/sh
		echo "Found linux image: /boot/vmlinuz-6.1.0" >&2
		cat <<EOF
		function gfxmode {
			set gfxpayload="\${1}"
		}
		menuentry 'Bob'\\''s GNU/Linux' --class gnu \$menuentry_id_option 'gnulinux-simple-abc' {
			recovery is $GRUB_DISABLE_RECOVERY, saving $GRUB_SAVEDEFAULT, gnulinux-here
			linux	/boot/vmlinuz-6.1.0 root=UUID=abc ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT
		}
		submenu 'Advanced options' \$menuentry_id_option 'gnulinux-advanced-abc' {
			menuentry 'Old, with "quotes"' --class os \${menuentry_id_option} 'gnulinux-6.0-advanced-abc' {
				linux	/boot/vmlinuz-6.0 root=UUID=abc ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT
			}
		}
		EOF
	END
	chmod +x "$tree/etc/grub.d/10_linux"
	printf '# a comment\npassthrough-a\tPassthrough: a\tvfioboot.profile=a intel_iommu=on\n' \
		>"$tree/etc/vfioboot.entries"
}

generate() {
	GRUB_CMDLINE_LINUX=net.ifnames=0 GRUB_CMDLINE_LINUX_DEFAULT='quiet splash' \
		GRUB_SAVEDEFAULT=true "${1:-sh}" "$tree/etc/grub.d/11_linux_passthrough"
}

@test "the generator renames titles and ids, and adds arguments, in each shell" {
	generator_tree
	for shell in sh bash dash 'busybox sh'; do
		# All are in tests/packages: one that is missing is not passed over.
		command -v "${shell%% *}"
		printf '#!/bin/sh\nexec %s "$@"\n' "$shell" >"$work/shell"
		chmod +x "$work/shell"
		run -0 --separate-stderr generate "$work/shell"
		diff - <(echo "$output") <<-'END'
			menuentry 'Bob'\''s GNU/Linux (Passthrough: a)' --class gnu $menuentry_id_option 'passthrough-a-simple-abc' {
				recovery is true, saving false, gnulinux-here
				linux	/boot/vmlinuz-6.1.0 root=UUID=abc ro net.ifnames=0 quiet splash vfioboot.profile=a intel_iommu=on
			}
			submenu 'Advanced options (Passthrough: a)' $menuentry_id_option 'passthrough-a-advanced-abc' {
				menuentry 'Old, with "quotes" (Passthrough: a)' --class os ${menuentry_id_option} 'passthrough-a-6.0-advanced-abc' {
					linux	/boot/vmlinuz-6.0 root=UUID=abc ro net.ifnames=0 quiet splash vfioboot.profile=a intel_iommu=on
				}
			}
		END
	done
}

# bats test_tags=slow
@test "the generator makes what each distribution's own script makes, and list finds it ready" {
	local folder config trees=("$top"/tests/boot-trees/*-grub/)
	[ "${#trees[@]}" -ge 4 ]
	for folder in "${trees[@]}"; do
		tree_of "$(basename "$folder")"
		entry add 2>/dev/null
		install_generator
		run -0 --separate-stderr bash -c '
			set -a; . "$0/etc/default/grub"; exec "$0/etc/grub.d/11_linux_passthrough"' "$tree"
		diff "$folder/generated" - <<<"$output"
		[ -z "$stderr" ]
		config=$(echo "$tree"/boot/grub*/grub.cfg)
		{
			printf '\n### BEGIN /etc/grub.d/11_linux_passthrough ###\n%s\n' "$output"
			echo '### END /etc/grub.d/11_linux_passthrough ###'
		} >"$work/section"
		run -1 --separate-stderr entry list --json
		json_true '.entries | length > 0 and all(.state == "missing" and
			.entry == "passthrough" and
			(.kernel | test("memtest|fc41") | not))' <<<"$output"
		sed -i -e '/^### END .*10_linux ###$/{r '"$work/section"'
			}' "$config"
		run -0 --separate-stderr entry list --json
		json_true '.entries | length > 1 and all(.state == "ready" and
			(.boot_id | startswith("passthrough-")))' <<<"$output"
	done
}

@test "the generator takes no text that GRUB would not take as it is" {
	generator_tree
	while IFS= read -r line; do
		printf '%b\n' "$line" >"$tree/etc/vfioboot.entries"
		run -0 --separate-stderr generate
		[ -z "$output" ]
		[[ $stderr == *'bad line'* ]]
	done <<-'END'
		a\tTitle\t$(reboot)
		a\tTitle\tx;y
		a\tTitle\t"x"
		a\tTitle\t`x`
		a\tTit'le\tx
		a\tTitle & \\\\1\tx
		a b\tTitle\tx
		a/b\tTitle\tx
		a\tTitle
		a
	END
}

@test "the generator never breaks grub-mkconfig" {
	generator_tree
	rm "$tree/etc/vfioboot.entries"
	run -0 --separate-stderr generate
	[ -z "$output$stderr" ]
	generator_tree
	printf '#!/bin/sh\necho "menuentry half {"\nexit 1\n' >"$tree/etc/grub.d/10_linux"
	run -0 --separate-stderr generate
	[ -z "$output" ]
	[[ $stderr == *'10_linux failed'* ]]
	chmod -x "$tree/etc/grub.d/10_linux"
	run -0 --separate-stderr generate
	[ -z "$output$stderr" ]
}

@test "the generator has entries that are files follow, and prints none" {
	generator_tree
	export GRUB_ENABLE_BLSCFG=true
	run -0 --separate-stderr generate
	[ -z "$output" ]
	[ "$(cat "$work/prefix/calls")" = 'entry update' ]
	rm "$work/prefix/bin/vfioboot"
	run -0 --separate-stderr generate
	[ -z "$output$stderr" ]
}

@test "the generator that a removed package has left prints nothing" {
	generator_tree
	rm "$work/prefix/bin/vfioboot"
	run -0 --separate-stderr generate
	[ -z "$output$stderr" ]
	# It is the early program that images have, and entries work with that alone.
	mkdir -p "$work/prefix/lib/vfioboot"
	cp /bin/true "$work/prefix/lib/vfioboot/vfioboot-early"
	run -0 --separate-stderr generate
	[[ $output == *"'passthrough-a-simple-abc'"* ]]
}

@test "the generator takes a last line without its end, and none of another loader" {
	generator_tree
	printf 'passthrough\tPassthrough\tvfioboot.profile=a' >"$tree/etc/vfioboot.entries"
	run -0 --separate-stderr generate
	[[ $output == *"'passthrough-simple-abc'"* ]]
	for loader in grub grub-bls; do
		printf '# loader: %s\na\tA\tx\n' "$loader" >"$tree/etc/vfioboot.entries"
		run -0 --separate-stderr generate
		[[ $output == *"'a-simple-abc'"* ]]
	done
	printf '# loader: systemd-boot\na\tA\tx\n' >"$tree/etc/vfioboot.entries"
	run -0 --separate-stderr generate
	[ -z "$output$stderr" ]
}

# bats test_tags=slow
@test "the generator takes no harm from a file that is none" {
	generator_tree
	rm "$tree/etc/vfioboot.entries"
	mkdir "$tree/etc/vfioboot.entries"
	run -0 generate
	[[ $output != *menuentry* ]]
	rmdir "$tree/etc/vfioboot.entries"
	head -c 100000 /dev/urandom >"$tree/etc/vfioboot.entries"
	run -0 generate
	[[ $output != *menuentry* ]]
	printf 'a\tA\tx\r\n' >"$tree/etc/vfioboot.entries"
	run -0 --separate-stderr generate
	[ -z "$output" ]
}

@test "the generator takes Ubuntu's script for a root on ZFS" {
	generator_tree
	mv "$tree/etc/grub.d/10_linux" "$tree/etc/grub.d/10_linux_zfs"
	printf '#!/bin/sh\nexit 0\n' >"$tree/etc/grub.d/10_linux"
	chmod +x "$tree/etc/grub.d/10_linux"
	run -0 --separate-stderr generate
	[[ $output == *"'passthrough-a-simple-abc'"* ]]
}

# As 10_linux_zfs prints it where zsys is installed; a function that is there twice is the later.
@test "the generator leaves functions, and the history of ZFS that calls them, to the normal menu" {
	generator_tree
	mv "$tree/etc/grub.d/10_linux" "$tree/etc/grub.d/10_linux_zfs"
	cat >"$tree/etc/grub.d/10_linux_zfs" <<-'END'
		#!/bin/sh
		cat <<'EOF'
		function zsyshistorymenu {
		  set kernel="${4}"

		  menuentry 'Revert system only' --class os ${menuentry_id_option} 'gnulinux-${root_dataset}-${kversion}' {
		    if [ ${boot_device} = /dev/sda2 ]; then

		    fi
		    linux	"${kernel}" root=ZFS="${root_dataset}" ro ${vt_handoff}
		  }
		}

		menuentry 'Ubuntu' --class os ${menuentry_id_option} 'gnulinux-rpool/ROOT/u-6.8' {
		  gfxmode ${linux_gfx_mode}
		  linux	"/BOOT/u@/vmlinuz-6.8" root=ZFS="rpool/ROOT/u" ro
		}
		submenu 'History for Ubuntu' ${menuentry_id_option} 'gnulinux-history-rpool/ROOT/u' {
		  submenu 'Revert to 01/01/26 @ 10:00' ${menuentry_id_option} 'gnulinux-history-rpool/ROOT/u@a' {
		    zsyshistorymenu "rpool/ROOT/u@a" "/dev/sda2" "/BOOT/u@a/initrd.img-6.8" "/BOOT/u@a/vmlinuz-6.8" "6.8"
		  }
		}
		menuentry 'Last' --class os ${menuentry_id_option} 'gnulinux-last' {
		}
		EOF
	END
	run -0 --separate-stderr generate
	diff - <(echo "$output") <<-'END'

		menuentry 'Ubuntu (Passthrough: a)' --class os ${menuentry_id_option} 'passthrough-a-rpool/ROOT/u-6.8' {
		  gfxmode ${linux_gfx_mode}
		  linux	"/BOOT/u@/vmlinuz-6.8" root=ZFS="rpool/ROOT/u" ro
		}
		menuentry 'Last (Passthrough: a)' --class os ${menuentry_id_option} 'passthrough-a-last' {
		}
	END
	# What has nothing but these has no entry to copy.
	printf '#!/bin/sh\nprintf "function f {\\n\\tmenuentry x {\\n\\t}\\n}\\n"\n' >"$tree/etc/grub.d/10_linux_zfs"
	run -0 --separate-stderr generate
	[ -z "$output$stderr" ]
}

@test "the post hook of mkinitcpio updates what is wanted, and never makes it fail" {
	hook=$work/hook
	sed "s|/usr/bin/vfioboot|$work/program|g; s|/etc/vfioboot|$tree/etc/vfioboot|" \
		"$top/mkinitcpio/post/vfioboot" >"$hook"
	mkdir -p "$tree/etc"
	printf '#!/bin/sh\necho "ran $*"\nexit 1\n' >"$work/program"
	# Without anything wanted, without the program, and with it.
	run -0 env PATH= /bin/sh "$hook" /boot/vmlinuz /boot/initramfs.img
	[ -z "$output" ]
	: >"$tree/etc/vfioboot.entries"
	run -0 env PATH= /bin/sh "$hook" '' /boot/initramfs.img
	[ -z "$output" ]
	chmod +x "$work/program"
	run -0 /bin/sh "$hook" /boot/vmlinuz /boot/initramfs.img /boot/EFI/Linux/arch-linux.efi
	[ "$output" = 'ran entry update' ]
}

# ---- on a machine that runs GRUB ----------------------------------------------------------------

# live SCRIPT: runs it where /etc and /boot are those of $tree, and grub-mkconfig is ours
live() {
	mkdir -p "$work/bin"
	cat >"$work/bin/grub-mkconfig" <<-'END'
		#!/bin/sh
		set -e
		exec >"$2.new"
		printf 'if [ "${next_entry}" ] ; then\n   set default="${next_entry}"\nelse\n'
		printf '   set default="%s"\nfi\n' "$(cat /etc/default-entry)"
		for script in /etc/grub.d/*; do
			[ -x "$script" ] || continue
			printf '\n### BEGIN %s ###\n' "$script"
			"$script"
			printf '### END %s ###\n' "$script"
		done
		cat "$2.new" >"$2"
		rm "$2.new"
	END
	printf '#!/bin/sh\n! grep -q "syntax error" "$1"\n' >"$work/bin/grub-script-check"
	chmod +x "$work"/bin/*
	PATH=$work/bin:/usr/sbin:$PATH tree=$tree vfioboot=$vfioboot \
		unshare -rm bash -ec 'mount --bind "$tree/etc" /etc; mount --bind "$tree/boot" /boot
			mount -t tmpfs none /run; cd /
			'"$1"
}

@test "systemd-boot: nothing stays written when the default would change" {
	local pattern conf=boot/loader/loader.conf
	for pattern in 'arch-*' 'ARCH-[!l]*' '*-passthrough.conf'; do
		tree_of arch-systemd-boot
		printf "timeout 3\ndefault %s\n" "$pattern" | tee "$tree/$conf" >"$work/before/$conf"
		run -1 --separate-stderr entry add
		[[ $stderr == *"-passthrough.conf would become the default entry"*'bootctl set-default'* ]]
		unchanged
	done
	for pattern in arch.conf 'arch-lts.*' '*'; do
		tree_of arch-systemd-boot
		printf "timeout 3\ndefault %s\n" "$pattern" | tee "$tree/$conf" >"$work/before/$conf"
		run -0 --separate-stderr entry add
		[[ $output == *'The default entry is unchanged.'* && -z $stderr ]]
		entry remove
		unchanged
	done
	# A person's choice of one of ours is not taken back, and remove is never refused.
	tree_of arch-systemd-boot
	entry add
	echo 'default arch-passthrough.conf' >"$tree/$conf"
	run -0 entry update
	run -0 entry remove
}

live_tree() {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	generator_tree
	rm "$tree/etc/vfioboot.entries"
	mkdir -p "$tree/etc/vfioboot.conf.d" "$tree/boot/grub"
	configure selected -
	printf '#!/bin/sh\necho "menuentry other --id other {"\necho "	linux /memtest86+x64.bin"\necho "}"\n' \
		>"$tree/etc/grub.d/40_custom"
	chmod +x "$tree/etc/grub.d/40_custom"
	echo "${1:-0}" >"$tree/etc/default-entry"
	live 'grub-mkconfig -o /boot/grub/grub.cfg'
	chmod 640 "$tree/boot/grub/grub.cfg"
	cp "$tree/boot/grub/grub.cfg" "$work/grub.cfg"
}

@test "GRUB: add puts a checked menu in place, remove the old one, to the byte" {
	live_tree
	run -0 live '"$vfioboot" entry add'
	[[ $output == *'Boot loader: GRUB'* ]]
	grep -q "'Bob'\\\\''s GNU/Linux (Passthrough)'.*'passthrough-simple-abc'" "$tree/boot/grub/grub.cfg"
	[ "$(stat -c %a "$tree/boot/grub/grub.cfg")" = 640 ]
	[ "$(ls -A "$tree/boot/grub")" = grub.cfg ]
	run -0 live '"$vfioboot" entry list --json'
	json_true '.entries | map(.boot_id) == ["passthrough-simple-abc",
		"passthrough-advanced-abc>passthrough-6.0-advanced-abc"]' <<<"$output"
	json_true '.entries | all(.state == "ready" and .loader == "grub")' <<<"$output"
	run -0 live '"$vfioboot" entry remove'
	cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
	[ ! -e "$tree/etc/vfioboot.entries" ]
	# Also where the generator was installed after grub.cfg was made.
	mv "$tree/etc/grub.d/11_linux_passthrough" "$work"
	live 'grub-mkconfig -o /boot/grub/grub.cfg'
	mv "$work/11_linux_passthrough" "$tree/etc/grub.d/"
	cp "$tree/boot/grub/grub.cfg" "$work/grub.cfg"
	run -0 live '"$vfioboot" entry add; "$vfioboot" entry add'
	run ! cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
	run -0 live '"$vfioboot" entry remove'
	cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
}

@test "GRUB: a menu that fails the check, or is not made, leaves all as it was" {
	live_tree
	printf '#!/bin/sh\ntest ! -e /etc/vfioboot.entries || echo "syntax error"\n' \
		>"$tree/etc/grub.d/40_custom"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'grub-script-check failed'*'grub.cfg is unchanged'* ]]
	cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
	[ ! -e "$tree/etc/vfioboot.entries" ]
	printf '#!/bin/sh\necho "cannot find a device" >&2\nexit 1\n' >"$tree/etc/grub.d/05_fail"
	chmod +x "$tree/etc/grub.d/05_fail"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'grub-mkconfig failed (1): cannot find a device'* ]]
	# Entries that the generator leaves out are not taken for added.
	rm "$tree/etc/grub.d/05_fail" "$tree/etc/grub.d/40_custom"
	printf '#!/bin/sh\n' >"$tree/etc/grub.d/11_linux_passthrough"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *"has no entry '(Passthrough)'"* ]]
	cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
	[ "$(ls -A "$tree/boot/grub")" = grub.cfg ]
	[ ! -e "$tree/etc/vfioboot.entries" ]
}

# bats test_tags=slow
@test "GRUB: a default that is a number is warned of when it shifts" {
	live_tree 2
	run -0 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *"default is '2', which was 'other' and is now 'passthrough-simple-abc'"*GRUB_DEFAULT* ]]
	[[ $output != *'default entry is unchanged'* ]]
	run -0 --separate-stderr live '"$vfioboot" entry remove'
	[[ $stderr == *"GRUB_DEFAULT in /etc/default/grub to 'gnulinux-simple-abc' and run 'grub-mkconfig -o /boot/grub/grub.cfg'"* ]]
	for default in 0 1 '1>0' gnulinux-simple-abc other "Bob's GNU/Linux"; do
		echo "$default" >"$tree/etc/default-entry"
		live 'grub-mkconfig -o /boot/grub/grub.cfg'
		run -0 --separate-stderr live '"$vfioboot" entry add'
		[ -z "$stderr" ]
		[[ $output == *'The default entry is unchanged.'* ]]
		live '"$vfioboot" entry remove'
	done
	# The same of a saved one.
	echo '${saved_entry}' >"$tree/etc/default-entry"
	printf '# GRUB Environment Block\nsaved_entry=2\n###\n' >"$tree/boot/grub/grubenv"
	live 'grub-mkconfig -o /boot/grub/grub.cfg'
	run -0 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *"default is '2', which was 'other'"* ]]
}

@test "GRUB: a menu that is hidden" {
	live_tree
	printf '#!/bin/sh\necho "  set timeout_style=hidden"\n' >"$tree/etc/grub.d/00_header"
	chmod +x "$tree/etc/grub.d/00_header"
	run -0 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'press Esc'*'GRUB_TIMEOUT_STYLE=menu'* ]]
}

# bats test_tags=slow
@test "GRUB: a menu that somebody else makes meanwhile is not lost" {
	live_tree
	cat >"$tree/etc/grub.d/45_meanwhile" <<-'END'
		#!/bin/sh
		[ -e /etc/meanwhile ] || exit 0
		echo "# $(cat /etc/meanwhile)" >>/boot/grub/grub.cfg
		[ "$(cat /etc/meanwhile)" != once ] || rm /etc/meanwhile
	END
	chmod +x "$tree/etc/grub.d/45_meanwhile"
	echo always >"$tree/etc/meanwhile"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'another program has changed /boot/grub/grub.cfg meanwhile; run this again'* ]]
	[ ! -e "$tree/etc/vfioboot.entries" ]
	grep -q '^# always' "$tree/boot/grub/grub.cfg"
	run ! grep -q passthrough-simple "$tree/boot/grub/grub.cfg"
	[ "$(ls -A "$tree/boot/grub")" = grub.cfg ]
	echo once >"$tree/etc/meanwhile"
	run -0 --separate-stderr live '"$vfioboot" entry add'
	grep -q passthrough-simple "$tree/boot/grub/grub.cfg"
}

@test "GRUB: remove deletes what an add that was killed has left" {
	live_tree
	printf '#!/bin/sh\ntest ! -e /etc/kill || kill -KILL $(cat /etc/kill)\n' >"$tree/etc/grub.d/45_kill"
	chmod +x "$tree/etc/grub.d/45_kill"
	printf '#!/bin/sh\necho $$ >/etc/kill\nexec "$vfioboot" entry add\n' >"$work/add"
	run -137 live 'exec sh "$tree/../add"'
	rm "$tree/etc/kill"
	touch "$tree/boot/grub/grub.cfg.vfioboot" "$tree/boot/grub/grub.cfg.vfioboot.new"
	[ -e "$tree/etc/vfioboot.entries" ]
	run -0 live '"$vfioboot" entry remove'
	[ ! -e "$tree/etc/vfioboot.entries" ]
	[ "$(ls -A "$tree/boot/grub")" = grub.cfg ]
	cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
}

@test "add and remove wait for nobody, and change nothing beside another one" {
	live_tree
	for action in add remove; do
		run -1 --separate-stderr live 'mkdir -p -m 700 /run/vfioboot/private
			exec 9>/run/vfioboot/private/lock
			flock 9
			"$vfioboot" entry '"$action"
		[[ $stderr == *'another vfioboot command is changing this system; try again when it has finished' ]]
		# What the holder has started, such as the hook of a generator, works for it.
		run -0 live 'mkdir -p -m 700 /run/vfioboot/private
			exec 9>/run/vfioboot/private/lock
			flock 9
			echo $$ >&9
			sh -c "\"\$vfioboot\" entry update; exit \$?" 9>&-'
		run -0 live '"$vfioboot" entry add'
		cp "$tree/boot/grub/grub.cfg" "$work/with.cfg"
	done
	cmp "$work/with.cfg" "$tree/boot/grub/grub.cfg"
	[ -e "$tree/etc/vfioboot.entries" ]
}

# bats test_tags=slow
@test "GRUB: a failure of grub-mkconfig is reported with its cause" {
	live_tree
	# As grub-mkconfig ends when its own check fails.
	cat >"$tree/etc/grub.d/45_cause" <<-'END'
		#!/bin/sh
		exec >&2
		cat /etc/cause
		echo "Syntax errors are detected in generated GRUB config file."
		echo "Ensure that there are no errors in /etc/default/grub"
		echo "and /etc/grub.d/* files or please file a bug report with"
		echo "/boot/grub/grub.cfg.vfioboot.new file attached."
		exit 1
	END
	chmod +x "$tree/etc/grub.d/45_cause"
	printf 'Generating ...\nerror: out of memory.\nSyntax error at line 42\n' >"$tree/etc/cause"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'grub-mkconfig failed (1): error: out of memory; grub.cfg is unchanged'* ]]
	printf '#!/bin/sh\ncat /etc/cause >&2\necho "file a bug report" >&2\necho /boot/grub/grub.cfg.vfioboot.new >&2\nexit 2\n' \
		>"$tree/etc/grub.d/45_cause"
	printf 'one\n/etc/grub.d/x: not found\nAbandon\n' >"$tree/etc/cause"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'failed (2): /etc/grub.d/x: not found; Abandon; grub.cfg is unchanged'* ]]
	printf '#!/bin/sh\nexit 3\n' >"$tree/etc/grub.d/10_linux"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'grub-mkconfig failed (3); grub.cfg is unchanged'* ]]
	printf '#!/bin/sh\nkill -KILL $PPID\nsleep 1\n' >"$tree/etc/grub.d/10_linux"
	run -1 --separate-stderr live '"$vfioboot" entry add'
	[[ $stderr == *'grub-mkconfig was ended by signal 9; grub.cfg is unchanged'* ]]
}

@test "GRUB: its programs are known by the name of grub.cfg, and may have the other one" {
	live_tree
	mkdir "$tree/boot/efi"
	mv "$tree/boot/grub" "$tree/boot/grub2"
	mv "$tree/boot/grub2/grub.cfg" "$tree/boot/efi/"
	ln -s ../efi/grub.cfg "$tree/boot/grub2/grub.cfg"
	run -0 --separate-stderr live 'mv "$tree"/../bin/grub-mkconfig "$tree/../bin/grub2-mkconfig"
		mv "$tree"/../bin/grub-script-check "$tree/../bin/grub2-script-check"
		printf "#!/bin/sh\nexit 1\n" >"$tree/../bin/grub-mkconfig"
		chmod +x "$tree/../bin/grub-mkconfig"
		"$vfioboot" entry add'
	grep -q passthrough-simple "$tree/boot/efi/grub.cfg"
	rm "$work"/bin/grub2-*
	run -0 --separate-stderr live '"$vfioboot" entry remove'
	run ! grep -q passthrough-simple "$tree/boot/efi/grub.cfg"
}

@test "GRUB: grub.cfg keeps its mode, its ACL and what else is attached to it" {
	local config=boot/grub/grub.cfg
	attached() {
		python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.note").decode())' "$tree/$config"
	}
	live_tree
	chmod 600 "$tree/$config"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"kept")' "$tree/$config" ||
		skip "no extended attributes here"
	run -0 live '"$vfioboot" entry add'
	grep -q passthrough-simple "$tree/$config"
	[ "$(stat -c %a "$tree/$config")" = 600 ]
	run -0 attached
	[ "$output" = kept ]
}

@test "GRUB: a link to grub.cfg stays one" {
	live_tree
	mkdir "$tree/boot/efi"
	mv "$tree/boot/grub/grub.cfg" "$tree/boot/efi/"
	ln -s ../efi/grub.cfg "$tree/boot/grub/grub.cfg"
	run -0 live '"$vfioboot" entry add'
	[ -L "$tree/boot/grub/grub.cfg" ]
	grep -q passthrough-simple "$tree/boot/efi/grub.cfg"
}

# A machine with one kernel, whose image holds vfioboot, and an update-initramfs that fails while
# there is /etc/no-room.
undo_tree() {
	live_tree
	live 'mount -t overlay none -o lowerdir="$tree/etc":/usr /usr' 2>/dev/null ||
		skip "needs an overlay over /usr"
	local work=$work/image
	mkdir -p "$tree"/usr/{sbin,lib/modules/6.1.0/kernel} "$work"/{conf,usr/lib/vfioboot}
	touch "$tree/boot/vmlinuz-6.1.0" "$tree/usr/lib/modules/6.1.0/modules.dep" "$work/conf/initramfs.conf"
	(cd "$work" && find conf | cpio -o -H newc --quiet) >"$tree/boot/clean-image"
	touch "$work/usr/lib/vfioboot/vfioboot-early"
	(cd "$work" && find . | cpio -o -H newc --quiet) >"$tree/boot/initrd.img-6.1.0"
	cat >"$tree/usr/sbin/update-initramfs" <<-'END'
		#!/bin/sh
		[ ! -e /etc/no-room ] || exit 1
		cp /boot/clean-image /boot/initrd.img-6.1.0.new
		mv /boot/initrd.img-6.1.0.new /boot/initrd.img-6.1.0
	END
	cp "$tree/usr/sbin/update-initramfs" "$tree/usr/sbin/mkinitramfs"
	chmod +x "$tree"/usr/sbin/*
}

undo_live() {
	live 'mount -t overlay none -o lowerdir="$tree/usr":/usr /usr
		mount -t tmpfs none /var/lib
		'"$1"
}

@test "undo takes the entries away last, and none when something else fails" {
	undo_tree
	run -0 live '"$vfioboot" entry add'
	cp "$tree/boot/grub/grub.cfg" "$work/with.cfg"
	touch "$tree/etc/no-room"
	run -1 --separate-stderr undo_live '"$vfioboot" undo'
	[[ $stderr == *'all changes were undone: images and files are as before'* ]]
	cmp "$work/with.cfg" "$tree/boot/grub/grub.cfg"
	[ -e "$tree/etc/vfioboot.entries" ]
	# Where it is the entries that fail, the rest is done, and is not done again.
	rm "$tree/etc/no-room"
	printf '#!/bin/sh\necho "cannot find a device" >&2\nexit 1\n' >"$tree/etc/grub.d/05_fail"
	chmod +x "$tree/etc/grub.d/05_fail"
	run -1 --separate-stderr undo_live '"$vfioboot" undo'
	[[ $stderr == *'cannot find a device'*"run 'sudo vfioboot entry remove'"* ]]
	cmp "$work/with.cfg" "$tree/boot/grub/grub.cfg"
	[ -e "$tree/etc/vfioboot.entries" ]
	[ ! -e "$tree/etc/vfioboot.conf" ]
	rm "$tree/etc/grub.d/05_fail"
	# The entry of this menu loads no initrd, so what starts is not known.
	run -3 --separate-stderr undo_live '"$vfioboot" undo'
	[[ $output == 'Removed the entries of vfioboot from the boot menu.'* ]]
	cmp "$work/grub.cfg" "$tree/boot/grub/grub.cfg"
	[ ! -e "$tree/etc/vfioboot.entries" ]
}

@test "undo that is ended while the menu is made leaves the entries as they were" {
	undo_tree
	run -0 live '"$vfioboot" entry add'
	cp "$tree/boot/grub/grub.cfg" "$work/with.cfg"
	rm -r "${tree:?}"/etc/vfioboot.conf*
	cp "$tree/boot/clean-image" "$tree/boot/initrd.img-6.1.0"
	printf '#!/bin/sh\nkill -TERM "$(cat /run/undo)"\nsleep 5\n' >"$tree/etc/grub.d/05_slow"
	chmod +x "$tree/etc/grub.d/05_slow"
	printf '#!/bin/sh\necho $$ >/run/undo\nexec "$vfioboot" undo\n' >"$work/undo"
	run ! undo_live 'sh "$tree/../undo"'
	[[ $output == *"cannot remove the entries from the boot menu"* ]]
	cmp "$work/with.cfg" "$tree/boot/grub/grub.cfg"
	[ -e "$tree/etc/vfioboot.entries" ]
	[ "$(ls -A "$tree/boot/grub")" = grub.cfg ]
}

@test "changes need root" {
	[ "$(id -u)" = 0 ] || skip "needs root, to be somebody else"
	chmod 755 "$work"
	cp "$PROGRAM" "$work/vfioboot"
	for action in add remove update; do
		run -1 setpriv --reuid=65534 --clear-groups "$work/vfioboot" entry "$action"
		[[ $output == *'needs root; run it with sudo'* ]]
	done
}

@test "without root: what can't be looked at is named, and nothing promised" {
	tree_of debian-systemd-boot
	mkdir -p "$tree/boot/efi"
	mv "$tree"/efi/* "$tree/boot/efi/"
	entry add
	# The loader tells itself, and so is known though its files are closed.
	efivar LoaderInfo 'systemd-boot 257'
	chmod 700 "$tree/boot/efi/loader/entries"
	[ "$(id -u)" = 0 ] || chmod 0 "$tree/boot/efi/loader/entries"
	run -1 --separate-stderr as_nobody "$tree" entry remove --dry-run
	[[ $stderr == *'cannot read the menu of systemd-boot, /boot/efi/loader/entries: Permission denied; run this as root' ]]
	[ -z "$output" ]
	run -1 --separate-stderr as_nobody "$tree" entry add --dry-run
	[[ $stderr == *'the entries in /boot/efi/loader/entries: Permission denied; run this as root' ]]
	run -3 --separate-stderr as_nobody "$tree" entry list
	[[ $stderr == *"cannot read the menu of "*": /boot/efi/loader/entries: Permission denied; run this as root" ]]
	# The whole partition is closed, and no entry asked for.
	chmod 755 "$tree/boot/efi/loader/entries"
	chmod 700 "$tree/boot/efi"
	[ "$(id -u)" = 0 ] || chmod 0 "$tree/boot/efi"
	run -1 --separate-stderr as_nobody "$tree" entry remove --dry-run
	[[ $stderr == *'cannot read /boot/efi/'*'Permission denied; run this as root' ]]
	[ -z "$output" ]
	rm "$tree/etc/vfioboot.entries"
	run -1 --separate-stderr as_nobody "$tree" entry remove --dry-run
	[[ $stderr == *'cannot read /boot/efi/'*'Permission denied; run this as root' ]]
	[ -z "$output" ]
	rm -r "${tree:?}/sys"
	run -1 --separate-stderr as_nobody "$tree" entry add --dry-run
	[[ $stderr == *"no boot loader was found, since /boot/efi/"*" cannot be read: Permission denied; run this as root" ]]
	chmod 755 "$tree/boot/efi"
}

# ---- what runs vfioboot by its installed name --------------------------------------------------

# What is at /usr/bin then: a vfioboot that writes down how it was called, and fails, and what the
# scripts need.  The host's own vfioboot is not run, and does not have to be there.
installed_tree() {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	mkdir -p "$tree"/{bin,boot,etc,proc}
	cp "$(command -v sh)" "$(command -v grep)" "$tree/bin/"
	printf '#!/bin/sh\necho "$*" >>"$tree/calls"\necho "no room"\nexit 1\n' \
		>"$tree/bin/vfioboot"
	chmod +x "$tree/bin/vfioboot"
	printf 'passthrough\tPassthrough\tvfioboot.profile=a\n' >"$tree/etc/vfioboot.entries"
	echo 'root=UUID=1 ro' >"$tree/proc/cmdline"
}

# calls ARGUMENTS COMMAND: it succeeds there, and has called vfioboot once, with these; "" for not
# at all, and then it says nothing
calls() {
	: >"$tree/calls"
	run -0 --separate-stderr live 'mount --bind "$tree/proc/cmdline" /proc/cmdline
		mount --bind "$tree/bin" /usr/bin; '"$2"
	echo "called by $2: $(cat "$tree/calls")"
	[ "$(cat "$tree/calls")" = "$1" ]
	[ -n "$1" ] || [ -z "$output$stderr" ]
}

@test "the plugin of kernel-install has the entries follow, and never keeps a kernel from being installed" {
	installed_tree
	cp "$top/kernel-install/91-vfioboot.install" "$tree/etc/plugin"
	for arguments in add 'add 6.1 /boot/token/6.1 /boot/vmlinuz-6.1' remove 'remove 6.1'; do
		calls 'entry update' "/etc/plugin $arguments"
	done
	for arguments in '' inspect nonsense; do
		calls '' "/etc/plugin $arguments"
	done
	# Without entries nothing has to follow, but what a boot of ours left in the normal entry.
	rm "$tree/etc/vfioboot.entries"
	calls '' '/etc/plugin add 6.1'
	echo 'root=UUID=1 ro vfioboot.profile=a' >"$tree/proc/cmdline"
	calls 'entry update' '/etc/plugin add 6.1'
	# Nothing is there to be called: of ours, and of the system.
	rm "$tree/bin/vfioboot"
	calls '' '/etc/plugin add 6.1'
	calls '' 'PATH= /etc/plugin add 6.1'
}

@test "entries that removing another kernel took along come back with the kernel's own" {
	tree_of debian-systemd-boot
	entry add
	local entries=$tree/efi/loader/entries kept=$work/kept
	mkdir "$kept"
	cp "$entries"/*6.12.48* "$kept/"
	# What 90-loaderentry.install deletes for a kernel 6.12.48.
	rm -f "$entries/$machine-6.12.48"*.conf
	run -0 entry update
	[ "$(entries | grep -c 6.12.48)" = 0 ] && [ "$(entries | grep -c passthrough)" = 1 ]
	# All of them: what is wanted is still known.
	cp "$entries"/*6.12.41* "$kept/"
	rm "$entries"/*.conf
	run -1 --separate-stderr entry update
	[[ $stderr == *'no entry of a kernel of this machine'*"'kernel-install add' makes them"* ]]
	[ "$(wanted | wc -l)" = 1 ]
	# What `kernel-install add` writes, and then calls.
	cp "$kept"/*amd64.conf "$kept"/*amd64+3.conf "$entries/"
	run -0 entry update
	diff -r "$kept" "$entries"
}

@test "the plugin of kernel-install says whose entries were taken along" {
	installed_tree
	cp "$top/kernel-install/91-vfioboot.install" "$tree/etc/plugin"
	local entries=$tree/boot/loader/entries set version
	mkdir -p "$entries" "$tree/boot/t/6.1+empty"
	for version in 6.1+b 6.1+c 6.12 6.2+b; do
		mkdir "$tree/boot/t/$version"
		touch "$tree/boot/t/$version/linux"
	done
	touch "$entries/t-6.1+c+3.conf"
	set='export KERNEL_INSTALL_LAYOUT=bls KERNEL_INSTALL_ENTRY_TOKEN=t KERNEL_INSTALL_BOOT_ROOT="$tree/boot";'
	calls 'entry update' "$set /etc/plugin remove 6.1"
	[[ $stderr == *"kernel 6.1+b has no entry now that 6.1 is removed; run 'kernel-install add 6.1+b /boot/vmlinuz-6.1+b'"* ]]
	[[ $stderr == *"kernel 6.12 has no entry"* ]]
	[ "$(grep -c 'has no entry' <<<"$stderr")" = 2 ]
	# With its entry, with another layout, and for a kernel that comes: nothing.
	calls 'entry update' "$set /etc/plugin add 6.1"
	[[ $stderr != *'has no entry'* ]]
	calls 'entry update' "${set/=bls/=uki} /etc/plugin remove 6.1"
	[[ $stderr != *'has no entry'* ]]
	touch "$entries/t-6.1+b.conf" "$entries/t-6.12.conf"
	calls 'entry update' "$set /etc/plugin remove 6.1"
	[[ $stderr != *'has no entry'* ]]
}

# ---- unified kernel images ----------------------------------------------------------------------

make_uki() {
	bash "$top/tests/cli/uki.bash" "$@"
}

# A machine with images of two kernels, and one of another system.
uki_tree() {
	images=$tree/boot/EFI/Linux
	osrel=$'ID=debian\nPRETTY_NAME="Debian 13"\n'
	mkdir -p "$images" "$tree/etc/vfioboot.conf.d" "$tree/etc/kernel" "$tree/systemd"
	configure selected -
	printf '%s' "$osrel" >"$tree/etc/os-release"
	echo 'root=UUID=1 ro quiet' >"$tree/etc/kernel/cmdline"
	make_uki "$images/m-6.12.efi" 'root=UUID=1 ro quiet' 6.12 "$osrel" "${1:-0}"
	make_uki "$images/m-6.1.efi" $'root=UUID=1 ro\n' 6.1 "$osrel" "${1:-0}"
	make_uki "$images/arch-linux.efi" 'root=UUID=2 rw' 6.15 $'ID=arch\nPRETTY_NAME="Arch"\n'
	printf MZ >"$images/broken.efi"
}

# For the test itself to call: in `run` a skip would only be output.
needs_uki_live() {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	[ -d /usr/lib/systemd ] || skip "needs /usr/lib/systemd, to put ukify there"
	[ ! -e /usr/bin/ukify ] || skip "needs a machine without an ukify of its own"
}

# /var/lib is its own: what others have there, such as the test beside this one, is not ours.
uki_live() {
	cp "$top/tests/cli/uki.bash" "$tree/systemd/ukify"
	chmod +x "$tree/systemd/ukify"
	live 'mount --bind "$tree/systemd" /usr/lib/systemd; mount -t tmpfs none /var/lib; '"$1"
}

@test "unified images without ukify: no command is printed that needs it" {
	uki_tree
	cp -r "$tree" "$work/before"
	run -3 --separate-stderr entry add
	[[ $output == *"Install ukify"*"package systemd-ukify"*"'sudo vfioboot entry add'"* ]]
	[[ $output != *'ukify build'* && $output != *objcopy* ]]
	unchanged
}

@test "unified images that are signed: the commands are printed, unless there are keys" {
	uki_tree 512
	mkdir -p "$tree/usr/lib/systemd"
	touch "$tree/usr/lib/systemd/ukify"
	run -3 entry add
	[[ $output == *'The image is signed'*--secureboot-private-key* ]]
	printf '[UKI]\nSecureBootPrivateKey=/etc/key\nSecureBootCertificate=/etc/cert\n' >"$tree/etc/kernel/uki.conf"
	run -0 entry add --dry-run
	[[ $output == *'Would make /boot/EFI/Linux/m-6.12-passthrough.efi'* ]]
}

@test "unified images: another one for each kernel, made, kept and removed" {
	needs_uki_live
	uki_tree
	before=$(cat "$images"/*.efi | md5sum)
	run -0 uki_live 'UKIFY_LOG=$tree/log "$vfioboot" entry add; find /var/lib -mindepth 1'
	[[ $output == *'Boot loader: a unified kernel image.'* && $output != */var/lib* ]]
	[ "$(ls "$images")" = "$(printf '%s.efi\n' arch-linux broken m-6.1-passthrough m-6.1 m-6.12-passthrough m-6.12 | sort)" ]
	grep -aq 'root=UUID=1 ro quiet vfioboot.profile=passthrough' "$images/m-6.12-passthrough.efi"
	grep -aq 'PRETTY_NAME="Debian 13 (Passthrough)"' "$images/m-6.12-passthrough.efi"
	run -0 uki_live '"$vfioboot" entry list --json'
	json_true '[.entries[] | [.kernel, .state, .title, .boot_id]] ==
		[["6.1", "ready", "Debian 13 (Passthrough)", "m-6.1-passthrough.efi"],
		["6.12", "ready", "Debian 13 (Passthrough)", "m-6.12-passthrough.efi"]]' <<<"$output"
	# Nothing to be done: nothing is made.  A newer image, and one that went.
	run -0 uki_live 'rm "$tree/log"; UKIFY_LOG=$tree/log "$vfioboot" entry add; test ! -e "$tree/log"'
	rm "$images/m-6.1.efi"
	touch -d '+1 minute' "$images/m-6.12.efi"
	run -1 --separate-stderr uki_live '"$vfioboot" entry list --json'
	json_true '.entries | length == 2 and all(.state == "outdated")' <<<"$output"
	run -0 uki_live 'UKIFY_LOG=$tree/log "$vfioboot" entry update; cat "$tree/log"'
	[ "$(grep -c '^ukify build' <<<"$output")" = 1 ]
	[ ! -e "$images/m-6.1-passthrough.efi" ]
	make_uki "$images/m-6.1.efi" $'root=UUID=1 ro\n' 6.1 "$osrel"
	run -0 uki_live '"$vfioboot" entry remove'
	[ "$(cat "$images"/*.efi | md5sum)" = "$before" ]
	[ ! -e "$tree/etc/vfioboot.entries" ]
}

@test "unified images: a failure of ukify leaves nothing behind" {
	needs_uki_live
	uki_tree
	echo m-6.12 >"$tree/etc/ukify-fails"
	run -1 --separate-stderr uki_live '"$vfioboot" entry add || {
		find /var/lib -mindepth 1
		exit 1
	}'
	[[ $stderr == *'cannot make /boot/EFI/Linux/m-6.12-passthrough.efi: no space left'* ]]
	[[ $output != */var/lib* ]]
	[ ! -e "$tree/etc/vfioboot.entries" ]
	[ "$(cd "$images" && echo *)" = 'arch-linux.efi broken.efi m-6.1.efi m-6.12.efi' ]
}

# A machine with ukify and systemd-boot, below --root.
uki_with_loader() {
	uki_tree
	mkdir -p "$tree/usr/lib/systemd" "$tree/boot/loader"
	touch "$tree/usr/lib/systemd/ukify"
	echo 'timeout 5' >"$tree/boot/loader/loader.conf"
}

@test "unified images of this machine and of others, by what kernel-install names them" {
	uki_with_loader
	ours=$(tr 0-9 f <<<"$machine")
	make_uki "$images/$ours-6.2.efi" 'root=UUID=1' 6.2 "$osrel"
	make_uki "$images/$machine-6.3.efi" 'root=UUID=1' 6.3 "$osrel"
	echo "$machine" >"$tree/etc/machine-id"
	run -0 entry add --loader uki --dry-run
	[[ $output == *6.3-passthrough.efi* && $output != *6.2* ]]
	echo "KERNEL_INSTALL_MACHINE_ID=$ours" >"$tree/etc/machine-info"
	run -0 entry add --loader uki --dry-run
	[[ $output == *6.2-passthrough.efi* && $output != *6.3* ]]
	echo "$machine" >"$tree/etc/kernel/entry-token"
	run -0 entry add --loader uki --dry-run
	[[ $output == *6.2-passthrough.efi* && $output == *6.3-passthrough.efi* ]]
}

@test "unified images that others made are not taken for ours" {
	needs_uki_live
	uki_tree
	make_uki "$images/m-6.12-passthrough.efi" 'root=UUID=1 vfioboot.profile=mine' 6.12 "$osrel"
	run -1 --separate-stderr uki_live '"$vfioboot" entry add'
	[[ $stderr == *'m-6.12-passthrough.efi exists and was not written by vfioboot; rename or delete it'* ]]
	printf '# loader: uki\npassthrough\tPassthrough\tvfioboot.profile=passthrough\n' >"$tree/etc/vfioboot.entries"
	run -0 --separate-stderr uki_live '"$vfioboot" entry update'
	[[ $stderr == *'m-6.12-passthrough.efi exists and was not written by vfioboot'* ]]
	[ "$(cd "$images" && echo m-*)" = 'm-6.1-passthrough.efi m-6.1.efi m-6.12-passthrough.efi m-6.12.efi' ]
	run -0 uki_live '"$vfioboot" entry remove'
	[ ! -e "$images/m-6.1-passthrough.efi" ]
	grep -aq 'vfioboot.profile=mine' "$images/m-6.12-passthrough.efi"
}

@test "unified images: nothing stays when a copy would become the default" {
	needs_uki_live
	uki_with_loader
	run -0 uki_live '"$vfioboot" entry add --loader uki'
	[[ $output == *'The default entry is unchanged.'* ]]
	run -0 uki_live '"$vfioboot" entry remove'
	echo 'default m-6.12-p*' >>"$tree/boot/loader/loader.conf"
	run -1 --separate-stderr uki_live '"$vfioboot" entry add --loader uki'
	[[ $stderr == *'m-6.12-passthrough.efi would become the default entry'*'bootctl set-default'* ]]
	# Of what was not there nothing is left.
	[ "$(cd "$images" && echo *)" = 'arch-linux.efi broken.efi m-6.1.efi m-6.12.efi' ]
	[ "$(ls -A "$images")" = "$(ls "$images")" ]
}

@test "unified images: copies are marked and sort behind" {
	needs_uki_live
	uki_tree
	run -0 uki_live '"$vfioboot" entry add'
	grep -aqx 'IMAGE_ID="debian-passthrough"' "$images/m-6.12-passthrough.efi"
	grep -aq '^VFIOBOOT_ENTRY=passthrough' "$images/m-6.12-passthrough.efi"
}

# uki_room SIZE COMMAND: /boot has that much room; two images seem to have 2 MiB, and take none
uki_room() {
	truncate -s 2M "$images/m-6.12.efi" "$images/m-6.1.efi"
	rm -rf "${tree:?}/etc/EFI"
	size=$1 uki_live 'mv /boot/EFI /etc/EFI
		mount -t tmpfs -o size=$size none /boot
		cp -a --sparse=always /etc/EFI /boot
		'"$2"
}

@test "unified images: nothing is made without room for it and for the next kernel" {
	needs_uki_live
	uki_tree
	run -1 --separate-stderr uki_room 6M '"$vfioboot" entry add || {
		ls /boot/EFI/Linux
		exit 1
	}'
	[[ $stderr == *'/boot/EFI/Linux has '?' MiB free'*'need 7 MiB'*'remove kernels'* ]]
	[[ $output != *passthrough* && ! -e $tree/etc/vfioboot.entries ]]
	uki_tree
	run -0 uki_room 7M '"$vfioboot" entry add; ls /boot/EFI/Linux'
	[[ $output == *m-6.12-passthrough.efi* ]]
}

@test "unified images: an update deletes first, and makes nothing without room" {
	needs_uki_live
	uki_tree
	run -1 --separate-stderr uki_room 7M '"$vfioboot" entry add
		rm /boot/EFI/Linux/m-6.1.efi
		touch -d "+1 minute" /boot/EFI/Linux/m-6.12.efi
		head -c 5500K /dev/zero >/boot/fill
		"$vfioboot" entry update && exit 2
		find /boot/EFI/Linux -type f -printf "%f "
		exit 1'
	[[ $stderr == *'MiB free'* ]]
	[[ $output != *m-6.1-passthrough.efi* && $output == *m-6.12-passthrough.efi* ]]
}

@test "unified images: a copy that is good stays when the next one can't be made" {
	needs_uki_live
	uki_tree
	run -0 uki_live '"$vfioboot" entry add'
	before=$(cat "$images"/*-passthrough.efi | md5sum)
	touch -d '+1 minute' "$images/m-6.1.efi" "$images/m-6.12.efi"
	echo m-6.12 >"$tree/etc/ukify-fails"
	run -1 uki_live '"$vfioboot" entry update'
	[ "$(cat "$images"/*-passthrough.efi | md5sum)" = "$before" ]
	[ "$(ls -A "$images")" = "$(ls "$images")" ]
}

@test "unified images: what a killed run left goes with the next one" {
	needs_uki_live
	uki_tree
	touch "$images/.m-6.12-passthrough.efi.vfioboot-new" "$images/m-6.12.efi.new"
	run -0 entry remove --dry-run
	[[ $output == *'Would remove /boot/EFI/Linux/.m-6.12-passthrough.efi.vfioboot-new, left by an interrupted run'* ]]
	run -0 uki_live 'mkdir -p /var/lib/vfioboot/unified
		touch /var/lib/vfioboot/unified/linux
		"$vfioboot" entry remove
		ls -A /var/lib'
	[[ $output != *'vfioboot'$'\n'* ]]
	[ "$(ls -A "$images")" = "$(printf '%s\n' arch-linux.efi broken.efi m-6.1.efi m-6.12.efi m-6.12.efi.new | sort)" ]
}

@test "unified images: only keys are taken from ukify's settings, and they are always named" {
	needs_uki_live
	uki_tree
	mkdir -p "$tree/etc/systemd"
	echo 'not ini' >"$tree/etc/systemd/ukify.conf"
	printf '[UKI]\nInitrd=/more\n#SecureBootPrivateKey=/k\nSecureBootSigningTool=sbsign\n' >"$tree/etc/kernel/uki.conf"
	run -0 uki_live 'UKIFY_LOG=$tree/log "$vfioboot" entry add; cat "$tree/log"'
	[[ $output == *' --config=/'* && $output != *Initrd=* ]]
	run -0 uki_live '"$vfioboot" entry remove'
	uki_tree 512
	run -3 uki_live '"$vfioboot" entry add'
	printf '[UKI]\nSecureBootPrivateKey=/k\nSecureBootCertificate=/c\n' >"$tree/etc/kernel/uki.conf"
	run -0 uki_live 'UKIFY_LOG=$tree/log "$vfioboot" entry add; cat "$tree/log"'
	[[ $output == *SecureBootPrivateKey=/k* ]]
	# Another key signs measurements.
	make_uki "$images/m-6.12.efi" 'root=UUID=1' 6.12 "$osrel" 512 kernel .pcrsig
	run -3 uki_live '"$vfioboot" entry add'
	[[ $output == *'signed measurements'*PCRPrivateKey* && $output != *'The image is signed:'* ]]
	# What /usr has counts where /etc has none.
	mkdir "$tree/usr" && mv "$tree/etc/kernel/uki.conf" "$tree/usr/uki.conf"
	mkdir -p "$tree/usr/lib/kernel" "$tree/usr/lib/systemd"
	mv "$tree/usr/uki.conf" "$tree/usr/lib/kernel"
	touch "$tree/usr/lib/systemd/ukify"
	make_uki "$images/m-6.12.efi" 'root=UUID=1' 6.12 "$osrel" 512
	run -0 entry add --dry-run
}

@test "unified images with sections that would be lost are made by hand" {
	uki_with_loader
	make_uki "$images/m-6.12.efi" 'root=UUID=1 ro' 6.12 "$osrel" 0 kernel .hwids
	run -3 entry add --loader uki
	[[ $output == *"printf %s 'root=UUID=1 ro vfioboot.profile=passthrough' >cmdline"* ]]
	[[ $output == *'ukify build'*--linux=linux*--cmdline=@cmdline*--uname=6.12*--output=/boot/EFI/Linux/m-6.12-passthrough.efi* ]]
	[[ $output == *m-6.1-passthrough.efi* && $output != *arch-linux* && $output != *broken* ]]
	[[ $output == *'# its section .hwids is missing here'*'a section that vfioboot cannot copy'* ]]
	# Named is what each of them has.
	[ "$(grep -c 'dump-section .initrd' <<<"$output")" = 1 ]
	[ "$(grep -c -- '--initrd=' <<<"$output")" = 1 ]
	[[ $output == *"cat >> osrel <<'END'"*VFIOBOOT_ENTRY=passthrough*END* ]]
}

# A passthrough boot, in which 6.15 was installed.
uki_leak() {
	uki_tree
	rm "$tree/etc/kernel/cmdline"
	echo 'root=UUID=1 ro quiet vfioboot.profile=passthrough intel_iommu=on' >"$tree/cmdline"
	make_uki "$images/m-6.15.efi" 'root=UUID=1 ro quiet vfioboot.profile=passthrough intel_iommu=on systemd.machine_id=m' \
		6.15 "$osrel"
	printf '# loader: uki\npassthrough\tPassthrough\tvfioboot.profile=passthrough intel_iommu=on\n' >"$tree/etc/vfioboot.entries"
}

@test "unified images with arguments of a passthrough boot: said, and the others are still copied" {
	needs_uki_live
	uki_leak
	before=$(md5sum <"$images/m-6.15.efi")
	run -0 --separate-stderr uki_live 'mount --bind "$tree/cmdline" /proc/cmdline; "$vfioboot" entry update'
	[[ $stderr == *'the normal image /boot/EFI/Linux/m-6.15.efi contains arguments of a passthrough boot'*'kernel-install add-all'* ]]
	[ -e "$images/m-6.12-passthrough.efi" ] && [ ! -e "$images/m-6.15-passthrough.efi" ]
	[ "$(md5sum <"$images/m-6.15.efi")" = "$before" ]
	# The way of add.
	run -1 --separate-stderr uki_live 'mount --bind "$tree/cmdline" /proc/cmdline; "$vfioboot" entry add'
	[[ $stderr == *'m-6.15.efi contains arguments of a passthrough boot'* ]]
	# With no entry wanted they come from this boot, or are somebody's wish.
	rm "$images"/*-passthrough.efi "$tree/etc/vfioboot.entries"
	run -0 --separate-stderr uki_live 'mount --bind "$tree/cmdline" /proc/cmdline; "$vfioboot" entry update'
	[[ $stderr == *'m-6.15.efi contains arguments of a passthrough boot'* ]]
	mkdir -p "$tree/usr/lib/kernel"
	run -0 --separate-stderr uki_live 'mount --bind "$tree/cmdline" /proc/cmdline; touch /etc/kernel/cmdline; "$vfioboot" entry update'
	[ -z "$stderr" ]
}

@test "unified images: what would go wrong is said" {
	uki_tree
	mkdir -p "$tree/usr/lib/systemd" "$tree/boot/loader"
	touch "$tree/usr/lib/systemd/ukify"
	rm "$tree/etc/kernel/cmdline"
	run -0 --separate-stderr entry add --dry-run --loader uki
	[[ $stderr == *'write the normal command line into /etc/kernel/cmdline'* ]]
	mkdir "$tree/usr/lib/kernel"
	touch "$tree/usr/lib/kernel/cmdline"
	run -0 --separate-stderr entry add --dry-run --loader uki
	[[ $stderr != *'write the normal command line'* ]]
	mkdir "$images/m-6.1.efi.extra.d"
	run -0 --separate-stderr entry add --dry-run --loader uki
	[[ $stderr == *'/boot/EFI/Linux/m-6.1.efi.extra.d counts for the normal image alone'* ]]
	make_uki "$images/m-6.1.efi" 'root=UUID=1 vfioboot.profile=x' 6.1 "$osrel"
	run -1 --separate-stderr entry add --loader uki
	[[ $stderr == *'the normal image /boot/EFI/Linux/m-6.1.efi contains arguments of a passthrough boot'* ]]
	rm "$images"/m-*.efi
	run -1 --separate-stderr entry add --loader uki
	[[ $stderr == *'no unified kernel image of this system'* ]]
}
