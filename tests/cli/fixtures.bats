#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # run sets output
#
# Commands that look at a whole machine, on every composed one: they end as they should, say nothing
# else on stdout than JSON, and each object has every key that the manual names.

bats_require_minimum_version 1.5.0

setup() {
	top=$BATS_TEST_DIRNAME/../..
	vfioboot=$(realpath "${VFIOBOOT:-$top/build/vfioboot}")
	compose=$(realpath "$top/build/tests/compose")
	root=$BATS_TEST_TMPDIR/root
}

# json_on_every_fixture STATUSES FILTER COMMAND...: with the first section that each one has a case of
json_on_every_fixture() {
	local statuses=$1 filter=$2 fixture case
	shift 2
	for fixture in "$top"/tests/fixtures/*/; do
		rm -rf "$root"
		mkdir "$root"
		"$compose" "$fixture/machine" "$root"
		for case in "$fixture"*/conf; do
			cp "$case" "$root/etc/vfioboot.conf"
			break
		done
		run --separate-stderr timeout 60 "$vfioboot" "$@" --root "$root" --json
		echo "$fixture: status $status, $stderr"
		[[ " $statuses " == *" $status "* ]]
		jq -e "$filter" <<<"$output" >/dev/null
	done
}

@test "list" {
	json_on_every_fixture 0 '.functions | length > 0 and all(
		(keys - ["address", "path", "id", "class", "driver", "iommu_group", "name", "notes", "type",
			"vendor", "model", "subsystem", "modules", "boot_display", "uses", "section",
			"wanted", "result", "reason"] == []) and (keys | length == 19) and
		(.address | test("^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]$")))' list --all
}

@test "check" {
	json_on_every_fixture '0 1 3' '.checks | length > 5 and all(
		keys == ["found", "name", "remedy", "state", "subject"] and
		(.state | IN("pass", "fail", "unknown")) and
		(.state == "pass" or .remedy != null))' check
}

@test "plan" {
	json_on_every_fixture '0 1' '.plan | length > 0 and all(
		keys == ["action", "address", "driver", "file", "id", "line", "path", "reason",
			"section", "wanted"] and
		(.action | IN("bind", "refuse")) and ((.action == "bind") == (.reason == null)))' plan
}

@test "status" {
	json_on_every_fixture '0 1' '
		(keys == ["boot", "errors", "functions", "images", "images_problem", "inactive",
			"next_boot", "trial"]) and
		(.functions | length > 0 and all(
			keys == ["address", "as_wanted", "driver", "id", "next_boot", "next_reason",
				"path", "reason", "result", "section", "stage", "wanted"] and
			(.result | IN("bound", "refused", "failed", "absent", null))))' status
}

@test "cmdline" {
	json_on_every_fixture '0 1' '.parameters | all(
		keys == ["kind", "parameter", "reason"] and
		(.kind | IN("needed", "warning", "conflict", "firmware")))' cmdline
}
