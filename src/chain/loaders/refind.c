/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rEFInd: refind_linux.conf, a line an option: "TITLE" "ARGUMENTS". */
#include <limits.h>

#include "base/base.h"
#include "bootmenu.h"
#include "facts/facts.h"
#include "manual.h"
#include "uki_image.h"

#define SEPARATORS ", \t\r\n\"" /* of words in refind.conf */

/* What is in the next quotes of the line, in which two are one; moved behind. */
static const char *take_quoted(const char **cursor, int *ret_len)
{
	const char *start = *cursor + strcspn(*cursor, "\"\n"), *end;

	start += *start == '"';
	end = start + strcspn(start, "\"\n");
	while (end[0] == '"' && end[1] == '"')
		end += 2 + strcspn(end + 2, "\"\n");
	*cursor = end + (*end == '"');
	*ret_len = (int)(end - start);
	return start;
}

/* The first line with two texts in quotes is what starts when nobody chooses. */
static const char *find_options(const char *text)
{
	while (*text && text[strspn(text, " \t")] != '"')
		text = text_next_line(text);
	return text;
}

static void print_refind(FILE *out, const char *line, const struct bootentries *wanted)
{
	int title_len, options_len;
	const char *title = take_quoted(&line, &title_len);
	const char *options = take_quoted(&line, &options_len);

	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(out, "\"%.*s (%s)\" \"%.*s %s\"\n", title_len, title,
			wanted->entries[i].title, options_len, options,
			wanted->entries[i].arguments);
}

static int edit_refind(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	char path[PATH_MAX], usual[4200];
	_cleanup_free_ char *text = manual_read_found(root, "refind", path);
	_cleanup_free_ char *arguments = manual_usual_arguments(root, wanted);
	const char *line = find_options(text && strstr(path, "refind_linux") ? text : "");

	if (!arguments)
		return -ENOMEM;
	text_join(usual, sizeof(usual), "\"Boot with standard options\" \"", arguments,
		"\"", NULL);
	if (*line)
		fprintf(out,
			"In %s add below the first line, which stays the default:\n\n",
			path);
	else
		fprintf(out,
			"Write into refind_linux.conf, in the directory of the kernels, "
			"such as "
			"/boot:\n\n%s\n",
			usual);
	print_refind(out, *line ? line : usual, wanted);
	fprintf(out, "\nIt is offered for each kernel, under F2 or Insert.\n");
	return 0;
}

/*
 * From the first digit to the last one, or to the first of the words that count as such: by that a kernel
 * and its initrd belong together (FindNumbers() of refind/lib.c).
 */
static void read_version(const char *name, const char *words, char *ret, size_t size)
{
	const char *first = name + strlen(name), *last = name;

	for (size_t len; last == name && *words;
		words += len + strspn(words + len, SEPARATORS)) {
		const char *at;

		len = strcspn(words, SEPARATORS);
		at = len ? memmem(name, strlen(name), words, len) : NULL;
		if (!at)
			continue;
		first = at;
		last = at + len;
	}
	for (const char *p = name; *p; p++)
		if (*p >= '0' && *p <= '9') {
			first = p < first ? p : first;
			last = p + 1 > last ? p + 1 : last;
		}
	copy_text(ret, size, first, last > first ? (size_t)(last - first) : 0);
}

/* What belongs to a kernel without a number, such as vmlinuz-linux: the rest of its name. */
static bool belongs(const char *kernel, const char *initrd)
{
	const char *rest = strchr(kernel, '-');
	char own[NAME_MAX + 1] = "", other[NAME_MAX + 1] = "", name[NAME_MAX + 1];

	read_version(kernel, "", own, sizeof(own));
	read_version(initrd, "", other, sizeof(other));
	if (strcmp(own, other) != 0)
		return false;
	if (*own || !rest)
		return true;
	text_join(name, sizeof(name), "initramfs", rest, ".img", NULL);
	return strcmp(name, initrd) == 0;
}

/* One initrd that belongs to it; with several it is not known which. */
static int find_initrd(const struct file_names *names, const char *kernel,
	const char *directory, struct manual_entry *entry)
{
	const char *found = NULL;
	char path[PATH_MAX];

	for (size_t i = 0; i < names->n; i++) {
		if (!text_begins_with(names->names[i], "init") ||
			!belongs(kernel, names->names[i]))
			continue;
		entry->is_lost |= found != NULL;
		found = names->names[i];
	}
	if (!found)
		return 0;
	text_join(path, sizeof(path), directory, "/", found, NULL);
	return file_add_name(&entry->initrds, path);
}

/* A path from the root of the file system; "%v" is the version of the kernel. */
static void make_path(const struct cmdline_param *initrd, const char *version,
	char ret[static PATH_MAX])
{
	const char *value = initrd->value;
	size_t n = 1;

	strcpy(ret, "/");
	for (size_t i = strspn(value, "/\\");
		i < initrd->value_len && n + NAME_MAX < PATH_MAX; i++) {
		if (strncmp(value + i, "%v", 2) == 0 && i + 1 < initrd->value_len) {
			n += text_join(ret + n, PATH_MAX - n, version, NULL);
			i++;
			continue;
		}
		ret[n++] = value[i] == '\\' ? '/' : value[i];
		ret[n] = '\0';
	}
}

/* Kernels are read with what is said of all of them. */
struct reading {
	const char *line; /* of refind_linux.conf; "" */
	char directory[PATH_MAX];
	struct file_names names; /* in it */
	struct places places;
	char words[512]; /* that count as versions */
};

