/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line, cut as lib/cmdline.c of the kernel cuts it. */
#include <errno.h>
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

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(cmdline_length(cases[i].text), strlen(cases[i].kernels));
		assert_memory_equal(
			cases[i].text, cases[i].kernels, strlen(cases[i].kernels));
	}
}

static void test_value_has(void **state)
{
	assert_true(cmdline_has("ro a=x,y z", "a", "y"));
	assert_true(cmdline_has("a=x a=y", "a", "y"));
	assert_true(cmdline_has("\"a=x y\" a_b=z", "a-b", "z"));
	assert_true(cmdline_has("a", "a", NULL));
	assert_true(cmdline_has("a=,", "a", ""));
	assert_false(cmdline_has("a", "a", ""));
	assert_false(cmdline_has("a=xy,yx", "a", "x"));
	assert_false(cmdline_has("a=x -- a=y", "a", "y"));
	assert_false(cmdline_has("", "a", NULL));
}

/* What is one text in the kernel is what its last parameter says. */
static void test_value_replaced(void **state)
{
	assert_true(cmdline_has("module_blacklist=a,b", "module_blacklist", "b"));
	assert_true(cmdline_has(
		"module-blacklist=a module_blacklist=c,b", "module_blacklist", "b"));
	assert_true(cmdline_has(
		"module_blacklist=b module_blacklist", "module_blacklist", "b"));
	assert_false(cmdline_has(
		"module_blacklist=a,b module_blacklist=c", "module_blacklist", "b"));
	assert_false(cmdline_has(
		"module_blacklist=b module_blacklist=", "module_blacklist", "b"));
}

static void test_value_first(void **state)
{
	assert_true(cmdline_has_first("v=b,a v=a,b", "v", "a"));
	assert_false(cmdline_has_first("v=b,a", "v", "a"));
	assert_false(cmdline_has_first("v", "v", "a"));
}

static void test_value_ends(void **state)
{
	assert_true(cmdline_holds("i=on,off", "i", "off", "on"));
	assert_true(cmdline_holds("i=on i=x,off", "i", "off", "on"));
	assert_true(cmdline_holds("i=off,on", "i", "off", NULL));
	assert_true(cmdline_holds("i", "i", NULL, NULL));
	assert_false(cmdline_holds("i=off,on", "i", "off", "on"));
	assert_false(cmdline_holds("i=off i=on", "i", "off", "on"));
	assert_false(cmdline_holds("i=offline i", "i", "off", "on"));
}

static void test_value_passes_through(void **state)
{
	assert_true(cmdline_passes_through("iommu.passthrough=1", false));
	assert_true(
		cmdline_passes_through("iommu.passthrough=0 iommu.passthrough=y", false));
	assert_true(cmdline_passes_through("iommu.passthrough=on", false));
	assert_true(cmdline_passes_through("iommu=nopt,pt iommu=soft", true));
	assert_true(
		cmdline_passes_through("iommu.passthrough=1 iommu.passthrough=x", true));
	assert_true(cmdline_passes_through("iommu.passthrough=0 iommu=pt", true));
	assert_false(cmdline_passes_through("iommu=pt", false));
	assert_false(cmdline_passes_through("iommu=pt,nopt", true));
	assert_false(cmdline_passes_through("iommu=pt iommu.passthrough=off", true));
	assert_false(
		cmdline_passes_through("iommu.passthrough=1 iommu.passthrough=0", true));
	assert_false(cmdline_passes_through("iommu iommu.passthrough ro", true));
}

static void test_word_have(void **state)
{
	assert_true(cmdline_has_word("ro  quiet\tx", "quiet", 5));
	assert_true(cmdline_has_word("ro -- x", "ro", 2));
	assert_false(cmdline_has_word("ro quiets", "quiet", 5));
	/* That is init's. */
	assert_false(cmdline_has_word("ro -- quiet", "quiet", 5));
	assert_true(cmdline_has_word("a=\"b -- c\" quiet", "quiet", 5));
}

static void test_word_add(void **state)
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

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = cmdline_join(cases[i][0], cases[i][1]);

		assert_string_equal(text, cases[i][2]);
	}
}

static void test_word_same(void **state)
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

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			cmdline_same_words(cases[i].a, cases[i].b), cases[i].same);
}

static void test_last(void **state)
{
	struct cmdline_param param;

	assert_true(cmdline_find_last("a=1 a=2 a b=3 -- a=4", "a", &param));
	assert_int_equal(param.value_len, 1);
	assert_memory_equal(param.value, "2", 1);
	assert_false(cmdline_find_last("a b=3 -- a=4", "a", &param));
}

static void note_length(void *data, const char *path, char *text, ssize_t n)
{
	ssize_t *ret = data;

	assert_string_equal(path, "proc/cmdline");
	assert_true(n < 0 || strlen(text) == (size_t)n);
	*ret = n;
}

/* Longer than any buffer that someone may think of; a part is never taken for the whole. */
static void test_read(void **state)
{
	static const size_t lengths[] = {0, 2046, 2047, 2048, 4094, 4095, 4096, 40000,
		65534, 65535, 65536, 300000};
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_free_ char *none = NULL;

	assert_int_equal(cmdline_read(&root, &none), -ENOENT);
	assert_int_equal(cmdline_read_if_any(&root, &none), 0);
	assert_string_equal(none, "");
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_cleanup_free_ char *text = malloc(lengths[i] + 1), *read = NULL;
		ssize_t taken = 0;

		memset(text, 'x', lengths[i]);
		text[lengths[i]] = '\0';
		fake_put("proc/cmdline", text);
		assert_int_equal(cmdline_read(&root, &read), 0);
		assert_string_equal(read, text);
		cmdline_take(&root, note_length, &taken);
		assert_int_equal(taken,
			lengths[i] + 1 < FILE_TAKE_MAX ? (ssize_t)lengths[i] : -EFBIG);
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
		cmocka_unit_test(test_last),
		ROOT_TEST(test_read),
		cmocka_unit_test(test_word_have),
		cmocka_unit_test(test_word_add),
		cmocka_unit_test(test_word_same),
		cmocka_unit_test(test_value_has),
		cmocka_unit_test(test_value_replaced),
		cmocka_unit_test(test_value_first),
		cmocka_unit_test(test_value_ends),
		cmocka_unit_test(test_value_passes_through),
	};

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
