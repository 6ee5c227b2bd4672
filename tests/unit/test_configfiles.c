/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files count, in which order, and what hides what. */
#include <stdio.h>

#include "decide/configfiles.h"
#include "support.h"

#define MAIN_FILE "etc/vfioboot.conf"
#define USR       "usr/lib/vfioboot.conf.d/"
#define RUN       "run/vfioboot.conf.d/"
#define ETC       "etc/vfioboot.conf.d/"

static struct config config;
static struct protect_list protect;
static struct root root;
static unsigned descriptors;

static int set_up(void **state)
{
	descriptors = open_descriptors();
	if (fake_set_up(state) < 0)
		return -1;
	memset(&config, 0, sizeof(config));
	protect.n_entries = 0;
	protect.incomplete = false;
	root = fake_open();
	return 0;
}

static int tear_down(void **state)
{
	root_close(&root);
	if (open_descriptors() != descriptors)
		return -1;
	return fake_tear_down(state);
}

/* A file with one section, called @section. */
static void put_section(const char *file, const char *section)
{
	char text[128];

	snprintf(text, sizeof(text), "[device %s]\nid=10de:2204\n", section);
	fake_put(file, text);
}

/* The sections in their order, parted by blanks. */
static void expect_sections(const char *expected)
{
	char names[CONFIG_SECTIONS_MAX * CONFIG_NAME_SIZE] = "";

	for (unsigned i = 0; i < config.n_sections; i++)
		strcat(strcat(names, i ? " " : ""), config.sections[i].name);
	assert_string_equal(names, expected);
}

static void expect_error(
	unsigned index, const char *file, unsigned line, const char *word)
{
	const struct config_error *error = &config.errors[index];

	assert_true(index < config.n_errors);
	assert_string_equal(config.files[error->place.file], file);
	assert_int_equal(error->place.line, line);
	if (!strstr(error->message, word))
		fail_msg("no '%s' in '%s'", word, error->message);
}

static void test_nothing_there(void **state)
{
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	configfiles_read_protect(&root, &config, &protect);
	configfiles_read_cmdline(&root, &config);
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(config.n_sections, 0);
	assert_int_equal(protect.n_entries, 0);
}

/* The main file, then the drop-ins by name, whatever directory they are in. */
static void test_order(void **state)
{
	put_section(ETC "50-b.conf", "b");
	put_section(USR "60-c.conf", "c");
	put_section(RUN "40-a.conf", "a");
	put_section(ETC "100-first.conf", "first");
	put_section(MAIN_FILE, "main");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, 0);
	expect_sections("main first a b c");
}

static void test_later_directory_wins(void **state)
{
	put_section(USR "a.conf", "a-usr");
	put_section(RUN "a.conf", "a-run");
	put_section(ETC "a.conf", "a-etc");
	put_section(USR "b.conf", "b-usr");
	put_section(RUN "b.conf", "b-run");
	put_section(USR "c.conf", "c-usr");
	put_section(ETC "c.conf", "c-etc");
	put_section(USR "d.conf", "d-usr");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, 0);
	expect_sections("a-etc b-run c-etc d-usr");
}

/* What lies in /run is gone at the next boot, and in no image: it neither counts nor masks. */
static void test_of_an_image(void **state)
{
	put_section(MAIN_FILE, "main");
	put_section(USR "a.conf", "a-usr");
	put_section(RUN "a.conf", "a-run");
	put_section(USR "b.conf", "b-usr");
	fake_link(RUN "b.conf", "/dev/null");
	put_section(RUN "c.conf", "c-run");
	put_section(ETC "d.conf", "d-etc");
	configfiles_read(&root, CONFIGFILES_OF_IMAGE, &config);
	assert_int_equal(config.n_errors, 0);
	expect_sections("main a-usr b-usr d-etc");
}

static void test_masks(void **state)
{
	put_section(USR "a.conf", "a");
	fake_link(ETC "a.conf", "/dev/null");
	put_section(USR "b.conf", "b");
	fake_link(RUN "b.conf", "/dev/null");
	put_section(ETC "b.conf", "b-etc");
	put_section(RUN "c.conf", "c");
	fake_put(ETC "c.conf", ""); /* empty, which hides it as well */
	fake_link(USR "d.conf", "/dev/null");
	put_section(USR "e.conf", "e");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, 0);
	expect_sections("b-etc e");
}

