/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot explain` has gathered, and how it tells people of a function. */
#ifndef VFIOBOOT_EXPLAIN_H
#define VFIOBOOT_EXPLAIN_H

#include "outlook/outlook.h"

struct explain {
	struct sysfs_root root;
	struct nextboot *next;
	struct inventory inventory;
	struct bootstate boot;
};

/* The driver_override of a function, "" when none is set or it can't be read. */
void explain_read_override(const struct explain *explain,
	const struct inventory_function *function, char ret[static SYSFS_DRIVER_SIZE]);

/* The section that names the function, active or not; NULL for none. */
const struct config_section *explain_find_section(
	const struct explain *explain, const struct inventory_function *function);

/* Prints the paragraph of a function. */
void explain_print(
	const struct explain *explain, const struct inventory_function *function);

#endif
