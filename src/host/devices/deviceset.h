/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which functions go together.  Those of one slot are one device; those of one IOMMU group
 * a guest can have only together (drivers/vfio/vfio_iommu_type1.c, and
 * iommu_group_claim_dma_owner() in drivers/iommu/iommu.c).
 */
#ifndef VFIOBOOT_DEVICESET_H
#define VFIOBOOT_DEVICESET_H

#include "../../core/pcidev.h"
#include "../../core/selector.h"

#define DEVICESET_NO_GROUP (-1)

/* A function of the machine. */
struct deviceset_function {
	struct pcidev
		dev; /* with its details; depth 0 of the path: it has none of its own */
	int group;   /* number of the IOMMU group, or DEVICESET_NO_GROUP */
	bool boot_display; /* that the firmware used */
	bool is_virtual;   /* of SR-IOV: it has a physical one */
};

/* All of them, in the order of their addresses. */
struct deviceset_machine {
	struct deviceset_function *functions;
	size_t n;
};

/* Reads them below @root, for deviceset_machine_free().  Returns 0, or -errno. */
int deviceset_read(const struct sysfs_root *root, struct deviceset_machine *ret);
void deviceset_machine_free(struct deviceset_machine *machine);

enum deviceset_why {
	DEVICESET_NAMED, /* a selector names it */
	DEVICESET_SLOT,  /* another function of the same device */
};

struct deviceset_member {
	const struct deviceset_function *function;
	enum deviceset_why why;
	bool whole_slot; /* the set has all of its slot, which is one device: no root bus */
};

struct deviceset {
	struct deviceset_member *members; /* in the order of their addresses */
	size_t n;
};

/* The functions that @selector names, the first of them; NULL for none, or after the last. */
const struct deviceset_function *deviceset_next(const struct deviceset_machine *machine,
	const struct selector *selector, const struct deviceset_function *after);

/*
 * Adds to the set, which starts as {0} and is for deviceset_free(), a function of @machine
 * and, unless @only, those of its device: the others in its slot; on a root bus, where the
 * chipset's devices share slots, those of its IOMMU group alone.  Bridges and virtual
 * functions do not come along.  Returns 0, or -ENOMEM.
 */
int deviceset_add(struct deviceset *set, const struct deviceset_machine *machine,
	const struct deviceset_function *function, bool only);

bool deviceset_has(
	const struct deviceset *set, const struct deviceset_function *function);

/*
 * Whether the function, not being in the set, keeps its group from the guest: it is in the
 * group of a member, and its driver is of the host's.  Drivers that do no DMA of their own
 * leave the group to the guest (driver_managed_dma in struct pci_driver: vfio, pci-stub,
 * and pcieport of bridges).
 */
bool deviceset_is_blocked_by(
	const struct deviceset *set, const struct deviceset_function *function);

void deviceset_free(struct deviceset *set);

#endif
