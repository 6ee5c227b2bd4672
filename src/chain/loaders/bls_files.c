/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the directories, and finds out whose each entry is. */
#include "bls_files.h"

#include "base/base.h"
#include "bls_entry.h"
#include "oneshot.h"

/* The first line of ours, "# vfioboot entry: ID of NAME"; comments mean nothing to loaders. */
#define MARK    "# vfioboot entry: "
#define MARK_OF " of "

#define ID_DIGITS 32 /* of a machine's id */
#define HEX       "0123456789abcdef"

void bls_identity_read(const struct root *root, struct bls_identity *ret)
{
	_cleanup_free_ char *id =
		file_read_value(root, "etc/machine-info", "KERNEL_INSTALL_MACHINE_ID");

	*ret = (struct bls_identity){0};
	file_read_line(root, "etc/machine-id", ret->machine_id, sizeof(ret->machine_id));
	file_read_line(root, "etc/kernel/entry-token", ret->token, sizeof(ret->token));
	if (id && *id)
		text_join(ret->machine_id, sizeof(ret->machine_id), id, NULL);
}

int bls_identity_judge(const struct bls_identity *identity, const char *name)
{
	if (identity->token[0] &&
		strncmp(name, identity->token, strlen(identity->token)) == 0)
		return 1;
	if (!identity->machine_id[0] || strspn(name, HEX) != ID_DIGITS)
		return -1;
	return strncmp(name, identity->machine_id, ID_DIGITS) == 0;
}

bool bls_is_installed(const struct bls_identity *identity, const struct bls_file *file)
{
	return bls_identity_judge(identity, file->name) > 0 ||
		strstr(file->text, "90-loaderentry");
}

/* Several systems may share a partition.  What names no machine is taken for this one's. */
static bool is_of_machine(
	const char *name, const char *text, const struct bls_identity *identity)
{
	int judged = bls_identity_judge(identity, name);
	char id[64];

	if (judged >= 0 || !identity->machine_id[0])
		return judged != 0;
	return !bls_value(text, "machine-id", id, sizeof(id)) ||
		text_begins_with(id, identity->machine_id);
}

/* What starts a kernel another way: a rescue, a debug entry. */
static bool is_special(const char *name)
{
	return strstr(name, "-rescue") || strstr(name, "~debug");
}

static bool is_ours(const char *text, char *ret_id, size_t size)
{
	const char *id = text + strlen(MARK), *end;

	if (!text_begins_with(text, MARK))
		return false;
	end = strstr(id, MARK_OF);
	return end && end > id && copy_text(ret_id, size, id, (size_t)(end - id));
}

static bool is_trial(const char *id)
{
	return strcmp(id, ONESHOT_ENTRY_ID) == 0;
}

static void judge(const struct bls_identity *identity, struct bls_file *file)
{
	char kernel[PATH_MAX];

	if (is_ours(file->text, file->id, sizeof(file->id)))
		file->kind = BLS_OURS;
	else if (!is_of_machine(file->name, file->text, identity))
		file->kind = BLS_ELSE;
	else if (bls_value(file->text, "linux", kernel, sizeof(kernel)))
		file->kind = is_special(file->name) ? BLS_SPECIAL : BLS_ORIGINAL;
	else if (bls_value(file->text, "uki", kernel, sizeof(kernel)) ||
		bls_value(file->text, "efi", kernel, sizeof(kernel)))
		file->kind = BLS_SPECIAL;
	/* `vfioboot entry` leaves the copy of `vfioboot try` alone. */
	if (is_trial(file->id)) {
		file->kind = BLS_SPECIAL;
		file->id[0] = '\0';
	}
}

static void free_file(struct bls_file *file)
{
	free(file->directory);
	free(file->name);
	free(file->text);
}

static int read_file(const struct root *root, const struct bls_identity *identity,
	const char *directory, const char *name, struct bls_files *files)
{
	_cleanup_(free_file) struct bls_file file = {0};
	struct bls_file *added;
	char path[PATH_MAX];
	int r;

	text_join(path, sizeof(path), directory, "/", name, NULL);
	r = file_read(root, path, &file.text, NULL);
	if (r < 0)
		return r == -ENOENT || r == -EISDIR ? 0 : r;
	file.directory = strdup(directory);
	file.name = strdup(name);
	if (!file.directory || !file.name)
		return -ENOMEM;
	judge(identity, &file);
	added = LIST_ADD(files->files, files->n);
	if (added)
		*added = TAKE_STRUCT(file);
	return added ? 0 : -ENOMEM;
}

static int read_directory(const struct root *root, const struct bls_identity *identity,
	const char *directory, struct bls_files *files)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = file_list(root, directory, &names);

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

int bls_files_read(const struct root *root, const char *const *places, size_t n_places,
	struct bls_files *ret)
{
	struct bls_identity identity;
	int r = 0;

	bls_identity_read(root, &identity);
	for (size_t i = 0; r == 0 && i < n_places; i++) {
		char directory[PATH_MAX];

		text_join(directory, sizeof(directory), places[i], BLS_ENTRIES, NULL);
		r = read_directory(root, &identity, directory, ret);
		if (r < 0)
			strcpy(ret->failed, directory);
	}
	return r;
}

void bls_files_free(struct bls_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free_file(&files->files[i]);
	free(files->files);
	*files = (struct bls_files){0};
}

bool bls_has_own(const struct bls_file *file)
{
	_cleanup_free_ char *options = bls_options(file->text);

	return !options || bootentry_has_own(options);
}

int bls_make_copy(const struct bls_file *original, const struct bootentry *entry,
	const char *sort_suffix, char **ret)
{
	_cleanup_free_ char *options = bls_options(original->text), *copy = NULL;
	bool trial = is_trial(entry->id);
	char note[BOOTENTRY_ID_SIZE + 5], missing[BOOTENTRY_ARGS_SIZE];
	/* A trial repeats what the entry has: it may be taken back behind that. */
	const struct bls_addition addition = {.title = note,
		.sort_key = sort_suffix,
		.options = trial ? entry->arguments : missing};
	int r;

	if (!options)
		return -ENOMEM;
	bootentry_missing_arguments(options, entry, missing);
	text_join(note, sizeof(note), " (", entry->title, ")", NULL);
	r = bls_copy(original->text, &addition, &copy);
	if (r < 0)
		return r;
	return asprintf(ret, MARK "%s" MARK_OF "%s; 'vfioboot %s' deletes it\n%s",
		       entry->id, original->name, trial ? "try --cancel" : "entry remove",
		       copy) < 0
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

	for (; text && *line; line = text_next_line(line)) {
		_cleanup_free_ char *options = NULL, *rest = NULL;
		const char *value = bls_line_value(line, "options");
		size_t head = (size_t)((value ? value : text_next_line(line)) - line);
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
