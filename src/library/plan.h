/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the next boot does with each function that a section names, in words. */
#ifndef VFIOBOOT_LIBRARY_PLAN_H
#define VFIOBOOT_LIBRARY_PLAN_H

#include "bind/bind.h"
#include "machine.h"
#include "points.h"
#include "sections.h"

struct vfioboot_setting {
	struct record_step of;
};

struct vfioboot_entry {
	const struct nextboot *next;
	const struct plan_entry *of;
	const struct pcidev *dev; /* NULL: no function matches the section */
	char address[PCI_ADDRESS_SIZE], path[PCI_PATH_SIZE], id[FUNCTION_ID_SIZE];
	char *name;                        /* NULL: the same */
	char *remark;                      /* "": it is bound in the initramfs */
	struct vfioboot_setting *settings; /* as the running kernel would take them */
	unsigned n_settings;
};

/* Starts as {0}, for plan_clear(). */
struct vfioboot_plan {
	struct nextboot *own; /* NULL: the machine's */
	struct vfioboot_entry *entries;
	size_t n;
	struct vfioboot_points errors;
};

/* Describes the plans of @next, which has to last as long, at @root.  Returns 0, or -ENOMEM. */
int plan_describe(
	const struct root *root, const struct nextboot *next, struct vfioboot_plan *ret);
void plan_clear(struct vfioboot_plan *plan);

#endif
