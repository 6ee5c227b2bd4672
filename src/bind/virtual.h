/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes virtual functions (SR-IOV). */
#ifndef VFIOBOOT_BIND_VIRTUAL_H
#define VFIOBOOT_BIND_VIRTUAL_H

#include "base/base.h"

#define VIRTUAL_MADE_MAX 256

/* The physical functions that have new virtual ones: made by one run, and not ended.  Starts as {0}. */
struct virtual_made {
	struct {
		struct pci_address physical;
		bool shut; /* other drivers are kept off */
	} list[VIRTUAL_MADE_MAX];
	unsigned n;
};

/*
 * Has the driver of @physical make @n virtual functions, in place of those that it has, which no driver
 * has, and notes it in @made; that waits for it.  Until virtual_end() only a driver that an override
 * names can have them.  Returns 0; -ENOENT when the driver makes none; or another -errno.
 */
int virtual_make(const struct root *root, struct virtual_made *made,
	struct pci_address physical, const char *n);

/* Whether those of @physical are new. */
bool virtual_is_new(const struct virtual_made *made, struct pci_address physical);

/* Lets other drivers have the new ones, too, in a child until @deadline.  @made is empty then. */
void virtual_end(const struct root *root, struct virtual_made *made, uint64_t deadline);

#endif
