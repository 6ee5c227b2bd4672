/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd-boot starts by itself, and whether that stays so with entries of ours. */
#ifndef VFIOBOOT_SDDEFAULT_H
#define VFIOBOOT_SDDEFAULT_H

#include "chain/bootmenu.h"
#include "sdorder.h"

/*
 * Whether one that is not ours stays the default, by systemd-boot's own rules.  @entries, ours
 * among them, get sorted.  Returns 0, perhaps with a warning in @change; -EREMOTEIO with the
 * problem there; or -ENOMEM.
 */
int sddefault_check(const struct sysfs_root *root, struct sdorder_entry *entries,
	size_t n, struct bootmenu_change *change);

#endif
