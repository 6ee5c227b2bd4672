#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154 # for host.bash; each test is a process of its own; run sets output
#
# README and the manual, held against the program: each command that they show runs here on a desktop
# with two identical cards, or in the test that is named here; what they show below a command is what the
# program says; and what README calls its source exists.

bats_require_minimum_version 1.5.0

# shellcheck source=/dev/null
load host
load ../lib/programs

setup() {
	programs
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
}

# The blocks of README, but its Python, and of a manual page, a line each as it is typed or printed, with a form feed
# between two blocks.
blocks() {
	case $1 in
	*.md) sed -n '/^```/,/^```$/d; s/^    //p; t; /^$/p; /^[^ ]/s/.*/\f/p' "$1" ;;
	*) sed -n 's/^\.Dl //p; t; /^\.Bd -literal/,/^\.Ed/{s/^\\&//; s/\\e/\\/g; s/^\.[BE]d.*/\f/; p}' "$1" ;;
	esac
}

# What FILE shows below the COMMAND, up to the next command or the end of the block: shown FILE COMMAND
shown() {
	local text
	case $1 in
	*.md) text=$(sed -n '/^    \$ '"$2"'$/,/^\(    \$ .*\|[^ ].*\)$/p' "$1" | sed '1d; $d; s/^    //') ;;
	*) text=$(blocks "$1" | sed -n '/^\$ '"$2"'$/,/^\(\$ .*\|\f\)$/p' | sed '1d; $d') ;;
	esac
	sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' <<<"$text"
}

# Newer hardware databases have another name for one function, and columns are wider by it.
as_named_here() {
	if grep -qF 'Cannon Lake USB' "$BATS_TEST_TMPDIR/list"; then
		cat
	else
		sed 's|Cannon Lake USB|300/C240 Series USB|' | tr -s ' '
	fi
}

# The program's own words for the same command, in each document that shows it. The names are those of
# the machine's hwdb.
shows() {
	local command=$1 file seen=0
	read -ra arguments <<<"${command#*vfioboot }"
	run --separate-stderr "$vfioboot" "${arguments[0]}" --root "$host" "${arguments[@]:1}"
	for file in "$top/README.md" "$top"/man/*.[1-9]; do
		blocks "$file" | grep -qxF "\$ $command" || continue
		seen=$((seen + 1))
		[ -n "$(shown "$file" "$command")" ]
		diff <(shown "$file" "$command" | as_named_here) <(as_named_here <<<"$output")
	done
	[ "$seen" -gt 0 ]
}

# What another setup left on a machine: leave_other_setup DIR
leave_other_setup() {
	mkdir -p "$1"/etc/{modprobe.d,driverctl.d}
	echo 'options vfio-pci ids=10de:2206,10de:1aef disable_vga=1' >"$1/etc/modprobe.d/vfio.conf"
	echo vfio-pci >"$1/etc/driverctl.d/pci-0000:02:00.0"
}

need_names() {
	"$vfioboot" list --root "$host" --all >"$BATS_TEST_TMPDIR/list"
	[ -s "$BATS_TEST_TMPDIR/list" ]
	for name in 'GeForce RTX 3080' 'GA102 HD Audio' 'SSD 970 EVO/PRO'; do
		grep -qF "$name" "$BATS_TEST_TMPDIR/list" ||
			skip "the hardware database of this system has another name for $name"
	done
}

# bats test_tags=slow
@test "README and the manual show list, add, plan, status and check as they are" {
	need_names
	shows 'vfioboot list'
	shows 'vfioboot protect'
	leave_other_setup "$host"
	shows 'sudo vfioboot import --yes'
	rm -r "${host:?}"/etc/{modprobe.d,driverctl.d,vfioboot.conf.d}
	shows 'sudo vfioboot add 02:00'
	shows 'vfioboot plan'
	host_image
	host_boot
	shows 'vfioboot status'
	shows 'sudo vfioboot check'
}

# ---- each command runs somewhere

# The commands of a document: of a block with "$ " those, else each of its lines. README has them in its
# text as well, a manual page has other blocks, too, of which what begins like a command is one.
commands_of() {
	blocks "$1" | awk -v RS='\f' -v FS='\n' '
		{ screen = 0
		for (i = 1; i <= NF; i++) screen = screen || $i ~ /^\$ /
		for (i = 1; i <= NF; i++) if (!screen || $i ~ /^\$ /) print $i }' |
		sed 's/^\$ //; s/ *#.*//; /^$/d' |
		case $1 in
		*.md) cat && grep -oE '`(sudo |make |vfioboot [a-z])[^`]*`' "$1" | tr -d '`' ;;
		*) grep -E '^(sudo |vfioboot |/usr/lib/vfioboot/)' ;;
		esac
}

