#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # inner shells; run sets output and stderr
#
# `vfioboot cmdline --apply` and --remove on the machines of tests/boot-trees, as the running one: in
# a mount name space whose root is the tree, with programs that stand in for those of the loaders.

bats_require_minimum_version 1.5.0

load machine

# tree_of NAME: a machine that needs intel_iommu=on
tree_of() {
	rm -rf "${tree:?}" "${work:?}/before"
	cp -r "$top/tests/boot-trees/$1/root" "$tree"
	mkdir -p "$tree"/{proc,sys/bus/pci/devices,usr,bin,sbin,lib,lib64,dev,run,tmp,var/lib,stand}
	printf 'vendor_id	: GenuineIntel\nflags		: vmx\n' >"$tree/proc/cpuinfo"
	# Not that of the sanitizers, which needs a real /proc.
	cp "$top/build/vfioboot" "$tree/stand/vfioboot"
}

# As it is now, to be compared with later
keep() {
	local part
	rm -rf "${work:?}/before"
	mkdir "$work/before"
	for part in etc boot efi; do
		[ ! -d "$tree/$part" ] || cp -r "$tree/$part" "$work/before/"
	done
}

unchanged() {
	local part
	for part in "$work"/before/*; do
		diff -r --no-dereference "$part" "$tree/${part##*/}"
	done
	[ ! -e "$tree/var/lib/vfioboot/cmdline" ]
	[ -z "$(find "$tree/etc" -name '*vfioboot-new*')" ]
}

# stand_in NAME <<SCRIPT
stand_in() {
	{ printf '#!/bin/bash\nset -e\necho "$(basename "$0") $*" >>/ran\n'; cat; } >"$tree/sbin/$1"
	chmod +x "$tree/sbin/$1"
}

# live COMMAND: below $tree as root
live() {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	tree=$tree unshare -rm bash -ec 'for dir in usr bin lib lib64 dev; do
			mount --rbind "/$dir" "$tree/$dir"
		done
		[ ! -e "$tree/mkconfig" ] || mount --bind "$tree/mkconfig" "$tree/usr/sbin/grub-mkconfig"
		exec chroot "$tree" /usr/bin/env PATH=/sbin:/stand:/usr/bin:/bin bash -ec "$1"' - "$1" \
		</dev/null
}

apply() {
	live 'vfioboot cmdline --apply --yes'
}

remove() {
	live 'vfioboot cmdline --remove'
}

