/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel arguments as words, and where they end. */
#include "base/arguments.h"
#include "base/util.h"
#include "support.h"

static void test_have(void **state)
{
	(void)state;
	assert_true(words_have("ro  quiet\tx", "quiet", 5));
	assert_true(words_have("ro -- x", "ro", 2));
	assert_false(words_have("ro quiets", "quiet", 5));
	/* That is init's. */
	assert_false(words_have("ro -- quiet", "quiet", 5));
	assert_true(words_have("a=\"b -- c\" quiet", "quiet", 5));
}

static void test_add(void **state)
{
	static const char *const cases[][3] = {
		{"", "", ""},
		{"", "a b", "a b"},
		{"ro quiet", "", "ro quiet"},
		{"ro  quiet", "a b", "ro  quiet a b"},
		{"ro ", "a", "ro a"},
		{"ro -- x  y", "a b", "ro a b -- x  y"},
		{"ro -- x", "", "ro -- x"},
		{"-- x", "a", "a -- x"},
		{"-- x", "", "-- x"},
		{"ro --", "a", "ro a --"},
		{"ro --x y", "a", "ro --x y a"},
		{"a=\"b -- c\" -- d", "e", "a=\"b -- c\" e -- d"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = words_add(cases[i][0], cases[i][1]);

		assert_string_equal(text, cases[i][2]);
	}
}

static void test_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"", "", true},
		{"a b", " b  a ", true},
		{"a b a", "a b", true},
		{"a b", "a", false},
		{"a", "a b", false},
		{"a b -- x y", "b a  --  x y ", true},
		{"a -- x", "a", false},
		{"a -- x", "a x", false},
		{"a -- x y", "a -- y x", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(words_same(cases[i].a, cases[i].b), cases[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_have),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
