#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2154 # each test is a process; run and machine.bash
#
# libvfioboot: its header and what it exports, and that it says what the commands say.  What a program
# can do to it is in tests/unit/test_library.c.

bats_require_minimum_version 1.5.0

load host
load machine

library=$BATS_TEST_DIRNAME/../../build/libvfioboot.so.0
abi=$BATS_TEST_DIRNAME/../library/abi

answers() {
	run -"${expect:-0}" --separate-stderr "$top/build/tests/answers" "$root" "$@"
}

# same WHAT FILTER [DEVICE]...: the library and the command, sorted; FILTER of both
same() {
	local by_command all=()
	[ "$1" != list ] || all=(--all)
	by_command=$("$vfioboot" "$1" "${all[@]}" "${@:3}" --root "$root" --json 2>/dev/null) || true
	answers "$1" "${@:3}"
	diff <(jq -S "$2" <<<"$by_command") <(jq -S "$2" <<<"$output")
}

@test "the header compiles alone, as C11 and as C++" {
	echo '#include "vfioboot.h"' >"$BATS_TEST_TMPDIR/alone.c"
	cp "$BATS_TEST_TMPDIR/alone.c" "$BATS_TEST_TMPDIR/alone.cc"
	flags=(-Wall -Wextra -Werror -pedantic -I "$top/include" -c -o /dev/null)
	"${CC:-cc}" -std=c11 "${flags[@]}" -x c "$BATS_TEST_TMPDIR/alone.c"
	"${CXX:-c++}" -std=c++11 "${flags[@]}" -x c++ "$BATS_TEST_TMPDIR/alone.cc"
}

@test "all that the header declares is exported, and nothing else" {
	declared=$("$top/tests/library/declarations" | grep -oE '\bvfioboot_[a-z_]+\(' | tr -d '(' | sort -u)
	[ "$(wc -l <<<"$declared")" -gt 70 ]
	diff <(echo "$declared") <(nm -D --defined-only "$library" | sed -n 's/.* T \(.*\)@@LIBVFIOBOOT_0$/\1/p' | sort)
	[ "$(nm -D --defined-only "$library" | grep -vc ' T vfioboot_')" = 1 ] # the version
	readelf -d "$library" | grep -F 'soname: [libvfioboot.so.0]'
}

@test "what was declared once is declared, and new declarations are kept" {
	diff "$abi" <("$top/tests/library/declarations")
	[ "$(sort -u "$abi" | wc -l)" = "$(wc -l <"$abi")" ]
}

# A library of the declarations that are kept, in which nothing is but their types.
# bats test_tags=slow
@test "abidiff finds no other types" {
	command -v abidiff >/dev/null || skip "no abidiff"
	{
		echo '#include <vfioboot.h>'
		grep -E '^[^(]* \*?vfioboot_.*\);$' "$abi" | sed 's/;$/ { __builtin_trap(); }/'
	} >"$BATS_TEST_TMPDIR/kept.c"
	"${CC:-cc}" -g -w -I "$top/include" -shared -fPIC -o "$BATS_TEST_TMPDIR/kept.so" \
		"-Wl,-soname,libvfioboot.so.0,--version-script,$top/src/library/libvfioboot.map" \
		"$BATS_TEST_TMPDIR/kept.c"
	run -0 abidiff --no-added-syms --headers-dir1 "$top/include" --headers-dir2 "$top/include" \
		"$BATS_TEST_TMPDIR/kept.so" "$library"
	[[ $output == *'0 Removed, 0 Changed'* ]]
}

# bats test_tags=slow
@test "a thousand opens and closes leak nothing" {
	command -v valgrind >/dev/null || skip "no valgrind"
	machine identical-cards
	cat >"$work/opens.c" <<-'END'
		#include <stdlib.h>
		#include <vfioboot.h>

		int main(int argc, char **argv)
		{
			for (int i = 0; argc == 3 && i < atoi(argv[2]); i++) {
				struct vfioboot_ctx *ctx;
				struct vfioboot_machine *machine;

				if (vfioboot_new(&ctx) < 0 || vfioboot_set_root(ctx, argv[1]) < 0 ||
					vfioboot_machine_read(ctx, &machine) < 0)
					return 1;
				if (!vfioboot_machine_count_functions(machine))
					return 2;
				vfioboot_machine_unref(machine);
				vfioboot_unref(ctx);
			}
			return 0;
		}
	END
	"${CC:-cc}" -I "$top/include" -o "$work/opens" "$work/opens.c" "$library" "-Wl,-rpath,${library%/*}"
	run valgrind "$work/opens" "$root" 1
	[[ $output != *'unhandled amd64-linux syscall: 437'* ]] || skip "this valgrind knows no openat2()"
	run valgrind --leak-check=full --error-exitcode=9 "$work/opens" "$root" 1000
	[ "$status" -eq 0 ]
	[[ $output == *'All heap blocks were freed'* && $output == *'ERROR SUMMARY: 0 errors'* ]]
}