# The grub-mkconfig of Debian as far as it matters: the variables, then 10_linux.
grub_programs() {
	cat >"$tree/sbin/grub-mkconfig" <<-'END'
		#!/bin/bash
		set -e
		echo "grub-mkconfig $*" >>/ran
		. /etc/default/grub
		[ "${1-}" = -o ]
		if [ -e /reads-grub.d ]; then
			for file in /etc/default/grub.d/*.cfg; do
				[ ! -e "$file" ] || . "$file"
			done
		fi
		exec >"$2"
		printf '### BEGIN /etc/grub.d/10_linux ###\n'
		for kind in simple recovery; do
			[ "$kind" = simple ] && more=$GRUB_CMDLINE_LINUX_DEFAULT || more=single
			printf "menuentry 'Linux' \$menuentry_id_option 'gnulinux-%s-1' {\n" \
				"$([ "$kind" = simple ] && echo simple || echo 6.1-recovery)"
			printf '\tlinux\t/vmlinuz root=/x ro %s\n\tinitrd /initrd.img\n}\n' \
				"$GRUB_CMDLINE_LINUX $more"
		done
		printf '### END /etc/grub.d/10_linux ###\n'
	END
	printf '#!/bin/sh\n' >"$tree/sbin/grub-script-check"
	chmod +x "$tree"/sbin/grub-*
	# What is read of the real one.
	echo '. /etc/default/grub' >"$tree/mkconfig"
	[ "$1" = arch ] || : >"$tree/reads-grub.d"
	[ "$1" = arch ] || echo 'for x in /etc/default/grub.d/*.cfg; do' >>"$tree/mkconfig"
	printf 'GRUB_DEFAULT=0\n# as it came\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"  # why\n%s' \
		'GRUB_CMDLINE_LINUX=""' >"$tree/etc/default/grub"
	: >"$tree/boot/vmlinuz"
	: >"$tree/boot/initrd.img"
	live 'grub-mkconfig -o /boot/grub/grub.cfg'
	keep
}

own=etc/default/grub.d/vfioboot.cfg

@test "errors of the configuration: the exit status is that of --explain" {
	tree_of debian-grub
	grub_programs debian
	echo 'what is this' >>"$tree/etc/vfioboot.conf"
	for way in --explain '--apply --dry-run'; do
		run -1 --separate-stderr live "vfioboot cmdline $way"
		[[ $stderr == *'/etc/vfioboot.conf:'* ]]
	done
}

@test "GRUB that reads grub.d: a file of our own, the menu, and back to the byte" {
	tree_of debian-grub
	grub_programs debian
	run -0 --separate-stderr live 'vfioboot cmdline --apply --dry-run'
	[ "$output" = "write /var/lib/vfioboot/cmdline
write /$own
rebuild the menu of GRUB, check it, and put it in place
check the entries of the boot menu" ]
	unchanged
	run -0 --separate-stderr apply
	[ -z "$stderr" ]
	[ "$(grep -v '^#' "$tree/$own")" = \
		'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on"' ]
	grep -q 'root=/x ro  quiet intel_iommu=on$' "$tree/boot/grub/grub.cfg"
	# The way out where it does harm.
	grep -q 'ro  single$' "$tree/boot/grub/grub.cfg"
	cmp "$tree/etc/default/grub" "$work/before/etc/default/grub"
	# Not yet booted: it is there all the same.
	run -0 --separate-stderr apply
	[ "$output" = 'Nothing to do: the normal entries have intel_iommu=on. Reboot for it to take effect.' ]
	run -0 --separate-stderr remove
	unchanged
	run -0 remove
	[ "$output" = "Nothing to do: 'vfioboot cmdline --apply' has added nothing." ]
}

@test "GRUB that does not read grub.d: the assignment is edited, and nothing else of the file" {
	tree_of debian-grub
	grub_programs arch
	run -0 --separate-stderr apply
	sed 's/"quiet"/"quiet intel_iommu=on"/' "$work/before/etc/default/grub" |
		cmp - "$tree/etc/default/grub"
	grep -q 'quiet intel_iommu=on$' "$tree/boot/grub/grub.cfg"
	run -0 remove
	unchanged
	# What a person wrote meanwhile stays.
	run -0 apply
	sed -i 's/quiet/quiet splash/' "$tree/etc/default/grub"
	run -0 remove
	grep -q '^GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"  # why$' "$tree/etc/default/grub"
	grep -q 'quiet splash$' "$tree/boot/grub/grub.cfg"
}

@test "GRUB: a parameter that is set already is not set twice, only the menu is made" {
	tree_of debian-grub
	grub_programs debian
	mkdir -p "$tree/etc/default/grub.d"
	echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=sm_on,on"' \
		>"$tree/etc/default/grub.d/mine.cfg"
	run -0 --separate-stderr apply
	[ ! -e "$tree/$own" ]
	grep -q 'intel_iommu=sm_on,on quiet$' "$tree/boot/grub/grub.cfg"
}

@test "GRUB: a file that sets the variable behind ours gets ours behind it" {
	tree_of debian-grub
	grub_programs debian
	mkdir -p "$tree/etc/default/grub.d"
	echo 'GRUB_CMDLINE_LINUX_DEFAULT=splash' >"$tree/etc/default/grub.d/xen.cfg"
	run -0 --separate-stderr apply
	[[ $stderr == *"the entry 'Linux' has lost quiet: its menu was older than the settings"* ]]
	[ -e "$tree/etc/default/grub.d/zz-vfioboot.cfg" ]
	grep -q 'splash intel_iommu=on$' "$tree/boot/grub/grub.cfg"
	run -0 remove
	[ ! -e "$tree/etc/default/grub.d/zz-vfioboot.cfg" ]
}

@test "GRUB: what contradicts it is named with file and line, and nothing is written" {
	tree_of debian-grub
	grub_programs debian
	sed -i 's/"quiet"/"quiet intel_iommu=off"/' "$tree/etc/default/grub"
	keep
	run -1 --separate-stderr apply
	[[ $stderr == *'intel_iommu=off in /etc/default/grub:3 disables the IOMMU'*'nothing was changed'* ]]
	unchanged
	# In this boot and in the next, too.
	echo 'root=/x intel_iommu=off' >"$tree/proc/cmdline"
	sed -i 's/ro  quiet/& intel_iommu=off/' "$tree/boot/grub/grub.cfg"
	keep
	run -1 --separate-stderr apply
	[[ $stderr == *'intel_iommu=off in /etc/default/grub:3: it disables'*'nothing was changed' ]]
	unchanged
}

@test "GRUB: all is undone where the menu cannot be made, or an entry does not get it" {
	tree_of debian-grub
	grub_programs debian
	printf '#!/bin/sh\nexit 1\n' >"$tree/sbin/grub-script-check"
	run -1 --separate-stderr apply
	[[ $stderr == *'grub-script-check failed'*'all changes were undone'* ]]
	unchanged
	printf '#!/bin/sh\n' >"$tree/sbin/grub-script-check"
	sed -i 's/more=\$GRUB_CMDLINE_LINUX_DEFAULT/more=/' "$tree/sbin/grub-mkconfig"
	run -1 --separate-stderr apply
	[[ $stderr == *"the entry 'Linux' does not have intel_iommu=on after this"*'all changes were undone'* ]]
	unchanged
}

@test "without --yes it is asked, and needs a terminal for that" {
	tree_of debian-grub
	grub_programs debian
	run -1 --separate-stderr live 'vfioboot cmdline --apply'
	[[ $output == 'To have intel_iommu=on in the normal entries of GRUB:'* ]]
	[[ $stderr == *'nothing was changed; add --yes'* ]]
	unchanged
	run -1 live 'script -qec "vfioboot cmdline --apply" /dev/null <<<n'
	[[ $output == *'Do this? [y/N]'*'Nothing was changed.'* ]]
	unchanged
	run -0 live 'script -qec "vfioboot cmdline --apply" /dev/null <<<y'
	[ -e "$tree/$own" ]
}

@test "a machine that needs nothing: it says so, and writes nothing" {
	tree_of debian-grub
	grub_programs debian
	echo 'root=/x intel_iommu=on' >"$tree/proc/cmdline"
	# Typed at the menu, it is gone at the next boot.
	run -0 --separate-stderr live 'vfioboot cmdline'
	[ "$output" = intel_iommu=on ]
	sed -i 's/ro  quiet/& intel_iommu=on/' "$tree/boot/grub/grub.cfg"
	keep
	run -0 --separate-stderr apply
	[ "$output" = 'Nothing to do: this machine needs no kernel parameter that this boot does not have.' ]
	unchanged
}

# bats test_tags=slow
@test "a run that was killed is gone on with, or taken back" {
	tree_of debian-grub
	grub_programs debian
	cp "$tree/sbin/grub-mkconfig" "$work/grub-mkconfig"
	printf '#!/bin/bash\nkill -9 "$(</pid)"\nsleep 1\n' >"$tree/sbin/grub-mkconfig"
	run live 'vfioboot cmdline --apply --yes & echo $! >/pid; wait'
	[ -e "$tree/$own" ]
	[ -e "$tree/var/lib/vfioboot/cmdline" ]
	cp "$work/grub-mkconfig" "$tree/sbin/grub-mkconfig"
	cp -r "$tree" "$work/killed"
	run -0 apply
	grep -q 'quiet intel_iommu=on$' "$tree/boot/grub/grub.cfg"
	rm -r "${tree:?}"
	mv "$work/killed" "$tree"
	run -0 remove
	unchanged
}

@test "a damaged record is an error: what was added would stay, and nobody would know of it" {
	tree_of debian-grub
	mkdir -p "$tree/var/lib/vfioboot"
	printf '# ours\n/etc/default/grub intel_iommu=on\n' >"$tree/var/lib/vfioboot/cmdline"
	for way in --apply --remove; do
		run -1 --separate-stderr "$vfioboot" cmdline "$way" --dry-run --root "$tree"
		[[ $stderr == *'/var/lib/vfioboot/cmdline:2 is damaged; correct it: a file, a tab, and '* ]]
		[ -z "$output" ]
	done
}

@test "undo takes it back, too" {
	# shellcheck source=/dev/null
	source "$BATS_TEST_DIRNAME/host.bash"
	host_of_two_cards "$host"
	printf '/etc/kernel/cmdline\tintel_iommu=on\n' | put var/lib/vfioboot/cmdline
	run -0 "$vfioboot" undo --dry-run --root "$host"
	[[ $output == *'Would take back the kernel parameters that were added'*'Nothing else to do'* ]]
}

# options FILE: of an entry below $tree
options() {
	sed -n 's/^options[[:space:]]*//p' "$tree/$1"
}

