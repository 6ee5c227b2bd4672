#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # run sets output and stderr
#
# `vfioboot apply` on a tree of tests/boot-trees as it runs, with a generator that notes how it was
# started and writes an image: whatever distributions call their images, those are made that the entries
# of the boot menu start, and are judged.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load running_host

# made PATH...: exactly these are, and all entries start one that is up to date
made() {
	local path
	[ "$status" = 0 ]
	[ "$(wc -l <"$host/log")" = "$#" ]
	for path; do
		cmp "$host/made" "$host$path"
	done
	[ -z "$(find "$host/boot" -name '*.vfioboot-*' -o -name '*6.0.11*' -o -name '*6.6.22*')" ]
	live status --json
	json_true '.ready == true and (.images | length == '"$#"' and all(.state == "fresh"))' <<<"$output"
}

# bats test_tags=slow
@test "presets whose kernel has another name: both images of the preset are made, and judged" {
	local images=(/boot/initramfs-6.0-x86_64{,-fallback}.img)
	machine grub-manjaro
	generator mkinitcpio
	before mkinitcpio "${images[@]}"
	live apply
	[[ $output != *$'\r'* ]]
	made "${images[@]}"
	[ "$(<"$host/log")" = "mkinitcpio -k 6.0.11-1-MANJARO -g /boot/.initramfs-6.0-x86_64.img.vfioboot-new
mkinitcpio -k 6.0.11-1-MANJARO -g /boot/.initramfs-6.0-x86_64-fallback.img.vfioboot-new -S autodetect" ]
}

@test "dracut with images named by packages: both images of each package are made, and judged" {
	local images=(/boot/initramfs-linux{,-lts}.img /boot/initramfs-linux{,-lts}-fallback.img)
	machine grub-arch-dracut
	generator dracut
	before dracut "${images[@]:0:2}"
	before dracut-fallback "${images[@]:2}"
	live apply
	made "${images[@]}"
	[ "$(sort "$host/log")" = "dracut --force --rebuild /boot/initramfs-linux-fallback.img /boot/.initramfs-linux-fallback.img.vfioboot-new 6.7.9-arch1-1
dracut --force --rebuild /boot/initramfs-linux-lts-fallback.img /boot/.initramfs-linux-lts-fallback.img.vfioboot-new 6.6.22-1-lts
dracut --force /boot/.initramfs-linux-lts.img.vfioboot-new 6.6.22-1-lts
dracut --force /boot/.initramfs-linux.img.vfioboot-new 6.7.9-arch1-1" ]
}

@test "an image that is made and does not do: the one before is back, and nothing is ready" {
	local images=(/boot/initramfs-6.0-x86_64{,-fallback}.img)
	machine grub-manjaro
	generator mkinitcpio
	before mkinitcpio "${images[@]}"
	files 'image mkinitcpio /made'
	live apply
	[ "$status" = 1 ]
	[[ $stderr == *'the new image of 6.0.11-1-MANJARO is unusable'*'all changes were undone'* ]]
	live status --json
	json_true '.ready == false and (.images | length == 2 and all(.state == "without"))' <<<"$output"
	[ -z "$(find "$host/boot" -name '*.vfioboot-*')" ]
}

# bats test_tags=slow
@test "devices on the command line alone: not ready without vfioboot in the image, for which apply writes a file" {
	local images=(/boot/initramfs-6.0-x86_64{,-fallback}.img) menu
	machine grub-manjaro
	menu=$host/boot/grub/grub.cfg
	put etc/vfioboot.conf <<-'END'
		# Images contain vfioboot only where a configuration file exists, and vfioboot.device= is
		# on the kernel command line: so 'vfioboot apply' wrote this one.
	END
	generator mkinitcpio
	rm "$host/etc/vfioboot.conf"
	before mkinitcpio "${images[@]}"
	live status --json
	json_true '.ready and (.entries | all(.state == "fresh"))' <<<"$output"
	# Of the entries only one has them: the others need nothing.
	sed -i '/fallback/,$ { /^[[:space:]]*linux/s/$/ vfioboot.device=00:01.1\/00/ }' "$menu"
	grep -q 'vfioboot.device' "$menu"
	live status --json
	json_true '.ready and (.entries | any(.state == "without") and any(.state == "fresh"))' <<<"$output"
	sed -i '/vfioboot.device/!s,^[[:space:]]*linux.*,& vfioboot.device=00:01.1/00,' "$menu"
	live status --json
	json_true '.ready == false and (.entries | all(.state == "without"))' <<<"$output"
	live status
	[[ $output == *', which is without vfioboot'*"Run 'sudo vfioboot apply' to rebuild them."* ]]
	live check --json
	[ "$status" = 1 ]
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .remedy] |
		length > 0 and all(. == "run '"'sudo vfioboot apply'"'")' <<<"$output"
	live apply --dry-run
	[ "${lines[0]}" = 'write /etc/vfioboot.conf' ]
	live apply
	made "${images[@]}"
	cat "$host/etc/vfioboot.conf"
	live apply
	[[ $output == *'Nothing to do: every image is up to date.'* ]]
	# What apply has made, undo takes away.
	files 'image mkinitcpio /made'
	live undo
	[ "$status" = 0 ]
	[ ! -e "$host/etc/vfioboot.conf" ]
}

@test "--json: each step as it begins and ends, in its order, then what there is to say" {
	local images=(/boot/initramfs-6.0-x86_64{,-fallback}.img)
	machine grub-manjaro
	generator mkinitcpio
	before mkinitcpio "${images[@]}"
	live apply --json
	[ -z "$stderr" ]
	# The protect list and both images; each is done before the next one is started.
	# shellcheck disable=SC2016 # jq's
	json_true '[.[] | select(.step)] as $steps | $steps[0].of as $of |
		($of == 3) and ($steps | length == 2 * $of) and
		([$steps[] | .of] | unique == [$of]) and
		([$steps[] | .step] == [range(1; $of + 1) | ., .]) and
		([$steps[] | .state] == [range($of) | "started", "done"])' < <(jq -s . <<<"$output")
	json_true '[.[] | select(.state == "note") | .text] | .[-1] == "Reboot for it to take effect."' \
		< <(jq -s . <<<"$output")
	made "${images[@]}"
	files 'image mkinitcpio /made'
	put var/lib/vfioboot/durations <<<'81 run mkinitcpio'
	live undo --json
	json_true '.[-1] | .state == "note" and (.text | contains("still installed"))' \
		< <(jq -s . <<<"$output")
	[ ! -e "$host/var/lib/vfioboot/durations" ]
}

# slow NAME: a generator that takes three seconds
slow() {
	cp -L /bin/sleep "$host/bin/"
	sed -i '2i sleep 3' "$host/usr/bin/$1"
}

@test "--progress=json: the same, with the kernel, and what the last time took" {
	local images=(/boot/initramfs-6.0-x86_64{,-fallback}.img)
	machine grub-manjaro
	generator mkinitcpio
	before mkinitcpio "${images[@]}"
	# The other image was made by the same program.
	put var/lib/vfioboot/durations <<-'END'
		7 run update-initramfs -u -k all
		80 run mkinitcpio -k 6.0.11-1-MANJARO -g /boot/.initramfs-6.0-x86_64.img.vfioboot-new
	END
	live apply --progress=json
	[ -z "$stderr" ]
	json_true '[.[] | select(.kernel) | select(.text | startswith("Rebuilding")) | .kernel, .expected] ==
		[range(4) | "6.0.11-1-MANJARO", 80]' < <(jq -s . <<<"$output")
	json_true 'all(.[] | select(.kernel | not); .expected == null)' < <(jq -s . <<<"$output")
	made "${images[@]}"
	live apply --progress=text
	[ "$status" = 2 ]
	[[ $stderr == *"--progress takes json, not 'text'"* ]]
}

# bats test_tags=slow
@test "on a terminal the line of a generator shows the time so far, and nothing of that is left" {
	local images=(/boot/initramfs-6.0-x86_64{,-fallback}.img)
	machine grub-manjaro
	generator mkinitcpio
	slow mkinitcpio
	before mkinitcpio "${images[@]}"
	put var/lib/vfioboot/durations <<<'80 run mkinitcpio -k 6.0.11-1-MANJARO -g /boot/.initramfs-6.0-x86_64.img.vfioboot-new'
	run -0 env -i PATH=/bin:/usr/bin "$top/build/tests/dialogue" \
		unshare --map-root-user --root="$host" vfioboot apply </dev/null
	tr '\r' '\n' <<<"$output" >"$BATS_TEST_TMPDIR/lines"
	grep -qE '^Rebuilding the image of 6.0.11-1-MANJARO \(1 of 2\).* \.\.\. [1-4] s of about 80 s *$' \
		"$BATS_TEST_TMPDIR/lines"
	grep -qE '^Rebuilding the image of 6.0.11-1-MANJARO \(2 of 2\) with mkinitcpio \.\.\. done \([0-9]+ s\) *$' \
		"$BATS_TEST_TMPDIR/lines"
	# No line is longer than the terminal, nor than what is written over it.
	awk -F'\r' '{ for (i = 1; i < NF; i++)
		if (length($i) > 79 || length($i) > length($NF)) exit 1 }' <<<"$output"
	made "${images[@]}"
}

@test "--json: the step that fails, and why on standard error" {
	machine grub-manjaro
	generator mkinitcpio
	before mkinitcpio /boot/initramfs-6.0-x86_64{,-fallback}.img
	put usr/bin/mkinitcpio <<<'#!/bin/sh
		echo "no space in the attic" >&2; exit 1'
	live apply --json
	[ "$status" = 1 ]
	[[ $stderr == *'no space in the attic'*'all changes were undone'* ]]
	json_true '.[-1].state == "failed" and (.[-1].text | startswith("Rebuilding the image"))' \
		< <(jq -s . <<<"$output")
}
