/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image and its copy tell of their system. */
#include "chain/loaders/ukiosrel.h"
#include "support.h"

static const struct bootentry passthrough = {
	"passthrough", "Passthrough", "vfioboot.profile=passthrough"};

static void is_copied_to(const char *osrel, const char *wanted)
{
	_cleanup_free_ char *copy = ukiosrel_copy(osrel, &passthrough);

	assert_string_equal(copy, wanted);
}

static void is_ordered_by(const char *osrel, const char *key, const char *version)
{
	struct sdorder_entry entry = {0};

	ukiosrel_order(osrel, &entry);
	assert_string_equal(entry.sort_key, key);
	assert_string_equal(entry.version, version);
}

static void test_copy(void **state)
{
	(void)state;
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
	_cleanup_free_ char *copy = ukiosrel_copy("ID=debian\n", &passthrough);
	char id[BOOTENTRY_ID_SIZE] = "";

	(void)state;
	assert_false(ukiosrel_is_ours("ID=debian\nVFIOBOOT_ENTRY=\n", id));
	assert_false(ukiosrel_is_ours("X_VFIOBOOT_ENTRY=x\n", id));
	assert_string_equal(id, "");
	assert_true(ukiosrel_is_ours(copy, id));
	assert_string_equal(id, "passthrough");
}

static void test_order(void **state)
{
	_cleanup_free_ char *copy =
		ukiosrel_copy("ID=debian\nBUILD_ID=7\n", &passthrough);

	(void)state;
	is_ordered_by("", "", "");
	is_ordered_by("ID=debian\nBUILD_ID=7\n", "debian", "7");
	is_ordered_by("ID=debian\nIMAGE_ID=x\nBUILD_ID=7\nVERSION_ID=13\n", "x", "13");
	is_ordered_by("VERSION_ID=13\nVERSION=\"13 (trixie)\"\n", "", "13 (trixie)");
	is_ordered_by("VERSION=13\nIMAGE_VERSION=4\n", "", "4");
	is_ordered_by(copy, "debian-passthrough", "7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