@test "systemd-boot with kernel-install: the entries, and the line for kernels to come" {
	local entries=efi/loader/entries/0123456789abcdef0123456789abcdef-6.12.4
	tree_of debian-systemd-boot
	keep
	run -0 --separate-stderr apply
	[[ $(options "${entries}1+deb13-amd64.conf") == *' intel_iommu=on' ]]
	[[ $(options "${entries}8+deb13-amd64+3.conf") == *' intel_iommu=on' ]]
	[ "$(<"$tree/etc/kernel/cmdline")" = \
		'root=UUID=2f7c1e34-0c1d-4f0e-9b5a-6d0f2c8f7a11 ro quiet intel_iommu=on' ]
	# One that came since, made with that line.
	cp "$tree/${entries}1+deb13-amd64.conf" "$tree/${entries}9.conf"
	run -0 remove
	[[ $(options "${entries}9.conf") != *intel_iommu* ]]
	rm "$tree/${entries}9.conf"
	unchanged
}

@test "a command line of the distribution in several lines stays whole" {
	[ -d /usr/lib/kernel ] || skip "there is no /usr/lib/kernel to mount another one over"
	tree_of debian-systemd-boot
	run -0 --separate-stderr live 'mount -t tmpfs none /usr/lib/kernel
		printf "# Of the distribution\nroot=LABEL=x\n\tro\n  # quietly\nquiet\n" >/usr/lib/kernel/cmdline
		vfioboot cmdline --apply --yes'
	[ "$(<"$tree/etc/kernel/cmdline")" = 'root=LABEL=x ro quiet intel_iommu=on' ]
}

