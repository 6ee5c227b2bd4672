#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # inner shells; each test is a
# process of its own; what host.bash shares with the tests
#
# `vfioboot try` on the files of other machines: what it would do, when it refuses, and what it
# says of the last trial.

bats_require_minimum_version 1.5.0

load host
load ../lib/json
load ../lib/programs

kernel=6.12.48+deb13-amd64
kernel_re='6\.12\.48\+deb13-amd64'

setup() {
	programs
	host_of_two_cards "$BATS_TEST_TMPDIR/machine"
	mkdir -p "$host/run/systemd/system" "$host/sys/class/drm/card0"
	put etc/vfioboot.conf <<-'END'
		[device gaming-gpu]
		path = 00:01.1/00
		profile = passthrough
	END
	put etc/vfioboot.protect <<<'# vfioboot protect list 1'
	grub
}

# A GRUB as Debian sets it up, cut short, on the disk of the host.
grub() {
	put boot/grub/grub.cfg <<END
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
fi
menuentry 'Debian GNU/Linux' --class debian \$menuentry_id_option 'gnulinux-simple-1234' {
	recordfail
	savedefault
	insmod gzio
	if [ x\$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	linux	/boot/vmlinuz-6.1.0-40-amd64 root=UUID=1234 ro quiet
	initrd	/boot/initrd.img-6.1.0-40-amd64
}
submenu 'Advanced options' \$menuentry_id_option 'gnulinux-advanced-1234' {
	menuentry 'Debian, Linux $kernel (recovery)' \$menuentry_id_option 'gnulinux-$kernel-recovery-1234' {
		linux	/boot/vmlinuz-$kernel root=UUID=1234 ro single
	}
	menuentry 'Debian, Linux $kernel (Passthrough)' \$menuentry_id_option 'passthrough-$kernel-1234' {
		linux	/boot/vmlinuz-$kernel root=UUID=1234 ro quiet vfioboot.profile=passthrough
	}
	menuentry 'Debian, Linux $kernel' --unrestricted \$menuentry_id_option 'gnulinux-$kernel-advanced-1234' {
		recordfail
		savedefault
		search --no-floppy --fs-uuid --set=root 1234
		linux	/boot/vmlinuz-$kernel root=UUID=1234 ro quiet
		initrd	/boot/initrd.img-$kernel
	}
}
if [ -f  \${config_directory}/custom.cfg ]; then
  source \${config_directory}/custom.cfg
fi
END
	{
		echo '# GRUB Environment Block'
		printf '#%.0s' {1..999}
	} | put boot/grub/grubenv
	disk=sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1
	ln -sfn "../../${disk#sys/}/nvme0n1p2" "$host/sys/dev/block/259:2"
	mkdir -p "$host/$disk/slaves"
}

try() { # OPTION...
	run --separate-stderr "$vfioboot" try --root "$host" "$@"
}

says() { # PATTERN
	grep -Eq -- "$1" <<<"$output" || { printf '%s\n' "$output" "$stderr"; return 1; }
}

complains() { # PATTERN
	[[ $status = 1 && $stderr =~ $1 ]] ||
		{ printf '%s\n' "$status" "$output" "$stderr"; return 1; }
}

@test "the entry is that of the kernel that runs, with the parameters of a trial" {
	try --dry-run
	[ "$status" = 0 ]
	says "^Would write the entry 'vfioboot-trial' into /boot/grub/custom.cfg"
	says "^menuentry 'vfioboot: one boot on trial' .*--unrestricted --id 'vfioboot-trial' \{\$"
	says "^	linux	/boot/vmlinuz-$kernel_re root=UUID=1234 ro quiet vfioboot.profile=passthrough vfioboot.trial=[0-9]{8}-[0-9]{6} panic=30 "
	says "^	initrd	/boot/initrd.img-$kernel_re\$"
	says '^	search --no-floppy --fs-uuid --set=root 1234$'
	says '^\}$'
	[[ $output != *savedefault* ]]
	[[ $output != *recordfail* ]]
	[[ $output != *single* ]]
	says 'gaming-gpu bind vfio-pci$'
	[ ! -e "$host/boot/grub/custom.cfg" ]
	[ ! -e "$host/var/lib/vfioboot" ]
}

@test "what grub-script-check says of the entry" {
	command -v grub-script-check >/dev/null || skip "there is no grub-script-check"
	try --dry-run
	sed -n '/^menuentry/,/^}/p' <<<"$output" >"$BATS_TEST_TMPDIR/entry"
	[ -s "$BATS_TEST_TMPDIR/entry" ]
	grub-script-check "$BATS_TEST_TMPDIR/entry"
}

@test "parameters can be tried too, if no loader has to quote them" {
	try --dry-run --append intel_iommu=on --append iommu.passthrough=1
	says 'vfioboot.profile=passthrough intel_iommu=on iommu.passthrough=1 vfioboot.trial='
	try --dry-run --append 'a b'
	[ "$status" = 2 ]
	try --dry-run --append 'a;b'
	[ "$status" = 2 ]
	try --dry-run --append "a'b"
	[ "$status" = 2 ]
	try --dry-run --append --
	[ "$status" = 2 ]
}

@test "a configuration that the normal entry does too cannot be tried" {
	sed -i /profile/d "$host/etc/vfioboot.conf"
	try --dry-run
	complains "no section waits for a profile.*'profile = passthrough' to those to be tried \(/etc/vfioboot.conf\)"
	: >"$host/etc/vfioboot.conf"
	try --dry-run
	complains "no device is configured.*'sudo vfioboot add DEVICE --profile passthrough'"
}

@test "when = selected needs no profile in the section" {
	sed -i /profile/d "$host/etc/vfioboot.conf"
	printf '[boot]\nwhen = selected\n' >>"$host/etc/vfioboot.conf"
	try --dry-run
	[ "$status" = 0 ]
	says ' vfioboot.profile=passthrough '
}

@test "of several profiles one has to be named" {
	put etc/vfioboot.conf.d/other.conf <<-'END'
		[device other]
		path = 00:01.0/00
		profile = games
	END
	try --dry-run
	complains 'several profiles.*--profile'
	try --dry-run --profile passthrough
	[ "$status" = 0 ]
	says 'gaming-gpu bind'
	[[ $output != *'other bind'* ]]
	try --dry-run --profile nothing
	complains "no section has the profile 'nothing'"
	printf '[device broken]\npath = x\n' >>"$host/etc/vfioboot.conf"
	try --dry-run --profile nothing
	complains "/etc/vfioboot.conf:[0-9]*: bad path 'x'.*; correct that"
	sed -i '/^path = x/a profile = games' "$host/etc/vfioboot.conf"
	try --dry-run --profile games
	complains "/etc/vfioboot.conf:[0-9]*: bad path 'x'.*; correct that"
}

@test "what would be refused need not be tried" {
	sed -i 's/^path.*/path = 00:01.1\/00\nid = dead:beef/' "$host/etc/vfioboot.conf"
	try --dry-run
	complains "'gaming-gpu' would be refused \(moved\)"
}

@test "GRUB on a file system that it cannot write to: refused" {
	sed -i 's/ - ext4 / - btrfs /' "$host/proc/self/mountinfo"
	try --dry-run
	complains 'not safe.*btrfs.*entry'
}

@test "GRUB on f2fs, which it cannot write to either, and on those that it can" {
	sed -i 's/ - ext4 / - f2fs /' "$host/proc/self/mountinfo"
	try --dry-run
	complains 'not safe.*f2fs.*entry'
	sed -i 's/ - f2fs / - xfs /' "$host/proc/self/mountinfo"
	try --dry-run
	[ "$status" = 0 ]
}

@test "GRUB's environment is where it is, not where its directory's own directory is" {
	local mounts=$host/proc/self/mountinfo root
	root=$(grep ' / / ' "$mounts")
	# A file system of its own.
	sed 's| / / | / /boot/grub |; s/^28 1/40 28/; s/ - ext4 / - btrfs /' <<<"$root" >>"$mounts"
	try --dry-run
	complains '/boot/grub/grubenv is on btrfs, which GRUB cannot write to'
	sed -i 's/ - ext4 / - zfs /; s/ - btrfs / - vfat /' "$mounts"
	try --dry-run
	[ "$status" = 0 ]
	# A link: within a file system GRUB follows it.
	echo "$root" >"$mounts"
	mkdir -p "$host/boot/env"
	mv "$host/boot/grub/grubenv" "$host/boot/env/"
	ln -s ../env/grubenv "$host/boot/grub/grubenv"
	try --dry-run
	[ "$status" = 0 ]
	sed 's| / / | / /boot/env |; s/^28 1/40 28/; s/ - ext4 / - vfat /' <<<"$root" >>"$mounts"
	try --dry-run
	complains '/boot/grub/grubenv is on another file system, by a link, which GRUB cannot write to'
}

@test "the next boot is for something else already: refused" {
	chosen osprober-efi-ABCD
	try --dry-run
	complains "another program made the boot loader take 'osprober-efi-ABCD'"
	# A trial of before is replaced.
	grub
	chosen vfioboot-trial
	try --dry-run
	[ "$status" = 0 ]
	ln -s /var/lib/PackageKit "$host/system-update"
	try --dry-run
	complains 'installs updates \(/system-update is there\)'
}

@test "GRUB on btrfs with a block of its own for the environment: fine" {
	sed -i 's/ - ext4 / - btrfs /' "$host/proc/self/mountinfo"
	sed -i 's/^####/env_block=512+1\n####/' "$host/boot/grub/grubenv"
	try --dry-run
	[ "$status" = 0 ]
	says "^Would write the entry 'vfioboot-trial' into /boot/grub/custom.cfg"
	says '^	linux	/boot/vmlinuz-.* vfioboot.profile=passthrough vfioboot.trial='
	[[ $stderr != *btrfs* ]]
}

@test "GRUB on LVM, and on RAID below a partition: refused" {
	local volume=sys/devices/virtual/block/dm-0
	put "$volume/dm/uuid" <<<'LVM-abcdef'
	mkdir -p "$host/$volume/slaves"
	ln -s "../../../../${disk#sys/devices/}/nvme0n1p2" "$host/$volume/slaves/nvme0n1p2"
	ln -s ../../devices/virtual/block/dm-0 "$host/sys/dev/block/254:0"
	sed -i 's/^28 1 259:2 /28 1 254:0 /' "$host/proc/self/mountinfo"
	try --dry-run
	complains 'logical volume \(LVM\)'
	# LUKS alone GRUB can write through.
	put "$volume/dm/uuid" <<<'CRYPT-LUKS2-abcdef'
	try --dry-run
	[ "$status" = 0 ]
	mkdir "$host/$disk/md"
	try --dry-run
	complains 'RAID'
}

@test "a grub.cfg that knows of no next_entry, or no custom.cfg: refused" {
	sed -i '/save_env/d' "$host/boot/grub/grub.cfg"
	try --dry-run
	complains 'does not take an entry once'
	grub
	sed -i '/custom.cfg/d' "$host/boot/grub/grub.cfg"
	try --dry-run
	complains 'does not read custom.cfg'
}

@test "a kernel that grub.cfg does not have: refused" {
	sed -i 's/BOOT_IMAGE=[^ ]*/BOOT_IMAGE=\/boot\/vmlinuz-mine/' "$host/proc/cmdline"
	try --dry-run
	complains 'no entry for the kernel that runs, /boot/vmlinuz-mine'
}

@test "rEFInd, Limine and extlinux have no choice that they forget: refused" {
	local file
	for file in boot/refind_linux.conf boot/limine.conf boot/extlinux/extlinux.conf; do
		rm -rf "${host:?}/boot/grub" "${host:?}"/boot/*.conf "${host:?}/boot/extlinux"
		put "$file" </dev/null
		try --dry-run
		complains 'cannot boot an entry only once'
	done
}

@test "without systemd nothing would bring the machine back: refused" {
	rmdir "$host/run/systemd/system"
	try --dry-run
	complains "does not run systemd.*; choose the entry at the boot menu instead"
}

@test "of another machine's files a trial is only shown" {
	try
	[ "$status" = 2 ]
	[[ $stderr == *'a trial is for this machine'* ]]
	try --keep --cancel
	[ "$status" = 2 ]
	try more
	[ "$status" = 2 ]
}

# chosen ID: what GRUB takes at the next boot
chosen() {
	sed -i "s/^####/next_entry=$1\n####/" "$host/boot/grub/grubenv"
}

# state PHASE REASON TEXT: of a trial of another boot
state() {
	put proc/sys/kernel/random/boot_id <<<11111111-1111-1111-1111-111111111111
	put var/lib/vfioboot/trial/state <<-END
		vfioboot-trial 1
		phase $1
		reason $2
		id 20261120-171500
		text $3
		loader grub
		profile passthrough
		parameters vfioboot.profile=passthrough vfioboot.trial=20261120-171500 panic=30
		armed_boot 22222222-2222-2222-2222-222222222222
		boot 33333333-3333-3333-3333-333333333333
		had_display yes
		display_manager no
		by_person no
		something new
	END
}

@test "status: no trial" {
	try --status
	[ "$status" = 0 ]
	[ "$output" = 'There was no trial.' ]
}

@test "status: confirmed, with the way to keep it" {
	state confirmed - -
	try --status
	says '^Trial 20261120-171500: confirmed: all its devices were bound'
	says "vfioboot try --keep"
}

@test "status: failed, with reason, record and the end of the journal" {
	state failed not-bound '1 of 2 functions not bound'
	put var/lib/vfioboot/trial/system.record <<-'END'
		vfioboot-record 1
		function section=gaming-gpu address=0000:02:00.0 path=00:01.1/00.0 id=10de:2204 wanted=vfio-pci before=- driver=nouveau result=failed reason=unbind-timeout
	END
	seq -f 'journal line %g' 1 30 | put var/lib/vfioboot/trial/journal
	try --status
	says '^Trial 20261120-171500 failed \(not-bound\): 1 of 2 functions not bound\.$'
	says '^  0000:02:00.0 gaming-gpu: failed \(unbind-timeout\): '
	says '^  journal line 30$'
	says '^  journal line 19$'
	[[ $output != *'journal line 18'* ]]
}

@test "status: a boot that ended before its confirmation has failed" {
	state started - 'the system did not reach its default target'
	try --status
	says 'failed \(ended\): its boot ended before it was confirmed.*until then: the system did not'
}

@test "status: a boot that never came up, and one that the loader did not take" {
	state armed - -
	try --status
	says 'failed \(never-up\)'
	chosen vfioboot-trial
	try --status
	says 'failed \(not-taken\)'
}

@test "status: armed, and running" {
	state armed - -
	put proc/sys/kernel/random/boot_id <<<22222222-2222-2222-2222-222222222222
	chosen vfioboot-trial
	try --status
	says 'is the next boot, once'
	# Another program may have changed the loader's choice since.
	grub
	try --status
	says 'was to be the next boot, but the boot loader no longer has that choice'
	state started - 'waiting'
	put proc/cmdline <<<'vfioboot.trial=20261120-171500'
	try --status
	says 'is this boot, and not confirmed yet: waiting'
}

@test "a state that cannot be read is no crash" {
	put var/lib/vfioboot/trial/state <<<'vfioboot-trial 1'
	try --status
	complains 'trial/state'
	printf 'vfioboot-trial 1\nphase what\nid x\n' | put var/lib/vfioboot/trial/state
	try --status
	complains 'trial/state'
	head -c 5000 /dev/urandom | put var/lib/vfioboot/trial/state
	try --status
	complains 'trial/state'
}

@test "a state that cannot be read: said with the remedy, and never taken for none" {
	put var/lib/vfioboot/trial/state <<<'vfioboot-trial 1'
	try --status
	complains "trial/state: it is damaged; 'sudo vfioboot try --cancel' deletes it"
	try --keep --dry-run
	complains "trial/state: it is damaged; 'sudo vfioboot try --cancel' deletes it"
	run --separate-stderr "$vfioboot" status --root "$host"
	[[ $stderr == *"trial/state: it is damaged; 'sudo vfioboot try --cancel' deletes it"* ]]
	try --cancel --dry-run
	[ "$output" = 'Would delete what is left of the last trial.' ]
}

@test "keep says which files it would change" {
	state confirmed - -
	put etc/vfioboot.conf </dev/null
	put etc/vfioboot.conf.d/gaming-gpu.conf <<-'END'
		# Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it.
		[device gaming-gpu]
		path = 00:01.1/00
		profile = passthrough
	END
	try --keep --dry-run
	[ "$status" = 0 ]
	says "remove 'profile = passthrough' from /etc/vfioboot.conf.d/gaming-gpu.conf"
	grep -q profile "$host/etc/vfioboot.conf.d/gaming-gpu.conf"
}

@test "keep refuses what was not tried, or not as it is now" {
	put etc/vfioboot.conf.d/later.conf <<-'END'
		[device later]
		path = 00:02.0
		profile = passthrough
	END
	state confirmed - -
	sed -i 's/^something new/section gaming-gpu 0123456789abcdef/' \
		"$host/var/lib/vfioboot/trial/state"
	try --keep --dry-run
	complains "\[device gaming-gpu\] in /etc/vfioboot.conf was changed after trial 20261120-171500.*'sudo vfioboot try' again"
	complains "\[device later\] in /etc/vfioboot.conf.d/later.conf was no part of trial 20261120-171500.*'sudo vfioboot try' again"
	[[ $output != *Would* && $output != *permanent* ]]
	# Nor is it made permanent by another way.
	printf '[boot]\nwhen = selected\n' >>"$host/etc/vfioboot.conf"
	try --keep --dry-run
	complains 'was changed after'
	[[ $stderr != *'when = always'* ]]
}

@test "a trial that failed is not kept" {
	state failed not-bound -
	try --keep --dry-run
	complains 'not confirmed'
}

# GRUB as Fedora sets it up, on the disk of the host: grub.cfg cut short, and an entry a kernel.
fedora() {
	rm -rf "${host:?}/boot/grub"
	put etc/default/grub <<<'GRUB_ENABLE_BLSCFG=true'
	put proc/cmdline <<<"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-$kernel root=UUID=1234 ro rhgb quiet"
	put boot/grub2/grub.cfg <<-'END'
		if [ "${env_block}" ] ; then
		  load_env -f "${env_block}"
		fi
		if [ "${next_entry}" ] ; then
		   set default="${next_entry}"
		   set next_entry=
		   if [ "${env_block}" ] ; then
		     save_env -f "${env_block}" next_entry
		   else
		     save_env next_entry
		   fi
		   set boot_once=true
		else
		   set default="${saved_entry}"
		fi
		insmod increment
		if [ -n "${boot_counter}" -a "${boot_success}" = "0" ]; then
		  if  [ "${boot_counter}" = "0" -o "${boot_counter}" = "-1" ]; then
		    set default=1
		    set boot_counter=-1
		  fi
		fi
		insmod blscfg
		blscfg
	END
	{
		printf '# GRUB Environment Block\nsaved_entry=0123-%s\n' "$kernel"
		printf '#%.0s' {1..900}
	} | put boot/grub2/grubenv
	local release
	for release in "$kernel" 6.11.4-301.fc41.x86_64; do
		put "boot/loader/entries/0123-$release.conf" <<-END
			title Fedora Linux ($release) 41 (Workstation Edition)
			version $release
			linux /vmlinuz-$release
			initrd /initramfs-$release.img \$tuned_initrd
			options root=UUID=1234 ro rhgb quiet \$tuned_params
			grub_users \$grub_users
			grub_arg --unrestricted
			grub_class fedora
		END
	done
}

@test "Fedora's GRUB: a file beside that of the kernel that runs, below it" {
	fedora
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	# No '-' behind the '~': GRUB would sort by other parts of the name.
	says "^Would write the entry '0123-$kernel_re~vfioboot~trial' into /boot/loader/entries/0123-$kernel_re~vfioboot~trial.conf and have GRUB with entries of the Boot Loader Specification take it once:\$"
	says "^# vfioboot entry: vfioboot-trial of 0123-$kernel_re.conf; 'vfioboot try --cancel' deletes it\$"
	sed -n '/^title/,/^grub_class/p' <<<"$output" | sed 's/=[0-9]*-[0-9]* /=ID /' |
		diff - <(cat <<-END
			title Fedora Linux ($kernel) 41 (Workstation Edition) (vfioboot: one boot on trial)
			version $kernel
			linux /vmlinuz-$kernel
			initrd /initramfs-$kernel.img \$tuned_initrd
			options root=UUID=1234 ro rhgb quiet \$tuned_params vfioboot.profile=passthrough vfioboot.trial=ID panic=30 rd.shell=0 rd.emergency=reboot systemd.crash_reboot=1 systemd.watchdog_sec=60
			grub_users \$grub_users
			grub_arg --unrestricted
			grub_class fedora
		END
		)
	[ "$(find "$host/boot/loader/entries" -type f | wc -l)" = 2 ]
}

@test "Fedora's GRUB: refused where it could not forget, or would not know the entry" {
	fedora
	sed -i 's/ - ext4 / - btrfs /' "$host/proc/self/mountinfo"
	try --dry-run
	complains 'not safe.*btrfs'
	sed -i 's/^####/env_block=512+1\n####/' "$host/boot/grub2/grubenv"
	try --dry-run
	[ "$status" = 0 ]
	sed -i 's/^blscfg$/blscfg default/' "$host/boot/grub2/grub.cfg"
	try --dry-run
	complains 'does not read the entries itself'
	fedora
	sed -i '/save_env/d' "$host/boot/grub2/grub.cfg"
	try --dry-run
	complains 'does not take an entry once'
}

@test "Fedora's GRUB: a default that counts entries is refused" {
	local change
	for change in 's/^saved_entry=.*/saved_entry=1/' 's/^####/boot_counter=3\n####/'; do
		fedora
		sed -i "$change" "$host/boot/grub2/grubenv"
		try --dry-run
		complains 'its default is entry number [13],'
	done
	fedora
	sed -i 's/"${saved_entry}"/"2"/' "$host/boot/grub2/grub.cfg"
	try --dry-run
	complains 'its default is entry number 2,'
	sed -i 's/set default="2"/set default="0"/' "$host/boot/grub2/grub.cfg"
	try --dry-run
	[ "$status" = 0 ]
}

@test "Fedora's GRUB: the kernel that runs has to have one normal entry" {
	fedora
	sed -i 's/$/ vfioboot.profile=x/' "$host/boot/loader/entries/0123-$kernel.conf"
	try --dry-run
	complains "no normal entry in /boot/loader/entries starts the kernel that runs, /vmlinuz-$kernel_re"
	fedora
	cp "$host/boot/loader/entries/0123-$kernel.conf" "$host/boot/loader/entries/0123-copy.conf"
	try --dry-run
	complains 'several entries in /boot/loader/entries'
	# Those of trials, passthrough entries and rescues do not count.
	rm "$host/boot/loader/entries/0123-copy.conf"
	{
		echo "# vfioboot entry: vfioboot-trial of 0123-$kernel.conf; 'vfioboot try --cancel' deletes it"
		cat "$host/boot/loader/entries/0123-$kernel.conf"
	} | put "boot/loader/entries/0123-$kernel~vfioboot~trial.conf"
	try --dry-run
	[ "$status" = 0 ]
}

@test "Fedora's GRUB: cancel and undo know its choice" {
	fedora
	sed -i "s/^####/next_entry=0123-$kernel~vfioboot~trial\n####/" "$host/boot/grub2/grubenv"
	try --cancel --dry-run
	says '^Would cancel the trial'
	sed -i "s/^next_entry=.*/next_entry=0123-$kernel/" "$host/boot/grub2/grubenv"
	try --cancel --dry-run
	[ "$output" = 'There is no trial.' ]
}

# UEFI variables as efivarfs shows them: four bytes, then UTF-16.
efivar() { # NAME TEXT
	{
		printf '\6\0\0\0'
		printf '%s\0' "$2" | sed 's/./&\x00/g;s/\x00\x00$/\x00/' | head -c -1
		printf '\0\0\0'
	} | put "sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

sdboot() {
	rm -rf "${host:?}/boot/grub"
	efivar LoaderInfo 'systemd-boot 252.39'
	efivar LoaderEntrySelected "0123-$kernel.conf"
	printf '\6\0\0\0\177\0\0\0\0\0\0\0' |
		put sys/firmware/efi/efivars/LoaderFeatures-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
	put boot/efi/loader/loader.conf <<<'timeout 3'
	put "boot/efi/loader/entries/0123-$kernel.conf" <<-END
		# Boot Loader Specification type#1 entry
		title      Debian GNU/Linux 13 (trixie)
		version    $kernel
		machine-id 0123
		sort-key   debian
		options    root=UUID=1234 ro quiet
		options    splash
		linux      /0123/$kernel/linux
		initrd     /0123/$kernel/initrd.img-$kernel
	END
}

@test "systemd-boot: the entry that was booted, once more, below its name" {
	sdboot
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	says "into /boot/efi/loader/entries/0123-$kernel_re-vfioboot-trial.conf and have systemd-boot"
	says '^title +Debian GNU/Linux 13 \(trixie\) \(vfioboot: one boot on trial\)$'
	says '^options +root=UUID=1234 ro quiet splash vfioboot.profile=passthrough vfioboot.trial='
	says '^sort-key +debian-vfioboot-trial$'
	[ "$(grep -c ^options <<<"$output")" = 1 ]
}

@test "systemd-boot: the tries of the entry that was booted have been counted since" {
	sdboot
	efivar LoaderEntrySelected "0123-$kernel+3.conf"
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	says "into /boot/efi/loader/entries/0123-$kernel_re-vfioboot-trial.conf and have systemd-boot"
	mv "$host/boot/efi/loader/entries/0123-$kernel.conf" "$host/boot/efi/loader/entries/0123-$kernel+2-1.conf"
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	says "into /boot/efi/loader/entries/0123-$kernel_re-vfioboot-trial.conf and have systemd-boot"
}

@test "systemd-boot that cannot take an entry once, or a boot by an image alone: refused" {
	sdboot
	printf '\6\0\0\0\003\0\0\0\0\0\0\0' |
		put sys/firmware/efi/efivars/LoaderFeatures-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
	try --dry-run
	complains 'cannot take an entry once'
	sdboot
	efivar LoaderEntrySelected debian.efi
	try --dry-run
	complains 'unified kernel image'
}

@test "systemd-boot: entries that are closed are not taken for gone" {
	sdboot
	chmod 700 "$host/boot/efi/loader/entries"
	[ "$(id -u)" = 0 ] || chmod 0 "$host/boot/efi/loader/entries"
	run --separate-stderr as_nobody "$host" try --dry-run
	chmod 755 "$host/boot/efi/loader/entries"
	complains 'cannot read the entries in /boot/efi/loader/entries: Permission denied; run this as root'
}

@test "systemd-boot: a boot by a passthrough entry is no normal one to copy" {
	sdboot
	sed -i 's/ quiet/ quiet vfioboot.profile=x/' "$host/boot/efi/loader/entries/0123-$kernel.conf"
	try --dry-run
	complains 'boot the normal entry first'
}

@test "confirm is for root, and checks its arguments" {
	run --separate-stderr "$vfioboot" confirm --wait nothing
	[ "$status" = 2 ]
	run --separate-stderr "$vfioboot" confirm --wait 0
	[ "$status" = 2 ]
	run --separate-stderr "$vfioboot" confirm more
	[ "$status" = 2 ]
}

# The kernel of the host, built with these options; and as if it had found no IOMMU.
built() { # OPTION...
	printf 'CONFIG_%s=y\n' X86 INTEL_IOMMU "$@" | put "boot/config-$kernel"
}

no_groups() {
	rm -rf "${host:?}"/sys/bus/pci/devices/*/iommu_group "${host:?}"/sys/kernel/iommu_groups \
		"$host"/sys/devices/pci*/*/iommu_group "$host"/sys/devices/pci*/*/*/iommu_group
}

@test "what the machine needs is in the entry, and missing groups are to come by it" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	says "^	linux	/boot/vmlinuz-$kernel_re .* vfioboot.profile=passthrough intel_iommu=on vfioboot.trial="
	says 'no IOMMU group now'
	says '^Tried with it: intel_iommu=on$'
	try --dry-run --append intel_iommu=on --append quiet
	[ "$status" = 0 ]
	[ "$(grep -o intel_iommu=on <<<"$output" | wc -l)" = 2 ]
	says '^Tried with it: intel_iommu=on quiet$'
}

@test "no group, and no parameter that brings one: the firmware is named" {
	no_groups
	built INTEL_IOMMU_DEFAULT_ON
	try --dry-run
	complains "VT-d.*would be refused \(no-iommu-group\)"
}

@test "what switches the IOMMU off is refused, and named" {
	sed -i 's/$/ intel_iommu=off/' "$host/proc/cmdline"
	try --dry-run
	complains 'intel_iommu=off: it disables the IOMMU.*remove it'
}

@test "what the trial has itself is judged with the command line" {
	no_groups
	built INTEL_IOMMU_DEFAULT_OFF
	for parameter in intel_iommu=off iommu=off; do
		try --dry-run --append "$parameter"
		complains "$parameter: it disables the IOMMU.*leave it out of the entry"
	done
	sed -i 's/$/ -- single/' "$host/proc/cmdline"
	try --dry-run --append iommu=off
	complains 'iommu=off: it disables the IOMMU.*leave it out of the entry'
	sed -i 's/ -- single/ intel_iommu=off/' "$host/proc/cmdline"
	try --dry-run --append intel_iommu=on
	[ "$status" = 0 ]
	says ' vfioboot.profile=passthrough intel_iommu=on vfioboot.trial='
}

@test "what another profile needs is not in the entry" {
	built INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF
	put etc/vfioboot.conf.d/laptop.conf <<-'END'
		[device laptop]
		path = 00:02.0
		last-display = yes
		profile = laptop
	END
	try --dry-run --profile passthrough
	[ "$status" = 0 ]
	[[ $output != *intel_iommu* ]]
	try --dry-run --profile laptop
	[ "$status" = 0 ]
	says '^Tried with it: intel_iommu=on$'
	# Nor in that of the menu.
	put etc/grub.d/10_linux </dev/null
	put etc/grub.d/11_linux_passthrough </dev/null
	chmod +x "$host"/etc/grub.d/*
	run --separate-stderr "$vfioboot" entry add --dry-run --root "$host"
	says '	vfioboot.profile=laptop intel_iommu=on$'
	says '	vfioboot.profile=passthrough$'
}

@test "what is for a trial alone: a kernel without the firmware's framebuffer" {
	printf 'CONFIG_%s=y\n' X86 INTEL_IOMMU INTEL_IOMMU_DEFAULT_ON |
		put boot/config-5.15.0-91-generic
	put proc/sys/kernel/osrelease <<<5.15.0-91-generic
	put proc/iomem <<-'END'
		90000000-9fffffff : 0000:00:02.0
		  90000000-907e8fff : BOOTFB
	END
	put sys/devices/pci0000:00/0000:00:02.0/resource <<-END
		0x0000000090000000 0x000000009fffffff 0x000000000014220c
		$(printf '0x0000000000000000 0x0000000000000000 0x0000000000000000\n%.0s' {1..5})
	END
	put etc/vfioboot.conf <<-'END'
		[device laptop]
		path = 00:02.0
		last-display = yes
		profile = laptop
	END
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	says ' vfioboot.profile=laptop initcall_blacklist=sysfb_init vfioboot.trial='
}

@test "a device that the normal entry gives away for good is no reason to refuse" {
	sed -i 's/$/ vfioboot.device=00:02.0/' "$host/proc/cmdline"
	try --dry-run
	[ "$status" = 0 ] || { echo "$stderr"; false; }
	says '^  0000:02:00.0 gaming-gpu bind vfio-pci$'
	says '^  0000:00:02.0 cmdline1 bind vfio-pci$'
	says '^The normal entry binds 1 section of these, too\.$'
	# Nor is it taken for a part of what is tried.
	sed -i /profile/d "$host/etc/vfioboot.conf"
	printf '[boot]\nwhen = selected\n' >>"$host/etc/vfioboot.conf"
	try --dry-run
	[ "$status" = 0 ]
	says '^The normal entry binds 1 section of these, too\.$'
}

@test "what the normal entry gives away for good is in the copy, for each loader" {
	local loader entry
	while read -r loader entry; do
		$loader
		sed -i '/vfioboot/!s/$/ vfioboot.device=00:02.0/' "$host/proc/cmdline"
		entry=$host/boot/$entry
		sed -i 's/ro quiet$\|ro rhgb quiet/& vfioboot.device=00:02.0/' "$entry"
		grep -q vfioboot.device "$entry"
		# Nor is what a comment says a parameter.
		echo '# see vfioboot.conf, or vfioboot.profile=passthrough' >>"$entry"
		try --dry-run
		[ "$status" = 0 ] || { echo "$loader: $stderr"; false; }
		says ' quiet vfioboot.device=00:02.0 (.* )?vfioboot.profile=passthrough .*vfioboot.trial='
		says '^  0000:00:02.0 cmdline1 bind vfio-pci$'
		says '^The normal entry binds 1 section of these, too\.$'
		sed -i 's/vfioboot.device=00:02.0/& vfioboot.off/' "$entry"
		try --dry-run
		complains 'no entry for the kernel|no normal entry in|boot the normal entry first'
	done <<-END
		grub grub/grub.cfg
		fedora loader/entries/0123-$kernel.conf
		sdboot efi/loader/entries/0123-$kernel.conf
	END
}

@test "a passthrough boot is no normal one to start from" {
	sed -i 's/$/ vfioboot.profile=passthrough/' "$host/proc/cmdline"
	try --dry-run
	complains 'boot the normal entry first'
}

@test "names and parameters that would be something else in an entry" {
	try --dry-run --append vfioboot.off
	[ "$status" = 2 ]
	[[ $stderr == *'for vfioboot itself'* ]]
	printf '[boot]\nwhen = selected\n[device x]\npath = 00:01.1/00\n' | put etc/vfioboot.conf
	try --dry-run --profile 'a; b'
	complains 'cannot be the name of a profile'
	try --dry-run --append "$(printf 'a%.0s' {1..300})"
	[ "$status" = 2 ]
}

@test "the parameters together are never cut" {
	local long
	long=$(printf 'a%.0s' {1..250})
	try --dry-run --append "$long"
	[ "$status" = 0 ]
	says " $long vfioboot.trial=[0-9]{8}-[0-9]{6} panic=30 .* systemd.watchdog_sec=60\$"
	says "^Tried with it: $long\$"
	sed -i "s/\$/ $(printf 'b%.0s' {1..1600})/" "$host/proc/cmdline"
	try --dry-run --append "$long"
	complains 'the kernel may cut it \(at 2048\)'
}

tried() { # PARAMETER...
	sed -i "s/^something new/tried $*/" "$host/var/lib/vfioboot/trial/state"
}

json() { # FILTER
	run -0 --separate-stderr "$vfioboot" status --json --root "$host"
	json_true ".trial | $1" <<<"$output"
}

@test "kept: said so, and not offered again" {
	state kept - -
	try --status
	says '^Its setting is permanent'
	[[ $output != *'makes its setting permanent'* ]]
	json '.phase == "kept"'
	rm -f "$host/etc/vfioboot.conf"
	try --keep --dry-run
	[ "$status" = 0 ]
	says '^The setting of trial 20261120-171500 is permanent already\.$'
}

@test "parameters that were tried are not forgotten, until the normal entry has them" {
	state confirmed - -
	tried intel_iommu=on iommu.passthrough=1
	rm -f "$host/etc/vfioboot.conf"
	try --keep --dry-run
	[ "$status" = 0 ]
	says '^Tried with it, and not in the normal entry: intel_iommu=on iommu.passthrough=1$'
	says "^Run 'sudo vfioboot cmdline --apply' to make them permanent"
	sed -i 's/$/ intel_iommu=on/' "$host/proc/cmdline"
	try --status
	says '^Tried with it, and not in the normal entry: iommu.passthrough=1$'
	sed -i 's/$/ iommu.passthrough=1/' "$host/proc/cmdline"
	state kept - -
	tried intel_iommu=on iommu.passthrough=1
	try --status
	[ "$status" = 0 ]
	[[ $output != *'normal entry'* ]]
	# In the trial's own boot they come from its entry.
	sed -i 's/$/ vfioboot.trial=20261120-171500/' "$host/proc/cmdline"
	try --status
	says '^Tried with it, and not in the normal entry: intel_iommu=on iommu.passthrough=1$'
}

@test "JSON has of a trial what the sentences say" {
	json '. == null'
	state armed - -
	json '.phase == "failed" and .reason == "never-up"'
	put proc/sys/kernel/random/boot_id <<<22222222-2222-2222-2222-222222222222
	json '.phase == "armed" and .reason == null'
}

@test "a configuration that was changed after the trial was started: status and apply say so" {
	state armed - -
	chosen vfioboot-trial
	put proc/sys/kernel/random/boot_id <<<22222222-2222-2222-2222-222222222222
	sed -i 's/^something new/config 0123456789abcdef/' "$host/var/lib/vfioboot/trial/state"
	try --status
	says '^The configuration was changed since'
	run --separate-stderr "$vfioboot" apply --dry-run --root "$host"
	[[ $stderr == *'started with another configuration: it would fail (changed)'* ]]
	state armed - -
	put proc/sys/kernel/random/boot_id <<<22222222-2222-2222-2222-222222222222
	try --status
	says 'is the next boot'
	[[ $output != *changed* ]]
}

@test "undo takes a trial back first" {
	# The files that the entry loads are not here, so what is in them stays unknown.
	run -3 --separate-stderr "$vfioboot" undo --dry-run --root "$host"
	says '^move /etc/vfioboot.conf to '
	[[ $output != *trial* ]]
	state armed - -
	chosen vfioboot-trial
	run -3 --separate-stderr "$vfioboot" undo --dry-run --root "$host"
	says '^Would cancel the trial of the next boot\.$'
	grub
	run -3 --separate-stderr "$vfioboot" undo --dry-run --root "$host"
	says '^Would delete the files of the last trial below /var/lib/vfioboot/trial\.$'
	state started - -
	put proc/cmdline <<<'vfioboot.trial=20261120-171500'
	run --separate-stderr "$vfioboot" undo --dry-run --root "$host"
	complains 'this boot is a trial'
}

@test "cancel: nothing, a choice without a state, a trial that runs" {
	try --cancel --dry-run
	[ "$output" = 'There is no trial.' ]
	chosen vfioboot-trial
	try --cancel --dry-run
	says '^Would cancel the trial'
	state started - -
	put proc/cmdline <<<'vfioboot.trial=20261120-171500'
	try --cancel --dry-run
	complains 'this boot is the trial'
}

# live COMMAND: the state of trials is below $host, and what systemctl and journalctl say is ours
live() {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace"
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$host/var/lib"
	printf '#!/bin/sh\necho "a secret of the journal"\n' >"$BATS_TEST_TMPDIR/bin/journalctl"
	cat >"$BATS_TEST_TMPDIR/bin/systemctl" <<-'END'
		#!/bin/sh
		# Links of a target count, whatever the unit itself is.
		[ "$*" != '--quiet is-active default.target' ] || exit 0
		[ "$1 $2" = 'show --property=LoadState,WantedBy' ] || exit 1
		case $3 in
		vfioboot-confirm.service) echo WantedBy=sysinit.target ;;
		vfioboot-settle.service) echo WantedBy=multi-user.target ;;
		esac
		[ "$3" = "$bad_unit" ] || state=loaded
		echo "LoadState=${state:-masked}"
	END
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	run --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin:$PATH" host="$host" \
		vfioboot="$(realpath "$vfioboot")" bad_unit="${bad_unit:-}" \
		unshare -rm bash -ec 'mount --bind "$host/var/lib" /var/lib
			mount --bind "$host/run" /run
			'"$1"
}

