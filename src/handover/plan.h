/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which steps a set needs, and why it cannot be handed over. */
#ifndef VFIOBOOT_HANDOVER_PLAN_H
#define VFIOBOOT_HANDOVER_PLAN_H

#include "handover.h"
#include "outlook/outlook.h"
#include "steps.h"

/*
 * Adds the steps of the last work of @handover to its change, or says there why none is needed, and
 * fills that work.  Returns as handover_bind().
 */
int plan_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct handover *handover,
	struct message *message);

#endif
