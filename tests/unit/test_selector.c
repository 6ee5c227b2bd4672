/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The five kinds of selector: told apart, written back, and compared. */
#include <errno.h>

#include "decide/selector.h"
#include "support.h"

static const struct {
	const char *text;
	enum selector_kind kind;
	const char *canonical;
} kinds_cases[] = {
	{"10de:2204", SELECTOR_ID, "10de:2204"},
	{"10DE:2204", SELECTOR_ID, "10de:2204"},
	{"10de:", SELECTOR_ID, "10de:"},
	{":2204", SELECTOR_ID, ":2204"},
	{"10de:2204:1043:8769", SELECTOR_ID, "10de:2204:1043:8769"},
	{"10de:2204:1043:", SELECTOR_ID, "10de:2204:1043:"},
	{"10de:2204::8769", SELECTOR_ID, "10de:2204::8769"},
	{"10de:2204::", SELECTOR_ID, "10de:2204"},
	{":::8769", SELECTOR_ID, ":::8769"},
	{"::1043:", SELECTOR_ID, "::1043:"},
	{"0000:0000", SELECTOR_ID, "0000:0000"},
	{"0000:01:00.0", SELECTOR_ADDRESS, "0000:01:00.0"},
	{"01:00.0", SELECTOR_ADDRESS, "0000:01:00.0"},
	{"01:00", SELECTOR_ADDRESS, "0000:01:00"},
	{"0000:01:00", SELECTOR_ADDRESS, "0000:01:00"},
	{"10000:e1:00.0", SELECTOR_ADDRESS, "10000:e1:00.0"},
	{"ffffffff:ff:1f.7", SELECTOR_ADDRESS, "ffffffff:ff:1f.7"},
	{"00:01.0/00.0", SELECTOR_PATH, "00:01.0/00.0"},
	{"00:01.0/00", SELECTOR_PATH, "00:01.0/00"},
	{"0000:00:01.0/00", SELECTOR_PATH, "00:01.0/00"},
	{"10000:e0:06.0/00.0", SELECTOR_PATH, "10000:e0:06.0/00.0"},
	{"class:03", SELECTOR_CLASS, "class:03"},
	{"class:0300", SELECTOR_CLASS, "class:0300"},
	{"class:0C0330", SELECTOR_CLASS, "class:0c0330"},
	{"class:00", SELECTOR_CLASS, "class:00"},
	{"class:000000", SELECTOR_CLASS, "class:000000"},
	{"vf:0@00:01.0/00.0", SELECTOR_VF, "vf:0@00:01.0/00.0"},
	{"vf:07-11@00:01.0/00.1", SELECTOR_VF, "vf:7-11@00:01.0/00.1"},
	{"vf:3-3@0001:00:02.0", SELECTOR_VF, "vf:3@0001:00:02.0"},
	{"vf:0 of 00:01.0/00.0", SELECTOR_VF, "vf:0@00:01.0/00.0"},
};

static void test_kinds(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds_cases); i++) {
		struct selector selector;
		char text[SELECTOR_SIZE];

		assert_int_equal(selector_parse(kinds_cases[i].text, &selector), 0);
		assert_int_equal(selector.kind, kinds_cases[i].kind);
		selector_format(&selector, text);
		assert_string_equal(text, kinds_cases[i].canonical);
		assert_int_equal(selector_parse(text, &selector), 0);
		assert_int_equal(selector.kind, kinds_cases[i].kind);
	}
}

static const char *const refused_cases[] = {
	"",
	" ",
	":",
	"::",
	":::",
	"::::",
	"10de",
	"10de:2204:",
	"10de:2204:1043",
	"10de:220",
	"10de:22040",
	"0x10de:2204",
	"10de:2204:1043:8769:",
	"10de:2204 ",
	" 10de:2204",
	"10de-2204",
	"10de:2204:1043:8769:0000",
	"1:2",
	"1:2.3",
	"001:00.0",
	"01:00.9",
	"01:20.0",
	"01:00.0.0",
	"000:01:00.0",
	"000000000:01:00.0",
	"*",
	"any",
	"class",
	"class:",
	"class:3",
	"class:030",
	"class:03000",
	"class:0300000",
	"class:03000000",
	"class:zz",
	"class:0x03",
	"class: 03",
	"Class:03",
	"0300",
	"03",
	"class:class:03",
	"00:01.0/",
	"/00:01.0",
	"00:01/00.0",
	"vfio",
	"00:01.0/00.0/",
	"10de:2204/00.0",
	"vf",
	"vf:",
	"vf:0",
	"vf:0@",
	"vf:@00:01.0/00.0",
	"vf:-1@00:01.0/00.0",
	"vf:1-@00:01.0/00.0",
	"vf:2-1@00:01.0/00.0",
	"vf:0-4096@00:01.0/00.0",
	"vf:65536@00:01.0/00.0",
	"vf:18446744073709551616@00:01.0/00.0",
	"vf:0@00:01.0/00",
	"vf:0@10de:2204",
	"vf:0@@00:01.0/00.0",
	"vf:0of 00:01.0/00.0",
	"vf:0-1-2@00:01.0/00.0",
	"vf:a@00:01.0/00.0",
	"class:03/00",
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused_cases); i++) {
		struct selector selector = {.kind = SELECTOR_KINDS};

		if (selector_parse(refused_cases[i], &selector) != -EINVAL)
			fail_msg("'%s' was accepted", refused_cases[i]);
		assert_int_equal(selector.kind, SELECTOR_KINDS);
	}
}

