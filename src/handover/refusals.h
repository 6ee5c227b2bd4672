/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why devices cannot be handed over now, besides what the planner of the early program says
 * (decide/plan.h) and who has them open (holders.h).
 */
#ifndef VFIOBOOT_HANDOVER_REFUSALS_H
#define VFIOBOOT_HANDOVER_REFUSALS_H

#include "decide/decide.h"
#include "facts/facts.h"

/*
 * Looks at what the host uses the set for, whether its IOMMU groups are whole, what its drivers
 * make, and what these say of the @n functions that are to leave them.  Returns 0; or, with
 * @message, -EBUSY, -EPERM, or another -errno.
 */
int refusals_find(struct facts *facts, const struct config *config,
	const struct deviceset *set, const struct pci_address *moving, size_t n,
	struct message *message);

#endif
