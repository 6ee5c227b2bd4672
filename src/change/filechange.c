/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers both texts of each file; the writing itself is atomicfile's. */
#include "filechange.h"

#include <errno.h>

#include "atomicfile.h"
#include "base/base.h"

static int read_now(const struct sysfs_root *root, const char *path, char **ret)
{
	int r = hostfile_read(root, path, ret, NULL);

	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int push(struct filechanges *changes, struct filechange *change)
{
	struct filechange *more =
		realloc(changes->changes, (changes->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	changes->changes = more;
	more[changes->n++] = *change;
	*change = (struct filechange){0};
	return 0;
}

static void free_change(struct filechange *change)
{
	free(change->path);
	free(change->before);
	free(change->after);
}

int filechange_add(struct filechanges *changes, const struct sysfs_root *root,
	const char *path, const char *after)
{
	_cleanup_(free_change) struct filechange change = {0};
	int r = read_now(root, path, &change.before);

	if (r < 0 || is_same(change.before, after))
		return r;
	change.path = strdup(path);
	if (after)
		change.after = strdup(after);
	if (!change.path || (after && !change.after))
		return -ENOMEM;
	return push(changes, &change);
}

static int put(const struct sysfs_root *root, const char *path, const char *text)
{
	int r;

	if (text)
		return atomicfile_write_below(root, path, text, strlen(text));
	r = atomicfile_remove_below(root, path);
	return r == -ENOENT ? 0 : r;
}

static int revert(
	const struct filechanges *changes, size_t n, const struct sysfs_root *root)
{
	int first = 0;

	while (n-- > 0) {
		int r = put(root, changes->changes[n].path, changes->changes[n].before);

		first = first ? first : r;
	}
	return first;
}

int filechange_apply(const struct filechanges *changes, const struct sysfs_root *root,
	const char **ret_path)
{
	for (size_t i = 0; i < changes->n; i++) {
		int r = put(root, changes->changes[i].path, changes->changes[i].after);

		if (r < 0) {
			*ret_path = changes->changes[i].path;
			revert(changes, i, root);
			return r;
		}
	}
	return 0;
}

int filechange_revert(const struct filechanges *changes, const struct sysfs_root *root)
{
	return revert(changes, changes->n, root);
}

void filechange_free(struct filechanges *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		free_change(&changes->changes[i]);
	free(changes->changes);
	*changes = (struct filechanges){0};
}
