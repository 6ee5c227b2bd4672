/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a unified kernel image tells of its system, in os-release(5)'s format: systemd-boot names
 * and sorts its entry by that.  Ours have a mark there, and sort behind all normal ones: an image
 * that has no try left is shown last, and its copy, which has no count, must not become the
 * default.  Pure.
 */
#ifndef VFIOBOOT_UKIOSREL_H
#define VFIOBOOT_UKIOSREL_H

#include "chain/bootentry.h"
#include "sdorder.h"

/* Whether the text has our mark; then the id of the entry is in @ret. */
bool ukiosrel_is_ours(const char *osrel, char ret[static BOOTENTRY_ID_SIZE]);

/*
 * The lines that make the text @osrel, of an image, that of its copy for @entry, when they stand
 * behind it: of several with one key the last counts.  For free(); NULL without memory.
 */
char *ukiosrel_lines(const char *osrel, const struct bootentry *entry);

/* The text of that copy, for free(); NULL without memory. */
char *ukiosrel_copy(const char *osrel, const struct bootentry *entry);

/* The sort key and the version, as bootspec_pick_name_version_sort_key() of systemd has them. */
void ukiosrel_order(const char *osrel, struct sdorder_entry *ret);

#endif
