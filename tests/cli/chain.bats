#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # run and machine.bash set these
#
# From the boot loader to the image: `status`, `check` and `apply --dry-run` speak of what the entries
# start, whatever distributions call it.

bats_require_minimum_version 1.5.0

load machine

second='[device second]
path = 00:01.1/00
expect = 2'

# A kernel as it is started, as far as its header for boot loaders goes: bzimage RELEASE FILE
bzimage() {
	mkdir -p "$(dirname "$root/$2")"
	{
		head -c 514 /dev/zero
		printf 'HdrS\0\0\0\0\0\0\0\0\0\1'
		head -c 240 /dev/zero
		printf '%s (builder@host) #1 SMP\0' "$1"
	} >"$root/$2"
}

# kernel RELEASE PACKAGE NAME: with its modules, and in /boot as vmlinuz-NAME
kernel() {
	mkdir -p "$root/usr/lib/modules/$1/kernel"
	: >"$root/usr/lib/modules/$1/modules.dep"
	echo "$2" >"$root/usr/lib/modules/$1/pkgbase"
	bzimage "$1" "usr/lib/modules/$1/vmlinuz"
	bzimage "$1" "boot/vmlinuz-$3"
}

# image mkinitcpio|dracut|microcode FILE...: without anything of vfioboot
# image mkinitcpio+us|dracut+us FILE...: with all that is configured now
image() {
	local dir=$work/image file maker=$1
	rm -rf "${dir:?}"
	mkdir -p "$dir"
	case $maker in
	microcode) mkdir -p "$dir/kernel/x86/microcode" && echo code >"$dir/kernel/x86/microcode/A.bin" ;;
	mkinitcpio*)
		mkdir "$dir/hooks"
		: >"$dir/buildconfig"
		echo 'EARLYHOOKS="vfioboot udev"' >"$dir/config"
		: >"$dir/hooks/vfioboot"
		;;
	dracut*)
		mkdir -p "$dir/usr/lib/dracut/hooks/cmdline"
		: >"$dir/usr/lib/dracut/hooks/cmdline/00-vfioboot.sh"
		;;
	esac
	if [[ $maker == *+us ]]; then
		mkdir -p "$dir/usr/lib/vfioboot" "$dir/etc"
		cp "$early" "$dir/usr/lib/vfioboot/"
		cp "$root/etc/vfioboot.conf" "$dir/etc/"
		"$vfioboot" protect --root "$root" >"$dir/etc/vfioboot.protect" 2>/dev/null || true
	fi
	for file in "${@:2}"; do
		mkdir -p "$(dirname "$root/$file")"
		(cd "$dir" && find . | cpio -o -H newc --quiet) >"$root/$file"
	done
}

# menu TITLE KERNEL INITRD... [-- TITLE KERNEL INITRD...]: grub.cfg with these entries
menu() {
	mkdir -p "$root/boot/grub"
	echo 'set default="0"' >"$root/boot/grub/grub.cfg"
	while (($#)); do
		printf "menuentry '%s' --class os \$menuentry_id_option 'gnulinux-%s-simple' {\n\tlinux %s root=/dev/vda2 rw\n" \
			"$1" "${1// /}" "$2"
		shift 2
		printf '\tinitrd'
		while (($#)) && [[ $1 != -- ]]; do
			printf ' %s' "$1"
			shift
		done
		printf '\n}\n'
		[[ ${1-} != -- ]] || shift
	done >>"$root/boot/grub/grub.cfg"
}

# A machine with a configuration and the program of a generator.
arch_with() {
	machine identical-cards
	config "$second"
	mkdir -p "$root/usr/bin" "$root/usr/lib/vfioboot"
	: >"$root/usr/bin/$1"
	install -D /dev/null "$root/usr/lib/dracut/modules.d/50vfioboot/module-setup.sh"
	install -D /dev/null "$root/usr/lib/initcpio/install/vfioboot"
	cp "$early" "$root/usr/lib/vfioboot/"
}

status() {
	run "$vfioboot" status --root "$root"
	json=$("$vfioboot" status --json --root "$root") || true
}

dry_run() {
	run --separate-stderr "$vfioboot" apply --dry-run --root "$root"
}

# points STATE: the points of images in `check`
points() {
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image") | .state] | length > 0 and
		all(. == "'"$1"'")' <<<"$output"
}

by_series() {
	arch_with mkinitcpio
	kernel 6.0.11-1-X linux60 6.0-x86_64
	mkdir -p "$root/etc/mkinitcpio.d"
	cat >"$root/etc/mkinitcpio.d/linux60.preset" <<-'END'
		ALL_kver="/boot/vmlinuz-6.0-x86_64"
		PRESETS=('default' 'fallback')
		default_image="/boot/initramfs-6.0-x86_64.img"
		fallback_image="/boot/initramfs-6.0-x86_64-fallback.img"
		fallback_options="-S autodetect"
	END
	image microcode boot/intel-ucode.img
	image mkinitcpio boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/intel-ucode.img /boot/initramfs-6.0-x86_64.img -- \
		'X Linux fallback' /boot/vmlinuz-6.0-x86_64 /boot/intel-ucode.img \
		/boot/initramfs-6.0-x86_64-fallback.img
}

@test "kernels named by series: the images of the presets" {
	by_series
	status
	[[ $output == *"The default entry 'X Linux' starts /boot/initramfs-6.0-x86_64.img (kernel 6.0.11-1-X), which is without vfioboot"* ]]
	[[ $output == *"The entry 'X Linux fallback' starts /boot/initramfs-6.0-x86_64-fallback.img"* ]]
	json_is '.ready == false and [.images[].path] ==
		["/boot/initramfs-6.0-x86_64.img", "/boot/initramfs-6.0-x86_64-fallback.img"]'
	json_is '.entries[0] | .default and .kernel == "6.0.11-1-X" and
		.images == ["/boot/intel-ucode.img", "/boot/initramfs-6.0-x86_64.img"]'
	points fail
	dry_run
	[ "$status" -eq 0 ]
	[[ $output == *"run mkinitcpio "*"rename "*" to /boot/initramfs-6.0-x86_64.img"* ]]
	[[ $output == *" to /boot/initramfs-6.0-x86_64-fallback.img"* ]]
	[[ $output != *initramfs-6.0.11* ]]
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	[[ $output == *"The default entry 'X Linux' starts an image that has today's configuration."* ]]
	json_is '.ready == true'
	points pass
}

@test "an image that nothing starts is no answer" {
	by_series
	image mkinitcpio boot/custom.img
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/custom.img
	dry_run
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *"mkinitcpio would write /boot/initramfs-6.0-x86_64.img, which no entry of the boot menu starts; 'X Linux' starts /boot/custom.img"* ]]
	[[ $stderr == *'nothing was changed'* ]]
	# Such images that are up to date make nothing ready.
	image mkinitcpio+us boot/initramfs-6.0-x86_64{,-fallback}.img
	status
	[[ $output == *"The default entry 'X Linux' starts /boot/custom.img (kernel 6.0.11-1-X), which is without vfioboot"* ]]
	[[ $output == *'No entry of the boot menu starts /boot/initramfs-6.0-x86_64.img.'* ]]
	json_is '.ready == false and ([.images[] | select(.started) | .path] == ["/boot/custom.img"])'
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .found] | length == 1 and
		(.[0] | contains("/boot/custom.img"))' <<<"$output"
	# Nor does it count for less where no entry is known to be the default.
	sed -i 's/^set default=.*/set default="${chosen}"/' "$root/boot/grub/grub.cfg"
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .found] | length == 1 and
		(.[0] | contains("/boot/custom.img"))' <<<"$output"
	sed -i 's/^set default=.*/set default="0"/' "$root/boot/grub/grub.cfg"
	dry_run
	[ "$status" -eq 3 ]
	[[ $stderr == *'/boot/custom.img is unchanged: '* && ${lines[0]} == 'Nothing else to do.' ]]
	[[ ${lines[1]} == 'At the next boot, once its image is up to date, 2 functions will be bound, 0 refused;'* ]]
	# Nor are those that are made.
	image mkinitcpio boot/initramfs-6.0-x86_64{,-fallback}.img
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/custom.img -- \
		'Other' /boot/vmlinuz-6.0-x86_64 /boot/initramfs-6.0-x86_64.img
	dry_run
	[[ $output == *'run mkinitcpio '*'At the next boot, once its image is up to date, 2 functions will be bound'* ]]
	sed -i 's/default="0"/default="1"/' "$root/boot/grub/grub.cfg"
	dry_run
	[[ $output == *'run mkinitcpio '*'At the next boot 2 functions will be bound'* ]]
}

