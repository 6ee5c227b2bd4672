#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vfioboot-early on composed machines: what it prints, what it exits with, what it writes, and
# that it writes nowhere else. Run from the top of the tree, after `make build/tests/compose`.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run and machine.bash set these

bats_require_minimum_version 1.5.0

load machine

# Runs the program on the root, and keeps its outputs apart: $output, $stderr, $status.
early() {
	run --separate-stderr timeout "$HANG" "$early" --root "$root" "$@"
}

dropin() {
	mkdir -p "$root/$1"
	printf '%s\n' "${@:3}" >"$root/$1/$2"
}

override() {
	cat "$root/sys/bus/pci/devices/$1/driver_override"
}

# Sections that a machine of identical-cards always has.
second='[device second]
path = 00:01.1/00
expect = 2'
second_plan='0000:02:00.0 second bind vfio-pci
0000:02:00.1 second bind vfio-pci'

# CASE: exit status that a plan and its errors ask for.
expected_status() {
	if [[ -f $1/errors ]]; then
		echo 2
	elif grep -q ' refuse ' "$1/expected"; then
		echo 1
	else
		echo 0
	fi
}

# What is in $1, sorted within each section, since these come in any order.
by_section() {
	awk '{ if (!($2 in n)) n[$2] = ++i; printf "%d %s\n", n[$2], $0 }' <<<"$1" |
		sort -k1,1n -k2 | cut -d' ' -f2-
}

as_expected() { # CASE
	local want errors=''
	early --dry-run
	want=$(expected_status "$1")
	[[ $output == "$(<"$1/expected")" ]] ||
		diff <(by_section "$(<"$1/expected")") <(by_section "$output")
	((status == want)) || { echo "exit $status, not $want"; return 1; }
	# Nothing but the errors is told, and each names its file and line.
	[[ ! -f $1/errors ]] || errors=$(<"$1/errors")
	[[ -z $stderr$errors ]] || diff - <(sed -E 's/^vfioboot-early: ([^:]*:([0-9]+:)?) .*/\1/' <<<"$stderr") <<<"$errors"
}

