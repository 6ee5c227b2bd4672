/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long steps took the last time that they were done, of those that people wait for: what to
 * expect of the next time.  The file has a line for each, "SECONDS WHAT", the latest last; WHAT is
 * what --dry-run shows, so that it differs from kernel to kernel.
 */
#ifndef VFIOBOOT_DURATIONS_H
#define VFIOBOOT_DURATIONS_H

#include "base/base.h"

struct change_step;

#define DURATIONS_FILE STATE_DIRECTORY "/durations"

#define DURATIONS_LEAST 10 /* seconds; nobody needs to know it of less */

/*
 * Seconds that the step is to take, by the text of the file (NULL: there is none): what it took,
 * or else what its program took for another kernel.  0: not known.
 */
unsigned durations_expected(const char *text, const struct change_step *step);

/* The file of @root; NULL where there is none that can be read.  For free(). */
char *durations_read(const struct root *root);

/*
 * Remembers what the step took in the file, unless it is below DURATIONS_LEAST.  A failure is none:
 * the next time nothing is expected.
 */
void durations_remember(
	const struct root *root, const struct change_step *step, unsigned seconds);

#endif