@test "cancel of a trial that is over says what is left" {
	state failed not-bound '1 of 2 functions not bound'
	live '"$vfioboot" try --cancel'
	[ "$status" = 0 ]
	[ "$output" = 'Deleted what was left of the last trial.' ]
	[ ! -e "$host/var/lib/vfioboot" ]
	state kept - -
	live '"$vfioboot" try --cancel'
	[ "$status" = 0 ]
	[[ $output == *"Its setting stays; 'sudo vfioboot remove' removes it." ]]
}

@test "the journal that is kept of a trial is not for everybody" {
	state started - -
	live '"$vfioboot" confirm'
	[ "$(cat "$host/var/lib/vfioboot/trial/journal")" = 'a secret of the journal' ]
	[ "$(stat -c %a "$host/var/lib/vfioboot/trial/journal")" = 600 ]
	# Nor one that an older version has kept.
	chmod 644 "$host/var/lib/vfioboot/trial/journal"
	state started - -
	live '"$vfioboot" confirm'
	[ "$(stat -c %a "$host/var/lib/vfioboot/trial/journal")" = 600 ]
}

# watch SECONDS: 'vfioboot confirm', as its unit runs it in the boot of the trial
watch() {
	echo 'ro vfioboot.trial=20261120-171500' >"$host/cmdline"
	live 'mount --bind "$host/cmdline" /proc/cmdline
		mount --bind "$host/boot" /boot
		"$vfioboot" confirm --wait '"$1"
}