/* A directory that cannot be read is not an empty one: what counts may be in it. */
static void test_directories(void **state)
{
	put_section(MAIN_FILE, "main");
	put_section(RUN "a.conf", "a");
	fake_link("etc/vfioboot.conf.d", "vfioboot.conf.d");
	fake_put("usr/lib/vfioboot.conf.d", "");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	expect_sections("main a");
	assert_int_equal(config.n_errors, 2);
	expect_error(0, "/usr/lib/vfioboot.conf.d", 0, "Not a directory");
	expect_error(1, "/etc/vfioboot.conf.d", 0, "symbolic links");
}

#define TEXT(path, text)                                                                 \
	{                                                                                \
		path, text, sizeof(text) - 1                                             \
	}

/* The same files, at hand and in a tree: the same sections, and the same version. */
static void test_texts(void **state)
{
	static const struct configfiles_text texts[] = {
		TEXT("/etc/vfioboot.conf.d/b.conf", "[device b]\nid=10de:2204\n"),
		TEXT("/usr/lib/vfioboot.conf.d/a.conf", "[device a]\nid=10de:2204\n"),
		TEXT("/usr/lib/vfioboot.conf.d/b.conf",
			"[device hidden]\nid=10de:2204\n"),
		TEXT("/usr/lib/vfioboot.conf.d/m.conf",
			"[device masked]\nid=10de:2204\n"),
		{"/etc/vfioboot.conf.d/m.conf", NULL, 0},
		TEXT("/etc/vfioboot.conf", "[device main]\nid=10de:2204\n"),
		TEXT("/etc/vfioboot.conf.d/note", "x"),
		TEXT("/etc/vfioboot.conf.d/d.conf",
			"[device d]\nid=10de:2204\nbind=demand\n"),
	};
	uint64_t digest;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].data)
			fake_put(texts[i].path + 1, texts[i].data);
		else
			fake_link(texts[i].path + 1, "/dev/null");
	configfiles_read(&root, CONFIGFILES_OF_IMAGE, &config);
	expect_sections("main a b d");
	digest = config.digest;
	memset(&config, 0, sizeof(config));
	assert_int_equal(
		configfiles_read_texts(NULL, texts, ARRAY_SIZE(texts), &config), 0);
	expect_sections("main a b d");
	assert_true(config.digest == digest);
	assert_true(config_file_is_runtime(&config, "/etc/vfioboot.conf.d/d.conf"));
	assert_false(config_file_is_runtime(&config, "/etc/vfioboot.conf.d/b.conf"));
	assert_false(config_file_is_runtime(&config, "/etc/vfioboot.conf.d/none.conf"));
}

static void test_other_files(void **state)
{
	static const char *const names[] = {ETC "a.conf~", ETC "a.conf.bak", ETC "a",
		ETC ".conf", ETC ".a.conf", ETC "aconf", ETC "README", ETC "a.CONF",
		ETC "a.conf.d/b.conf", "etc/vfioboot.conf.bak", "etc/b.conf"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char section[16];

		snprintf(section, sizeof(section), "s%zu", i);
		put_section(names[i], section);
	}
	put_section(ETC "b.conf", "b");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, 0);
	expect_sections("b");
}

static void test_errors_name_the_file(void **state)
{
	fake_put(MAIN_FILE, "\n[gpu]\n");
	fake_put(USR "a.conf", "[device a]\n\nid=1\n");
	fake_put(ETC "b.conf", "[device a]\nid=10de:2204\n");
	fake_dir(ETC "c.conf");
	put_section(ETC "d.conf", "d");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, 4);
	expect_error(0, "/" MAIN_FILE, 2, "[gpu]");
	expect_error(1, "/" USR "a.conf", 3, "'1'");
	expect_error(2, "/" ETC "b.conf", 1, "/" USR "a.conf:1");
	expect_error(3, "/" ETC "c.conf", 0, "directory");
	expect_sections("a d");
}

static void test_long_names(void **state)
{
	char name[256];

	snprintf(name, sizeof(name), ETC "%058d.conf", 1);
	put_section(name, "fits");
	snprintf(name, sizeof(name), ETC "%059d.conf", 2);
	put_section(name, "long");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	expect_sections("fits");
	assert_int_equal(config.n_errors, 1);
	expect_error(0, "/etc/vfioboot.conf.d", 0, "63 bytes");
}

