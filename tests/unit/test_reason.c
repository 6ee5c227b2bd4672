/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of reasons and the words of results: complete, distinct, fit for every format. */
#include "bind/bind.h"
#include "decide/reason.h"
#include "support.h"

/* Words that others were promised. */
static void test_known_words(void **state)
{
	static const struct {
		enum reason reason;
		const char *word;
	} cases[] = {
		{REASON_NONE, "-"},
		{REASON_MOVED, "moved"},
		{REASON_NO_IOMMU_GROUP, "no-iommu-group"},
		{REASON_DENYLISTED, "denylisted"},
		{REASON_PROTECTED, "protected"},
		{REASON_LAST_DISPLAY, "last-display"},
		{REASON_NO_DRIVER, "no-driver"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(reason_word(cases[i].reason), cases[i].word);
}

static void test_complete(void **state)
{
	for (int i = 0; i < REASONS; i++) {
		const char *word = reason_word((enum reason)i);
		const char *text = reason_text((enum reason)i);
		enum reason parsed = REASONS;

		assert_non_null(word);
		assert_non_null(text);
		assert_true(strlen(word) > 0 && strlen(word) < 32);
		assert_int_equal(
			strspn(word, "abcdefghijklmnopqrstuvwxyz-"), strlen(word));
		assert_true(strlen(text) > 0);
		assert_true(text[strlen(text) - 1] != '.');
		assert_null(strchr(text, '\n'));
		assert_true(reason_parse(word, &parsed));
		assert_int_equal(parsed, i);
	}
}

static void test_distinct(void **state)
{
	for (int i = 0; i < REASONS; i++) {
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(
				reason_word((enum reason)i), reason_word((enum reason)j));
			assert_string_not_equal(
				reason_text((enum reason)i), reason_text((enum reason)j));
		}
	}
}

static void test_unknown_word(void **state)
{
	static const char *const words[] = {
		"", "none", "Moved", "move", "movedd", "moved "};
	enum reason reason = REASON_COUNT;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_false(reason_parse(words[i], &reason));
		assert_int_equal(reason, REASON_COUNT);
	}
}

static void test_results(void **state)
{
	static const char *const words[RESULTS] = {
		"bound", "refused", "failed", "absent"};

	for (int i = 0; i < RESULTS; i++)
		assert_string_equal(result_word((enum result)i), words[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_words),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_distinct),
		cmocka_unit_test(test_unknown_word),
		cmocka_unit_test(test_results),
	};

	return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
