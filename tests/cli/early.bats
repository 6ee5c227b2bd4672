#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vfioboot-early on composed machines: what it prints, what it exits with, what it writes, and
# that it writes nowhere else. Run from the top of the tree, after `make build/tests/compose`.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run sets these

bats_require_minimum_version 1.5.0

fixtures=$BATS_TEST_DIRNAME/../fixtures
early=${EARLY:-$BATS_TEST_DIRNAME/../../build/vfioboot-early}
compose=$BATS_TEST_DIRNAME/../../build/tests/compose

setup() {
	local tmp=/tmp
	[[ ! -w /dev/shm ]] || tmp=/dev/shm
	top=$(mktemp -d "$tmp/vfioboot-cli.XXXXXX")
	root=$top/root
}

teardown() {
	rm -rf --one-file-system "$top"
}

machine() {
	mkdir "$root"
	"$compose" "$fixtures/$1/machine" "$root"
}

# Runs the program on the root, and keeps its outputs apart: $output, $stderr, $status.
early() {
	run --separate-stderr timeout 30 "$early" --root "$root" "$@"
}

config() {
	printf '%s\n' "$@" >"$root/etc/vfioboot.conf"
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

check_case() {
	local dir=$1 name want
	rm -f "$root"/{etc/vfioboot.conf,etc/vfioboot.protect,proc/cmdline}
	[[ ! -f $dir/conf ]] || cp "$dir/conf" "$root/etc/vfioboot.conf"
	[[ ! -f $dir/protect ]] || cp "$dir/protect" "$root/etc/vfioboot.protect"
	[[ ! -f $dir/cmdline ]] || cp "$dir/cmdline" "$root/proc/cmdline"
	early --dry-run
	want=$(expected_status "$dir")
	if [[ $(by_section "$output") != "$(by_section "$(cat "$dir/expected")")" ]] ||
		((status != want)); then
		printf '%s: exit %s, not %s\n%s\n' "$dir" "$status" "$want" "$output"
		return 1
	fi
	# Nothing but the errors is told, and each names its file and line.
	[[ ! -f $dir/errors ]] && want='' || want=$(<"$dir/errors")
	name=$(sed -E 's/^vfioboot-early: ([^:]*:[0-9]+:) .*/\1/' <<<"$stderr")
	[[ $name == "$want" ]] || { printf '%s: stderr:\n%s\n' "$dir" "$stderr"; return 1; }
}

# All cases of a machine; those that fail are told.
check_machine() {
	local dir failed=0
	machine "$1"
	for dir in "$fixtures/$1"/*/; do
		check_case "${dir%/}" || failed=1
	done
	return $failed
}

@test "every fixture has its test here" {
	local dir
	for dir in "$fixtures"/*/; do
		grep -qF "check_machine $(basename "$dir")" "$BATS_TEST_FILENAME"
	done
}

@test "plan: identical cards" { check_machine identical-cards; }
@test "plan: a card added in front" { check_machine card-added; }
@test "plan: GPU of four functions" { check_machine four-functions; }
@test "plan: GPU that lost a function" { check_machine four-functions-less-one; }
@test "plan: root NVMe in the GPU's group" { check_machine nvme-in-gpu-group; }
@test "plan: SR-IOV" { check_machine sriov; }
@test "plan: VMD" { check_machine vmd; }
@test "plan: no IOMMU" { check_machine no-iommu; }
@test "plan: one display" { check_machine one-display; }
@test "plan: two displays" { check_machine two-displays; }
@test "plan: a display on vfio-pci already" { check_machine display-on-vfio; }
@test "plan: ISA bridge" { check_machine isa-bridge; }
@test "plan: nested bridges" { check_machine nested-bridges; }
@test "plan: 64 functions" { check_machine functions-64; }
@test "plan: 4096 functions" { check_machine functions-4096; }

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
	printf '%s\n' "$second" >"$top/mine"
	early --dry-run --config "$top/mine"
	[[ $status -eq 0 && $output == "$second_plan" && -z $stderr ]]
}

@test "--config names its file in errors" {
	machine identical-cards
	printf '%s\n' "$second" 'wrong = 1' >"$top/mine"
	early --dry-run --config "$top/mine"
	[[ $status -eq 2 && $output == '- second refuse bad-config' ]]
	[[ $stderr == "vfioboot-early: $top/mine:4: "* ]]
}

@test "--config of a file that is not there: named, with 2, nothing done" {
	machine identical-cards
	early --config "$top/missing"
	[[ $status -eq 2 && -z $output && $stderr == *"$top/missing"* ]]
	[[ ! -e $root/run/vfioboot ]]
}

@test "--config of a directory is an error" {
	machine identical-cards
	early --dry-run --config "$top"
	[[ $status -eq 2 && -z $output && $stderr == *"$top"* ]]
}

@test "--verbose tells why, on stderr alone" {
	machine no-iommu
	config '[device gpu]' 'path = 00:01.0/00' '[device usb]' 'path = 00:14.0' 'profile = p'
	early --dry-run --verbose
	[[ $status -eq 1 && $(wc -l <<<"$output") -eq 2 ]]
	[[ $output == '0000:01:00.0 gpu refuse no-iommu-group'* ]]
	[[ $stderr == *'gpu: '*'IOMMU'* && $stderr == *'usb: '*'vfioboot.profile='* ]]
}

