/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unified kernel images of a machine, which a boot loader shows as one entry each. */
#ifndef VFIOBOOT_UKIMENU_H
#define VFIOBOOT_UKIMENU_H

#include <time.h>

#include "../../core/sysfsroot.h"
#include "bootentry.h"

struct uki {
	char *directory; /* absolute, below the root */
	char *name;      /* of the file, with ".efi" */
	char *cmdline, *version, *title;
	char id[BOOTENTRY_ID_SIZE]; /* of ours: of the struct bootentry; "": an original */
	struct timespec changed;
	bool needs_keys; /* signed, or with signed measurements */
};

/* Starts as {0}. */
struct ukis {
	struct uki *images;
	size_t n;
};

/*
 * Reads the images of this machine in EFI/Linux, those of other systems left out.  Ours are
 * told by their name and their command line.  0 or -errno.
 */
int ukis_read(const struct sysfs_root *root, struct ukis *ret);
void ukis_free(struct ukis *images);

/* The name of the file of @original's copy for @entry, in @ret. */
void uki_copy_name(const struct uki *original, const struct bootentry *entry, char *ret,
	size_t size);

/* The copy of @original for @entry that there is, or NULL. */
const struct uki *uki_find_copy(const struct ukis *images, const struct uki *original,
	const struct bootentry *entry);

#endif
