/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mediated devices: what a driver makes of its function for guests to share it, such as i915
 * (GVT-g) and NVIDIA's (vGPU).  They are gone when the function leaves its driver, or keep it
 * from leaving, for as long as a guest has one.
 */
#ifndef VFIOBOOT_MEDIATED_H
#define VFIOBOOT_MEDIATED_H

#include "base/base.h"

/* Whether the driver of the function makes such devices. */
bool mediated_is_offered(const struct root *root, struct pci_address function);

/*
 * Lists those that were made of the function, by their uuids, from mdev_supported_types/TYPE/devices
 * (Documentation/driver-api/vfio-mediated-device.rst).  Returns 0 with *@ret for
 * file_free_names(), or -errno.
 */
int mediated_list(
	const struct root *root, struct pci_address function, struct file_names *ret);

#endif
