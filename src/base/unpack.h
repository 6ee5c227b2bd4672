/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is compressed in one of the ways that the kernel knows for its images (usr/Kconfig,
 * lib/decompress.c), read by libarchive: parts of images, modules, /proc/config.gz.
 */
#ifndef VFIOBOOT_UNPACK_H
#define VFIOBOOT_UNPACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "file.h"

struct unpack;

/*
 * Begins to unpack what is in the open file @fd, the caller's, from @start to @end at most: one
 * stream, as the kernel does, whatever follows it.  Returns 0 with *@ret for unpack_close();
 * -EOPNOTSUPP when it is compressed in no known way; -EBADMSG when it is broken; or -errno.
 */
int unpack_open(int fd, uint64_t start, uint64_t end, struct unpack **ret);
void unpack_close(struct unpack **unpack);

/* Reads what comes next.  Returns its size, 0 at the end, or -EBADMSG. */
ssize_t unpack_read(struct unpack *unpack, void *buffer, size_t size);

/* After the end: where in the file the stream ends. */
uint64_t unpack_end(const struct unpack *unpack);

/* What libarchive said last, "" for nothing. */
const char *unpack_error(const struct unpack *unpack);

/*
 * Reads the file @path below @root, unpacked if it is compressed, into *@ret, @size bytes for
 * free(), with a NUL behind them.  Returns 0; -EFBIG when it is more than 64 MiB; -EBADMSG when
 * it can't be unpacked; or -errno.
 */
int unpack_file(const struct root *root, const char *path, char **ret, size_t *ret_size);

#endif
