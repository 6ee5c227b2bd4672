#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; run and machine.bash
#
# The points of `vfioboot check` about handing devices over, on a desktop with two identical cards: what
# libvirt, its hooks and those who run QEMU themselves lack, and nothing where no set is of demand.

bats_require_minimum_version 1.5.0

load host
load machine

setup() {
	two_cards
	put etc/vfioboot.conf.d/gpu.conf <<<$'[device gpu]\npath = 00:01.1/00\nexpect = 2\nbind = demand'
	mkdir -p "$host/usr/lib64"
	ln -s libvirt.so.0.10010.0 "$host/usr/lib64/libvirt.so.0"
	put usr/sbin/virtqemud </dev/null
	put usr/lib/vfioboot/libvirt-hook <<<"# Written by 'vfioboot libvirt enable'"
}

# guest ADDRESS: a guest of libvirt that has it
guest() {
	local bus=${1%%:*} rest=${1#*:}
	put etc/libvirt/qemu/win10.xml <<-END
		<!-- made by libvirt -->
		<domain type='kvm'><name>win10</name><devices>
		<hostdev mode='subsystem' type='pci' managed='yes'><source>
		<address domain='0x0000' bus='0x$bus' slot='0x${rest%.*}' function='0x${rest#*.}'/>
		</source></hostdev></devices></domain>
	END
}

hook() {
	mkdir -p "$host/etc/libvirt/hooks/qemu.d"
	cp "$host/usr/lib/vfioboot/libvirt-hook" "$host/etc/libvirt/hooks/qemu.d/vfioboot"
	chmod +x "$host/etc/libvirt/hooks/qemu.d/vfioboot"
}

# Whether the points of the check are these lines: STATE SUBJECT: FOUND -> REMEDY, as patterns
points() { # CHECK PATTERN...
	local line n=1 found pattern
	run --separate-stderr "$vfioboot" check --root "$host" --json
	found=$(jq -r --arg check "$1" '.checks[] | select(.name == $check) |
		"\(.state) \(.subject // "-"): \(.found) -> \(.remedy // "")"' <<<"$output")
	while read -r line; do
		[[ -n $line ]] || continue
		n=$((n + 1))
		pattern=${!n}
		# shellcheck disable=SC2053 # a pattern
		[[ $line == $pattern* ]] || { printf 'not %s\n' "$pattern" "$found"; return 1; }
	done <<<"$found"
	((n == $#)) || { echo "$((n - 1)) points:" "$found"; return 1; }
}

@test "nothing is of demand, or there is no libvirt: no points" {
	guest 02:00.0
	put etc/vfioboot.conf.d/gpu.conf <<<$'[device gpu]\npath = 00:01.1/00'
	put etc/udev/rules.d/10-vfio.rules <<<'SUBSYSTEM=="vfio", GROUP="kvm"'
	points libvirt
	points libvirt-hook
	points vfio-users
	echo 'bind = demand' >>"$host/etc/vfioboot.conf.d/gpu.conf"
	rm "$host/usr/sbin/virtqemud"
	points libvirt
	points libvirt-hook
}

@test "which libvirt, and by which daemon" {
	points libvirt 'pass -: libvirt 10.10.0 runs guests by virtqemud (a daemon for QEMU alone)'
	put etc/group <<<$'libvirt-qemu:x:1:x\nlibvirt:x:108:ann,bob'
	points libvirt 'pass -: *alone); members of the group libvirt, who may start them: ann,bob'
	put etc/group <<<'libvirt:x:108:'
	points libvirt 'pass -: *alone); members of the group libvirt, who may start them: none'
	rm "$host/etc/group"
	put usr/sbin/libvirtd </dev/null
	put etc/systemd/system/sockets.target.wants/libvirtd.socket </dev/null
	points libvirt 'pass -: libvirt 10.10.0 runs guests by libvirtd (one daemon for all of libvirt)'
}

@test "the hook is missed where a guest has a set, and nowhere else" {
	points libvirt-hook 'pass -: no guest of libvirt has a device set'
	guest 01:00.0
	points libvirt-hook 'pass -: no guest of libvirt has a device set'
	put etc/libvirt/qemu/broken.xml <<<'<domain'
	guest 02:00.1
	points libvirt-hook "fail win10: it has the device set gpu, and no hook * -> run 'sudo vfioboot libvirt enable'"
	hook
	points libvirt-hook 'pass -: libvirt hands devices over when their guest starts'
	[ "$(jq -r '.checks[] | select(.state == "fail" and .name == "libvirt-hook")' <<<"$output")" = '' ]
}

@test "a hook that is there, and devices of no section, count as well" {
	rm "$host/etc/vfioboot.conf.d/gpu.conf"
	hook
	points libvirt-hook 'pass -: libvirt hands devices over when their guest starts'
	rm -r "${host:?}/etc/libvirt"
	points libvirt-hook
	put etc/vfioboot.conf <<<$'[libvirt]\nall = yes'
	guest 02:00.1
	points libvirt-hook "fail win10: it has the device set *, and no hook *"
}

# bats test_tags=slow
@test "another hook that calls libvirt, SELinux, and a libvirt that is too old" {
	hook
	put etc/libvirt/hooks/qemu <<<$'#!/bin/sh\nvirsh nodedev-detach pci_0000_02_00_0'
	points libvirt-hook 'pass -: /etc/libvirt/hooks/qemu is not executable'* 'pass -: libvirt hands'
	chmod +x "$host/etc/libvirt/hooks/qemu"
	points libvirt-hook 'fail -: /etc/libvirt/hooks/qemu calls libvirt, *-> ?*' 'fail -: /etc/libvirt/hooks/qemu changes drivers *-> ?*'
	rm "$host/etc/libvirt/hooks/qemu"
	put sys/fs/selinux/enforce <<<1
	put sys/fs/selinux/booleans/virt_hooks_unconfined <<<'0 0'
	points libvirt-hook "fail -: SELinux *-> run 'sudo setsebool -P virt_hooks_unconfined on'"
	put sys/fs/selinux/enforce <<<0
	ln -sfn libvirt.so.0.6004.0 "$host/usr/lib64/libvirt.so.0"
	points libvirt-hook 'fail -: libvirt 6.4.0 does not look into *-> update libvirt*'
}

@test "those who may use vfio themselves: the group has members, who can lock memory" {
	points vfio-users
	put etc/udev/rules.d/10-vfio.rules <<<'# SUBSYSTEM=="vfio", GROUP="kvm"'
	points vfio-users
	put etc/udev/rules.d/10-vfio.rules <<<'SUBSYSTEM=="vfio", OWNER="root", GROUP="kvm", MODE="0660"'
	put etc/group <<<$'root:x:0:\nkvm:x:104:\nkvm2:x:105:bob'
	points vfio-users "fail /etc/udev/rules.d/10-vfio.rules: *nobody is in that group -> run 'sudo usermod -aG kvm USER'*"
	put etc/group <<<'kvm:x:104:ann'
	put etc/security/limits.conf <<<$'#@kvm - memlock unlimited\n@kvm2 - memlock unlimited\n@kvm soft memlock unlimited\n@kvm - nofile 9'
	points vfio-users "fail */10-vfio.rules: it lets the group kvm use vfio, but they cannot lock *-> run \"echo '@kvm - memlock unlimited' | sudo tee *"
	put etc/security/limits.d/vfio.conf <<<'@kvm - memlock unlimited'
	points vfio-users 'pass */10-vfio.rules: the group kvm can use vfio, with memlock unlimited'
	rm "$host/etc/security/limits.d/vfio.conf"
	put etc/udev/rules.d/10-vfio.rules <<<'SUBSYSTEM=="vfio", OWNER="ann"'
	points vfio-users "fail */10-vfio.rules: it lets ann use vfio, *'ann - memlock unlimited'*"
	put etc/security/limits.conf <<<'* hard memlock 33554432'
	points vfio-users 'pass */10-vfio.rules: ann can use vfio, with memlock 33554432'
}

# parameters TEXT: of this boot and of the next one
parameters() {
	rm -f "$host/boot/grub/grub.cfg"
	put proc/cmdline <<<"root=/dev/nvme0n1p2 $1"
}

# bats test_tags=slow
@test "GVT-g: enabled, its module loaded, for a GPU that stays" {
	local gpu=sys/devices/pci0000:00/0000:00:02.0 file=etc/modprobe.d/gvt.conf
	local mdev=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
	points gvt-g
	# Off: nobody asks for it.
	put $file <<<'options i915 enable_guc=0 enable_gvt=0'
	points gvt-g
	put $file <<<$'options i915 enable_guc=0 \\\n enable_gvt=1'
	points gvt-g "fail -: /$file enables GVT-g, and this kernel has no module kvmgt -> use a kernel *"
	host_module kvmgt
	depmod --basedir "$host" "$release"
	points gvt-g "fail -: /$file enables GVT-g, and nothing loads kvmgt at boot -> run 'echo kvmgt | sudo tee *"
	# The last word: kmod has the command line behind all files.
	parameters 'i915.enable_gvt=0'
	points gvt-g
	parameters 'i915.enable_gvt'
	rm "$host/$file"
	points gvt-g 'fail -: the kernel command line enables GVT-g, and nothing loads *'
	put usr/lib/modules-load.d/gvt.conf <<<$'# for GVT-g\nkvmgt'
	points gvt-g 'pass -: the kernel command line enables GVT-g, and /usr/lib/modules-load.d/gvt.conf loads kvmgt at boot'
	put etc/modules-load.d/gvt.conf </dev/null
	points gvt-g 'fail -: *nothing loads*'
	put $file <<<'softdep i915 post: kvmgt'
	points gvt-g "pass -: *, and /$file loads kvmgt at boot"
	rm "$host/$file"
	put etc/modules <<<'kvmgt'
	points gvt-g 'pass -: *, and /etc/modules loads kvmgt at boot'
	parameters ''
	points gvt-g 'fail -: /etc/modules loads kvmgt, but i915 offers GVT-g only with enable_gvt=1 -> *i915.enable_gvt=1*'
	parameters 'i915.enable_gvt=1 modules-load=kvmgt'
	points gvt-g 'pass -: the kernel command line enables GVT-g, and the kernel command line loads *'
	# Loaded, and the GPU is none that can be shared.
	mkdir -p "$host/sys/module/kvmgt"
	points gvt-g 'fail -: GVT-g is enabled by *, and i915 offers no mediated device -> *'
	mkdir -p "$host/$gpu/mdev_supported_types/i915-GVTg_V5_4/devices/$mdev"
	points gvt-g "pass 0000:00:02.0: 1 mediated device, such as $mdev: *" 'pass -: *'
	# The whole of it for a guest: not while it is shared.
	put etc/vfioboot.conf.d/igpu.conf <<<$'[device igpu]\npath = 00:02.0\nlast-display = yes\nbind = demand'
	points gvt-g "fail 0000:00:02.0: igpu cannot be handed over: the GPU has the mediated device $mdev -> *'echo 1 | sudo tee /sys/bus/pci/devices/0000:00:02.0/$mdev/remove'"
	run --separate-stderr "$vfioboot" bind igpu --dry-run --root "$host"
	[ "$status" -eq 1 ]
	[[ $stderr == *"$mdev is a mediated device of 0000:00:02.0; shut down "*"/$mdev/remove'; nothing was changed" ]]
	rmdir "$host/$gpu/mdev_supported_types/i915-GVTg_V5_4/devices/$mdev"
	points gvt-g 'pass -: *'
	sed -i '/bind/d' "$host/etc/vfioboot.conf.d/igpu.conf"
	points gvt-g "fail 0000:00:02.0: the kernel command line has GVT-g share * -> run 'sudo vfioboot remove igpu'*"
}
