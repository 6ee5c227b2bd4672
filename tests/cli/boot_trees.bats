#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by programs
#
# What starts a machine, of each tree of tests/boot-trees: its folder has the answers, which are those
# of boot_tree.bash: the boot loader, what its default entry starts, where permanent parameters go, who
# makes the image again, and whether it is ready.

load ../lib/programs

setup() {
	programs
	trees=$top/tests/boot-trees
}

# answer NUMBER/OF: of those trees which are of this part
answer() {
	local folder bad=0 n=0
	for folder in "$trees"/*/; do
		((n++ % ${1#*/} + 1 == ${1%/*})) || continue
		folder=$(basename "$folder")
		"$BATS_TEST_DIRNAME/boot_tree.bash" "$trees/$folder" "$BATS_TEST_TMPDIR/root" 2>&1 |
			diff --label "$folder: expected" --label "$folder: said" -u \
				"$trees/$folder/answers" - || bad=1
	done
	((n > 36 && bad == 0))
}

# bats test_tags=slow
@test "each tree answers as expected, first half" { answer 1/2; }

# bats test_tags=slow
@test "each tree answers as expected, second half" { answer 2/2; }

@test "an image that is not started makes no tree ready, and one that is makes most of them so" {
	local file ready=0
	for file in "$trees"/*/answers; do
		run grep -A 99 'one that is not started' "$file"
		[[ $output == *'ready: '*'With new images:'*'ready: '* ]]
		[[ ${output%With new*} != *'ready: true'* && ${output##*With new} != *'ready: false'* ]]
		[[ ${output##*With new} != *'ready: true'* ]] || ready=$((ready + 1))
	done
	((ready > 27))
}

# bats test_tags=slow
@test "a default that is not known is not said to be old where all images are new" {
	"$BATS_TEST_DIRNAME/boot_tree.bash" "$trees/refind-quotes" "$BATS_TEST_TMPDIR/root" >/dev/null 2>&1
	run "${VFIOBOOT:-$top/build/vfioboot}" status --root "$BATS_TEST_TMPDIR/root"
	[[ $output == *'is not known, and it may be one of another system.'* ]]
	[[ $output != *'not every entry'* ]]
}
