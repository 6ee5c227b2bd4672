/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of what was found: of the checks, of obstacles, of the errors of a configuration. */
#ifndef VFIOBOOT_LIBRARY_POINTS_H
#define VFIOBOOT_LIBRARY_POINTS_H

#include "check/check.h"
#include "export.h"

struct vfioboot_point {
	enum vfioboot_level level;
	const char *code;  /* a word that lasts for ever */
	const char *theme; /* heading of several points, which lasts for ever; "": none */
	char *subject, *text, *remedy; /* subject and remedy "": none */
};

/* Starts as {0}, for points_clear(). */
struct vfioboot_points {
	struct vfioboot_point *list;
	size_t n;
};

/* Adds a point with copies of the texts; a subject or remedy may be "".  Returns 0, or -ENOMEM. */
int points_add(struct vfioboot_points *points, enum vfioboot_level level,
	const char *code, const char *subject, const char *text, const char *remedy);

/* Adds those of a list of checks, and the texts go over.  Returns 0, or -ENOMEM. */
int points_take_checks(struct vfioboot_points *points, struct check_list *checks);

/* Adds the errors of a configuration.  Returns 0, or -ENOMEM. */
int points_add_errors(struct vfioboot_points *points, const struct config *config);

void points_clear(struct vfioboot_points *points);

/* A list of the heap with the points of @points, which is empty then.  Returns 0, or -ENOMEM. */
int points_hand_over(struct vfioboot_points *points, struct vfioboot_points **ret);

#endif
