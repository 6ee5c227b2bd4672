/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers come and go: loading one, and taking a function away from one, each in its time. */
#ifndef VFIOBOOT_DRIVER_H
#define VFIOBOOT_DRIVER_H

#include "base/base.h"

/* Milliseconds that each may take, if the caller's deadline does not come first. */
#define DRIVER_LOAD_MS   10000
#define DRIVER_UNBIND_MS 5000

/*
 * Makes sure that the PCI driver is registered; modprobe(8) runs on the live machine alone.
 * @deadline is of child_now()'s clock.  Returns whether it is there.
 */
bool driver_load(const struct sysfs_root *root, const char *driver, uint64_t deadline);

/*
 * Takes a function away from its driver, in a child, since it may be in use.  A driver that let
 * go by itself meanwhile is no error.  Returns 0, -ETIMEDOUT, or -EIO.
 */
int driver_unbind(const struct sysfs_root *root, struct pci_address address,
	const char *driver, uint64_t deadline);

#endif