@test "an entry whose kernel is gone starts nothing, whatever its image has" {
	arch_with dracut
	mkdir -p "$root/boot/loader/entries" "$root/boot/grub2" "$root/etc/default"
	echo GRUB_ENABLE_BLSCFG=true >"$root/etc/default/grub"
	printf 'set default="${saved_entry}"\nblscfg\n' >"$root/boot/grub2/grub.cfg"
	kernel 6.11.10-300 linux 6.11.10-300
	kernel 6.12.1-300 linux 6.12.1-300
	rm "$root/boot/vmlinuz-6.12.1-300"
	image dracut+us boot/initramfs-6.11.10-300.img boot/initramfs-6.12.1-300.img
	for version in 6.11.10-300 6.12.1-300; do
		printf 'title %s\nversion %s\nlinux /vmlinuz-%s\ninitrd /initramfs-%s.img\noptions ro\n' \
			$version $version $version $version >"$root/boot/loader/entries/id-$version.conf"
	done
	status
	[[ $output == *"The default entry '6.12.1-300' lacks a file that it loads: its kernel /boot/vmlinuz-6.12.1-300 is missing."* ]]
	json_is '.ready == false and [.entries[].state] == ["missing", "fresh"]'
	dry_run
	[ "$status" -eq 3 ]
	[[ $stderr == *"the default entry '6.12.1-300' is unchanged: its kernel /boot/vmlinuz-6.12.1-300 is missing; rebuild the boot menu"* ]]
	# Where that cannot be seen it is not said.
	mkdir "$root/boot/closed"
	mv "$root/boot/vmlinuz-6.11.10-300" "$root/boot/closed/"
	sed -i 's|^linux .*|linux /closed/vmlinuz-6.11.10-300|' "$root/boot/loader/entries/"*.conf
	chmod 700 "$root/boot/closed"
	run as_nobody "$root" status
	chmod 755 "$root/boot/closed"
	[[ $output != *'is missing'* ]]
}

@test "images named by packages, of dracut" {
	arch_with dracut
	kernel 6.6.22-1-lts linux-lts linux-lts
	kernel 6.7.9-arch1-1 linux linux
	image dracut boot/initramfs-linux{,-lts}{,-fallback}.img
	menu 'Arch' /boot/vmlinuz-linux /boot/initramfs-linux.img -- \
		'Arch LTS' /boot/vmlinuz-linux-lts /boot/initramfs-linux-lts.img -- \
		'Arch LTS fallback' /boot/vmlinuz-linux-lts /boot/initramfs-linux-lts-fallback.img -- \
		'Arch fallback' /boot/vmlinuz-linux /boot/initramfs-linux-fallback.img
	status
	[[ $output == *"The default entry 'Arch' starts /boot/initramfs-linux.img (kernel 6.7.9-arch1-1), which is without vfioboot"* ]]
	dry_run
	[ "$status" -eq 0 ]
	for name in linux linux-fallback linux-lts linux-lts-fallback; do
		[[ $output == *" to /boot/initramfs-$name.img"* ]]
	done
	[[ $output != *initramfs-6.* ]]
	image dracut+us boot/initramfs-linux{,-lts,-lts-fallback}.img
	status
	json_is '.ready == true'
	[[ $output == *"The entry 'Arch fallback' starts /boot/initramfs-linux-fallback.img"* ]]
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .remedy] ==
		["run '"'sudo vfioboot apply'"'"]' <<<"$output"
	image dracut+us boot/initramfs-linux-fallback.img
	points pass
}

