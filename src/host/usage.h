/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host uses its PCI functions for, at this moment: every mounted file system,
 * swap, the device to resume from, and every network interface that is up.
 */
#ifndef VFIOBOOT_USAGE_H
#define VFIOBOOT_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "../core/pciname.h"
#include "../core/sysfsroot.h"

enum usage_kind {
	USAGE_MOUNT,     /* what: the mount point */
	USAGE_SWAP,      /* what: the device or file */
	USAGE_RESUME,    /* what: "resume" */
	USAGE_ROUTE,     /* what: the interface of a default route */
	USAGE_INTERFACE, /* what: another interface that is up */
};

struct usage_entry {
	struct pci_address address;
	enum usage_kind kind;
	char *what;
	bool untraced; /* it may be on this function, or on another one of its class */
};

/* Sorted by address, then kind, then text; none twice. */
struct usage {
	struct usage_entry *entries;
	size_t n;
};

/*
 * Traces everything below @root into *@ret, for usage_free().  Returns 0; -EHOSTUNREACH as
 * protect_trace(), so that nothing can be told; or another -errno.
 */
int usage_trace(const struct sysfs_root *root, struct usage *ret);

void usage_free(struct usage *usage);

/* The first entry of the function at @address, the others follow; NULL for none. */
const struct usage_entry *usage_find(
	const struct usage *usage, struct pci_address address);

#endif
