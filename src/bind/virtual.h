/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes virtual functions (SR-IOV). */
#ifndef VFIOBOOT_BIND_VIRTUAL_H
#define VFIOBOOT_BIND_VIRTUAL_H

#include "base/base.h"

/*
 * Has the driver of @physical make @n virtual functions, in place of those that it has, which no driver
 * has; that waits for it.  Until virtual_end() only a driver that an override names can have them.
 * Returns 0; -ENOENT when the driver makes none; or another -errno.
 */
int virtual_make(const struct root *root, struct pci_address physical, const char *n);

/* Whether those of @physical are new: made since the last virtual_end(); those of any. */
bool virtual_is_new(struct pci_address physical);
bool virtual_any_new(void);

/* Lets other drivers have the new ones, too, in a child until @deadline. */
void virtual_end(const struct root *root, uint64_t deadline);

#endif