static void test_too_many_files(void **state)
{
	put_section(MAIN_FILE, "main");
	for (int i = 0; i < CONFIG_FILES_MAX + 8; i++) {
		char name[64], section[16];

		snprintf(name, sizeof(name), ETC "%03d.conf", i);
		snprintf(section, sizeof(section), "s%d", i);
		put_section(name, section);
	}
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_true(config.n_errors > 0);
	assert_non_null(strstr(config.errors[0].message, "too many drop-in files"));
	/* Each that is left out is told, and the others count. */
	assert_int_equal(config.n_sections + config.n_errors, 1 + CONFIG_FILES_MAX + 8);
	assert_true(config.n_sections > CONFIG_FILES_MAX / 2);
	configfiles_read_cmdline(&root, &config);
	assert_true(config.n_files <= CONFIG_FILES_MAX);
}

/* However many files can't be used, the errors of the others name the right file. */
static void test_many_unusable_files(void **state)
{
	char name[256];

	for (int i = 0; i < CONFIG_FILES_MAX + 8; i++) {
		snprintf(name, sizeof(name), ETC "%070d.conf", i);
		fake_put(name, "");
	}
	fake_put(ETC "a.conf", "[gpu]\n");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, CONFIG_FILES_MAX + 8 + 1);
	fake_put(MAIN_FILE, "[gpu]\n");
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), ETC "%070d.conf", i + 16);
		fake_remove(name);
	}
	memset(&config, 0, sizeof(config));
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_int_equal(config.n_errors, 1 + CONFIG_FILES_MAX + 8 - 16 + 1);
	expect_error(0, "/" MAIN_FILE, 1, "[gpu]");
	expect_error(config.n_errors - 1, "/" ETC "a.conf", 1, "[gpu]");
}

#define ENTRY_A "storage 00:1d.0/00.0 144d:a808 /\n"
#define ENTRY_B "network 00:1f.6 8086:15bc eth0\n"

static void test_protect(void **state)
{
	fake_put("etc/vfioboot.protect", ENTRY_A);
	configfiles_read_protect(&root, &config, &protect);
	assert_int_equal(protect.n_entries, 1);
	assert_int_equal(protect.entries[0].kind, PROTECT_STORAGE);
	protect.n_entries = 0;
	/* What either the image or this boot says is protected. */
	fake_put("run/vfioboot/protect", ENTRY_B);
	configfiles_read_protect(&root, &config, &protect);
	assert_int_equal(protect.n_entries, 2);
	assert_int_not_equal(protect.entries[0].kind, protect.entries[1].kind);
	assert_int_equal(config.n_errors, 0);
}

/* What the initramfs knew counts on the real root, where not all is mounted yet. */
static void test_protect_of_the_initramfs(void **state)
{
	fake_put("run/vfioboot/initramfs.protect", ENTRY_A);
	fake_put("run/vfioboot/protect", ENTRY_B);
	configfiles_read_protect(&root, &config, &protect);
	assert_int_equal(protect.n_entries, 2);
	assert_false(protect.incomplete);
}

/* Only an initramfs has to know this host by a list: who boots there has nothing mounted. */
static void test_no_protect(void **state)
{
	configfiles_read_protect(&root, &config, &protect);
	assert_false(protect.incomplete);
	fake_put("usr/lib/initrd-release", "");
	configfiles_read_protect(&root, &config, &protect);
	assert_true(protect.incomplete);
	assert_int_equal(config.n_errors, 0);
	protect.incomplete = false;
	fake_put("etc/vfioboot.protect", "# nothing\n");
	configfiles_read_protect(&root, &config, &protect);
	assert_false(protect.incomplete);
}

static void test_broken_protect(void **state)
{
	fake_put("etc/vfioboot.protect", "# list\n" ENTRY_A "nonsense\n" ENTRY_B);
	configfiles_read_protect(&root, &config, &protect);
	assert_int_equal(protect.n_entries, 2);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, "/etc/vfioboot.protect", 3, "rebuild the image");
}

