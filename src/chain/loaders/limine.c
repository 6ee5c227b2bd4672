/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limine: limine.conf ("/TITLE", "cmdline: "), before 8 limine.cfg (":TITLE", "CMDLINE="). */
#include <limits.h>

#include "base/base.h"
#include "bootmenu.h"
#include "efi_entry.h"
#include "facts/facts.h"
#include "manual.h"
#include "permanent.h"

/* Bits of LoaderFeatures. */
#define KNOWS_DEFAULT 2
#define KNOWS_ONCE    3

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

/* Beside Limine's program, with its path on the partition; "" where that is not known. */
static void find_beside(const struct root *root, char ret[static PATH_MAX])
{
	char instead[BOOTLOADER_SIGN_SIZE];
	struct efi_entry started;
	bool other;

	bootloader_entry(root, &started, &other, instead);
	text_join(ret, PATH_MAX, started.path, NULL);
	if (*ret && strrchr(ret, '/'))
		text_join(strrchr(ret, '/'), 16, "/limine.conf", NULL);
}

/* Reads the file, wherever it is, with its name in @ret_path.  For free(); NULL for none. */
static char *read_file(const struct root *root, char ret_path[static PATH_MAX])
{
	char beside[PATH_MAX], *text = manual_read_found(root, "limine", ret_path);

	if (strcmp(ret_path, "/") != 0)
		return text;
	find_beside(root, beside);
	text_join(ret_path, PATH_MAX, "limine.conf", NULL);
	for (size_t i = 0; !text && *beside && i < ESP_PLACES_N; i++) {
		text_join(ret_path, PATH_MAX, esp_places[i], beside, NULL);
		if (file_read(root, ret_path, &text, NULL) < 0)
			text = NULL;
	}
	return text;
}

static int edit_limine(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = read_file(root, path);
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

/* Reads a menu: how deep the entry is, and which number the next one that is shown has. */
struct reading {
	struct places places;
	struct place own; /* where the file is */
	unsigned shown;   /* how deep entries are shown: the directories above are open */
	unsigned number;  /* of those that were shown */
	unsigned starts;  /* the number of the default; 0: not known */
	struct manual_entry entry;
};

/* Limine panics, or asks at its menu, where the file has another one (common/lib/uri.c). */
static int add_checksum(struct manual_entry *entry, const struct place *place,
	const char *path, const char *hash)
{
	_cleanup_free_ char *line = NULL;
	char file[PATH_MAX];

	place_path(place, path, file);
	if (!*file)
		return 0;
	if (asprintf(&line, "%.*s %s", (int)strcspn(hash, " \t\r\n"), hash, file) < 0)
		return -ENOMEM;
	return file_add_name(&entry->checksums, line);
}

/* "boot(2):/PATH", and before 8 "boot://2/PATH" */
static bool is_numbered(const char *value)
{
	return text_begins_with(value, "boot") && !text_begins_with(value, "boot():/") &&
		!text_begins_with(value, "boot:///");
}

/*
 * "boot():/PATH#HASH", and before 8 "boot:///PATH", on the partition of the file; "uuid(X):/PATH" or
 * "guid(X):/PATH" on another; what has a number in place of that is not followed.  With '$' before it
 * Limine unpacks the file.
 */
static int add_file(struct reading *reading, const char *value, bool is_kernel)
{
	struct manual_entry *entry = &reading->entry;
	size_t len = strcspn(value, "#\n");
	const char *path = memmem(value, len, ":/", 2);
	char name[PATH_MAX], uuid[64] = "";
	struct place place = reading->own;
	int r;

	if (!path || is_numbered(value + (*value == '$')) ||
		!copy_text(
			name, sizeof(name), path + 1, len - (size_t)(path + 1 - value))) {
		entry->is_lost = true;
		return 0;
	}
	path = name;
	if (!text_begins_with(value + (*value == '$'), "boot")) {
		const char *of = value + strcspn(value, "(\n");

		of += *of == '(';
		copy_text(uuid, sizeof(uuid), of, strcspn(of, "):\n"));
		if (!place_find(&reading->places, uuid, path, &place)) {
			entry->is_lost = true;
			return 0;
		}
	}
	r = manual_add_file(entry, &reading->places, &place, path, is_kernel);
	return r == 0 && value[len] == '#'
		? add_checksum(entry, &place, path, value + len + 1)
		: r;
}

/* What is a kernel to all protocols but this one may be a loader, or another system. */
static void read_protocol(struct manual_entry *entry, const char *value)
{
	entry->is_program |= strncasecmp(value, "linux", strlen("linux")) != 0;
}

static int read_line(struct reading *reading, const char *line)
{
	if (is_limine_cmdline(line)) {
		manual_set_options(&reading->entry, value_of(line),
			manual_line_length(value_of(line)));
		return 0;
	}
	if (manual_line_is(line, "protocol", ":="))
		read_protocol(&reading->entry, value_of(line));
	if (manual_line_is(line, "path", ":=") ||
		manual_line_is(line, "kernel_path", ":=") ||
		manual_line_is(line, "image_path", ":="))
		return add_file(reading, value_of(line), true);
	if (manual_line_is(line, "module_path", ":="))
		return add_file(reading, value_of(line), false);
	return 0;
}

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

/* Some are left out of the menu, by what the machine is, and then the others have other numbers. */
static bool hides_entries(const char *text)
{
	for (; *text; text = text_next_line(text))
		if (manual_line_is(text, "if_fw_type", ":=") ||
			manual_line_is(text, "if_arch", ":=") ||
			(manual_line_is(text, "protocol", ":=") &&
				strncasecmp(value_of(text), "bios", 4) == 0))
			return true;
	return false;
}

static void read_default(const char *text, struct reading *reading)
{
	reading->starts = hides_entries(text) ? 0 : 1;
	for (const char *line = text; *line && !is_limine_head(line);
		line = text_next_line(line)) {
		if (reading->starts && manual_line_is(line, "default_entry", ":="))
			reading->starts = (unsigned)strtoul(value_of(line), NULL, 10);
		/* Whichever that was. */
		if (manual_line_is(line, "remember_last_entry", ":=") &&
			strncasecmp(value_of(line), "yes", 3) == 0) {
			reading->starts = 0;
			return;
		}
	}
}

/* The partition of the file: it is below one of the places. */
static void find_own_place(const char *path, struct place *ret)
{
	*ret = (struct place){0};
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		size_t len = strlen(esp_places[i]);

		if (strncmp(path, esp_places[i], len) == 0 && path[len] == '/') {
			copy_text(ret->directory, sizeof(ret->directory), path, len);
			return;
		}
	}
}

