/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that change together: first all of it is known, so that it can be shown; then it is
 * done, and taken back as a whole when a step fails.
 */
#ifndef VFIOBOOT_FILECHANGE_H
#define VFIOBOOT_FILECHANGE_H

#include <stddef.h>

#include "base/base.h"

struct filechange {
	char *path;   /* absolute, below the root */
	char *before; /* NULL: it was not there */
	char *after;  /* NULL: it goes */
};

/* Starts as {0}. */
struct filechanges {
	struct filechange *changes;
	size_t n;
};

/*
 * Notes that the file is to have the text @after, or with NULL is to go.  Nothing is noted for
 * a file that is so already.  Returns 0; -EFBIG for one of several MiB; or another -errno.
 */
int filechange_add(struct filechanges *changes, const struct sysfs_root *root,
	const char *path, const char *after);

/*
 * Does it, in the order in which it was noted.  Returns 0; or -errno with the path in
 * *@ret_path, when all that was done has been taken back.
 */
int filechange_apply(const struct filechanges *changes, const struct sysfs_root *root,
	const char **ret_path);

/* Takes all back, as far as it goes.  Returns 0, or the first -errno. */
int filechange_revert(const struct filechanges *changes, const struct sysfs_root *root);

void filechange_free(struct filechanges *changes);

#endif
