/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All PCI functions of a machine, read once: what `list`, `check`, `add` and the tracer of
 * what the host uses begin with.
 */
#ifndef VFIOBOOT_PCIBUS_H
#define VFIOBOOT_PCIBUS_H

#include "decide/decide.h"

#define PCIBUS_NO_GROUP (-1)

/* Why a function is not there before udev has loaded drivers. */
enum pcibus_later {
	PCIBUS_NOT_LATER,
	PCIBUS_VIRTUAL,   /* the driver of its physical function makes it (SR-IOV) */
	PCIBUS_BEHIND,    /* the driver of a function makes its root bus (Intel VMD) */
	PCIBUS_TUNNELLED, /* plugged into a port such as Thunderbolt's, and let in then */
};

struct pcibus_function {
	struct pcidev dev; /* depth 0 of the path: it has none of its own */
	int group;         /* number of its IOMMU group, or PCIBUS_NO_GROUP */
	enum pcibus_later later;
	struct pci_address
		maker;     /* whose driver makes it: PCIBUS_VIRTUAL, PCIBUS_BEHIND */
	bool has_boot_vga; /* the kernel shows whether it is the boot display: VGA alone */
	bool boot_display; /* the firmware used it */
};

/* In the order of their addresses. */
struct pcibus {
	struct pcibus_function *functions;
	size_t n;
	bool has_groups; /* one of them has an IOMMU group */
	/* A function that is there, and does not say what it is, is left out: */
	struct pci_address unread; /* the first of them */
	int error;                 /* -errno of reading that; 0: there is none */
};

/*
 * The devices that depend on a function, and lose their driver when it loses its own, such as the sound
 * of a card: "pci:0000:02:00.1", joined by ", " in @ret; "" for none.  By the links "consumer:..." of
 * sysfs (Documentation/ABI/testing/sysfs-devices-consumer, since 5.11).  Returns 0, or -errno.
 */
int pcibus_consumers(
	const struct root *root, struct pci_address address, char *ret, size_t size);

/* The function at @index of a struct pcibus, or NULL, for variant_resolve(). */
const struct pcidev *pcibus_get(const void *bus, size_t index);

/*
 * Reads them below @root, for pcibus_free().  One that is gone meanwhile is none.  Returns 0,
 * or -errno when there is no list of functions.
 */
int pcibus_read(const struct root *root, struct pcibus *ret);
void pcibus_free(struct pcibus *bus);

/*
 * Whether a function that has the driver ("": none) leaves its IOMMU group to a guest, since
 * the driver does no DMA of its own (driver_managed_dma in struct pci_driver): vfio,
 * pci-stub, and pcieport of bridges.
 */
bool pcibus_leaves_group(const char *driver);

/*
 * Whether the driver of @maker makes the function, or makes what makes it: it is gone when that
 * driver lets go.
 */
bool pcibus_is_made_by(const struct pcibus *bus, const struct pcibus_function *function,
	const struct pcibus_function *maker);

/* The function at @address, or NULL. */
struct pcibus_function *pcibus_find(const struct pcibus *bus, struct pci_address address);

#endif
