/* SPDX-License-Identifier: GPL-2.0-or-later */
/* extlinux.conf(5) of U-Boot and SYSLINUX. */
#include <limits.h>

#include "base/base.h"
#include "bootmenu.h"
#include "manual.h"
#include "permanent.h"

#define WHITE " \t\r\n"

/* What is behind the first word of the line. */
static const char *rest_of(const char *line)
{
	line += strspn(line, " \t");
	line += strcspn(line, " \t\n");
	return line + strspn(line, " \t");
}

/* The label of the name, which goes up to the newline, or the first one; "" without any. */
static const char *find_named(const char *text, const char *name)
{
	for (; *text; text = text_next_line(text)) {
		const char *label = rest_of(text);

		if (manual_line_is(text, "label", " \t") &&
			(!name ||
				(manual_line_length(name) == manual_line_length(label) &&
					strncmp(name, label, manual_line_length(name)) ==
						0)))
			break;
	}
	return text;
}

/* The menu of SYSLINUX, which takes the default that its own lines name. */
static bool is_menu_program(const char *line)
{
	const char *name = rest_of(line);
	size_t len = strcspn(name, WHITE);

	return (len == 8 && strncasecmp(name, "menu.c32", len) == 0) ||
		(len == 12 && strncasecmp(name, "vesamenu.c32", len) == 0);
}

/*
 * The label that all lines mean that make one the default; without such a line, the first.  NULL
 * where U-Boot (boot/pxe_utils.c) and SYSLINUX (doc/menu.txt) may take another one: where the
 * lines differ or name none, or other files are read, too.
 */
static const char *find_default(const char *text)
{
	const char *found = NULL, *label = "";
	bool has_menu = false;

	for (const char *line = text; *line; line = text_next_line(line)) {
		bool in_menu = manual_line_is(line, "menu", " \t");
		const char *command = in_menu ? rest_of(line) : line, *meant = label;

		if (manual_line_is(command, "include", " \t"))
			return NULL;
		if (manual_line_is(line, "label", " \t"))
			label = line;
		if (!manual_line_is(command, "default", WHITE) &&
			!manual_line_is(line, "ontimeout", WHITE))
			continue;
		if (!in_menu && is_menu_program(line)) {
			has_menu = true;
			continue;
		}
		if (!in_menu)
			meant = find_named(text, rest_of(line));
		if (!*meant || (found && found != meant))
			return NULL;
		found = meant;
	}
	return found || has_menu ? found : find_named(text, NULL);
}

static void copy_label(FILE *out, const char *line, const struct bootentry *entry)
{
	bool first = true;

	for (; *line; line = text_next_line(line)) {
		int len = (int)manual_line_length(line);

		if (manual_line_is(line, "label", " \t") && !first)
			return;
		if (manual_line_is(line, "label", " \t"))
			fprintf(out, "%.*s-%s\n", len, line, entry->id);
		else if (manual_line_is(line, "menu", " \t") &&
			manual_line_is(rest_of(line), "label", " \t"))
			fprintf(out, "%.*s (%s)\n", len, line, entry->title);
		else if (manual_line_is(line, "append", " \t"))
			fprintf(out, "%.*s %s\n", len, line, entry->arguments);
		else if ((int)strspn(line, " \t") < len &&
			!manual_line_is(line, "menu", " \t"))
			fprintf(out, "%.*s\n", len, line);
		first = false;
	}
}

