/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a machine is ready to give its devices to guests, point by point.  What cannot be
 * found out is CHECK_UNKNOWN, and says why: nothing is guessed.
 */
#ifndef VFIOBOOT_CHECK_CHECK_H
#define VFIOBOOT_CHECK_CHECK_H

#include "imports.h"
#include "outlook/outlook.h"
#include "verdicts.h"

enum check_state { CHECK_PASS, CHECK_FAIL, CHECK_UNKNOWN, CHECK_STATES };

struct check_point {
	const char *theme; /* heading of several checks */
	const char *name;  /* the fixed word of its check; vfioboot-check(8) lists them */
	char *subject; /* an address, kernel release, section or file; "": the machine */
	enum check_state state;
	char *found;  /* one sentence without full stop: what is */
	char *remedy; /* the same: what to do; "" where it passes */
};

/* In the order of the checks; the points of one check are neighbours. */
struct check_list {
	struct check_point *points;
	size_t n;
};

/*
 * Makes all checks of the machine of @facts, of which @chain and, by its menus, @next were read; the
 * images of @chain are opened.  Those of devices are made for each function that a section names
 * which is active at this boot or the next, or with @operands for the ones that these name.  Returns 0 with *@ret for checks_free(); -ENXIO when an operand
 * names no function, with its index in *@ret_bad; or another -errno.
 */
int checks_run(struct facts *facts, struct chain *chain, const struct nextboot *next,
	const struct selector *operands, size_t n, struct check_list *ret,
	size_t *ret_bad);

void checks_free(struct check_list *list);

/* "pass", "fail" or "unknown". */
const char *check_state_word(enum check_state state);

#endif
