#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bootctl list --json: on systemd 252 (Debian 12) it is no JSON document but one object a line, and
# nothing in it says which entry is the default; the text for people says so, in the title. On
# systemd 257 (Debian 13) it is one array, and each entry has isDefault. A program that reads
# `.[] | select(.isDefault)` gets an error from the first, and one that takes "no isDefault is
# true" for "no default" gets the wrong answer.
#
# Runs both in a temporary folder, as root (mount name space, chroot); needs mmdebstrap and jq.
# Fails when one of them behaves in another way.
#
# Seen with 252.39-1~deb12u2, of two entries e1 and e2 that differ by their version:
#     {"id":"e2.conf","path":"/mnt/loader/entries/e2.conf",...,"options":"quiet","linux":"/linux"}
#     {"id":"e1.conf",...}
#     and without --json   title: System 2 (default) (not reported/new)
# and with 257.13-1~deb13u1:
#     [{"type":"type1","source":"esp","id":"e2.conf",...,"isReported":false,"isDefault":true,...},
#      {"type":"type1","source":"esp","id":"e1.conf",...,"isDefault":false,...}]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf --one-file-system "${work:?}"' EXIT

fail() {
	echo "changed: $*" >&2
	exit 1
}

make_root() { # SUITE
	local root=$work/$1 dir n
	mmdebstrap --quiet --variant=extract --mode=root --aptopt='Apt::Install-Recommends "false"' \
		--include=systemd,systemd-boot "$1" "$root"
	mkdir -p "$root"/{proc,sys,mnt} "$work/esp/loader/entries"
	for dir in bin sbin lib lib64; do
		[ -e "$root/$dir" ] || ln -s "usr/$dir" "$root/$dir"
	done
	for n in 1 2; do
		printf 'title System %s\nversion %s\nlinux /linux\noptions quiet\n' $n $n \
			>"$work/esp/loader/entries/e$n.conf"
	done
	: >"$work/esp/linux"
}

bootctl_list() { # SUITE [OPTION]
	# shellcheck disable=SC2016 # for the shell inside
	unshare --mount sh -euc 'mount -t proc proc "$0/proc"; mount -t sysfs sys "$0/sys"
		mount -t tmpfs esp "$0/mnt"; cp -r "$1/." "$0/mnt"; shift
		SYSTEMD_RELAX_ESP_CHECKS=1 exec chroot "$0" /usr/bin/bootctl --esp-path=/mnt list "$@"' \
		"$work/$1" "$work/esp" "${@:2}"
}

version() { # SUITE
	chroot "$work/$1" /usr/bin/bootctl --version | sed -n 1p
}

for suite in bookworm trixie; do
	make_root "$suite"
	echo "== $suite: $(version "$suite")"
	bootctl_list "$suite" --json=short | tee "$work/$suite.json"
done

[[ $(version bookworm) == 'systemd 252 '* ]] || fail "bookworm has another systemd"
[[ $(version trixie) == 'systemd 257 '* ]] || fail "trixie has another systemd"
[ "$(jq -s 'length == 2 and all(type == "object" and (has("isDefault") | not))' \
	"$work/bookworm.json")" = true ] || fail "252 prints something else than one object a line"
[ "$(jq -s 'length == 1 and (.[0] | length == 2 and ([.[] | select(.isDefault) | .id] == ["e2.conf"]))' \
	"$work/trixie.json")" = true ] || fail "257 prints something else than one array with isDefault"
bootctl_list bookworm --no-pager | grep -q 'title: System 2 (default)' ||
	fail "252 does not mark the default in the text for people"
echo 'as described'
