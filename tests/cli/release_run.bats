#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154 # a shell of its own; running_host.bash sets host, run output and status
#
# `vfioboot release` on a machine in a user name space that has a guest: a process which has the node of
# the device's IOMMU group open, which is /dev/full there.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load running_host

# The second card is handed over, and a guest runs with it.  "${release[@]}" is as live().
with_guest() {
	local function
	machine debian-grub
	for function in 0000:02:00.0 0000:02:00.1; do
		ln -sfn /sys/bus/pci/drivers/vfio-pci "$host/sys/bus/pci/devices/$function/driver"
	done
	host_handed_over second
	put sys/class/vfio/17/dev <<<1:7
	put proc/77/comm <<<qemu
	: >"$host/dev/full"
	mkdir -p "$host/proc/77/fd"
	ln -s /dev/full "$host/proc/77/fd/3"
	unshare --map-root-user --mount mount --bind /dev/full "$host/dev/full" || skip "needs to mount"
	as_host=(env -i PATH=/bin:/usr/bin:/usr/sbin unshare --map-root-user --mount sh -c
		'mount --bind /dev/full "$0/dev/full" && exec chroot "$0" vfioboot "$@"' "$host")
	release=("${as_host[@]}" release second)
}

# bats test_tags=slow
@test "release --wait: until the guest has ended, and others can hand over devices meanwhile" {
	with_guest
	run -1 --separate-stderr "${release[@]}"
	[ "$stderr" = 'vfioboot release: qemu (process 77) has /dev/vfio/17 open; shut the guest down first; nothing was changed' ]
	exec "${release[@]}" --wait 3600 >"$out" 2>"$out.err" &
	until_waiting
	[ "$(<"$out")" = 'qemu (process 77) has /dev/vfio/17 open; waiting until it does not.' ]
	flock --nonblock "$host/run/vfioboot/private/handover.lock" true
	rm "$host/proc/77/fd/3"
	# Nothing takes a driver from its device on this machine; it has tried to.
	wait $! || [ $? = 1 ]
	cat "$out" "$out.err"
	[[ $(<"$out") == *$'\nSet the driver override of 0000:02:00.0 to nouveau'* ]]
	[[ $(<"$out.err") != *'has /dev/vfio/17 open'* ]]
}

# bats test_tags=slow
@test "release --wait: a lock that cannot be had again ends it" {
	with_guest
	timeout 20 "${release[@]}" other --wait 3600 >"$out" 2>"$out.err" &
	until_waiting
	rm -r "${host:?}/run/vfioboot/private"
	: >"$host/run/vfioboot/private"
	status=0
	wait $! || status=$?
	[ "$status" -eq 1 ]
	[ "$(<"$out.err")" = 'vfioboot release: cannot lock: Not a directory; nothing was changed' ]
	grep -x 'phase bound' "$host/run/vfioboot/handover/second"
}

# bats test_tags=slow
@test "release --wait: not longer than it says, and a signal ends it" {
	with_guest
	run -1 --separate-stderr "${release[@]}" --wait 1
	[[ $stderr == 'vfioboot release: qemu (process 77) has /dev/vfio/17 open; '* ]]
	exec "${release[@]}" --wait 3600 >"$out" &
	until_waiting
	kill $!
	status=0
	wait $! || status=$?
	[ "$status" -ne 0 ]
	grep -x 'phase bound' "$host/run/vfioboot/handover/second"
}

# bats test_tags=slow
@test "libvirt's hook: a guest whose process takes its time to end has the device until then" {
	with_guest
	sed -i 's/^guest -/guest win11/' "$host/run/vfioboot/handover/second"
	exec "${as_host[@]}" libvirt hook win11 release end shutdown 2>"$out" &
	sleep 1
	rm "$host/proc/77/fd/3"
	wait $! || [ $? = 1 ]
	cat "$out"
	# Nothing takes a driver from its device on this machine; it has tried to.
	[[ $(<"$out") == *'0000:02:00.0 was not bound to nouveau: it has the driver vfio-pci; '* ]]
}

@test "release: what was unplugged meanwhile is not back" {
	with_guest
	rm "$host/proc/77/fd/3" "$host/sys/bus/pci/devices/0000:02:00.1"
	mkdir -p "$host/sys/bus/pci/drivers/nouveau"
	ln -sfn /sys/bus/pci/drivers/nouveau "$host/sys/bus/pci/devices/0000:02:00.0/driver"
	run -0 --separate-stderr "${release[@]}"
	[[ $output == *'second is back with this system: 0000:02:00.0.' ]]
	host_handed_over second
	rm "$host/sys/bus/pci/devices/0000:02:00.0"
	run -0 --separate-stderr "${release[@]}"
	[ "$output" = 'second is released; none of its functions is in this machine any more.' ]
	[ ! -e "$host/run/vfioboot/handover/second" ]
}