@test "every fixture has its test here" {
	local dir
	for dir in "$fixtures"/*/; do
		grep -qF "each_case $(basename "$dir") " "$BATS_TEST_FILENAME"
	done
}

# bats test_tags=slow
@test "plan: identical cards" { each_case identical-cards as_expected; }
@test "plan: a card added in front" { each_case card-added as_expected; }
@test "plan: GPU of four functions" { each_case four-functions as_expected; }
@test "plan: GPU that lost a function" { each_case four-functions-less-one as_expected; }
@test "plan: root NVMe in the GPU's group" { each_case nvme-in-gpu-group as_expected; }
@test "plan: SR-IOV" { each_case sriov as_expected; }
# bats test_tags=slow
@test "plan: VMD" { each_case vmd as_expected; }
@test "plan: no IOMMU" { each_case no-iommu as_expected; }
@test "plan: one display" { each_case one-display as_expected; }
@test "plan: two displays" { each_case two-displays as_expected; }
@test "plan: a display on vfio-pci already" { each_case display-on-vfio as_expected; }
@test "plan: a computing card and no display" { each_case computing-card as_expected; }
@test "plan: display controllers" { each_case display-controllers as_expected; }
@test "plan: ISA bridge" { each_case isa-bridge as_expected; }
@test "plan: sections of other machines" { each_case workstation as_expected; }
@test "plan: root buses that the firmware numbers" { each_case root-buses as_expected; }
@test "plan: nested bridges" { each_case nested-bridges as_expected; }
@test "plan: 64 functions" { each_case functions-64 as_expected; }
# bats test_tags=slow
@test "plan: 4096 functions" { each_case functions-4096 as_expected; }

# ---- usage ------------------------------------------------------------------------------

@test "--help goes to stdout and is no error" {
	run --separate-stderr "$early" --help
	[[ $status -eq 0 && $output == Usage:* && -z $stderr ]]
	for option in --root --dry-run --config --verbose --help --version; do
		[[ $output == *"$option"* ]]
	done
}

@test "--version goes to stdout" {
	run --separate-stderr "$early" --version
	[[ $status -eq 0 && $output =~ ^vfioboot-early\ [0-9]+\.[0-9]+ && -z $stderr ]]
}

@test "misuse goes to stderr with 2" {
	for arguments in '--no-such-option' '--root' '--config' 'argument' '--dry-run=1'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr "$early" $arguments
		[[ $status -eq 2 && -z $output && $stderr == *"Try 'vfioboot-early --help'."* ]]
	done
}

@test "a root that is not there is named, with 2" {
	early --dry-run
	[[ $status -eq 2 && -z $output && $stderr == *"$root"* ]]
}

@test "a root that is a file is named, with 2" {
	: >"$root"
	early --dry-run
	[[ $status -eq 2 && -z $output && $stderr == *"$root"* ]]
}

@test "an empty root has nothing to do" {
	mkdir "$root"
	early --dry-run
	[[ $status -eq 0 && -z $output && -z $stderr ]]
}

@test "--config reads that file in place of all others" {
	machine identical-cards
	config '[device usb]' 'path = 00:14.0'
	dropin etc/vfioboot.conf.d a.conf '[device audio]' 'path = 00:01.0/00.1'
	printf '%s\n' "$second" >"$work/mine"
	early --dry-run --config "$work/mine"
	[[ $status -eq 0 && $output == "$second_plan" && -z $stderr ]]
}

@test "--config names its file in errors" {
	machine identical-cards
	printf '%s\n' "$second" 'wrong = 1' >"$work/mine"
	early --dry-run --config "$work/mine"
	[[ $status -eq 2 && $output == '- second refuse bad-config' ]]
	[[ $stderr == "vfioboot-early: $work/mine:4: "* ]]
}

@test "--config of a file that is not there: named, with 2, nothing done" {
	machine identical-cards
	early --config "$work/missing"
	[[ $status -eq 2 && -z $output && $stderr == *"$work/missing"* ]]
	[[ ! -e $root/run/vfioboot ]]
}

@test "--config of a directory is an error" {
	machine identical-cards
	early --dry-run --config "$work"
	[[ $status -eq 2 && -z $output && $stderr == *"$work"* ]]
}

@test "--verbose says why, on stderr alone" {
	machine no-iommu
	config '[device gpu]' 'path = 00:01.0/00' '[device usb]' 'path = 00:14.0' 'profile = p'
	early --dry-run --verbose
	[[ $status -eq 1 && $(wc -l <<<"$output") -eq 2 ]]
	[[ $output == '0000:01:00.0 gpu refuse no-iommu-group'* ]]
	[[ $stderr == *'gpu: '*'IOMMU'* && $stderr == *'usb: '*'vfioboot.profile='* ]]
}

@test "--verbose says that vfioboot.off is there" {
	machine identical-cards
	config "$second"
	echo 'ro vfioboot.off' >"$root/proc/cmdline"
	early --dry-run --verbose
	[[ $status -eq 0 && -z $output && $stderr == *'second: '*'vfioboot.off'* ]]
}

# ---- configuration files ----------------------------------------------------------------

@test "drop-ins come behind the main file, in the order of their names" {
	machine identical-cards
	config '[device usb]' 'path = 00:14.0'
	dropin etc/vfioboot.conf.d 20-b.conf '[device audio]' 'path = 00:01.0/00.1'
	dropin usr/lib/vfioboot.conf.d 30-c.conf '[device gpu]' 'path = 00:01.0/00.0'
	dropin run/vfioboot.conf.d 10-a.conf "$second"
	early --dry-run
	[[ $status -eq 0 ]]
	[[ $output == "0000:00:14.0 usb bind vfio-pci
$second_plan
0000:01:00.1 audio bind vfio-pci
0000:01:00.0 gpu bind vfio-pci" ]]
}

@test "of drop-ins with one name the later directory counts: usr/lib, run, etc" {
	machine identical-cards
	dropin usr/lib/vfioboot.conf.d a.conf '[device lib]' 'path = 00:14.0'
	early --dry-run
	[[ $output == '0000:00:14.0 lib bind vfio-pci' ]]
	dropin run/vfioboot.conf.d a.conf '[device run]' 'path = 00:14.0'
	early --dry-run
	[[ $output == '0000:00:14.0 run bind vfio-pci' ]]
	dropin etc/vfioboot.conf.d a.conf '[device etc]' 'path = 00:14.0'
	early --dry-run
	[[ $output == '0000:00:14.0 etc bind vfio-pci' ]]
}

@test "a link to /dev/null masks a drop-in, and an empty file does" {
	machine identical-cards
	dropin usr/lib/vfioboot.conf.d a.conf '[device lib]' 'path = 00:14.0'
	dropin usr/lib/vfioboot.conf.d b.conf "$second"
	mkdir -p "$root/etc/vfioboot.conf.d"
	ln -s /dev/null "$root/etc/vfioboot.conf.d/a.conf"
	early --dry-run
	[[ $status -eq 0 && $output == "$second_plan" && -z $stderr ]]
	: >"$root/etc/vfioboot.conf.d/b.conf"
	early --dry-run
	[[ $status -eq 0 && -z $output && -z $stderr ]]
}

@test "only *.conf are drop-ins" {
	machine identical-cards
	dropin etc/vfioboot.conf.d a.conf~ "$second"
	dropin etc/vfioboot.conf.d .hidden.conf "$second"
	dropin etc/vfioboot.conf.d a.conf.bak "$second"
	early --dry-run
	[[ $status -eq 0 && -z $output && -z $stderr ]]
}

@test "an error in a drop-in names it, and the others work" {
	machine identical-cards
	dropin etc/vfioboot.conf.d a.conf '[device usb]' 'path = 00:14.0' 'id = 10de'
	dropin etc/vfioboot.conf.d b.conf "$second"
	early --dry-run
	[[ $status -eq 2 && $output == "- usb refuse bad-config
$second_plan" ]]
	[[ $stderr == 'vfioboot-early: /etc/vfioboot.conf.d/a.conf:3: '* ]]
}

@test "a section of the same name in a second file is an error there" {
	machine identical-cards
	dropin etc/vfioboot.conf.d a.conf "$second"
	dropin etc/vfioboot.conf.d b.conf '' '[device second]' 'path = 00:14.0'
	early --dry-run
	[[ $status -eq 2 && $output == "$second_plan" ]]
	[[ $stderr == 'vfioboot-early: /etc/vfioboot.conf.d/b.conf:2: '*'/etc/vfioboot.conf.d/a.conf:1'* ]]
}

@test "a line too long is an error with its line, and its section is left alone" {
	machine identical-cards
	config "$second" '[device long]' "id = 8086:a36d $(printf '%200s' '')" '[device usb]' \
		'path = 00:14.0'
	early --dry-run
	[[ $status -eq 2 && $output == "$second_plan
- long refuse bad-config
0000:00:14.0 usb bind vfio-pci" ]]
	[[ $stderr == 'vfioboot-early: /etc/vfioboot.conf:5: '* ]]
}

@test "a line of 198 bytes is read, one of 199 is refused" {
	machine identical-cards
	config "$second" "driver = none ;$(printf '%183s' '' | tr ' ' x)"
	early --dry-run
	[[ $status -eq 0 && $output == "${second_plan//vfio-pci/none}" ]]
	config "$second" "driver = none ;$(printf '%184s' '' | tr ' ' x)"
	early --dry-run
	[[ $status -eq 2 && $output == '- second refuse bad-config' ]]
	[[ $stderr == 'vfioboot-early: /etc/vfioboot.conf:4: '* ]]
}

@test "a comment too long is an error with its line, outside of sections for itself alone" {
	machine identical-cards
	config "# $(printf '%400s' '' | tr ' ' x)" "$second"
	early --dry-run
	[[ $status -eq 2 && $output == "$second_plan" ]]
	[[ $stderr == 'vfioboot-early: /etc/vfioboot.conf:1: '* ]]
}

@test "an empty file, and one of blanks and comments" {
	machine identical-cards
	: >"$root/etc/vfioboot.conf"
	early --dry-run
	[[ $status -eq 0 && -z $output && -z $stderr ]]
	config '' '   ' '# one' '; two' "$(printf '\t# three')"
	early --dry-run
	[[ $status -eq 0 && -z $output && -z $stderr ]]
}

@test "CRLF, a byte order mark, and no newline at the end" {
	machine identical-cards
	printf '\xef\xbb\xbf[device second]\r\npath = 00:01.1/00\r\nexpect = 2' \
		>"$root/etc/vfioboot.conf"
	early --dry-run
	[[ $status -eq 0 && $output == "$second_plan" && -z $stderr ]]
}

@test "indented lines, blanks around, inline comments" {
	machine identical-cards
	config '  [device second] ; mine' '	path	=	00:01.1/00.0 ,  00:01.1/00.1	; both' \
		'  expect=2'
	early --dry-run
	[[ $status -eq 0 && $output == "$second_plan" && -z $stderr ]]
}

@test "NUL bytes and binary rubbish end in errors, not in devices" {
	machine identical-cards
	printf '[device second]\npath = 00:01.1/00\0\nexpect = 2\n' >"$root/etc/vfioboot.conf"
	early --dry-run
	[[ $status -eq 2 && $output == '- second refuse bad-config' ]]
	[[ $stderr == 'vfioboot-early: /etc/vfioboot.conf:2: '* ]]
	head -c 20000 "$early" >"$root/etc/vfioboot.conf"
	early --dry-run
	[[ $status -eq 2 && -z $output && $stderr == 'vfioboot-early: /etc/vfioboot.conf:1: '* ]]
}

@test "more errors than are kept are counted" {
	machine identical-cards
	for ((i = 0; i < 100; i++)); do echo "[wrong$i]"; done >"$root/etc/vfioboot.conf"
	printf '%s\n' "$second" >>"$root/etc/vfioboot.conf"
	early --dry-run
	[[ $status -eq 2 && $output == "$second_plan" ]]
	[[ $stderr == *'/etc/vfioboot.conf:64: '* && $stderr == *'and 36 more errors'* ]]
}

@test "a dangling link in the place of a file is as no file" {
	machine identical-cards
	ln -s nowhere "$root/etc/vfioboot.conf"
	dropin etc/vfioboot.conf.d a.conf "$second"
	early --dry-run
	[[ $output == "$second_plan" ]]
}

@test "the protect lists of the image and of this boot both hold" {
	machine nvme-in-gpu-group
	config '[device disk]' 'path = 00:06.0/00' '[device net]' 'path = 00:1f.6' '[device other]' \
		'path = 00:01.0/00'
	echo 'storage 00:06.0/00.0 144d:a80c /' >"$root/etc/vfioboot.protect"
	mkdir "$root/run/vfioboot"
	echo 'network 00:1f.6 8086:1a1d eno1' >"$root/run/vfioboot/protect"
	early --dry-run
	[[ $status -eq 1 && $output == '0000:02:00.0 disk refuse protected
0000:00:1f.6 net refuse protected
0000:01:00.0 other bind vfio-pci
0000:01:00.1 other bind vfio-pci' ]]
}

# On a running system below $root, whose protect list a script makes, which keeps the disk for the host
traced() {
	rm -rf "${root:?}/run/vfioboot" "${root:?}/traced"
	# The shell of busybox 1.38 (Debian sid) runs no applet that has no file; that of 1.37 ran mkdir.
	mkdir -p "$root/run/vfioboot"
	chroot "$root" /early --trace /trace >/dev/null 2>&1 || true
}

@test "on the real root the protect list is made where something is to be bound, and not otherwise" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, for a root of its own"
	machine nvme-in-gpu-group
	mkdir "$root/bin"
	# The one that is linked statically: that of the sanitizers needs its libraries and /proc.
	cp "$top/build/vfioboot-early" "$root/early"
	cp "$(command -v busybox)" "$root/bin/sh"
	cat >"$root/trace" <<-'END'
		#!/bin/sh
		echo "$@" >>/traced
		echo 'storage 00:06.0/00.0 144d:a80c /' >"$3"
	END
	chmod +x "$root/trace"
	traced
	[ ! -e "$root/traced" ]
	config '[device disk]' 'path = 00:06.0/00'
	traced
	grep -qx 'protect --output /run/vfioboot/protect' "$root/traced"
	grep -q 'address=0000:02:00.0 .* reason=protected' "$root/run/vfioboot/system.record"
	# The image's list is read twice, and its error told once.
	echo rubbish >"$root/etc/vfioboot.protect"
	traced
	[ "$(grep -c '^error ' "$root/run/vfioboot/system.record")" -eq 1 ]
	rm "$root/etc/vfioboot.protect"
	ln -sfn ../../../../bus/pci/drivers/vfio-pci "$root/sys/bus/pci/devices/0000:02:00.0/driver"
	traced
	[ ! -e "$root/traced" ]
	grep -q 'address=0000:02:00.0 .* result=bound' "$root/run/vfioboot/system.record"
}

@test "an image without a protect list takes nothing that could carry the root" {
	machine four-functions
	config '[device usb]' 'id = 10de:1ad6' '[device sound]' 'id = 10de:10f7'
	early --dry-run
	[[ $status -eq 0 && $output == '0000:09:00.2 usb bind vfio-pci
0000:09:00.1 sound bind vfio-pci' ]]
	: >"$root/etc/initrd-release"
	early --dry-run
	[[ $status -eq 1 && $output == '0000:09:00.2 usb refuse no-protect-list
0000:09:00.1 sound bind vfio-pci' ]]
	echo 'storage 00:08.1/00.0 1002:15d8 /' >"$root/etc/vfioboot.protect"
	early --dry-run
	[[ $status -eq 0 ]]
	echo incomplete >>"$root/etc/vfioboot.protect"
	early --dry-run
	[[ $status -eq 1 && $output == '0000:09:00.2 usb refuse no-protect-list'* ]]
}

# ---- what it writes ---------------------------------------------------------------------

@test "--dry-run writes nothing" {
	machine identical-cards
	config "$second"
	find "$root" -printf '%P %s %T@ %l\n' | sort >"$work/before"
	early --dry-run --verbose
	find "$root" -printf '%P %s %T@ %l\n' | sort >"$work/after"
	[[ $status -eq 0 ]]
	cmp "$work/before" "$work/after"
}

@test "overrides of the targets are written, and of no others" {
	machine identical-cards
	config "$second"
	early
	[[ $(override 0000:02:00.0) == vfio-pci && $(override 0000:02:00.1) == vfio-pci ]]
	[[ $(cat "$root"/sys/bus/pci/devices/*/driver_override | grep -cv '(null)') -eq 2 ]]
}

