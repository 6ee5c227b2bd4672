/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are replaced as a whole: readers, and crashes, see the old or the new. */
#ifndef VFIOBOOT_ATOMICFILE_H
#define VFIOBOOT_ATOMICFILE_H

#include <stddef.h>

#include "../core/sysfsroot.h"

/*
 * Writes @size bytes to a temporary file beside @path, syncs it and renames it to @path,
 * with mode 0644.  Returns 0; -ENOTSUP when something other than a regular file is at
 * @path, such as a device or a link; or another -errno.  Nothing is left on failure.
 */
int atomicfile_write(const char *path, const char *data, size_t size);

/* The same below @root, @path being absolute; directories that are missing are made. */
int atomicfile_write_below(
	const struct sysfs_root *root, const char *path, const char *data, size_t size);

/*
 * Removes a file below @root, and makes that last.  Returns 0; -ENOTSUP for what is no
 * regular file; or another -errno.
 */
int atomicfile_remove_below(const struct sysfs_root *root, const char *path);

#endif
