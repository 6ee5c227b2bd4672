#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and host.bash
#
# `vfioboot capture`: a machine, packed and unpacked elsewhere, is told of as the original. What
# must not be in it is held by test_capture.

bats_require_minimum_version 1.5.0

load host

setup() {
	top=$BATS_TEST_DIRNAME/../..
	vfioboot=$(realpath "${VFIOBOOT:-$top/build/vfioboot}")
	early=$(realpath "${EARLY:-$top/build/vfioboot-early}")
	compose=$(realpath "$top/build/tests/compose")
	local tmp=/tmp
	[[ ! -w /dev/shm ]] || tmp=/dev/shm
	dir=$(mktemp -d "$tmp/vfioboot-capture.XXXXXX")
	root=$dir/root
	host=$root
	copy=$dir/copy
	export LC_ALL=C.UTF-8
}

teardown() {
	rm -rf --one-file-system "$dir"
}

machine() {
	mkdir -p "$root"
	"$compose" "$BATS_TEST_DIRNAME/../fixtures/$1/machine" "$root"
}

# Captures the machine and unpacks it at $copy.
replay() {
	run -0 --separate-stderr "$vfioboot" capture --root "$root" "$dir/machine.tar"
	[ -z "$stderr" ]
	rm -rf "$copy"
	mkdir "$copy"
	tar -xf "$dir/machine.tar" -C "$copy"
}

# Whether a command says the same of both, JSON and errors included; the exit status too.
same() {
	local status=0 copy_status=0
	"$vfioboot" "$@" --root "$root" >"$dir/one" 2>"$dir/one.err" || status=$?
	"$vfioboot" "$@" --root "$copy" >"$dir/two" 2>"$dir/two.err" || copy_status=$?
	diff "$dir/one" "$dir/two"
	diff "$dir/one.err" "$dir/two.err"
	((status == copy_status))
}

