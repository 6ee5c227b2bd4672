/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the selectors of a section combine. */
#include "decide/match.h"
#include "support.h"

static struct config config;

/* A section with the selectors of @text, parted by blanks. */
static const struct config_section *make_section(const char *text)
{
	struct config_section *section = &config.sections[0];
	char copy[256], *rest = copy, *item;

	/* The selectors of a section need not be the first of the configuration. */
	config.n_selectors = 3;
	*section = (struct config_section){.first_selector = 3};
	strcpy(copy, text);
	while ((item = strsep(&rest, " "))) {
		struct selector *selector = &config.selectors[config.n_selectors++];

		assert_int_equal(selector_parse(item, selector), 0);
		config_note_selector(section, selector);
	}
	return section;
}

/* At 00:01.0/00.0, of which a test may or may not know. */
static const struct pcidev function = {
	.address = {0, 1, 0}, .ids = {0x10de, 0x2204, 0x1043, 0x8769, 0x030000}};

static struct pcidev with_path(void)
{
	struct pcidev dev = function;

	assert_int_equal(
		pci_path_parse("00:01.0/00.0", PCI_NAME_WHOLE, &dev.path, NULL), 0);
	assert_int_equal(
		pci_path_parse("00:02.0/00.0", PCI_NAME_WHOLE, &dev.physical, NULL), 0);
	dev.vf = 3;
	return dev;
}

static const struct {
	const char *selectors;
	enum match match;
} section_cases[] = {
	/* One kind: any of its selectors. */
	{"10de:2204", MATCH_MEMBER},
	{"10de:1aef 10de:2204", MATCH_MEMBER},
	{"10de:1aef 1002:73bf", MATCH_NONE},
	{"00:01.0/00", MATCH_MEMBER},
	{"00:02.0/00 00:01.0/00", MATCH_MEMBER},
	{"00:02.0/00", MATCH_NONE},
	{"01:00.0", MATCH_MEMBER},
	{"02:00.0", MATCH_NONE},
	{"class:03", MATCH_MEMBER},
	{"class:02 class:0300", MATCH_MEMBER},
	{"class:04", MATCH_NONE},
	/* Several kinds: all of them. */
	{"00:01.0/00 10de:2204", MATCH_MEMBER},
	{"00:01.0/00 10de:1aef 10de:2204", MATCH_MEMBER},
	{"00:01.0/00 10de:2204 class:03", MATCH_MEMBER},
	{"01:00.0 00:01.0/00 10de:2204 class:03", MATCH_MEMBER},
	{"10de:2204 class:04", MATCH_NONE},
	/* The place is right, and what is there is not. */
	{"00:01.0/00 10de:1aef", MATCH_STRANGER},
	{"00:01.0/00 10de:2204 class:04", MATCH_STRANGER},
	{"01:00 1002:", MATCH_STRANGER},
	{"00:02.0/00 10de:2204", MATCH_NONE},
	/* Path and address disagree: something has moved. */
	{"00:01.0/00 02:00.0", MATCH_STRANGER},
	{"00:02.0/00 01:00.0", MATCH_STRANGER},
	{"00:02.0/00 01:00.0 10de:2204", MATCH_STRANGER},
	{"00:02.0/00 02:00.0 10de:2204", MATCH_NONE},
	/* It is number 3 of those of another function. */
	{"vf:3@00:02.0/00.0", MATCH_MEMBER},
	{"vf:2@00:02.0/00.0", MATCH_NONE},
	{"vf:3@00:02.0/00.0 10de:1aef", MATCH_STRANGER},
};

static void test_section(void **state)
{
	struct pcidev dev = with_path();

	for (size_t i = 0; i < ARRAY_SIZE(section_cases); i++) {
		const struct config_section *section =
			make_section(section_cases[i].selectors);

		if (match_section(&config, section, &dev) != section_cases[i].match)
			fail_msg("%s", section_cases[i].selectors);
	}
}

/* As the one with "id = 10de:22o6" is, which is no selector. */
static void test_no_selector(void **state)
{
	const struct config_section section = {.first_selector = 3, .bad = true};

	assert_int_equal(match_section(&config, &section, &function), MATCH_NONE);
}

static void test_unknown_path(void **state)
{
	assert_int_equal(
		match_section(&config, make_section("00:01.0/00 10de:2204"), &function),
		MATCH_NONE);
	assert_int_equal(
		match_section(&config, make_section("01:00.0 10de:2204"), &function),
		MATCH_MEMBER);
}

static void test_identity(void **state)
{
	static const struct {
		const char *selectors;
		bool holds;
	} cases[] = {
		{"10de:2204", true},
		{"10de:1aef 10de:2204", true},
		{"10de:1aef", false},
		{"00:07.0/00 10de:2204", true},
		{"07:00.0 10de:2204 class:03", true},
		{"07:00.0 10de:2204 class:04", false},
		{"class:03", true},
		/* A place alone says nothing of what is there: anything may be. */
		{"00:01.0/00", true},
		{"00:00.0", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (match_identity(&config, make_section(cases[i].selectors),
			    &function) != cases[i].holds)
			fail_msg("%s", cases[i].selectors);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section),
		cmocka_unit_test(test_no_selector),
		cmocka_unit_test(test_unknown_path),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