enum {
	P = 1 << SELECTOR_PATH,
	A = 1 << SELECTOR_ADDRESS,
	I = 1 << SELECTOR_ID,
	C = 1 << SELECTOR_CLASS,
	V = 1 << SELECTOR_VF,
};
static const struct {
	const char *text;
	int kinds;
} parse_kind_cases[] = {
	{"10de:2204", I},
	{"10de:", I},
	{"10de:2204:1043:8769", I},
	{"0001:0002:0003:0004", I},
	{"00:02.0", P | A},
	{"00:02", P | A},
	{"0000:00:02.0", P | A},
	{"10000:e1:00.0", P | A},
	{"00:01.0/00.0", P},
	{"00:01.0/00", P},
	{"class:0300", C},
	{"0300", C},
	{"03", C},
	{"030000", C},
	{"vf:0-3@00:01.0/00.0", V},
	{"0-3@00:01.0/00.0", V},
	{"0-3 of  00:01.0/00.0", V},
	{"0-3", 0},
	{"030", 0},
	{"00000003", 0},
	{"", 0},
};

/* Each text is of exactly the kinds that are named, where the kind is known. */
static void test_parse_kind(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_kind_cases); i++) {
		for (int kind = 0; kind < SELECTOR_KINDS; kind++) {
			struct selector selector = {.kind = SELECTOR_KINDS};
			int r = selector_parse_kind((enum selector_kind)kind,
				parse_kind_cases[i].text, &selector);

			assert_int_equal(
				r, parse_kind_cases[i].kinds & 1 << kind ? 0 : -EINVAL);
			assert_int_equal(selector.kind, r == 0 ? kind : SELECTOR_KINDS);
		}
	}
}

/* The longest text of a configuration is as long as the buffer for it. */
static void test_longest(void **state)
{
	static const char longest[] =
		"vf:4094-4095@ffffffff:ff:1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/"
		"1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7";
	struct selector selector;
	char text[SELECTOR_SIZE];

	assert_int_equal(sizeof(longest), SELECTOR_SIZE);
	assert_int_equal(selector_parse(longest, &selector), 0);
	selector_format(&selector, text);
	assert_string_equal(text, longest);
}

static const struct {
	const char *selector;
	bool matches;
} match_cases[] = {
	{"10de:2204", true},
	{"10de:", true},
	{":2204", true},
	{"10de:2204:1043:8769", true},
	{"::1043:", true},
	{":::8769", true},
	{"10de:2205", false},
	{"1002:", false},
	{"10de:2204:1043:0000", false},
	{"10de:2204:0000:8769", false},
	{"0000:01:00.1", true},
	{"01:00.1", true},
	{"01:00", true},
	{"01:00.0", false},
	{"02:00.1", false},
	{"01:01", false},
	{"0001:01:00.1", false},
	{"0001:01:00", false},
	{"00:01.0/00.1", true},
	{"00:01.0/00", true},
	{"00:01.0/00.0", false},
	{"00:01.0/00.1/00.1", false},
	{"00:01.1/00.1", false},
	{"0001:00:01.0/00.1", false},
	{"class:04", true},
	{"class:0403", true},
	{"class:040300", true},
	{"class:0404", false},
	{"class:03", false},
	{"class:040301", false},
	{"class:00", false},
	{"vf:2@00:01.0/00.0", true},
	{"vf:0-2@00:01.0/00.0", true},
	{"vf:2-9@00:01.0/00.0", true},
	{"vf:0-1@00:01.0/00.0", false},
	{"vf:3@00:01.0/00.0", false},
	{"vf:2@00:01.0/00.1", false},
};

static void test_match(void **state)
{
	struct pcidev dev = {.address = {0, 0x01, 1},
		.ids = {0x10de, 0x2204, 0x1043, 0x8769, 0x040300},
		.vf = 2};

	assert_int_equal(
		pci_path_parse("00:01.0/00.1", PCI_NAME_WHOLE, &dev.path, NULL), 0);
	assert_int_equal(
		pci_path_parse("00:01.0/00.0", PCI_NAME_WHOLE, &dev.physical, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(match_cases); i++) {
		struct selector selector;

		assert_int_equal(selector_parse(match_cases[i].selector, &selector), 0);
		if (selector_match(&selector, &dev) != match_cases[i].matches)
			fail_msg("%s", match_cases[i].selector);
	}
}

/* A path that is not known is never the one that was named. */
static void test_match_unknown_path(void **state)
{
	struct pcidev dev = {.address = {0, 0, 2 << 3}, .ids.vendor = 0x10de};
	struct selector selector;

	assert_int_equal(selector_parse("00:02.0/00", &selector), 0);
	assert_false(selector_match(&selector, &dev));
	assert_int_equal(selector_parse_kind(SELECTOR_PATH, "00:02.0", &selector), 0);
	assert_false(selector_match(&selector, &dev));
	/* No virtual function, or one of which nobody knows whose it is. */
	assert_int_equal(selector_parse("vf:0@00:02.0", &selector), 0);
	assert_false(selector_match(&selector, &dev));
}

/* What messages offer as an example must itself be taken. */
static void test_names_and_examples(void **state)
{
	static const char *const names[SELECTOR_KINDS] = {
		"path", "address", "id", "class", "vf"};

	for (int i = 0; i < SELECTOR_KINDS; i++) {
		enum selector_kind kind = (enum selector_kind)i;
		struct selector selector;

		assert_string_equal(selector_kind_name(kind), names[i]);
		assert_int_equal(
			selector_parse_kind(kind, selector_kind_example(kind), &selector),
			0);
		assert_int_equal(selector.kind, kind);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_parse_kind),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_match_unknown_path),
		cmocka_unit_test(test_names_and_examples),
	};

	return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