# What runs in live() while another process has the lock of all that changes the machine.
held='
	mkdir -p -m 700 /run/vfioboot/private
	exec 9>/run/vfioboot/private/lock
	flock 9
	sleep 60 &
	holder=$!
	exec 9>&-
	trap "kill $holder" EXIT
'

# bats test_tags=slow
@test "one lock: try and cancel wait for who has it, and then say so" {
	state failed not-bound -
	live "$held"'"$vfioboot" try --cancel'
	complains 'another vfioboot command is changing this system'
	[ -e "$host/var/lib/vfioboot/trial/state" ]
	# It lies where only root may go; what anybody can lock stops nobody.
	[ "$(stat -c %a "$host/run/vfioboot/private")" = 700 ]
	rm -r "${host:?}/run/vfioboot"
	live 'flock /var/lib/vfioboot/trial "$vfioboot" try --cancel'
	[ "$status" = 0 ]
	[ "$(stat -c %a "$host/run/vfioboot/private/lock")" = 600 ]
}

# bats test_tags=slow
@test "the watch: whoever has the lock, it is stopped at once" {
	state armed - -
	echo 'ro vfioboot.trial=20261120-171500' >"$host/cmdline"
	live "$held"'mount --bind "$host/cmdline" /proc/cmdline
		mount --bind "$host/boot" /boot
		"$vfioboot" confirm --wait 300 &
		watch=$!
		# It blocks SIGTERM when it is ready; bash does, too, before it starts it.
		until ! grep -q "^Name:.bash$" /proc/$watch/status &&
			grep -q "^SigBlk:.*[4-7c-f]...$" /proc/$watch/status; do
			sleep 0.1
			kill -0 $watch
		done
		SECONDS=0
		kill -TERM $watch
		wait $watch
		[ $SECONDS -lt '"$(patience 4)"' ]'
	[ "$status" = 0 ]
	says '^trial 20261120-171500: the watch was stopped$'
	grep -q '^phase armed$' "$host/var/lib/vfioboot/trial/state"
}

