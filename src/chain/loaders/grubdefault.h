/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GRUB starts by itself where it reads entries of the Boot Loader Specification, and
 * whether that stays so with entries of ours.
 */
#ifndef VFIOBOOT_GRUBDEFAULT_H
#define VFIOBOOT_GRUBDEFAULT_H

#include "chain/bootmenu.h"

/*
 * Warns in @change of a default that is a number, which means another entry with ours in
 * between, of a choice that GRUB keeps, and of a menu that is not to be seen.  The default is
 * what grub.cfg sets, or `saved_entry` of the environment block.  Returns 0 or -ENOMEM.
 */
int grubdefault_check(const struct sysfs_root *root, struct bootmenu_change *change);

#endif
