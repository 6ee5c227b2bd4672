/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot loaders whose entries a person makes: what exactly is to be written where, made of the
 * files of this machine as far as they say; or the commands to give, where a program makes them.
 */
#include <limits.h>

#include "base/base.h"
#include "chain/bootmenu.h"

/* Reads the file by which the loader was found, with its name in @ret_path.  NULL for none. */
static char *read_found(
	const struct root *root, const char *loader, char ret_path[static PATH_MAX])
{
	char sign[BOOTLOADER_SIGN_SIZE] = "", *text;

	bootloader_detect(root, bootloader_named(loader), sign);
	text_join(ret_path, PATH_MAX, "/", sign, NULL);
	return *sign && file_read(root, ret_path, &text, NULL) == 0 ? text : NULL;
}

/*
 * Normal arguments, where no file of the loader has any: those of this boot, without what the
 * loader and our entries add.  For free(); NULL without memory.
 */
static char *usual_arguments(const struct root *root, const struct bootentries *entries)
{
	_cleanup_free_ char *cmdline = NULL, *stripped = NULL, *usual = NULL;
	const char *p, *word = "";

	if (cmdline_read(root, &cmdline) < 0)
		return strdup("root=... ro");
	if (bootentry_strip(cmdline, entries, &stripped) < 0)
		return NULL;
	p = stripped ? stripped : cmdline;
	usual = calloc(1, strlen(p) + sizeof("root=... ro"));
	for (size_t len; usual && (len = strcspn(p += strspn(p, " \n"), " \n")) > 0;
		p += len)
		if (strncmp(p, "BOOT_IMAGE=", 11) != 0 && strncmp(p, "initrd=", 7) != 0) {
			strncat(strcat(usual, word), p, len);
			word = " ";
		}
	if (usual && !*usual)
		strcpy(usual, "root=... ro");
	return TAKE_PTR(usual);
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

/* Whether the first word of the line, whatever its case, is @word, up to one of @ends. */
static bool line_is(const char *line, const char *word, const char *ends)
{
	size_t len = strlen(word);

	line += strspn(line, " \t");
	return strncasecmp(line, word, len) == 0 && line[len] && strchr(ends, line[len]);
}

/* Before an entry that is a copy of none: what the person has to look up. */
static void print_incomplete(FILE *out)
{
	fprintf(out,
		"\nThat file has no entry of a kernel to make this of.  For each \"...\" take "
		"what is there\nin the entry that starts this system, in whatever file "
		"that is:\n");
}

/* ---- rEFInd: refind_linux.conf, a line an option: "TITLE" "ARGUMENTS" ------------------- */

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
	_cleanup_free_ char *text = read_found(root, "refind", path);
	_cleanup_free_ char *arguments = usual_arguments(root, wanted);
	const char *line = text && strstr(path, "refind_linux") ? text : "";

	if (!arguments)
		return -ENOMEM;
	while (*line && line[strspn(line, " \t")] != '"')
		line = text_next_line(line);
	text_join(usual, sizeof(usual), "\"Boot with standard options\" \"", arguments,
		"\"", NULL);
	if (*line)
		fprintf(out,
			"In %s add below the first line, which stays the default:\n\n",
			path);
	else
		fprintf(out,
			"Write into refind_linux.conf, in the directory of the kernels, such as "
			"/boot:\n\n%s\n",
			usual);
	print_refind(out, *line ? line : usual, wanted);
	fprintf(out, "\nIt is offered for each kernel, under F2 or Insert.\n");
	return 0;
}

/* ---- extlinux.conf(5) of U-Boot and SYSLINUX -------------------------------------------- */

/* What is behind the first word of the line. */
static const char *rest_of(const char *line)
{
	line += strspn(line, " \t");
	line += strcspn(line, " \t\n");
	return line + strspn(line, " \t");
}

/* The label that is the default, else the first; "" without any. */
static const char *find_label(const char *text)
{
	const char *name = NULL, *first = "", *line;

	for (line = text; *line; line = text_next_line(line))
		if (line_is(line, "default", " \t"))
			name = rest_of(line);
	for (line = text; *line; line = text_next_line(line)) {
		if (!line_is(line, "label", " \t"))
			continue;
		first = *first ? first : line;
		if (name && line_length(name) == line_length(rest_of(line)) &&
			strncmp(name, rest_of(line), line_length(name)) == 0)
			return line;
	}
	return first;
}

static void copy_label(FILE *out, const char *line, const struct bootentry *entry)
{
	bool first = true;

	for (; *line; line = text_next_line(line)) {
		int len = (int)line_length(line);

		if (line_is(line, "label", " \t") && !first)
			return;
		if (line_is(line, "label", " \t"))
			fprintf(out, "%.*s-%s\n", len, line, entry->id);
		else if (line_is(line, "menu", " \t") &&
			line_is(rest_of(line), "label", " \t"))
			fprintf(out, "%.*s (%s)\n", len, line, entry->title);
		else if (line_is(line, "append", " \t"))
			fprintf(out, "%.*s %s\n", len, line, entry->arguments);
		else if ((int)strspn(line, " \t") < len && !line_is(line, "menu", " \t"))
			fprintf(out, "%.*s\n", len, line);
		first = false;
	}
}

