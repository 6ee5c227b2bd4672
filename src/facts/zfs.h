/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ZFS pools: only their own tools show which disks they are on. */
#ifndef VFIOBOOT_ZFS_H
#define VFIOBOOT_ZFS_H

#include "backing.h"

/*
 * Adds to *@backing the disks of the pool that the data set @source ("pool/data/set") is
 * in, log, cache and spare disks too, as zpool-list(8) lists them.  Of another machine than
 * the running one, without that program, and where it says something that is not
 * understood, the pool is untraced.  Returns 0, or -errno.
 */
int zfs_add_pool(const struct root *root, const char *source, struct backing *backing);

/* The same of the output @text of `zpool list -v -H -P -L POOL`, which is changed. */
int zfs_add_list(const struct root *root, char *text, struct backing *backing);

#endif
