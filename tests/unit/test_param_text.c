/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameters come into texts and out of them, and nothing else moves. */
#include "chain/loaders/param_text.h"

#include "base/base.h"
#include "support.h"

#define VARIABLE "V"
#define WORDS    "a=1 b.c=2"

static void check_one(enum param_form form, const char *before, const char *after)
{
	_cleanup_free_ char *added = NULL, *removed = NULL;

	assert_int_equal(param_text_add(form, VARIABLE, before, WORDS, &added), 0);
	assert_string_equal(added, after);
	assert_int_equal(param_text_remove(form, VARIABLE, added, WORDS, &removed), 0);
	assert_string_equal(removed, before);
}

static void test_line(void **state)
{
	static const char *const cases[][2] = {
		{"", "a=1 b.c=2"},
		{"\n", "a=1 b.c=2\n"},
		{"quiet", "quiet a=1 b.c=2"},
		{"root=/x  ro \n", "root=/x  ro a=1 b.c=2 \n"},
		{"root=/x\nro\n\n", "root=/x\nro a=1 b.c=2\n\n"},
		{"quiet -- single\n", "quiet a=1 b.c=2 -- single\n"},
		{"-- single\n", "a=1 b.c=2 -- single\n"},
		{"quiet\n# all of it\n", "quiet a=1 b.c=2\n# all of it\n"},
		{"# nothing\n", "# nothing\na=1 b.c=2\n"},
		{"# nothing", "# nothing\na=1 b.c=2"},
		{"  ", "a=1 b.c=2   "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_one(PARAM_LINE, cases[i][0], cases[i][1]);
}

static void test_comments(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"# a\n", ""},
		{"a #b\n \t# c\nd", "a #b\nd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *line = param_text_line(cases[i][0]);

		assert_string_equal(line, cases[i][1]);
	}
}

static void test_options(void **state)
{
	static const char *const cases[][2] = {
		{"title T\noptions root=/x ro\nlinux /l\n",
			"title T\noptions root=/x ro a=1 b.c=2\nlinux /l\n"},
		{"options    quiet\t\r\noptions x\n",
			"options    quiet a=1 b.c=2\t\r\noptions x\n"},
		{"linux /l", "linux /l\noptions a=1 b.c=2"},
		{"options \nlinux /l\n", "options \nlinux /l\noptions a=1 b.c=2\n"},
		{"options q -- s\n", "options q a=1 b.c=2 -- s\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_one(PARAM_OPTIONS, cases[i][0], cases[i][1]);
}

static void test_shell(void **state)
{
	static const char *const cases[][2] = {
		{"V=\"quiet\"\n", "V=\"quiet a=1 b.c=2\"\n"},
		{"V='quiet' # why\n", "V='quiet a=1 b.c=2' # why\n"},
		{"V=\"\"\n", "V=\"a=1 b.c=2\"\n"},
		{"V=\"x\"\nexport V=\"y \"\nW=\"z\"\n",
			"V=\"x\"\nexport V=\"y a=1 b.c=2 \"\nW=\"z\"\n"},
		{"V+=\" x\"", "V+=\" x a=1 b.c=2\""},
		{"V=\"a \\\"b\\\" $X\"\n", "V=\"a \\\"b\\\" $X a=1 b.c=2\"\n"},
		{"V=\"one\ntwo\"\n", "V=\"one\ntwo a=1 b.c=2\"\n"},
		/* More than a quoted text, or a file that is more than assignments: a line of its own. */
		{"V=quiet\n", "V=quiet\nV=\"$V a=1 b.c=2\"\n"},
		{"V=\n", "V=\nV=\"$V a=1 b.c=2\"\n"},
		{"W=1", "W=1\nV=\"$V a=1 b.c=2\""},
		{"V=\"a\"'b'\n", "V=\"a\"'b'\nV=\"$V a=1 b.c=2\"\n"},
		{"V=\"$(cat /x)\"\n", "V=\"$(cat /x)\"\nV=\"$V a=1 b.c=2\"\n"},
		{"V=\"`cat /x`\"\n", "V=\"`cat /x`\"\nV=\"$V a=1 b.c=2\"\n"},
		{"V=\"$V\"\n", "V=\"$V\"\nV=\"$V a=1 b.c=2\"\n"},
		{"V=\"x\"\nif true; then\nV=\"y\"\nfi\n",
			"V=\"x\"\nif true; then\nV=\"y\"\nfi\nV=\"$V a=1 b.c=2\"\n"},
		{"# V=\"x\"\n", "# V=\"x\"\nV=\"$V a=1 b.c=2\"\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_one(PARAM_SHELL, cases[i][0], cases[i][1]);
}

/* What a person has written meanwhile stays. */
static void test_edited(void **state)
{
	static const struct {
		enum param_form form;
		const char *now, *rest;
	} cases[] = {
		{PARAM_SHELL, "V=\"quiet b.c=2 splash a=1\"\n", "V=\"quiet splash\"\n"},
		{PARAM_SHELL, "V=\"a=1\"\nV=\"$V b.c=2 mine\"\n",
			"V=\"\"\nV=\"$V mine\"\n"},
		{PARAM_SHELL, "W=\"a=1\"\nV=\"x\"\n", "W=\"a=1\"\nV=\"x\"\n"},
		{PARAM_SHELL, "V_DEFAULT=\"a=1\"\nV=\"x\"\n",
			"V_DEFAULT=\"a=1\"\nV=\"x\"\n"},
		{PARAM_SHELL, "V=\"a=12 xa=1 a=1,2\"\n", "V=\"a=12 xa=1 a=1,2\"\n"},
		{PARAM_LINE, "a=1\nroot=/y\n# a=1\n", "\nroot=/y\n# a=1\n"},
		{PARAM_LINE, "root=/y a=1  b.c=2 x\n", "root=/y  x\n"},
		{PARAM_OPTIONS, "options x\noptions a=1\n", "options x\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *rest = NULL;

		assert_int_equal(param_text_remove(cases[i].form, VARIABLE, cases[i].now,
					 WORDS, &rest),
			0);
		assert_string_equal(rest, cases[i].rest);
	}
}

static void test_holds(void **state)
{
	assert_true(param_text_holds("ro intel_iommu=sm_on,on", "intel_iommu=on"));
	assert_true(param_text_holds("iommu_passthrough vfioboot.off", "vfioboot.off"));
	assert_true(param_text_holds("video=efifb:off", "video=efifb:off"));
	assert_false(param_text_holds("video=x,efifb:off", "video=efifb:off"));
	assert_false(param_text_holds("intel_iommu=off", "intel_iommu=on"));
	assert_false(param_text_holds("ro -- intel_iommu=on", "intel_iommu=on"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_edited),
		cmocka_unit_test(test_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
