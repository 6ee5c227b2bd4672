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
#include "settings.h"
#include "virtual.h"
#include "word.h"

/*
 * Milliseconds: for all the work, until it is left alone, and for what is then still to be
 * given back.
 */
#define BIND_WORK_MS     20000
#define BIND_END_MS      24000
#define BIND_CLEAN_UP_MS 3000

/*
 * Carries the plan of @report out, whose configuration, machine and plan are set, and sets the rest of
 * it, in memory that the next call takes.  What two calls with one report do has the time of one.
 */
void bind_plan(const struct root *root, struct report *report);

#endif