static int edit_extlinux(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = manual_read_found(root, "extlinux", path);
	_cleanup_free_ char *arguments = manual_usual_arguments(root, wanted);
	const char *label = text ? find_default(text) : "";

	if (!arguments)
		return -ENOMEM;
	label = label ? label : find_named(text, NULL);
	fprintf(out, "Add at the end of %s:\n", path);
	if (!*label)
		manual_print_incomplete(out);
	for (unsigned i = 0; i < wanted->n; i++) {
		fputc('\n', out);
		if (*label)
			copy_label(out, label, &wanted->entries[i]);
		else
			fprintf(out,
				"label linux-%s\n\tlinux ...\n\tinitrd ...\n\tappend %s %s\n",
				wanted->entries[i].id, arguments,
				wanted->entries[i].arguments);
	}
	fprintf(out,
		"\nWhere u-boot-update or update-extlinux makes that file, it makes it "
		"without this for each\nnew kernel: add it again then.\n");
	return 0;
}

/* A path beside the file, such as "../vmlinuz-linux", from the root of the file system on. */
static void make_absolute(const char *file, const char *path, char ret[static PATH_MAX])
{
	size_t len = (size_t)(strrchr(file, '/') - file);

	for (; strncmp(path, "../", 3) == 0; path += 3)
		while (len && file[--len] != '/')
			;
	copy_text(ret, PATH_MAX, file, len);
	text_join(ret + len, PATH_MAX - len, "/", path, NULL);
}

/* Files are separated by commas. */
static int add_files(struct manual_entry *entry, const struct places *places,
	const char *file, const char *value, bool is_kernel)
{
	int r = 0;

	for (size_t len; r == 0 && (len = strcspn(value, ",\r\n \t")) > 0;
		value += len + (value[len] == ',')) {
		char name[PATH_MAX], path[PATH_MAX];

		if (!copy_text(name, sizeof(name), value, len)) {
			entry->is_lost = true;
			break;
		}
		if (*name == '/')
			text_join(path, sizeof(path), name, NULL);
		else
			make_absolute(file, name, path);
		r = manual_add_file(entry, places, NULL, path, is_kernel);
	}
	return r;
}

/* initrd= on the line with the arguments, as SYSLINUX has it. */
static int add_named_initrds(struct manual_entry *entry, const struct places *places,
	const char *file, const char *line)
{
	struct cmdline_param param;
	int r = 0;

	manual_set_options(entry, rest_of(line), manual_line_length(rest_of(line)));
	for (const char *cursor = entry->options;
		r == 0 && cmdline_next(&cursor, &param);)
		if (cmdline_name_is(&param, "initrd") && param.value)
			r = add_files(entry, places, file, param.value, false);
	return r;
}

static int read_line(struct manual_entry *entry, const struct places *places,
	const char *file, const char *line)
{
	if (manual_line_is(line, "linux", " \t") || manual_line_is(line, "kernel", " \t"))
		return add_files(entry, places, file, rest_of(line), true);
	if (manual_line_is(line, "initrd", " \t"))
		return add_files(entry, places, file, rest_of(line), false);
	if (manual_line_is(line, "append", " \t"))
		return add_named_initrds(entry, places, file, line);
	return 0;
}

static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = manual_read_found(root, "extlinux", path);
	_cleanup_(places_free) struct places places = {0};
	const char *starts = text ? find_default(text) : NULL;
	struct manual_entry entry = {0};
	int r = text ? 0 : -ENOENT;

	(void)wanted;
	ret->default_elsewhere = !starts;
	places_read(root, &places);
	for (const char *line = text ? text : ""; r == 0 && *line;
		line = text_next_line(line)) {
		if (!manual_line_is(line, "label", " \t")) {
			r = read_line(&entry, &places, path, line);
			continue;
		}
		r = manual_add_entry(root, &entry, ret);
		entry.is_default = line == starts;
		copy_text(entry.title, sizeof(entry.title), rest_of(line),
			manual_line_length(rest_of(line)));
	}
	if (r == 0)
		r = manual_add_entry(root, &entry, ret);
	file_free_names(&entry.initrds);
	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), path, NULL);
	return r;
}

const struct bootloader_ops bootloader_ops_extlinux = {
	.read = read_menu,
	.edit = edit_extlinux,
	.hand_what = "labels",
	.find_permanent = permanent_extlinux,
};
