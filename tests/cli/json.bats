#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process; run, machine.bash and host.bash
#
# JSON is valid, and UTF-8, whatever bytes the files hold that it quotes: each invalid byte is the
# replacement character U+FFFD.  Terminals get no control characters from them, either.

bats_require_minimum_version 1.5.0

load host
load machine

evil=$'x\xff\xc3(\xed\xa0\x80\033]0;y\a"\\\x7f'

# Files that quote themselves in what a command says, all with bytes that are no text.
hostile_host() {
	host_of_two_cards "$host"
	mkdir -p "$host"/{etc/vfioboot.conf.d,run/vfioboot,var/lib/vfioboot/trial}
	printf '[device second]\npath = 00:01.1/00\n%s = 1\n[device a]\npath = %s\n' \
		"$evil" "$evil" >"$host/etc/vfioboot.conf.d/my $evil.conf"
	printf '[device second]\npath = 00:01.1/00\nprofile = games\n' >"$host/etc/vfioboot.conf"
	printf 'BOOT_IMAGE=%s root=/dev/nvme0n1p2 intel_iommu=%s vfioboot.device=%s\n' \
		"$evil" "$evil" "$evil" >"$host/proc/cmdline"
	echo "90 28 259:2 / /mnt/$evil rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw" \
		>>"$host/proc/self/mountinfo"
	ln -sfn "../../../../bus/pci/drivers/$evil" \
		"$host/sys/devices/pci0000:00/0000:00:01.1/0000:02:00.0/driver"
	echo "$evil" >"$host/sys/devices/pci0000:00/0000:00:01.1/0000:02:00.0/driver_override"
	printf '%s\n' 'vfioboot-record 1' "version $evil" 'stage initramfs' "kernel $evil" \
		'config 0123456789abcdef' 'state done' "error /etc/my $evil.conf 1 unknown key $evil" \
		>"$host/run/vfioboot/initramfs.record"
	printf '%s\n' 'vfioboot-trial 1' "id $evil" 'phase failed' 'reason not-up' "text $evil" \
		>"$host/var/lib/vfioboot/trial/state"
	printf 'passthrough\tPassthrough %s\tvfioboot.profile=games %s\n' "$evil" "$evil" \
		>"$host/etc/vfioboot.entries"
	mkdir -p "$host/etc/modprobe.d"
	echo "options vfio-pci ids=$evil,10de:2206" >"$host/etc/modprobe.d/$evil.conf"
	put boot/grub/grub.cfg <<-END
		menuentry 'Debian $evil' \$menuentry_id_option 'gnulinux-passthrough-1' {
			linux /boot/vmlinuz-$release root=UUID=1 ro vfioboot.profile=games $evil
		}
	END
}

# json COMMAND...: what it prints is one value of JSON, in UTF-8
valid_json() {
	"$vfioboot" "$@" --root "$host" --json >"$work/json" 2>"$work/err" || true
	echo "$*:" && cat "$work/json" "$work/err"
	iconv -f UTF-8 -t UTF-8 <"$work/json" >"$work/utf8"
	json_true 'type == "object"' <"$work/json"
}

# The same of a command that prints a line for each event.
valid_lines() {
	"$vfioboot" "$@" --root "$host" --json >"$work/json" 2>"$work/err" || true
	echo "$*:" && cat "$work/json" "$work/err"
	iconv -f UTF-8 -t UTF-8 <"$work/json" >"$work/utf8"
	[ -s "$work/json" ]
	while read -r line; do
		json_true 'keys == ["expected", "kernel", "of", "seconds", "state", "step", "text", "why"] and .text != null and
			(.state | IN("planned", "note")) and (.step == null) == (.state == "note") and
			(.of == null) == (.state == "note") and .seconds == null' <<<"$line"
	done <"$work/json"
}

# Whether a string in $work/json is as the filter says.
a_string_is() {
	json_true "[.. | strings | select($1)] | length > 0" <"$work/json"
}

@test "each command with --json prints valid UTF-8, whatever its files hold" {
	hostile_host
	for command in 'list --all' check plan status 'explain 02:00.0 03:00.0' cmdline \
		'entry list --loader grub' setup import; do
		# shellcheck disable=SC2086 # words
		valid_json $command
	done
	rm "$host/etc/vfioboot.conf.d"/my*
	valid_json add --dry-run 01:00.0
	valid_lines undo --dry-run
	host_menu
	valid_lines apply --dry-run
	valid_lines bind --dry-run 01:00.0
	valid_lines release --dry-run 01:00.0
	mkdir -p "$host"/usr/{lib/vfioboot,sbin} "$host/etc/libvirt/hooks/qemu.d"
	cp "$BATS_TEST_DIRNAME/../../libvirt/libvirt-hook" "$host/usr/lib/vfioboot/"
	: >"$host/usr/sbin/libvirtd"
	echo 'virsh list' >"$host/etc/libvirt/hooks/qemu.d/$evil"
	valid_lines libvirt enable --dry-run
	valid_json libvirt status
	a_string_is 'contains("qemu.d/x\ufffd\ufffd(")'
	# No command is missing here; what libvirt says is in vm.bats.
	for command in $("$vfioboot" help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
		! "$vfioboot" help "$command" | grep -q -- '^ *--json ' ||
			[[ ' list check plan status explain cmdline entry add apply undo setup import bind release libvirt vm ' == *" $command "* ]]
	done
}

@test "an invalid byte is U+FFFD, and all others stay" {
	hostile_host
	valid_json status
	a_string_is 'contains("my x\ufffd\ufffd(\ufffd\ufffd\ufffd")'
	valid_json list --all
	a_string_is 'contains("/mnt/x\ufffd\ufffd(\ufffd\ufffd\ufffd?")'
	valid_json explain 02:00.0
	json_true '.functions[0] | .driver == .driver_override and (.driver | contains("\ufffd"))' \
		<"$work/json"
}

@test "valid characters of any length stay as they are" {
	hostile_host
	echo "91 28 259:2 / /mnt/é€😀 rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw" \
		>>"$host/proc/self/mountinfo"
	valid_json list --all
	a_string_is 'contains("/mnt/é€😀")'
}

@test "a terminal gets no control characters out of files" {
	hostile_host
	for command in 'list --all' check plan status 'explain 02:00.0 03:00.0' \
		'cmdline --explain' 'entry list --loader grub' 'import --dry-run'; do
		# shellcheck disable=SC2086 # words
		"$vfioboot" $command --root "$host" >"$work/out" 2>&1 || true
		! LC_ALL=C grep -n $'[\x01-\x08\x0b-\x1f\x7f]' "$work/out"
	done
}
