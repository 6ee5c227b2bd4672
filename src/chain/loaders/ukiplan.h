/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be done so that the unified kernel images are as the menu shall be; nothing is yet. */
#ifndef VFIOBOOT_UKIPLAN_H
#define VFIOBOOT_UKIPLAN_H

#include <limits.h>

#include "chain/bootmenu.h"
#include "ukikeys.h"
#include "ukimenu.h"

enum ukiplan_kind {
	UKIPLAN_DELETE, /* the image is one of ours that has to go */
	UKIPLAN_REPAIR, /* the normal image is made anew, of itself */
	UKIPLAN_COPY,   /* of the normal image one for the entry is made */
};

struct ukiplan_step {
	enum ukiplan_kind kind;
	const struct uki *image;
	const struct bootentry *entry;
};

/* Starts as {0}. */
struct ukiplan {
	struct ukis images;
	struct ukikeys keys;
	const char *ukify;          /* the program; NULL: there is none */
	struct ukiplan_step *steps; /* in the order in which they are done */
	size_t n;
};

/* What keeps us from making another image out of one; a person can, by hand. */
enum ukiplan_obstacle {
	UKIPLAN_NO_UKIFY = 1 << 0,
	UKIPLAN_NO_KEYS = 1 << 1,         /* it is signed for Secure Boot */
	UKIPLAN_NO_MEASURE_KEYS = 1 << 2, /* its measurements are signed */
	UKIPLAN_UNKNOWN_SECTION = 1 << 3, /* uki.parts.unknown would be lost */
};

/*
 * Reads the images, the keys and where ukify is.  Returns 0; -EREMOTEIO with the problem in
 * @change; or another -errno.  ukiplan_free(@ret) in each case.
 */
int ukiplan_look(const struct sysfs_root *root, struct bootmenu_change *change,
	struct ukiplan *ret);

/*
 * Finds the steps for the entries @wanted, too.  A normal image of which no other can be made
 * stops all of it; in an update, and when all of ours go, it is skipped with a warning.
 * Returns as above; or -EOPNOTSUPP when a person has to make them.
 */
int ukiplan_make(const struct sysfs_root *root, const struct bootentries *wanted,
	struct bootmenu_change *change, struct ukiplan *ret);

void ukiplan_free(struct ukiplan *plan);

/* The obstacles for the image, 0 for none. */
unsigned ukiplan_obstacles(const struct ukiplan *plan, const struct uki *image);

/* The name of the file that the step makes or deletes. */
void ukiplan_name(const struct ukiplan_step *step, char ret[static NAME_MAX + 1]);

/* The command line of the copy of @original for @entry, for free(); NULL without memory. */
char *ukiplan_cmdline(const struct uki *original, const struct bootentry *entry);

/* Whether there is that copy, made of the image as it is now.  1, 0, or -ENOMEM. */
int ukiplan_is_fresh(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry);

#endif