@test "the native driver is asked to let go, and the bus to probe" {
	machine identical-cards
	config '[device gpu]' 'path = 00:01.1/00.0'
	early
	[[ $(<"$root/sys/bus/pci/drivers/nouveau/unbind") == 0000:02:00.0 ]]
	[[ $(<"$root/sys/bus/pci/drivers_probe") == 0000:02:00.0 ]]
	[[ ! -s $root/sys/bus/pci/drivers/snd_hda_intel/unbind ]]
}

@test "functions that are bound already need nothing more, and all is as asked" {
	machine functions-64
	config '[device gpu]' 'path = 00:04.0/00' 'id = 10de:' 'expect = 2'
	early
	[[ $status -eq 0 && -z $output && -z $stderr ]]
	[[ ! -s $root/sys/bus/pci/drivers_probe ]]
	[[ $(override 0000:01:00.0) == vfio-pci ]]
}

@test "without a kernel nothing is claimed to be bound" {
	machine identical-cards
	config "$second"
	early
	[[ $status -eq 1 && -z $output && $stderr == *'0000:02:00.0'* ]]
	run ! grep -q 'result=bound' "$root/run/vfioboot/system.record"
}

@test "a refused section leaves its functions alone" {
	machine no-iommu
	config '[device gpu]' 'path = 00:01.0/00'
	early
	[[ $status -eq 1 && $(override 0000:01:00.0) == '(null)' ]]
	[[ ! -s $root/sys/bus/pci/drivers_probe && ! -s $root/sys/bus/pci/drivers/nouveau/unbind ]]
}

