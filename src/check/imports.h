/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which installed devices the leftovers of other ways (facts/leftovers.h) match, item by item: an id, an
 * address, a script.  What becomes of a card that is meant is for `import` (outlook/offer.h).
 */
#ifndef VFIOBOOT_CHECK_IMPORTS_H
#define VFIOBOOT_CHECK_IMPORTS_H

#include "outlook/outlook.h"

enum import_state {
	IMPORT_MEANT,      /* its functions can get a section */
	IMPORT_CONFIGURED, /* a section has what it names */
	IMPORT_ABSENT,     /* nothing that it names is here */
	IMPORT_BRIDGE,     /* it is a bridge, which no guest can have */
	IMPORT_SEVERAL, /* it fits several cards, and nothing says which of them is meant */
	IMPORT_DRIVER, /* it gives the device to a driver that keeps it for the host */
	IMPORT_GUEST,  /* it binds when a guest starts, and not at boot */
};

struct import {
	const struct leftover *leftover;
	char *what; /* the id or address; of what names devices in its own way "" */
	enum import_state state;
	const struct pcibus_function *
		*functions; /* of the facts: that it names, in their order */
	size_t n;
};

struct imports {
	struct leftovers leftovers;
	struct import *list;
	size_t n;
};

/*
 * Finds them for imports_free(): in files, on the command lines of this boot and of @next, and where
 * this machine keeps parameters for good.  An id that fits several cards means all of them if all
 * have a driver of vfio now, else those that another item means.  Returns 0, or -ENOMEM.
 */
int imports_find(struct facts *facts, const struct nextboot *next, struct imports *ret);
void imports_free(struct imports *imports);

/* Whether an item means the function. */
bool imports_mean(const struct imports *imports, const struct pcibus_function *function);

/* Where it is: "FILE:LINE", "FILE", or "kernel command line". */
void import_place(
	const struct root *root, const struct import *import, char *ret, size_t size);

#endif
