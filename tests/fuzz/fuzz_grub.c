/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a grub.cfg: each item is found by the name that grub-reboot takes, lies in the text,
 * and its parent comes before it; the copy of an entry is one entry more.
 */
#include <stdint.h>
#include <string.h>

#include "base/base.h"
#include "chain/loaders/grub_cfg.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const char *text, const struct grub_cfg *menu, size_t at)
{
	const struct grub_cfg_item *item = &menu->items[at];
	char name[512], kernel[256];

	CHECK(item->title && item->id && item->linux_line);
	CHECK(item->parent >= GRUB_CFG_TOP && item->parent < (int)at);
	CHECK(item->firm_number <= item->number);
	CHECK(item->header >= text && item->body >= item->header);
	CHECK(!item->end ||
		(item->end >= item->header &&
			item->end[strspn(item->end, " \t")] == '}'));
	grub_cfg_name(menu, item, name, sizeof(name));
	CHECK(strlen(name) < sizeof(name));
	CHECK(grub_cfg_kernel(item, kernel, sizeof(kernel)) >= item->linux_line);
}

static void check_copy(const char *text, const struct grub_cfg_item *item)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	char kernel[256];
	const struct grub_cfg_copy wanted = {
		.kernel = kernel, .title = "Copy", .id = "copy", .parameters = "added=1"};
	char *copy = NULL;

	grub_cfg_kernel(item, kernel, sizeof(kernel));
	if (!*kernel || grub_cfg_copy_entry(text, &wanted, &copy) < 0)
		return;
	CHECK(strstr(copy, "added=1"));
	CHECK(grub_cfg_parse(copy, &menu) == 0);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(grub_cfg_free) struct grub_cfg menu = {0};
	_cleanup_free_ char *text = strndup((const char *)data, size);
	enum grub_cfg_condition condition;
	char name[256];

	CHECK(text && grub_cfg_parse(text, &menu) == 0);
	for (size_t i = 0; i < menu.n; i++)
		check_item(text, &menu, i);
	if (menu.n)
		check_copy(text, &menu.items[0]);
	if (grub_cfg_default(text, name, sizeof(name), &condition)) {
		grub_cfg_find(&menu, name, true);
		grub_cfg_find(&menu, name, false);
	}
	grub_cfg_is_hidden(text);
	grub_cfg_runs(text, "blscfg");
	return 0;
}
