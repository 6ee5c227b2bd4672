/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hand-over is asked for with. */
#ifndef VFIOBOOT_HANDOVER_REQUEST_H
#define VFIOBOOT_HANDOVER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds that a release waits at most for the end of a guest, as that of a timer does: a week. */
#define HANDOVER_GUEST_MAX 604800

/* What is asked for; all of it the caller's, until handover_free(). */
struct handover_request {
	/* A section of the configuration; of a release, a set that was handed over. */
	const char *set;
	const char *
		guest; /* that is given the set, as libvirt calls it; NULL: a person asks */
	bool stop_session; /* what shows or plays something on the device may be stopped */
	unsigned wait_s;   /* for how long to wait until nobody has the device open */
	uint64_t back_after_s; /* when a timer releases the set; 0: never */
	const char *program;   /* vfioboot's path, for that */
};

#endif
