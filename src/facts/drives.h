/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drives behind the functions, and what is on those that the host does not use: data that a
 * guest gets with the drive.  What is mounted or swapped to is in usage.h.
 */
#ifndef VFIOBOOT_DRIVES_H
#define VFIOBOOT_DRIVES_H

#include "in_use.h"
#include "signature.h"

enum drives_state {
	DRIVES_EMPTY,   /* there is nothing to say of it */
	DRIVES_SILENT,  /* udev says nothing of it: drives_look() tells */
	DRIVES_DATA,    /* has a signature, or partitions */
	DRIVES_UNKNOWN, /* cannot be read */
};

/*
 * A drive, a partition of it, or what multipath makes of the paths to one, and its partitions; or what
 * is made of any of these (LVM, LUKS, RAID), whose data is told of by what it is made of.
 */
struct drives_device {
	char *node;  /* its path in full, that of "nvme1n1p2" or "mapper/data" */
	char *whole; /* the sysfs directory of the drive that it is a part of */
	bool part;   /* it is not all of that */
	bool made;   /* of others */
	dev_t number;
	struct backing backing; /* which functions it goes with */
	struct signature signature;
	enum drives_state state;
	char *others; /* nodes of the same pool, array or file system on other drives; NULL: none */
};

struct drives {
	struct drives_device *list; /* in the order of their names */
	size_t n;
};

/*
 * Lists them for drives_free(), as udev knows them; those that are used by @in_use, as far as that
 * is traced, have nothing to say.  No device is opened.  Returns 0, or -errno.
 */
int drives_read(const struct root *root, const struct in_use *in_use, struct drives *ret);

void drives_free(struct drives *drives);

/*
 * The next one with something to say of the function, or of DRIVES_SILENT; @after NULL: the first
 * one.  NULL: there is no other.
 */
struct drives_device *drives_next(const struct drives *drives,
	struct pci_address function, const struct drives_device *after);

/*
 * What of the function's drives, or of what is made of them, fstab(5) calls @spec, a node, a link that
 * udev made, or a tag such as "UUID=..."; what the host uses, too.  NULL: nothing.
 */
const struct drives_device *drives_find_named(
	const struct drives *drives, struct pci_address function, const char *spec);

/*
 * Reads what udev says nothing of.  What cannot be read is empty where udev was there and this
 * program may not, or the drive has no medium.  Returns 0, or -ENOMEM.
 */
int drives_look(const struct root *root, struct drives_device *device);

/* "/dev/nvme1n1p2 (ext4 file system 'backup')" */
void drives_text(const struct drives_device *device, char *ret, size_t size);

/* "has data:", or "may have data:" of what cannot be read. */
const char *drives_verb(const struct drives_device *device);

#endif
