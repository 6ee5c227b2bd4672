/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files of a machine, and questions about them, by names put together. */
#ifndef VFIOBOOT_HOSTFILE_H
#define VFIOBOOT_HOSTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "root.h"

/* Whether there is a file of the name, which is made in printf's manner; links are followed. */
bool hostfile_exists(const struct sysfs_root *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Reads a whole file of up to 16 MiB, with a NUL behind it.  Returns 0 with *@ret for free()
 * and its length in *@ret_size (NULL: not wanted); -EFBIG; -EISDIR; or another -errno.
 */
int hostfile_read(
	const struct sysfs_root *root, const char *path, char **ret, size_t *ret_size);

/* Texts that are added one by one; starts as {0}. */
struct hostfile_names {
	char **names;
	size_t n;
};

/* Adds a copy of @name, unless it is there already.  Returns 0, or -ENOMEM. */
int hostfile_add_name(struct hostfile_names *names, const char *name);
void hostfile_free_names(struct hostfile_names *names);

/* The names in a directory, sorted by strverscmp(3); none when it is not there.  0 or -errno. */
int hostfile_list(
	const struct sysfs_root *root, const char *directory, struct hostfile_names *ret);

/*
 * The value of KEY=VALUE, or KEY='VALUE', on a line of its own in @text, as shells and
 * os-release(5) write it: of several lines the last one.  NULL for none; else for free().
 */
char *hostfile_value(const char *text, const char *key);

/* What stands in @text behind that "KEY=", for values of other forms.  NULL for none. */
const char *hostfile_find_value(const char *text, const char *key);

#endif
