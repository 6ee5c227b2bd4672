/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sections come into the copy of an image, and what is in its os-release text. */
#include "../lib/imagemaker.h"
#include "chain/loaders/uki_image.h"
#include "support.h"

static const struct bootentry passthrough = {
	"passthrough", "Passthrough", "vfioboot.profile=passthrough"};

static void is_copied_to(const char *osrel, const char *wanted)
{
	_cleanup_free_ char *copy = uki_copy_osrel(osrel, &passthrough);

	assert_string_equal(copy, wanted);
}

static void test_copy(void **state)
{
	is_copied_to("ID=debian\nPRETTY_NAME=\"Debian 13\"\n",
		"ID=debian\nPRETTY_NAME=\"Debian 13\"\n"
		"IMAGE_ID=\"debian-passthrough\"\n"
		"PRETTY_NAME=\"Debian 13 (Passthrough)\"\n"
		"VFIOBOOT_ENTRY=passthrough\n");
	is_copied_to("IMAGE_ID=img\nID=debian",
		"IMAGE_ID=img\nID=debian\n"
		"IMAGE_ID=\"img-passthrough\"\n"
		"VFIOBOOT_ENTRY=passthrough\n");
	/* What needs an escape stays as it is; what is not there is not made up. */
	is_copied_to("PRETTY_NAME='5 $'\n",
		"PRETTY_NAME='5 $'\n"
		"VFIOBOOT_ENTRY=passthrough\n");
	is_copied_to("", "VFIOBOOT_ENTRY=passthrough\n");
}

static void test_mark(void **state)
{
	_cleanup_free_ char *copy = uki_copy_osrel("ID=debian\n", &passthrough);
	char id[BOOTENTRY_ID_SIZE] = "";

	assert_false(uki_osrel_is_ours("ID=debian\nVFIOBOOT_ENTRY=\n", id));
	assert_false(uki_osrel_is_ours("X_VFIOBOOT_ENTRY=x\n", id));
	assert_string_equal(id, "");
	assert_true(uki_osrel_is_ours(copy, id));
	assert_string_equal(id, "passthrough");
}

/* An image with the sections, which end with NULL, as "+linux +initrd", and what is unknown. */
static const char *sort(const char *const *names)
{
	static char text[128];
	struct pe_image pe = {0};
	struct uki image = {0};

	for (; *names; names++)
		strcpy(pe.sections[pe.n++].name, *names);
	uki_sort_sections(&pe, &image);
	text[0] = '\0';
	for (size_t i = 0; i < UKI_PARTS_N; i++)
		if (image.has[i])
			strcat(strcat(text, "+"), uki_parts[i].file);
	return strcat(text, image.unknown);
}

#define sorts(wanted, ...)                                                               \
	assert_string_equal(sort((const char *const[]){__VA_ARGS__, NULL}), wanted)

static void test_sections(void **state)
{
	sorts("+linux+initrd+splash", ".text", ".rodata", ".data", ".sbat", ".sdmagic",
		".reloc", ".osrel", ".cmdline", ".uname", ".splash", ".linux", ".initrd");
	sorts("+linux+ucode+dtb", ".linux", ".ucode", ".dtb", ".sbat", ".sdmagic");
}

static void test_unknown(void **state)
{
	sorts("+linux.hwids", ".text", ".osrel", ".hwids", ".linux", ".efifw");
	sorts("+linux.dtbauto", ".linux", ".dtbauto");
	/* Of another profile more would follow. */
	sorts("+linux.profile", ".linux", ".profile", ".cmdline");
}

static void test_key(void **state)
{
	sorts("+linux+pcrpkey", ".linux", ".pcrpkey");
	/* Made of the key that signs. */
	sorts("+linux", ".linux", ".pcrpkey", ".pcrsig");
}

static void has_cmdline(const char *original, const char *wanted)
{
	struct uki image = {.cmdline = (char *)(uintptr_t)original};
	_cleanup_free_ char *cmdline = uki_copy_cmdline(&image, &passthrough);

	assert_string_equal(cmdline, wanted);
}

static void test_cmdline(void **state)
{
	has_cmdline("ro quiet", "ro quiet vfioboot.profile=passthrough");
	has_cmdline("ro vfioboot.profile=passthrough", "ro vfioboot.profile=passthrough");
	/* What is behind goes to init. */
	has_cmdline("ro -- 3", "ro vfioboot.profile=passthrough -- 3");
}

static void test_names(void **state)
{
	struct uki image = {.name = (char[]){"a-6.1+2-1.efi"}};
	char name[NAME_MAX + 1];

	uki_boot_id(&image, name);
	assert_string_equal(name, "a-6.1.efi");
	uki_copy_name(&image, &passthrough, name);
	assert_string_equal(name, "a-6.1-passthrough.efi");
}

/* Two with a command line each, one with an image of its own, and one that is not there. */
static void test_profiles(void **state)
{
	static const char *const expected[] = {"ro a", "ro b", "", ""};
	struct imagemaker maker = {0};
	_cleanup_(root_close) struct root root = fake_open();

	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{".linux", "kernel", 6},
			{".initrd", "of all", 6}, {".profile", "ID=a", 4},
			{".cmdline", "ro a", 4}, {".profile", "ID=b", 4},
			{".cmdline", "ro b", 4}, {".profile", "ID=c", 4},
			{".initrd", "own", 3}},
		8);
	fake_put_bytes("a.efi", maker.bytes, maker.size);
	for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
		_cleanup_(uki_free) struct uki image = {0};

		assert_int_equal(uki_read(&root, "a.efi", i, &image), 1);
		assert_string_equal(image.cmdline, expected[i]);
		assert_int_equal(image.has_other_initrd, i >= 2);
	}
	imagemaker_free(&maker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_names),
		ROOT_TEST(test_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
