/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which file of this machine a boot loader means: it names a path on a file system of its own, by
 * the root of that file system and not by where it is mounted.
 */
#ifndef VFIOBOOT_PLACE_H
#define VFIOBOOT_PLACE_H

#include <limits.h>

#include "base/base.h"

struct libmnt_table;

/* What is mounted where, for place_find(). */
struct places {
	const struct root *root;
	struct libmnt_table
		*mounts; /* NULL: not known, as in the files of another machine */
};

void places_read(const struct root *root, struct places *ret);
void places_free(struct places *places);

/* The mount point of a file system, and what of the loader's paths is not below it. */
struct place {
	char directory[PATH_MAX]; /* absolute, below the root; "" for the root itself */
	char left_out[PATH_MAX];  /* such as "/@" for a subvolume, or "/ROOT/debian@" */
};

/*
 * Finds the place by a file that a loader has there.  @name is the UUID or the label of its file system,
 * or the UUID of its partition; NULL where the loader says none of these.  GRUB's path begins with a
 * subvolume of btrfs, or with a dataset of ZFS and '@', and maybe with a device in parentheses.  False
 * where that file system is not mounted, or cannot be told.
 */
bool place_find(const struct places *places, const char *name, const char *path,
	struct place *ret);

/* The path below the root of what the loader calls @path, "" where it is elsewhere. */
void place_path(const struct place *place, const char *path, char ret[static PATH_MAX]);

#endif
