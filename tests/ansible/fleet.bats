#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what lib and loader share with the tests
#
# The playbook of the collection on three hosts that Ansible reaches by ssh: two with an IOMMU, of which
# each has another second card, and one without.  They start by their own GRUB, so that a restart is one,
# and get vfioboot as a package.

load ../boot/lib
load ../boot/transfer
load ../boot/loader
load ansible

hosts='first other bare'

setup() {
	need_ansible
	need_tools
	command -v dpkg-deb >/dev/null || skip "there is no dpkg-deb, which makes the package for the guests"
}

teardown() {
	local host
	for host in $hosts; do
		[ ! -e "$BATS_TEST_TMPDIR/$host.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/$host.pid")" 2>/dev/null || true
	done
}

# package NAME DEPENDS PATH...: makes one of what STAGE has there
package() {
	local name=$1 depends=$2 tree=$BATS_TEST_TMPDIR/package path deb
	rm -rf "${tree:?}"
	mkdir -p "$tree/DEBIAN" "$BATS_TEST_TMPDIR/sent/srv/packages"
	printf '%s\n' "Package: $name" 'Version: 1' 'Architecture: amd64' 'Maintainer: nobody' \
		${depends:+"Depends: $depends"} 'Description: of this tree' >"$tree/DEBIAN/control"
	for path in "${@:3}"; do
		mkdir -p "$tree/$(dirname "$path")"
		cp -a "$STAGE/$path" "$tree/$path"
	done
	deb=$BATS_TEST_TMPDIR/sent/srv/packages/$name.deb
	dpkg-deb --root-owner-group -Zgzip --build "$tree" "$deb" >/dev/null
	{
		cat "$tree/DEBIAN/control"
		printf '%s\n' "Filename: ./$name.deb" "Size: $(stat -c %s "$deb")" \
			"SHA256: $(sha256sum "$deb" | cut -d' ' -f1)" ''
	} >>"$BATS_TEST_TMPDIR/sent/srv/packages/Packages"
}

# What the guests find at each boot: the packages, who may log in, and a network.
send() {
	local tree=$BATS_TEST_TMPDIR/sent
	mkdir -p "$tree"
	package vfioboot '' etc/grub.d usr/bin/vfioboot usr/lib/vfioboot usr/lib/{kernel,systemd,tmpfiles.d,udev}
	package vfioboot-initramfs vfioboot usr/share/initramfs-tools
	ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/key"
	transfer_file root/.ssh/authorized_keys 600 <"$BATS_TEST_TMPDIR/key.pub"
	transfer_file etc/apt/sources.list <<<'deb [trusted=yes] file:/srv/packages ./'
	transfer_script <<-'END'
		echo boot >>/srv/boots
		chmod 700 /root /root/.ssh
		[ -e /srv/packages/known ] || apt-get update && : >/srv/packages/known
		interface=$(cd /sys/class/net && echo en* eth* | tr ' ' '\n' | grep -vF '*' | head -n 1)
		ip link set lo up
		ip link set "$interface" up
		ip address add 10.0.2.15/24 dev "$interface"
		systemctl restart ssh
		# The tests' own service would end the machine.
		exec sleep infinity
	END
}

free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start HOST: the machine that $qemu is, on a disk of its own
start() {
	local host=$1 option
	local -a options=()
	qemu-img create -q -f qcow2 -b "$disk" -F raw "$BATS_TEST_TMPDIR/$host.qcow2"
	free_port >"$BATS_TEST_TMPDIR/$host.port"
	# A restart is one here.
	for option in "${qemu[@]}"; do
		[ "$option" = -no-reboot ] || options+=("$option")
	done
	"${options[@]}" -m 768 \
		-drive "file=$BATS_TEST_TMPDIR/$host.qcow2,if=none,id=root,format=qcow2,cache=unsafe" \
		-device "virtio-blk-pci,drive=root,serial=root,bootindex=1,bus=pcie.0,addr=1e.0" \
		-drive "file=$BATS_TEST_TMPDIR/transfer,if=none,id=transfer,format=raw,snapshot=on" \
		-device "virtio-blk-pci,drive=transfer,serial=transfer,bus=pcie.0,addr=1d.0" \
		-netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$(cat "$BATS_TEST_TMPDIR/$host.port")-:22" \
		-device "virtio-net-pci,netdev=net,bus=pcie.0,addr=1c.0" \
		-chardev "file,id=console,path=$BATS_TEST_TMPDIR/$host.console" -serial chardev:console \
		-chardev "file,id=dump,path=$BATS_TEST_TMPDIR/$host.dump" -serial chardev:dump \
		-pidfile "$BATS_TEST_TMPDIR/$host.pid" >"$BATS_TEST_TMPDIR/$host.qemu" 2>&1 3>&- &
}

