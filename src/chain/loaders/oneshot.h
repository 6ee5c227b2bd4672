/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One boot with another entry.  It is safe if the loader itself forgets the choice before it
 * starts the kernel, so that a boot which never comes up is followed by a normal one, whoever
 * resets the machine.
 *
 * The entry is one more struct bootentry: a copy of the one that the machine runs from now, with
 * parameters behind its own.  It is in a file, or a marked part of one, that no generator writes,
 * and is removed when the trial is over; neither the default entry nor the order of the others
 * changes.  What differs between loaders is in struct bootloader_ops (bootmenu.h).
 */
#ifndef VFIOBOOT_ONESHOT_H
#define VFIOBOOT_ONESHOT_H

#include "bootmenu.h"

#define ONESHOT_ID_SIZE 512

/* Of the entry of a trial: struct bootentry.  Every loader's own name for it ends so. */
#define ONESHOT_ENTRY_ID    "vfioboot-trial"
#define ONESHOT_ENTRY_TITLE "vfioboot: one boot on trial"

/* What one boot with an entry of its own takes. */
struct oneshot {
	const struct bootloader *loader;
	char id[ONESHOT_ID_SIZE];      /* by which the loader takes the entry */
	struct bootmenu_change change; /* what has to be written for it */
};

/* Whether the loader has a choice for one boot that it forgets by itself. */
bool oneshot_is_possible(const struct bootloader *loader);

/*
 * Plans one boot by @loader with @parameters behind those of the entry that was booted; writes
 * nothing.  Returns 0; with @ret->change.message -EOPNOTSUPP when that is not safe
 * with the loader as it is set up, or -EREMOTEIO when there is no entry to copy; or another
 * -errno.  oneshot_free(@ret) in each case.
 */
int oneshot_plan(const struct root *root, const struct bootloader *loader,
	const char *parameters, struct oneshot *ret);
void oneshot_free(struct oneshot *oneshot);

/*
 * Writes the entry, and has the loader take it at the next boot: all of it, or nothing.  Each of
 * these returns 0, or -errno with @message, which may be NULL.
 */
int oneshot_arm(
	const struct root *root, struct oneshot *oneshot, struct message *message);

/*
 * Takes the choice back if it is still there; with @remove the entry too.  To be done at each
 * boot, whatever there is.  @loader: NULL does nothing.
 */
int oneshot_disarm(const struct root *root, const struct bootloader *loader, bool remove,
	struct message *message);

/* The same for all loaders, with their entries.  Returns the first error. */
int oneshot_disarm_all(const struct root *root, struct message *message);

/* Whether the next boot by @loader takes an entry of a trial; NULL: by any loader. */
bool oneshot_is_armed(const struct root *root, const struct bootloader *loader);

/*
 * The loader's name of the entry that somebody else has it take at the next boot, in @ret.
 * Whether there is one: a trial would take its place.
 */
bool oneshot_is_foreign(
	const struct root *root, const struct bootloader *loader, char *ret, size_t size);

/*
 * For the loaders: runs a program of theirs on this machine; another one's tree is only read
 * (-EROFS).  0, or -errno with what it said in @message.
 */
int oneshot_run(
	const struct root *root, const char *const argv[], struct message *message);

#endif
