/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the planner of the early program would say of a drop-in that is not written yet, in
 * its place among the sections that there are.
 */
#ifndef VFIOBOOT_REHEARSAL_H
#define VFIOBOOT_REHEARSAL_H

#include "decide/decide.h"
#include "nextboot.h"

struct rehearsal {
	struct nextboot *next;
	const struct config_section *section; /* the new one */
	enum reason reason;                   /* REASON_NONE: it is bound */
	/* Which would be refused its display because of the new one; NULL: none. */
	const struct config_section *displaced;
};

/*
 * Plans the next boot with the section of @dropin, whose text is @text, in a boot that asks
 * for it, whatever its profile is.  Returns 0 with *@ret for
 * rehearsal_free(), or -errno.
 */
int rehearsal_run(struct facts *facts, const struct dropin *dropin, const char *text,
	struct rehearsal *ret);

void rehearsal_free(struct rehearsal *rehearsal);

#endif
