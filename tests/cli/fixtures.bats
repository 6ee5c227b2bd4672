#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2030,SC2031,SC2154 # each test is a process; run and machine.bash
#
# Commands that look at a whole machine, on every composed one: they end as they should, say nothing
# else on stdout than JSON, and each object has every key that the manual names.

bats_require_minimum_version 1.5.0

load machine

# Each machine is made once, with the configuration of its first case: nothing here changes it.
setup_file() {
	local fixture
	programs
	make_work fixtures
	export machines=$work
	for fixture in "$fixtures"/*/; do
		root=$machines/$(basename "$fixture")
		machine "$(basename "$fixture")"
		cp "$(find "$fixture" -mindepth 2 -name conf | sort | head -n 1)" \
			"$root/etc/vfioboot.conf"
	done
}

teardown_file() {
	rm -rf --one-file-system "${machines:?}"
}

# on_every_fixture COMMAND...: runs it with each machine as $root
on_every_fixture() {
	local seen=0
	for root in "$machines"/*; do
		echo "on ${root##*/}"
		"$@"
		seen=$((seen + 1))
	done
	((seen >= 15))
}

# json_with STATUSES FILTER COMMAND...
json_with() {
	run --separate-stderr timeout "$HANG" "$vfioboot" "${@:3}" --root "$root" --json
	echo "status $status, $stderr"
	[[ " $1 " == *" $status "* ]]
	json=$output
	json_is "$2"
}

functions_of_root() {
	find "$root/sys/bus/pci/devices" -type l -printf '%f\n' | sort
}

list_all() {
	json_with 0 '.functions | length > 0 and all(
		(keys - ["address", "path", "id", "class", "driver", "iommu_group", "name", "notes", "type",
			"vendor", "model", "subsystem", "modules", "boot_display", "physical", "vf", "uses", "data", "section",
			"wanted", "result", "reason"] == []) and (keys | length == 22) and
		(.name | length > 0))' list --all
	[ -z "$stderr" ]
	diff <(jq -r '.functions[].address' <<<"$json" | sort) <(functions_of_root)
}

# bats test_tags=slow
@test "list" {
	on_every_fixture list_all
}

list_for_people() {
	run -0 --separate-stderr "$vfioboot" list --root "$root"
	[[ ${lines[0]} == ADDRESS* ]]
	[ -z "$stderr" ]
}

@test "list, for people" {
	on_every_fixture list_for_people
}

explain_the_last() {
	local address
	address=$(functions_of_root | tail -n 1)
	json_with 0 ".functions | length == 1 and .[0].address == \"$address\"" explain "$address"
	[ -z "$stderr" ]
	json_with 0 '.functions | length > 0 and all(.class | startswith("03"))' explain class:03
}

# bats test_tags=slow
@test "explain" {
	on_every_fixture explain_the_last
}

# bats test_tags=slow
@test "check" {
	on_every_fixture json_with '0 1 3' '.checks | length > 5 and all(
		keys == ["found", "name", "remedy", "state", "subject"] and
		(.state | IN("pass", "fail", "unknown")) and
		(.state == "pass") == (.remedy == null))' check
}

@test "plan" {
	on_every_fixture json_with '0 1' '.plan | length > 0 and all(
		keys == ["action", "address", "at_the_next_boot", "driver", "file", "id", "line",
			"name", "path", "reason", "remark", "section", "settings", "wanted"] and
		(.action | IN("bind", "later", "refuse", "demand", "native")) and
		((.action | IN("bind", "native")) == (.remark == null)) and
		((.action == "refuse") == (.reason != null)))' plan
}

@test "status" {
	on_every_fixture json_with '0 1' '
		(keys == ["boot", "entries", "errors", "functions", "handed_over", "headline", "images", "images_problem",
			"inactive", "loader", "next_boot", "other_machines", "ready", "ready_unknown", "trial"]) and
		(.ready | IN(true, false, null)) and (.ready == null) == (.ready_unknown != null) and
		(.functions | length > 0 and all(
			keys == ["address", "as_wanted", "at_this_boot", "driver", "id", "name",
				"next_boot", "next_reason", "path", "reason", "remark", "result",
				"section", "settings", "stage", "wanted"] and
			(.result | IN("bound", "refused", "failed", "absent", null))))' status
}

# bats test_tags=slow
@test "cmdline" {
	on_every_fixture json_with '0 1' '.parameters | all(
		keys == ["kind", "parameter", "reason"] and
		(.kind | IN("needed", "warning", "conflict", "obstacle")))' cmdline
}
