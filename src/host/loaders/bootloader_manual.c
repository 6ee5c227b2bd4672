/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot loaders whose entries a person makes, or an image builder: what exactly is to be written
 * where, made of the files of this machine as far as they tell.
 */
#include <limits.h>
#include <stdio.h>

#include "../../core/text.h"
#include "../../core/util.h"
#include "bootmenu.h"

/* A text that grows by printing into it; for free(). */
struct sheet {
	FILE *out;
	char *text;
	size_t size;
};

static bool open_sheet(struct sheet *sheet)
{
	*sheet = (struct sheet){0};
	sheet->out = open_memstream(&sheet->text, &sheet->size);
	return sheet->out;
}

static char *take_sheet(struct sheet *sheet)
{
	if (fclose(sheet->out) == 0)
		return sheet->text;
	free(sheet->text);
	return NULL;
}

/* Reads the first of the files that is there, with its name.  NULL without any. */
static char *read_first(const struct sysfs_root *root, const char *const *paths, size_t n,
	const char **ret_path)
{
	char *text;

	for (size_t i = 0; i < n; i++) {
		*ret_path = paths[i];
		if (hostfile_read(root, paths[i], &text, NULL) == 0)
			return text;
	}
	*ret_path = paths[0];
	return NULL;
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return line + (*line == '\n');
}

/* Whether the first word of the line, whatever its case, is @word, up to one of @ends. */
static bool line_is(const char *line, const char *word, const char *ends)
{
	size_t len = strlen(word);

	line += strspn(line, " \t");
	return strncasecmp(line, word, len) == 0 && line[len] && strchr(ends, line[len]);
}

/* ---- rEFInd: refind_linux.conf, a line an option: "TITLE" "ARGUMENTS" ------------------- */

static char *edit_refind(const struct sysfs_root *root, const struct bootentries *wanted)
{
	static const char *const paths[] = {"/boot/refind_linux.conf"};
	const char *path, *line;
	_cleanup_free_ char *text = read_first(root, paths, 1, &path);
	struct sheet sheet;

	if (!open_sheet(&sheet))
		return NULL;
	line = text ? text : "\"Boot with standard options\" \"root=... ro\"";
	while (*line && line[strspn(line, " \t")] != '"')
		line = next_line(line);
	fprintf(sheet.out, "In %s add below the first line, which stays the default:\n\n",
		path);
	for (unsigned i = 0; i < wanted->n; i++) {
		const char *start = line + strspn(line, " \t") + 1;
		const char *end = start + strcspn(start, "\"\n"), *options;

		options = *end == '"' ? end + 1 : end;
		options += strcspn(options, "\"\n");
		options += *options == '"';
		fprintf(sheet.out, "\"%.*s (%s)\" \"%.*s %s\"\n", (int)(end - start),
			start, wanted->entries[i].title, (int)strcspn(options, "\"\n"),
			options, wanted->entries[i].arguments);
	}
	fprintf(sheet.out, "\nIt is offered for each kernel, under F2 or Insert.\n");
	return take_sheet(&sheet);
}

/* ---- extlinux.conf(5) of U-Boot and SYSLINUX -------------------------------------------- */

static void copy_label(FILE *out, const char *line, const struct bootentry *entry)
{
	bool first = true;

	for (; *line; line = next_line(line)) {
		int len = (int)line_length(line);

		if (line_is(line, "label", " \t") && !first)
			return;
		if (line_is(line, "label", " \t"))
			fprintf(out, "%.*s-%s\n", len, line, entry->id);
		else if (line_is(line, "menu", " \t") && strstr(line, "abel"))
			fprintf(out, "%.*s (%s)\n", len, line, entry->title);
		else if (line_is(line, "append", " \t"))
			fprintf(out, "%.*s %s\n", len, line, entry->arguments);
		else if (len && !line_is(line, "menu", " \t"))
			fprintf(out, "%.*s\n", len, line);
		first = false;
	}
}

static char *edit_extlinux(
	const struct sysfs_root *root, const struct bootentries *wanted)
{
	static const char *const paths[] = {
		"/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf"};
	const char *path, *line;
	_cleanup_free_ char *text = read_first(root, paths, ARRAY_SIZE(paths), &path);
	struct sheet sheet;

	if (!open_sheet(&sheet))
		return NULL;
	fprintf(sheet.out, "Add at the end of %s:\n", path);
	line = text ? text : "label linux\n\tappend root=... ro\n";
	while (*line && !line_is(line, "label", " \t"))
		line = next_line(line);
	for (unsigned i = 0; i < wanted->n; i++) {
		fputc('\n', sheet.out);
		copy_label(sheet.out, line, &wanted->entries[i]);
	}
	fprintf(sheet.out,
		"\nWhere u-boot-update makes that file, it makes it without this for each "
		"new kernel:\nadd it again then.\n");
	return take_sheet(&sheet);
}

