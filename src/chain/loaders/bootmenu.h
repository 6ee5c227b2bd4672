/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our entries in the menu of a boot loader: what each loader has to change so that the wanted
 * ones are there and no others of ours, and the work around it that is the same for all.
 * Decided in one place, bootentry.h; here are files, and the loaders' own programs.
 */
#ifndef VFIOBOOT_BOOTMENU_H
#define VFIOBOOT_BOOTMENU_H

#include "base/base.h"
#include "bootentry.h"
#include "bootloader.h"
#include "loader.h"

/* The entries that were asked for, by BOOTENTRY_FILE.  0, -ENOENT when none were, or -errno. */
int bootmenu_read_wanted(const struct root *root, struct bootentries *ret);

/*
 * Finds out what makes the menu of @loader have the entries @wanted; with none: have none of
 * ours.  Returns 0; -EREMOTEIO with @ret->message; or -errno.
 * bootmenu_free_change(@ret) in each case.  What a loader has to remember is noted in @wanted.
 */
int bootmenu_plan(const struct root *root, const struct bootloader *loader,
	struct bootentries *wanted, struct bootmenu_change *ret);

/*
 * The same for entries that were asked for before, when a kernel came or went: BOOTENTRY_FILE
 * stays, and so does what the loader's own program makes by itself then.
 */
int bootmenu_plan_update(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *ret);

/*
 * Whether what kernel-install writes into normal entries comes from the running boot, and that
 * is one of ours, of an entry or a trial.  Otherwise, who has our parameters in an entry has
 * put them there.
 */
int bootmenu_may_leak(const struct root *root, const struct bootentries *wanted);

/* Carries the plan out, or takes back what was done of it.  Returns as bootmenu_plan(). */
int bootmenu_carry_out(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *change);

/*
 * Takes our entries out of the menus of all loaders that there are, and deletes
 * BOOTENTRY_FILE; this is what `vfioboot undo` needs.  Nothing is done where there is nothing.
 * Returns 0, or as bootmenu_plan(); the first message is in @ret, the others are tried still.  With
 * @dry_run all of it is only planned, in @ret.
 */
int bootmenu_remove_all(
	const struct root *root, bool dry_run, struct bootmenu_change *ret);

/*
 * Whether the menu of @loader has something of ours, or what a killed run left: 1, 0, or
 * -errno when it cannot be read, with the directory or the file in @ret_failed.  A menu that is
 * not read has not.
 */
int bootmenu_loader_has_ours(const struct root *root, const struct bootloader *loader,
	char ret_failed[static BOOTMENU_PLACE_SIZE]);

/* The same of all menus and BOOTENTRY_FILE; 1 also when only one of them can be read. */
int bootmenu_has_ours(
	const struct root *root, char ret_failed[static BOOTMENU_PLACE_SIZE]);

/* Where the entries are that a person made for @loader, whose menu is not read. */
void bootmenu_hand_place(const struct root *root, const struct bootloader *loader,
	char ret[static BOOTMENU_PLACE_SIZE]);

/* Where parameters of the normal entries of @loader are kept, in @ret, and how they get there. */
void bootmenu_permanent(
	const struct root *root, const struct bootloader *loader, struct permanent *ret);

void bootmenu_free_change(struct bootmenu_change *change);

/* Which entry starts when nobody chooses. */
struct bootmenu_default {
	char id[512]; /* its boot_id; "": not known */
	bool is_ours;
};

/* Reads it from the menu.  0 or -errno. */
int bootmenu_read_default(const struct root *root, const struct bootloader_ops *ops,
	struct bootmenu_default *ret);

/*
 * For the loaders, after something was added: fails if an entry of ours is the default now that was
 * not so @before.
 */
int bootmenu_check_default(const struct root *root, const struct bootloader_ops *ops,
	const struct bootmenu_default *before, struct bootmenu_change *change);

/* For the loaders: adds a warning.  0 or -ENOMEM. */
int bootmenu_warn(struct bootmenu_change *change, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * For the loaders: adds a file that gets the text @text, or with NULL goes; nothing where it is so
 * already.  Returns as change_put_text().
 */
int bootmenu_write(struct bootmenu_change *change, const struct root *root,
	const char *path, const char *text);

/* Writes the files of the plan, or none.  Returns 0, or -EREMOTEIO with @change->message. */
int bootmenu_write_files(struct bootmenu_change *change);

/* The same as bootmenu_warn(), but not for an update. */
int bootmenu_advise(struct bootmenu_change *change, const char *text);

/* Adds a copy of @entry's texts, any of which may be NULL.  0 or -ENOMEM. */
int bootmenu_add(struct bootmenu *menu, const struct bootmenu_entry *entry);
void bootmenu_free(struct bootmenu *menu);

/* Makes the entries from @first to before @end none of those that get copies, or are copies. */
void bootmenu_keep_apart(struct bootmenu *menu, size_t first, size_t end);

#endif
