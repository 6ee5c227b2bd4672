/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why `add` refuses a device set, and what to do about it, in words. */
#ifndef VFIOBOOT_LIBRARY_OBSTACLE_TEXT_H
#define VFIOBOOT_LIBRARY_OBSTACLE_TEXT_H

#include "outlook/outlook.h"
#include "points.h"

#define OBSTACLE_TEXT_SIZE 512

/*
 * What an obstacle is, as the end of a sentence that begins with the function: "carries
 * /data".  @config is that of the machine.
 */
void obstacle_text(const struct config *config, const struct obstacle *obstacle,
	char ret[static OBSTACLE_TEXT_SIZE]);

/*
 * The first reason to refuse an offer that was weighed, as a whole sentence without full stop:
 * "0000:01:00.0 carries /data".
 */
void obstacle_reason(const struct config *config, const struct offer *offer,
	char ret[static OBSTACLE_TEXT_SIZE]);

/* What can be done about the obstacle; "": its text says it, or nothing can. */
void obstacle_remedy(const struct obstacles_host *host, const struct obstacle *obstacle,
	char ret[static OBSTACLE_TEXT_SIZE]);

/*
 * Adds a point for each obstacle of an offer that was weighed: VFIOBOOT_FAIL if it is a reason to
 * refuse, else VFIOBOOT_NOTE.  @operands: what was asked for, to propose more.  Returns 0, or -errno.
 */
int obstacle_points(const struct obstacles_host *host,
	const struct obstacles_allowed *allow, const struct offer *offer,
	const char *const *operands, int n_operands, struct vfioboot_points *points);

#endif
