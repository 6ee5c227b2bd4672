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

#define PCI_CLASS_3D            0x0302
#define PCI_CLASS_DISPLAY_OTHER 0x0380
#define PCI_CLASS_USB4          0x0c0340 /* tunnels: no USB device is below it */

struct pcidev {
	struct pci_address address;
	struct pci_path path; /* depth 0: not known */
	struct pci_ids ids;
	/* Known after pcidev_read_details() alone: */
	bool detailed;
	bool has_iommu_group;
	bool denied; /* vfio-pci itself refuses it, as a host knows (facts/denylist.h) */
	bool late; /* it is there only after udev has started, as a host knows (pcibus.h) */
	bool is_virtual; /* of SR-IOV: a physical one's driver makes it; read of displays alone */
	bool virtual_used; /* a physical one: a virtual one has a driver */
	bool has_connector; /* its driver shows one; looked for where the class does not say it */
	/*
	 * A physical one that has a driver, other than the one asked for: how many virtual ones it can
	 * have (0: none), and has.
	 */
	uint16_t total_vfs, num_vfs;
	char driver[SYSFS_DRIVER_SIZE]; /* that holds it now; "": none */
	/* A virtual one, where that was looked up: it is number @vf of the one there. */
	uint16_t vf;
	struct pci_path physical; /* depth 0: not known, or it is none */
};

/* Reads what a function is: its ids by one read.  Returns 0, or -errno. */
int pcidev_read(const struct root *root, struct pci_address address, struct pcidev *ret);

/*
 * Reads who holds a function, what a display shows, and its path where that is not known yet.  Of one
 * that is given away (pcidev_is_given()) nobody asks more than that.
 */
int pcidev_read_holder(const struct root *root, struct pcidev *dev, const char *asked);

/* Reads that, its group and its virtual functions. */
int pcidev_read_details(const struct root *root, struct pcidev *dev, const char *asked);

/*
 * Whether a guest's driver, @asked, which all sections ask for, has it already ("": they differ).  It is
 * no display of the host then, whatever it shows, and keeps its virtual functions.
 */
bool pcidev_is_given(const struct pcidev *dev, const char *asked);

/* Reads what virtual functions it can have, and has: total_vfs, num_vfs, virtual_used. */
void pcidev_read_virtual(const struct root *root, struct pcidev *dev);

/* Whether Linux can be started from it, or from what is behind it, by its class. */
bool pcidev_can_carry_root(const struct pcidev *dev);

/*
 * Whether something can be seen on it.  A 3D controller (class 0302) has no connector, nor has a
 * virtual function; of another display controller (0380) its native driver knows it, so without
 * one it is not known.
 */
enum pcidev_display { PCIDEV_NO_DISPLAY, PCIDEV_DISPLAY, PCIDEV_PERHAPS_DISPLAY };
enum pcidev_display pcidev_display(const struct pcidev *dev);

/*
 * Whether a driver ("": none) holds functions for guests: vfio-pci, or one of its variants; and
 * whether it is one of the host's own, which uses them.
 */
bool pcidev_driver_is_vfio(const char *driver);
bool pcidev_driver_is_native(const char *driver);

static inline uint8_t pcidev_base_class(const struct pcidev *dev)
{
	return (uint8_t)(dev->ids.class >> 16);
}

#endif
