/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What struct bootloader_ops has of systemd-boot's choice for one boot. */
#ifndef VFIOBOOT_SDBOOT_ONCE_H
#define VFIOBOOT_SDBOOT_ONCE_H

#include "chain/bootmenu.h"

int sdboot_plan_trial(const struct sysfs_root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);
int sdboot_arm(const struct sysfs_root *root, const char *id, char *why);
void sdboot_armed(const struct sysfs_root *root, char *ret_id, size_t size);
int sdboot_disarm(const struct sysfs_root *root, char *why);

#endif
