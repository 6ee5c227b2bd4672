/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the protect list of the running host (decide/protect.h): the functions it cannot
 * spare, traced from what is in use now.  These are the disks behind the file systems it
 * runs from, its swap and its hibernation image, and its displays; see vfioboot-protect(8).
 */
#ifndef VFIOBOOT_PROTECT_LIST_H
#define VFIOBOOT_PROTECT_LIST_H

#include "decide/decide.h"
#include "snapshot.h"

/*
 * What is mounted and can't be traced, though it is on some device (an overlay, a loop
 * device), makes every function that may carry storage an entry with the word `untraced`;
 * what is on another machine makes every one that may carry a network one, if the system
 * would not come up without it.  Of @config "protect-network" counts: with it the
 * interfaces of the default routes are entries, by their names; NULL is a configuration
 * that says nothing.  Entries are sorted by kind and path.
 *
 * Returns 0; or the error of in_use_trace(), after which nothing is known.  A list of more
 * than PROTECT_ENTRIES_MAX entries is incomplete.
 */
int protect_list_trace(
	struct facts *facts, const struct config *config, struct protect_list *ret);

/* The whole text of the list, as its file has it, for free(); NULL without memory. */
char *protect_list_format(const struct protect_list *list);

#endif
