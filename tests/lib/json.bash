# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Questions to JSON, for the tests of tests/cli and of tests/boot. jq -e does not do: where there
# is nothing to read, jq 1.6 ends with 0, and of several values the last one alone decides.

# Whether stdin is one JSON value, of which the filter says true and no more.
json_true() { # FILTER [OPTION...] <JSON
	local text
	text=$(</dev/stdin)
	jq -es "length == 1 and ([.[0] | $1] == [true])" "${@:2}" <<<"$text" >/dev/null && return
	printf '%s\n' "not so: $1" "of this, ${#text} characters:" "$text"
	return 1
}

# Keeps an answer for tests/schemas, of a program that could not run as tests/lib/answering: it was
# in a root directory of its own.
keep_answer() { # COMMAND [WORD...] <ANSWER
	local answer
	[ -n "${ANSWERS-}" ] || return 0
	answer=$(mktemp "$ANSWERS/XXXXXXXXXX")
	cat >"$answer"
	printf '%s ' "$@" >"$answer.of"
}
