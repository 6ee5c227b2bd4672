/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry of a trial (oneshot.h) in GRUB's menu: a part of custom.cfg, which 41_custom reads at
 * the end of grub.cfg, so that grub.cfg itself is not touched; or, as Fedora builds GRUB, a file
 * beside that of the kernel that runs (bls.c).
 */
#ifndef VFIOBOOT_GRUB_TRIAL_H
#define VFIOBOOT_GRUB_TRIAL_H

#include "bootmenu.h"

struct bls_file;
struct bls_files;

/* As plan_trial of struct bootloader_ops. */
int grub_trial_plan(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);

/*
 * For bls.c: whether a trial is safe, and the one normal entry of the kernel that runs.  As
 * plan_trial.
 */
int grub_trial_check_bls(const struct root *root, struct bootmenu_change *change);
int grub_trial_find_bls(const struct root *root, const struct bls_files *files,
	const struct bls_file **ret, struct bootmenu_change *change);

#endif
