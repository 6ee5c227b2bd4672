/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is one device for a person: a card, and not a slot.  A slot below a port is one chip, of
 * which all functions leave the host together, unless it is the processor or the chipset that
 * shows its own devices there.  A card with a switch of its own has more than one slot.
 */
#ifndef VFIOBOOT_CARD_H
#define VFIOBOOT_CARD_H

#include "pcibus.h"

/* What another function is to one that leaves the host. */
enum card_bond {
	CARD_APART,    /* another device, in another slot */
	CARD_NEIGHBOR, /* another device, though in the same slot: of processor or chipset */
	CARD_PART,     /* of the same card */
	CARD_GROUPED, /* another device in the same slot, and in the same IOMMU group */
	CARD_MADE,    /* made by the driver of the one, and gone with that */
};

/*
 * What @other is to @function, both of @bus.  Bridges are no parts, nor are virtual functions; of
 * the same IOMMU group in other slots deviceset_shares_group() says more.
 */
enum card_bond card_bond(const struct pcibus *bus, const struct pcibus_function *function,
	const struct pcibus_function *other);

#endif
