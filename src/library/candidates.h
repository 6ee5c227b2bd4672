/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of which one may be chosen. */
#ifndef VFIOBOOT_LIBRARY_CANDIDATES_H
#define VFIOBOOT_LIBRARY_CANDIDATES_H

#include "outlook/outlook.h"

/* Of which machine, and what is allowed. */
struct candidates_of {
	const struct obstacles_host *host;
	const struct obstacles_allowed *allow;
	bool only; /* not the rest of the card */
};

/* A device that might be chosen, and what is against it. */
struct candidate {
	const struct pcibus_function *function;
	struct offer offer; /* that is settled */
	bool spare;         /* nothing is, by candidates_weigh() */
};

/* Starts as {0}, for candidates_free(). */
struct candidates {
	struct candidate *list;
	size_t n, spare; /* how many, and how many of them can be spared */
};

/* Finds those whose first function @is_meant, in the order of their addresses.  0 or -errno. */
int candidates_find(const struct candidates_of *of,
	bool (*is_meant)(const void *data, const struct pcibus_function *function),
	const void *data, struct candidates *ret);

/*
 * Finds out which of them the host can spare: those that `add` takes, and of whose first function
 * there is nothing to be told.  Where one cannot be, its offer has the obstacles; with none of
 * them it has no path of its own.  0 or -errno.
 */
int candidates_weigh(const struct candidates_of *of, struct candidates *candidates);
void candidates_free(struct candidates *candidates);

#endif