# bats test_tags=slow
@test "the watch: an entry that was taken again is no reason to restart" {
	state failed not-bound '1 of 2 functions not bound'
	watch 1
	[ "$status" = 0 ]
	[[ $stderr == *'remove the parameter'* ]]
	grep -q '^reason not-bound$' "$host/var/lib/vfioboot/trial/state"
	# Its own boot ended without an end, and this is another one.
	state started - waiting
	watch 1
	[ "$status" = 0 ]
	grep -q '^reason ended$' "$host/var/lib/vfioboot/trial/state"
}

# bats test_tags=slow
@test "the watch: without a state the parameter came from somewhere, without /var/lib it was lost" {
	mkdir -p "$host/var/lib"
	watch 1
	[ "$status" = 0 ]
	[[ $stderr == *'there is no such trial'* ]]
	# The tree itself may lie below /var.
	cp "$PROGRAM" "$host/run/program"
	live 'mount --bind "$host/cmdline" /proc/cmdline
		mount -t tmpfs none /var
		/run/program confirm --wait 1'
	[ "$status" = 1 ]
	[[ $stderr == *'cannot write '*'returning to the normal entry'* ]]
}

@test "after a trial: a state that cannot be read keeps no choice" {
	put var/lib/vfioboot/trial/state <<<'vfioboot-trial 2'
	cat >"$BATS_TEST_TMPDIR/grub-editenv" <<-'END'
		#!/bin/sh
		case $2 in
		list) grep = "$1" ;;
		unset) sed -i "/^$3=/d" "$1" ;;
		*) exit 1 ;;
		esac
	END
	chmod +x "$BATS_TEST_TMPDIR/grub-editenv"
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cp "$BATS_TEST_TMPDIR/grub-editenv" "$BATS_TEST_TMPDIR/bin"
	chosen vfioboot-trial
	live 'mount --bind "$host/boot" /boot; "$vfioboot" confirm'
	[ "$status" = 1 ]
	[[ $stderr == *trial/state* ]]
	! grep next_entry "$host/boot/grub/grubenv" || false
}

