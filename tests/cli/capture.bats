#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and host.bash
#
# `vfioboot capture`: a machine, packed and unpacked elsewhere, is told of as the original. What
# must not be in it is held by test_capture.

bats_require_minimum_version 1.5.0

load host
load machine

# Captures the machine and unpacks it at $work/copy.
replay() {
	run -0 --separate-stderr "$vfioboot" capture --root "$root" "$work/machine.tar"
	[ -z "$stderr" ]
	rm -rf "${work:?}/copy"
	mkdir "$work/copy"
	tar -xf "$work/machine.tar" -C "$work/copy"
}

# Whether a command says the same of both, JSON and errors included; the exit status too.
same() {
	local status=0 copy_status=0
	"$vfioboot" "$@" --root "$root" >"$work/one" 2>"$work/one.err" || status=$?
	"$vfioboot" "$@" --root "$work/copy" >"$work/two" 2>"$work/two.err" || copy_status=$?
	diff "$work/one" "$work/two"
	diff "$work/one.err" "$work/two.err"
	((status == copy_status))
}

# bats test_tags=slow
@test "every fixture is planned and listed from its capture as it is" {
	local fixture case
	for fixture in "$BATS_TEST_DIRNAME"/../fixtures/*/; do
		rm -rf "${root:?}"
		machine "$(basename "$fixture")"
		# The case with the longest configuration says most.
		case=$(find "$fixture" -mindepth 2 -name conf -printf '%s %h\n' | sort -n | tail -n 1)
		case=${case#* }
		use_case "$case"
		replay
		same plan --json || { echo "plan of $fixture"; return 1; }
		same list --all --json || { echo "list of $fixture"; return 1; }
		"$early" --root "$root" --dry-run >"$work/one" 2>/dev/null || true
		"$early" --root "$work/copy" --dry-run >"$work/two" 2>/dev/null || true
		diff "$work/one" "$work/two"
	done
}

@test "virtual functions have their numbers in a capture, too" {
	machine sriov
	use_case "$fixtures/sriov/virtual-by-number"
	replay
	same list --all --json
	run "$early" --root "$work/copy" --dry-run
	diff <(echo "$output") "$fixtures/sriov/virtual-by-number/expected"
}

@test "a desktop: plan, protect and status are the same, and what it is used for" {
	host_of_two_cards "$root"
	printf '%s\n' '# my cards' '[device second]' 'path = 00:01.1/00 ; the lower one' \
		'[device disk]' 'path = 00:1d.0/00' >"$root/etc/vfioboot.conf"
	mkdir "$root/etc/vfioboot.conf.d"
	echo '; nothing yet' >"$root/etc/vfioboot.conf.d/empty.conf"
	# As of a port of Thunderbolt; only a drive behind it needs what the link says.
	ln -s ../../../virtual/devlink/pci:0000:00:1f.3--pci:0000:00:1d.0 \
		"$root/sys/devices/pci0000:00/0000:00:1d.0/supplier:pci:0000:00:1f.3"
	host_boot
	rm -rf "${root:?}"/{lib,boot/initrd*,boot/vmlinuz*,usr,etc/initramfs-tools,etc/default,boot/grub}
	replay
	same plan --json
	same plan
	same protect
	# The digest of the configuration is another one there, and fits all the same.
	"$vfioboot" status --root "$root" --json | jq 'del(.boot.config)' >"$work/one"
	"$vfioboot" status --root "$work/copy" --json | jq 'del(.boot.config)' >"$work/two"
	diff "$work/one" "$work/two"
	json_true '.boot.image_config_is_current' <"$work/two"
	run -1 grep -rqE 'my cards|lower one|nothing yet' "$work/copy"
	same list --all --json
	run -0 "$vfioboot" protect --root "$work/copy"
	[[ $output == *'storage 00:1d.0/00.0 144d:a808 / /boot/efi swap'* ]]
	[[ $output == *'storage 00:1f.3 '*' / /boot/efi swap'* ]]
	run -1 "$vfioboot" plan --root "$work/copy" --json
	json_true '.plan | any(.section == "disk" and .reason == "protected")' \
		<<<"$output"
}

@test "a desktop: check finds what it finds on the machine" {
	host_of_two_cards "$root"
	rm -rf "${root:?}"/{lib,boot/initrd*,boot/vmlinuz*,usr,etc/initramfs-tools,etc/default,boot/grub}
	replay
	same check --json
}

@test "LUKS and LVM: names are other ones, and what is behind them is the same" {
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
	run -0 "$vfioboot" protect --root "$work/copy"
	[[ $output == *'storage 00:1d.0/00.0 144d:a808 / swap'* ]]
	run -1 grep -rq alice "$work/copy"
	run -1 grep -q alice "$work/machine.tar"
}

@test "what is on a drive, without what its owner called it" {
	host_of_two_cards "$root"
	local disk=sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/host6/block/sda
	put "$disk/dev" <<<8:0
	ln -s "../../${disk#sys/}" "$root/sys/class/block/sda"
	ln -s "../../${disk#sys/}" "$root/sys/dev/block/8:0"
	put run/udev/data/b8:0 <<-'END'
		S:disk/by-label/alice
		I:4711
		E:ID_SERIAL=S59ANMFNB12345A
		E:ID_FS_TYPE=ext4
		E:ID_FS_USAGE=filesystem
		E:ID_FS_UUID=1b4e28ba-2fa1-11d2-883f-0016d3cca427
		E:ID_FS_LABEL=alice
		E:ID_FS_LABEL_ENC=alice
	END
	replay
	run -0 "$vfioboot" list --root "$work/copy" --json
	json_true '.functions | any(.address == "0000:00:14.0" and .data == "/dev/sda (ext4 file system '"'name2'"')")' <<<"$output"
	run -1 grep -rqE 'alice|S59A|1b4e28ba' "$work/copy"
}

@test "the archive is the same for the same machine, also from its own copy" {
	host_of_two_cards "$root"
	replay
	cp "$work/machine.tar" "$work/first.tar"
	replay
	cmp "$work/first.tar" "$work/machine.tar"
	"$vfioboot" capture --root "$work/copy" "$work/second.tar"
	cmp "$work/first.tar" "$work/second.tar"
	tar -tvf "$work/first.tar" >"$work/list"
	run -1 grep -v 'root/root .* 1970-01-01 00:00 ' <(TZ=UTC tar -tvf "$work/first.tar")
}

@test "what the kernel was built with is there, packed or not, and its texts are not" {
	host_of_two_cards "$root"
	printf 'CONFIG_%s\n' X86=y INTEL_IOMMU=y INTEL_IOMMU_DEFAULT_ON=y 'CMDLINE="root=UUID=1b4e28ba"' \
		'SYSTEM_TRUSTED_KEYS="/home/alice/keys.pem"' VFIO=m VFIO_PCI=m >"$work/config"
	gzip -c "$work/config" >"$root/proc/config.gz"
	rm "$root"/boot/config-*
	replay
	run -1 grep -rqE 'alice|1b4e28ba' "$work/copy"
	run -0 cat "$work/copy"/boot/config-*
	[[ $output == *CONFIG_INTEL_IOMMU_DEFAULT_ON=y*'CONFIG_CMDLINE=""'* ]]
	[ ! -e "$work/copy/proc/config.gz" ]
	same cmdline --json
}

@test "compressed by the end of its name" {
	machine identical-cards
	for end in gz xz zst; do
		run -0 "$vfioboot" capture --root "$root" "$work/machine.tar.$end"
		[[ $(file -b "$work/machine.tar.$end" 2>/dev/null || echo "$end") =~ gzip|XZ|Zstandard|$end ]]
		[ "$(stat -c %s "$work/machine.tar.$end")" -lt 20000 ]
	done
	"$vfioboot" capture --root "$root" "$work/plain"
	gzip -dc "$work/machine.tar.gz" | cmp - "$work/plain"
}

@test "- is standard output, with nothing else on it" {
	machine identical-cards
	"$vfioboot" capture --root "$root" "$work/machine.tar"
	"$vfioboot" capture --root "$root" - | cmp - "$work/machine.tar"
}

@test "says what it made and how to replay it" {
	machine identical-cards
	run -0 --separate-stderr "$vfioboot" capture --root "$root" "$work/machine.tar"
	[[ $output == "$work/machine.tar has "*' files'*"tar -xf $work/machine.tar"* && -z $stderr ]]
}

@test "what is no regular file is not overwritten; a regular one is, as a whole" {
	machine identical-cards
	mkdir "$work/directory"
	run -1 --separate-stderr "$vfioboot" capture --root "$root" "$work/directory"
	[[ $stderr == *"$work/directory exists and is not a regular file"* && -z $output ]]
	mkfifo "$work/pipe"
	run -1 timeout "$HANG" "$vfioboot" capture --root "$root" "$work/pipe"
	[ -p "$work/pipe" ]
	run -1 --separate-stderr "$vfioboot" capture --root "$root" "$work/nowhere/x.tar"
	[[ $stderr == *"cannot write $work/nowhere/x.tar"* ]]
	head -c 1000000 /dev/zero >"$work/machine.tar"
	run -0 "$vfioboot" capture --root "$root" "$work/machine.tar"
	[ "$(stat -c %s "$work/machine.tar")" -lt 1000000 ]
	tar -tf "$work/machine.tar" >/dev/null
	[ "$(find "$work" -maxdepth 1 -name '*machine.tar*' | wc -l)" -eq 1 ]
}

@test "what could not be read is named, and the rest is there" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become another user"
	machine identical-cards
	chmod 0700 "$root/sys/devices/pci0000:00/0000:00:02.0/modalias"
	chmod 0755 "$work"
	chmod 0000 "$root/proc/cmdline"
	run -0 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$vfioboot" capture --root "$root" -
	[[ $stderr == *'left out proc/cmdline: Permission denied'* && $stderr == *sudo* ]]
}

@test "usage" {
	run -2 --separate-stderr "$vfioboot" capture
	[[ $stderr == *'no file given'* ]]
	run -2 "$vfioboot" capture one two
	run -1 --separate-stderr "$vfioboot" capture --root "$work/nowhere" "$work/x.tar"
	[[ $stderr == *"$work/nowhere"* ]]
	[ ! -e "$work/x.tar" ]
}