@test "the library has no state of its own, and nothing to print or to end a program with" {
	run -1 grep -E ' (\.bss|\.data)\s+0*[1-9a-f][0-9a-f]* ' <(objdump -t "$library" |
		grep -vE 'completed\.|__dso_handle|__TMC_END__')
	run -1 grep -wE 'exit|abort|printf|__printf_chk|puts|putchar|stdout|stderr|umask|chdir|setlocale|getopt_long' \
		<(nm -D --undefined-only "$library" | sed 's/@.*//')
}

# What the library does not say of a plan.
of_plan='del(.iommu_unknown)'

# bats test_tags=slow
@test "what list, plan and check say, the library says, on every fixture" {
	local fixture seen=0
	for fixture in "$fixtures"/*/; do
		[[ $fixture != */functions-4096/ ]] || continue
		root=$work/$(basename "$fixture")
		echo "on $root"
		machine "$(basename "$fixture")" "$root"
		cp "$(find "$fixture" -mindepth 2 -name conf | sort | head -n 1)" "$root/etc/vfioboot.conf"
		same list .
		same plan "$of_plan"
		same check .checks
		seen=$((seen + 1))
	done
	((seen >= 15))
}

# bats test_tags=slow
@test "the same of a desktop with drives, a network, records and images" {
	host_of_two_cards "$root"
	printf '[device second]\npath = 00:01.1/00\nexpect = 2\nreset = bus\n[device far]\nmachine = far*\npath = 00:01.0/00\n' >"$root/etc/vfioboot.conf"
	"$early" --root "$root" >/dev/null 2>&1 || true
	same list .
	json_true '[.functions[].uses] | any' <<<"$output"
	same plan "$of_plan"
	json_true '.plan[0].settings[0].key == "reset" and .other_machines[0].section == "far"' <<<"$output"
	same check .checks
	same check .checks 02:00.0
}

@test "the same of a machine that was captured" {
	mkdir -p "$root"
	tar -xf "$top/tests/captures/bookworm-q35.tar.xz" -C "$root"
	same list .
	json_true '.functions | length > 3' <<<"$output"
	same plan "$of_plan"
	same check .checks
}

# bats test_tags=slow
@test "obstacles are those of add" {
	host_of_two_cards "$root"
	for device in 01:00.0 02:00.0 03:00.0 00:1f.6; do
		answers obstacles "$device"
		by_library=$(jq -S '[.checks[] | {address: .subject, refuses: (.state == "fail"), text: .found, remedy}]' \
			<<<"$output")
		accepted=$(jq '.answer == 1' <<<"$output")
		by_command=$("$vfioboot" add "$device" --dry-run --root "$root" --json 2>/dev/null) || true
		diff <(jq -S .obstacles <<<"$by_command") - <<<"$by_library"
		[ "$(jq .accepted <<<"$by_command")" = "$accepted" ]
	done
	# Each kind has a word, which the manual explains.
	words=$(sed -n '/^static const char \*obstacle_word/,/^}/s/^\t*\[\(OBSTACLE_[A-Z_]*\)\] = "\([a-z-]*\)",$/\1 \2/p' \
		"$top/src/library/obstacle_text.c")
	diff <(sed -n '/^enum obstacle_kind/,/^}/s/^\t\(OBSTACLE_[A-Z_]*\).*/\1/p' "$top/src/outlook/obstacles.h") \
		<(cut -d' ' -f1 <<<"$words")
	while read -r _ word; do
		grep -qx "\.It Li $word" "$top/man/libvfioboot.3"
	done <<<"$words"
}

