/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rEFInd: refind_linux.conf, a line an option: "TITLE" "ARGUMENTS". */
#include <limits.h>

#include "base/base.h"
#include "bootmenu.h"
#include "facts/facts.h"
#include "manual.h"
#include "uki_image.h"

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

/* The first digit up to the last one: by that a kernel and its initrd belong together. */
static void read_version(const char *name, char *ret, size_t size)
{
	const char *first = name + strcspn(name, "0123456789"), *last = first;

	for (const char *p = first; *p; p++)
		if (*p >= '0' && *p <= '9')
			last = p + 1;
	copy_text(ret, size, first, (size_t)(last - first));
}

/* What belongs to a kernel without a number, such as vmlinuz-linux: the rest of its name. */
static bool belongs(const char *kernel, const char *initrd)
{
	const char *rest = strchr(kernel, '-');
	char own[NAME_MAX + 1] = "", other[NAME_MAX + 1] = "", name[NAME_MAX + 1];

	read_version(kernel, own, sizeof(own));
	read_version(initrd, other, sizeof(other));
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

/* initrd=, with backslashes, from the root of the file system; "%v" is the kernel's version. */
static int add_named(
	const char *kernel, const struct places *places, struct manual_entry *entry)
{
	struct cmdline_param param;
	int r = 0;

	for (const char *cursor = entry->options;
		r == 0 && cmdline_next(&cursor, &param);) {
		char path[PATH_MAX] = "", version[NAME_MAX + 1] = "";
		size_t n = 0;

		if (!cmdline_name_is(&param, "initrd") || !param.value)
			continue;
		read_version(kernel, version, sizeof(version));
		for (size_t i = 0; i < param.value_len && n + NAME_MAX < sizeof(path);
			i++) {
			if (param.value[i] == '%' && i + 1 < param.value_len &&
				param.value[i + 1] == 'v') {
				n += text_join(path + n, sizeof(path) - n, version, NULL);
				i++;
				continue;
			}
			path[n++] = param.value[i] == '\\' ? '/' : param.value[i];
		}
		r = manual_add_file(entry, places, NULL, path, false);
	}
	return r;
}

static int add_kernel(const char *line, const char *directory, const char *name,
	const struct file_names *names, const struct places *places,
	struct bootmenu *menu)
{
	struct manual_entry entry = {0};
	int len, r;

	text_join(entry.title, sizeof(entry.title), name, NULL);
	text_join(entry.kernel, sizeof(entry.kernel), directory, "/", name, NULL);
	if (*line) {
		const char *options;

		take_quoted(&line, &len);
		options = take_quoted(&line, &len);
		manual_set_options(&entry, options, (size_t)len);
	}
	r = add_named(name, places, &entry);
	if (r == 0 && !entry.initrds.n && !entry.is_lost)
		r = find_initrd(names, name, directory, &entry);
	if (r == 0)
		r = manual_add_entry(places->root, &entry, menu);
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

/*
 * rEFInd starts what it has started before, which is this system (its configfile.html,
 * "default_selection"), if no refind.conf says else; without any that is not known.
 */
static bool is_default_known(const struct root *root)
{
	bool known = false;

	for (size_t i = 0; i < ESP_PLACES_N; i++) {
		_cleanup_free_ char *text = NULL;
		char path[PATH_MAX];

		text_join(path, sizeof(path), esp_places[i], "/EFI/refind/refind.conf",
			NULL);
		if (file_read(root, path, &text, NULL) < 0)
			continue;
		if (chooses(text))
			return false;
		known = true;
	}
	return known;
}

/*
 * Unified images, and kernels beside refind_linux.conf; of several the newest file is the default, or a
 * choice.
 */
static int read_menu(
	const struct root *root, const struct bootentries *wanted, struct bootmenu *ret)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = manual_read_found(root, "refind", path);
	_cleanup_(places_free) struct places places = {0};
	_cleanup_(file_free_names) struct file_names names = {0};
	bool beside = text && strstr(path, "refind_linux");
	static const struct bootentries none;
	int r = uki_add_entries(root, &none, ret);

	(void)wanted;
	bootmenu_keep_apart(ret, 0, ret->n);
	places_read(root, &places);
	text_join(path, sizeof(path), beside ? path : "/boot/refind_linux.conf", NULL);
	*strrchr(path, '/') = '\0';
	if (r == 0)
		r = file_list(root, path, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (is_kernel(names.names[i]))
			r = add_kernel(beside ? find_options(text) : "", path,
				names.names[i], &names, &places, ret);
	ret->default_elsewhere = !is_default_known(root);
	if (r == 0 && ret->n == 1)
		ret->entries[0].is_default = !ret->default_elsewhere;
	if (r < 0)
		text_join(ret->failed, sizeof(ret->failed), path, NULL);
	return r;
}

const struct bootloader_ops bootloader_ops_refind = {
	.read = read_menu,
	.edit = edit_refind,
	.hand_what = "lines",
	.permanent_place = "in refind_linux.conf, beside the kernels, in the quotes "
			   "after each title",
};