@test "--verbose tells that vfioboot.off is there" {
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

# ---- what it writes ---------------------------------------------------------------------

@test "--dry-run writes nothing" {
	machine identical-cards
	config "$second"
	find "$root" -printf '%P %s %T@ %l\n' | sort >"$top/before"
	early --dry-run --verbose
	find "$root" -printf '%P %s %T@ %l\n' | sort >"$top/after"
	[[ $status -eq 0 ]]
	cmp "$top/before" "$top/after"
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
	! grep -q 'result=bound' "$root/run/vfioboot/system.record"
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

@test "the record tells everything, in its format" {
	machine functions-64
	config '[device gpu]' 'path = 00:04.0/00' 'expect = 2' '[device gone]' \
		'path = 00:1f.0/00.0' '[device disk]' 'path = 00:04.1/00.0' '[device bad]' 'x = 1'
	echo 'storage 00:04.1/00.0 10de:2236 /' >"$root/etc/vfioboot.protect"
	early
	[[ $status -eq 2 ]]
	grep -Ev '^(version|kernel|config) ' "$root/run/vfioboot/system.record" >"$top/record"
	diff -u - "$top/record" <<-END
		vfioboot-record 1
		stage system
		state done
		$(grep '^error ' "$top/record")
		function section=gpu address=0000:01:00.0 path=00:04.0/00.0 id=10de:2236 wanted=vfio-pci before=vfio-pci driver=vfio-pci result=bound reason=-
		function section=gpu address=0000:01:00.1 path=00:04.0/00.1 id=10de:1aef wanted=vfio-pci before=vfio-pci driver=vfio-pci result=bound reason=-
		function section=gone address=- path=- id=- wanted=vfio-pci before=- driver=- result=absent reason=absent
		function section=disk address=0000:02:00.0 path=00:04.1/00.0 id=10de:2236 wanted=vfio-pci before=vfio-pci driver=vfio-pci result=refused reason=protected
		function section=bad address=- path=- id=- wanted=vfio-pci before=- driver=- result=refused reason=bad-config
	END
	[[ $(grep -c '^error /etc/vfioboot.conf 9 ' "$top/record") -eq 1 ]]
	[[ $(grep -c '^error ' "$top/record") -eq 1 ]]
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

# ---- and where it does not --------------------------------------------------------------

@test "links that lead out of the root are not written through" {
	machine functions-64
	mkdir -p "$top/out/vfioboot" "$root/dev"
	for name in driver_override driver_override2 probe kmsg unbind; do
		echo kept >"$top/out/$name"
	done
	config '[device gpu]' 'path = 00:04.0/00'
	ln -sfn "$top/out/driver_override" \
		"$root/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.0/driver_override"
	ln -sfn ../../../../../../../out/driver_override2 \
		"$root/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.1/driver_override"
	ln -sfn ../../i915 "$root/sys/devices/pci0000:00/0000:00:04.0/0000:01:00.1/driver"
	ln -sfn "$top/out/probe" "$root/sys/bus/pci/drivers_probe"
	ln -sfn "$top/out/unbind" "$root/sys/bus/pci/drivers/i915/unbind"
	ln -sfn "$top/out/kmsg" "$root/dev/kmsg"
	early
	[[ $status -eq 1 && $stderr == *'0000:01:00.0'* && $stderr == *'io-error'* ]]
	for name in driver_override driver_override2 probe kmsg unbind; do
		[[ $(<"$top/out/$name") == kept ]]
	done
}

@test "a bus that leads out of the root is not written to" {
	machine functions-64
	mv "$root/sys" "$top/sys"
	ln -s "$top/sys" "$root/sys"
	config '[device gpu]' 'path = 00:04.0/00'
	early
	[[ $status -eq 1 ]]
	[[ $(<"$top/sys/bus/pci/devices/0000:01:00.0/driver_override") == '(null)' ]]
}

@test "a run directory that leads out of the root gets no record" {
	machine functions-64
	mkdir "$top/out"
	rmdir "$root/run"
	ln -s "$top/out" "$root/run"
	early
	[[ $stderr == *'record'* && -z $(ls -A "$top/out") ]]
	rm "$root/run"
	mkdir "$root/run"
	ln -s "$top/out" "$root/run/vfioboot"
	early
	[[ $stderr == *'record'* && -z $(ls -A "$top/out") ]]
}

@test "a record that is a link is replaced, not written through" {
	machine functions-64
	mkdir "$root/run/vfioboot"
	echo kept >"$top/out"
	ln -s "$top/out" "$root/run/vfioboot/system.record"
	early
	[[ $status -eq 0 && $(<"$top/out") == kept ]]
	[[ -f $root/run/vfioboot/system.record && ! -L $root/run/vfioboot/system.record ]]
}

@test "a link in the place of the record's temporary file is not written through" {
	machine functions-64
	mkdir "$root/run/vfioboot"
	echo kept >"$top/out"
	ln -s "$top/out" "$root/run/vfioboot/.system.record.new"
	early
	[[ $stderr == *'record'* && $(<"$top/out") == kept ]]
}

@test "a link to the configuration of this machine is not read" {
	machine identical-cards
	printf '%s\n' "$second" >"$top/out.conf"
	mkdir -p "$root/$top"
	config '[device usb]' 'path = 00:14.0'
	mv "$root/etc/vfioboot.conf" "$root/$top/out.conf"
	ln -s "$top/out.conf" "$root/etc/vfioboot.conf"
	early --dry-run
	[[ $output == '0000:00:14.0 usb bind vfio-pci' ]]
}

@test "a pipe in the place of the kernel's log does not stop it" {
	machine functions-64
	mkdir "$root/dev"
	mkfifo "$root/dev/kmsg"
	run timeout 10 "$early" --root "$root"
	[[ $status -eq 0 ]]
}

@test "more sections than fit are told, and those that fit work" {
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