@test "a parameter that is commented out in the line for kernels to come is not there" {
	tree_of debian-systemd-boot
	mkdir -p "$tree/etc/kernel"
	printf '# intel_iommu=on\nroot=UUID=2f7c1e34-0c1d-4f0e-9b5a-6d0f2c8f7a11 ro\n' >"$tree/etc/kernel/cmdline"
	keep
	run -0 --separate-stderr apply
	[ "$(<"$tree/etc/kernel/cmdline")" = \
		$'# intel_iommu=on\nroot=UUID=2f7c1e34-0c1d-4f0e-9b5a-6d0f2c8f7a11 ro intel_iommu=on' ]
	run -0 remove
	unchanged
}

@test "systemd-boot: an entry that has it on its own keeps it" {
	tree_of arch-systemd-boot
	sed -i '/^options/s/$/ intel_iommu=on/' "$tree/boot/loader/entries/arch-lts.conf"
	keep
	run -0 --separate-stderr apply
	# A person's entries are all that there is.
	[ ! -e "$tree/etc/kernel" ]
	[[ $(options boot/loader/entries/arch.conf) == *' intel_iommu=on' ]]
	run -0 remove
	unchanged
}

@test "Fedora: entries, the line for kernels to come, and the variable of grub2-mkconfig" {
	tree_of fedora-bls
	keep
	run -0 --separate-stderr apply
	[ "$(grep -l intel_iommu=on "$tree"/boot/loader/entries/*.conf | wc -l)" = 2 ]
	grep -q ' intel_iommu=on$' "$tree/etc/kernel/cmdline"
	grep -q '^GRUB_CMDLINE_LINUX=".*intel_iommu=on"' "$tree/etc/default/grub"
	run -0 remove
	unchanged
}

