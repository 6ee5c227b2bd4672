/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns what is known of a function into words: whole ones for people, all of it for JSON. */
#include "list_cells.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "facts/facts.h"

/* After this many file systems of one function the others are counted only. */
#define USES_MAX 4

enum {
	ADDRESS = LIST_ADDRESS,
	PATH,
	ID,
	CLASS,
	DRIVER,
	IOMMU_GROUP,
	NAME,
	NOTES,
	TYPE,
	VENDOR,
	MODEL,
	SUBSYSTEM,
	MODULES,
	BOOT_DISPLAY,
	USES,
	SECTION,
	WANTED,
	RESULT,
	REASON,
};

/* The help of the command tells what they are: LIST_COLUMNS_HELP. */
static const struct column columns[] = {
	[ADDRESS] = {"ADDRESS", COLUMN_DEFAULT | COLUMN_TREE, NULL},
	[PATH] = {"PATH", COLUMN_DEFAULT, NULL},
	[ID] = {"ID", COLUMN_DEFAULT, NULL},
	[CLASS] = {"CLASS", 0, NULL},
	[DRIVER] = {"DRIVER", COLUMN_DEFAULT, NULL},
	[IOMMU_GROUP] = {"IOMMU_GROUP", COLUMN_NUMBER | COLUMN_RIGHT, NULL},
	[NAME] = {"NAME", COLUMN_DEFAULT, NULL},
	[NOTES] = {"NOTES", COLUMN_DEFAULT | COLUMN_WRAP, NULL},
	[TYPE] = {"TYPE", 0, NULL},
	[VENDOR] = {"VENDOR", 0, NULL},
	[MODEL] = {"MODEL", 0, NULL},
	[SUBSYSTEM] = {"SUBSYSTEM", 0, NULL},
	[MODULES] = {"MODULES", 0, NULL},
	[BOOT_DISPLAY] = {"BOOT_DISPLAY", COLUMN_BOOLEAN, NULL},
	[USES] = {"USES", 0, NULL},
	[SECTION] = {"SECTION", 0, NULL},
	[WANTED] = {"WANTED", 0, NULL},
	[RESULT] = {"RESULT", 0, NULL},
	[REASON] = {"REASON", 0, NULL},
};

/* A line that is being filled; after the first error nothing more is set. */
struct cells {
	struct table *table;
	struct table_line *line;
	int error;
};

static void set(struct cells *cells, size_t column, const char *text)
{
	if (cells->error == 0)
		cells->error = table_set(cells->table, cells->line, column, text);
}

/* A text that is put together of parts; what does not fit is cut. */
struct text {
	char text[1024];
	size_t len;
};

static void add(struct text *text, const char *first, const char *second)
{
	text->len += text_join(text->text + text->len, sizeof(text->text) - text->len,
		first, second, NULL);
}

static bool is_network(const struct usage_entry *use)
{
	return use->kind == USAGE_ROUTE || use->kind == USAGE_INTERFACE;
}

static const char *use_word(const struct usage_entry *use)
{
	return use->kind == USAGE_SWAP ? "swap" : use->what;
}

/* All of them, as words: "/, /home?, swap", the '?' for what may be on another function. */
static void set_uses(struct cells *cells, const struct inventory_function *function)
{
	struct text text = {0};

	for (size_t i = 0; i < function->n_uses; i++) {
		add(&text, text.len ? ", " : "", use_word(&function->uses[i]));
		add(&text, function->uses[i].untraced ? "?" : "", "");
	}
	set(cells, USES, text.text);
}

/* Which uses a note is about, and how it begins. */
struct uses_note {
	bool network, untraced;
	const char *begin;
};

static void note_uses(struct text *notes, const struct inventory_function *function,
	const struct uses_note *note)
{
	unsigned n = 0;
	char more[32];

	for (size_t i = 0; i < function->n_uses; i++) {
		const struct usage_entry *use = &function->uses[i];

		if (is_network(use) != note->network || use->untraced != note->untraced)
			continue;
		if (n == 0)
			add(notes, notes->len ? "; " : "", note->begin);
		if (n < USES_MAX)
			add(notes, n ? ", " : "", use_word(use));
		n++;
	}
	if (n > USES_MAX) {
		snprintf(more, sizeof(more), " and %u more", n - USES_MAX);
		add(notes, more, "");
	}
}

