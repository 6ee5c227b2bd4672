/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unified kernel images of a machine, which a boot loader shows as one entry each. */
#ifndef VFIOBOOT_UKIMENU_H
#define VFIOBOOT_UKIMENU_H

#include <limits.h>
#include <time.h>

#include "base/base.h"
#include "chain/bootentry.h"
#include "ukiparts.h"

struct uki {
	char *directory; /* absolute, below the root */
	char *name;      /* of the file, with ".efi" */
	char *cmdline, *version, *title;
	char *osrel;                /* os-release(5) of its system */
	char id[BOOTENTRY_ID_SIZE]; /* of ours: of the struct bootentry; "": an original */
	struct timespec changed;
	uint64_t size; /* of the file */
	struct ukiparts parts;
	bool is_signed, has_signed_measurements;
	bool leaks;   /* set by ukiplan.h: @cmdline is what it should have inside */
	bool skipped; /* set by ukiplan.h: what is wrong with it has been said */
};

/* Starts as {0}. */
struct ukis {
	struct uki *images;
	size_t n;
	const char *failed; /* the directory that can't be read */
};

/*
 * Reads the images of this machine in EFI/Linux, those of other systems left out.  Ours are
 * told by the mark of ukiosrel.h.  0; or -errno, with the directory in @ret->failed.
 */
int ukis_read(const struct sysfs_root *root, struct ukis *ret);
void ukis_free(struct ukis *images);

/*
 * The name of the file of @original's copy for @entry, in @ret; with NULL that of @original, as
 * systemd-boot has it, without a count of tries.
 */
void uki_id(const struct uki *original, const struct bootentry *entry, char *ret,
	size_t size);

/* The copy of @original for @entry that there is, or NULL. */
const struct uki *uki_find_copy(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry);

/* What has the name of that copy, and is none of ours; or NULL. */
struct uki *uki_find_rival(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry);

/*
 * The name that an image has in @directory while it is made, which no loader shows; and the
 * paths of all that a run which was killed has left so, in @ret.  0 or -errno.
 */
void uki_temporary(const char *directory, const char *name, char ret[static PATH_MAX]);
int ukis_read_left(const struct sysfs_root *root, struct hostfile_names *ret);

#endif