@test "RHEL 8: grubby changes the variable that all entries have" {
	tree_of rhel-bls
	stand_in grubby <<-'END'
		for arg; do
			case $arg in
			--args=*) sed -i "/^kernelopts=/s/\$/ ${arg#*=}/" /boot/grub2/grubenv ;;
			--remove-args=*) sed -i "s/ ${arg#*=}//" /boot/grub2/grubenv ;;
			esac
		done
	END
	keep
	run -0 --separate-stderr apply
	[ "$(<"$tree/ran")" = 'grubby --update-kernel=ALL --args=intel_iommu=on' ]
	run -0 remove
	[ "$(tail -n 1 "$tree/ran")" = 'grubby --update-kernel=ALL --remove-args=intel_iommu=on' ]
	unchanged
	# What takes more away than it should is undone.
	stand_in grubby <<-'END'
		case $* in
		*\ --args*) sed -i '/^kernelopts=/s/$/ intel_iommu=on/; s/ crashkernel=auto//' /boot/grub2/grubenv ;;
		*) sed -i 's/ intel_iommu=on/ crashkernel=auto/' /boot/grub2/grubenv ;;
		esac
	END
	run -1 --separate-stderr apply
	[[ $stderr == *'has lost crashkernel=auto after this'* ]]
	run ! grep -q intel_iommu "$tree/boot/grub2/grubenv"
}

@test "Proxmox: its line, and the refresh; undone with the old line" {
	tree_of proxmox-zfs
	stand_in proxmox-boot-tool <<-'END'
		cp /etc/kernel/cmdline /refreshed
		[ ! -e /fails ] || { rm /fails; exit 1; }
	END
	keep
	# Its partitions are not mounted, so nobody can look at the entries.
	run -3 --separate-stderr apply
	[[ $stderr == *'whether the entries have intel_iommu=on is not known'* ]]
	[ "$(<"$tree/ran")" = 'proxmox-boot-tool refresh' ]
	[ "$(<"$tree/refreshed")" = 'root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on' ]
	run -0 remove
	cmp "$tree/refreshed" "$tree/etc/kernel/cmdline"
	unchanged
	: >"$tree/fails"
	run -1 --separate-stderr apply
	[[ $stderr == *'proxmox-boot-tool failed'*'all changes were undone'* ]]
	cmp "$tree/refreshed" "$tree/etc/kernel/cmdline"
	unchanged
}

