/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a new grub.cfg may take the place of the old one. */
#ifndef VFIOBOOT_GRUBCHECK_H
#define VFIOBOOT_GRUBCHECK_H

#include "chain/bootmenu.h"
#include "grubmenu.h"

struct grubcheck_texts {
	const char *before, *after; /* of grub.cfg */
	const char *config;         /* its name, for what a person has to do */
};

/*
 * That all of @wanted are there for each kernel, and with their arguments, that the first entry
 * is a normal one then, and that the default means what it did.  Returns 0, perhaps with warnings in @change; -EREMOTEIO with the problem there; -ENOMEM.
 */
int grubcheck_menu(const struct sysfs_root *root, const struct bootentries *wanted,
	const struct grubcheck_texts *texts, struct bootmenu_change *change);

/*
 * By which struct bootentry an entry of our generator was made: one of @wanted, else told by
 * how the ids of all of ours begin; "" for none of ours.  The text lasts until the next call.
 */
const char *grubcheck_id(
	const struct bootentries *wanted, const struct grubmenu_item *item);

#endif
