#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154 # each test is a process; what the others share
#
# The modules of the collection on composed machines: what they write, that a second run and check mode
# write nothing, and what they say of devices that cannot be had.

bats_require_minimum_version 1.5.0

load ../cli/host
load ../cli/machine
load ansible

setup() {
	two_cards
	need_ansible
}

# module NAME JSON [OPTION...]: runs a module on $host, with what it answers in $json
module() {
	run --separate-stderr ansible localhost -i localhost, -c local -e ansible_python_interpreter=/usr/bin/python3 \
		-m "vfioboot.vfioboot.vfioboot_$1" \
		-a "$(jq -c --arg program "${program:-$vfioboot}" --arg root "$host" '. + {program: $program, root: $root}' <<<"$2")" \
		"${@:3}"
	echo "$status: $output $stderr"
	json=$(sed -n '/^localhost /,$p' <<<"$output" | sed '1s/.*=> //')
}

section() {
	grep -v '^#' "$host/etc/vfioboot.conf.d/gpus.conf"
}

@test "the rules of ansible-lint, for what is to be published" {
	need_ansible ansible-lint
	cd "$collection"
	run ansible-lint --offline --profile production --nocolor -q
	echo "$output"
	[ "$status" = 0 ]
}

@test "ansible-doc shows each module, with its options and an example" {
	local name
	for name in device apply facts; do
		run --separate-stderr ansible-doc --type module "vfioboot.vfioboot.vfioboot_$name"
		[ "$status" = 0 ]
		[[ $output == *'OPTIONS'*'- program'*'EXAMPLES:'*'RETURN VALUES:'* ]]
	done
}

@test "galaxy.yml has the version of the program" {
	grep -qx "version: $("$vfioboot" --version | cut -d' ' -f2)" "$collection/galaxy.yml"
}

@test "device: by what it is; check mode has a diff and writes nothing; the second run changes nothing" {
	module device '{"name": "gpus", "gpu": {"vendor": "nvidia"}}' --check --diff
	[ "$status" = 0 ]
	[[ $output == *'+++ after: /etc/vfioboot.conf.d/gpus.conf'*'+[device gpus]'* ]]
	[ ! -e "$host/etc/vfioboot.conf.d" ]
	module device '{"name": "gpus", "gpu": {"vendor": "nvidia"}}'
	json_is '.changed and ([.functions[].why] == ["named", "card"])'
	[ "$(section | head -n 1)" = '[device gpus]' ]
	module device '{"name": "gpus", "gpu": {"vendor": "nvidia"}}'
	json_is '.changed | not'
	module device '{"name": "gpus", "gpu": {"vendor": "10DE", "device": "2206", "count": 1}}' --check
	json_is '.changed | not'
}

@test "device: a set grows and shrinks with its count, and keeps the cards that it has" {
	local first
	module device '{"name": "gpus", "devices": ["02:00.0"]}'
	first=$(section)
	module device '{"name": "gpus", "gpu": {"count": 1}}'
	json_is '.changed | not'
	module device '{"name": "gpus", "gpu": {"vendor": "nvidia", "count": 2}}'
	json_is '.changed and (.functions | length == 4)'
	module device '{"name": "gpus", "gpu": {"vendor": "nvidia", "count": 0}}'
	json_is '.changed | not'
	module device '{"name": "gpus", "devices": ["02:00.0"], "profile": "p", "machine": ["*"]}' --check
	[ "$status" != 0 ]
	json_is ".msg | startswith(\"'*' does not match this machine\")"
	module device '{"name": "gpus", "devices": ["02:00.0"]}'
	json_is .changed
	[ "$(section)" = "$first" ]
}

@test "device: what is missing, in use or refused is an error with what to do" {
	module device '{"name": "gpus", "gpu": {"vendor": "amd", "count": 2}}'
	[ "$status" != 0 ]
	json_is ".msg == \"this host has 0 of the 2 graphics cards that are wanted (amd:any model); see 'vfioboot list' there, and name them by 'devices' or change the count\""
	module device '{"name": "other", "devices": ["02:00.0"]}'
	module device '{"name": "gpus", "gpu": {"count": 9}}'
	json_is '.msg | contains("; 0000:02:00.0 NVIDIA GeForce RTX 3080 is in the device set other")'
	module device '{"name": "gpus", "devices": ["02:00.0"]}'
	json_is ".msg | contains(\"is already in [device other], /etc/vfioboot.conf.d/other.conf:4; remove that first with 'sudo vfioboot remove other'\")"
	module device '{"name": "gpus", "devices": ["77:00.0"]}'
	[ "$status" != 0 ]
	json_is '.msg | contains("77:00.0")'
	module device '{"name": "gpus", "gpu": {}, "devices": ["02:00.0"]}'
	json_is '.msg | contains("mutually exclusive")'
	[ "$(ls "$host/etc/vfioboot.conf.d")" = other.conf ]
}