@test "vfioboot.off leaves everything alone and says so in the record" {
	machine identical-cards
	config "$second"
	echo 'vfioboot.off' >"$root/proc/cmdline"
	early
	[[ $status -eq 0 && -z $output && -z $stderr && $(override 0000:02:00.0) == '(null)' ]]
	grep -qx 'state off' "$root/run/vfioboot/system.record"
}

@test "the record keeps the name of a file whatever is in it" {
	machine identical-cards
	mkdir -p "$root/etc/vfioboot.conf.d"
	echo x >"$root/etc/vfioboot.conf.d/my 2 cards.conf"
	early
	[[ $status -eq 2 && $stderr == *'/etc/vfioboot.conf.d/my 2 cards.conf:1: '* ]]
	grep -qF 'error /etc/vfioboot.conf.d/my\0402\040cards.conf 1 ' \
		"$root/run/vfioboot/system.record"
}

@test "the record has everything, in its format" {
	machine functions-64
	config '[device gpu]' 'path = 00:04.0/00' 'expect = 2' '[device gone]' \
		'path = 00:1f.0/00.0' '[device disk]' 'path = 00:04.1/00.0' '[device bad]' 'x = 1'
	echo 'storage 00:04.1/00.0 10de:2236 /' >"$root/etc/vfioboot.protect"
	early
	[[ $status -eq 2 ]]
	grep -Ev '^(version|kernel|config) ' "$root/run/vfioboot/system.record" >"$work/record"
	diff -u - "$work/record" <<-END
		vfioboot-record 2
		stage system
		state done
		$(grep '^error ' "$work/record")
		function section=gpu address=0000:01:00.0 path=00:04.0/00.0 id=10de:2236 wanted=vfio-pci before=vfio-pci driver=vfio-pci result=bound reason=-
		function section=gpu address=0000:01:00.1 path=00:04.0/00.1 id=10de:1aef wanted=vfio-pci before=vfio-pci driver=vfio-pci result=bound reason=-
		function section=gone address=- path=- id=- wanted=vfio-pci before=- driver=- result=absent reason=absent
		function section=disk address=0000:02:00.0 path=00:04.1/00.0 id=10de:2236 wanted=vfio-pci before=vfio-pci driver=vfio-pci result=refused reason=protected
		function section=bad address=- path=- id=- wanted=vfio-pci before=- driver=- result=refused reason=bad-config
	END
	[[ $(grep -c '^error /etc/vfioboot.conf 9 ' "$work/record") -eq 1 ]]
	[[ $(grep -c '^error ' "$work/record") -eq 1 ]]
	grep -Eqx 'version [0-9.]+' "$root/run/vfioboot/system.record"
	grep -qx "kernel $(uname -r)" "$root/run/vfioboot/system.record"
	grep -Eqx 'config [0-9a-f]{16}' "$root/run/vfioboot/system.record"
	[[ $(ls -A "$root/run/vfioboot") == system.record ]]
}

