/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry of a trial (oneshot.h) in GRUB's menu: a part of custom.cfg, which 41_custom reads at
 * the end of grub.cfg, so that grub.cfg itself is not touched; or, as Fedora builds GRUB, a file
 * beside that of the kernel that runs, whose name sorts below it (bls_entry.h), so that it is
 * neither the default nor the first.
 */
#ifndef VFIOBOOT_GRUB_TRIAL_H
#define VFIOBOOT_GRUB_TRIAL_H

#include "bootmenu.h"

/* As plan_trial of struct bootloader_ops. */
int grub_trial_plan(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);
int grub_trial_plan_bls(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);

#endif