static bool is_other(const struct root *root, const char *path, const char *text)
{
	_cleanup_free_ char *other = NULL;
	int r = file_read(root, path, &other, NULL);

	return r == 0 ? strcmp(other, text) != 0 : r != -ENOENT && r != -ENOTDIR;
}

/*
 * Finds another file of the name that has other entries.  In which order Limine looks for them changed
 * several times (common/lib/config.c): now the one beside its program is first, before that it was the
 * one at the partition's root.
 */
static bool find_other(
	const struct root *root, const char *text, char path[static PATH_MAX])
{
	const char *const *files = bootloader_named("limine")->files;
	char beside[PATH_MAX];

	find_beside(root, beside);
	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		text_join(path, PATH_MAX, esp_places[i], beside, NULL);
		if (*beside && is_other(root, path, text))
			return true;
		for (size_t j = 0; files[j]; j++) {
			text_join(path, PATH_MAX, esp_places[i], "/", files[j], NULL);
			if (text_ends_with(path, ".conf") && is_other(root, path, text))
				return true;
		}
	}
	return false;
}

static void read_others(const struct root *root, const char *path, const char *text,
	struct bootmenu *menu)
{
	char other[PATH_MAX];

	if (!text_ends_with(path, ".conf") || !find_other(root, text, other))
		return;
	menu->default_elsewhere = true;
	message_remedy(
		&menu->replaced, "keep the one that is meant, and delete the other");
	message_set(&menu->replaced, -EEXIST,
		"Limine reads %s or %s, depending on its version, and they differ", path,
		other);
}

/* Newer ones take a default of the Boot Loader Interface before that of the file (common/lib/bli.c). */
static bool is_set(const struct root *root, const char *variable, unsigned feature)
{
	uint8_t features[8] = {0};
	char value[256];

	return efivar_read(root, "LoaderFeatures", EFI_LOADER, features,
		       sizeof(features)) > 0 &&
		features[0] >> feature & 1 &&
		efivar_read_text(root, variable, value, sizeof(value)) == 0 && *value;
}

static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = read_file(root, path);
	struct reading reading = {.shown = 1};
	int r = text ? 0 : -ENOENT;

	(void)wanted;
	places_read(root, &reading.places);
	find_own_place(path, &reading.own);
	read_default(text ? text : "", &reading);
	ret->next_elsewhere = is_set(root, "LoaderEntryOneShot", KNOWS_ONCE);
	ret->default_elsewhere = is_set(root, "LoaderEntryDefault", KNOWS_DEFAULT);
	if (text)
		read_others(root, path, text, ret);
	if (ret->default_elsewhere)
		reading.starts = 0;
	for (const char *line = text ? text : ""; r == 0 && *line;
		line = text_next_line(line)) {
		if (is_limine_head(line)) {
			r = manual_add_entry(root, &reading.entry, ret);
			begin_entry(&reading, line);
		} else {
			r = read_line(&reading, line + strspn(line, " \t"));
		}
	}
	if (r == 0)
		r = manual_add_entry(root, &reading.entry, ret);
	file_free_names(&reading.entry.initrds);
	file_free_names(&reading.entry.checksums);
	places_free(&reading.places);
	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), path, NULL);
	return r;
}

/* limine-entry-tool, as packages for each generator: they write the images and their checksums. */
static void remake(const struct root *root, struct message *ret)
{
	static const char *const programs[] = {
		"limine-mkinitcpio", "limine-dracut", "limine-update"};

	message_remedy(ret,
		"rebuild it, and write its new checksum ('b2sum FILE') into the menu");
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (file_exists(root, "/usr/bin/%s", programs[i])) {
			message_remedy(ret, "run 'sudo %s'", programs[i]);
			return;
		}
}

const struct bootloader_ops bootloader_ops_limine = {
	.read = read_menu,
	.remake = remake,
	.edit = edit_limine,
	.hand_what = "entries",
	.find_permanent = permanent_limine,
};
