/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menu in a grub.cfg, and what a default means in it. */
#include <errno.h>

#include "chain/loaders/grub_cfg.h"
#include "support.h"

static const char config[] =
	"set default=\"${next_entry}\"\n"
	"# menuentry 'no' {\n"
	"if [ \"${next_entry}\" ] ; then\n"
	"   set default=\"${next_entry}\"\n"
	"else\n"
	"   set default=\"1>2\"\n"
	"fi\n"
	"function gfxmode {\n"
	"\tset gfxpayload=\"${1}\"\n"
	"}\n"
	"menuentry 'Bob'\\''s > Linux' --class os $menuentry_id_option 'simple' {\n"
	"\tif [ x$grub_platform = xxen ]; then insmod xzio; fi\n"
	"\tlinux\t/vmlinuz-1 root=x ro  quiet \n"
	"\tinitrd\t/initrd-1\n"
	"}\n"
	"submenu \"More\" ${menuentry_id_option} 'more' {\n"
	"\tmenuentry 'One' --id one {\n"
	"\t\tlinux16 /vmlinuz-1\n"
	"\t\tlinux /vmlinuz-not-this\n"
	"\t}\n"
	"\tsubmenu 'Deep' {\n"
	"\t\tmenuentry bare --id=bare {\n"
	"\t\t\tlinuxefi /vmlinuz-2 x\n"
	"\t\t}\n"
	"\t}\n"
	"\tmenuentry 'Three' {\n"
	"\t}\n"
	"}\n"
	"menuentry 'Windows' --class windows --id 'win' {\n"
	"\tchainloader +1\n"
	"}";

static void test_items(void **state)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	static const struct {
		const char *title, *id, *linux_line;
		int parent;
		unsigned number;
	} expected[] = {
		{"Bob's > Linux", "simple", "/vmlinuz-1 root=x ro  quiet", GRUB_CFG_TOP,
			0},
		{"More", "more", "", GRUB_CFG_TOP, 1},
		{"One", "one", "/vmlinuz-1", 1, 0},
		{"Deep", "", "", 1, 1},
		{"bare", "bare", "/vmlinuz-2 x", 3, 0},
		{"Three", "", "", 1, 2},
		{"Windows", "win", "", GRUB_CFG_TOP, 2},
	};

	assert_int_equal(grub_cfg_parse(config, &menu), 0);
	assert_int_equal(menu.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < menu.n; i++) {
		assert_string_equal(menu.items[i].title, expected[i].title);
		assert_string_equal(menu.items[i].id, expected[i].id);
		assert_string_equal(menu.items[i].linux_line, expected[i].linux_line);
		assert_int_equal(menu.items[i].parent, expected[i].parent);
		assert_int_equal(menu.items[i].number, expected[i].number);
	}
}

static void test_find(void **state)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	static const struct {
		const char *name;
		int index;
	} finds[] = {
		{"0", 0},
		{"1", 1},
		{"2", 6},
		{"3", -1},
		{"simple", 0},
		{"1>0", 2},
		{"1>2", 5},
		{"more>Deep>bare", 4},
		{"more>1>0", 4},
		{"More>one", 2},
		{"one", -1},
		{"Bob's >> Linux", 0},
		{"Bob's > Linux", -1},
		{"", -1},
		{"more>", 1},
		{">", -1},
		/* In a submenu the first one starts where the rest means none of its entries. */
		{"more>gone", 2},
		{"1>7", 2},
		{"more>Deep>gone", 4},
		{"gone>0", -1},
		{"win>0", 6},
	};

	assert_int_equal(grub_cfg_parse(config, &menu), 0);
	for (size_t i = 0; i < ARRAY_SIZE(finds); i++) {
		const struct grub_cfg_item *item =
			grub_cfg_find(&menu, finds[i].name, true);

		assert_int_equal(item ? item - menu.items : -1, finds[i].index);
	}
}

static void test_names(void **state)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	char name[64];

	assert_int_equal(grub_cfg_parse(config, &menu), 0);
	grub_cfg_name(&menu, &menu.items[4], name, sizeof(name));
	assert_string_equal(name, "more>Deep>bare");
	assert_ptr_equal(grub_cfg_find(&menu, name, true), &menu.items[4]);
	grub_cfg_name(&menu, &menu.items[0], name, sizeof(name));
	assert_string_equal(name, "simple");
}

