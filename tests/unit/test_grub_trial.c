/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our part of custom.cfg, and the environment block. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain/loaders/grub_custom.h"
#include "chain/loaders/grub_env.h"
#include "support.h"

static void assert_set(const char *text, const char *ours, char **ret)
{
	assert_int_equal(grub_custom_set_part(text, ours, ret), 0);
}

static void test_leaves_what_others_wrote(void **state)
{
	static const char *const texts[] = {
		"", "menuentry 'Mine' {\n}\n", "menuentry 'Mine' {\n}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *with, *again, *without;

		assert_set(texts[i], "entry one\n", &with);
		assert_set(with, "entry two\n", &again);
		assert_non_null(strstr(again, "entry two\n"));
		assert_null(strstr(again, "entry one\n"));
		assert_set(again, NULL, &without);
		assert_string_equal(without, texts[i]);
		free(with);
		free(again);
		free(without);
	}
}

static void test_does_not_guess_where_our_part_ends(void **state)
{
	char *with, *text;

	assert_set("", "entry\n", &with);
	*strstr(with, "entry") = '\0';
	assert_int_equal(grub_custom_set_part(with, NULL, &text), -EBADMSG);
	free(with);
}

static void test_reads_the_environment(void **state)
{
	static const char block[] =
		"# GRUB Environment Block\nsaved_entry=a b\nnext_entry="
		"\nlast=x\n#########";
	char value[8];

	assert_true(grub_env_value(block, "saved_entry", value, sizeof(value)));
	assert_string_equal(value, "a b");
	assert_true(grub_env_value(block, "next_entry", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(grub_env_value(block, "nothing", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(grub_env_value("saved_entry=a\n", "saved_entry", value, 8));
	assert_false(grub_env_value(
		"# GRUB Environment Block\na=123456789\n", "a", value, sizeof(value)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves_what_others_wrote),
		cmocka_unit_test(test_does_not_guess_where_our_part_ends),
		cmocka_unit_test(test_reads_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
