/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One boot with another entry: what each boot loader needs for it, and whether it is safe.
 * It is, if the loader itself forgets the choice before it starts the kernel, so that a boot
 * which never comes up is followed by a normal one, whoever resets the machine.
 *
 * The entry of a trial is a copy of the one that the machine runs from now, with parameters
 * behind its own.  It lies in a file, or a marked part of one, that no generator writes, and
 * is removed when the trial is over; neither the default entry nor the order of the others
 * changes.
 */
#ifndef VFIOBOOT_ONESHOT_H
#define VFIOBOOT_ONESHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

#define ONESHOT_WHY_SIZE 320
#define ONESHOT_ID_SIZE  512

/* An entry that is made, and the file that holds it; texts for oneshot_free(). */
struct oneshot_entry {
	char *id;   /* by which the loader knows it */
	char *path; /* absolute */
	char *text; /* the whole file, with the entry in it */
	char *copy; /* the entry alone, for people */
};

/* Each of these, and of the functions below, returns 0, or -errno with a sentence in @why. */
struct oneshot {
	const char *loader; /* the name of struct bootloader */
	/* Whether the loader forgets a choice by itself.  -EOPNOTSUPP: it can't. */
	int (*check)(const struct sysfs_root *root, char *why);
	/* Makes the entry out of the one that was booted, and writes nothing. */
	int (*make)(const struct sysfs_root *root, const char *parameters,
		struct oneshot_entry *ret, char *why);
	/* Has the loader take the entry of that id at the next boot; read back. */
	int (*choose)(const struct sysfs_root *root, const char *id, char *why);
	/* The id of the entry that the next boot takes once; "" for none, or if unknown. */
	void (*choice)(const struct sysfs_root *root, char *ret, size_t size);
	const char *mark; /* with which the ids of the entries of trials end */
	/* Takes the choice back, whatever it is. */
	int (*forget)(const struct sysfs_root *root, char *why);
	/* Removes all entries of trials; what is gone already is no error. */
	int (*remove)(const struct sysfs_root *root, char *why);
};

/* The one of the boot loader of that name, or NULL: it has no safe one. */
const struct oneshot *oneshot_find(const char *loader);

/* Writes the entry, and has the loader take it at the next boot; all of it, or nothing. */
int oneshot_arm(const struct oneshot *oneshot, const struct sysfs_root *root,
	const struct oneshot_entry *entry, char *why);

/*
 * Takes the choice back if it is still there; with @remove the entry too.  To be done at each
 * boot, whatever there is.
 */
int oneshot_disarm(const struct oneshot *oneshot, const struct sysfs_root *root,
	bool remove, char *why);

/* Whether the next boot takes an entry of a trial. */
bool oneshot_armed(const struct oneshot *oneshot, const struct sysfs_root *root);

/*
 * The id of the entry that somebody else has the loader take at the next boot, in @ret.  Whether
 * there is one: a trial would take its place.
 */
bool oneshot_is_foreign(const struct oneshot *oneshot, const struct sysfs_root *root,
	char *ret, size_t size);

/* The same as oneshot_armed(), by whatever loader. */
bool oneshot_any_armed(const struct sysfs_root *root);

/* Disarms all loaders, and removes the entries.  Returns the first error. */
int oneshot_disarm_all(const struct sysfs_root *root, char *why);

/*
 * For the loaders: runs a program of theirs on this machine; another one's tree is only read
 * (-EROFS).  0, or -errno with what it said in @why.
 */
int oneshot_run(const struct sysfs_root *root, const char *const argv[], char *why);

void oneshot_free(struct oneshot_entry *entry);

extern const struct oneshot oneshot_grub;
extern const struct oneshot oneshot_grub_bls;
extern const struct oneshot oneshot_sdboot;

#endif
