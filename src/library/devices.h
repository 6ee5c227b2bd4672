/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that a person names, as for `add`: which functions are meant, and what is against them. */
#ifndef VFIOBOOT_LIBRARY_DEVICES_H
#define VFIOBOOT_LIBRARY_DEVICES_H

#include "outlook/outlook.h"

/* Starts as {0}; devices_close() is to be called whatever happened. */
struct devices {
	struct facts *facts;
	struct config *config;
	struct names *names;
	struct obstacles_host host; /* of the above */
	const struct obstacles_allowed *allow;
	struct offer offer; /* its set: what was named, and the rest of each card */
	bool only;          /* not the rest of the card */
	bool sets; /* who names devices may name a device set, too: messages say so */
	/* A driver of vfio that fits some of the functions best and not all; "": there is none. */
	char other_driver[CONFIG_DRIVER_SIZE];
	/* What could have been meant, when that is not clear: a line each, for people; or NULL. */
	char *choices;
	/* What is to be written before; @host has it. */
	struct obstacles_dropin *planned;
	size_t n_planned;
};

/*
 * Reads what is to be known of the machine of @facts, called @directory in messages; errors of the
 * configuration are in it.  Returns 0, or -errno with a message.
 */
int devices_read(struct facts *facts, const char *directory, struct devices *devices,
	struct message *message);
void devices_close(struct devices *devices);

/*
 * Adds to the set what @operand names: a selector, or gpu:auto, nvme:auto, usb:auto, which are the
 * only such device that the host can spare.  Returns 0; or with a message -EINVAL: it is no name;
 * -ENXIO: there is no such device; -EBUSY: the host can spare none; -ENOTUNIQ: there are several; of
 * these two @devices has the choices; or another -errno.
 */
int devices_find(struct devices *devices, const char *operand, struct message *message);

/* Adds each function that @list, selectors with commas between, names, and nothing with it. */
int devices_find_each(struct devices *devices, const char *list, struct message *message);

/* Settles the offer of all that was found (offer_settle()), @operand being the first.  The same. */
int devices_settle(struct devices *devices, const char *operand, struct message *message);

/*
 * Gives an offer that is settled and has a name its driver, what its functions are called, and its
 * obstacles (offer_weigh()).  Returns 0; -EINVAL: a function has no path of its own; or another
 * -errno, with a message.
 */
int devices_judge(struct devices *devices, struct offer *offer, struct message *message);

/* Forgets what is to be written before. */
void devices_forget_planned(struct devices *devices);

#endif