/* ---- Limine: limine.conf ("/TITLE", "cmdline: "), before 8 limine.cfg (":TITLE", "CMDLINE=") */

static void copy_limine(FILE *out, const char *line, const struct bootentry *entry)
{
	fprintf(out, "%.*s (%s)\n", (int)line_length(line), line, entry->title);
	for (line = next_line(line); *line && !strchr("/:", *line);
		line = next_line(line)) {
		int len = (int)line_length(line);

		if (!len)
			continue;
		fprintf(out, "%.*s", len, line);
		if (line_is(line, "cmdline", ":=") ||
			line_is(line, "kernel_cmdline", ":="))
			fprintf(out, " %s", entry->arguments);
		fputc('\n', out);
	}
}

static char *edit_limine(const struct sysfs_root *root, const struct bootentries *wanted)
{
	static const char *const paths[] = {"/boot/limine.conf",
		"/boot/limine/limine.conf", "/boot/EFI/limine/limine.conf",
		"/boot/EFI/BOOT/limine.conf", "/efi/limine.conf",
		"/efi/EFI/limine/limine.conf", "/boot/efi/EFI/limine/limine.conf",
		"/boot/limine.cfg"};
	const char *path, *line;
	_cleanup_free_ char *text = read_first(root, paths, ARRAY_SIZE(paths), &path);
	struct sheet sheet;

	if (!open_sheet(&sheet))
		return NULL;
	fprintf(sheet.out,
		"Add at the end of %s, so that no number of an entry shifts:\n", path);
	line = text ? text : "/Linux\n    protocol: linux\n    cmdline: root=... rw\n";
	while (*line && !strchr("/:", *line))
		line = next_line(line);
	for (unsigned i = 0; i < wanted->n; i++) {
		fputc('\n', sheet.out);
		copy_limine(sheet.out, line, &wanted->entries[i]);
	}
	fprintf(sheet.out,
		"\nWhere limine-entry-tool or limine-mkinitcpio-hook makes that file, their own "
		"entries\nare made anew and others stay.\n");
	return take_sheet(&sheet);
}

/* ---- kernelstub: entries of systemd-boot, whose kernel has a name that does not change ----- */

static char *edit_kernelstub(
	const struct sysfs_root *root, const struct bootentries *wanted)
{
	static const char entries[] = "/boot/efi/loader/entries";
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	char stem[NAME_MAX + 1] = "Pop_OS-current";
	struct sheet sheet;

	if (!open_sheet(&sheet))
		return NULL;
	hostfile_list(root, entries, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *end = strstr(names.names[i], "-current.conf");

		if (end)
			copy_text(stem, sizeof(stem), names.names[i],
				(size_t)(end - names.names[i]) + strlen("-current"));
	}
	fprintf(sheet.out,
		"Run as root; kernelstub leaves the new file alone, and kernels keep their "
		"name:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(sheet.out,
			"\nsed -e '/^title/s/$/ (%s)/' -e '/^options/s|$| %s|' \\\n"
			"    %s/%s.conf > %s/%s-%s.conf\n",
			wanted->entries[i].title, wanted->entries[i].arguments, entries,
			stem, entries, stem, wanted->entries[i].id);
	return take_sheet(&sheet);
}

/* ---- rpm-ostree(1) and bootc(8): deployments are entries, and there are no others -------- */

static void print_kargs(FILE *out, const struct bootentry *entry)
{
	const char *p = entry->arguments;

	fprintf(out, "\n# %s\nrpm-ostree kargs", entry->title);
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, " --append-if-missing=%.*s", (int)len, p);
	p = entry->arguments;
	fprintf(out,
		"\n# bootc: /usr/lib/bootc/kargs.d/50-vfioboot.toml of the image\nkargs = [");
	for (size_t len; (len = strcspn(p, " ")) > 0; p += len + (p[len] == ' '))
		fprintf(out, "%s\"%.*s\"", p == entry->arguments ? "" : ", ", (int)len,
			p);
	fprintf(out, "]\n");
}

static char *edit_ostree(const struct sysfs_root *root, const struct bootentries *wanted)
{
	struct sheet sheet;

	(void)root;
	if (!open_sheet(&sheet))
		return NULL;
	fprintf(sheet.out,
		"Entries are deployments here, and none can be added to them.  These arguments "
		"make a\nnew deployment with them; the one before stays in the menu as the way "
		"back:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		print_kargs(sheet.out, &wanted->entries[i]);
	return take_sheet(&sheet);
}

const struct bootloader_ops bootloader_ops_refind = {.edit = edit_refind};
const struct bootloader_ops bootloader_ops_extlinux = {.edit = edit_extlinux};
const struct bootloader_ops bootloader_ops_limine = {.edit = edit_limine};
const struct bootloader_ops bootloader_ops_kernelstub = {.edit = edit_kernelstub};
const struct bootloader_ops bootloader_ops_ostree = {.edit = edit_ostree};