# By its command line the files are verified, and those of the image signed with them.
@test "a system that comes as an image: apply says who can change it, and changes nothing" {
	arch_with dracut
	kernel 6.1.1-a linux-a linux-a
	image dracut boot/initramfs-linux-a.img
	menu Arch /boot/vmlinuz-linux-a /boot/initramfs-linux-a.img
	dry_run
	[[ $status = 0 && $output == *initramfs-linux-a.img* ]]
	sed -i 's/$/ usrhash=0123abcd/' "$root/proc/cmdline"
	dry_run
	[[ $status = 1 && -z $output ]]
	[[ $stderr == *'are built and signed with its verified files'*'signed addon beside the image (vfioboot-images(7))'* ]]
	status
	[[ $output == *'does not contain it:'$'\n''see vfioboot-images(7).'* ]]
	json_true '.ready == false and (.images_problem | contains("vfioboot-images(7)"))' <<<"$json"
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "generator" or .name == "image") |
		.state == "fail" and (.remedy | startswith("put the configuration into that build, or"))] == [true, true]' \
		<<<"$output"
	# What it has is judged as ever, but for the list of this host, which none of them has.
	image dracut+us boot/initramfs-linux-a.img
	(cd "$work/image" && rm -f etc/vfioboot.protect && find . | cpio -o -H newc --quiet) \
		>"$root/boot/initramfs-linux-a.img"
	status
	json_true '.ready' <<<"$json"
	dry_run
	[[ $status = 0 && $output == *'Nothing to do'* ]]
	points pass
}

@test "several images of an entry are one: the last file of a name counts" {
	by_series
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	mkdir -p "$work/more/etc"
	echo '# older' >"$work/more/etc/vfioboot.conf"
	(cd "$work/more" && find . | cpio -o -H newc --quiet) >"$root/boot/more.img"
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/initramfs-6.0-x86_64.img /boot/more.img
	status
	json_is '.ready == false and (.entries[0].why | contains("/etc/vfioboot.conf"))'
	# It does bind, by what it has.
	[[ $output == *"starts /boot/initramfs-6.0-x86_64.img with other files, and together they are out of date: it contains an outdated /etc/vfioboot.conf."* ]]
	[[ $output == *'Next boot, once its image is up to date: 2 functions bound'* ]]
	dry_run
	[ "$status" -eq 3 ]
	[[ $stderr == *"the default entry 'X Linux' is unchanged: it contains an outdated /etc/vfioboot.conf"* ]]
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .found] == ["the default entry '"'X Linux'"': it contains an outdated /etc/vfioboot.conf"]' <<<"$output"
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/more.img /boot/initramfs-6.0-x86_64.img
	status
	json_is '.ready == true'
	# What lacks something that another file has wherever it starts needs no rebuilding.
	cp "$root/etc/vfioboot.conf" "$work/more/etc/"
	(cd "$work/more" && find . | cpio -o -H newc --quiet) >"$root/boot/more.img"
	(cd "$work/image" && rm etc/vfioboot.conf && find . | cpio -o -H newc --quiet) >"$root/boot/initramfs-6.0-x86_64.img"
	status
	json_is '.ready == true and (.images[] | select(.started) | .state == "fresh")'
	dry_run
	[[ $status = 0 && $output == *'Nothing to do'* ]]
	points pass
}

@test "what cannot be followed is unknown, and never ready" {
	by_series
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	rm -r "${root:?}/boot/grub"
	status
	[[ $output == *"Whether the next boot starts an image that has today's configuration is not known: no boot loader"* ]]
	json_is '.ready == null and (.ready_unknown | length > 0) and .entries == []'
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "unknown")] | length == 1' <<<"$output"
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /elsewhere/initramfs.img
	status
	json_is '.ready != true'
}

# once COMMAND: that it reads each image, and no more of it than there is but for a header
once() {
	strace -f -y -e trace=read,pread64 -o "$work/trace" "$vfioboot" "$@" --root "$root" >/dev/null 2>&1 || true
	local name size sum
	for name in a b c; do
		size=$(stat -c %s "$root/boot/initramfs-linux-$name.img")
		sum=$(awk -v name="initramfs-linux-$name.img>" 'index($0, name) { sum += $NF } END { print sum }' "$work/trace")
		echo "$name: $sum of $size bytes"
		((sum >= size && sum < size + 1024))
	done
}

@test "each image is read once, however many entries start it" {
	command -v strace >/dev/null || skip 'strace is not installed'
	local entries=() kernel n
	arch_with dracut
	for kernel in 6.1.1-a 6.2.2-b 6.3.3-c; do
		kernel "$kernel" "linux-${kernel##*-}" "linux-${kernel##*-}"
		image dracut "boot/initramfs-linux-${kernel##*-}.img"
		head -c 102400 /dev/zero >>"$root/boot/initramfs-linux-${kernel##*-}.img"
		for n in 1 2 3 4; do
			entries+=("Arch $kernel $n" "/boot/vmlinuz-linux-${kernel##*-}"
				"/boot/initramfs-linux-${kernel##*-}.img" --)
		done
	done
	menu "${entries[@]}"
	once status
	once check
	status
	json_is '.entries | length == 12'
}

@test "status names an entry that the next boot takes once" {
	by_series
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img
	{
		printf '# GRUB Environment Block\nnext_entry=gnulinux-XLinuxfallback-simple\n'
		head -c 1024 /dev/zero | tr '\0' '#'
	} | head -c 1024 >"$root/boot/grub/grubenv"
	printf 'if [ "${next_entry}" ]; then\n  set default="${next_entry}"\nfi\n' >>"$root/boot/grub/grub.cfg"
	status
	[[ $output == *"The default entry 'X Linux' starts an image that has today's configuration."* ]]
	[[ $output == *"The next boot, once, is that of the entry 'X Linux fallback', which starts /boot/initramfs-6.0-x86_64-fallback.img (kernel 6.0.11-1-X), which is without vfioboot"* ]]
	json_is '.ready == true and [.entries[].next] == [false, true]'
}

# The default entry starts such an image
up_to_date() {
	by_series
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	json_is '.ready == true'
}

