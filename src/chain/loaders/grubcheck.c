/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holds the new menu against the old one. */
#include "grubcheck.h"

#include <limits.h>

#include "base/base.h"
#include "grubconfig.h"

#define ID_START "passthrough-"

static const char *const environments[] = {"/boot/grub/grubenv", "/boot/grub2/grubenv"};

/* What the default of grub.cfg is now: a number, an id or a title; "" for none. */
static void read_default(
	const struct sysfs_root *root, const char *text, char *ret_value, size_t size)
{
	ret_value[0] = '\0';
	grubmenu_default(text, ret_value, size);
	for (size_t i = 0;
		strcmp(ret_value, "${saved_entry}") == 0 && i < ARRAY_SIZE(environments);
		i++) {
		_cleanup_free_ char *block = NULL;

		if (hostfile_read(root, environments[i], &block, NULL) == 0)
			grub_environment(block, "saved_entry", ret_value, size);
	}
	if (ret_value[0] == '$')
		ret_value[0] = '\0';
}

/* Anybody may begin an id as we do, so it is ours where our generator has printed it. */
const char *grubcheck_id(
	const struct bootentries *wanted, const struct grubmenu_item *item)
{
	static char id[BOOTENTRY_ID_SIZE];
	const char *menu_id = item->maker == GRUBMENU_OURS ? item->id : "";
	size_t longest = 0;

	for (unsigned i = 0; i < wanted->n; i++) {
		const char *wish = wanted->entries[i].id;
		size_t len = strlen(wish);

		if (len <= longest || strncmp(menu_id, wish, len) != 0 ||
			menu_id[len] != '-')
			continue;
		longest = len;
		text_join(id, sizeof(id), wish, NULL);
	}
	if (longest)
		return id;
	if (strncmp(menu_id, ID_START, strlen(ID_START)) == 0)
		return "passthrough";
	return strncmp(menu_id, "no-" ID_START, strlen("no-" ID_START)) == 0
		? "no-passthrough"
		: "";
}

struct menus {
	const struct grubcheck_texts *texts;
	struct grubmenu old, new;
};

static void free_menus(struct menus *menus)
{
	grubmenu_free(&menus->old);
	grubmenu_free(&menus->new);
}

/* By which name the person has the default that there was, or a normal one instead of ours. */
static void name_wanted_default(const struct menus *menus,
	const struct grubmenu_item *before, char *ret, size_t size)
{
	static const struct bootentries none;
	const struct grubmenu *menu = &menus->new;

	if (!*grubcheck_id(&none, before)) {
		grubmenu_name(&menus->old, before, ret, size);
		return;
	}
	text_join(ret, size, "0", NULL);
	for (size_t i = menu->n; i-- > 0;)
		if (menu->items[i].maker == GRUBMENU_LINUX &&
			menu->items[i].linux_line[0])
			grubmenu_name(menu, &menu->items[i], ret, size);
}

static int warn_of_default(const struct menus *menus, const char *value,
	const struct grubmenu_item *before, const struct grubmenu_item *after, bool again,
	struct bootmenu_change *change)
{
	const char *config = menus->texts->config;
	char was[512], is[512] = "nothing", set[512], command[512] = "this again";

	grubmenu_name(&menus->old, before, was, sizeof(was));
	if (after)
		grubmenu_name(&menus->new, after, is, sizeof(is));
	if (strcmp(was, is) == 0)
		return 0;
	name_wanted_default(menus, before, set, sizeof(set));
	if (!again)
		text_join(command, sizeof(command), "'",
			strstr(config, "/grub2/") ? "grub2" : "grub", "-mkconfig -o ",
			config, "'", NULL);
	change->default_moves = true;
	return bootmenu_warn(change,
		"GRUB's default is '%s', which was '%s' and is now '%s': set GRUB_DEFAULT in "
		"/etc/default/grub to '%s' and run %s",
		value, was, is, set, command);
}

/*
 * Numbers shift where ours come before what they mean.  What is in an `if` may be in the menu,
 * such as the snapshot that openSUSE boots, or not: so it is looked at both ways.
 */
static int compare_defaults(const struct sysfs_root *root, const struct menus *menus,
	bool again, struct bootmenu_change *change)
{
	char old[512], new[512];
	int r = 0;

	read_default(root, menus->texts->before, old, sizeof(old));
	read_default(root, menus->texts->after, new, sizeof(new));
	if (!old[0])
		return 0;
	for (int conditional = 0; conditional < 2 && r == 0 && !change->default_moves;
		conditional++) {
		const struct grubmenu_item *before =
			grubmenu_find(&menus->old, old, conditional);
		const struct grubmenu_item *after =
			new[0] ? grubmenu_find(&menus->new, new, conditional) : NULL;

		if (before)
			r = warn_of_default(menus, new, before, after, again, change);
	}
	return r;
}

