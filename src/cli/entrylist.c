/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holds the menu against what is wanted, a line an entry. */
#include "entrylist.h"

#include <errno.h>

#include "base/base.h"
#include "cli/ui/table.h"

enum { ENTRY, KERNEL, STATE, TITLE, ARGUMENTS, LOADER, BOOT_ID };

static const struct column columns[] = {
	[ENTRY] = {"ENTRY", 0},
	[KERNEL] = {"KERNEL", 0},
	[STATE] = {"STATE", 0}, /* ready, missing, outdated or unknown */
	[TITLE] = {"TITLE", COLUMN_WRAP},
	[ARGUMENTS] = {"ARGUMENTS", COLUMN_EXTRA},
	[LOADER] = {"LOADER", COLUMN_EXTRA},
	[BOOT_ID] = {"BOOT-ID", COLUMN_EXTRA}, /* by which the loader takes it */
};

struct listing {
	struct table *table;
	const char *loader;
	bool bad;
};

static void add_line(struct listing *listing, const struct bootmenu_entry *entry,
	const char *arguments, const char *state)
{
	struct table_line *line = table_add(listing->table, NULL);

	if (strcmp(state, "ready") != 0) {
		listing->bad = true;
		table_colour(listing->table, line, "red");
	}
	table_set(listing->table, line, ENTRY, entry->id);
	table_set(listing->table, line, KERNEL, entry->kernel);
	table_set(listing->table, line, STATE, state);
	table_set(listing->table, line, TITLE, entry->title);
	table_set(listing->table, line, ARGUMENTS, arguments);
	table_set(listing->table, line, LOADER, listing->loader);
	table_set(listing->table, line, BOOT_ID, entry->boot_id);
}

static const struct bootentry *find_wanted(
	const struct bootentries *wanted, const char *id)
{
	for (unsigned i = 0; i < wanted->n; i++)
		if (strcmp(wanted->entries[i].id, id) == 0)
			return &wanted->entries[i];
	return NULL;
}

static bool has_entry(const struct bootmenu *menu, const char *id, const char *kernel)
{
	for (size_t i = 0; i < menu->n; i++)
		if (strcmp(menu->entries[i].id, id) == 0 &&
			(!kernel || strcmp(menu->entries[i].kernel, kernel) == 0))
			return true;
	return false;
}

static bool is_repeated(const struct bootmenu *menu, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(menu->entries[i].kernel, menu->entries[index].kernel) == 0 &&
			!menu->entries[i].id[0])
			return true;
	return false;
}

static void add_present(struct listing *listing, const struct bootmenu *menu,
	const struct bootentries *wanted)
{
	for (size_t i = 0; i < menu->n; i++) {
		const struct bootmenu_entry *entry = &menu->entries[i];
		const struct bootentry *wish = find_wanted(wanted, entry->id);
		char missing[BOOTENTRY_ARGS_SIZE] = "";

		if (!entry->id[0])
			continue;
		if (wish)
			bootentry_missing_arguments(entry->options, wish, missing);
		add_line(listing, entry, wish ? wish->arguments : NULL,
			wish && !missing[0] && !entry->outdated ? "ready" : "outdated");
	}
}

/* One line a kernel that has its normal entry, but not the wanted one. */
static void add_missing(struct listing *listing, const struct bootmenu *menu,
	const struct bootentry *wish)
{
	struct bootmenu_entry lacks = {0};

	strcpy(lacks.id, wish->id);
	for (size_t i = 0; i < menu->n; i++) {
		const struct bootmenu_entry *entry = &menu->entries[i];

		if (entry->id[0] || is_repeated(menu, i) ||
			has_entry(menu, wish->id, entry->kernel))
			continue;
		lacks.kernel = entry->kernel;
		add_line(listing, &lacks, wish->arguments, "missing");
	}
}

static void say_unread(const struct sysfs_root *root, const struct bootloader *loader,
	const char *failed, int error)
{
	char place[BOOTMENU_PLACE_SIZE];

	if (loader->ops->read) {
		cli_warning("entry", "the menu of %s can't be read: %s: %s%s",
			loader->title, failed, strerror(-error), bootmenu_remedy(error));
		return;
	}
	bootmenu_hand_place(root, loader, place);
	cli_warning("entry",
		"the menu of %s is not read: look for %s with vfioboot. in %s",
		loader->title, loader->ops->hand_what, place);
}

static int add_lines(struct listing *listing, const struct sysfs_root *root,
	const struct bootloader *loader, const struct bootentries *wanted,
	bool *ret_unknown)
{
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	int r = loader->ops->read ? loader->ops->read(root, wanted, &menu) : -ENOTSUP;

	*ret_unknown = r < 0;
	if (r < 0 && r != -ENOMEM)
		say_unread(root, loader, menu.failed, r);
	if (r == -ENOMEM)
		return r;
	for (unsigned i = 0; r < 0 && i < wanted->n; i++) {
		struct bootmenu_entry entry = {0};

		strcpy(entry.id, wanted->entries[i].id);
		add_line(listing, &entry, wanted->entries[i].arguments, "unknown");
	}
	if (r < 0)
		return 0;
	add_present(listing, &menu, wanted);
	for (unsigned i = 0; i < wanted->n; i++)
		add_missing(listing, &menu, &wanted->entries[i]);
	return 0;
}

enum cli_exit entrylist_print(const struct sysfs_root *root,
	const struct bootloader *loader, const struct bootentries *wanted, bool json)
{
	_cleanup_(table_free) struct table *table =
		table_new("entries", columns, ARRAY_SIZE(columns), json);
	struct listing listing = {.table = table, .loader = loader->name};
	bool unknown = false;
	int r = add_lines(&listing, root, loader, wanted, &unknown);

	if (r < 0)
		return cli_error("entry", "%s", strerror(-r));
	table_print(table);
	if (unknown)
		return CLI_UNKNOWN;
	if (!listing.bad)
		return CLI_OK;
	return cli_error("entry",
		"the menu is not as it was asked for; run 'vfioboot entry "
		"add', or 'vfioboot entry remove'");
}

void entrylist_print_none(void)
{
	_cleanup_(table_free) struct table *table =
		table_new("entries", columns, ARRAY_SIZE(columns), true);

	table_print(table);
}
