/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that may be compressed, such as modules and /proc/config.gz, read by libarchive. */
#ifndef VFIOBOOT_UNPACKED_H
#define VFIOBOOT_UNPACKED_H

#include <stddef.h>

#include "file.h"

/*
 * Reads the file @path below @root, unpacked if gzip, xz, zstd or the like packed it, into
 * *@ret, @size bytes for free(), with a NUL behind them.  Returns 0; -EFBIG when it is
 * more than 64 MiB; -EBADMSG when it can't be unpacked; or -errno.
 */
int unpacked_read(
	const struct root *root, const char *path, char **ret, size_t *ret_size);

struct archive;

/*
 * Has libarchive read raw content, packed in the ways that the kernel knows for its images
 * (usr/Kconfig): for others it would start programs, as the first bytes of a file want it.
 */
void unpacked_support(struct archive *archive);

#endif
