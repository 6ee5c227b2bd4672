/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which units have to stop so that a card is free: the session that has its screen on it, and what
 * plays its sound.
 */
#ifndef VFIOBOOT_HANDOVER_SESSION_H
#define VFIOBOOT_HANDOVER_SESSION_H

#include "holders.h"
#include "units.h"

/* Whether it has a display or sound for somebody, so that ending that is a way to free it. */
bool session_has(const struct holders_one *holder);

/*
 * Finds the unit to stop for a holder that session_has(): for sound its own; for a display the
 * display manager where one @manages the sessions, else its own.  The name is "" for none.  Pure.
 */
void session_unit(const struct holders_one *holder, bool manages, struct units_name *ret);

#endif
