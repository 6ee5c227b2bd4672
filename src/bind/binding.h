/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries a plan out: every override first, then the drivers, then each function; what the
 * kernel made of it is read back.  A section of which one function fails is rolled back, so
 * that its native driver has a whole device.  It ends within its time, whatever hangs.
 */
#ifndef VFIOBOOT_APPLY_H
#define VFIOBOOT_APPLY_H

#include "decide/decide.h"

/*
 * Milliseconds: for all the work, until it is left alone, and for what is then still to be
 * given back.
 */
#define APPLY_WORK_MS     20000
#define APPLY_END_MS      24000
#define APPLY_CLEAN_UP_MS 3000

enum result {
	RESULT_BOUND,   /* as asked; read back from the kernel */
	RESULT_REFUSED, /* by the plan: nothing was touched */
	RESULT_FAILED,  /* tried, failed, and rolled back */
	RESULT_ABSENT,  /* nothing is there that could be bound */
	RESULTS,
};

/* What became of one entry of the plan. */
struct outcome {
	enum result result;
	enum reason reason;
	char driver[SYSFS_DRIVER_SIZE]; /* that has the function now; "": none */
};

/*
 * Carries @plan out.  Returns its outcomes, one an entry, in memory that lasts until the
 * program ends; NULL when there is no memory, and nothing was touched.
 */
const struct outcome *apply_plan(const struct sysfs_root *root,
	const struct config *config, const struct machine *machine,
	const struct plan *plan);

/* "bound", "refused", "failed" or "absent". */
const char *result_word(enum result result);

#endif
