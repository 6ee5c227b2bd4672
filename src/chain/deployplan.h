/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the makers of a list of steps share: apply's and undo's (deploy.h). */
#ifndef VFIOBOOT_DEPLOYPLAN_H
#define VFIOBOOT_DEPLOYPLAN_H

#include "deploy.h"

/* Adds a step with copies of the two names.  NULL without memory. */
struct deploy_step *deployplan_add(struct deploy *deploy, enum deploy_kind kind,
	const char *kernel, const char *path, const char *other);

/* No loader's pattern matches these: all begin with the name of an image, not with a dot. */
#define DEPLOYPLAN_KEPT ".vfioboot-kept."
#define DEPLOYPLAN_NEW  ".vfioboot-new."

/* DIRECTORY/MARKNAME of DIRECTORY/NAME, for free().  NULL without memory. */
char *deployplan_beside(const char *path, const char *mark);

/* Adds the steps that clear up behind one that was killed. */
int deployplan_add_leftovers(struct deploy *deploy);

/* Adds the steps that make each image anew which is not fresh. */
int deployplan_add_images(struct deploy *deploy);

#endif
