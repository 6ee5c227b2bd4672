/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leftovers of other ways are taken away, and `undo` brings them back. */
#include "chain/chain.h"
#include "check/check.h"
#include "support.h"

#define CARD   "pci0000:00/0000:00:01.0/0000:02:00.0"
#define SECOND "pci0000:00/0000:00:02.0/0000:03:00.0"

#define CONF     "etc/modprobe.d/vfio.conf"
#define OVERRIDE "etc/driverctl.d/pci-0000:02:00.0"
#define ARCHIVE  "var/lib/vfioboot/leftovers/"
#define COMMENT  "# vfioboot check --fix: "

#define IDS    "options vfio-pci \\\n ids=10de:2206\n"
#define OTHERS "# mine\noptions vfio-pci disable_vga=1\n"
#define LEFT   OTHERS COMMENT "options vfio-pci \\\n" COMMENT " ids=10de:2206\n"

static int set_up(void **state)
{
	int r = fake_set_up(state);

	fake_function(CARD, 0x10de, 0x2206);
	fake_function(SECOND, 0x10de, 0x2206);
	fake_put("etc/vfioboot.conf", "[device second]\npath = 00:02.0/00\n");
	fake_put(CONF, OTHERS IDS);
	fake_put(OVERRIDE, "vfio-pci\n");
	return r;
}

/* Carries steps out, of which there are @n. */
static void carry_out(struct change *change, size_t n)
{
	struct change_failure failure;

	assert_int_equal(change->n, n);
	assert_int_equal(change_carry_out(change, NULL, &failure), 0);
	change_free_failure(&failure);
}

/* What `check --fix leftovers` does, in @n steps. */
static void fix(size_t n)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(facts_free) struct facts facts = {0};
	_cleanup_(nextboot_free) struct nextboot *next = NULL;
	_cleanup_(verdicts_free) struct verdicts verdicts = {0};
	_cleanup_(change_free) struct change change = {.root = &root};

	assert_int_equal(facts_read(&root, &facts), 0);
	assert_int_equal(nextboot_read(&facts, NULL, &next), 0);
	assert_int_equal(verdicts_find(&facts, next, &verdicts), 0);
	assert_int_equal(verdicts_add_steps(&verdicts, &change), 0);
	carry_out(&change, n);
}

/* What `undo` does, in @n steps beside those for the configuration. */
static void take_back(size_t n)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(apply_free) struct apply apply = {0};
	struct chain none = {0};

	fake_put("etc/vfioboot.conf", "");
	fake_remove("etc/vfioboot.conf");
	assert_int_equal(undo_steps(&root, &none, &apply), 0);
	carry_out(&apply.change, n);
}

static void expect(const char *path, const char *text)
{
	assert_string_equal(fake_read(path), text);
}

static void test_there_and_back(void **state)
{
	fix(3);
	expect(CONF, LEFT);
	expect(OVERRIDE, "");
	expect(ARCHIVE "0/" CONF, OTHERS IDS);
	expect(ARCHIVE "0/" OVERRIDE, "vfio-pci\n");
	fix(0);
	take_back(3);
	expect(CONF, OTHERS IDS);
	expect(OVERRIDE, "vfio-pci\n");
	expect(ARCHIVE "0/" CONF, "");
	take_back(0);
}

/* A file of which nothing is left is gone. */
static void test_whole_file(void **state)
{
	fake_put(CONF, "# by a guide\n\n" IDS);
	fix(2);
	expect(CONF, "");
	expect(ARCHIVE "0/" CONF, "# by a guide\n\n" IDS);
}

/* Two runs on one file: it comes back as it was before both. */
static void test_twice(void **state)
{
	fix(3);
	fake_put(CONF, LEFT IDS);
	fake_put(OVERRIDE, "vfio-pci\n \n");
	fix(3);
	expect(CONF, LEFT COMMENT "options vfio-pci \\\n" COMMENT " ids=10de:2206\n");
	expect(ARCHIVE "1/" CONF, LEFT IDS);
	take_back(3);
	/* What was added between them is no part of the first. */
	expect(CONF, LEFT IDS);
	expect(OVERRIDE, "vfio-pci\n \n");
}