static int edit_extlinux(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = read_found(root, "extlinux", path);
	_cleanup_free_ char *arguments = usual_arguments(root, wanted);
	const char *label = find_label(text ? text : "");

	if (!arguments)
		return -ENOMEM;
	fprintf(out, "Add at the end of %s:\n", path);
	if (!*label)
		print_incomplete(out);
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
		"\nWhere u-boot-update makes that file, it makes it without this for each "
		"new kernel:\nadd it again then.\n");
	return 0;
}

/* ---- Limine: limine.conf ("/TITLE", "cmdline: "), before 8 limine.cfg (":TITLE", "CMDLINE=") */

/* Entries and the directories that they are in, one mark more for each level. */
static bool is_limine_head(const char *line)
{
	line += strspn(line, " \t");
	return *line && strchr("/:", *line);
}

static bool is_limine_cmdline(const char *line)
{
	return line_is(line, "cmdline", ":=") || line_is(line, "kernel_cmdline", ":=");
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
	fprintf(out, "%c%.*s (%s)\n", mark, (int)line_length(title), title, entry->title);
	for (line = text_next_line(line); *line && !is_limine_head(line);
		line = text_next_line(line)) {
		int len = (int)line_length(line), plain = (int)strcspn(line, "#\n");
		bool options = is_limine_cmdline(line);

		if ((int)strspn(line, " \t") == len || line_is(line, "comment", ":="))
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
	_cleanup_free_ char *text = read_found(root, "limine", path);
	_cleanup_free_ char *arguments = usual_arguments(root, wanted);
	const char *head = find_limine(text ? text : "");
	bool sums = false;

	if (!arguments)
		return -ENOMEM;
	fprintf(out, "Add at the end of %s, so that no number of an entry shifts:\n",
		path);
	if (!*head)
		print_incomplete(out);
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

/* ---- kernelstub: entries of systemd-boot, whose kernel has a name that does not change ----- */

static int edit_kernelstub(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	static const char entries[] = "/boot/efi/loader/entries";
	_cleanup_(file_free_names) struct file_names names = {0};
	char stem[NAME_MAX + 1] = "Pop_OS-current";

	file_list(root, entries, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *end = strstr(names.names[i], "-current.conf");

		if (end)
			copy_text(stem, sizeof(stem), names.names[i],
				(size_t)(end - names.names[i]) + strlen("-current"));
	}
	fprintf(out,
		"Run as root; kernelstub leaves the new file alone, and kernels keep their "
		"name:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		fprintf(out,
			"\nsed -e '/^title/s/$/ (%s)/' -e '/^options/s|$| %s|' \\\n"
			"    %s/%s.conf > %s/%s-%s.conf\n",
			wanted->entries[i].title, wanted->entries[i].arguments, entries,
			stem, entries, stem, wanted->entries[i].id);
	return 0;
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

static int edit_ostree(
	const struct root *root, const struct bootentries *wanted, FILE *out)
{
	(void)root;
	fprintf(out,
		"Entries are deployments here, and none can be added to them.  These arguments "
		"make a\nnew deployment with them; the one before stays in the menu as the way "
		"back.\nTake one of these at a time; --delete-if-present= takes an argument "
		"out again:\n");
	for (unsigned i = 0; i < wanted->n; i++)
		print_kargs(out, &wanted->entries[i]);
	return 0;
}

const struct bootloader_ops bootloader_ops_refind = {
	.edit = edit_refind,
	.hand_what = "lines",
	.permanent =
		"in refind_linux.conf, beside the kernels, in the quotes after each title",
};
const struct bootloader_ops bootloader_ops_extlinux = {
	.edit = edit_extlinux,
	.hand_what = "labels",
	.permanent =
		"after 'append' in extlinux.conf; if u-boot-update writes that file, in "
		"U_BOOT_PARAMETERS in /etc/default/u-boot; then run 'u-boot-update'",
};
const struct bootloader_ops bootloader_ops_limine = {
	.edit = edit_limine,
	.hand_what = "entries",
	.permanent =
		"after 'cmdline:' in limine.conf; if limine-entry-tool writes that file, in "
		"KERNEL_CMDLINE[default] in /etc/default/limine; then run 'limine-update'",
};
const struct bootloader_ops bootloader_ops_kernelstub = {
	.edit = edit_kernelstub,
	.hand_what = "files",
	.hand_where = "/boot/efi/loader/entries",
	.permanent = "with 'kernelstub --add-options \"PARAMETER ...\"'",
};
const struct bootloader_ops bootloader_ops_ostree = {
	.edit = edit_ostree,
	.hand_what = "arguments",
	.hand_where = "the deployments ('rpm-ostree kargs')",
	.permanent =
		"with 'rpm-ostree kargs --append-if-missing=PARAMETER', or, with bootc, in "
		"kargs.d of the image",
};