# What no fake machine can run: COMMAND|FILE|TITLE, the test below tests/ that runs it; of a script that is
# none of bats, a text in it.
elsewhere=(
	'make deb RELEASES=trixie|boot/host.bats|trixie: packages are installed, bind, are updated, and are purged without a trace'
	'make|cli/install.bats|install puts each generator'\''s hook where it looks'
	'make install|cli/install.bats|install puts each generator'\''s hook where it looks'
	'sudo make install|cli/install.bats|install puts each generator'\''s hook where it looks'
	'sudo make install-cockpit|cockpit/run|install install-cockpit DESTDIR='
	'sudo make uninstall|cli/install.bats|uninstall leaves nothing'
	'vfioboot protect --output /run/vfioboot/protect|cli/vfioboot.bats|protect --output makes /run/vfioboot'
	'sudo systemctl reboot|boot/loader.bats|GRUB, BIOS: add, apply, try, keep, apply: bound by the normal entry; undo takes a trial back'
	'sudo vfioboot add vf:0@00:03.0/00.0|cli/add.bats|virtual functions go alone, by their numbers; what makes them gets a section, too'
	'sudo vfioboot libvirt enable|cli/libvirt.bats|enable writes the hook, disable removes it, and both say what they do'
	'vfioboot libvirt status|cli/libvirt.bats|enable writes the hook, disable removes it, and both say what they do'
	'sudo vfioboot vm attach win11 gpu --no-graphics|cli/vm.bats|attach, list, detach: the definition is as before, byte by byte'
	'sudo vfioboot vm detach win11 gpu|cli/vm.bats|attach, list, detach: the definition is as before, byte by byte'
	'sudo vfioboot setup|cli/setup.bats|a dialogue: the second card, at every boot, and undo restores every byte'
	'sudo vfioboot entry add|boot/check.bats|bookworm, GRUB: add, apply, entry add, by the machine itself'
	'sudo vfioboot try|boot/loader.bats|GRUB, BIOS: add, apply, try, keep, apply: bound by the normal entry; undo takes a trial back'
	'sudo vfioboot try --keep|boot/loader.bats|GRUB, BIOS: add, apply, try, keep, apply: bound by the normal entry; undo takes a trial back'
)

# Whether a test of that title is in the file: has_test FILE TITLE
has_test() {
	case $1 in
	*.bats) grep -qxF "@test \"$2\" {" "$top/tests/$1" ;;
	*) grep -qF -- "$2" "$top/tests/$1" ;;
	esac || { echo "tests/$1 has no test \"$2\""; return 1; }
}

