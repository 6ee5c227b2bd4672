/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a PCI function in two steps: what it is, and what state it is in. */
#include "pcidev.h"

int pcidev_read(
	const struct sysfs_root *root, struct pci_address address, struct pcidev *ret)
{
	struct pcidev dev = {.address = address};
	int r = sysfs_read_ids(root, address, &dev.ids);

	if (r == 0)
		*ret = dev;
	return r;
}

int pcidev_read_details(const struct sysfs_root *root, struct pcidev *dev)
{
	int r = sysfs_read_driver(root, dev->address, dev->driver);

	if (r < 0)
		return r;
	dev->has_iommu_group = sysfs_has_iommu_group(root, dev->address);
	/* A function whose path can't be told is still one that can be bound. */
	if (!dev->path.depth && sysfs_read_path(root, dev->address, &dev->path) < 0)
		dev->path.depth = 0;
	dev->detailed = true;
	return 0;
}
