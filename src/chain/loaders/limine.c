/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limine: limine.conf ("/TITLE", "cmdline: "), before 8 limine.cfg (":TITLE", "CMDLINE="). */
#include <limits.h>

#include "base/base.h"
#include "bootmenu.h"
#include "manual.h"
#include "permanent.h"

/* Entries and the directories that they are in, one mark more for each level. */
static bool is_limine_head(const char *line)
{
	line += strspn(line, " \t");
	return *line && strchr("/:", *line);
}

static bool is_limine_cmdline(const char *line)
{
	return manual_line_is(line, "cmdline", ":=") ||
		manual_line_is(line, "kernel_cmdline", ":=");
}

/* The head of the first entry that starts a kernel, and is no directory; "" without any. */
static const char *find_limine(const char *text)
{
	const char *head = "";

	for (const char *line = text; *line; line = text_next_line(line)) {
		if (is_limine_head(line))
			head = line;
		else if (is_limine_cmdline(line))
			return head;
	}
	return "";
}

/*
 * The entry, out of its directory.  Tools find theirs by ids in comments, and checksums (#...)
 * change with each kernel: a copy has neither.  Returns whether it had some.
 */
static bool copy_limine(FILE *out, const char *line, const struct bootentry *entry)
{
	const char *title = line + strspn(line, " \t"), mark = *title;
	bool sums = false;

	title += strspn(title, "/:+");
	fprintf(out, "%c%.*s (%s)\n", mark, (int)manual_line_length(title), title,
		entry->title);
	for (line = text_next_line(line); *line && !is_limine_head(line);
		line = text_next_line(line)) {
		int len = (int)manual_line_length(line),
		    plain = (int)strcspn(line, "#\n");
		bool options = is_limine_cmdline(line);

		if ((int)strspn(line, " \t") == len ||
			manual_line_is(line, "comment", ":="))
			continue;
		fprintf(out, "%.*s%s%s\n", options ? len : plain, line,
			options ? " " : "", options ? entry->arguments : "");
		sums |= !options && plain < len;
	}
	return sums;
}

static int edit_limine(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = manual_read_found(root, "limine", path);
	_cleanup_free_ char *arguments = manual_usual_arguments(root, wanted);
	const char *head = find_limine(text ? text : "");
	bool sums = false;

	if (!arguments)
		return -ENOMEM;
	fprintf(out, "Add at the end of %s, so that no number of an entry shifts:\n",
		path);
	if (!*head)
		manual_print_incomplete(out);
	for (unsigned i = 0; i < wanted->n; i++) {
		fputc('\n', out);
		if (*head)
			sums |= copy_limine(out, head, &wanted->entries[i]);
		else
			fprintf(out,
				"/Linux (%s)\n    protocol: linux\n    path: ...\n"
				"    cmdline: %s %s\n    module_path: ...\n",
				wanted->entries[i].title, arguments,
				wanted->entries[i].arguments);
	}
	if (sums)
		fprintf(out,
			"\nThe checksums behind the paths are left out, since they change with "
			"each kernel.\n");
	fprintf(out,
		"\nWhere limine-entry-tool or limine-mkinitcpio-hook makes that file, their own "
		"entries\nare rebuilt and others stay.\n");
	return 0;
}

/* The value of "KEY: VALUE" or "KEY=VALUE"; up to the newline. */
static const char *value_of(const char *line)
{
	line += strcspn(line, ":=\n");
	line += *line && *line != '\n';
	return line + strspn(line, " \t");
}

/*
 * "boot():/PATH#HASH", and before 8 "boot:///PATH", on the partition of the file; "uuid(X):/PATH" or
 * "guid(X):/PATH" on another.
 */
