/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are replaced as a whole: readers, and crashes, see the old or the new. */
#ifndef VFIOBOOT_ATOMICFILE_H
#define VFIOBOOT_ATOMICFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

/* The end of the names of temporary files, which begin with a dot and the file's own name. */
#define ATOMICFILE_TEMPORARY ".vfioboot-new"

/*
 * Writes @size bytes to a temporary file beside @path, syncs it and renames it to @path: of
 * mode 0644 if it is new, else with the owner, mode and label of the old one.  Returns 0;
 * -ENOTSUP when something other than a regular file is at @path, such as a device or a link;
 * or another -errno.  Nothing is left on failure.
 */
int atomicfile_write(const char *path, const char *data, size_t size);

/* The same below @root, @path being absolute; directories that are missing are made. */
int atomicfile_write_below(
	const struct sysfs_root *root, const char *path, const char *data, size_t size);

/* The same for what is not for everybody to read: of mode 0600, whatever is there now. */
int atomicfile_write_private_below(
	const struct sysfs_root *root, const char *path, const char *data, size_t size);

/*
 * Removes a file below @root, and makes that last.  Returns 0; -ENOTSUP for what is no
 * regular file; or another -errno.
 */
int atomicfile_remove_below(const struct sysfs_root *root, const char *path);

/*
 * Opens the directory @path below @root, after making it and those above it if @make says so.
 * Only in plain directories is one made: links stay below the root.  Returns a descriptor, or
 * -errno.
 */
int atomicfile_open_directory(const struct sysfs_root *root, const char *path, bool make);

#endif
