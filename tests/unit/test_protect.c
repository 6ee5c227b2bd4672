/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protect list: its lines are read, written, and refused one by one. */
#include <stdio.h>

#include "decide/protect.h"
#include "support.h"

static struct protect_list list;

static int empty_list(void **state)
{
	list.n_entries = 0;
	return 0;
}

/* Parses a copy of @text, since the parser changes it. */
static unsigned parse(const char *text)
{
	char *copy = strdup(text);
	unsigned r = protect_parse(&list, copy);

	free(copy);
	return r;
}

static void test_lines(void **state)
{
	static const char text[] = "# made by hand\n"
				   "\n"
				   "storage 00:1d.0/00.0 144d:a808 / /boot swap\n"
				   "display 00:02.0 8086:3e92 boot\n"
				   "network 10000:e0:06.0/00.1 8086:15BC eth0\n";
	static const struct {
		enum protect_kind kind;
		const char *path, *why;
		unsigned vendor, device;
	} expected[] = {
		{PROTECT_STORAGE, "00:1d.0/00.0", "/ /boot swap", 0x144d, 0xa808},
		{PROTECT_DISPLAY, "00:02.0", "boot", 0x8086, 0x3e92},
		{PROTECT_NETWORK, "10000:e0:06.0/00.1", "eth0", 0x8086, 0x15bc},
	};

	assert_int_equal(parse(text), 0);
	assert_int_equal(list.n_entries, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct protect_entry *entry = &list.entries[i];
		char path[PCI_PATH_SIZE];

		pci_path_format(&entry->path, path);
		assert_int_equal(entry->kind, expected[i].kind);
		assert_string_equal(path, expected[i].path);
		assert_string_equal(entry->why, expected[i].why);
		assert_int_equal(entry->vendor, expected[i].vendor);
		assert_int_equal(entry->device, expected[i].device);
		assert_false(entry->missing);
	}
}

static void test_bad_lines(void **state)
{
	static const char *const cases[] = {
		"storage",
		"storage 00:1d.0/00.0",
		"Storage 00:1d.0/00.0 144d:a808 /",
		"disk 00:1d.0/00.0 144d:a808 /",
		"storage 00:1d.0/00 144d:a808 /",
		"storage 0000:01:00 144d:a808 /",
		"storage 00:1d.0/00.0 144d: /",
		"storage 00:1d.0/00.0 :a808 /",
		"storage 00:1d.0/00.0 144d:a808:1043:8769 /",
		"storage 00:1d.0/00.0 144da808 /",
		"storage  00:1d.0/00.0 144d:a808 /",
		"storage\t00:1d.0/00.0\t144d:a808\t/",
		" storage 00:1d.0/00.0 144d:a808 /",
		"storage 00:1d.0/00.0 / 144d:a808",
		" # no comment",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];

		list.n_entries = 0;
		snprintf(text, sizeof(text),
			"storage 00:1d.0/00.0 144d:a808 /\n%s\nnope\ndisplay 00:02.0 "
			"8086:3e92 boot\n",
			cases[i]);
		/* The first bad line is told; the good ones around it are added. */
		assert_int_equal(parse(text), 2);
		assert_int_equal(list.n_entries, 2);
		assert_int_equal(list.entries[1].kind, PROTECT_DISPLAY);
	}
}

static void test_adds(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(list.n_entries, 0);
	assert_int_equal(parse("storage 00:1d.0 144d:a808 /"), 0);
	assert_int_equal(parse("storage 00:1d.1 144d:a808"), 0);
	assert_int_equal(list.n_entries, 2);
	assert_string_equal(list.entries[1].why, "");
}

/* The lists of an image and of a boot say much the same: a place counts once. */
static void test_same_again(void **state)
{
	assert_int_equal(parse("storage 00:1d.0 144d:a808 /"), 0);
	assert_int_equal(parse("storage 00:1d.0 144d:a808 /boot"), 0);
	assert_int_equal(list.n_entries, 1);
	assert_int_equal(parse("display 00:1d.0 144d:a808"), 0);
	assert_int_equal(parse("storage 00:1d.0 144d:a809"), 0);
	assert_int_equal(parse("storage 00:1d.0 8086:a808"), 0);
	assert_int_equal(parse("storage 00:1d.0/00.0 144d:a808"), 0);
	assert_int_equal(list.n_entries, 5);
}

static void test_full(void **state)
{
	for (unsigned i = 0; i < PROTECT_ENTRIES_MAX; i++) {
		char line[64];

		snprintf(line, sizeof(line), "network 00:1f.6 8086:%04x eth0\n", i);
		assert_int_equal(parse(line), 0);
	}
	assert_int_equal(parse("# comment\nnetwork 00:1f.6 8086:15bc eth0\n"), 2);
	assert_int_equal(list.n_entries, PROTECT_ENTRIES_MAX);
}

static void test_long_why(void **state)
{
	char text[512];

	snprintf(text, sizeof(text), "storage 00:1d.0 144d:a808 %0300d\n", 1);
	assert_int_equal(parse(text), 0);
	assert_int_equal(strlen(list.entries[0].why), PROTECT_WHY_SIZE - 1);
}

static void test_format(void **state)
{
	static const char *const lines[] = {
		"storage 00:1d.0/00.0 144d:a808 / /boot swap\n",
		"network 10000:e0:06.0/00.1 8086:15bc eth0\n",
		"display 00:02.0 8086:3e92 boot\n",
		"storage ffffffff:ff:1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/1f.7/"
		"1f.7/1f.7/1f.7/1f.7/1f.7 ffff:ffff "
		"123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
		"123456789 123456789 12345\n",
	};
	char text[PROTECT_LINE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(parse(lines[i]), 0);
		protect_format(&list.entries[i], text);
		assert_string_equal(text, lines[i]);
	}
}

/* An entry of which nothing is said reads back as one of which nothing is said. */
static void test_no_why(void **state)
{
	char text[PROTECT_LINE_SIZE];

	assert_int_equal(parse("storage 00:1d.0 144d:a808"), 0);
	protect_format(&list.entries[0], text);
	list.n_entries = 0;
	assert_int_equal(parse(text), 0);
	assert_int_equal(list.n_entries, 1);
	assert_string_equal(list.entries[0].why, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines, empty_list),
		cmocka_unit_test_setup(test_bad_lines, empty_list),
		cmocka_unit_test_setup(test_adds, empty_list),
		cmocka_unit_test_setup(test_same_again, empty_list),
		cmocka_unit_test_setup(test_full, empty_list),
		cmocka_unit_test_setup(test_long_why, empty_list),
		cmocka_unit_test_setup(test_format, empty_list),
		cmocka_unit_test_setup(test_no_why, empty_list),
	};

	return cmocka_run_group_tests_name("protect", tests, NULL, NULL);
}