@test "a boot that PID 1 would not start the watch in: refused" {
	sed -i 's/$/ rd.emergency single/' "$host/proc/cmdline"
	try --dry-run
	[ "$status" = 0 ]
	sed -i 's/$/ emergency/' "$host/proc/cmdline"
	try --dry-run
	complains 'asks for emergency.target, .*boot without that first'
	# What is tried comes last.
	try --dry-run --append systemd.unit=multi-user.target
	[ "$status" = 0 ]
}

# bats test_tags=slow
@test "the watch: it waits for what the kernel command line asks for" {
	mkdir -p "$host/var/lib"
	echo 'ro vfioboot.trial=20261120-171500 systemd.unit=kiosk.target' >"$host/cmdline"
	# Of a trial that is not known it is the coming up that ends the watch.
	live 'mount --bind "$host/cmdline" /proc/cmdline
		sed -i s/default.target/kiosk.target/ "$(command -v systemctl)"
		"$vfioboot" confirm --wait 1'
	[ "$status" = 0 ]
	[[ $stderr == *'there is no such trial'* ]]
}

# bats test_tags=slow
@test "the watch: a long command line is read whole, and an unreadable one is no boot without a trial" {
	mkdir -p "$host/var/lib"
	{ printf 'ro %s' "$(printf 'x%.0s' {1..5000})"; echo ' vfioboot.trial=20261120-171500'; } \
		>"$host/cmdline"
	live 'mount --bind "$host/cmdline" /proc/cmdline
		"$vfioboot" confirm --wait 1'
	[[ $stderr == *'this boot has vfioboot.trial=20261120-171500'* ]]
	# Reading that is an error of the kernel's own.
	live 'mount --bind /proc/self/mem /proc/cmdline
		"$vfioboot" confirm --wait 1'
	[ "$status" = 1 ]
	[[ $stderr == *'cannot read the kernel command line'* ]]
}

