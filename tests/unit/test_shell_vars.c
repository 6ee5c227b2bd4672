/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assignments as bash carries them out, and what is not known without it. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "support.h"

/* The value of X, the words of a list in brackets, or what is not known. */
static void expect(const char *text, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(shell_vars_free) struct shell_vars vars = {0};
	const struct shell_var *var;
	char got[1024] = "";
	struct message why = {0};

	fake_put("file", text);
	assert_int_equal(shell_vars_set(&vars, "kernel", "6.1-x"), 0);
	assert_int_equal(shell_vars_read(&root, "/file", &vars), 0);
	if (!shell_vars_text(&vars, "X", &why)) {
		snprintf(got, sizeof(got), "?%s", why.text);
	} else if ((var = shell_vars_find(&vars, "X"))) {
		for (size_t i = 0; i < var->words.n; i++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%s]",
				var->words.names[i]);
		if (!var->is_list)
			snprintf(got, sizeof(got), "%s", var->words.names[0]);
	} else {
		snprintf(got, sizeof(got), "-");
	}
	if (strcmp(got, expected) != 0)
		fail_msg("'%s' gives '%s', not '%s'", text, got, expected);
}

static void test_values(void **state)
{
	static const char *const cases[][2] = {
		{"", "-"},
		{"# X=1", "-"},
		{"X=", ""},
		{"X=a # b", "a"},
		{"X=a#b", "a#b"},
		{"  X=a;Y=b", "a"},
		{"Y=1 X=a", "a"},
		{"X=1\nX=2\n", "2"},
		{"X='a b'\"c d\"e\\ f", "a bc de f"},
		{"X='it'\\''s'", "it's"},
		{"X=\"a\\\"b\\$c\\d\"", "a\"b$c\\d"},
		{"X=a\\\nb", "ab"},
		{"X='a\nb'", "a\nb"},
		{"X=\"a\\\nb\"", "ab"},
		{"Y=b; X=a$Y/c", "ab/c"},
		{"Y=b; X=\"a${Y}c\"", "abc"},
		{"Y='b c'; X=$Y", "b c"},
		{"X='$Y'", "$Y"},
		{"X=initrd-$kernel", "initrd-6.1-x"},
		{"X=${Y:-/efi}/b", "/efi/b"},
		{"Y=; X=${Y:-a}${Y-b}", "a"},
		{"Y=z; X=${Y:-$(uname)}", "z"},
		{"X=a; X+=b", "ab"},
		{"X+=\" b \"", " b "},
		{"export X=a", "a"},
		{"declare -r X=\"a\"", "a"},
		{"X=a; unset X", "-"},
		{"X=*.img", "*.img"},
		{"X=a$", "a$"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i][0], cases[i][1]);
}

static void test_lists(void **state)
{
	static const char *const cases[][2] = {
		{"X=()", ""},
		{"X=('a' \"b c\" d)", "[a][b c][d]"},
		{"X=(a # one\n  b\n)\nY=1", "[a][b]"},
		{"X=(a); X+=(b 'a')", "[a][b][a]"},
		{"Y=(a 'b c'); X=(\"${Y[@]}\" d)", "[a][b c][d]"},
		{"Y=a; X=($Y \"$Y b\")", "[a][a b]"},
		{"Y=(a b); X=$Y", "a"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i][0], cases[i][1]);
}

static void test_unknown(void **state)
{
	static const char *const cases[][2] = {
		{"X=$(ls)", "?/file:1 has a command substitution"},
		{"\nX=\"a$(ls \")\" | wc)b\"\n", "?/file:2 has a command substitution"},
		{"X=`ls`", "?/file:1 has a command substitution"},
		{"X=$Z", "?/file:1 has a variable that is set elsewhere"},
		{"Y=$(ls)\nX=$Y", "?/file:2 has a command substitution"},
		{"Y=a; X=${Y%.*}", "?/file:1 has an expansion that only a shell can do"},
		{"X=$1", "?/file:1 has an expansion that only a shell can do"},
		{"X=~/a", "?/file:1 has an expansion that only a shell can do"},
		{"Y='a b'; X=($Y)", "?/file:1 has an expansion that only a shell can do"},
		{"X=(a*)", "?/file:1 has a pattern"},
		{"X=('a", "?/file:1 has a quote without an end"},
		{"X=\"a", "?/file:1 has a quote without an end"},
		{"X=1\nif true; then\nX=2\nfi", "?/file:2 has a command"},
		{"X=1\n[[ -d /efi ]] && X=2", "?/file:2 has a command"},
		{"f() {\nX=1\n}\n", "?/file:1 has a command"},
		{". /etc/other", "?/file:1 has a command"},
		{"X=1 && Y=2", "?/file:1 has a command"},
		{"X=1 ls", "?/file:1 has a command"},
		{"declare -n X=Y", "?/file:1 has a command"},
		/* What is not known of another one says nothing of this one. */
		{"Y=$(ls)\nX=1", "1"},
		{"X=$(ls)\nX=1", "1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i][0], cases[i][1]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_values), TEST(test_lists), TEST(test_unknown)};

	return cmocka_run_group_tests_name("shell_vars", tests, NULL, NULL);
}
