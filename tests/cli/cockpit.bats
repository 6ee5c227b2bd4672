#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a process; run, machine.bash and host.bash
#
# The page in Cockpit as far as it goes without a browser: what it reads of each answer is in what
# vfioboot prints. tests/cockpit has the rest.

bats_require_minimum_version 1.5.0

load host
load machine

# What the page reads of an answer: answers.js is JSON behind its first words.
template() { # KIND
	sed -n '/^{$/,/^}$/p' cockpit/answers.js | jq --arg kind "$1" '.[$kind]'
}

# Each member of the template is in what is read; an array that is empty shows nothing, so it is one
# more that the test has to fill, unless it may be.
# shellcheck disable=SC2016 # jq's
fits='
	def fits($template; $at):
		if $template == null then empty
		elif $template | type == "array" then
			if type != "array" then "\($at) is no array"
			elif length == 0 then "\($at) is empty"
			else .[0] | fits($template[0]; "\($at)[]") end
		elif . == null then "\($at) is null"
		else . as $value | $template | keys[] as $key |
			if $value | has($key) then $value[$key] | fits($template[$key]; "\($at).\($key)")
			else "\($at) has no \($key)" end
		end;
	fits($template; "")'

# has_all KIND [NOT SEEN]...: the answer in $work/json has what the page reads of it
has_all() {
	local kind=$1 missed
	shift
	missed=$(jq -r --argjson template "$(template "$kind")" "$fits" "$work/json")
	printf '%s\n' "$@" | sort >"$work/expected"
	sort <<<"$missed" | diff - "$work/expected"
}

answer() { # COMMAND...
	"$vfioboot" "$@" --json --root "$host" >"$work/json" 2>"$work/err" || true
}

configured_host() {
	host_of_two_cards "$host"
	put etc/vfioboot.conf.d/gpu.conf <<<$'[device gpu]\npath = 00:01.1/00\nprofile = games'
	put etc/vfioboot.conf.d/usb.conf <<<$'[device usb]\npath = 00:14.0'
	put etc/vfioboot.conf <<<$'[device bad]\nnonsense = 1'
	put var/lib/vfioboot/trial/state <<<$'vfioboot-trial 1\nid 1\nphase failed\nreason not-up\ntext x'
}

@test "what the page reads is in list, plan, status, check and add" {
	configured_host
	answer list
	has_all list
	answer plan
	has_all plan
	answer status
	has_all status
	answer check
	has_all check
	# A neighbour that is left out, and an obstacle.
	answer add 00:1f.6 --dry-run --only
	has_all add
	answer add 00:02.0 --dry-run
	has_all add '.left_out is empty'
}

@test "what the page reads is in each line of apply and undo" {
	host_of_two_cards "$host"
	put etc/vfioboot.conf.d/gpu.conf <<<$'[device gpu]\npath = 00:01.1/00'
	for command in apply undo; do
		answer "$command" --dry-run
		[ "$(wc -l <"$work/json")" -gt 1 ]
		while read -r line; do
			jq -r --argjson template "$(template event)" "$fits" <<<"$line" >"$work/missed"
			[ ! -s "$work/missed" ]
		done <"$work/json"
	done
}

@test "a member that is missing is found" {
	host_of_two_cards "$host"
	answer list
	jq '.functions |= map(del(.notes))' "$work/json" >"$work/less"
	mv "$work/less" "$work/json"
	has_all list '.functions[] has no notes'
}

# words FILE NAME: the keys of an object, which a module has a text or a colour for
words() {
	sed -n "/^const $2 = {/,/^};\|};$/p" "cockpit/$1" | grep -oE '[{,[:space:]][a-z]+: ' | tr -dc 'a-z\n'
}

@test "what no boot binds has its words on the page" {
	host_of_two_cards "$host"
	put etc/vfioboot.conf.d/gpu.conf <<<$'[device gpu]\npath = 00:01.1/00\nbind = demand'
	answer list
	words page.js results | grep -qx "$(jq -r '.functions[] | select(.section == "gpu").result' "$work/json" | uniq)"
	answer plan
	words page.js planColours | grep -qx "$(jq -r '.plan[0].action' "$work/json")"
	answer status
	words page.js inactives | grep -qx "$(jq -r '.inactive[0].why' "$work/json")"
	answer add 01:00.0 --demand --dry-run
	words actions.js actions | grep -qx "$(jq -r '.functions[0].next_boot' "$work/json")"
	has_all add '.left_out is empty' '.obstacles is empty'
}

# Each member that a module names in an answer, it is given: read() leaves out all others.
@test "the page asks for no answer that answers.js does not list" {
	for kind in $(grep -ohE 'ask\(\["[a-z]+"|readOne\("[a-z]+"' cockpit/*.js | grep -oE '[a-z]+"$' | tr -d '"') event add; do
		[ "$(template "$kind")" != null ]
	done
}

@test "files are loaded that there are, and no others are installed" {
	for file in $(grep -ohE '(src|href)="[a-z.]+"' cockpit/index.html | cut -d'"' -f2) \
		$(grep -ohE 'from "\./[a-z]+\.js"' cockpit/*.js | cut -d/ -f2 | tr -d '"'); do
		# The bridge makes one of the translations that there are, the build the other.
		[[ -e cockpit/$file || $file = po.js || $file = patternfly.css ]]
	done
	json_true '.menu.index.label and .requires.cockpit == "287"' <cockpit/manifest.json
}

@test "the modules can be parsed" {
	command -v node >/dev/null || skip "there is no node"
	for file in cockpit/*.js; do
		node --check --input-type=module <"$file"
	done
}

# A browser leaves out a rule that it cannot read, without a word.
@test "each at-rule of the style sheet begins its line, and no rule is there twice" {
	run grep -nE '[^[:space:]].*@' cockpit/page.css
	[ "$output" = '' ]
	run bash -c "grep -E '^[^[:space:]@}/].* \{$' cockpit/page.css | sort | uniq -d"
	[ "$output" = '' ]
}
