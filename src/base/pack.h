/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Archives in memory, by libarchive, of a few MiB at most: the same bytes for the same files, which
 * are root's, and of no time.
 */
#ifndef VFIOBOOT_PACK_H
#define VFIOBOOT_PACK_H

#include <stddef.h>
#include <sys/types.h>

enum pack_format {
	PACK_TAR,  /* pax, where a file needs it */
	PACK_CPIO, /* "newc", as the kernel unpacks it into an initramfs */
};

struct pack;

/*
 * Begins one, compressed as the end of @name says (.gz, .xz, .zst; else not at all).  Returns 0 with
 * *@ret for pack_free(); -ENOTSUP when libarchive can't compress so; or another -errno.
 */
int pack_open(enum pack_format format, const char *name, struct pack **ret);

/*
 * Adds a file, a directory or a link, as the type in @mode says.  @data is what is in a file, @size
 * bytes, or where a link leads; else NULL.  Returns 0, or -errno.
 */
int pack_add(
	struct pack *pack, const char *path, mode_t mode, const char *data, size_t size);

/* Ends it.  Returns 0 with its bytes for free(), or -errno.  Nothing can be added then. */
int pack_take(struct pack *pack, char **ret, size_t *ret_size);

void pack_free(struct pack **pack);

#endif