@test "what is not known is an error with a remedy" {
	machine identical-cards
	expect=1 answers obstacles 0f:00.0
	[ "$stderr" = "no device matches '0f:00.0'; 'vfioboot list --all' shows all devices" ]
	expect=1 answers obstacles class:03
	[[ $stderr == "'class:03' matches more than one device; choose one by its path:"$'\n  0000:'* ]]
	expect=1 answers obstacles
	[ "$stderr" = 'no device is named' ]
	expect=1 answers ready gpu
	[[ $stderr == "'gpu' is neither a device set nor a device; 'vfioboot plan' shows the device sets; for a device, use a path"* ]]
	root=$work/nothing
	expect=1 answers list
	[[ $stderr == "cannot open $work/nothing: No such file"* ]]
}

@test "cards are what a person sees" {
	root=$work/cards
	for machine in amd-desktop intel-arc nvidia-usb-c; do
		rm -rf "${root:?}"
		mkdir -p "$root"
		"$compose" "$top/tests/cards/$machine" "$root"
		answers cards
		# Each function is in one, but bridges.
		diff <(tr ' ' '\n' <<<"$output" | sort) <("$vfioboot" list --all --root "$root" --json |
			jq -r '.functions[] | select(.class | startswith("06") | not).address' | sort)
		while read -r first others; do
			[ -n "$others" ] || continue
			"$vfioboot" add "$first" --dry-run --root "$root" --json >"$work/added" 2>/dev/null || true
			diff <(tr ' ' '\n' <<<"$first $others") <(jq -r '.functions[] | select(.why != "group").address' \
				"$work/added")
		done <<<"$output"
	done
}

@test "readiness is about what was asked" {
	host_of_two_cards "$root"
	printf '[device second]\npath = 00:01.1/00\nexpect = 2\n[device gone]\npath = 00:0e.0/00\n' \
		>"$root/etc/vfioboot.conf"
	answers ready second
	json_true '[.checks[].name] | index("absent") == null and index("section") == null' <<<"$output"
	second=$output
	answers ready 02:00.0
	[ "$output" = "$second" ]
	answers ready gone
	json_true '.answer == 0 and (.checks[0] | .name == "absent" and .subject == "gone" and .state == "fail")' \
		<<<"$output"
	# With no name, all sections.
	answers ready
	json_true '[.checks[].name] | index("absent") != null' <<<"$output"
	echo '[device off]
path = 00:01.1/00
profile = windows' >"$root/etc/vfioboot.conf"
	answers ready off
	json_true '.checks[0] | .name == "inactive" and (.found | contains("windows"))' <<<"$output"
}

# bats test_tags=slow
@test "the program in the manual does what it says" {
	host_of_two_cards "$root"
	sed -n '/^\.Sh EXAMPLES/,$p' "$top/man/libvfioboot.3" | sed -n '/^\.Bd -literal/,/^\.Ed/{//d;s/\\e/\\/g;p;}' \
		>"$BATS_TEST_TMPDIR/example.c"
	env -u MAKEFLAGS make -C "$top" --no-print-directory install DESTDIR="$BATS_TEST_TMPDIR/stage" >&2
	export PKG_CONFIG_PATH=$BATS_TEST_TMPDIR/stage/usr/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR=$BATS_TEST_TMPDIR/stage
	[ "$(pkg-config --modversion vfioboot)" = "$("$vfioboot" --version | cut -d' ' -f2)" ]
	# shellcheck disable=SC2046 # words
	"${CC:-cc}" -std=c11 -Wall -Wextra -Werror "$BATS_TEST_TMPDIR/example.c" \
		$(PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --cflags --libs vfioboot) \
		-o "$BATS_TEST_TMPDIR/example"
	export LD_LIBRARY_PATH=$BATS_TEST_TMPDIR/stage/usr/lib
	run -0 "$BATS_TEST_TMPDIR/example" "$root"
	[[ $output == *'0000:02:00.0 '*': can be added'* ]]
	[[ $output == *'0000:01:00.0 '*$'\n  0000:01:00.0 '* || $output == *'0000:01:00.0 '*': can be added'* ]]
	run -1 --separate-stderr "$BATS_TEST_TMPDIR/example" /nonexistent
	[ "$stderr" = 'cannot open /nonexistent: No such file or directory' ]
}

