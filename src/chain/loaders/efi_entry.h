/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the firmware starts: its own boot entries, which are variables (UEFI 2.10, 3.1.3 "Load
 * Options" and 10.3 "Device Path Nodes").
 */
#ifndef VFIOBOOT_EFI_ENTRY_H
#define VFIOBOOT_EFI_ENTRY_H

#include "base/base.h"

#define EFI_ENTRIES_MAX 64
#define EFI_UUID_SIZE   37

struct efi_entry {
	unsigned number; /* of its variable */
	char path[256];  /* of the program, from the partition's root, with '/'; or "" */
	char partition[EFI_UUID_SIZE]; /* PARTUUID in lower case; "": not said */
	bool active;
};

/* The entry of that number.  0 or -errno. */
int efi_entry_read(const struct root *root, unsigned number, struct efi_entry *ret);

/* The one by which this boot was started.  0 or -errno. */
int efi_entry_current(const struct root *root, struct efi_entry *ret);

/*
 * The one that starts at the next boot, once (BootNext).  0 or -errno; -ENOENT: none is chosen, or
 * there are no such variables.
 */
int efi_entry_next(const struct root *root, struct efi_entry *ret);

/*
 * The one that starts when nobody chooses: the first of BootOrder that is active.  What stands before
 * that of this boot and names no program, as for a drive or the network, or one that is gone, with its drive or
 * from it, was passed over and is again.  @ret_other: it is not the one of this boot, of which the variables of a loader tell.
 * 0; -ENOENT: there are no such variables; or another -errno: what it is cannot be read.
 */
int efi_entry_default(const struct root *root, struct efi_entry *ret, bool *ret_other);

/* Whether they start the same program: one entry does, and two that name one, on one partition. */
bool efi_entry_is(const struct efi_entry *a, const struct efi_entry *b);

/* The numbers of BootOrder, the first of which starts next; how many there are. */
size_t efi_entry_order(const struct root *root, unsigned ret[static EFI_ENTRIES_MAX]);

#endif