static int add_file(struct manual_entry *entry, const struct places *places,
	const struct place *own, const char *value, bool is_kernel)
{
	size_t len = strcspn(value, "#\n");
	const char *path = memmem(value, len, ":/", 2);
	char name[PATH_MAX], uuid[64] = "";
	struct place place;

	if (!path ||
		!copy_text(
			name, sizeof(name), path + 1, len - (size_t)(path + 1 - value))) {
		entry->is_lost = true;
		return 0;
	}
	path = strncmp(name, "///", 3) == 0 ? name + 2 : name;
	if (text_begins_with(value, "boot"))
		return manual_add_file(entry, places, own, path, is_kernel);
	value += strcspn(value, "(\n");
	copy_text(uuid, sizeof(uuid), value + (*value == '('),
		strcspn(value + (*value == '('), "):\n"));
	if (place_find(places, uuid, path, &place))
		return manual_add_file(entry, places, &place, path, is_kernel);
	entry->is_lost = true;
	return 0;
}

static int read_line(struct manual_entry *entry, const struct places *places,
	const struct place *own, const char *line)
{
	if (is_limine_cmdline(line)) {
		manual_set_options(
			entry, value_of(line), manual_line_length(value_of(line)));
		return 0;
	}
	if (manual_line_is(line, "path", ":=") ||
		manual_line_is(line, "kernel_path", ":=") ||
		manual_line_is(line, "image_path", ":="))
		return add_file(entry, places, own, value_of(line), true);
	if (manual_line_is(line, "module_path", ":="))
		return add_file(entry, places, own, value_of(line), false);
	return 0;
}

/* Reads a menu: how deep the entry is, and which number the next one that is shown has. */
struct reading {
	struct places places;
	struct place own; /* where the file is */
	unsigned shown;   /* how deep entries are shown: the directories above are open */
	unsigned number;  /* of those that were shown */
	unsigned starts;  /* the number of the default; 0: not known */
	struct manual_entry entry;
};

static void begin_entry(struct reading *reading, const char *line)
{
	const char *head = line + strspn(line, " \t");
	unsigned depth = (unsigned)strspn(head, "/:");
	const char *title = head + depth;
	bool opens = *title == '+';

	title += opens;
	copy_text(reading->entry.title, sizeof(reading->entry.title), title,
		manual_line_length(title));
	if (depth > reading->shown)
		return;
	/* What is below it is shown if it is open. */
	reading->shown = depth + opens;
	reading->number++;
	reading->entry.is_default = reading->number == reading->starts;
}

static void read_default(const char *text, struct reading *reading)
{
	reading->starts = 1;
	for (const char *line = text; *line && !is_limine_head(line);
		line = text_next_line(line)) {
		if (manual_line_is(line, "default_entry", ":="))
			reading->starts = (unsigned)strtoul(value_of(line), NULL, 10);
		/* Whichever that was. */
		if (manual_line_is(line, "remember_last_entry", ":=") &&
			strncasecmp(value_of(line), "yes", 3) == 0) {
			reading->starts = 0;
			return;
		}
	}
}

/* The partition of the file: it is at one of some places there. */
static void find_own_place(const char *path, struct place *ret)
{
	static const char *const ends[] = {"/EFI/limine/limine.conf",
		"/EFI/BOOT/limine.conf", "/limine/limine.conf", "/limine.conf",
		"/limine.cfg"};

	*ret = (struct place){0};
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (text_ends_with(path, ends[i])) {
			copy_text(ret->directory, sizeof(ret->directory), path,
				strlen(path) - strlen(ends[i]));
			return;
		}
}

static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = manual_read_found(root, "limine", path);
	struct reading reading = {.shown = 1};
	int r = text ? 0 : -ENOENT;

	(void)wanted;
	places_read(root, &reading.places);
	find_own_place(path, &reading.own);
	read_default(text ? text : "", &reading);
	for (const char *line = text ? text : ""; r == 0 && *line;
		line = text_next_line(line)) {
		if (is_limine_head(line)) {
			r = manual_add_entry(&reading.entry, ret);
			begin_entry(&reading, line);
		} else {
			r = read_line(&reading.entry, &reading.places, &reading.own,
				line + strspn(line, " \t"));
		}
	}
	if (r == 0)
		r = manual_add_entry(&reading.entry, ret);
	file_free_names(&reading.entry.initrds);
	places_free(&reading.places);
	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), path, NULL);
	return r;
}

const struct bootloader_ops bootloader_ops_limine = {
	.read = read_menu,
	.edit = edit_limine,
	.hand_what = "entries",
	.find_permanent = permanent_limine,
};
