/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is to say of the last trial; `status` says it too. */
#ifndef VFIOBOOT_TRIALTEXT_H
#define VFIOBOOT_TRIALTEXT_H

#include "../core/sysfsroot.h"

/*
 * Prints what became of the last trial, and what to do now: of one that failed also what its
 * records say, and the end of its journal.  Nothing without a trial.  Returns 0, -ENOENT when
 * there was none, or -errno when its state can't be read.
 */
int trialtext_print(const struct sysfs_root *root);

#endif
