/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new grub.cfg held against the old one. */
#include <errno.h>
#include <stdio.h>

#include "chain/loaders/grub_default.h"
#include "support.h"

#define FRAMED(name, text)                                                               \
	"\n### BEGIN /etc/grub.d/" name " ###\n" text "### END /etc/grub.d/" name " ###\n"
#define ENTRY(title, id, linux_line)                                                     \
	"menuentry '" title "' $menuentry_id_option '" id "' {\n\tlinux\t" linux_line    \
	"\n}\n"

#define NORMAL    FRAMED("10_linux", ENTRY("Debian", "gnulinux-simple", "/vmlinuz-1 ro"))
#define ARGUMENTS "vfioboot.profile=x intel_iommu=on"
#define OURS                                                                             \
	FRAMED("11_linux_passthrough",                                                   \
		ENTRY("Debian (Passthrough)", "passthrough-simple",                      \
			"/vmlinuz-1 ro " ARGUMENTS))
#define FOREIGN                                                                          \
	FRAMED("08_mine", ENTRY("Mine", "passthrough-mine", "/vmlinuz-mine vfioboot.off"))

static const struct bootentries wanted = {
	.entries = {{"passthrough", "Passthrough", ARGUMENTS}}, .n = 1};
static const struct bootentries none;

/* The problem, or the warnings, or "". */
static void expect(const struct bootentries *entries, const char *before,
	const char *after, const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	struct grub_default_texts texts = {before, after, "/boot/grub2/grub.cfg"};
	int r = grub_default_check_menu(&root, entries, &texts, &change);

	assert_int_equal(r, change.message.code ? -EREMOTEIO : 0);
	if (!*expected) {
		assert_string_equal(change.message.text, "");
		assert_int_equal(change.warnings.n, 0);
	} else if (change.message.code) {
		assert_non_null(strstr(change.message.text, expected));
	} else {
		assert_int_equal(change.warnings.n, 1);
		assert_non_null(strstr(change.warnings.names[0], expected));
	}
}

static void test_added_and_removed(void **state)
{
	expect(&wanted, NORMAL, NORMAL OURS, "");
	expect(&none, NORMAL OURS, NORMAL, "");
	expect(&wanted, NORMAL, NORMAL, "has no entry '(Passthrough)'");
	expect(&wanted, NORMAL, "", "no entry at all");
	expect(&wanted, NORMAL, OURS NORMAL, "would be the first entry");
	expect(&none, OURS NORMAL, OURS NORMAL, "");
}

/* Whatever ids others give their entries, ours are those that our generator made. */
static void test_ids_of_others(void **state)
{
	expect(&wanted, FOREIGN NORMAL, FOREIGN NORMAL OURS, "");
	expect(&none, FOREIGN NORMAL OURS, FOREIGN NORMAL, "");
	expect(&wanted, FOREIGN NORMAL, FOREIGN NORMAL, "has no entry '(Passthrough)'");
	expect(&wanted, NORMAL, FOREIGN NORMAL OURS,
		"other entries of the menu have changed");
}

/* An entry that is there and does not do what its title says is worse than none. */
static void test_arguments(void **state)
{
	expect(&wanted, NORMAL,
		NORMAL FRAMED("11_linux_passthrough",
			ENTRY("A", "passthrough-simple", "/vmlinuz-1 ro")),
		"'A' of the new grub.cfg lacks vfioboot.profile=x intel_iommu=on");
	expect(&wanted, NORMAL,
		NORMAL FRAMED("11_linux_passthrough",
			ENTRY("A", "passthrough-simple", "/vmlinuz-1 " ARGUMENTS)
				ENTRY("B", "passthrough-b", "/vmlinuz-1 intel_iommu=on")),
		"'B' of the new grub.cfg lacks vfioboot.profile=x");
}

static void test_kernels(void **state)
{
#define OLDER  FRAMED("10_linux_zfs", ENTRY("Old", "gnulinux-old", "\"/vmlinuz-0\" ro"))
#define OTHERS FRAMED("20_memtest", ENTRY("Memory", "memtest", "/memtest.bin"))
	expect(&wanted, NORMAL OLDER, NORMAL OLDER OURS OTHERS,
		"no entry '(Passthrough)' for /vmlinuz-0");
	expect(&wanted, NORMAL OTHERS, NORMAL OURS OTHERS, "");
	expect(&none, NORMAL OLDER OURS, NORMAL OLDER, "");
}

/* openSUSE on btrfs: the menu has one more at its beginning, or has not. */
static void test_numbers(void **state)
{
#define DEFAULT(name) "set default=\"" name "\"\n"
#define SNAPSHOT                                                                         \
	"if [ -n \"$extra_cmdline\" ]; then\n  submenu \"Snapshot\" {\n"                 \
	"    menuentry \"It\" {\n    }\n  }\nfi\n"
#define WINDOWS FRAMED("30_os-prober", ENTRY("Windows", "windows", "x"))
	static const char *const numbers[] = {DEFAULT("1") SNAPSHOT NORMAL,
		DEFAULT("2") SNAPSHOT NORMAL, DEFAULT("0") SNAPSHOT NORMAL};
	static const char *const expected[] = {
		"default is '1', which was 'windows' and is now 'passthrough-simple'",
		"default is '2', which was 'windows' and is now 'passthrough-simple'",
		"",
	};
	char before[2048], after[2048];

	expect(&wanted, NORMAL, SNAPSHOT OURS NORMAL, "would be the first entry");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(before, sizeof(before), "%s" WINDOWS, numbers[i]);
		snprintf(after, sizeof(after), "%s" OURS WINDOWS, numbers[i]);
		expect(&wanted, before, after, expected[i]);
	}
}

/* What is to be set when ours are gone, and with what: this command has nothing to do again. */
static void test_default_of_ours(void **state)
{
#define RUN " and run 'grub2-mkconfig -o /boot/grub2/grub.cfg'"
	static const char *const values[] = {DEFAULT("passthrough-simple"), DEFAULT("1")};
	char before[2048], after[2048];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(before, sizeof(before), "%s" NORMAL OURS WINDOWS, values[i]);
		snprintf(after, sizeof(after), "%s" NORMAL WINDOWS, values[i]);
		expect(&none, before, after, "to 'gnulinux-simple'" RUN);
		expect(&wanted, after, before,
			i == 0 ? "" : "to 'windows' and run this again");
	}
	expect(&none, DEFAULT("2") NORMAL OURS WINDOWS, DEFAULT("2") NORMAL WINDOWS,
		"which was 'windows' and is now 'nothing': set GRUB_DEFAULT in "
		"/etc/default/grub to 'windows'" RUN);
	expect(&none, DEFAULT("1") OURS, DEFAULT("1") WINDOWS, "changed");
	expect(&none, DEFAULT("0") OURS WINDOWS, DEFAULT("0") WINDOWS, "to '0'" RUN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(test_added_and_removed),
		ROOT_TEST(test_ids_of_others),
		ROOT_TEST(test_arguments),
		ROOT_TEST(test_kernels),
		ROOT_TEST(test_numbers),
		ROOT_TEST(test_default_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