static void test_kernel(void **state)
{
	static const struct {
		const char *line, *file, *options;
	} lines[] = {
		{"/vmlinuz-1 root=x ro", "/vmlinuz-1", "root=x ro"},
		{"\"/u@/vmlinuz-1\" root=\"x\"", "/u@/vmlinuz-1", "root=\"x\""},
		{"'/vm 1'\tro", "/vm 1", "ro"},
		{"/vmlinuz-1", "/vmlinuz-1", ""},
		{"\"/vmlinuz-1", "/vmlinuz-1", ""},
		{"", "", ""},
		{"/a-file-whose-name-does-not-fit ro", "", "ro"},
	};
	char file[16];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct grub_cfg_item item = {.linux_line = (char *)lines[i].line};
		const char *options = grub_cfg_kernel(&item, file, sizeof(file));

		assert_string_equal(file, lines[i].file);
		assert_string_equal(options, lines[i].options);
	}
}

#define HEADER                                                                           \
	"if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\nelse\n"      \
	"   set default=\"3\"\nfi\n"

static void test_default(void **state)
{
	static const struct {
		const char *text, *value;
		enum grub_cfg_condition condition;
	} texts[] = {
		{config, "1>2", 0},
		{HEADER, "3", 0},
		{"set defaults=\"1\"\n# set default=1\n", NULL, 0},
		{HEADER "set default=1\n", "1", 0},
		{HEADER "default=two;\n", "two", 0},
		{HEADER "set default='the second'\n", "the second", 0},
		{HEADER "if [ x = y ]; then\n  set default=1\nfi\n", "1",
			GRUB_CFG_PERHAPS},
		{HEADER "if [ x = y ]; then default=2; fi\nset default=1\n", "1", 0},
		{HEADER "function x {\n  set default=1\n}\n", "3", 0},
		{HEADER "menuentry 'x' {\n  set default=1\n}\n", "3", 0},
		{HEADER "if [ -n \"${boot_counter}\" ]; then\n"
			"  if [ x ]; then\n    set default=1\n  fi\nfi\n",
			"3", GRUB_CFG_COUNTED},
	};
	char value[16];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		enum grub_cfg_condition condition;
		bool found =
			grub_cfg_default(texts[i].text, value, sizeof(value), &condition);

		assert_int_equal(found, texts[i].value != NULL);
		if (found)
			assert_string_equal(value, texts[i].value);
		assert_int_equal(condition, texts[i].condition);
	}
}

/* Texts that no grub-mkconfig writes are read to their end, whatever it is. */
static void test_broken(void **state)
{
	static const char *const texts[] = {"", "menuentry", "menuentry ", "menuentry '",
		"submenu 'a", "menuentry 'a'\\'' {", "}", "}\n}\n", "menuentry {\n{\n{\n",
		"linux x", "menuentry a --id", "menuentry a --id '",
		"menuentry a \n--id b {"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};

		assert_int_equal(grub_cfg_parse(texts[i], &menu), 0);
		assert_true(menu.n <= 1);
	}
}

/* What is open at the end of a line is taken to there, and the next line is one of its own. */
static void test_open_quotes(void **state)
{
	static const char *const texts[] = {
		"menuentry 'a {\nmenuentry 'b' --id 'c' {\n\tlinux\t\n\tinitrd /i\n}\n",
		"menuentry \"a {\nmenuentry \"b\" --id \"c\" {\n\tlinux \n}\n",
		"menuentry a\nmenuentry 'b' $menuentry_id_option 'c\n}\n",
		"menuentry 'a'\\''\nand more, longer than the line that it began on' {\n"
		"menuentry 'b' --id=c\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};

		assert_int_equal(grub_cfg_parse(texts[i], &menu), 0);
		assert_int_equal(menu.n, 2);
		assert_int_equal(menu.items[0].title[0], 'a');
		assert_string_equal(menu.items[1].title, "b");
		assert_string_equal(menu.items[1].id, "c");
		assert_string_equal(menu.items[1].linux_line, "");
	}
}

static const char with_conditions[] = "function history {\n"
				      "\tmenuentry 'none' --id none {\n"
				      "\t\tif x; then\n\t\ty\n\t\tfi\n"
				      "\t\tlinux /none\n"
				      "\t}\n"
				      "}\n"
				      "if [ a ]; then insmod b; fi\n"
				      "if [ -n \"$extra_cmdline\" ]; then\n"
				      "\tif [ c ]; then insmod d; fi\n"
				      "  submenu \"Snapshot\" {\n"
				      "    menuentry 'in it' --id in {\n"
				      "      if open\n"
				      "    }\n"
				      "  }\n"
				      "else\n"
				      "  menuentry 'else' --id else {\n"
				      "  }\n"
				      "fi\n"
				      "menuentry 'first' --id first {\n"
				      "\tif open\n"
				      "}\n"
				      "menuentry 'second' --id second {\n"
				      "}\n";

