#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process of its own; run and machine.bash set these
#
# rebar, reset, d3cold and power in a section: what plan and check say before, the early program does,
# and status and explain say after. Below a root directory no kernel answers; see tests/boot.

bats_require_minimum_version 1.5.0

load machine

# Two identical cards; the second one has a resizable BAR of 256 MiB, and its driver, if one is named.
settings_machine() { # [driver=NAME]
	mkdir -p "$root/proc/sys/kernel" "$root/run"
	# A '+' for a tab
	tr + '\t' >"$work/machine" <<-END
		driver vfio-pci
		0000:00:01.0 8086:1901 060400 driver=pcieport group=2
		+0000:01:00.0 10de:2206 030000 driver=nouveau group=10 boot_vga=1 bar=1:8:7f00
		0000:00:01.1 8086:1905 060400 driver=pcieport group=3
		+0000:02:00.0 10de:2206 030000 group=11 ${1-} boot_vga=0 reset=flr,bus d3cold=1 power=auto bar=1:8:7f00
		+0000:02:00.1 10de:1aef 040300 group=11 ${1-} d3cold=1 power=on
	END
	"$compose" "$work/machine" "$root"
	mkdir -p "$root/etc"
	echo '# vfioboot protect list 1' >"$root/etc/vfioboot.protect"
	echo 6.12.1 >"$root/proc/sys/kernel/osrelease"
}

section() { # KEY...
	config '[device gpu]' 'path = 00:01.1/00' 'expect = 2' "$@"
}

# "ADDRESS KEY WANTED VALUE RESULT REASON", a line each
planned() {
	"$vfioboot" plan --root "$root" --json >"$work/json" || true
	jq -r '.plan[] | .address as $a | .settings[] |
		[$a, .key, .wanted, .value // "-", .result, .reason // "-"] | join(" ")' <"$work/json"
}

recorded() {
	sed -n 's/^step section=gpu address=\([^ ]*\) key=\([^ ]*\) wanted=\([^ ]*\) value=\([^ ]*\) result=\([^ ]*\) reason=/\1 \2 \3 \4 \5 /p' \
		"$root/run/vfioboot/system.record"
}

@test "a section without these keys has no step, and no line in the record" {
	settings_machine driver=vfio-pci
	section
	"$early" --root "$root"
	[[ -f $root/run/vfioboot/system.record && -z $(recorded) && -z $(planned) ]]
	run -0 "$vfioboot" status --root "$root"
	[[ $output != *Settings* ]]
}

@test "what plan says of each setting is what the early program does where no kernel has to answer" {
	settings_machine driver=vfio-pci
	section 'reset = pm, bus' 'd3cold = no' 'power = on'
	planned >"$work/planned"
	cat "$work/planned"
	diff - <(grep -v power "$work/planned") <<-'END'
		0000:02:00.0 d3cold no yes set -
		0000:02:00.0 reset pm bus flr bus set not-offered
		0000:02:00.1 d3cold no yes set -
		0000:02:00.1 reset pm bus - skipped not-offered
	END
	run -0 --separate-stderr "$early" --root "$root" --verbose
	[[ $stderr == *'0000:02:00.0 gpu: power = on: set'* ]]
	[[ $stderr == *'0000:02:00.0 gpu: reset = pm bus: set (not-offered): '*'(now: bus)'* ]]
	recorded
	diff - <(recorded) <<-'END'
		0000:02:00.0 d3cold no no set -
		0000:02:00.0 reset pm\040bus bus set not-offered
		0000:02:00.0 power on on set -
		0000:02:00.1 d3cold no no set -
		0000:02:00.1 reset pm\040bus - skipped not-offered
		0000:02:00.1 power on on same -
	END
	[[ $(<"$root/sys/bus/pci/devices/0000:02:00.0/reset_method") == bus ]]
	[[ $(<"$root/sys/bus/pci/devices/0000:02:00.0/power/control") == on ]]
	[[ $(<"$root/sys/bus/pci/devices/0000:02:00.1/d3cold_allowed") == 0 ]]
	# Once more: all of it is so by now.
	"$early" --root "$root"
	[[ -z $(recorded | grep -v ' same \| skipped ') ]]
}

@test "status and explain say what became of each, in text and as JSON" {
	settings_machine driver=vfio-pci
	section 'reset = pm, bus' 'd3cold = no' 'rebar = max'
	run -0 "$early" --root "$root"
	run -0 --separate-stderr "$vfioboot" status --root "$root"
	[[ $output == *'Settings:'*'  0000:02:00.0 gpu: d3cold = no: set'*'  0000:02:00.0 gpu: rebar = max: skipped (in-use)'* ]]
	run -0 --separate-stderr "$vfioboot" status --root "$root" --json
	json_true '.functions[0].settings | length == 3' <<<"$output"
	json_true '.functions[0].settings[2] == {key: "reset", wanted: "pm bus", value: "bus", result: "set",
		reason: "not-offered", remark: "the kernel does not offer it for this device, or is too old for it"}' <<<"$output"
	json_true '.functions[0].settings[0] == {key: "d3cold", wanted: "no", value: "no", result: "set",
		reason: null, remark: null}' <<<"$output"
	run -0 --separate-stderr "$vfioboot" explain --root "$root" 02:00.0
	[[ $output == *'At this boot, 0000:02:00.0 gpu: d3cold = no: set'* ]]
	run -0 --separate-stderr "$vfioboot" explain --root "$root" 02:00.0 --json
	json_true '.functions[0].boot.settings | length == 3' <<<"$output"
}