# A command of make or of a package manager, that is known by what it works on.
runs_package_command() {
	local version file
	version=$(sed -n 's/.*VFIOBOOT_VERSION "\(.*\)".*/\1/p' "$top/src/base/version.h")
	case $1 in
	'sudo apt install gcc '*)
		# What the Makefile asks for, all of which tests/distros installs.
		[ "${1#sudo apt install }" = "$(sed -n '/^NEEDED = /,/[^\\]$/p' "$top/Makefile" |
			sed 's/.*apt install//; s/\\$//' | xargs)" ]
		for file in ${1#sudo apt install }; do
			grep -qx "$file" "$top/tests/packages"
		done
		;;
	'sudo dnf builddep '*)
		grep -q '^BuildRequires:' "$top/${1#sudo dnf builddep }"
		;;
	'sudo pacman -S --needed base-devel '*)
		# What the recipe asks for, and what it takes for granted.
		[ "${1#*base-devel }" = "$(sed -n 's/^makedepends=(\(.*\))/\1/p' "$top/packaging/arch/PKGBUILD")" ]
		;;
	'sudo apt install ./'*)
		for file in ${1#sudo apt install }; do
			file=${file##*/}
			grep -qx "Package: ${file%%_*}" "$top/packaging/debian/control"
		done
		;;
	'sudo dnf install '*)
		read -ra files <<<"${1#sudo dnf install ./build/packages/rpm/}"
		# shellcheck disable=SC2053 # patterns
		[[ vfioboot-$version-1.x86_64.rpm == ${files[0]} && vfioboot-debuginfo-$version-1.x86_64.rpm != ${files[0]} ]]
		# shellcheck disable=SC2053
		[[ vfioboot-dracut-$version-1.noarch.rpm == ${files[1]##*/} ]]
		;;
	'sudo pacman -U '*)
		# shellcheck disable=SC2053
		[[ build/packages/arch/vfioboot-$version-1-x86_64.pkg.tar.zst == ${1#sudo pacman -U } ]]
		;;
	'make '*)
		# shellcheck disable=SC2086 # words
		env -u MAKEFLAGS make -C "$top" -n ${1#make } >/dev/null 2>&1
		;;
	*) return 1 ;;
	esac
}

# One of vfioboot, on a copy of the machine: what writes outside of /etc says what it would do.
runs_on_host() {
	local command=$1 dry='' machine=$configured
	command=${command#sudo }
	command=${command#vfioboot }
	command=${command/FILE/$BATS_TEST_TMPDIR/capture.tar}
	case $command in
	'add '*) machine=$bare ;;
	import* | *--fix*) machine=$left ;;
	'try'* | 'entry '*) machine=$profiled ;;
	esac
	case $command in
	apply* | undo* | try* | import* | bind* | release* | 'cmdline --'[ar]* | *--fix*) dry=--dry-run ;;
	esac
	rm -rf "${BATS_TEST_TMPDIR:?}/copy"
	cp -a "$machine" "$BATS_TEST_TMPDIR/copy"
	read -ra arguments <<<"$command"
	# shellcheck disable=SC2086 # nothing, or one word
	run "$vfioboot" "${arguments[@]}" --root "$BATS_TEST_TMPDIR/copy" $dry
	[ "$status" = 0 ] || { echo "vfioboot $command: $status: $output"; return 1; }
}

# Whatever runs it: runs COMMAND
runs() {
	local row
	for row in "${elsewhere[@]}"; do
		[ "${row%%|*}" = "$1" ] || continue
		row=${row#*|}
		has_test "${row%%|*}" "${row#*|}"
		return
	done
	case $1 in
	'vfioboot '* | 'sudo vfioboot '*) runs_on_host "$1" ;;
	'/usr/lib/vfioboot/vfioboot-early '*)
		printf '[device a]\npath = 00:01.1/00\n' >"$BATS_TEST_TMPDIR/new.conf"
		read -ra arguments <<<"${1/.\//$BATS_TEST_TMPDIR/}"
		run -0 "$early" --root "$configured" "${arguments[@]:1}"
		;;
	*) runs_package_command "$1" ;;
	esac
}

# The machine with nothing, with the second card at every boot, and with a profile.
make_machines() {
	bare=$BATS_TEST_TMPDIR/bare left=$BATS_TEST_TMPDIR/left configured=$host
	profiled=$BATS_TEST_TMPDIR/profiled
	cp -a "$host" "$bare"
	cp -a "$host" "$left"
	leave_other_setup "$left"
	"$vfioboot" add --root "$host" 02:00 --profile passthrough >/dev/null
	host_image
	cp -a "$host" "$profiled"
	rm "$host"/etc/vfioboot.conf.d/*
	"$vfioboot" add --root "$host" 02:00 >/dev/null
	host_image
	host_boot
}

# bats test_tags=slow
@test "each command in README and in the manual's examples runs" {
	local command n=0 failed=''
	make_machines
	while read -r command; do
		n=$((n + 1))
		runs "$command" || failed+="$command"$'\n'
	done < <(for file in "$top/README.md" "$top"/man/vfioboot*.8; do commands_of "$file"; done | sort -u)
	[ "$n" -gt 30 ]
	[ -z "$failed" ] || { printf 'no test runs, or this one fails on:\n%s' "$failed"; false; }
}

@test "a command in README that no test knows is noticed" {
	make_machines
	run -1 runs 'sudo vfioboot add 02:00 --nonsense'
	run -1 runs 'vfioboot nonsense'
	run ! runs 'make nonsense'
	run -1 runs 'sudo rm -r build'
	[[ $(commands_of "$top/README.md") == *'sudo vfioboot apply'* ]]
	[[ $(commands_of "$top/README.md") == *'sudo make uninstall'* ]]
}

@test "the tests that README names as its sources exist" {
	local n=0 file title
	while IFS='|' read -r file title; do
		n=$((n + 1))
		has_test "$file" "$title"
	done < <(tr '\n' ' ' <"$top/README.md" | grep -oE '`(boot|cli)/[a-z_]+\.bats`: "[^"]+"' |
		sed -E 's/^`([^`]*)`: "(.*)"$/\1|\2/')
	[ "$n" -ge 6 ]
}

@test "README's picture is drawn of the logs beside it" {
	diff <("$top/doc/boot-order" "$top/doc/without.log" "$top/doc/with.log") "$top/doc/boot-order.svg"
	grep -q '(doc/boot-order.svg)' "$top/README.md"
	# What is no log of two cards is refused.
	run -1 "$top/doc/boot-order" /dev/null "$top/doc/with.log"
	run -2 "$top/doc/boot-order"
}