/* One that is missing is so beside the kernel, where it usually is; else it may be anywhere. */
static int add_file(
	const struct reading *reading, const char *path, struct manual_entry *entry)
{
	char beside[PATH_MAX];
	struct place place;

	text_join(beside, sizeof(beside), reading->directory, strrchr(path, '/'), NULL);
	return place_find(&reading->places, NULL, path, &place) ||
			file_exists(reading->places.root, "%s", beside)
		? manual_add_file(entry, &reading->places, NULL, path, false)
		: file_add_name(&entry->initrds, beside);
}

/* @version: of the kernel. */
static int add_named(
	const struct reading *reading, const char *version, struct manual_entry *entry)
{
	struct cmdline_param param;
	int r = 0;

	for (const char *cursor = entry->options;
		r == 0 && cmdline_next(&cursor, &param);) {
		char path[PATH_MAX];

		if (!cmdline_name_is(&param, "initrd") || !param.value)
			continue;
		make_path(&param, version, path);
		if (*version || !memmem(param.value, param.value_len, "%v", 2))
			r = add_file(reading, path, entry);
		else
			entry->is_lost = true;
	}
	return r;
}

static int add_kernel(
	const struct reading *reading, const char *name, struct bootmenu *menu)
{
	struct manual_entry entry = {0};
	char version[NAME_MAX + 1] = "";
	const char *line = reading->line;
	int len, r;

	text_join(entry.title, sizeof(entry.title), name, NULL);
	text_join(
		entry.kernel, sizeof(entry.kernel), reading->directory, "/", name, NULL);
	if (*line) {
		const char *options;

		take_quoted(&line, &len);
		options = take_quoted(&line, &len);
		manual_set_options(&entry, options, (size_t)len);
	}
	read_version(name, reading->words, version, sizeof(version));
	r = add_named(reading, version, &entry);
	if (r == 0 && !entry.initrds.n && !entry.is_lost)
		r = find_initrd(&reading->names, name, reading->directory, &entry);
	if (r == 0)
		r = manual_add_entry(reading->places.root, &entry, menu);
	file_free_names(&entry.initrds);
	return r;
}

static bool is_kernel(const char *name)
{
	return text_begins_with(name, "vmlinuz") || text_begins_with(name, "bzImage") ||
		text_begins_with(name, "kernel");
}

/* Whether the file chooses a default, is not all, or has entries that are not disabled. */
static bool chooses(const char *text)
{
	static const char white[] = " \t\r\n";
	unsigned depth = 0;
	bool open = false;

	for (; *text; text = text_next_line(text)) {
		size_t len = manual_line_length(text);

		if (text[strspn(text, " \t")] == '#')
			continue;
		if (manual_line_is(text, "default_selection", white) ||
			manual_line_is(text, "include", white) ||
			(open && manual_line_is(text, "menuentry", white)))
			return true;
		open |= manual_line_is(text, "menuentry", white);
		open &= depth != 1 || !manual_line_is(text, "disabled", white);
		depth += memchr(text, '{', len) != NULL;
		depth -= depth && memchr(text, '}', len);
	}
	return open;
}

/* The last line of the file with that setting counts. */
static void read_words(const char *text, char *ret, size_t size)
{
	static const char name[] = "extra_kernel_version_strings";

	for (; *text; text = text_next_line(text)) {
		const char *value = text + strspn(text, " \t") + strlen(name);

		if (manual_line_is(text, name, " \t"))
			copy_text(ret, size, value, manual_line_length(value));
	}
}

/*
 * Reads refind.conf, and whether it leaves the default to rEFInd, which starts what it has started before:
 * that is this system (its configfile.html, "default_selection").  Without any that is not known.
 */
static bool read_conf(const struct root *root, struct reading *reading)
{
	bool known = false, chosen = false;

	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		_cleanup_free_ char *text = NULL;
		char path[PATH_MAX];

		text_join(path, sizeof(path), esp_places[i], "/EFI/refind/refind.conf",
			NULL);
		if (file_read(root, path, &text, NULL) < 0)
			continue;
		chosen |= chooses(text);
		read_words(text, reading->words, sizeof(reading->words));
		known = true;
	}
	return known && !chosen;
}

/*
 * Unified images, and kernels beside refind_linux.conf; of several the newest file is the default, or a
 * choice.
 */
static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	struct reading reading = {.line = ""};
	char *path = reading.directory;
	_cleanup_free_ char *text = manual_read_found(root, "refind", path);
	bool beside = text && strstr(path, "refind_linux");
	static const struct bootentries none;
	int r = uki_add_entries(root, &none, ret);

	(void)wanted;
	bootmenu_keep_apart(ret, 0, ret->n);
	ret->default_elsewhere = !read_conf(root, &reading);
	places_read(root, &reading.places);
	if (beside)
		reading.line = find_options(text);
	else
		text_join(path, PATH_MAX, "/boot/refind_linux.conf", NULL);
	*strrchr(path, '/') = '\0';
	if (r == 0)
		r = file_list(root, path, &reading.names);
	for (size_t i = 0; r == 0 && i < reading.names.n; i++)
		if (is_kernel(reading.names.names[i]))
			r = add_kernel(&reading, reading.names.names[i], ret);
	if (r == 0 && ret->n == 1)
		ret->entries[0].is_default = !ret->default_elsewhere;
	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), path, NULL);
	file_free_names(&reading.names);
	places_free(&reading.places);
	return r;
}

const struct bootloader_ops bootloader_ops_refind = {
	.read = read_menu,
	.edit = edit_refind,
	.hand_what = "lines",
	.permanent_place = "in refind_linux.conf, beside the kernels, in the quotes "
			   "after each title",
};