@test "the record's digest changes with the configuration" {
	machine functions-64
	config '[device gpu]' 'path = 00:04.0/00'
	early
	first=$(grep '^config ' "$root/run/vfioboot/system.record")
	early
	[[ $(grep '^config ' "$root/run/vfioboot/system.record") == "$first" ]]
	config '[device gpu]' 'path = 00:04.0/00 '
	early
	[[ $(grep '^config ' "$root/run/vfioboot/system.record") != "$first" ]]
}

@test "in an initramfs the record is that of the initramfs" {
	machine functions-64
	: >"$root/etc/initrd-release"
	early
	[[ $status -eq 0 && -f $root/run/vfioboot/initramfs.record ]]
	grep -qx 'stage initramfs' "$root/run/vfioboot/initramfs.record"
	grep -qx 'state nothing' "$root/run/vfioboot/initramfs.record"
	[[ ! -e $root/run/vfioboot/system.record ]]
	rm "$root/etc/initrd-release"
	mkdir "$root/conf"
	: >"$root/conf/initramfs.conf"
	rm "$root/run/vfioboot/initramfs.record"
	early
	[[ -f $root/run/vfioboot/initramfs.record ]]
}

@test "the kernel's log gets one line a function" {
	machine functions-64
	mkdir "$root/dev"
	: >"$root/dev/kmsg"
	config '[device gpu]' 'path = 00:04.0/00' '[device gone]' 'path = 00:1f.0/00.0'
	early
	[[ $(wc -l <"$root/dev/kmsg") -eq 3 ]]
	grep -qx '<6>vfioboot: 0000:01:00.0 gpu: bound to vfio-pci' "$root/dev/kmsg"
	grep -q '^<4>vfioboot: gone: absent' "$root/dev/kmsg"
}

