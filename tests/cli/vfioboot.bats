#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # inner shells; run sets output
#
# The host program as it is called: help, misuse, `protect`, and the help held against
# the man pages and the completions.

bats_require_minimum_version 1.5.0

load ../lib/programs

setup() {
	programs
	tree=$BATS_TEST_TMPDIR/root
}

# A machine with one NVMe drive and a display, below $tree.
make_tree() {
	local ssd=$tree/sys/devices/pci0000:00/0000:00:1d.0/0000:01:00.0
	local display=$tree/sys/devices/pci0000:00/0000:00:02.0
	local disk=$ssd/nvme/nvme0/nvme0n1

	mkdir -p "$disk" "$display" "$tree"/proc/self "$tree"/sys/dev/block \
		"$tree"/sys/class/block "$tree"/sys/bus/pci/devices
	echo pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02 >"$ssd/modalias"
	echo pci:v00008086d00003E92sv00001043sd00008694bc03sc00i00 >"$display/modalias"
	echo 1 >"$display/boot_vga"
	ln -s ../../../devices/pci0000:00/0000:00:1d.0/0000:01:00.0 \
		../../../devices/pci0000:00/0000:00:02.0 "$tree/sys/bus/pci/devices"
	ln -s ../../devices/pci0000:00/0000:00:1d.0/0000:01:00.0/nvme/nvme0/nvme0n1 \
		"$tree/sys/dev/block/259:0"
	echo '24 1 259:0 / / rw,noatime shared:1 - ext4 /dev/nvme0n1 rw' \
		>"$tree/proc/self/mountinfo"
}

expected() {
	cat <<-'END'
		# vfioboot protect list 1
		storage 00:1d.0/00.0 144d:a808 /
		display 00:02.0 8086:3e92 boot
	END
}

# What the help of a command says of its options.
option_lines() {
	"$vfioboot" help "$1" | sed -n '/^Options:/,/^$/p'
}

# The commands that the help of all commands lists.
listed_commands() {
	"$vfioboot" --help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z][a-z-]*\).*/\1/p'
}

# The actions of `entry`, sorted.
entry_actions() {
	"$vfioboot" help entry | sed -n '1s/.* //p' | tr '|' '\n' | sort
}

# The boot loaders that the program knows, sorted.
loaders() {
	sed -n '/ bootloaders\[\] = {/,/^};/s/^\t{\.name = "\([a-z-]*\)",.*/\1/p' \
		"$top/src/chain/loaders/bootloader.c" | sort
}

# The long options in a text, sorted, each once.
options_in() {
	grep -oE -- '(^|[^[:alnum:]-])--[a-z][a-z-]*' | grep -oE -- '--.*' | sort -u
}

# The same of the source of a man page.
options_of_page() {
	grep -oE 'Fl -[a-z-]+' "$1" | sed 's/Fl -/--/' | sort -u
}

