/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's choice for one boot: `next_entry` of its environment block names the entry
 * (grub-reboot(8)), and grub.cfg clears it before anything is loaded.  That needs GRUB to write
 * to the disk, which it does not on RAID, LVM, btrfs, ZFS and the like (00_header,
 * check_writable); only a block of its own outside of the file system, named by `env_block`,
 * is always writable.
 */
#ifndef VFIOBOOT_GRUBONCE_H
#define VFIOBOOT_GRUBONCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "chain/bootmenu.h"

/* What a distribution calls GRUB's files and programs. */
struct grubonce {
	const char *directory, *environment, *editor, *reboot;
};

/* By which of its names GRUB is there; NULL: it is not. */
const struct grubonce *grubonce_find(const struct sysfs_root *root);

/* Reads grub.cfg, for free().  Returns 0, or -EREMOTEIO as bootmenu_fail(). */
int grubonce_read_config(const struct sysfs_root *root, const struct grubonce **ret_grub,
	char **ret, struct bootmenu_change *change);

/*
 * The variable of the environment block, or of the one outside of the file system that this
 * names: only GRUB's own program reads that.  Whether there is such a block; "" without one.
 */
bool grubonce_variable(const struct sysfs_root *root, const struct grubonce *grub,
	const char *name, char *ret, size_t size);

/* Whether GRUB forgets the choice by itself, with this grub.cfg.  0, or as bootmenu_refuse(). */
int grubonce_check(const struct sysfs_root *root, const struct grubonce *grub,
	const char *config, struct bootmenu_change *change);

/* The kernel file by which GRUB started this boot: BOOT_IMAGE=, with the disk it was on. */
bool grubonce_kernel(const struct sysfs_root *root, char *ret, size_t size);

/* As those of struct bootloader_ops. */
void grubonce_armed(const struct sysfs_root *root, char *ret_id, size_t size);
int grubonce_arm(const struct sysfs_root *root, const char *id, char *why);
int grubonce_disarm(const struct sysfs_root *root, char *why);
int grub_plan_trial(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);
int grub_bls_plan_trial(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);

#endif