@test "the run on the real root finds what the initramfs has set, and status says who set it" {
	settings_machine driver=vfio-pci
	section 'd3cold = no'
	"$early" --root "$root"
	sed 's/^stage system/stage initramfs/' "$root/run/vfioboot/system.record" >"$root/run/vfioboot/initramfs.record"
	"$early" --root "$root"
	grep -q 'key=d3cold .*result=same' "$root/run/vfioboot/system.record"
	run -0 "$vfioboot" status --root "$root"
	[[ $output == *'0000:02:00.0 gpu: d3cold = no: set'* ]]
}

rebar() { # VALUE EXPECTED
	section "rebar = $1"
	[[ $(planned | sed -n 's/^0000:02:00.0 rebar //p') == "$2" ]]
}

@test "rebar: the sizes that the BAR has, and never a smaller one" {
	settings_machine
	rebar 8G '8G 256M set -'
	rebar max 'max 256M set -'
	rebar 256M '256M 256M same -'
	rebar 64M '64M 256M skipped smaller'
	rebar 32G '32G 256M skipped no-such-size'
	rebar 1:8G '1:8G 256M set -'
	rebar 0:8G '0:8G - skipped not-offered'
	rebar unchanged ''
	echo 1 >"$root/sys/bus/pci/devices/0000:02:00.0/boot_vga"
	rebar 8G '8G 256M skipped console'
}

@test "rebar: below a root directory it is asked for, and nothing answers" {
	settings_machine
	section 'rebar = 8G'
	run -1 "$early" --root "$root"
	grep -q 'key=rebar wanted=8G value=256M result=failed reason=no-kernel' "$root/run/vfioboot/system.record"
	[[ $(<"$root/sys/bus/pci/devices/0000:02:00.0/resource1_resize") == 13 ]]
}

check_settings() {
	"$vfioboot" check --root "$root" --json >"$work/check.json" 2>/dev/null || true
	jq -r '.checks[] | select(.name == "settings") | [.state, .subject // "-", .found] | join("; ")' <"$work/check.json"
}

