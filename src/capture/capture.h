/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What plan, list, check and protect need of a machine, to be replayed elsewhere: the shape
 * of its PCI tree and its drivers, what the host uses, its command line and configuration.
 * Without serial numbers, MAC addresses and the like (redact.h).
 */
#ifndef VFIOBOOT_CAPTURE_H
#define VFIOBOOT_CAPTURE_H

#include <sys/types.h>

#include "base/base.h"

struct capture_entry {
	char *path;  /* below the root, with no leading '/' */
	mode_t type; /* S_IFREG, S_IFLNK or S_IFDIR */
	char *data;  /* of a file, or where a link leads; NULL of a directory */
	size_t size;
};

/* Something that is there and could not be read. */
struct capture_gap {
	char *path;
	int error; /* -errno */
};

struct capture {
	struct capture_entry *entries; /* sorted by path, each once, directories too */
	size_t n;
	struct capture_gap *gaps;
	size_t n_gaps;
};

/* Captures the machine at @root into *@ret, for capture_free().  Returns 0, or -errno. */
int capture_read(const struct root *root, struct capture *ret);

void capture_free(struct capture *capture);

/*
 * Packs it as a tar archive, the same one for the same machine: sorted, of root, without
 * times.  It is compressed as the end of @name says (.gz, .xz, .zst; else not at all).
 * Returns 0 with *@ret for free(); -ENOTSUP when libarchive can't compress so; or -errno.
 */
int capture_pack(
	const struct capture *capture, const char *name, char **ret, size_t *ret_size);

#endif
