/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries cut out of grub.cfg, our part of custom.cfg, and the environment block. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain/loaders/grubconfig.h"

static const struct grub_copy copy = {"/vmlinuz-2", "on trial", "trial", "a=1 b=2"};

static void assert_copied(const char *config, const char *wanted)
{
	char *text = NULL;

	assert_int_equal(grub_copy_entry(config, &copy, &text), 0);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_copies_the_entry_of_the_kernel(void **state)
{
	(void)state;
	assert_copied("menuentry 'One' {\n\tlinux /vmlinuz-1 ro\n}\n"
		      "submenu 'More' {\n"
		      "\tmenuentry 'Two' --id 'two' {\n"
		      "\t\tsavedefault\n"
		      "\t\tif x; then\n\t\t  y\n\t\tfi\n"
		      "\t\tlinux\t/vmlinuz-2 ro\n"
		      "\t\tinitrd\t/initrd-2\n"
		      "\t}\n}\n",
		"menuentry 'on trial' --class gnu-linux --class os --id 'trial' {\n"
		"\tif x; then\n\t  y\n\tfi\n"
		"\tlinux\t/vmlinuz-2 ro a=1 b=2\n"
		"\tinitrd\t/initrd-2\n"
		"}\n");
}

static void test_takes_quoted_names_and_old_commands(void **state)
{
	(void)state;
	assert_copied("menuentry 'Two' {\n  linuxefi \"/vmlinuz-2\" ro\n}",
		"menuentry 'on trial' --class gnu-linux --class os --id 'trial' {\n"
		"  linuxefi \"/vmlinuz-2\" ro a=1 b=2\n}\n");
}

static void test_takes_no_other_entry(void **state)
{
	static const char *const configs[] = {
		"",
		"# menuentry 'Two' {\n#\tlinux /vmlinuz-2\n#}\n",
		"menuentry 'Two' {\n\tlinux /vmlinuz-22 ro\n}\n",
		"menuentry 'Two' $menuentry_id_option 'g-2-recovery-x' {\n"
		"\tlinux /vmlinuz-2 ro\n}\n",
		"menuentry 'Two' {\n\tlinux /vmlinuz-2 ro single\n}\n",
		"menuentry 'Two' {\n\tlinux /vmlinuz-2 ro vfioboot.off\n}\n",
	};
	char *text = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		assert_int_equal(grub_copy_entry(configs[i], &copy, &text), -ENOENT);
	assert_int_equal(
		grub_copy_entry("menuentry 'Two' {\n\tlinux /vmlinuz-2\n", &copy, &text),
		-EBADMSG);
}

static void assert_set(const char *text, const char *ours, char **ret)
{
	assert_int_equal(grub_set_ours(text, ours, ret), 0);
}

static void test_leaves_what_others_wrote(void **state)
{
	static const char *const texts[] = {
		"", "menuentry 'Mine' {\n}\n", "menuentry 'Mine' {\n}"};

	(void)state;
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

	(void)state;
	assert_set("", "entry\n", &with);
	*strstr(with, "entry") = '\0';
	assert_int_equal(grub_set_ours(with, NULL, &text), -EBADMSG);
	free(with);
}

static void test_reads_the_environment(void **state)
{
	static const char block[] =
		"# GRUB Environment Block\nsaved_entry=a b\nnext_entry="
		"\nlast=x\n#########";
	char value[8];

	(void)state;
	assert_true(grub_environment(block, "saved_entry", value, sizeof(value)));
	assert_string_equal(value, "a b");
	assert_true(grub_environment(block, "next_entry", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(grub_environment(block, "nothing", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(grub_environment("saved_entry=a\n", "saved_entry", value, 8));
	assert_false(grub_environment(
		"# GRUB Environment Block\na=123456789\n", "a", value, sizeof(value)));
}

static void test_entries_in_files(void **state)
{
	char text[32];

	(void)state;
	assert_true(grub_reads_bls("insmod blscfg\nblscfg\n"));
	assert_true(grub_reads_bls("if x; then\n  blscfg  \nfi\n"));
	assert_true(grub_reads_bls("blscfg"));
	assert_false(grub_reads_bls("insmod blscfg\n#blscfg\n# blscfg\n"));
	assert_false(grub_reads_bls("blscfg default\n"));
	assert_false(grub_reads_bls(""));
	assert_true(
		grub_default("if [ 1 ]; then\n   set default=\"${next_entry}\"\nelse\n"
			     "   set default=\"3\"\nfi\n    set default=1\n",
			text, sizeof(text)));
	assert_string_equal(text, "3");
	assert_false(grub_default("set default=1\n", text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_the_entry_of_the_kernel),
		cmocka_unit_test(test_takes_quoted_names_and_old_commands),
		cmocka_unit_test(test_takes_no_other_entry),
		cmocka_unit_test(test_leaves_what_others_wrote),
		cmocka_unit_test(test_does_not_guess_where_our_part_ends),
		cmocka_unit_test(test_reads_the_environment),
		cmocka_unit_test(test_entries_in_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
