/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether EFI/Linux has room for what a plan makes: such partitions are small. */
#ifndef VFIOBOOT_UKIROOM_H
#define VFIOBOOT_UKIROOM_H

#include "ukiplan.h"

/*
 * All is made before anything is replaced, and behind it the next kernel's own image must have
 * room.  @deletes: what the plan deletes is still there.  Returns 0; or -EREMOTEIO with the
 * problem and the remedy in @change.
 */
int ukiroom_check(const struct sysfs_root *root, const struct ukiplan *plan, bool deletes,
	struct bootmenu_change *change);

#endif
