/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may take long, or never end, with a driver: it is done in a child process.  Whoever calls
 * these has called child_prepare().
 */
#ifndef VFIOBOOT_BIND_DRIVER_H
#define VFIOBOOT_BIND_DRIVER_H

#include "base/base.h"

/*
 * Makes sure that the driver is registered, until @deadline (child_now()'s clock); modprobe(8)
 * runs on the live machine alone.  Never with ids of its own, which would take more devices than
 * an override does.  Returns whether it is there.
 */
bool driver_load(const struct root *root, const char *driver, uint64_t deadline);

/*
 * Takes a function away from its driver, until @deadline.  A driver that let go by itself meanwhile
 * is no error.  Returns 0, -ETIMEDOUT, or -EIO.
 */
int driver_unbind(const struct root *root, struct pci_address address, const char *driver,
	uint64_t deadline);

/*
 * Sets the override of a function, or with "" clears it and leaves the function to whichever driver
 * wants it, until @deadline.  Returns whether it did.
 */
bool driver_override(const struct root *root, struct pci_address address,
	const char *driver, uint64_t deadline);

#endif