static void test_two_lines(void **state)
{
	fake_put(CONF, OTHERS IDS "options vfio-pci ids=10de:ffff\n");
	fix(3);
	expect(CONF, LEFT COMMENT "options vfio-pci ids=10de:ffff\n");
	take_back(3);
	expect(CONF, OTHERS IDS "options vfio-pci ids=10de:ffff\n");
}

/* Each file has lines of its own, with the same numbers. */
static void test_two_files(void **state)
{
	static const char other[] = "etc/modprobe.d/other.conf";

	fake_put(other, IDS "options vfio-pci nointxmask=1\n");
	fix(5);
	expect(CONF, LEFT);
	expect(other,
		COMMENT "options vfio-pci \\\n" COMMENT
			" ids=10de:2206\noptions vfio-pci nointxmask=1\n");
}

/*
 * What takes nothing from vfioboot stays, and what others would miss: a hook of libvirt may do more, and
 * mkinitcpio's settings name the hooks that it has.
 */
static void test_what_stays(void **state)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{"etc/modprobe.d/blacklist.conf", "blacklist nouveau\n"},
		{"etc/libvirt/hooks/qemu",
			"#!/bin/sh\nvirsh nodedev-detach pci_0000_03_00_0\n"},
		{"etc/initcpio/hooks/vfio",
			"echo vfio-pci >/sys/bus/pci/devices/0000:03:00.0/driver_override\n"},
	};

	fake_put("proc/cmdline", "ro\n");
	fake_put("etc/vfioboot.conf", "[device second]\naddress = 03:00.0\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		fake_put(files[i].path, files[i].text);
	fix(3);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		expect(files[i].path, files[i].text);
}

/* What a person has written since stays, and what was removed is still kept. */
static void test_changed_since(void **state)
{
	fix(3);
	fake_put(CONF, "options vfio-pci nointxmask=1\n");
	take_back(1);
	expect(CONF, "options vfio-pci nointxmask=1\n");
	expect(ARCHIVE "0/" CONF, OTHERS IDS);
	expect(OVERRIDE, "vfio-pci\n");
}

/* A link leads to what is somebody else's. */
static void test_link(void **state)
{
	fake_put("usr/share/vfio.conf", IDS);
	fake_remove(CONF);
	fake_link(CONF, "../../usr/share/vfio.conf");
	fix(1);
	expect(CONF, IDS);
}

static void test_is_commented(void **state)
{
	assert_true(leftovers_is_commented("", ""));
	assert_true(leftovers_is_commented("a\n" COMMENT "b\nc", "a\nb\nc"));
	assert_true(leftovers_is_commented("a\nb\n", "a\nb\n"));
	assert_false(leftovers_is_commented("a\nb\n", "a\n"));
	assert_false(leftovers_is_commented("a\n", "a\nb\n"));
	assert_false(leftovers_is_commented("a\nb2\n", "a\nb\n"));
	assert_false(leftovers_is_commented("# b\n", "b\n"));
}

static void test_next_line(void **state)
{
	const char *cursor = "a\\\n b\\\\\n\n\nlast\\";
	static const struct {
		unsigned n;
		const char *line;
	} expected[] = {{3, "a b\\"}, {1, ""}, {1, "last"}, {0, NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		_cleanup_free_ char *line = NULL;

		assert_int_equal(module_files_next_line(&cursor, &line), expected[i].n);
		if (expected[i].line)
			assert_string_equal(line, expected[i].line);
		else
			assert_null(line);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fake_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),
		TEST(test_whole_file),
		TEST(test_twice),
		TEST(test_two_lines),
		TEST(test_two_files),
		TEST(test_what_stays),
		TEST(test_changed_since),
		TEST(test_link),
		TEST(test_is_commented),
		TEST(test_next_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
