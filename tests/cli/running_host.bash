# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # the tests use what is set here; run sets output
#
# A tree of tests/boot-trees as a machine that runs: the host of host.bash with its files, in a user
# name space whose root it is, with a generator that notes how it was started.

# shellcheck source=tests/cli/host.bash
source "$BATS_TEST_DIRNAME/host.bash"
load ../lib/json
load ../lib/programs

setup() {
	programs
	# Not that of the sanitizers, which needs /proc.
	vfioboot=$top/build/vfioboot
	unshare --map-root-user --root=/ true 2>/dev/null || skip "needs a user namespace"
	out=$BATS_TEST_TMPDIR/out
	: >"$out"
}

files() { # LINE...
	printf '%s\n' "$@" | "$top/build/tests/bootfiles" "$host"
}

# machine TREE: the host of host.bash with the tree's files in place of its own of a boot, and programs
machine() {
	host_of_two_cards "$BATS_TEST_TMPDIR/host"
	rm -r "${host:?}"/{boot,lib/modules,usr/sbin,etc/{default,initramfs-tools}}
	ln -s usr/lib/modules "$host/lib/modules"
	cp -r "$top/tests/boot-trees/$1/root"/{boot,etc,usr} "$host"
	put usr/lib/dracut/modules.d/50vfioboot/module-setup.sh </dev/null
	put usr/lib/initcpio/install/vfioboot </dev/null
	rm -r "${host:?}/etc/vfioboot.conf.d"
	put etc/vfioboot.conf <<<$'[device second]\npath = 00:01.1/00\nexpect = 2'
	mkdir -p "$host"/{bin,tmp,dev/disk/by-uuid}
	ln -s ../../nvme0n1p2 "$host/dev/disk/by-uuid/7e57"
	: >"$host/dev/null"
	: >"$host/dev/nvme0n1p2"
	programs_into "$host" "$vfioboot" /bin/sh /bin/cp
	grep '^kernel ' "$top/tests/boot-trees/$1/images" | "$top/build/tests/bootfiles" "$host"
}

# copy_machine FROM TO: a machine of which both have the same programs
copy_machine() {
	mkdir "$2"
	cp -al "$1"/{bin,lib*} "$2"
	find "$1" -mindepth 1 -maxdepth 1 ! -name bin ! -name 'lib*' -exec cp -a -t "$2" {} +
}

live() {
	run --separate-stderr env -i PATH=/bin:/usr/bin \
		unshare --map-root-user --root="$host" vfioboot "$@"
	[[ " $* " != *' --json '* && $* != *--progress* ]] || keep_answer "$@" <<<"$output"
}

# generator NAME: what it writes is what it would make now
generator() {
	live protect
	put etc/vfioboot.protect <<<"$output"
	files "image $1+us /made"
	rm "$host/etc/vfioboot.protect"
	put "usr/bin/$1" <<-'END'
		#!/bin/sh
		echo "${0##*/} $*" >>/log
		for argument; do
			case $argument in
			*.vfioboot-new) exec cp /made "$argument" ;;
			esac
		done
	END
	chmod +x "$host/usr/bin/$1"
}

# before MAKER PATH...: images without vfioboot
before() {
	local path
	for path in "${@:2}"; do
		files "image $1 $path"
	done
}

# until_waiting: a command whose output is in $out has said that it waits
until_waiting() {
	for _ in {1..600}; do
		[[ $(<"$out") != *'waiting until it does not.' ]] || return 0
		sleep .1
	done
	return 1
}
