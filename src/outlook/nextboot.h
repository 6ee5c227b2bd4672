/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the next boot of a machine will do: its configuration, its command line and its
 * functions, and the plan that the planner of the early program makes of them.
 */
#ifndef VFIOBOOT_NEXTBOOT_H
#define VFIOBOOT_NEXTBOOT_H

#include "decide/decide.h"

/* Large: belongs into static storage. */
struct nextboot {
	struct config config;
	struct protect_list protect;
	bool protect_traced; /* of this host as it runs; else what its files say */
	struct machine machine;
	struct plan plan;
};

/*
 * Reads the configuration of the machine at @root, and the vfioboot.* parameters of
 * @cmdline, or with NULL of the command line that it was booted with.  The protect list is
 * traced as apply would do it; where that can't be done (a tree that is no whole machine),
 * the list in its files counts.  Adds to *@ret, which starts as {0} or has already what is
 * to be added to the configuration (config_read_file()).
 *
 * Returns 0, or -errno when the PCI functions can't be read: the rest is there then.
 */
int nextboot_read(
	const struct sysfs_root *root, const char *cmdline, struct nextboot *ret);

/* The plan's entry of the function at @address, or NULL. */
const struct plan_entry *nextboot_find(
	const struct nextboot *next, struct pci_address address);

/*
 * The entry of the protect list for the function, which keeps it for the host; NULL: none.
 * Displays are listed too, and only the last of them is kept.
 */
const struct protect_entry *nextboot_protected(
	const struct nextboot *next, const struct pcidev *dev);

#endif
