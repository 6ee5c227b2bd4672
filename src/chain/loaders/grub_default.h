/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB's default stays: what is started without a choice is what it was, or the person is warned. */
#ifndef VFIOBOOT_GRUB_DEFAULT_H
#define VFIOBOOT_GRUB_DEFAULT_H

#include "bootmenu.h"
#include "grub_cfg.h"

struct grub_names;

struct grub_default_texts {
	const char *before, *after; /* of grub.cfg */
	const char *config;         /* its name, for what a person has to do */
};

/*
 * Whether a new grub.cfg may take the place of the old one: all of @wanted are there for each
 * kernel, and with their arguments, the first entry is a normal one, and the default means what
 * it did.  Returns 0, perhaps with warnings in @change; -EREMOTEIO with the problem there; -ENOMEM.
 */
int grub_default_check_menu(const struct root *root, const struct bootentries *wanted,
	const struct grub_default_texts *texts, struct bootmenu_change *change);

/*
 * The same where entries are files (Boot Loader Specification): warns when the default is the
 * number of an entry, and of what else makes one of ours start later without a choice.
 */
int grub_default_check_bls(const struct root *root, struct bootmenu_change *change);

/*
 * Puts GRUB's variables into the command lines of @menu, which is in its order, and marks the entry
 * that starts when nobody chooses, and the one that does so once.  0 or -ENOMEM.
 */
int grub_default_read_bls(const struct root *root, struct bootmenu *menu);

/* Whether that default counts entries: it would be another one while ours is there; in @ret. */
bool grub_default_is_number(const struct root *root, const struct grub_names *names,
	const char *config, char *ret, size_t size);

/*
 * What starts when nobody chooses, in a menu that is all in @text: an item of @menu, which was read
 * of it.  NULL where that is not known, also since it depends on an `if`.
 */
const struct grub_cfg_item *grub_default_find(
	const struct root *root, const char *text, const struct grub_cfg *menu);

/*
 * What `next_entry` of the environment has GRUB take at the next boot, once (grub-reboot(8)).  NULL
 * where there is no such choice; or where it is not known what it means: @ret_elsewhere.
 */
const struct grub_cfg_item *grub_default_find_once(const struct root *root,
	const char *text, const struct grub_cfg *menu, bool *ret_elsewhere);

/*
 * The words of a command line with the variables of GRUB in place, as the text of grub.cfg and the
 * environment set them; those whose values are not known stay.  For free(); NULL without memory.
 */
char *grub_default_expand(const struct root *root, const char *text, const char *words);

/*
 * By which struct bootentry it was made: one of @wanted, else what the ids of all of ours begin
 * with; "" for none of ours.
 */
const char *grub_default_entry_id(
	const struct bootentries *wanted, const struct grub_cfg_item *item);

#endif