# bats test_tags=slow
@test "an image that the command line keeps from its work is not ready" {
	up_to_date
	for word in noinitrd rdinit=/bin/sh disablehooks=resume,vfioboot vfioboot.off \
		module_blacklist=nouveau,vfio_pci module_blacklist=irqbypass initcall_blacklist=vfio_pci_init \
		rd.systemd.mask=vfioboot-early.service rd.systemd.mask=vfioboot-early; do
		menu 'X Linux' "/boot/vmlinuz-6.0-x86_64 $word" /boot/initramfs-6.0-x86_64.img
		status
		echo "$word: $output"
		[[ $output == *"The default entry 'X Linux' starts "*", but binds nothing: its command line has ${word%%=*}"* ]]
		json_is '.ready == false'
		run "$vfioboot" check --json --root "$root"
		json_true '[.checks[] | select(.name == "image" and .state == "fail")] | length == 1' <<<"$output"
	done
	for word in vfioboot.off=0 rdinit=/init disablehooks=resume initrd module_blacklist=nouveau \
		'module_blacklist=vfio_pci module_blacklist=nouveau' 'disablehooks=vfioboot disablehooks=resume' \
		modprobe.blacklist=vfio-pci rd.driver.blacklist=vfio_pci rd.break init=/bin/sh; do
		menu 'X Linux' "/boot/vmlinuz-6.0-x86_64 $word" /boot/initramfs-6.0-x86_64.img
		status
		json_is '.ready == true'
	done
}

plan() {
	run --separate-stderr "$vfioboot" plan --root "$root"
}

