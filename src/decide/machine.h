/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of a machine that the configuration speaks of.  Only what it names is
 * looked up, so that thousands of other functions cost nothing; the whole bus is read for a
 * section without a place, for a device to follow, and to find the displays that stay.
 */
#ifndef VFIOBOOT_MACHINE_H
#define VFIOBOOT_MACHINE_H

#include "config.h"
#include "identity.h"
#include "pcidev.h"
#include "protect.h"

#define MACHINE_FUNCTIONS_MAX 8192

struct machine {
	unsigned n_functions;
	bool whole;     /* all functions are there */
	bool truncated; /* the machine has more than fit */
	/*
	 * It is looked at for a boot to come, which starts with native drivers: which driver has a
	 * function now says nothing of that.  The caller sets it.
	 */
	bool next_boot;
	/*
	 * Gives what was read of a function before, or NULL: then it is read.  A host's bus is read
	 * once, so that all that a command says is of the same moment.  The caller sets it, or not.
	 */
	const struct pcidev *(*known)(const void *bus, struct pci_address address);
	const void *bus;                             /* for it */
	enum identity identity[CONFIG_SECTIONS_MAX]; /* of what is at a section's place */
	struct pcidev functions[MACHINE_FUNCTIONS_MAX];
};

/*
 * Looks up what the active sections of @config need, and notes in @protect which of its
 * entries are missing.  @ret starts empty, in static storage; what it has from another call stays, and
 * may get another place.  Returns 0, or -errno when the
 * bus can't be read at all; a function that vanishes meanwhile is left out.
 */
int machine_look_up(const struct root *root, const struct config *config,
	struct protect_list *protect, struct machine *ret);

#endif
