/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why devices cannot be handed over now, besides what the planner of the early program says
 * (decide/plan.h) and who has them open (holders.h).
 */
#ifndef VFIOBOOT_HANDOVER_REFUSALS_H
#define VFIOBOOT_HANDOVER_REFUSALS_H

#include "decide/decide.h"
#include "facts/facts.h"
#include "steps.h"

/* Returns 0; or -EPERM with @message of a section that leaves its functions with the host (vfs). */
int refusals_find_native(const struct config_section *section, struct message *message);

/*
 * Looks at what the host uses the set for, whether its IOMMU groups are whole, what its drivers
 * make, and what these say of the @n functions that are to leave them.  Returns 0; or, with
 * @message, -EBUSY, -EPERM, or another -errno.
 */
int refusals_find(struct facts *facts, const struct config *config,
	const struct deviceset *set, const struct pci_address *moving, size_t n,
	struct message *message);

/*
 * What the kernel has made of functions (holders.h) does not end with any process, and their driver waits for
 * whoever has it, without an end.  Returns 0; or -EBUSY with @message.
 */
int refusals_find_made(const struct holders *holders, struct message *message);

/*
 * Looks whether a guest runs with what was handed over by the state of @work: nothing of that can be moved
 * then.  Returns 0; -EBUSY with @message; or another -errno.
 */
int refusals_find_guest(const struct work *work, struct message *message);

#endif
