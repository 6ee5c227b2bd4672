/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists the files of a kind, in the order of the five directories that systemd and kmod look into. */
#include "module_files.h"

static const char *const directories[] = {
	"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"};

static int compare(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcmp(strrchr(*one, '/'), strrchr(*other, '/'));
}

/* Adds the files of one directory, but for names that were @seen before. */
static int add_directory(const struct root *root, const char *directory,
	struct file_names *seen, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	int r = file_list_paths(root, directory, "*.conf", 0, &paths);

	/* Whoever reads them goes on without it, too. */
	r = r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		size_t before = seen->n;

		r = file_add_name(seen, strrchr(paths.names[i], '/'));
		if (r == 0 && seen->n > before)
			r = file_add_name(ret, paths.names[i]);
	}
	return r;
}

int module_files_list(const struct root *root, const char *kind, struct file_names *ret)
{
	_cleanup_(file_free_names) struct file_names seen = {0}, paths = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++) {
		char directory[64];

		text_join(directory, sizeof(directory), directories[i], "/", kind, NULL);
		r = add_directory(root, directory, &seen, &paths);
	}
	if (r < 0)
		return r;
	if (paths.n)
		qsort(paths.names, paths.n, sizeof(*paths.names), compare);
	*ret = TAKE_STRUCT(paths);
	return 0;
}

unsigned module_files_next_line(const char **cursor, char **ret)
{
	unsigned lines = 0;
	size_t len;
	char *text;

	*ret = NULL;
	if (!**cursor)
		return 0;
	text = *ret = malloc(strlen(*cursor) + 1);
	do {
		len = strcspn(*cursor, "\n");
		if (text)
			memcpy(text, *cursor, len);
		text = text ? text + len : NULL;
		*cursor += len + ((*cursor)[len] == '\n');
		lines++;
		if (!text || !len || text[-1] != '\\')
			break;
		*--text = '\0';
	} while (**cursor);
	if (text)
		*text = '\0';
	return lines;
}