# A program that says what another one would, and which arguments it got.
play() { # STATUS STDERR LINE...
	{
		printf '#!/bin/sh\necho "$*" >"%s"\n' "$work/arguments"
		printf 'cat <<"END"\n'
		printf '%s\n' "${@:3}"
		printf 'END\nprintf "%%s\\n" "%s" >&2\nexit %s\n' "$2" "$1"
	} >"$work/played"
	chmod +x "$work/played"
	export HAND_OVER_BY=$work/played
}

@test "bind and release list the steps of the commands" {
	host_of_two_cards "$root"
	printf '[device second]\npath = 00:01.1/00\nexpect = 2\n' >"$root/etc/vfioboot.conf"
	export HAND_OVER_BY=$vfioboot FLAGS=1
	answers bind second
	by_library=$(jq -S '[.checks[] | {state: .name, text: .found, why: .remedy}]' <<<"$output")
	diff <("$vfioboot" bind second --dry-run --json --root "$root" 2>/dev/null | jq -sS 'map({state, text, why})') \
		- <<<"$by_library"
	json_true 'length > 3 and all(.state == "planned")' <<<"$by_library"
	answers release second
	json_true '.checks == [{name: "note", subject: null, state: "note", remedy: null,
		found: "second was not handed over: nothing to do."}]' <<<"$output"
}

@test "what is refused is an error with the words of the command" {
	host_of_two_cards "$root"
	export HAND_OVER_BY=$vfioboot FLAGS=1
	expect=1 answers bind 03:00.0
	json_true '.answer < 0 and .checks == []' <<<"$output"
	[[ $stderr == *'0000:03:00.0 is refused (protected)'*'; nothing was changed' ]]
	expect=1 answers bind class:03
	[[ $stderr == "'class:03' matches more than one device; choose one by its path:"$'\n  0000:'* ]]
	# Of another machine nothing can be changed.
	FLAGS=0 expect=1 answers bind second
	[ -n "$stderr" ]
	# A name is no option.
	expect=1 answers release --help
	[[ $stderr == *"'--help' is neither a device set nor a device"* ]]
	FLAGS=64 expect=1 answers bind second
	[ "$stderr" = 'unknown flags 0x40' ]
}

@test "a hand-over has its options, its steps and its warnings" {
	step='"kernel":null,"seconds":0,"expected":null,"why":null'
	play 0 'vfioboot bind: warning: this is worth knowing' \
		"{\"state\":\"started\",\"step\":1,\"of\":1,$step,\"text\":\"Unbind\"}" \
		"{\"state\":\"done\",\"step\":1,\"of\":1,$step,\"text\":\"Unbind\"}" 'no JSON'
	root=/
	FLAGS=14 answers bind gpu -x
	[ "$(<"$work/arguments")" = 'bind --json --wait 7 --stop-session --allow-last-display --only -- gpu -x' ]
	json_true '.answer == 0 and .checks == [{name: "done", subject: null, state: "pass", found: "Unbind",
		remedy: null}]' <<<"$output"
	[ "$stderr" = '<4> this is worth knowing' ]
	FLAGS=14 answers release gpu
	[ "$(<"$work/arguments")" = 'release --json --wait 7 -- gpu' ]
}

@test "a step that fails is a point, and an error" {
	root=/
	play 1 'vfioboot release: Unbind: No such device; every step was undone' \
		'{"state":"failed","step":1,"of":1,"kernel":null,"seconds":0,"expected":null,"text":"Unbind","why":null}'
	expect=1 answers release gpu
	json_true '.checks[0].name == "failed" and .checks[0].state == "fail"' <<<"$output"
	[ "$stderr" = 'Unbind: No such device; every step was undone' ]
	play 3 ''
	expect=1 answers bind gpu
	[[ $stderr == *'/played bind exited with status 3' ]]
	printf '#!/bin/sh\nkill -9 $$\n' >"$work/played"
	expect=1 answers bind gpu
	[[ $stderr == "cannot run $work/played: Interrupted system call" ]]
	printf '#!/bin/sh\necho "vfioboot bind: interrupted (Terminated)" >&2\nkill $$\n' >"$work/played"
	expect=1 answers bind gpu
	[ "$stderr" = 'interrupted (Terminated)' ]
	HAND_OVER_BY=$work/nothing expect=1 answers bind gpu
	[[ $stderr == "cannot run $work/nothing: No such file or directory" ]]
	HAND_OVER_BY=vfioboot expect=1 answers bind gpu
	[ "$stderr" = "'vfioboot' is not an absolute path" ]
}