@test "an error of the command line is printed without a line, also in the kernel's log" {
	machine functions-64
	mkdir "$root/dev"
	: >"$root/dev/kmsg"
	echo 'vfioboot.device=1:00.0' >"$root/proc/cmdline"
	early
	[[ $status -eq 2 ]]
	[[ $stderr == "vfioboot-early: kernel command line: bad selector '1:00.0'"* ]]
	grep -q "^<4>vfioboot: kernel command line: bad selector '1:00.0'" "$root/dev/kmsg"
}

# ---- and where it does not --------------------------------------------------------------

@test "links that lead out of the root are not written through" {
	machine functions-64
	mkdir -p "$work/out/vfioboot" "$root/dev"
	for name in driver_override driver_override2 probe kmsg unbind; do
		echo kept >"$work/out/$name"
	done
	config '[device gpu]' 'path = 00:04.0/00'
	ln -sfn "$work/out/driver_override" \
		"$root/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.0/driver_override"
	ln -sfn ../../../../../../../out/driver_override2 \
		"$root/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.1/driver_override"
	ln -sfn ../../i915 "$root/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.1/driver"
	ln -sfn "$work/out/probe" "$root/sys/bus/pci/drivers_probe"
	ln -sfn "$work/out/unbind" "$root/sys/bus/pci/drivers/i915/unbind"
	ln -sfn "$work/out/kmsg" "$root/dev/kmsg"
	early
	[[ $status -eq 1 && $stderr == *'0000:01:00.0'* && $stderr == *'io-error'* ]]
	for name in driver_override driver_override2 probe kmsg unbind; do
		[[ $(<"$work/out/$name") == kept ]]
	done
}