@test "every fixture is planned and listed from its capture as it is" {
	local fixture case
	for fixture in "$BATS_TEST_DIRNAME"/../fixtures/*/; do
		rm -rf "$root"
		machine "$(basename "$fixture")"
		# The case with the longest configuration says most.
		case=$(find "$fixture" -mindepth 2 -name conf -printf '%s %h\n' | sort -n | tail -n 1)
		case=${case#* }
		cp "$case/conf" "$root/etc/vfioboot.conf"
		[[ ! -f $case/protect ]] || cp "$case/protect" "$root/etc/vfioboot.protect"
		[[ ! -f $case/cmdline ]] || cp "$case/cmdline" "$root/proc/cmdline"
		replay
		same plan --json || { echo "plan of $fixture"; return 1; }
		same list --all --json || { echo "list of $fixture"; return 1; }
		"$early" --root "$root" --dry-run >"$dir/one" 2>/dev/null || true
		"$early" --root "$copy" --dry-run >"$dir/two" 2>/dev/null || true
		diff "$dir/one" "$dir/two"
	done
}

@test "a desktop: plan, protect and status are the same, and what it is used for" {
	host_of_two_cards "$root"
	printf '%s\n' '# my cards' '[device second]' 'path = 00:01.1/00 ; the lower one' \
		'[device disk]' 'path = 00:1d.0/00' >"$root/etc/vfioboot.conf"
	mkdir "$root/etc/vfioboot.conf.d"
	echo '; nothing yet' >"$root/etc/vfioboot.conf.d/empty.conf"
	host_boot
	rm -rf "${root:?}"/{lib,boot/initrd*,boot/vmlinuz*,usr,etc/initramfs-tools,etc/default,boot/grub}
	replay
	same plan --json
	same plan
	same protect
	# The digest of the configuration is another one there, and fits all the same.
	"$vfioboot" status --root "$root" --json | jq 'del(.boot.config)' >"$dir/one"
	"$vfioboot" status --root "$copy" --json | jq 'del(.boot.config)' >"$dir/two"
	diff "$dir/one" "$dir/two"
	jq -e '.boot.image_config_is_current' "$dir/two"
	run -1 grep -rqE 'my cards|lower one|nothing yet' "$copy"
	same list --all --json
	run -0 "$vfioboot" protect --root "$copy"
	[[ $output == *'storage 00:1d.0/00.0 144d:a808 / /boot/efi swap'* ]]
	run -1 "$vfioboot" plan --root "$copy" --json
	jq -e '.plan | any(.section == "disk" and .reason == "protected")' <<<"$output"
}

@test "a desktop: check finds what it finds on the machine" {
	host_of_two_cards "$root"
	rm -rf "${root:?}"/{lib,boot/initrd*,boot/vmlinuz*,usr,etc/initramfs-tools,etc/default,boot/grub}
	replay
	same check --json
}

@test "LUKS and LVM: names are other ones, and what stands behind them is the same" {
	host_of_two_cards "$root"
	local disk n real=sys/devices/virtual/block
	disk=../../../../pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1/nvme0n1p2
	for n in 0 1 2; do
		mkdir -p "$root/$real/dm-$n/slaves" "$root/$real/dm-$n/dm"
		echo "254:$n" >"$root/$real/dm-$n/dev"
		ln -s "../../devices/virtual/block/dm-$n" "$root/sys/class/block/dm-$n"
		ln -s "../../devices/virtual/block/dm-$n" "$root/sys/dev/block/254:$n"
	done
	ln -s "$disk" "$root/$real/dm-0/slaves/nvme0n1p2"
	ln -s ../../dm-0 "$root/$real/dm-1/slaves/dm-0"
	ln -s ../../dm-0 "$root/$real/dm-2/slaves/dm-0"
	echo luks-1b4e28ba-2fa1-11d2-883f-0016d3cca427 >"$root/$real/dm-0/dm/name"
	echo alice--vg-root >"$root/$real/dm-1/dm/name"
	echo alice--vg-swap >"$root/$real/dm-2/dm/name"
	echo '28 1 254:1 / / rw - ext4 /dev/mapper/alice--vg-root rw' >"$root/proc/self/mountinfo"
	printf '%s\n' 'Filename Type Size Used Priority' \
		'/dev/mapper/alice--vg-swap partition 975868 0 -2' >"$root/proc/swaps"
	replay
	same protect
	run -0 "$vfioboot" protect --root "$copy"
	[[ $output == *'storage 00:1d.0/00.0 144d:a808 / swap'* ]]
	run -1 grep -rq alice "$copy"
	run -1 grep -q alice "$dir/machine.tar"
}

@test "the archive is the same for the same machine, also from its own copy" {
	host_of_two_cards "$root"
	replay
	cp "$dir/machine.tar" "$dir/first.tar"
	replay
	cmp "$dir/first.tar" "$dir/machine.tar"
	"$vfioboot" capture --root "$copy" "$dir/second.tar"
	cmp "$dir/first.tar" "$dir/second.tar"
	tar -tvf "$dir/first.tar" >"$dir/list"
	run -1 grep -v 'root/root .* 1970-01-01 00:00 ' <(TZ=UTC tar -tvf "$dir/first.tar")
}

@test "what the kernel was built with is there, packed or not, and its texts are not" {
	host_of_two_cards "$root"
	printf 'CONFIG_%s\n' X86=y INTEL_IOMMU=y INTEL_IOMMU_DEFAULT_ON=y 'CMDLINE="root=UUID=1b4e28ba"' \
		'SYSTEM_TRUSTED_KEYS="/home/alice/keys.pem"' VFIO=m VFIO_PCI=m >"$dir/config"
	gzip -c "$dir/config" >"$root/proc/config.gz"
	rm "$root"/boot/config-*
	replay
	run -1 grep -rqE 'alice|1b4e28ba' "$copy"
	run -0 cat "$copy"/boot/config-*
	[[ $output == *CONFIG_INTEL_IOMMU_DEFAULT_ON=y*'CONFIG_CMDLINE=""'* ]]
	[ ! -e "$copy/proc/config.gz" ]
	same cmdline --json
}

@test "compressed by the end of its name" {
	machine identical-cards
	for end in gz xz zst; do
		run -0 "$vfioboot" capture --root "$root" "$dir/machine.tar.$end"
		[[ $(file -b "$dir/machine.tar.$end" 2>/dev/null || echo "$end") =~ gzip|XZ|Zstandard|$end ]]
		[ "$(stat -c %s "$dir/machine.tar.$end")" -lt 20000 ]
	done
	"$vfioboot" capture --root "$root" "$dir/plain"
	gzip -dc "$dir/machine.tar.gz" | cmp - "$dir/plain"
}

@test "- is standard output, with nothing else on it" {
	machine identical-cards
	"$vfioboot" capture --root "$root" "$dir/machine.tar"
	"$vfioboot" capture --root "$root" - | cmp - "$dir/machine.tar"
}

@test "says what it made and how to replay it" {
	machine identical-cards
	run -0 --separate-stderr "$vfioboot" capture --root "$root" "$dir/machine.tar"
	[[ $output == "$dir/machine.tar has "*' files'*"tar -xf $dir/machine.tar"* && -z $stderr ]]
}

@test "what is no regular file is not overwritten; a regular one is, as a whole" {
	machine identical-cards
	mkdir "$dir/directory"
	run -1 --separate-stderr "$vfioboot" capture --root "$root" "$dir/directory"
	[[ $stderr == *"$dir/directory is there and is not a regular file"* && -z $output ]]
	mkfifo "$dir/pipe"
	run -1 timeout 30 "$vfioboot" capture --root "$root" "$dir/pipe"
	[ -p "$dir/pipe" ]
	run -1 --separate-stderr "$vfioboot" capture --root "$root" "$dir/nowhere/x.tar"
	[[ $stderr == *"cannot write $dir/nowhere/x.tar"* ]]
	head -c 1000000 /dev/zero >"$dir/machine.tar"
	run -0 "$vfioboot" capture --root "$root" "$dir/machine.tar"
	[ "$(stat -c %s "$dir/machine.tar")" -lt 1000000 ]
	tar -tf "$dir/machine.tar" >/dev/null
	[ "$(find "$dir" -maxdepth 1 -name '*machine.tar*' | wc -l)" -eq 1 ]
}

@test "what could not be read is told, and the rest is there" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become another user"
	machine identical-cards
	chmod 0700 "$root/sys/devices/pci0000:00/0000:00:02.0/modalias"
	chmod 0755 "$dir"
	chmod 0000 "$root/proc/cmdline"
	run -0 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$vfioboot" capture --root "$root" -
	[[ $stderr == *'left out proc/cmdline: Permission denied'* && $stderr == *sudo* ]]
}

@test "usage" {
	run -2 --separate-stderr "$vfioboot" capture
	[[ $stderr == *'no file given'* ]]
	run -2 "$vfioboot" capture one two
	run -1 --separate-stderr "$vfioboot" capture --root "$dir/nowhere" "$dir/x.tar"
	[[ $stderr == *"$dir/nowhere"* ]]
	[ ! -e "$dir/x.tar" ]
}