@test "after a signal the old line is refreshed; where that fails --remove knows what to take back" {
	tree_of proxmox-zfs
	stand_in proxmox-boot-tool <<-'END'
		if [ -e /signal ]; then
			rm /signal
			cp /etc/kernel/cmdline /refreshed
			kill -TERM "$(cat /run/apply)"
			sleep 60
		fi
		sleep 0.2
		[ ! -e /fails ] || exit 1
		cp /etc/kernel/cmdline /refreshed
	END
	keep
	for fails in '' fails; do
		: >"$tree/signal"
		[ -z "$fails" ] || : >"$tree/$fails"
		run -143 --separate-stderr live 'echo $$ >/run/apply; exec vfioboot cmdline --apply --yes'
		[[ $stderr == *'interrupted (Terminated)'* ]]
		cmp "$work/before/etc/kernel/cmdline" "$tree/etc/kernel/cmdline"
		if [ -z "$fails" ]; then
			[[ $stderr == *'all changes were undone'* ]]
			cmp "$tree/refreshed" "$tree/etc/kernel/cmdline"
			unchanged
		fi
	done
	[[ $stderr == *'cannot restore everything: proxmox-boot-tool failed with exit status 1;'*'cmdline --remove'* ]]
	grep -q intel_iommu=on "$tree/var/lib/vfioboot/cmdline"
	rm "$tree/fails"
	run -0 --separate-stderr remove
	cmp "$tree/refreshed" "$tree/etc/kernel/cmdline"
	unchanged
}

# bats test_tags=slow
@test "rpm-ostree keeps its own list" {
	tree_of silverblue-ostree
	: >"$tree/run/ostree-booted"
	echo 'root=/x ro quiet' >"$tree/kargs"
	stand_in rpm-ostree <<-'END'
		for arg; do
			case $arg in
			--append-if-missing=*) sed -i "s/\$/ ${arg#*=}/" /kargs ;;
			--delete-if-present=*) sed -i "s/ ${arg#*=}//" /kargs ;;
			esac
		done
		[ $# -gt 1 ] || cat /kargs
	END
	keep
	run -0 --separate-stderr apply
	[ "$(<"$tree/kargs")" = 'root=/x ro quiet intel_iommu=on' ]
	run -0 apply
	[[ $output == 'Nothing to do: the normal entries have intel_iommu=on.'* ]]
	run -0 remove
	[ "$(<"$tree/kargs")" = 'root=/x ro quiet' ]
	unchanged
}

@test "kernelstub writes its entries" {
	tree_of pop-kernelstub
	stand_in kernelstub <<-'END'
		entries=/boot/efi/loader/entries
		case $1 in
		--add-options=*) sed -i "/^options/s/\$/ ${1#*=}/" $entries/*.conf ;;
		--delete-options=*) sed -i "s/ ${1#*=}//" $entries/*.conf ;;
		esac
	END
	keep
	run -0 --separate-stderr apply
	[ "$(<"$tree/ran")" = 'kernelstub --add-options=intel_iommu=on' ]
	[[ $(options boot/efi/loader/entries/Pop_OS-current.conf) == *' intel_iommu=on' ]]
	run -0 remove
	unchanged
}

# bats test_tags=slow
@test "others: by hand, with file and command, and nothing is written" {
	local name
	for name in refind limine arch-syslinux zfsbootmenu; do
		tree_of "$name"
		keep
		run -3 --separate-stderr apply
		[[ $output == 'Add intel_iommu=on by hand '* ]]
		[[ $stderr == *'nothing was changed'* ]]
		unchanged
	done
}

@test "wrong uses" {
	run -2 --separate-stderr "$vfioboot" cmdline --apply --remove
	run -2 --separate-stderr "$vfioboot" cmdline --apply --json
	run -2 --separate-stderr "$vfioboot" cmdline --remove --explain
	run -2 --separate-stderr "$vfioboot" cmdline --apply --profile x
	[[ $stderr == *"'sudo vfioboot entry add' makes an entry for it" ]]
	run -2 --separate-stderr "$vfioboot" cmdline --yes
	[[ $stderr == *'--yes is for --apply' ]]
	run -2 --separate-stderr "$vfioboot" cmdline --apply --loader lilo
	[[ $stderr == *"there is no boot loader 'lilo'"* ]]
	tree_of debian-grub
	run -2 --separate-stderr "$vfioboot" cmdline --apply --root "$tree"
	[[ $stderr == *'only this machine can be changed; add --dry-run'* ]]
}
