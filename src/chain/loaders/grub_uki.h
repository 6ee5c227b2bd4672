/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's command `uki`, which has an entry for each unified image in EFI/Linux, whatever grub.cfg says
 * (15_uki; grub-core/commands/blsuki.c of GRUB 2.14).
 */
#ifndef VFIOBOOT_GRUB_UKI_H
#define VFIOBOOT_GRUB_UKI_H

#include "base/base.h"

#define GRUB_UKI "uki"

/*
 * Puts the entries that it makes into the text of grub_cfg_split() in its place.  0, or -errno with
 * @failed: the directory that cannot be read.
 */
int grub_uki_expand(const struct root *root, char **text, char *ret_failed, size_t size);

#endif