/* How what is configured stands. */
static void note_section(struct text *notes, const struct inventory_function *function)
{
	static const char *const states[INVENTORY_RESULTS] = {
		[INVENTORY_BOUND] = "bound",
		[INVENTORY_PENDING] = "not bound yet",
		[INVENTORY_REFUSED] = "refused",
		[INVENTORY_FAILED] = "failed",
	};
	bool reason = function->reason != REASON_NONE;

	if (!function->section)
		return;
	add(notes, notes->len ? "; " : "", function->section->name);
	add(notes, ": ", states[function->result]);
	if (reason && function->result == INVENTORY_BOUND)
		add(notes, ", but not at the next boot", "");
	if (reason) {
		add(notes, " (", reason_word(function->reason));
		add(notes, ")", "");
	}
}

static void set_notes(struct cells *cells, const struct inventory_function *function)
{
	static const struct uses_note uses[] = {
		{false, false, "carries "},
		{false, true, "may carry "},
		{true, false, "network in use: "},
		{true, true, "may be the network: "},
	};
	struct text notes = {0};

	if (function->pci->boot_display)
		add(&notes, "boot display", "");
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		note_uses(&notes, function, &uses[i]);
	note_section(&notes, function);
	set(cells, NOTES, notes.text);
}

/* Where it is, and who has it. */
static void set_place(struct cells *cells, const struct inventory_function *function,
	bool short_address)
{
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE], group[16];

	pci_address_format(function->pci->dev.address, address);
	set(cells, ADDRESS, address + (short_address ? strlen("0000:") : 0));
	pci_path_format(&function->pci->dev.path, path);
	set(cells, PATH, function->pci->dev.path.depth ? path : NULL);
	snprintf(group, sizeof(group), "%d", function->pci->group);
	set(cells, IOMMU_GROUP, function->pci->group == PCIBUS_NO_GROUP ? NULL : group);
	set(cells, DRIVER, function->pci->dev.driver);
}

/* What it is, by its ids. */
static void set_kind(struct cells *cells, const struct inventory_function *function)
{
	const struct pci_ids *ids = &function->pci->dev.ids;
	char text[32];

	snprintf(text, sizeof(text), "%04x:%04x", ids->vendor, ids->device);
	set(cells, ID, text);
	snprintf(text, sizeof(text), "%04x:%04x", ids->subvendor, ids->subdevice);
	set(cells, SUBSYSTEM, ids->subvendor ? text : NULL);
	snprintf(text, sizeof(text), "%06x", ids->class & 0xffffffu);
	set(cells, CLASS, text);
	set(cells, TYPE, names_type(ids->class));
	set(cells, NAME, function->kind->name);
	set(cells, VENDOR, function->kind->vendor);
	set(cells, MODEL, function->kind->model);
	set(cells, MODULES, function->kind->modules);
	if (function->pci->has_boot_vga)
		set(cells, BOOT_DISPLAY, function->pci->boot_display ? "1" : "0");
}

static void set_section(struct cells *cells, const struct inventory_function *function)
{
	if (!function->section)
		return;
	set(cells, SECTION, function->section->name);
	set(cells, WANTED, function->section->driver);
	set(cells, RESULT, inventory_result_word(function->result));
	if (function->reason != REASON_NONE)
		set(cells, REASON, reason_word(function->reason));
}

int list_new_table(bool json, struct table **ret)
{
	return table_new("functions", columns, ARRAY_SIZE(columns), json, ret);
}

int list_add_function(struct table *table, struct table_line *group,
	const struct inventory_function *function, bool short_address)
{
	static const char *const colours[INVENTORY_RESULTS] = {
		[INVENTORY_BOUND] = "green",
		[INVENTORY_PENDING] = "yellow",
		[INVENTORY_REFUSED] = "red",
		[INVENTORY_FAILED] = "red",
	};
	struct cells cells = {.table = table, .line = table_add(table, group)};

	if (!cells.line)
		return -ENOMEM;
	set_place(&cells, function, short_address);
	set_kind(&cells, function);
	set_uses(&cells, function);
	set_section(&cells, function);
	set_notes(&cells, function);
	if (colours[function->result])
		table_colour(table, cells.line, colours[function->result]);
	return cells.error;
}