@test "device: absent removes the file, once" {
	module device '{"name": "gpus", "state": "absent"}'
	json_is '.changed | not'
	module device '{"name": "gpus", "devices": ["02:00.0"]}'
	module device '{"name": "gpus", "state": "absent"}' --check
	json_is .changed
	[ -e "$host/etc/vfioboot.conf.d/gpus.conf" ]
	module device '{"name": "gpus", "state": "absent"}'
	json_is .changed
	[ ! -e "$host/etc/vfioboot.conf.d/gpus.conf" ]
}

@test "facts and apply: which steps there are, and whether a restart is needed" {
	module facts '{}'
	json_is '.ansible_facts.vfioboot | .installed and (.reboot_required | not) and .plan == [] and (.functions | length > 4)'
	module device '{"name": "gpus", "devices": ["02:00.0"]}'
	module facts '{"gather": ["status", "check"]}'
	json_is '.ansible_facts.vfioboot | .reboot_required and
		.reboot_reasons == ["0000:02:00.0 has to get vfio-pci", "0000:02:00.1 has to get vfio-pci"] and
		(has("plan") | not) and (.problems | any(.name == "image"))'
	module apply '{}' --check --diff
	[ "$status" = 0 ]
	[[ $output == *'+++ after: images, by vfioboot apply'* ]]
	module apply '{}' --check
	json_is '.changed and .reboot_required == null and (.steps | length > 0)'
}

@test "a host without the program: facts say so, check mode goes on, and the rest fails with the packages" {
	program=/nowhere/vfioboot
	module facts '{}'
	json_is '.ansible_facts.vfioboot == {installed: false}'
	module apply '{}' --check
	[ "$status" = 0 ]
	json_is .changed
	module apply '{}'
	[ "$status" != 0 ]
	json_is '.msg | contains("install the package vfioboot")'
}

@test "the playbook in check mode: what would change, and a host without such a device fails at the end" {
	mkdir "$work/bin" "$work/group_vars" "$work/host_vars"
	printf '#!/bin/sh\nexec %s "$@" --root %s\n' "$vfioboot" "$host" >"$work/bin/vfioboot"
	chmod +x "$work/bin/vfioboot"
	printf '%s\n' one two >"$work/inventory"
	cat >"$work/group_vars/all.yml" <<-'END'
		ansible_connection: local
		ansible_python_interpreter: /usr/bin/python3
		vfioboot_install: false
		vfioboot_devices: [{name: gpus, gpu: {vendor: nvidia}}]
	END
	echo 'vfioboot_devices: [{name: gpus, gpu: {vendor: amd}}]' >"$work/host_vars/two.yml"
	PATH=$work/bin:$PATH run ansible-playbook -i "$work/inventory" vfioboot.vfioboot.fleet --check --diff
	echo "$output"
	[ "$status" = 2 ]
	[[ $output == *'+[device gpus]'* ]]
	[[ $output == *'two is left alone: Set each device set: this host has 0 of the 1 graphics cards that are wanted (amd:any model)'* ]]
	[[ $output == *'PLAY RECAP'*'one '*'changed=2 '*'failed=0 '*'two '*'changed=0 '*'failed=1 '* ]]
	[ ! -e "$host/etc/vfioboot.conf.d" ]
	# A trial that cannot begin on the first host leaves the others alone.
	PATH=$work/bin:$PATH run ansible-playbook -i "$work/inventory" vfioboot.vfioboot.fleet --check \
		-e vfioboot_trial=true -e vfioboot_trial_host=one -e '{"vfioboot_devices": [{"name": "gpus", "gpu": {"vendor": "amd"}}]}'
	echo "$output"
	[ "$status" = 2 ]
	[[ $output == *'two is left alone: Go on only after a trial that worked: nothing was changed: the trial on one failed'* ]]
}

@test "a restart is needed for what the next boot binds, and for what it no longer does" {
	PYTHONPATH=$BATS_TEST_TMPDIR/collections run -0 /usr/bin/python3 - <<-'END'
		from ansible_collections.vfioboot.vfioboot.plugins.module_utils.vfioboot import reboot_reasons

		def reasons(inactive=(), handed_over=(), **function):
		    function = dict(dict(address="A", section="s", wanted="vfio-pci", as_wanted=True, result="bound",
		                         next_boot="bind"), **function)
		    return reboot_reasons(dict(functions=[function], inactive=[dict(section=name) for name in inactive],
		                               handed_over=list(handed_over)))

		assert reasons() == []
		assert reasons(as_wanted=False, result=None) == ["A has to get vfio-pci"]
		assert reasons(as_wanted=False, result="refused", next_boot="refuse") == []
		assert reasons(as_wanted=False, result=None, next_boot="demand") == []
		assert reasons(next_boot=None) == ["A has to get its own driver back"]
		assert reasons(next_boot=None, as_wanted=False) == []
		assert reasons(next_boot=None, inactive=["s"]) == []
		assert reasons(next_boot=None, handed_over=["s"]) == []
	END
}
