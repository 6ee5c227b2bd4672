/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries a plan out: every override first, then the drivers, then each function; what the
 * kernel made of it is read back.  A section of which one function fails is rolled back, so
 * that its native driver has a whole device.  It ends within its time, whatever hangs.
 */
#ifndef VFIOBOOT_BIND_BIND_H
#define VFIOBOOT_BIND_BIND_H

#include "driver.h"
#include "log.h"
#include "record.h"
#include "word.h"

/*
 * Milliseconds: for all the work, until it is left alone, and for what is then still to be
 * given back.
 */
#define BIND_WORK_MS     20000
#define BIND_END_MS      24000
#define BIND_CLEAN_UP_MS 3000

/*
 * Carries @plan out.  Returns its outcomes, one an entry, in memory that the next call takes.
 */
const struct outcome *bind_plan(const struct root *root, const struct config *config,
	const struct machine *machine, const struct plan *plan);

#endif