@test "a bus that leads out of the root is not written to" {
	machine functions-64
	mv "$root/sys" "$work/sys"
	ln -s "$work/sys" "$root/sys"
	config '[device gpu]' 'path = 00:04.0/00'
	early
	[[ $status -eq 1 ]]
	[[ $(<"$work/sys/bus/pci/devices/0000:01:00.0/driver_override") == '(null)' ]]
}

@test "a run directory that leads out of the root gets no record" {
	machine functions-64
	mkdir "$work/out"
	rmdir "$root/run"
	ln -s "$work/out" "$root/run"
	early
	[[ $stderr == *'record'* && -z $(ls -A "$work/out") ]]
	rm "$root/run"
	mkdir "$root/run"
	ln -s "$work/out" "$root/run/vfioboot"
	early
	[[ $stderr == *'record'* && -z $(ls -A "$work/out") ]]
}

@test "a record that is a link is replaced, not written through" {
	machine functions-64
	mkdir "$root/run/vfioboot"
	echo kept >"$work/out"
	ln -s "$work/out" "$root/run/vfioboot/system.record"
	early
	[[ $status -eq 0 && $(<"$work/out") == kept ]]
	[[ -f $root/run/vfioboot/system.record && ! -L $root/run/vfioboot/system.record ]]
}

