/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of the protect list: one definition for its writer and its reader. */
#include "protect.h"

#include "base/base.h"
#include "selector.h"

static const char *const kind_names[PROTECT_KINDS] = {
	[PROTECT_STORAGE] = "storage",
	[PROTECT_NETWORK] = "network",
	[PROTECT_DISPLAY] = "display",
};

static bool parse_kind(const char *text, enum protect_kind *ret)
{
	for (int kind = 0; kind < PROTECT_KINDS; kind++) {
		if (strcmp(text, kind_names[kind]) == 0) {
			*ret = (enum protect_kind)kind;
			return true;
		}
	}
	return false;
}

/* "vendor:device", which is a selector with two fields given. */
static bool parse_ids(const char *text, struct protect_entry *entry)
{
	struct selector id;

	if (selector_parse_kind(SELECTOR_ID, text, &id) < 0 || id.id.any[0] ||
		id.id.any[1] || !id.id.any[2] || !id.id.any[3])
		return false;
	entry->vendor = id.id.value[0];
	entry->device = id.id.value[1];
	return true;
}

static bool parse_line(char *line, struct protect_entry *ret)
{
	struct protect_entry entry = {0};
	char *kind = strsep(&line, " ");
	char *path = strsep(&line, " ");
	char *ids = strsep(&line, " ");

	if (!path || !ids || !parse_kind(kind, &entry.kind) ||
		pci_path_parse(path, PCI_NAME_WHOLE, &entry.path, NULL) < 0 ||
		!parse_ids(ids, &entry))
		return false;
	/* Why is for people: a long one is cut. */
	if (line && strcmp(line, "-") != 0)
		snprintf(entry.why, sizeof(entry.why), "%s", line);
	*ret = entry;
	return true;
}

const struct protect_entry *protect_find(
	const struct protect_list *list, const struct pci_path *path)
{
	for (unsigned i = 0; i < list->n_entries; i++)
		if (list->entries[i].kind != PROTECT_DISPLAY &&
			pci_path_equal(&list->entries[i].path, path, false))
			return &list->entries[i];
	return NULL;
}

bool protect_has(const struct protect_list *list, const struct protect_entry *entry)
{
	for (unsigned i = 0; i < list->n_entries; i++) {
		const struct protect_entry *other = &list->entries[i];

		if (other->kind == entry->kind && other->vendor == entry->vendor &&
			other->device == entry->device &&
			pci_path_equal(&other->path, &entry->path, false))
			return true;
	}
	return false;
}

/* Adds an entry, once: the lists of an image and of a boot say much the same. */
static bool add_entry(struct protect_list *list, const struct protect_entry *entry)
{
	if (protect_has(list, entry))
		return true;
	if (list->n_entries == PROTECT_ENTRIES_MAX)
		return false;
	list->entries[list->n_entries++] = *entry;
	return true;
}

unsigned protect_parse(struct protect_list *list, char *text)
{
	unsigned number = 0, bad = 0;
	struct protect_entry entry;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		number++;
		if (!*line || *line == '#')
			continue;
		if (strcmp(line, PROTECT_INCOMPLETE) == 0)
			list->incomplete = true;
		else if (!parse_line(line, &entry) || !add_entry(list, &entry))
			bad = bad ? bad : number;
	}
	return bad;
}

void protect_format(const struct protect_entry *entry, char ret[static PROTECT_LINE_SIZE])
{
	char path[PCI_PATH_SIZE];

	pci_path_format(&entry->path, path);
	snprintf(ret, PROTECT_LINE_SIZE, "%s %s %04x:%04x %s\n", kind_names[entry->kind],
		path, entry->vendor, entry->device, entry->why[0] ? entry->why : "-");
}
