/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are replaced as a whole: readers, and crashes, see the old or the new. */
#ifndef VFIOBOOT_ATOMICFILE_H
#define VFIOBOOT_ATOMICFILE_H

#include <stddef.h>

/*
 * Writes @size bytes to a temporary file beside @path, syncs it and renames it to @path,
 * with mode 0644.  Returns 0; -ENOTSUP when something other than a regular file is at
 * @path, such as a device or a link; or another -errno.  Nothing is left on failure.
 */
int atomicfile_write(const char *path, const char *data, size_t size);

#endif
