/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a running host uses, each thing with what stands behind it: the one tracer for the
 * protect list (protect.h), which keeps some of it, and for the usage (usage.h).
 */
#ifndef VFIOBOOT_INUSE_H
#define VFIOBOOT_INUSE_H

#include "backing.h"
#include "mounts.h"
#include "pcibus.h"
#include "usage.h"

enum inuse_weight {
	INUSE_ASIDE,  /* the host runs without it */
	INUSE_KEPT,   /* it is not to be lost */
	INUSE_NEEDED, /* the host does not come up without it */
};

struct inuse_thing {
	enum usage_kind kind;
	enum inuse_weight weight;
	char *what; /* as in struct usage_entry */
	char *pool; /* of ZFS, that it is in; else NULL */
	struct backing backing;
};

/* Starts as {.root = ..., .bus = ...}; inuse_free() is to be called whatever happened. */
struct inuse {
	const struct sysfs_root *root;
	const struct pcibus *bus; /* the caller's; NULL: it is read, into the next one */
	struct pcibus own_bus;
	struct libmnt_table *mounts;
	struct inuse_thing *things; /* in the order in which they were traced */
	size_t n_things;
};

/*
 * Traces what the host does not come up without or is not to lose: what it runs from, swap, and the device to resume from.  To be called first.
 * Returns 0; -EHOSTUNREACH when the root is not that of a running host but of a chroot or
 * a container (nothing mounted at its root, no proc, no sysfs); the error of the bus, on which
 * a function may be anything; or another -errno.
 */
int inuse_trace_kept(struct inuse *inuse);

/*
 * Trace the other mounts, and the network: interfaces of default routes (all of them,
 * INUSE_KEPT) and, with @all, others that are up.  Return 0, or -errno.
 */
int inuse_trace_other_mounts(struct inuse *inuse);
int inuse_trace_network(struct inuse *inuse, bool all);

/* The function whose sysfs directory is @directory, or NULL. */
const struct pcibus_function *inuse_function(
	const struct inuse *inuse, const char *directory);

void inuse_free(struct inuse *inuse);

#endif