/* The entries of others, in their order, are what they were. */
static bool others_are_same(const struct grubmenu *a, const struct grubmenu *b)
{
	static const struct bootentries none;
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a->n && *grubcheck_id(&none, &a->items[i]))
			i++;
		while (j < b->n && *grubcheck_id(&none, &b->items[j]))
			j++;
		if (i == a->n || j == b->n)
			return i == a->n && j == b->n;
		if (strcmp(a->items[i].title, b->items[j].title) != 0 ||
			strcmp(a->items[i].linux_line, b->items[j].linux_line) != 0)
			return false;
		i++;
		j++;
	}
}

/* That a normal entry is the first one, which starts where the default is lost. */
static int check_first(const struct grubmenu *menu, const struct bootentries *wanted,
	struct bootmenu_change *change)
{
	for (int conditional = 0; wanted->n && conditional < 2; conditional++) {
		const struct grubmenu_item *first = grubmenu_find(menu, "0", conditional);

		if (first && *grubcheck_id(wanted, first))
			return bootmenu_fail(change,
				"'%s' would be the first entry of the menu; a normal one "
				"has to be",
				first->title);
	}
	return 0;
}

/* Whether ours that @wish asks for is there: for the kernel @file, or with NULL for some. */
static bool has_entry(const struct grubmenu *menu, const struct bootentries *wanted,
	const struct bootentry *wish, const char *file)
{
	char kernel[PATH_MAX];

	for (size_t i = 0; i < menu->n; i++) {
		grubmenu_kernel(&menu->items[i], kernel, sizeof(kernel));
		if (strcmp(grubcheck_id(wanted, &menu->items[i]), wish->id) == 0 &&
			(!file || strcmp(kernel, file) == 0))
			return true;
	}
	return false;
}

/* That it is there for each kernel that has a normal entry. */
static int check_kernels(const struct grubmenu *menu, const struct bootentries *wanted,
	const struct bootentry *wish, struct bootmenu_change *change)
{
	char kernel[PATH_MAX];

	if (!has_entry(menu, wanted, wish, NULL))
		return bootmenu_fail(change,
			"the new grub.cfg has no entry '(%s)': /etc/grub.d/10_linux "
			"makes none that can be copied",
			wish->title);
	for (size_t i = 0; i < menu->n; i++) {
		if (menu->items[i].maker != GRUBMENU_LINUX)
			continue;
		grubmenu_kernel(&menu->items[i], kernel, sizeof(kernel));
		if (*kernel && !has_entry(menu, wanted, wish, kernel))
			return bootmenu_fail(change,
				"the new grub.cfg has no entry '(%s)' for %s, which has a "
				"normal one: see what /etc/grub.d/" GRUBMENU_GENERATOR
				" prints when grub-mkconfig runs",
				wish->title, kernel);
	}
	return 0;
}

/* That ours do what their titles say. */
static int check_arguments(const struct grubmenu *menu, const struct bootentries *wanted,
	const struct bootentry *wish, struct bootmenu_change *change)
{
	char missing[BOOTENTRY_ARGS_SIZE];

	for (size_t i = 0; i < menu->n; i++) {
		const struct grubmenu_item *item = &menu->items[i];

		if (!item->linux_line[0] ||
			strcmp(grubcheck_id(wanted, item), wish->id) != 0)
			continue;
		bootentry_missing_arguments(item->linux_line, wish, missing);
		if (missing[0])
			return bootmenu_fail(change,
				"the entry '%s' of the new grub.cfg lacks %s: "
				"/etc/grub.d/10_linux does not pass on "
				"GRUB_CMDLINE_LINUX_DEFAULT; put back the one of its package",
				item->title, missing);
	}
	return 0;
}

static int judge(const struct sysfs_root *root, const struct bootentries *wanted,
	const struct menus *menus, struct bootmenu_change *change)
{
	int r = 0;

	if (!menus->new.n)
		return bootmenu_fail(change, "the new grub.cfg has no entry at all");
	r = check_first(&menus->new, wanted, change);
	for (unsigned i = 0; r == 0 && i < wanted->n; i++) {
		r = check_kernels(&menus->new, wanted, &wanted->entries[i], change);
		if (r == 0)
			r = check_arguments(
				&menus->new, wanted, &wanted->entries[i], change);
	}
	if (r < 0)
		return r;
	if (!others_are_same(&menus->old, &menus->new))
		r = bootmenu_warn(change,
			"other entries of the menu have changed, too: grub.cfg was older than "
			"the kernels or the settings in /etc/default/grub");
	return r < 0 ? r : compare_defaults(root, menus, wanted->n > 0, change);
}

int grubcheck_menu(const struct sysfs_root *root, const struct bootentries *wanted,
	const struct grubcheck_texts *texts, struct bootmenu_change *change)
{
	_cleanup_(free_menus) struct menus menus = {.texts = texts};
	int r = grubmenu_parse(texts->before, &menus.old);

	if (r == 0)
		r = grubmenu_parse(texts->after, &menus.new);
	if (r == 0)
		r = judge(root, wanted, &menus, change);
	if (r == 0 && wanted->n && grubmenu_is_hidden(texts->after))
		r = bootmenu_warn(change,
			"GRUB's menu is hidden: hold Shift or press Esc while the machine "
			"starts, or set GRUB_TIMEOUT_STYLE=menu and GRUB_TIMEOUT=5 in "
			"/etc/default/grub and run this again");
	return r;
}
