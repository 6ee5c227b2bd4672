/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which steps a set needs, and why it cannot be handed over. */
#ifndef VFIOBOOT_HANDOVER_PLAN_H
#define VFIOBOOT_HANDOVER_PLAN_H

#include "outlook/outlook.h"
#include "request.h"
#include "steps.h"

/*
 * Adds the steps to @change, or says in @nothing why none is needed, and fills the last of the @n
 * @works, on which they work; those before it are of sets that leave before.  Returns as
 * handover_bind().
 */
int plan_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct work *const *works, size_t n,
	struct change *change, struct message *nothing, struct message *message);

#endif
