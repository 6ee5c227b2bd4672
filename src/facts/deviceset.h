/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that are given away together: what is named, and with it the rest of the card
 * (card.h).  Functions of one IOMMU group a guest can have only together
 * (drivers/vfio/vfio_iommu_type1.c, and iommu_group_claim_dma_owner() in drivers/iommu/iommu.c).
 */
#ifndef VFIOBOOT_DEVICESET_H
#define VFIOBOOT_DEVICESET_H

#include "card.h"
#include "decide/decide.h"
#include "pcibus.h"

enum deviceset_why {
	DEVICESET_NAMED,   /* a selector names it */
	DEVICESET_CARD,    /* of the same card as another one */
	DEVICESET_GROUPED, /* of the same slot and IOMMU group */
};

struct deviceset_member {
	const struct pcibus_function *function;
	enum deviceset_why why;
	bool alone; /* it was named without the rest of its card */
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
 * and, unless @only, the rest of its card, and what is in its IOMMU group and slot.  Bridges and
 * virtual functions are not added this way.  Returns 0, or -ENOMEM.
 */
int deviceset_add(struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function, bool only);

/* Takes the member @n out again. */
void deviceset_drop(struct deviceset *set, size_t n);

bool deviceset_has(const struct deviceset *set, const struct pcibus_function *function);

/* Whether the function is gone when the set is bound: a member's driver makes it. */
bool deviceset_unmakes(const struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function);

/* Whether the set has all of the member's slot, which is one device: not on a root bus. */
bool deviceset_has_slot(const struct deviceset *set, const struct pcibus *machine,
	const struct deviceset_member *member);

/*
 * Whether the function, not being in the set, is in the group of a member: it keeps that from the
 * guest if the host has a driver for it.
 */
bool deviceset_shares_group(const struct deviceset *set, const struct pcibus *machine,
	const struct pcibus_function *function);

void deviceset_free(struct deviceset *set);

#endif
