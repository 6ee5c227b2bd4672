/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people call a PCI function: by the hardware database of udev (hwdb(7), made of
 * pci.ids), and where it knows nothing by its class.
 */
#ifndef VFIOBOOT_NAMES_H
#define VFIOBOOT_NAMES_H

#include "base/base.h"

struct names;

/* Texts are "" when the database has none. */
struct function_name {
	char name[128]; /* short, and never "": "NVIDIA GeForce RTX 3080" */
	char vendor[128];
	char model[192];
};

/*
 * Opens the database of this machine, whichever one is looked at, for names_close().
 * Without one all names are made of the class.  Returns 0, or -ENOMEM.
 */
int names_open(struct names **ret);
void names_close(struct names **names);

void names_look_up(
	struct names *names, const struct pci_ids *ids, struct function_name *ret);

/*
 * The short name of what the database calls @vendor and @model ("" for unknown), of a
 * function of the @class, in @ret_name.  Pure.
 */
void names_make(const char *vendor, const char *model, uint32_t class, char *ret_name,
	size_t size);

/* What a class is to people: "graphics card", "NVMe drive"; "device" when not known. */
const char *names_type(uint32_t class);

#endif