# live_host COMMAND: the host is this machine, and its systemctl says that $active is active
live_host() {
	mkdir -p "$host"/{bin,dev}
	: >"$host/dev/null"
	unshare -r chroot / true 2>/dev/null || skip "needs a user namespace"
	programs_into "$host" "$PROGRAM" /bin/sh
	cat >"$host/bin/systemctl" <<-'END'
		#!/bin/sh
		[ "$*" = "--quiet is-active $active" ] && exit
		case $* in
		'show --property=LoadState,WantedBy '*)
			echo LoadState=loaded
			echo WantedBy=sysinit.target multi-user.target
			exit
			;;
		esac
		exit 1
	END
	chmod +x "$host/bin/systemctl"
	run --separate-stderr env PATH="/bin:$PATH" active="$active" \
		unshare -r chroot "$host" /bin/sh -ec "$1"
}

@test "what PID 1 is to start, and is not active in this boot: warned of" {
	# How it ends does not count: the sanitizer of leaks needs a real /proc.  So would GRUB's disk.
	sdboot
	active=default.target live_host 'vfioboot try --dry-run'
	[[ $stderr != *'not active'* && $stderr == *"run 'sudo vfioboot apply' first"* ]]
	active=multi-user.target live_host 'vfioboot try --dry-run'
	[[ $stderr == *'the default target is not active in this boot'*'(not-up)'* ]]
	sed -i 's/$/ 3/' "$host/proc/cmdline"
	active=multi-user.target live_host 'vfioboot try --dry-run'
	[[ $stderr != *'not active'* && $stderr == *"run 'sudo vfioboot apply' first"* ]]
	active=default.target live_host 'vfioboot try --dry-run'
	[[ $stderr == *'multi-user.target, which the kernel command line asks for, is not active'* ]]
}

