/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which functions go together.  Those of one slot are one device; those of one IOMMU group
 * a guest can have only together (drivers/vfio/vfio_iommu_type1.c, and
 * iommu_group_claim_dma_owner() in drivers/iommu/iommu.c).
 */
#ifndef VFIOBOOT_DEVICESET_H
#define VFIOBOOT_DEVICESET_H

#include "decide/decide.h"
#include "pcibus.h"

enum deviceset_why {
	DEVICESET_NAMED, /* a selector names it */
	DEVICESET_SLOT,  /* another function of the same device */
};

struct deviceset_member {
	const struct pcibus_function *function;
	enum deviceset_why why;
	bool whole_slot; /* the set has all of its slot, which is one device: no root bus */
};

struct deviceset {
	struct deviceset_member *members; /* in the order of their addresses */
	size_t n;
};

/* The functions that @selector names, the first of them; NULL for none, or after the last. */
const struct pcibus_function *deviceset_next(const struct pcibus *machine,
	const struct selector *selector, const struct pcibus_function *after);

/*
 * Adds to the set, which starts as {0} and is for deviceset_free(), a function of @machine
 * and, unless @only, those of its device: the others in its slot; on a root bus, where the
 * chipset's devices share slots, those of its IOMMU group alone.  Bridges and virtual
 * functions do not come along.  Returns 0, or -ENOMEM.
 */
int deviceset_add(struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function, bool only);

bool deviceset_has(const struct deviceset *set, const struct pcibus_function *function);

/*
 * Whether the function, not being in the set, keeps its group from the guest: it is in the
 * group of a member, and its driver is of the host's.
 */
bool deviceset_is_blocked_by(
	const struct deviceset *set, const struct pcibus_function *function);

void deviceset_free(struct deviceset *set);

#endif