# checked NAME STATE TEXT: the one point of the check has this state, and what was found or is to be done has TEXT
checked() {
	json=$("$vfioboot" check --json --root "$root") || true
	json_is "[.checks[] | select(.name == \"$1\")] | length == 1 and .[0].state == \"$2\" and
		(.[0].found + .[0].remedy | contains(\"$3\"))"
}

@test "the next boot is planned with the command line of the entry that starts then" {
	up_to_date
	status
	[[ $output == *$'\n'"Next boot: 2 functions bound, 0 refused"* ]]
	json_is '.next_boot | .bind == 2 and .entry == "X Linux" and .unknown == null and .hindrance == null'
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 vfioboot.off' /boot/initramfs-6.0-x86_64.img
	status
	[[ $output == *"The next boot starts 'X Linux' with vfioboot.off; this boot was started with no parameter"* ]]
	[[ $output == *'inactive: vfioboot.off is on the kernel command line of the next boot.'* ]]
	[[ $output != *'Next boot'* ]]
	json_is '.next_boot.bind == 0'
	plan
	[[ $output == 'The next boot will bind nothing.'* ]]
	run "$vfioboot" explain 02:00.0 --root "$root"
	[[ $output == *'but vfioboot.off is on'* && $output != *'Next boot'* ]]

	config "${second/expect/profile = game$'\n'expect}"
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 vfioboot.profile=game' /boot/initramfs-6.0-x86_64.img
	plan
	[[ $output == 'The next boot will bind 2 functions, as configured, once its image is up to date.'* ]]
	[[ $output == *"starts 'X Linux' with vfioboot.profile=game"* ]]
}

@test "where it is not known what starts, its image may be out of date as well" {
	by_series
	sed -i 's/default="0"/default="${from_nowhere}"/' "$root/boot/grub/grub.cfg"
	status
	[[ $output == *'Next boot, if it has the parameters of this one and an image that is up to date: 2 functions bound'* ]]
	dry_run
	[[ $output == *'At the next boot, if it has the parameters of this one, 2 functions will be bound'* ]]
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	[[ $output == *'Next boot, if it has the parameters of this one: 2 functions bound'* ]]
}

# bats test_tags=slow
@test "where it is not known what starts, the next boot is planned with the parameters of this one" {
	up_to_date
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 ${from_nowhere} $root' /boot/initramfs-6.0-x86_64.img
	status
	[[ $output == *"Next boot, if it has the parameters of this one: 2 functions bound"* ]]
	json_is '.next_boot | .bind == 2 and .entry == null and (.unknown | contains("value of $root"))'
	plan
	[[ $output == *"whether the next one has them is not known: the value of \$root in the entry 'X Linux' is not known"* ]]
	rm -r "${root:?}/boot/grub"
	plan
	[[ $output == *'is not known: no boot loader that vfioboot knows was found'* ]]
}

@test "the next boot is that of the entry that is chosen for once" {
	up_to_date
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/initramfs-6.0-x86_64.img \
		-- 'Other' '/boot/vmlinuz-6.0-x86_64 vfioboot.off' /boot/initramfs-6.0-x86_64.img
	printf 'if [ "${next_entry}" ]; then\n  set default="${next_entry}"\nfi\n' >>"$root/boot/grub/grub.cfg"
	for id in gnulinux-Other-simple Other 1; do
		printf '# GRUB Environment Block\nnext_entry=%s\n' "$id" >"$root/boot/grub/grubenv"
		status
		json_is '.next_boot.entry == "Other" and .next_boot.bind == 0'
	done
}

@test "parameters of the next boot that switch the IOMMU off or on count" {
	up_to_date
	checked iommu-parameters pass 'disables nothing'
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 iommu=off' /boot/initramfs-6.0-x86_64.img
	plan
	[[ $output == 'The next boot will bind nothing.'*"refused: the next entry 'X Linux' has iommu=off on its command line, which disables the IOMMU."* ]]
	status
	[[ $output == *"the next boot will refuse it: the next entry 'X Linux' has iommu=off"* ]]
	run "$vfioboot" cmdline --root "$root"
	[[ $status = 1 && $output == *'iommu=off: it disables the IOMMU'*'the next entry has it'* ]]
	run "$vfioboot" explain 02:00.0 --root "$root"
	[[ $output == *'  This boot: not tried.'$'\n'"  Next boot: refused: the next entry 'X Linux' has iommu=off"* ]]
	checked iommu-parameters fail "the next entry 'X Linux' has iommu=off on its kernel command line, which disables"

	# This boot was started so, and the next one is not.
	echo 'ro iommu=off' >"$root/proc/cmdline"
	find "$root/sys" -name iommu_group -delete
	rm -rf "${root:?}/sys/kernel/iommu_groups"
	plan
	[[ $output == 'The next boot will bind nothing.'* ]]
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 ro' /boot/initramfs-6.0-x86_64.img
	plan
	[[ $output == 'The next boot will bind 2 functions'*"'X Linux', whose command line enables the IOMMU"* ]]
	checked iommu-parameters pass 'this boot was started with iommu=off'
	checked iommu fail "reboot: the command line of the next entry, 'X Linux', enables it"
}

# bats test_tags=slow
@test "what an image still does, and what there is to do, is said of the image that starts" {
	# Up to date, and not booted yet: a reboot is all that is left.
	up_to_date
	status
	[[ $output == *'does not contain it:'$'\n''reboot, as the image of the default entry is up to date.'* ]]
	[[ $output != *'vfioboot apply'* ]]
	plan
	[[ $output == 'The next boot will bind 2 functions, as configured.'*"The default entry 'X Linux' starts an image that has this configuration." ]]
	[[ $output != *'vfioboot apply'* ]]
	run "$vfioboot" explain 02:00.0 --root "$root"
	[[ $output == *'vfioboot did not run at this boot: reboot, as the image of the default entry is up to date.'* ]]
	[[ $output == *'Next boot: bound to vfio-pci.'* ]]

	# Nothing for a boot that chooses no profile: nothing is missing.
	config "$second" 'profile = games'
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	[[ $output == 'Nothing was configured for this boot.'$'\n''vfioboot did not run at this boot.'$'\n'* ]]

	# The next boot refuses it: a reboot brings nothing.
	config "${second/expect*/expect = 3}"
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	[[ $output == *$'\n''vfioboot did not run at this boot.'$'\n'*'the next boot will refuse it'* && $output != *'reboot, as'* ]]
	up_to_date

	# Configured since
	echo '# more' >>"$root/etc/vfioboot.conf"
	plan
	[[ $output == 'The next boot will bind 2 functions, as configured, once its image is up to date.'*"Run 'sudo vfioboot apply' to put"* ]]
	run "$vfioboot" explain 02:00.0 --root "$root"
	[[ $output == *"run 'sudo vfioboot apply', then reboot."*'Next boot, once its image is up to date: bound to vfio-pci.'* ]]
	run "$vfioboot" explain 00:02.0 --root "$root"
	[[ $output == *'It is not configured: the next boot leaves it to its native driver, once its image is up to date.'* ]]

	# Nothing is configured, and the image does not know.
	rm "$root/etc/vfioboot.conf"
	for command in plan status; do
		run "$vfioboot" "$command" --root "$root"
		[[ $output == "Nothing is configured, but the entry 'X Linux' starts an image that may still bind devices."$'\n'"Run 'sudo vfioboot apply', then reboot."* ]]
	done
	[[ $output == *"The default entry 'X Linux' starts "*'although nothing is configured.'* ]]
}

# built OPTION...: the kernel of the menu, whose machine is Intel's
built() {
	printf 'vendor_id\t: GenuineIntel\nflags\t\t: vmx\n' >"$root/proc/cpuinfo"
	printf 'CONFIG_%s=y\n' X86 VFIO_PCI INTEL_IOMMU "$@" >"$root/boot/config-6.0.11-1-X"
}

@test "that this boot asks for the IOMMU says nothing of one that does not" {
	local running=5.9-older
	up_to_date
	built
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 ro' /boot/initramfs-6.0-x86_64.img
	echo 'ro intel_iommu=on' >"$root/proc/cmdline"
	plan
	[[ $status = 1 && $output == 'The next boot will bind nothing.'*"'X Linux' disables the IOMMU by default, and its command line lacks intel_iommu=on."* ]]
	checked kernel-config fail 'off by default'
	[[ $("$vfioboot" cmdline --root "$root") = intel_iommu=on ]]
	rm "$root/boot/config-6.0.11-1-X"
	plan
	[[ $output == *"Whether functions have an IOMMU group at the next boot is not known: the command line of the next entry 'X Linux' lacks intel_iommu=on"* ]]
	json=$("$vfioboot" check --json --root "$root") || true
	json_is '[.checks[] | select(.name == "section") | .state] == ["unknown"]'
	status
	json_is '.next_boot | .bind == 2 and .unknown == null and (.iommu_unknown | contains("lacks intel_iommu=on"))'
	json=$("$vfioboot" plan --json --root "$root")
	json_is '.iommu_unknown | contains("lacks intel_iommu=on")'
	built INTEL_IOMMU_DEFAULT_ON
	plan
	[[ $output == 'The next boot will bind 2 functions'* ]]
	# Another kernel than this one, which needs no parameter; the firmware may ask where that is not known
	echo ro >"$root/proc/cmdline"
	mkdir -p "$root/proc/sys/kernel"
	echo "$running" >"$root/proc/sys/kernel/osrelease"
	built
	plan
	[[ $output == *"Whether functions have an IOMMU group at the next boot is not known: the kernel of the next entry 'X Linux' disables the IOMMU by default"* ]]
	printf 'CONFIG_%s=y\n' X86 INTEL_IOMMU INTEL_IOMMU_DEFAULT_ON >"$root/boot/config-$running"
	plan
	[[ $output == 'The next boot will bind nothing.'* ]]
	# The firmware asks for it, as it does now.
	built
	cp "$root/boot/config-6.0.11-1-X" "$root/boot/config-$running"
	plan
	[[ $output == 'The next boot will bind 2 functions, as configured.'* ]]
}

@test "whether a kernel enables the IOMMU that is off now can be unknown" {
	up_to_date
	built
	rm "$root/boot/config-6.0.11-1-X"
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 ro' /boot/initramfs-6.0-x86_64.img
	echo 'ro intel_iommu=off' >"$root/proc/cmdline"
	find "$root/sys" -name iommu_group -delete
	rm -rf "${root:?}/sys/kernel/iommu_groups"
	plan
	[[ $output == 'The next boot will bind 2 functions, as configured, if it has an IOMMU.'* ]]
	[[ $output == *"is not known: the command line of the next entry 'X Linux' lacks intel_iommu=on"* ]]
	checked iommu fail 'add intel_iommu=on to the kernel command line'
	json=$("$vfioboot" check --json --root "$root") || true
	json_is '[.checks[] | select(.name == "section") | .state] == ["unknown"]'
}

@test "the integrated GPU can be left out of the IOMMU at the next boot" {
	up_to_date
	printf '[device gpu]\npath = 00:02.0\nlast-display = yes\n' >"$root/etc/vfioboot.conf"
	built INTEL_IOMMU_DEFAULT_ON
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 intel_iommu=igfx_off' /boot/initramfs-6.0-x86_64.img
	plan
	[[ $output == *"refused: the next entry 'X Linux' has intel_iommu=igfx_off on its command line, which excludes the integrated GPU"* ]]
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 ro' /boot/initramfs-6.0-x86_64.img
	echo 'ro intel_iommu=on' >"$root/proc/cmdline"
	plan
	[[ $output == 'The next boot will bind 1 function'* ]]
	built INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF
	plan
	[[ $output == *"refused: by default, the kernel of the next entry 'X Linux' excludes the integrated GPU"* ]]
}

@test "a command line that is tried can switch the IOMMU off, and name a profile that there is not" {
	up_to_date
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 ro' /boot/initramfs-6.0-x86_64.img
	run --separate-stderr "$vfioboot" plan --cmdline 'iommu=off vfioboot.profile=xx' --root "$root"
	[[ $status = 1 && $output == *'refused: iommu=off on that command line disables the IOMMU.'* ]]
	[[ $stderr == *"warning: no section has the profile 'xx'"* ]]
}

@test "what keeps the early program from its work is said with the plan" {
	up_to_date
	menu 'X Linux' '/boot/vmlinuz-6.0-x86_64 module_blacklist=vfio_pci' /boot/initramfs-6.0-x86_64.img
	status
	[[ $output == *$'\nNext boot: nothing is bound in the initramfs.'* ]]
	json_is '.next_boot.hindrance | contains("module_blacklist=vfio_pci")'
	plan
	[[ $output == *"The next boot will bind nothing in the initramfs. It starts 'X Linux': its command line has module_blacklist="*'02:00.0'*'not bound'* ]]
	run "$vfioboot" explain 02:00.0 --root "$root"
	[[ $output == *'Next boot: not bound in the initramfs: its command line has module_blacklist='* ]]
}

# bats test_tags=slow
@test "a kernel without vfio-pci is not ready, whatever its image has" {
	local modules=usr/lib/modules/6.0.11-1-X
	up_to_date
	ln -sT usr/lib "$root/lib"
	: >"$root/$modules/modules.order"
	echo kernel/drivers/vfio/pci/vfio-pci.ko >"$root/$modules/modules.builtin"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" 6.0.11-1-X
	status
	json_is '.ready == true'
	echo kernel/drivers/vfio/vfio.ko >"$root/$modules/modules.builtin"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" 6.0.11-1-X
	status
	[[ $output == *"The default entry '"*', but binds nothing: its kernel has no vfio-pci'* ]]
	json_is '.ready == false'
	# Nor is it once the image is made.
	image mkinitcpio boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	[[ $output != *'once its image is up to date'* ]]
	dry_run
	[[ $output == *"run mkinitcpio "*"At the next boot nothing is bound in the initramfs. It starts 'X Linux': its kernel has no vfio-pci."* ]]
}

# bats test_tags=slow
@test "a kernel without the driver of a section is not ready, where its boot has that section" {
	local modules=usr/lib/modules/6.0.11-1-X
	by_series
	ln -sT usr/lib "$root/lib"
	: >"$root/$modules/modules.order"
	echo kernel/drivers/vfio/pci/vfio-pci.ko >"$root/$modules/modules.builtin"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" 6.0.11-1-X
	echo "driver = mlx5_vfio_pci" >>"$root/etc/vfioboot.conf"
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	[[ $output == *"The default entry '"*', but does not bind all that is configured: its kernel has no mlx5_vfio_pci.'* ]]
	json_is '.ready == false and .next_boot.bind == 0'
	plan
	[[ $status = 1 && $output == *'refused: its driver is missing'* ]]
	checked_image=$("$vfioboot" check --json --root "$root") || true
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .remedy] |
		length == 1 and (.[0] | startswith("install the package with the rest of the modules of 6.0.11-1-X"))' <<<"$checked_image"
	# By default it is not asked for.
	echo 'profile = other' >>"$root/etc/vfioboot.conf"
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img boot/initramfs-6.0-x86_64-fallback.img
	status
	json_is '.ready == true'
}

@test "a kernel that is not installed has no modules in the image of another one" {
	up_to_date
	bzimage 5.0.0-old boot/vmlinuz-old
	menu 'Old' /boot/vmlinuz-old /boot/initramfs-6.0-x86_64.img
	status
	[[ $output == *"'Old' starts /boot/initramfs-6.0-x86_64.img, which may be out of date: the modules of its kernel are not in /lib/modules."* ]]
	json_is '.ready == null'
}

@test "where another system may be the default, images make nothing ready" {
	up_to_date
	sed -i 's/^set default=.*/set default="${chosen}"/' "$root/boot/grub/grub.cfg"
	status
	json_is '.ready == true'
	printf "menuentry 'Windows' --id win {\n\tchainloader /EFI/Microsoft/Boot/bootmgfw.efi\n}\n" \
		>>"$root/boot/grub/grub.cfg"
	status
	[[ $output == *'Which entry starts by default is not known'* ]]
	json_is '.ready == null'
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "unknown") | .found] ==
		["which entry starts by default is not known"]' <<<"$output"
}

