#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What starts a machine, of each tree of tests/boot-trees: its folder has the answers of `check`, about
# the boot loader, and about what the entries of its menu start.

top=${BATS_TEST_DIRNAME%/tests/cli}
vfioboot=${VFIOBOOT:-$top/build/vfioboot}

# answers TREE: a line a point, with its state
answers() {
	"$vfioboot" check --root "$top/tests/boot-trees/$1/root" --json 2>/dev/null |
		jq -r '.checks[] | select(.name == "boot-loader" or .name == "image") |
			"\(.name) \(.state): \(.found)"'
}

@test "each tree: which loader, which entry by default, which image" {
	local folder bad=0
	for folder in "$top"/tests/boot-trees/*/; do
		folder=$(basename "$folder")
		answers "$folder" | diff --label "$folder: expected" --label "$folder: said" -u \
			"$top/tests/boot-trees/$folder/answers" - || bad=1
	done
	[ "$bad" = 0 ]
}