static const struct {
	const char *name, *with, *without;
} conditional_finds[] = {
	{"0", "Snapshot", "first"},
	{"0>0", "in", "first"},
	{"0>gone", "in", "first"},
	{"1", "else", "second"},
	{"2", "first", NULL},
	{"3", "second", NULL},
	{"4", NULL, NULL},
	{"first", "first", "first"},
	{"else", "else", NULL},
	{"none", NULL, NULL},
};

/* What the menu shows depends on the machine: numbers mean one entry or another then. */
static void test_conditions(void **state)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	char name[64];

	assert_int_equal(grub_cfg_parse(with_conditions, &menu), 0);
	assert_int_equal(menu.n, 5);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(conditional_finds); i++) {
		const char *expected = i % 2 ? conditional_finds[i / 2].with
					     : conditional_finds[i / 2].without;
		const struct grub_cfg_item *item =
			grub_cfg_find(&menu, conditional_finds[i / 2].name, i % 2);

		assert_int_equal(!item, !expected);
		if (!item)
			continue;
		grub_cfg_name(&menu, item, name, sizeof(name));
		assert_string_equal(
			strrchr(name, '>') ? strrchr(name, '>') + 1 : name, expected);
	}
}

static const struct grub_cfg_copy copy = {"/vmlinuz-2", "on trial", "trial", "a=1 b=2"};

static void assert_copied(const char *config, const char *wanted)
{
	char *text = NULL;

	assert_int_equal(grub_cfg_copy_entry(config, &copy, &text), 0);
	assert_string_equal(text, wanted);
	free(text);
}

static void test_copies_the_entry_of_the_kernel(void **state)
{
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

/* Behind a bare "--" all is init's. */
static void test_parameters_are_the_kernels(void **state)
{
	assert_copied("menuentry 'Two' {\n  linux /vmlinuz-2 ro -- one two\n}",
		"menuentry 'on trial' --class gnu-linux --class os --id 'trial' {\n"
		"  linux /vmlinuz-2 ro a=1 b=2 -- one two\n}\n");
}

/* What is no parameter of ours, and no word of a rescue, is no reason to pass an entry over. */
static void test_takes_a_permanent_device(void **state)
{
	assert_copied(
		"menuentry 'Two' {\n  linux /vmlinuz-2 vfioboot.device=1:0 single_x=1\n}",
		"menuentry 'on trial' --class gnu-linux --class os --id 'trial' {\n"
		"  linux /vmlinuz-2 vfioboot.device=1:0 single_x=1 a=1 b=2\n}\n");
}

static void test_takes_quoted_names_and_old_commands(void **state)
{
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

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		assert_int_equal(grub_cfg_copy_entry(configs[i], &copy, &text), -ENOENT);
	assert_int_equal(grub_cfg_copy_entry(
				 "menuentry 'Two' {\n\tlinux /vmlinuz-2\n", &copy, &text),
		-EBADMSG);
	/* Where the first one ends is a guess. */
	assert_int_equal(
		grub_cfg_copy_entry("menuentry 'Two' {\n\tlinux /vmlinuz-2\n"
				    "menuentry 'Three' {\n\tlinux /vmlinuz-3\n}\n}\n",
			&copy, &text),
		-EBADMSG);
}

/* Nobody can know whether a function is called. */
static void test_copies_nothing_of_a_function(void **state)
{
	assert_copied(
		"function history {\n\tmenuentry 'Old' {\n\t\tlinux /vmlinuz-2 old\n"
		"\t}\n}\nmenuentry 'Two' {\n\tlinux /vmlinuz-2 ro\n}\n",
		"menuentry 'on trial' --class gnu-linux --class os --id 'trial' {\n"
		"\tlinux /vmlinuz-2 ro a=1 b=2\n}\n");
}

static void test_entries_in_files(void **state)
{
	assert_true(grub_cfg_runs("insmod blscfg\nblscfg\n", "blscfg"));
	assert_true(grub_cfg_runs("if x; then\n  blscfg  \nfi\n", "blscfg"));
	assert_true(grub_cfg_runs("blscfg", "blscfg"));
	assert_false(grub_cfg_runs("insmod blscfg\n#blscfg\n# blscfg\n", "blscfg"));
	assert_false(grub_cfg_runs("blscfg default\n", "blscfg"));
	assert_false(grub_cfg_runs("", "blscfg"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_open_quotes),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_copies_the_entry_of_the_kernel),
		cmocka_unit_test(test_parameters_are_the_kernels),
		cmocka_unit_test(test_takes_a_permanent_device),
		cmocka_unit_test(test_takes_quoted_names_and_old_commands),
		cmocka_unit_test(test_takes_no_other_entry),
		cmocka_unit_test(test_copies_nothing_of_a_function),
		cmocka_unit_test(test_entries_in_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