inventory() {
	local host slow
	slow=$(slow_by)
	cat >>"$ansible_settings" <<-END
		forks = 3
		timeout = $((60 * slow))
		host_key_checking = False
		stdout_callback = default
		[connection]
		pipelining = True
		[ssh_connection]
		ssh_args = -o ControlMaster=auto -o ControlPersist=1h -o UserKnownHostsFile=/dev/null -o GSSAPIAuthentication=no -o ServerAliveInterval=30 -o ServerAliveCountMax=20
		control_path_dir = $BATS_TEST_TMPDIR/cp
		retries = 3
	END
	mkdir -p "$BATS_TEST_TMPDIR/group_vars"
	cat >"$BATS_TEST_TMPDIR/group_vars/all.yml" <<-END
		ansible_host: 127.0.0.1
		ansible_user: root
		ansible_python_interpreter: /usr/bin/python3
		ansible_ssh_private_key_file: $BATS_TEST_TMPDIR/key
		vfioboot_reboot_timeout: $((600 * slow))
		vfioboot_trial_minutes: $((10 * slow))
		# Of whatever make, and wherever it is.
		vfioboot_devices:
		  - name: guest
		    gpu: {count: 1}
	END
	for host in $hosts; do
		echo "$host ansible_port=$(cat "$BATS_TEST_TMPDIR/$host.port")"
	done >"$BATS_TEST_TMPDIR/inventory"
}

on() { # HOST COMMAND...
	local host=$1
	shift
	ssh -n -p "$(cat "$BATS_TEST_TMPDIR/$host.port")" -i "$BATS_TEST_TMPDIR/key" -o BatchMode=yes \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-o ConnectTimeout=60 root@127.0.0.1 "$@"
}

# Until each host lets somebody in
wait_for_hosts() {
	local host until=$((SECONDS + $(patience 400)))
	for host in $hosts; do
		until on "$host" true 2>/dev/null; do
			((SECONDS < until)) || {
				echo "$host never came up; its console ends with:"
				tail -n 20 "$BATS_TEST_TMPDIR/$host.console"
				return 1
			}
			sleep 3
		done
	done
}

# play [OPTION...]: the playbook, with what it says in $said
play() {
	said=$BATS_TEST_TMPDIR/said
	played=0
	timeout "$(patience 2400)" ansible-playbook -i "$BATS_TEST_TMPDIR/inventory" vfioboot.vfioboot.fleet "$@" \
		>"$said" 2>&1 || played=$?
	echo "play $*: $played"
	cat "$said"
}

# recap HOST PATTERN: what the last lines say of it
recap() {
	sed -n '/^PLAY RECAP/,$p' "$said" | grep -Eq "^$1 .*$2" || {
		echo "the recap of $1 is not: $2"
		return 1
	}
}

driver_on() { # HOST ADDRESS DRIVER
	[ "$(on "$1" "basename \$(readlink /sys/bus/pci/devices/0000:$2/driver)")" = "$3" ]
}

boots_of() { # HOST
	on "$1" grep -c boot /srv/boots
}

@test "three hosts: a trial on the first, restarts where needed, one fails alone; the second run changes nothing" {
	local host empty=$BATS_TEST_TMPDIR/empty stage=$STAGE
	mkdir "$empty"
	STAGE=$empty
	loader_disk fleet grub plain
	STAGE=$stage
	send
	machine
	card 3 VGA
	card 4 VGA
	start first
	machine
	card 3 VGA
	card 5 "$radeon"
	start other
	machine_without_iommu
	card 3 VGA
	card 4 VGA
	start bare
	inventory
	wait_for_hosts
	play -e vfioboot_trial=true --diff
	# The one that cannot is told with what to do, and the others went on.
	[ "$played" != 0 ]
	grep -q 'bare is left alone: Set each device set: .*IOMMU' "$said"
	recap first 'failed=0'
	recap other 'failed=0'
	recap bare 'failed=1'
	[ "$(grep -c '^+\[device guest\]' "$said")" -ge 2 ]
	for host in first other; do
		on "$host" vfioboot status
		driver_on "$host" 01:00.0 bochs-drm
		driver_on "$host" 02:00.0 vfio-pci
		driver_on "$host" 02:00.1 vfio-pci
		[ "$(boots_of "$host")" = 2 ]
	done
	on first vfioboot try --status | grep confirmed
	on other vfioboot list | grep -q 1002:5159
	[ "$(boots_of bare)" = 1 ]
	driver_on bare 02:00.0 bochs-drm
	on bare 'test ! -e /etc/vfioboot.conf.d/guest.conf'
	# Again: nothing to do.
	play -e vfioboot_trial=true
	recap first 'changed=0 .*failed=0'
	recap other 'changed=0 .*failed=0'
	recap bare 'changed=0 .*failed=1'
	for host in $hosts; do
		[ "$(boots_of "$host")" = "$([ "$host" = bare ] && echo 1 || echo 2)" ]
	done
}
