/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of boot menus share: a menu as text, and unified images. */
#ifndef VFIOBOOT_TESTS_FAKEMENUS_H
#define VFIOBOOT_TESTS_FAKEMENUS_H

#include "../lib/imagemaker.h"
#include "chain/chain.h"
#include "support.h"

static const char kinds[] = {
	[BOOTMENU_ELSE] = '-',
	[BOOTMENU_SYSTEM] = 's',
	[BOOTMENU_NORMAL] = 'n',
	[BOOTMENU_OURS] = 'o',
};

/* A line an entry: its kind, '*' for the default, '+' for the next boot alone; its kernel file and initrds; options. */
static void print_entry(FILE *out, const struct bootmenu_entry *entry)
{
	fprintf(out, "%c%s%s%s %s", kinds[entry->kind], entry->unified ? "u" : "",
		entry->is_default ? "*" : "", entry->is_next ? "+" : "",
		*entry->kernel_path ? entry->kernel_path : "?");
	for (size_t i = 0; i < entry->initrds.n; i++)
		fprintf(out, " %s", entry->initrds.names[i]);
	fprintf(out, "%s%s\n", *entry->options ? " | " : "", entry->options);
}

static void expect(const char *loader, const char *expected)
{
	static const struct bootentries none;
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	_cleanup_free_ char *text = NULL;
	struct text_stream stream;

	assert_int_equal(bootloader_named(loader)->ops->read(&root, &none, &menu), 0);
	assert_true(text_stream_open(&stream));
	for (size_t i = 0; i < menu.n; i++)
		print_entry(stream.out, &menu.entries[i]);
	fputs(menu.default_elsewhere ? "elsewhere\n" : "", stream.out);
	fputs(menu.next_elsewhere ? "once elsewhere\n" : "", stream.out);
	text = text_stream_take(&stream);
	assert_string_equal(text, expected);
}

static inline void put_pe(
	const char *path, const char *section, const char *cmdline, const char *version)
{
	struct imagemaker maker = {0};

	imagemaker_unify(&maker,
		(struct imagemaker_section[]){{section, "x", 1},
			{".cmdline", cmdline, strlen(cmdline)},
			{".uname", version, strlen(version)}},
		3);
	fake_put_bytes(path, maker.bytes, maker.size);
	imagemaker_free(&maker);
}

#endif
