/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a running host uses: file systems, swap, the device to resume from, network interfaces
 * and consoles on serial lines, each with the PCI functions behind it.  The one tracer for the protect list
 * (protect_list.h), which keeps some of it, and for the usage (usage.h).
 */
#ifndef VFIOBOOT_IN_USE_H
#define VFIOBOOT_IN_USE_H

#include "backing.h"
#include "pcibus.h"

struct libmnt_table;

enum in_use_kind {
	IN_USE_MOUNT,  /* what: the mount point, once for each place it is mounted at */
	IN_USE_SWAP,   /* what: the device or file */
	IN_USE_RESUME, /* what: "resume" */
	IN_USE_ROUTE,  /* what: the interface of a default route */
	IN_USE_INTERFACE, /* what: another interface that is up (network.h) */
	IN_USE_CONSOLE,   /* what: the line, such as "ttyS4" */
};

enum in_use_weight {
	IN_USE_SPARED, /* the host runs without it */
	IN_USE_KEPT,   /* it must not be lost */
	IN_USE_NEEDED, /* the host does not come up without it */
};

struct in_use_thing {
	enum in_use_kind kind;
	enum in_use_weight weight;
	char *what;
	char *pool; /* the ZFS pool that it is in, or NULL */
	struct backing backing;
};

/* What the file system at @mount, an absolute path, is to the host. */
enum in_use_weight in_use_weigh_mount(const char *mount);

/* How much is traced; each includes those before it. */
enum in_use_extent {
	IN_USE_HOST,   /* what the host runs from, swap, and the device to resume from */
	IN_USE_ROUTES, /* and the interfaces of all default routes (IN_USE_KEPT) */
	IN_USE_ALL, /* and the other mounts, every interface that is up, and consoles */
	IN_USE_EXTENTS,
};

/* Starts as {.root = ..., .bus = ...}, both the caller's; for in_use_free() in any case. */
struct in_use {
	const struct root *root;
	const struct pcibus *bus;
	struct libmnt_table *mounts;
	struct in_use_thing *things; /* in the order in which they were traced */
	size_t n_things;
	unsigned traced; /* extents */
	int error;       /* of the extent that could not be traced; or 0 */
};

/*
 * Traces up to @extent what has not been traced yet.  Returns 0; -EHOSTUNREACH when the root
 * is not that of a running host but of a chroot or a container (nothing mounted at its root,
 * no proc, no sysfs); the error of the bus, when some function can't be read and may be
 * anything; or another -errno.
 */
int in_use_trace(struct in_use *in_use, enum in_use_extent extent);

/* On which kind of functions a part of a thing may be that could not be traced to one. */
enum in_use_carrier { IN_USE_STORAGE, IN_USE_NETWORK };

/*
 * Whether the thing may be on the function, by its class.  What the host does not come up
 * without is not only looked for where the class says network: a network card may be on USB.
 */
bool in_use_may_be_on(const struct in_use_thing *thing, enum in_use_carrier carrier,
	const struct pcidev *dev);

/* The function whose sysfs directory is @directory, or NULL. */
const struct pcibus_function *in_use_function(
	const struct in_use *in_use, const char *directory);

/* Whether a thing that was traced is on one of the @disks of a backing. */
bool in_use_has_disks(const struct in_use *in_use, const struct file_names *disks);

void in_use_free(struct in_use *in_use);

#endif