@test "with two loaders the default entry of each is printed" {
	up_to_date
	mkdir -p "$root/boot/efi/loader/entries"
	echo 'timeout 3' >"$root/boot/efi/loader/loader.conf"
	bzimage 6.0.11-1-X boot/efi/vmlinuz
	image mkinitcpio boot/efi/other.img
	printf 'title Other\nlinux /vmlinuz\ninitrd /other.img\n' \
		>"$root/boot/efi/loader/entries/other.conf"
	status
	[[ $output == *'Which entry starts by default is not known'* ]]
	[[ $output == *"The entry 'Other' starts /boot/efi/other.img "*', which is without vfioboot: '* ]]
	json_is '.ready == null'
}

# efi_text NAME TEXT: a variable of the Boot Loader Interface
efi_text() {
	mkdir -p "$root/sys/firmware/efi/efivars"
	{
		printf '\006\000\000\000'
		printf '%s\0' "$2" | sed 's/./&\x00/g'
		printf '\0'
	} >"$root/sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

# bats test_tags=slow
@test "the partition of the loader is not mounted: nothing is ready, and nothing is built beside it" {
	up_to_date
	efi_text LoaderInfo 'systemd-boot 257.9'
	efi_text LoaderDevicePartUUID 0FC63DAF-8483-4772-8E79-3D69D8477DE4
	status
	[[ $output == *"is not known: systemd-boot starts this machine, and /dev/disk/by-partuuid/0fc63daf-8483-4772-8e79-3d69d8477de4 is not mounted; run 'sudo mount --mkdir /dev/disk/by-partuuid/0fc63daf-8483-4772-8e79-3d69d8477de4 "* ]]
	json_is '.ready == null'
	echo '# more' >>"$root/etc/vfioboot.conf"
	status
	[[ $output != *"vfioboot apply' to rebuild"* ]]
	json_is '.ready == null'
	run "$vfioboot" check --root "$root" --json
	json=$output
	json_is '[.checks[] | select(.name == "image" and .state == "fail") | .remedy]
		| length > 0 and all(startswith("run '"'"'sudo mount --mkdir /dev/disk/"))'
	for command in apply undo; do
		run -1 --separate-stderr "$vfioboot" "$command" --dry-run --root "$root"
		[ -z "$output" ]
		[[ $stderr == *"vfioboot $command: systemd-boot starts this machine, and /dev/disk/"*" is not mounted; run 'sudo mount --mkdir /dev/disk/"* ]]
	done
}

@test "a boot loader that is not known, with files of one that is: it is named" {
	up_to_date
	efi_text LoaderInfo 'OpenCore 1.0'
	run -1 --separate-stderr "$vfioboot" entry add --dry-run --root "$root"
	[[ $stderr == *'OpenCore 1.0 starts this system, which vfioboot does not know;'*'name that with --loader NAME (grub)' ]]
}

@test "GRUB takes the last initrd command alone" {
	up_to_date
	image mkinitcpio boot/custom.img
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/initramfs-6.0-x86_64.img
	sed -i 's,^}$,\tinitrd /boot/custom.img\n},' "$root/boot/grub/grub.cfg"
	status
	json_is '.ready == null and .entries[0].why == "the files that it loads could not be found"'
}

# custom_entry TEXT: an entry of one's own, in custom.cfg, with an image without anything of ours
custom_entry() {
	image mkinitcpio boot/custom.img
	printf 'if [ -f $prefix/custom.cfg ]; then\n  source $prefix/custom.cfg\nfi\n' >>"$root/boot/grub/grub.cfg"
	printf "menuentry 'Mine' --id mine {\n\tlinux /boot/vmlinuz-6.0-x86_64\n\tinitrd /boot/custom.img\n}\n%s\n" \
		"$1" >"$root/boot/grub/custom.cfg"
}

# bats test_tags=slow
@test "GRUB's default however it is set, also in custom.cfg" {
	up_to_date
	image mkinitcpio boot/custom.img
	for line in 'set default=1' 'default=1' "set default='Mine'" 'set default="1"'; do
		menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/initramfs-6.0-x86_64.img -- \
			Mine /boot/vmlinuz-6.0-x86_64 /boot/custom.img
		echo "$line" >>"$root/boot/grub/grub.cfg"
		status
		[[ $output == *"The default entry 'Mine' starts /boot/custom.img"* ]]
		json_is '.ready == false'
	done
	sed -i '$d' "$root/boot/grub/grub.cfg"
	printf 'if [ "$x" = 1 ]; then\n  set default=1\nfi\n' >>"$root/boot/grub/grub.cfg"
	status
	json_is '.ready == null'
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/initramfs-6.0-x86_64.img
	custom_entry 'set default=mine'
	status
	[[ $output == *"The default entry 'Mine' starts /boot/custom.img"* ]]
	custom_entry ''
	sed -i 's/^set default=.*/set default="${saved_entry}"/' "$root/boot/grub/grub.cfg"
	printf '# GRUB Environment Block\nsaved_entry=mine\n' >"$root/boot/grub/grubenv"
	status
	[[ $output == *"The default entry 'Mine' starts /boot/custom.img"* ]]
	json_is '.ready == false'
}

@test "where GRUB may read another menu, nothing is ready" {
	up_to_date
	cp -r "$root/boot/grub" "$root/boot/grub2"
	status
	json_is '.ready == null'
	rm -r "${root:?}/boot/grub2"
	ln -s grub "$root/boot/grub2"
	status
	json_is '.ready == true'
	echo 'configfile /boot/other.cfg' >>"$root/boot/grub/grub.cfg"
	status
	json_is '.ready == null'
}

@test "a file beside the image that is missing is named" {
	up_to_date
	menu 'X Linux' /boot/vmlinuz-6.0-x86_64 /boot/amd-ucode.img /boot/initramfs-6.0-x86_64.img
	status
	[[ $output == *"The default entry 'X Linux' lacks a file that it loads: /boot/amd-ucode.img: there is no such file."* ]]
	json_is '.ready == false'
}

# limine_menu INITRD_HASH: Limine starts a kernel with it, and has checksums of both
limine_menu() {
	rm -rf "${root:?}/boot/grub"
	cat >"$root/boot/limine.conf" <<-END
		timeout: 5
		/X Linux
		  protocol: linux
		  path: boot():/vmlinuz-6.0-x86_64#$(b2sum "$root/boot/vmlinuz-6.0-x86_64" | cut -d ' ' -f 1)
		  cmdline: root=/dev/vda2 rw
		  module_path: boot():/initramfs-6.0-x86_64.img#$1
	END
}

@test "Limine compares what it starts: an image with another checksum is not ready, and is not rebuilt" {
	by_series
	sed -i "s/ 'fallback'//; /^fallback_/d" "$root/etc/mkinitcpio.d/linux60.preset"
	rm "$root/boot/initramfs-6.0-x86_64-fallback.img"
	limine_menu "$(b2sum "$root/boot/initramfs-6.0-x86_64.img" | cut -d ' ' -f 1)"
	: >"$root/usr/bin/limine-mkinitcpio"
	dry_run
	[ "$status" -eq 3 ]
	[[ $output != *initramfs-6.0-x86_64.img* ]]
	[[ $stderr == *"/boot/initramfs-6.0-x86_64.img is unchanged: it does not contain vfioboot-early; run 'sudo limine-mkinitcpio'"* ]]
	image mkinitcpio+us boot/initramfs-6.0-x86_64.img
	status
	[[ $output == *'Limine refuses /boot/initramfs-6.0-x86_64.img, whose checksum is not the one in its menu'* ]]
	json_is '.ready == false'
	run "$vfioboot" check --json --root "$root"
	json_true '[.checks[] | select(.name == "image" and .state == "fail") | .remedy] |
		contains(["run '"'sudo limine-mkinitcpio'"'"])' <<<"$output"
	limine_menu "$(b2sum "$root/boot/initramfs-6.0-x86_64.img" | cut -d ' ' -f 1 | tr a-f A-F)"
	status
	json_is '.ready == true'
	limine_menu "$(sha256sum "$root/boot/initramfs-6.0-x86_64.img" | cut -d ' ' -f 1)"
	status
	json_is '.ready == null'
}

@test "a deployment that is staged is what the next boot starts: nothing is ready before" {
	arch_with dracut
	mkdir -p "$root/boot/loader/entries" "$root/run/ostree" "$root/etc/default"
	: >"$root/run/ostree-booted"
	kernel 6.11.10-300 linux linux
	image dracut+us boot/initramfs.img
	printf 'title Silver\nversion 1\nlinux /boot/vmlinuz-linux\ninitrd /boot/initramfs.img\noptions ostree=x\n' \
		>"$root/boot/loader/entries/ostree-1.conf"
	status
	json_is '.ready == true'
	: >"$root/run/ostree/staged-deployment"
	status
	[[ $output == *'is not known: a deployment is staged, which the next boot starts; run this again after the reboot.'* ]]
	json_is '.ready == null and .next_boot.entry == null'
	dry_run
	[[ $stderr == *'a deployment is staged, '* && $stderr != *"default entry 'Silver' is unchanged"* ]]
}

# efi_global NAME BYTES: a variable of UEFI, as printf(1) has it
efi_global() {
	mkdir -p "$root/sys/firmware/efi/efivars"
	printf '\7\0\0\0%b' "$2" >"$root/sys/firmware/efi/efivars/$1-8be4df61-93ca-11d2-aa0d-00e098032b8c"
}

# efi_entry NUMBER PATH: an entry of the firmware, active, which starts the file of an ESP
efi_entry() {
	local path bytes
	path=$(sed 's|/|\\\\|g; s/[^\\]\|\\\\/&\\x00/g' <<<"$2")
	bytes=$((4 + 2 * (${#2} + 1)))
	efi_global "Boot000$1" "\1\0\0\0$(printf '\\x%02x' $((bytes + 4)))\0x\0\0\0\4\4$(printf '\\x%02x' $bytes)\0$path\0\0\x7f\xff\4\0"
}

@test "what the firmware starts by itself counts, and not what a person chose at this boot" {
	up_to_date
	efi_entry 1 /EFI/x/grubx64.efi
	efi_entry 2 /EFI/Microsoft/Boot/bootmgfw.efi
	efi_global BootCurrent '\1\0'
	efi_global BootOrder '\1\0\2\0'
	status
	json_is '.ready == true'
	efi_global BootOrder '\2\0\1\0'
	status
	[[ $output == *'is not known: the firmware starts /EFI/Microsoft/Boot/bootmgfw.efi first, and not what has started this boot; '* ]]
	json_is '.ready == null and .next_boot.entry == null and .loader == "grub"'
	efi_entry 1 /EFI/x/vmlinuz.efi
	efi_global BootOrder '\1\0'
	status
	[[ $output == *'is not known: the firmware starts /EFI/x/vmlinuz.efi, which vfioboot does not know'* ]]
	json_is '.ready == null and .loader == null'
}

@test "with two files of Limine that differ, both are named" {
	by_series
	limine_menu "$(b2sum "$root/boot/initramfs-6.0-x86_64.img" | cut -d ' ' -f 1)"
	install -D "$root/boot/limine.conf" "$root/boot/EFI/limine/limine.conf"
	status
	json_is '.ready == false'
	echo >>"$root/boot/limine.conf"
	status
	[[ $output == *'Limine reads /boot/EFI/limine/limine.conf or /boot/limine.conf, depending on its version, and they differ; keep '* ]]
	json_is '.ready == null'
}

@test "the menu of Limine is beside the program that the firmware starts" {
	by_series
	limine_menu "$(b2sum "$root/boot/initramfs-6.0-x86_64.img" | cut -d ' ' -f 1)"
	efi_text LoaderDevicePartUUID 0FC63DAF-8483-4772-8E79-3D69D8477DE4
	mkdir -p "$root/dev/disk/by-partuuid" "$root/proc/self"
	ln -s ../../vda1 "$root/dev/disk/by-partuuid/0fc63daf-8483-4772-8e79-3d69d8477de4"
	echo '99 1 254:1 / /boot rw - vfat /dev/vda1 rw' >>"$root/proc/self/mountinfo"
	efi_entry 1 /EFI/my-limine/BOOTX64.EFI
	efi_global BootCurrent '\1\0'
	efi_global BootOrder '\1\0'
	status
	json_is '.ready == false and .loader == "limine"'
	mkdir -p "$root/boot/EFI/my-limine"
	mv "$root/boot/limine.conf" "$root/boot/EFI/my-limine/"
	status
	json_is '.ready == false and .loader == "limine"'
	rm "$root/boot/EFI/my-limine/limine.conf"
	status
	[[ $output == *"cannot read the menu of Limine, /"*"/EFI/my-limine/limine.conf: No such file"* ]]
}