# What completing the words given, the last of them being begun, offers.
complete_words() {
	# shellcheck source=/dev/null
	source "$1"
	COMP_WORDS=("${@:3}")
	COMP_CWORD=$(($# - 3))
	COMPREPLY=()
	"$2"
	((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | sort
}

@test "help goes to stdout with 0, in its three forms" {
	run -0 --separate-stderr "$vfioboot" --help
	[ -z "$stderr" ]
	[[ $output == 'Usage: vfioboot COMMAND'* ]]
	[[ $output == *'  protect '*'this host cannot spare'* ]]
	help=$output
	run -0 "$vfioboot" help
	[ "$output" = "$help" ]
	run -0 "$vfioboot" help protect
	[[ $output == 'Usage: vfioboot protect [OPTION]...'*'--root DIR'*'--output FILE'* ]]
	help=$output
	run -0 "$vfioboot" protect --root /nowhere --help
	[ "$output" = "$help" ]
}

@test "each command that the help lists has help of its own" {
	[ -n "$(listed_commands)" ]
	for command in $(listed_commands); do
		run -0 "$vfioboot" help "$command"
	done
}

@test "help fits a terminal of 80 columns" {
	for command in $(listed_commands); do
		[ "$command" != help ] || command=
		run -0 "$vfioboot" help ${command:+"$command"}
		long=$(awk 'length > 80' <<<"$output")
		[ -z "$long" ] || { echo "$long"; return 1; }
	done
}

@test "--root with an empty name is misuse" {
	run -2 --separate-stderr "$vfioboot" list --root ''
	[ "$stderr" = 'vfioboot list: --root takes a directory, and got an empty name' ]
}

@test "closed standard files are /dev/null, and no file that is opened later" {
	make_tree
	run -0 bash -c '"$0" protect --root "$1" <&- >&- 2>&-' "$vfioboot" "$tree"
	run -0 bash -c '"$0" protect --root "$1" --output "$2" <&- >&- 2>&-' \
		"$vfioboot" "$tree" "$BATS_TEST_TMPDIR/list"
	diff <(expected) "$BATS_TEST_TMPDIR/list"
}

@test "version" {
	run -0 "$vfioboot" --version
	[[ $output =~ ^vfioboot\ [0-9]+\.[0-9]+ ]]
}

@test "misuse goes to stderr with 2, and says where the help is" {
	while read -r line; do
		read -ra arguments <<<"$line"
		run -2 --separate-stderr "$vfioboot" "${arguments[@]}"
		[ -z "$output" ]
		[[ $stderr == vfioboot*"see 'vfioboot "*help* ]]
	done <<-'END'

		nonsense
		--nonsense
		help nonsense
		help protect more
		protect --nonsense
		protect -x
		protect --root
		protect --output
		protect argument
	END
}

@test "misuse names what is wrong" {
	run -2 "$vfioboot" protect --rott /
	[[ $output == *"unknown option '--rott'"* ]]
	run -2 "$vfioboot" protect --root
	[[ $output == *"no value for '--root'"* ]]
	run -2 "$vfioboot" protect --root=/ -xy
	[[ $output == *"unknown option '-x'"* ]]
	run -2 "$vfioboot" protect --root / something
	[[ $output == *"unexpected argument 'something'"* ]]
	run -2 "$vfioboot" portect
	[[ $output == *"unknown command 'portect'"* ]]
}

@test "a full disk behind stdout is an error" {
	make_tree
	run -1 bash -c '"$1" protect --root "$2" >/dev/full' bash "$vfioboot" "$tree"
	[[ $output == *'standard output'* ]]
}

@test "protect prints the list of the machine below --root" {
	make_tree
	run -0 --separate-stderr "$vfioboot" protect --root "$tree"
	[ "$output" = "$(expected)" ]
	[ -z "$stderr" ]
	# Also from within, and by a relative name.
	cd "$tree"
	run -0 "$vfioboot" protect --root=.
	[ "$output" = "$(expected)" ]
}

# vfioboot.service runs it before udev, and /boot may be an automount that waits for its disk.
@test "protect does not touch what holds the kernels" {
	command -v strace >/dev/null || skip 'strace is not installed'
	make_tree
	mkdir -p "$tree/usr/lib/modules/6.1.0-1/kernel" "$tree/boot"
	# What looks for leaks does not run while it is traced.
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
		strace -f -e trace=%file -o "$BATS_TEST_TMPDIR/trace" "$PROGRAM" protect --root "$tree"
	grep -q mountinfo "$BATS_TEST_TMPDIR/trace"
	run -1 grep -E '"/?(boot|efi)["/]' "$BATS_TEST_TMPDIR/trace"
}

@test "protect names the remedy in a chroot, and prints no list" {
	make_tree
	sed -i 's| / / rw| / /mnt rw|' "$tree/proc/self/mountinfo"
	run -1 --separate-stderr "$vfioboot" protect --root "$tree"
	[ -z "$output" ]
	[[ $stderr == *"$tree is not the root of a running host"* ]]
	[[ $stderr == *'run this on the host'* ]]
	echo old >"$BATS_TEST_TMPDIR/list"
	run -1 "$vfioboot" protect --root "$tree" --output "$BATS_TEST_TMPDIR/list"
	[ "$(cat "$BATS_TEST_TMPDIR/list")" = old ]
}

@test "protect names a root that is not there" {
	run -1 --separate-stderr "$vfioboot" protect --root "$tree/none"
	[[ $stderr == *"$tree/none: No such file or directory"* ]]
}

@test "protect --output replaces the file as a whole, readable for all" {
	make_tree
	out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
	echo old >"$out/list"
	ln "$out/list" "$BATS_TEST_TMPDIR/old"
	umask 077
	run -0 "$vfioboot" protect --root "$tree" --output "$out/list"
	[ -z "$output" ]
	[ "$(cat "$out/list")" = "$(expected)" ]
	# Another file has taken the name: nobody saw the old one half overwritten.
	[ "$(cat "$BATS_TEST_TMPDIR/old")" = old ]
	[ "$(stat -c %a "$out/list")" = 644 ]
	[ "$(ls -A "$out")" = list ]
}

@test "protect --output leaves the old file, and no other, when writing fails" {
	make_tree
	out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
	echo old >"$out/list"
	run -1 bash -c 'trap "" XFSZ; ulimit -f 0
		"$1" protect --root "$2" --output "$3" 2>&1 | cat
		exit "${PIPESTATUS[0]}"' bash "$vfioboot" "$tree" "$out/list"
	[[ $output == *"cannot write $out/list: File too large"* ]]
	[ "$(cat "$out/list")" = old ]
	[ "$(ls -A "$out")" = list ]
}

@test "protect --output makes no directory, and replaces regular files alone" {
	make_tree
	out=$BATS_TEST_TMPDIR/out
	run -1 "$vfioboot" protect --root "$tree" --output "$out/list"
	[ ! -e "$out" ]
	mkdir "$out"
	ln -s /dev/null "$out/link"
	mkfifo "$out/fifo"
	for file in "$out" "$out/link" "$out/fifo"; do
		run -1 "$vfioboot" protect --root "$tree" --output "$file"
		[[ $output == *"$file exists and is not a regular file"* ]]
	done
	[ -L "$out/link" ] && [ -p "$out/fifo" ]
}

@test "protect --output makes /run/vfioboot" {
	unshare -rm mount -t tmpfs none /run 2>/dev/null || skip "needs a mount namespace"
	make_tree
	run -0 unshare -rm sh -c 'mount -t tmpfs none /run && umask 022 &&
		"$1" protect --root "$2" --output /run/vfioboot/protect &&
		cat /run/vfioboot/protect && stat -c %a /run/vfioboot' \
		sh "$vfioboot" "$tree"
	[ "$output" = "$(expected; echo 755)" ]
}

# bats test_tags=slow
@test "each option in the help of a command is known to it" {
	[ -n "$(listed_commands)" ]
	for command in $(listed_commands); do
		[ "$command" != help ] || continue
		for option in $(option_lines "$command" | options_in); do
			# One that takes nothing is told so: nothing is done.
			run "$vfioboot" "$command" "$option=" --nonsense
			[[ $output != *"unknown option '$option="* ]]
			[ "$status" = 2 ]
		done
	done
}

@test "each command has a manual page with its options, and vfioboot(8) lists it" {
	[ -n "$(listed_commands)" ]
	for command in $(listed_commands); do
		[ "$command" != help ] || continue
		page=$top/man/vfioboot-$command.8
		[ "$(options_of_page "$page")" = "$(option_lines "$command" | options_in)" ]
		grep -qx "\.Nm vfioboot-$command" "$page"
		run -0 "$vfioboot" "$command" --help
		[ "${lines[-1]}" = "More: man vfioboot-$command" ]
	done
	commands=$(sed -n '/^\.Sh COMMANDS/,/^\.Sh /s/^\.It Xr vfioboot-\([a-z-]*\) 8$/\1/p' \
		"$top/man/vfioboot.8")
	[ "$(sort <<<"$commands")" = "$(listed_commands | grep -vx help | sort)" ]
}

@test "what a manual page refers to is there" {
	references=$(sed -n 's/^\.\(Xr\|It Xr\|.* Xr\) \(vfioboot[a-z.-]*\) \([1-9]\).*/\2.\3/p' \
		"$top"/man/*.[1-9] | sort -u)
	[ "$(wc -l <<<"$references")" -gt 10 ]
	for page in $references; do
		[ -f "$top/man/$page" ] || { echo "no man/$page"; false; }
	done
}

@test "the early program's man page and help have the same options" {
	[ -x "$early" ] || skip "needs build/vfioboot-early"
	run -0 "$early" --help
	options=$(options_in <<<"$output")
	[ "$(options_of_page "$top/man/vfioboot-early.8")" = "$options" ]
}

@test "the manual has every word for a reason and a result" {
	words=$(sed -n 's/.*\[REASON_.*{"\([a-z-]*\)".*/\1/p' "$top/src/decide/reason.c" |
		grep -vx -- -)
	[ -n "$words" ]
	pages=$(sed -n 's/^\.It Cm \([a-z-]*\)$/\1/p' "$top/man/vfioboot-early.8")
	for word in $words bound refused failed absent; do
		grep -qx -- "$word" <<<"$pages"
	done
}

# The names of kernel parameters in the tables of the sources, each once.
known_parameters() {
	sed -n 's/.*CONFIG_PARAM_[A-Z]* "\(.*\)".*/\1/p; s/.*cmdline_name_is(.*, "\([a-z.]*\)").*/\1/p' \
		"$top"/src/decide/config.[ch]
	sed -n 's/^\tHINDRANCE("\([a-z._]*\)".*/\1/p' "$top/src/chain/menus.c"
	sed -n '/ conflicts\[\] = {/,/^};/s/^\t{"\([a-z_.]*\)".*/\1/p' "$top/src/outlook/conflicts.c"
	sed -n '/ pasted\[\] = {/,/^};/s/^\t{"\([a-z_.-]*\)".*/\1/p' "$top/src/params/rules.c"
	sed -n 's/.*PARAMS_NEEDED, "\([a-z_.]*\)[="].*/\1/p' "$top/src/params/rules.c"
}

@test "vfioboot-cmdline(7) has each kernel parameter that the program knows" {
	[ "$(known_parameters | sort -u | wc -l)" -gt 20 ]
	for parameter in $(known_parameters | sort -u); do
		grep -qE "^\.It Cm (.*, )?${parameter//./\\.}(=| |\$)" "$top/man/vfioboot-cmdline.7" ||
			{ echo "$parameter"; false; }
	done
}

# bats test_tags=slow
@test "bash completion offers what the help lists" {
	file=$top/completions/bash/vfioboot
	offered=$(complete_words "$file" _vfioboot "$vfioboot" '')
	words=$(listed_commands; printf '%s\n' --help --version)
	[ "$offered" = "$(sort <<<"$words")" ]
	for command in $(listed_commands); do
		[ "$command" != help ] || continue
		offered=$(complete_words "$file" _vfioboot "$vfioboot" "$command" -)
		words=$(option_lines "$command" | options_in; echo --help)
		[ "$offered" = "$(sort <<<"$words")" ]
	done
	offered=$(complete_words "$file" _vfioboot "$vfioboot" help '')
	[ "$offered" = "$(listed_commands | sort)" ]
	mkdir "$BATS_TEST_TMPDIR/adir"
	cd "$BATS_TEST_TMPDIR"
	[ "$(complete_words "$file" _vfioboot "$vfioboot" protect --root ad)" = adir ]
}

@test "bash completion of the early program offers what its help lists" {
	[ -x "$early" ] || skip "needs build/vfioboot-early"
	offered=$(complete_words "$top/completions/bash/vfioboot-early" _vfioboot_early \
		vfioboot-early -)
	[ "$offered" = "$("$early" --help | options_in)" ]
}

@test "fish completion of the early program offers what its help lists" {
	[ -x "$early" ] || skip "needs build/vfioboot-early"
	command -v fish >/dev/null || skip "needs fish"
	offered=$(HOME=$BATS_TEST_TMPDIR fish --no-config -c 'source $argv[1]; complete -C"vfioboot-early --"' \
		"$top/completions/fish/vfioboot-early.fish" | cut -f1 | sort)
	[ "$offered" = "$("$early" --help | options_in)" ]
}

@test "help and man page of entry name every boot loader" {
	[ "$(loaders | wc -l)" -ge 9 ]
	names=$("$vfioboot" help entry | sed -n '/^NAME is /,/\.$/p' | grep -oE '[a-z-]{3,}' | sort)
	[ "$names" = "$(loaders)" ]
	for loader in $(loaders); do
		grep -qE "^\.It Sy (.* )?$loader( |\$)" "$top/man/vfioboot-entry.8"
	done
}

@test "bash completion of entry: one action, and names of boot loaders" {
	offered() {
		complete_words "$top/completions/bash/vfioboot" _vfioboot "$vfioboot" entry "$@"
	}
	[ "$(offered '')" = "$(entry_actions)" ]
	[ "$(offered --dry-run '')" = "$(entry_actions)" ]
	[ "$(offered --loader grub '')" = "$(entry_actions)" ]
	[ "$(offered --root list '')" = "$(entry_actions)" ]
	[ "$(offered --root = list '')" = "$(entry_actions)" ]
	for action in $(entry_actions); do
		[ -z "$(offered "$action" '')" ]
		[ -z "$(offered --root / "$action" --dry-run '')" ]
	done
	[ "$(offered --loader '')" = "$(loaders)" ]
	[ "$(offered add --loader gr)" = $'grub\ngrub-bls' ]
	[ "$(offered add --loader = lim)" = limine ]
	[ "$(offered add --dr)" = --dry-run ]
	# Of devices there may be several.
	offered=$(complete_words "$top/completions/bash/vfioboot" _vfioboot "$vfioboot" add usb:auto n)
	[ "$offered" = nvme:auto ]
}

# A machine with two functions, sections in three places, two with a profile; below $tree.
make_configured_tree() {
	mkdir -p "$tree"/sys/bus/pci/devices/0000:0{1,2}:00.0 "$tree"/etc/vfioboot.conf.d \
		"$tree"/usr/lib/vfioboot.conf.d
	printf '[boot]\nwhen = always\n[device one]\npath = 00:01.0/00\n' >"$tree/etc/vfioboot.conf"
	printf '  [device two] ; mine\nprofile=play\n' >"$tree/etc/vfioboot.conf.d/two.conf"
	printf '[device three]\n  profile = work ; now\n# profile = no\n' \
		>"$tree/usr/lib/vfioboot.conf.d/three.conf"
}

# What each shell has to offer there: expect_choices OFFERS, which is called with the words, the last of
# which is begun.
expect_choices() {
	local devices=$'0000:01:00.0\n0000:02:00.0' sections=$'one\nthree\ntwo'
	[ "$("$1" remove --root "$tree" '')" = "$devices"$'\n'"$sections" ]
	[ "$("$1" explain --root "$tree" '')" = "$devices"$'\n'"$sections" ]
	[ "$("$1" check --root "$tree" '')" = "$devices"$'\n'"$sections" ]
	[ "$("$1" add --root "$tree" --with '')" = "$devices" ]
	[ "$("$1" add --root "$tree" --with 0000:01:00.0,0000:02)" = 0000:01:00.0,0000:02:00.0 ]
	[ "$("$1" try --root "$tree" --profile '')" = $'play\nwork' ]
	[ "$("$1" cmdline --root "$tree" --profile pl)" = play ]
	[ "$("$1" add --root "$tree" --profile '')" = $'play\nwork' ]
	[ -z "$("$1" add --root "$tree" --name '')" ]
	[ "$("$1" cmdline --loader '')" = "$(loaders)" ]
	[ "$("$1" check --fix '')" = leftovers ]
	[ "$("$1" setup --when '')" = $'boot\ndemand\nmenu' ]
	[ "$("$1" setup --root "$tree" --device '')" = "$devices"$'\ngpu:auto\nnvme:auto\nusb:auto' ]
	[ "$("$1" vm --root "$tree" show '')" = "$sections" ]
	[ "$("$1" apply --progress '')" = json ]
	[[ $("$1" capture "$tree/e") == "$tree/etc"* ]]
	[ "$("$1" list --output ADDRESS,SUB)" = ADDRESS,SUBSYSTEM ]
	[[ $("$1" list -o +US) == +USES ]]
	[ "$("$1" list -o '' | wc -l)" -gt 15 ]
}

bash_offers() {
	complete_words "$top/completions/bash/vfioboot" _vfioboot "$vfioboot" "$@"
}

@test "bash completion knows devices, sections, profiles and columns" {
	make_configured_tree
	expect_choices bash_offers
	[ "$(bash_offers try --root = "$tree" --profile = '')" = $'play\nwork' ]
	# Nothing is configured, and there is no such directory.
	[ -z "$(bash_offers try --root "$tree/usr" --profile '')" ]
	[ -z "$(bash_offers remove --root "$tree/none" '')" ]
}

# What fish offers for a line, without the descriptions.
fish_offers() {
	PATH=$BATS_TEST_TMPDIR:$PATH HOME=$BATS_TEST_TMPDIR fish --no-config -c '
		source $argv[1]; complete -C$argv[2]' \
		"$top/completions/fish/vfioboot.fish" "$1" | cut -f1 | sort
}

@test "completion of libvirt and vm: one action, and the forms of a set" {
	local formats='cloud-hypervisor kubevirt libvirt proxmox qemu' bash=$top/completions/bash/vfioboot
	ln -s "$vfioboot" "$BATS_TEST_TMPDIR/vfioboot"
	one_line() { sort | paste -sd ' '; }
	[ "$(complete_words "$bash" _vfioboot "$vfioboot" libvirt '' | one_line)" = 'disable enable status' ]
	[ "$(complete_words "$bash" _vfioboot "$vfioboot" vm '' | one_line)" = 'attach detach list show' ]
	[ -z "$(complete_words "$bash" _vfioboot "$vfioboot" vm attach --root "$BATS_TEST_TMPDIR" '')" ]
	[ "$(complete_words "$bash" _vfioboot "$vfioboot" vm show a --format '' | one_line)" = "$formats" ]
	if command -v fish >/dev/null; then
		[ "$(fish_offers 'vfioboot libvirt ' | one_line)" = 'disable enable status' ]
		[ "$(fish_offers 'vfioboot vm show a --format ' | one_line)" = "$formats" ]
	fi
	if command -v zsh >/dev/null; then
		run -0 zsh_offers "$vfioboot" vm -
		[[ $output == *'1:action:(list attach detach show)'* ]]
		[ "$(sed -n 's/^--format=.*:NAME:(\(.*\))$/\1/p' <<<"$output" | tr ' ' '\n' | one_line)" = "$formats" ]
	fi
}

# bats test_tags=slow
@test "fish completion offers what the help lists" {
	ln -s "$vfioboot" "$BATS_TEST_TMPDIR/vfioboot"
	[ "$(fish_offers 'vfioboot ')" = "$(listed_commands | sort)" ]
	[ "$(fish_offers 'vfioboot help ')" = "$(listed_commands | sort)" ]
	[ "$(fish_offers 'vfioboot --v')" = --version ]
	for command in $(listed_commands); do
		[ "$command" != help ] || continue
		words=$(option_lines "$command" | options_in; echo --help)
		[ "$(fish_offers "vfioboot $command --")" = "$(sort <<<"$words")" ]
	done
	mkdir "$BATS_TEST_TMPDIR/adir"
	[ "$(fish_offers "vfioboot protect --root $BATS_TEST_TMPDIR/ad")" = \
		"$BATS_TEST_TMPDIR/adir/" ]
}

# bats test_tags=slow
@test "fish completion of entry: one action, and names of boot loaders" {
	ln -s "$vfioboot" "$BATS_TEST_TMPDIR/vfioboot"
	for words in '' '--dry-run ' '--loader grub ' '--root list ' '--root=list '; do
		[ "$(fish_offers "vfioboot entry $words")" = "$(entry_actions)" ]
	done
	for action in $(entry_actions); do
		[ -z "$(fish_offers "vfioboot entry $action ")" ]
		[ -z "$(fish_offers "vfioboot entry --root / $action --dry-run ")" ]
	done
	[ "$(fish_offers 'vfioboot entry --loader ')" = "$(loaders)" ]
	[ "$(fish_offers 'vfioboot entry add --loader gr')" = $'grub\ngrub-bls' ]
	[ "$(fish_offers 'vfioboot entry add --dr')" = --dry-run ]
	# Words that are commands elsewhere.
	[ -z "$(fish_offers 'vfioboot help add ')" ]
	[[ $(fish_offers 'vfioboot add ') == *gpu:auto* ]]
}

fish_words() {
	ln -sfn "$vfioboot" "$BATS_TEST_TMPDIR/vfioboot"
	fish_offers "vfioboot $*"
}

# bats test_tags=slow
@test "fish completion knows devices, sections, profiles and columns" {
	make_configured_tree
	expect_choices fish_words
	[ "$(fish_words "try --root=$tree --profile ")" = $'play\nwork' ]
}

# What zsh's completion would hand to the functions that offer it, a line each.
zsh_offers() {
	zsh -f -c '
		_describe() { printf "%s\n" ${(P)2} }
		_arguments() { printf "%s\n" $@ }
		service=vfioboot words=("${@[2,-1]}") CURRENT=$(($# - 1))
		source $1' zsh "$top/completions/zsh/_vfioboot" "$@"
}

# bats test_tags=slow
@test "zsh completion offers what the help lists" {
	offered=$(zsh_offers "$vfioboot" '' | sed -n 's/^\([a-z][a-z-]*\):.*/\1/p')
	[ "$(sort <<<"$offered")" = "$(listed_commands | sort)" ]
	for command in $(listed_commands); do
		[ "$command" != help ] || continue
		offered=$(zsh_offers "$vfioboot" "$command" - | sed -n 's/^\(--[a-z-]*\)=\{0,1\}\[.*/\1/p')
		words=$(option_lines "$command" | options_in; echo --help)
		[ "$(sort <<<"$offered")" = "$(sort <<<"$words")" ]
	done
	run -0 zsh_offers "$vfioboot" protect -
	[[ $output == *'--root=['*']:directory:_files -/'* ]]
	run -0 zsh_offers "$vfioboot" entry -
	# Each line ends with "(WORD...)".
	words_of() {
		sed -n "s/^$1.*(\(.*\))\$/\\1/p" <<<"$output" | tr ' ' '\n' | sort
	}
	[ "$(words_of 1:action:)" = "$(entry_actions)" ]
	[ "$(words_of '--loader.*:NAME:')" = "$(loaders)" ]
}

@test "zsh completion knows devices, sections, profiles and columns" {
	local devices='0000\:01\:00.0 0000\:02\:00.0'
	make_configured_tree
	# What a value of the option of a command, or its operand, can be.
	words_of() { # COMMAND SPECIFICATION
		zsh_offers "$vfioboot" "$1" --root "$tree" - | sed -n "s/^$2\(.*\)\$/\1/p"
	}
	[ "$(words_of remove '\*:device:')" = "(one three two $devices)" ]
	[ "$(words_of explain '\*:device:')" = "(one three two $devices)" ]
	[ "$(words_of check '\*:device:')" = "(one three two $devices)" ]
	[ "$(words_of vm '\*:set:')" = '(one three two)' ]
	[ "$(words_of capture '\*:file:')" = _files ]
	[ "$(words_of apply '--progress=.*:json:')" = '(json)' ]
	[ "$(words_of list '-a')" = '[list all groups]' ]
	[ "$(words_of add '--with=.*:DEVICE:')" = "_values -s , DEVICE $devices" ]
	[ "$(words_of try '--profile=.*:NAME:')" = '(play work)' ]
	[ "$(words_of add '--profile=.*:NAME:')" = '(play work)' ]
	[ "$(words_of add '--name=.*:NAME:')" = ' ' ]
	[ "$(words_of cmdline '--loader=.*:NAME:' | tr -d '()' | tr ' ' '\n' | sort)" = "$(loaders)" ]
	[ "$(words_of check '--fix=.*:WHAT:')" = '(leftovers)' ]
	[ "$(words_of setup '--when=.*:WHEN:')" = '(boot menu demand)' ]
	[[ $(words_of list '--output=.*:LIST:') == '_values -s , LIST ADDRESS PATH '* ]]
}

@test "the program has no large static memory: what the early program alone calls is not in it" {
	[ "$(size -A "$top/build/vfioboot" | awk '$1 == ".bss" { print $2 }')" -lt 1048576 ]
}