@test "check: what can be set passes, also where it is for one function of the section" {
	settings_machine
	section 'rebar = 8G' 'd3cold = no' 'reset = bus'
	check_settings | tee "$work/points"
	! grep -v '^pass' "$work/points"
	grep -q '^pass; 0000:02:00.1; rebar is for other functions of gpu$' "$work/points"
	grep -q '^pass; 0000:02:00.0; rebar = 8G can be set$' "$work/points"
	# A function of another section does not do it for this one.
	config '[device gpu]' 'path = 00:01.1/00.0' 'rebar = 8G' '[device sound]' 'path = 00:01.1/00.1' 'rebar = 8G'
	check_settings | tee "$work/points"
	grep -q '^pass; 0000:02:00.0; rebar = 8G can be set$' "$work/points"
	grep -q '^fail; 0000:02:00.1; rebar = 8G: the kernel does not offer it' "$work/points"
}

@test "check: what the kernel or the device does not have fails, with the line to edit" {
	settings_machine
	section 'rebar = 32G' 'reset = pm'
	check_settings | tee "$work/points"
	grep -q '^fail; 0000:02:00.0; rebar = 32G: its BAR cannot have that size; it has 256M$' "$work/points"
	grep -q '^fail; 0000:02:00.[01]; reset = pm: the kernel does not offer it' "$work/points"
	json_true '[.checks[] | select(.name == "settings" and .state == "fail") | .remedy] | unique ==
		["edit [device gpu], /etc/vfioboot.conf:1"]' <"$work/check.json"
	echo 5.10.0-30-amd64 >"$root/proc/sys/kernel/osrelease"
	check_settings | tee "$work/points"
	grep -q '^fail; .*; rebar in section gpu needs Linux 6.1, and the next boot has 5.10.0-30-amd64$' "$work/points"
	grep -q '^fail; .*; reset in section gpu needs Linux 5.15, and the next boot has 5.10.0-30-amd64$' "$work/points"
	# The first kernel that has it is new enough.
	for release in 5.15.0 6.1.0; do
		echo "$release" >"$root/proc/sys/kernel/osrelease"
		check_settings | grep -o '[a-z]* in section gpu needs Linux .*' >>"$work/old" || true
	done
	[[ $(uniq "$work/old") == 'rebar in section gpu needs Linux 6.1, and the next boot has 5.15.0' ]]
}

@test "check: a section that no boot binds has no settings" {
	settings_machine
	section 'bind = demand' 'd3cold = no'
	[[ $(check_settings) == 'fail; gpu; has settings of functions, which boots carry out, and bind = demand, which no boot binds' ]]
	[[ -z $(planned) ]]
}

@test "plan: the settings in plain text, too" {
	settings_machine
	section 'd3cold = no' 'reset = pm'
	run -0 --separate-stderr "$vfioboot" plan --root "$root"
	[[ $output == *'Settings, as the running kernel would take them:'* ]]
	[[ $output == *'0000:02:00.0 gpu: d3cold = no: set'* ]]
	[[ $output == *'0000:02:00.0 gpu: reset = pm: skipped (not-offered): '*'(now: flr bus)'* ]]
}

@test "explain and check name what depends on a function, and check what stays with the host alone" {
	settings_machine
	section
	ln -s /nowhere "$root/sys/bus/pci/devices/0000:02:00.0/consumer:pci:0000:02:00.1"
	ln -s /nowhere "$root/sys/bus/pci/devices/0000:02:00.0/consumer:i2c:i2c-7"
	run -0 --separate-stderr "$vfioboot" explain --root "$root" 02:00.0
	[[ $output == *'These depend on it, and lose their driver with it: '*'pci:0000:02:00.1'* ]]
	"$vfioboot" check --root "$root" --json >"$work/check.json" 2>/dev/null || true
	json_true '[.checks[] | select(.name == "consumers") | [.state, .subject, .found]] ==
		[["pass", "0000:02:00.0", "i2c:i2c-7 depends on it, and loses its driver with it"]]' <"$work/check.json"
}
