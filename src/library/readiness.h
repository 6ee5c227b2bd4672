/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a machine, and devices of it, are ready. */
#ifndef VFIOBOOT_LIBRARY_READINESS_H
#define VFIOBOOT_LIBRARY_READINESS_H

#include "machine.h"
#include "points.h"

/* As vfioboot_check(), and adds to @points; of the functions the machine needs no more than the plan. */
int readiness_check(struct vfioboot_machine *machine, const char *const *devices,
	size_t n, struct vfioboot_points *points);

#endif