@test "a link in the place of the record's temporary file is not written through" {
	machine functions-64
	mkdir "$root/run/vfioboot"
	echo kept >"$work/out"
	ln -s "$work/out" "$root/run/vfioboot/.system.record.new"
	early
	[[ $stderr == *'record'* && $(<"$work/out") == kept ]]
}

@test "a link to the configuration of this machine is not read" {
	machine identical-cards
	printf '%s\n' "$second" >"$work/out.conf"
	mkdir -p "$root/$work"
	config '[device usb]' 'path = 00:14.0'
	mv "$root/etc/vfioboot.conf" "$root/$work/out.conf"
	ln -s "$work/out.conf" "$root/etc/vfioboot.conf"
	early --dry-run
	[[ $output == '0000:00:14.0 usb bind vfio-pci' ]]
}

@test "a pipe in the place of the kernel's log does not stop it" {
	machine functions-64
	mkdir "$root/dev"
	mkfifo "$root/dev/kmsg"
	run timeout "$HANG" "$early" --root "$root"
	[[ $status -eq 0 ]]
}

@test "more sections than fit are an error, and those that fit work" {
	machine functions-64
	for ((i = 0; i < 300; i++)); do
		printf '[device s%d]\npath = 00:04.0/00.%d\n' $i $((i % 8))
	done >"$root/etc/vfioboot.conf"
	early --dry-run
	[[ $status -eq 2 && $(wc -l <<<"$output") -eq 256 ]]
	[[ $stderr == *'/etc/vfioboot.conf:513: more than 256'* ]]
	[[ ${lines[0]} == '0000:01:00.0 s0 bind vfio-pci' ]]
	[[ ${lines[8]} == '0000:01:00.0 s8 refuse claimed' ]]
}

# Of a kernel that has a variant driver for the second card's graphics.
variant_machine() { # [PATTERN]
	machine_with identical-cards 'file proc/sys/kernel/osrelease 6.12.1' \
		"file lib/modules/6.12.1/modules.alias alias vfio_pci:${1:-v000010DEd00002206}sv*sd*bc*sc*i* nvgrace_gpu_vfio_pci"
}

@test "driver = auto: the variant that the kernel has for the functions of a section, or vfio-pci" {
	variant_machine
	config '[device card]' 'path = 00:01.1/00.0' 'driver = auto'
	early --dry-run
	[[ $output == '0000:02:00.0 card bind nvgrace_gpu_vfio_pci' ]]
	run -0 "$vfioboot" plan --root "$root" --json
	json_true '.plan[0].wanted == "nvgrace_gpu_vfio_pci"' <<<"$output"
	# Its sound has none.
	config '[device card]' 'path = 00:01.1/00' 'driver = auto'
	early --dry-run
	[[ ${lines[0]} == '0000:02:00.0 card bind vfio-pci' && ${lines[1]} == '0000:02:00.1 card bind vfio-pci' ]]
	rm "$root/lib/modules/6.12.1/modules.alias"
	config '[device card]' 'path = 00:01.1/00.0' 'driver = auto'
	early --dry-run
	[[ $output == '0000:02:00.0 card bind vfio-pci' ]]
}

@test "driver = auto: the record names the driver that was found" {
	variant_machine
	config '[device card]' 'path = 00:01.1/00.0' 'driver = auto'
	early
	[[ $(<"$root/sys/bus/pci/devices/0000:02:00.0/driver_override") == nvgrace_gpu_vfio_pci ]]
	grep -q 'address=0000:02:00.0 .* wanted=nvgrace_gpu_vfio_pci .*result=failed reason=no-driver' "$root/run/vfioboot/system.record"
}
