/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One PCI function, as far as a decision needs it, and how it is read. */
#ifndef VFIOBOOT_PCIDEV_H
#define VFIOBOOT_PCIDEV_H

#include "base/base.h"

/* Base classes (include/linux/pci_ids.h, PCI_BASE_CLASS_*). */
#define PCI_BASE_STORAGE 0x01
#define PCI_BASE_NETWORK 0x02
#define PCI_BASE_DISPLAY 0x03
#define PCI_BASE_BRIDGE  0x06

struct pcidev {
	struct pci_address address;
	struct pci_path path; /* depth 0: not known */
	struct pci_ids ids;
	/* Known after pcidev_read_details() alone: */
	bool detailed;
	bool has_iommu_group;
	char driver[SYSFS_DRIVER_SIZE]; /* that holds it now; "": none */
};

/* Reads what a function is: its ids by one read.  Returns 0, or -errno. */
int pcidev_read(const struct root *root, struct pci_address address, struct pcidev *ret);

/* Reads who holds a function, its group, and its path where that is not known yet. */
int pcidev_read_details(const struct root *root, struct pcidev *dev);

/* Whether Linux can be started from it, or from what is behind it, by its class. */
bool pcidev_can_carry_root(const struct pcidev *dev);

/* Whether a driver holds functions for guests: vfio-pci, or one of its variants. */
bool pcidev_driver_is_vfio(const char *driver);

static inline uint8_t pcidev_base_class(const struct pcidev *dev)
{
	return (uint8_t)(dev->ids.class >> 16);
}

#endif
