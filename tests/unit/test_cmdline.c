/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line, cut as lib/cmdline.c of the kernel cuts it. */
#include <stdio.h>

#include "base/cmdline.h"
#include "support.h"

/* Writes all parameters as "<name>", or "<name=value>". */
static void list_params(const char *text, char *ret, size_t size)
{
	struct cmdline_param param;
	const char *cursor = text;
	size_t len = 0;

	ret[0] = '\0';
	while (cmdline_next(&cursor, &param)) {
		assert_true(cursor > text && cursor <= text + strlen(text));
		len += (size_t)snprintf(
			ret + len, size - len, "<%.*s", (int)param.name_len, param.name);
		if (param.value)
			len += (size_t)snprintf(ret + len, size - len, "=%.*s",
				(int)param.value_len, param.value);
		len += (size_t)snprintf(ret + len, size - len, ">");
		assert_true(len < size);
	}
}

struct cut {
	const char *text, *params;
};

static void expect_cuts(const struct cut *cuts, size_t n)
{
	char params[512];

	for (size_t i = 0; i < n; i++) {
		list_params(cuts[i].text, params, sizeof(params));
		assert_string_equal(params, cuts[i].params);
	}
}

static void test_plain(void **state)
{
	static const struct cut cuts[] = {
		{"", ""},
		{"  \t\n", ""},
		{"quiet", "<quiet>"},
		{"quiet\n", "<quiet>"},
		{" quiet  splash ", "<quiet><splash>"},
		{"a\tb\nc\vd\fe\rf", "<a><b><c><d><e><f>"},
		{"root=UUID=1-2 ro", "<root=UUID=1-2><ro>"},
		{"a=", "<a=>"},
		{"a= b", "<a=><b>"},
		{"a=b=c", "<a=b=c>"},
		{"a==b", "<a==b>"},
		{"BOOT_IMAGE=/vmlinuz vfioboot.device=00:01.0/00,10de:2204 quiet",
			"<BOOT_IMAGE=/vmlinuz><vfioboot.device=00:01.0/00,10de:2204><quiet>"},
	};

	(void)state;
	expect_cuts(cuts, ARRAY_SIZE(cuts));
}

static void test_quotes(void **state)
{
	static const struct cut cuts[] = {
		{"a=\"b c\" d", "<a=b c><d>"},
		{"\"a=b c\" d", "<a=b c><d>"},
		{"\"a b\"=c d", "<a b\"=c><d>"},
		{"a=b\" \"c d", "<a=b\" \"c><d>"},
		{"a=\"b\"c", "<a=b\"c>"},
		{"a=\"b", "<a=b>"},
		{"a=\"b c d", "<a=b c d>"},
		{"\"a b", "<a b>"},
		{"a=\"\" b", "<a=><b>"},
		{"a=\"", "<a=>"},
		{"a\"b c\" d", "<a\"b c\"><d>"},
		{"a=b\" c", "<a=b\" c>"},
		{"a=b\"", "<a=b\">"},
		{"\"\"", "<>"},
		{"\"", "<>"},
		{"\"a\" b", "<a><b>"},
		/* No escapes. */
		{"a=\"b\\\" c", "<a=b\\><c>"},
		{"\"a=\"b\" c", "<a=b\" c>"},
		/* One closing quote is cut, not two. */
		{"\"a=\"b\"\" c", "<a=b\"><c>"},
	};

	(void)state;
	expect_cuts(cuts, ARRAY_SIZE(cuts));
}

/* What is behind a bare "--" is for init (kernel/params.c, parse_args). */
static void test_end(void **state)
{
	static const struct cut cuts[] = {
		{"a -- b", "<a>"}, {"-- b", ""}, {"a --", "<a>"},
		{"a --b c", "<a><--b><c>"}, {"a --- c", "<a><---><c>"},
		{"a --=b c", "<a><--=b><c>"}, {"a -- -- b", "<a>"},
		{"a=-- b", "<a=--><b>"}, {"a=\"x -- y\" b", "<a=x -- y><b>"},
		{"a \"--\" b", "<a>"}, /* the kernel takes the quotes off first */
	};
	const char *cursor = "-- b";
	struct cmdline_param param;

	(void)state;
	expect_cuts(cuts, ARRAY_SIZE(cuts));
	for (int i = 0; i < 3; i++)
		assert_false(cmdline_next(&cursor, &param));
}

/* '=' at the start of a word names nothing; a later one parts name and value. */
static void test_leading_equals(void **state)
{
	static const struct cut cuts[] = {
		{"= b", "<=><b>"},
		{"=a b", "<=a><b>"},
		{"=a=b", "<=a=b>"},
	};
	struct cmdline_param param;
	const char *cursor = "=a=b";

	(void)state;
	expect_cuts(cuts, ARRAY_SIZE(cuts));
	assert_true(cmdline_next(&cursor, &param));
	assert_true(cmdline_name_is(&param, "=a"));
}

static void test_name_is(void **state)
{
	static const struct {
		const char *text, *name;
		bool is;
	} cases[] = {
		{"vfioboot.off", "vfioboot.off", true},
		{"vfioboot.off=1", "vfioboot.off", true},
		{"a-b_c", "a_b-c", true},
		{"a_b", "a-b", true},
		{"a.b", "a-b", false},
		{"A", "a", false},
		{"vfioboot.of", "vfioboot.off", false},
		{"vfioboot.offf", "vfioboot.off", false},
		{"vfioboot-off", "vfioboot.off", false},
		{"xvfioboot.off", "vfioboot.off", false},
		{"\"vfioboot.off\"", "vfioboot.off", true},
		{"\"\"", "vfioboot.off", false},
		{"\"\"", "", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *cursor = cases[i].text;
		struct cmdline_param param;

		assert_true(cmdline_next(&cursor, &param));
		assert_int_equal(cmdline_name_is(&param, cases[i].name), cases[i].is);
	}
}

static void test_length(void **state)
{
	static const struct {
		const char *text, *kernels;
	} cases[] = {
		{"", ""},
		{" \n", ""},
		{"-- x", ""},
		{" ro  quiet \n", " ro  quiet"},
		{"ro -- x -- y", "ro"},
		{"ro --x y", "ro --x y"},
		{"a=\"b -- c\" -- d", "a=\"b -- c\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(cmdline_length(cases[i].text), strlen(cases[i].kernels));
		assert_memory_equal(
			cases[i].text, cases[i].kernels, strlen(cases[i].kernels));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_leading_equals),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_name_is),
	};

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