/* A list that can't be read at all does not hide the one that can. */
static void test_unreadable_protect(void **state)
{
	fake_put("etc/vfioboot.protect", ENTRY_A);
	fake_dir("run/vfioboot/protect");
	configfiles_read_protect(&root, &config, &protect);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, "/run/vfioboot/protect", 0, "directory");
	assert_int_equal(protect.n_entries, 1);
}

static void test_full_protect(void **state)
{
	static char text[(PROTECT_ENTRIES_MAX + 2) * PROTECT_LINE_SIZE];
	struct protect_entry entry = {.kind = PROTECT_STORAGE};

	/* As long as the writer makes them. */
	entry.path.depth = PCI_PATH_DEPTH_MAX;
	entry.path.domain = 0xffffffff;
	memset(entry.why, 'w', sizeof(entry.why) - 1);
	for (unsigned i = 0; i < PROTECT_ENTRIES_MAX; i++) {
		entry.device = (uint16_t)i;
		protect_format(&entry, text + strlen(text));
	}
	fake_put("etc/vfioboot.protect", text);
	configfiles_read_protect(&root, &config, &protect);
	assert_int_equal(config.n_errors, 0);
	assert_int_equal(protect.n_entries, PROTECT_ENTRIES_MAX);
}

static void test_cmdline(void **state)
{
	fake_put("proc/cmdline",
		"root=/dev/vda1 vfioboot.device=00:01.0/00 vfioboot.profile=p\n");
	configfiles_read_cmdline(&root, &config);
	assert_int_equal(config.n_errors, 0);
	expect_sections("cmdline1");
	assert_string_equal(config.profiles[0], "p");
	assert_false(config.off);
}

/*
 * Bootconfig can make it longer than any COMMAND_LINE_SIZE, and puts what was typed into a
 * boot loader last; "off" still wins.
 */
static void test_long_cmdline(void **state)
{
	static const size_t lengths[] = {2047, 4094, 4095, 4096, 5000, 36000, 65534};
	static const char off[] = " vfioboot.off ";
	static char text[FILE_TAKE_MAX];

	for (size_t i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
		size_t len = lengths[i / 2];

		memset(text, 'x', len);
		memcpy(text + (i % 2 ? 0 : len - sizeof(off)), off, sizeof(off) - 1);
		strcpy(text + len - 1, "\n");
		fake_put("proc/cmdline", text);
		memset(&config, 0, sizeof(config));
		configfiles_read_cmdline(&root, &config);
		assert_true(config.off);
	}
}

static void test_unreadable_cmdline(void **state)
{
	fake_put("etc/vfioboot.conf", "[device a]\nid = 10de:2204\n");
	configfiles_read(&root, CONFIGFILES_OF_NOW, &config);
	assert_true(config_section_active(&config, &config.sections[0]));
	fake_dir("proc/cmdline");
	configfiles_read_cmdline(&root, &config);
	assert_int_equal(config.n_errors, 1);
	expect_error(0, "kernel command line", 0, "directory");
	/* It might say "off". */
	assert_false(config_section_active(&config, &config.sections[0]));
}

/* Of one that is too long the end is not known, which is where people type. */
static void test_endless_cmdline(void **state)
{
	static char text[FILE_TAKE_MAX + 1];

	memset(text, 'x', FILE_TAKE_MAX);
	memcpy(text, "vfioboot.device=10de:2204 ", 26);
	fake_put("proc/cmdline", text);
	configfiles_read_cmdline(&root, &config);
	expect_error(0, "kernel command line", 0, "large");
	assert_int_equal(config.n_sections, 0);
	assert_true(config.cmdline_unread);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_nothing_there),
		TEST(test_order),
		TEST(test_later_directory_wins),
		TEST(test_of_an_image),
		TEST(test_masks),
		TEST(test_directories),
		TEST(test_texts),
		TEST(test_other_files),
		TEST(test_errors_name_the_file),
		TEST(test_long_names),
		TEST(test_too_many_files),
		TEST(test_many_unusable_files),
		TEST(test_protect),
		TEST(test_protect_of_the_initramfs),
		TEST(test_no_protect),
		TEST(test_broken_protect),
		TEST(test_unreadable_protect),
		TEST(test_full_protect),
		TEST(test_cmdline),
		TEST(test_long_cmdline),
		TEST(test_unreadable_cmdline),
		TEST(test_endless_cmdline),
	};

	return cmocka_run_group_tests_name("configfiles", tests, NULL, NULL);
}
