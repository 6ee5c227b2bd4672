/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted and swapped to, as the kernel lists it (proc(5)), read by libmount. */
#ifndef VFIOBOOT_MOUNTS_H
#define VFIOBOOT_MOUNTS_H

#include "base/base.h"

struct libmnt_fs;
struct libmnt_table;

/*
 * Read the mounts, the swap areas, or what fstab(5) asks for, of the machine at @root.  A
 * file system's device is the one in mountinfo: nothing is looked up by stat(2).  The caller
 * unrefs @ret.  Return 0; -ENOENT when there is no such file; or another -errno.
 */
int mounts_read(const struct root *root, struct libmnt_table **ret);
int mounts_read_swaps(const struct root *root, struct libmnt_table **ret);
int mounts_read_fstab(const struct root *root, struct libmnt_table **ret);

/*
 * What is visible at the mount point @path; or what holds the file @path, or is mounted there, where
 * no part of the name may be a link (file_resolve()).  NULL for nothing.
 */
struct libmnt_fs *mounts_find(struct libmnt_table *mounts, const char *path);
struct libmnt_fs *mounts_find_holder(struct libmnt_table *mounts, const char *path);

/* For the clean-up attribute. */
void mounts_unref(struct libmnt_table **mounts);

#endif
