/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host uses its PCI functions for, at this moment: every mounted file system,
 * swap, the device to resume from, and every network interface that is up.
 */
#ifndef VFIOBOOT_USAGE_H
#define VFIOBOOT_USAGE_H

#include "in_use.h"

struct usage_entry {
	struct pci_address address;
	enum in_use_kind kind;
	char *what;
	bool untraced; /* it may be on this function, or on another one like it */
};

/* Sorted by address, then kind, then text; none twice. */
struct usage {
	struct usage_entry *entries;
	size_t n;
};

/*
 * Traces all that is in use into *@ret, for usage_free().  Returns 0, or the error of
 * in_use_trace(), after which nothing is known.
 *
 * Of what is put together from other mounts (overlays of containers, loop devices, FUSE)
 * those are listed, unless the host runs from it.  What cannot be traced, such as a ZFS pool
 * of another machine, is untraced on every function that may carry storage; what is on
 * another machine, on every one that may carry a network.
 */
int usage_read(struct in_use *in_use, struct usage *ret);

void usage_free(struct usage *usage);

/* The first entry of the function at @address, the others follow; NULL for none. */
const struct usage_entry *usage_find(
	const struct usage *usage, struct pci_address address);

/* "carries", or "may carry" where that is not known. */
const char *usage_verb(const struct usage_entry *entry);

/* What it is, as the end of a sentence that begins with the function: "carries /data". */
void usage_text(const struct usage_entry *entry, char *ret, size_t size);

#endif
