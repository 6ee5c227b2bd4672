#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make install` puts where, and that `make uninstall` takes it away.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

load ../lib/json

tree=$BATS_TEST_DIRNAME/../..

# Of a make around this one the jobs are not for that one.
make_quietly() {
	env -u MAKEFLAGS make -C "${from:-$tree}" --no-print-directory "$@" \
		DESTDIR="$BATS_TEST_TMPDIR" >&2
}

# What it installed, in this test's own directory: made once, since each make takes half a second.
setup_file() {
	env -u MAKEFLAGS make -C "$tree" --no-print-directory install DESTDIR="$BATS_FILE_TMPDIR" >&2
}

installed() {
	cp -a "$BATS_FILE_TMPDIR/." "$BATS_TEST_TMPDIR"
}

# A tree of its own, built as far as this one: another PREFIX makes another program, and other
# tests run this one meanwhile.
copy_tree() {
	from=$BATS_RUN_TMPDIR/tree.$BATS_TEST_NUMBER
	mkdir -p "$from/build"
	(cd "$tree" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$from"
	(cd "$tree/src" && echo */) | xargs -n 1 | while read -r folder; do
		[ ! -d "$tree/build/$folder" ] || cp -a "$tree/build/$folder" "$from/build/"
	done
	cp -a "$tree"/build/{include,paths.h,vfioboot,vfioboot-early} "$from/build/"
}

files() {
	(cd "$BATS_TEST_TMPDIR" && find . ! -type d | sort)
}

@test "install puts each generator's hook where it looks" {
	installed
	cd "$BATS_TEST_TMPDIR"
	[ -x usr/lib/vfioboot/vfioboot-early ]
	[ -x usr/bin/vfioboot ]
	[ -x usr/lib/vfioboot/libvirt-hook ]
	[ -x usr/lib/dracut/modules.d/50vfioboot/module-setup.sh ]
	[ -x usr/share/initramfs-tools/hooks/vfioboot ]
	[ -x usr/share/initramfs-tools/scripts/init-top/00-vfioboot ]
	[ -f usr/lib/initcpio/install/vfioboot ]
	[ -f usr/lib/initcpio/hooks/vfioboot ]
	[ -x usr/lib/initcpio/post/vfioboot ]
	[ -f etc/mkinitcpio.conf.d/vfioboot.conf ]
	[ -f usr/lib/systemd/system/vfioboot-early.service ]
	[ -f usr/lib/systemd/system/sysinit.target.wants/vfioboot.service ]
}

@test "install puts each manual page into its section" {
	installed
	pages=$(cd "$tree/man" && printf '%s\n' *.[1-9])
	[ "$(wc -l <<<"$pages")" -gt 3 ]
	for page in $pages; do
		[ -f "$BATS_TEST_TMPDIR/usr/share/man/man${page##*.}/$page" ]
	done
}

@test "install puts each schema where the manual says" {
	installed
	directory=$(sed -n 's/^\.It Pa \(.*\/schema\/.*\)/\1/p' "$tree/man/vfioboot.8")
	diff <(cd "$tree/schema/1" && ls) <(cd "$BATS_TEST_TMPDIR$directory" && ls)
	[ -f "$BATS_TEST_TMPDIR$directory/list.json" ]
	make_quietly uninstall
	[ ! -e "$BATS_TEST_TMPDIR/usr/share/vfioboot" ]
}

# bats test_tags=slow
@test "install puts the Python module where Python looks" {
	installed
	places=("$BATS_TEST_TMPDIR"/usr/lib/python3*/*-packages/vfioboot)
	[ "${#places[@]}" = 1 ]
	diff <(cd "$tree/python/vfioboot" && ls -- *.py py.typed) <(cd "${places[0]}" && ls)
	# It finds the library by its name, and what was compiled goes with it.
	run -0 env -u PYTHONDONTWRITEBYTECODE PYTHONPATH="${places[0]%/*}" LD_LIBRARY_PATH="$BATS_TEST_TMPDIR/usr/lib" \
		/usr/bin/python3 -c 'import vfioboot; print(vfioboot.__file__, vfioboot.__version__)'
	[ "$output" = "${places[0]}/__init__.py $("$tree/build/vfioboot" --version | cut -d' ' -f2)" ]
	[ -d "${places[0]}/__pycache__" ]
	run -1 env PYTHONPATH="${places[0]%/*}" /usr/bin/python3 -c 'import vfioboot'
	[[ $output == *'ImportError: libvfioboot.so.0'*'is not installed'* ]]
	make_quietly uninstall
	[ ! -e "${places[0]}" ]
}

# bats test_tags=slow
@test "where there is no Python, install leaves its module out" {
	make_quietly install PYTHON=/nonexistent
	[ -z "$(find "$BATS_TEST_TMPDIR" -name '*.py')" ]
	make_quietly uninstall PYTHON=/nonexistent
	[ -z "$(files)" ]
}

@test "install puts what boot loaders run where it is run" {
	installed
	[ -x "$BATS_TEST_TMPDIR/etc/grub.d/11_linux_passthrough" ]
	[ -x "$BATS_TEST_TMPDIR/usr/lib/kernel/install.d/91-vfioboot.install" ]
}

@test "install starts the units by links of its own, and systemctl says so" {
	local link count=0
	installed
	for link in "$BATS_TEST_TMPDIR"/usr/lib/systemd/system/*.wants/*; do
		# With an [Install] section they would be "disabled", and start all the same.
		run -1 grep -x '\[Install\]' "$link"
		count=$((count + 1))
	done
	[ "$count" = 3 ]
	command -v systemctl >/dev/null || skip "no systemctl"
	for link in vfioboot vfioboot-confirm vfioboot-settle; do
		run -0 systemctl --root="$BATS_TEST_TMPDIR" is-enabled "$link.service"
		[ "$output" = static ]
	done
}

@test "nothing is configured by what is installed: the example is no configuration, and has no error" {
	installed
	run -0 find "$BATS_TEST_TMPDIR/etc" "$BATS_TEST_TMPDIR/usr/lib" -name 'vfioboot.conf*' ! -path '*/tmpfiles.d/*'
	[ "$output" = "$BATS_TEST_TMPDIR/etc/mkinitcpio.conf.d/vfioboot.conf" ]
	cp "$BATS_TEST_TMPDIR/usr/share/doc/vfioboot/examples/vfioboot.conf" "$BATS_TEST_TMPDIR/etc/"
	mkdir -p "$BATS_TEST_TMPDIR/sys" "$BATS_TEST_TMPDIR/proc"
	run "$BATS_TEST_TMPDIR/usr/lib/vfioboot/vfioboot-early" --root "$BATS_TEST_TMPDIR" --dry-run
	[ "$status" = 0 ]
	[ -z "$output" ]
}

# bats test_tags=slow
@test "install and uninstall leave the configuration alone" {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	echo '# mine' >"$BATS_TEST_TMPDIR/etc/vfioboot.conf"
	make_quietly install
	[ "$(cat "$BATS_TEST_TMPDIR/etc/vfioboot.conf")" = '# mine' ]
	make_quietly uninstall
	[ "$(files)" = ./etc/vfioboot.conf ]
}

# bats test_tags=slow
@test "install takes other places" {
	copy_tree
	make_quietly install PREFIX=/opt SYSCONFDIR=/opt/etc CFLAGS=-O0
	grep -qF /opt/lib/vfioboot/vfioboot-early "$BATS_TEST_TMPDIR/opt/bin/vfioboot"
	[ -x "$BATS_TEST_TMPDIR/opt/bin/vfioboot" ]
	[ -f "$BATS_TEST_TMPDIR/opt/share/doc/vfioboot/examples/vfioboot.conf" ]
	[ ! -e "$BATS_TEST_TMPDIR/usr" ]
	# The hooks and units look for the programs there, too.
	grep -q '^ExecStart=/opt/lib/vfioboot/vfioboot-early$' \
		"$BATS_TEST_TMPDIR/opt/lib/systemd/system/vfioboot-early.service"
	run ! grep -rIl -e /usr/lib/vfioboot/ -e /usr/bin/vfioboot "$BATS_TEST_TMPDIR/opt"
}

@test "uninstall leaves nothing" {
	installed
	make_quietly uninstall
	[ -z "$(files)" ]
	[ ! -e "$BATS_TEST_TMPDIR/usr/lib/vfioboot" ]
}

# bats test_tags=slow
@test "uninstall names what it leaves, and what removes that" {
	installed
	run -0 make_quietly uninstall
	[[ $output == *"'vfioboot undo' before"*'boot menu'*images* ]]
}

@test "the flags of a distribution reach the compiler" {
	run -0 --separate-stderr env -u MAKEFLAGS make -C "$tree" --no-print-directory -n V=1 -W Makefile \
		build/base/text.o CPPFLAGS=-DOF_CPPFLAGS CFLAGS=-DOF_CFLAGS
	[[ $output == *' -DOF_CPPFLAGS '* ]]
	[[ $output == *' -DOF_CFLAGS '* ]]
}

@test "the unit of the running system is for its boot alone" {
	unit=$tree/systemd/vfioboot.service
	# A package that is upgraded restarts it: devices that were added since are not taken then.
	grep -qx 'ConditionPathExists=!/run/vfioboot/system.record' "$unit"
	# One that was not started yet would be by any other service, when something is configured.
	marker=$(sed -n 's/^f \([^ ]*\) .*/\1/p' "$tree/tmpfiles.d/vfioboot.conf")
	grep -qx "ConditionPathExists=!$marker" "$unit"
	grep -q '^Before=.*systemd-tmpfiles-setup.service' "$unit"
	# The functions that a container sees are the host's.
	grep -qx 'ConditionVirtualization=!container' "$unit"
}

@test "the units are started where something is configured: by the directories that are read" {
	header=$tree/src/decide/configfiles.h
	{
		sed -n 's/^#define CONFIGFILES_MAIN *"\(.*\)"/\1/p' "$header"
		sed -n 's|^#define CONFIGFILES_.*_DIR *"\(.*\)"|\1/*.conf|p' "$header"
	} | sort >"$BATS_TEST_TMPDIR/read"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/read")" = 4 ]
	for unit in vfioboot vfioboot-early; do
		sed -n 's/^ConditionPathExistsGlob=|//p' "$tree/systemd/$unit.service" | sort |
			diff "$BATS_TEST_TMPDIR/read" -
		grep -qx 'ConditionKernelCommandLine=|vfioboot.device' "$tree/systemd/$unit.service"
	done
}

@test "the bill of materials names each library that the programs are linked with" {
	name=vfioboot-1.2.3
	mkdir "$BATS_TEST_TMPDIR/$name"
	touch "$BATS_TEST_TMPDIR/$name/NEWS.md"
	tar -czf "$BATS_TEST_TMPDIR/$name.tar.gz" -C "$BATS_TEST_TMPDIR" "$name"
	bill=$("$tree/packaging/sbom" "$BATS_TEST_TMPDIR/$name.tar.gz")
	dynamic=$(jq -r '.relationships[] | select(.relationshipType == "DYNAMIC_LINK") |
		.relatedSpdxElement' <<<"$bill" | sed 's/SPDXRef-\(lib\)\?//' | sort -u)
	[ -n "$dynamic" ]
	diff <(sed -En 's/^(HOST|VM)_LIBS = //p' "$tree/Makefile" | tr ' ' '\n' |
		sed 's/^libxml-2.0$/xml2/; s/^lib//; $a inih' | sort) - <<<"$dynamic"
	# What is related is there, and says what the archive is.
	# shellcheck disable=SC2016 # a variable of jq
	json_true '([.packages[].SPDXID] + [.SPDXID]) as $ids |
		[.relationships[] | .spdxElementId, .relatedSpdxElement] - $ids == []' <<<"$bill"
	# shellcheck disable=SC2016 # a variable of jq
	json_true '.packages[0] | .versionInfo == "1.2.3" and .checksums[0].checksumValue == $sum' \
		--arg sum "$(sha256sum <"$BATS_TEST_TMPDIR/$name.tar.gz" | cut -d' ' -f1)" <<<"$bill"
}
