/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the directories, and tells whose each entry is. */
#include "blsmenu.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "blsentry.h"
#include "bootidentity.h"

/* The first line of ours, "# vfioboot entry: ID of NAME"; comments mean nothing to loaders. */
#define MARK     "# vfioboot entry: "
#define MARK_OF  " of "
#define MARK_END "; 'vfioboot entry remove' deletes it\n"

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Several systems may share a partition.  What names no machine is taken for this one's. */
static bool is_of_machine(
	const char *name, const char *text, const struct bootidentity *identity)
{
	int judged = bootidentity_judge(identity, name);
	char id[64];

	if (judged >= 0 || !identity->machine_id[0])
		return judged != 0;
	return !bls_value(text, "machine-id", id, sizeof(id)) ||
		begins_with(id, identity->machine_id);
}

/* What starts a kernel another way: a rescue, a debug entry, the copy of `vfioboot try`. */
static bool is_special(const char *name)
{
	return strstr(name, "-rescue") || strstr(name, "~debug") ||
		strstr(name, BLS_TRIAL_SYSTEMD_BOOT) || strstr(name, BLS_TRIAL_GRUB);
}

static bool is_ours(const char *text, char *ret_id, size_t size)
{
	const char *id = text + strlen(MARK), *end;

	if (!begins_with(text, MARK))
		return false;
	end = strstr(id, MARK_OF);
	return end && copy_text(ret_id, size, id, (size_t)(end - id));
}

static void judge(const struct bootidentity *identity, struct bls_file *file)
{
	char kernel[PATH_MAX];

	if (is_ours(file->text, file->id, sizeof(file->id)))
		file->kind = BLS_OURS;
	else if (bls_value(file->text, "linux", kernel, sizeof(kernel)) &&
		is_of_machine(file->name, file->text, identity) &&
		!is_special(file->name))
		file->kind = BLS_ORIGINAL;
}

static void free_file(struct bls_file *file)
{
	free(file->directory);
	free(file->name);
	free(file->text);
}

static int read_file(const struct sysfs_root *root, const struct bootidentity *identity,
	const char *directory, const char *name, struct bls_files *files)
{
	_cleanup_(free_file) struct bls_file file = {0};
	struct bls_file *more;
	char path[PATH_MAX];
	int r;

	text_join(path, sizeof(path), directory, "/", name, NULL);
	r = hostfile_read(root, path, &file.text, NULL);
	if (r < 0)
		return r == -ENOENT || r == -EISDIR ? 0 : r;
	file.directory = strdup(directory);
	file.name = strdup(name);
	if (!file.directory || !file.name)
		return -ENOMEM;
	judge(identity, &file);
	more = realloc(files->files, (files->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	files->files = more;
	more[files->n++] = file;
	file = (struct bls_file){0};
	return 0;
}

static int read_directory(const struct sysfs_root *root,
	const struct bootidentity *identity, const char *directory,
	struct bls_files *files)
{
	_cleanup_(hostfile_free_names) struct hostfile_names names = {0};
	int r = hostfile_list(root, directory, &names);

	if (r < 0)
		return r == -ENOTDIR ? 0 : r;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.names[i], *dot = strrchr(name, '.');

		/* systemd-boot takes no hidden ones; ours are while they are written. */
		if (dot && dot != name && name[0] != '.' && strcmp(dot, ".conf") == 0)
			r = read_file(root, identity, directory, name, files);
	}
	return r;
}

int bls_files_read(const struct sysfs_root *root, const char *const *directories,
	size_t n_directories, struct bls_files *ret)
{
	struct bls_files files = {0};
	struct bootidentity identity;
	int r = 0;

	bootidentity_read(root, &identity);
	for (size_t i = 0; r == 0 && i < n_directories; i++) {
		r = read_directory(root, &identity, directories[i], &files);
		if (r < 0)
			ret->failed = directories[i];
	}
	if (r < 0)
		bls_files_free(&files);
	else
		*ret = files;
	return r;
}

void bls_files_free(struct bls_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free_file(&files->files[i]);
	free(files->files);
	*files = (struct bls_files){0};
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

int bls_make_copy(const struct bls_file *original, const struct bootentry *entry,
	const char *sort_suffix, char **ret)
{
	_cleanup_free_ char *options = bls_options(original->text), *copy = NULL;
	char note[BOOTENTRY_ID_SIZE + 5], missing[BOOTENTRY_ARGS_SIZE];
	const struct bls_addition addition = {
		.title = note, .sort_key = sort_suffix, .options = missing};
	int r;

	if (!options)
		return -ENOMEM;
	bootentry_missing_arguments(options, entry, missing);
	text_join(note, sizeof(note), " (", entry->title, ")", NULL);
	r = bls_copy(original->text, &addition, &copy);
	if (r < 0)
		return r;
	return asprintf(ret, MARK "%s" MARK_OF "%s" MARK_END "%s", entry->id,
		       original->name, copy) < 0
		? -ENOMEM
		: 0;
}

int bls_strip(
	const struct bls_file *original, const struct bootentries *entries, char **ret)
{
	_cleanup_free_ char *text = calloc(1, strlen(original->text) + 2);
	const char *line = original->text;
	char *end = text;
	bool found = false;

	for (; text && *line; line = next_line(line)) {
		_cleanup_free_ char *options = NULL, *rest = NULL;
		const char *value = bls_line_value(line, "options");
		size_t head = (size_t)((value ? value : next_line(line)) - line);
		int r;

		memcpy(end, line, head);
		end += head;
		if (!value)
			continue;
		options = strndup(value, strcspn(value, "\n"));
		r = options ? bootentry_strip(options, entries, &rest) : -ENOMEM;
		if (r < 0)
			return r;
		found |= r;
		end = stpcpy(stpcpy(end, r ? rest : options), "\n");
	}
	if (!text)
		return -ENOMEM;
	if (found)
		*ret = TAKE_PTR(text);
	return found;
}
