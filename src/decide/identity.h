/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the device at a place is still the one that a section was written for, where the place
 * itself may have got the number of another one.
 */
#ifndef VFIOBOOT_IDENTITY_H
#define VFIOBOOT_IDENTITY_H

#include "config.h"

enum __attribute__((packed)) identity {
	IDENTITY_UNKNOWN, /* nothing that the section says can be compared */
	IDENTITY_SAME,    /* what can be compared is as the section says */
	IDENTITY_OTHER,   /* something is not */
};

/* Whether the section says anything that could be compared. */
bool identity_is_said(const struct config_section *section);

/* Compares what the kernel shows of a function with the keys of the section. */
enum identity identity_compare(const struct root *root,
	const struct config_section *section, struct pci_address address);

/*
 * Adds what the kernel shows of a function to the lists @ret, as a section has them: none twice,
 * and what does not fit or has a comma not at all.
 */
void identity_add(const struct root *root, struct pci_address address,
	char ret[static SYSFS_IDENTITIES][SYSFS_IDENTITY_SIZE]);

#endif
