/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmount below a root directory: it reads from a stream.  What it makes of the source
 * "/dev/root" is of the running machine, so nothing may depend on it.
 */
#include "mounts.h"

#include <libmount.h>

#include "base/base.h"

static int read_table(
	const struct root *root, const char *path, struct libmnt_table **ret)
{
	_cleanup_(mounts_unref) struct libmnt_table *table = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	int r = file_open_stream(root, path, &file);

	if (r < 0)
		return r;
	table = mnt_new_table();
	r = table ? mnt_table_parse_stream(table, file, "") : -ENOMEM;
	if (r < 0)
		return r;
	*ret = TAKE_PTR(table);
	return 0;
}

int mounts_read(const struct root *root, struct libmnt_table **ret)
{
	return read_table(root, TREE_MOUNTINFO, ret);
}

int mounts_read_swaps(const struct root *root, struct libmnt_table **ret)
{
	return read_table(root, TREE_SWAPS, ret);
}

int mounts_read_fstab(const struct root *root, struct libmnt_table **ret)
{
	return read_table(root, "/etc/fstab", ret);
}

struct libmnt_fs *mounts_find(struct libmnt_table *mounts, const char *path)
{
	return mnt_table_find_target(mounts, path, MNT_ITER_BACKWARD);
}

/* mnt_table_find_mountpoint() first looks whether the running machine has such a file. */
struct libmnt_fs *mounts_find_holder(struct libmnt_table *mounts, const char *path)
{
	_cleanup_free_ char *prefix = strdup(path);
	struct libmnt_fs *fs = prefix ? mounts_find(mounts, prefix) : NULL;
	char *slash;

	while (!fs && prefix && (slash = strrchr(prefix, '/')) && slash != prefix) {
		*slash = '\0';
		fs = mounts_find(mounts, prefix);
	}
	return fs || !prefix ? fs : mounts_find(mounts, "/");
}

void mounts_unref(struct libmnt_table **mounts)
{
	mnt_unref_table(*mounts);
}
