/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the protect list of the running host (core/protect.h): the functions it cannot
 * spare, traced from what is in use now.  These are the disks behind the file systems it
 * runs from, its swap and its hibernation image, and its displays; see vfioboot(8).
 */
#ifndef VFIOBOOT_HOST_PROTECT_H
#define VFIOBOOT_HOST_PROTECT_H

#include "base/base.h"
#include "decide/decide.h"

/*
 * Traces everything below @root.  What is mounted and can't be traced, though it is on
 * some device (an overlay, a loop device), makes every mass-storage controller an entry
 * with the word `untraced`; what is on another machine makes every network function one,
 * if the system would not come up without it.  Of @config "protect-network" counts: with
 * it the interfaces of the default routes are entries, by their names; NULL is a
 * configuration that says nothing.  Entries are sorted by kind and path.
 *
 * Returns 0; -EHOSTUNREACH when @root is not the root of a running host but of a chroot
 * or a container (nothing mounted at its root, no proc, no sysfs), so that nothing can be
 * told; or another -errno.  A list of more than PROTECT_ENTRIES_MAX entries is incomplete.
 */
int protect_trace(const struct sysfs_root *root, const struct config *config,
	struct protect_list *ret);

#endif
