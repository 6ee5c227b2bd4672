/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that a person names on the command line of `add`, found on the machine. */
#ifndef VFIOBOOT_DEVICES_H
#define VFIOBOOT_DEVICES_H

#include "cli.h"
#include "facts/facts.h"
#include "outlook/outlook.h"

/* Starts as {0}; devices_close() is to be called whatever happened. */
struct devices {
	struct root root;
	struct facts facts;
	struct config *config; /* in static storage */
	struct names *names;
	struct obstacles_host host; /* of the above */
	struct deviceset set;       /* what was named, and the rest of each device */
	bool only;                  /* not the rest of the device */
};

/* Opens the machine below @dir and reads what is to be known.  CLI_OK, or says why not. */
enum cli_exit devices_open(const char *dir, struct devices *devices);
void devices_close(struct devices *devices);

/*
 * Adds to the set what @operand names: a selector, or gpu:auto, nvme:auto, usb:auto, which
 * are the only such device that the host can spare.  CLI_OK, or says what is wrong.
 */
enum cli_exit devices_add(struct devices *devices, const char *operand);

/* What people call a function.  The text lasts until the next call. */
const char *devices_title(const struct devices *devices, const struct pcidev *dev);

#endif
