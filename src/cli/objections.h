/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What speaks against adding a device set, said with what can be done about it. */
#ifndef VFIOBOOT_OBJECTIONS_H
#define VFIOBOOT_OBJECTIONS_H

#include "devices.h"
#include "outlook/outlook.h"

/* What a person takes upon himself. */
struct objections_allowed {
	bool mounted;       /* what is mounted or open, and not what the host runs from */
	bool network;       /* interfaces that are up */
	bool last_display;  /* the host will have no display */
	bool partial_group; /* the host keeps functions of the group */
};

struct objections {
	const struct devices *devices;
	const struct costs *costs;
	const struct rehearsal *rehearsal;
	struct objections_allowed allow;
	char **operands; /* what was asked for, to propose more */
	int n_operands;
};

/*
 * Says each of them on stderr, and as warnings what the device set costs all the same.
 * Returns whether one of them stands.
 */
bool objections_say(const struct objections *objections);

#endif
