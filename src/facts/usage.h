/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host uses its PCI functions for, at this moment: every mounted file system,
 * swap, the device to resume from, and every network interface that is up.
 */
#ifndef VFIOBOOT_USAGE_H
#define VFIOBOOT_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "pcibus.h"

enum usage_kind {
	USAGE_MOUNT,     /* what: the mount point, once for each place it is mounted at */
	USAGE_SWAP,      /* what: the device or file */
	USAGE_RESUME,    /* what: "resume" */
	USAGE_ROUTE,     /* what: the interface of a default route */
	USAGE_INTERFACE, /* what: another interface that is up (network.h) */
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
 * Traces everything below @root, whose functions are @bus (NULL: they are read), into *@ret, for usage_free().  Returns 0; -EHOSTUNREACH as
 * protect_trace(), so that nothing can be told; or another -errno.
 *
 * Of what is put together from other mounts (overlays of containers, loop devices, FUSE)
 * those are told, unless the host runs from it.  What can't be traced, such as a ZFS pool
 * of another machine, is untraced on every mass-storage function; what is on another
 * machine, on every network function.
 */
int usage_trace(
	const struct sysfs_root *root, const struct pcibus *bus, struct usage *ret);

void usage_free(struct usage *usage);

/* The first entry of the function at @address, the others follow; NULL for none. */
const struct usage_entry *usage_find(
	const struct usage *usage, struct pci_address address);

#endif