@test "options that would be left alone are misuse" {
	while IFS='|' read -r options message; do
		read -ra words <<<"$options"
		try "${words[@]}"
		[ "$status" = 2 ]
		[ -z "$output" ]
		[[ $stderr == "vfioboot try: $message"* ]]
	done <<-'END'
		--keep --cancel|use only one of --keep, --cancel and --status
		--status --profile x|--profile is for the start of a trial, and not for --status
		--cancel --profile x|--profile is for the start of a trial, and not for --cancel
		--keep --append iommu=pt|--append is for the start of a trial, and not for --keep
		--status --dry-run|--dry-run has no effect on --status, which changes nothing
	END
}

@test "keep changes all drop-ins, or none" {
	local name
	state confirmed - -
	put etc/vfioboot.conf </dev/null
	for name in gaming-gpu other; do
		put "etc/vfioboot.conf.d/$name.conf" <<-END
			# Written by 'vfioboot add'; 'vfioboot remove NAME' deletes it.
			[device $name]
			path = 00:01.1/00
			profile = passthrough
		END
	done
	cp -r "$host/etc/vfioboot.conf.d" "$BATS_TEST_TMPDIR/before"
	# Something that is not cleared away is in the place of the second one's new text.
	mkdir -p "$host/etc/vfioboot.conf.d/.other.conf.vfioboot-new/x"
	active=default.target live_host 'vfioboot try --keep'
	[[ $stderr == *'cannot write /etc/vfioboot.conf.d/other.conf: '*'no drop-in was changed'* ]]
	[[ $output != *'every boot'* && $output != *rebuilt* ]]
	rm -r "${host:?}/etc/vfioboot.conf.d/.other.conf.vfioboot-new"
	diff -r "$BATS_TEST_TMPDIR/before" "$host/etc/vfioboot.conf.d"
	active=default.target live_host 'vfioboot try --keep'
	[[ $output == *'gaming-gpu: bound at every boot from now on (/etc/vfioboot.conf.d/gaming-gpu.conf).'* ]]
	[[ $output == *'other: bound at every boot from now on (/etc/vfioboot.conf.d/other.conf).'* ]]
	run ! grep -r profile "$host/etc/vfioboot.conf.d"
}

@test "keep says when the entries of the boot menu no longer fit" {
	state confirmed - -
	printf 'passthrough\tPassthrough\tvfioboot.profile=other\n' >"$host/etc/vfioboot.entries"
	active=default.target live_host 'vfioboot try --keep'
	[[ $stderr == *"outdated entries; run 'sudo vfioboot entry add'"* ]]
}
