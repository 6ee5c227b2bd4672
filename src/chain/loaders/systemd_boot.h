/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd-boot does with its menu: which entry is the default, and whether it is shown. */
#ifndef VFIOBOOT_SYSTEMD_BOOT_H
#define VFIOBOOT_SYSTEMD_BOOT_H

#include "bootmenu.h"

struct bls_file;
struct bls_files;

/*
 * Sorts the entries of @menu as systemd-boot does, and marks the one that it starts when nobody
 * chooses, by its variables and loader.conf(5); none, where the loader makes that itself
 * ("auto-windows") or its partition is not mounted.
 */
void systemd_boot_order(const struct root *root, struct bootmenu *menu);

/* Whether its files are there: unified images are started by other loaders, too. */
bool systemd_boot_is_installed(const struct root *root);

/*
 * Advises a person whose menu is hidden, or whose default is the entry that was chosen last.  0
 * or -ENOMEM.
 */
int systemd_boot_advise(const struct root *root, struct bootmenu_change *change);

/*
 * One boot with the entry of a trial, as struct bootloader_ops has it: the variable
 * LoaderEntryOneShot, which bootctl(1) writes, names the entry, and the loader deletes it before
 * it starts anything.
 */
int systemd_boot_check_trial(const struct root *root, struct bootmenu_change *change);
int systemd_boot_find_booted(const struct root *root, const struct bls_files *files,
	const struct bls_file **ret, struct bootmenu_change *change);
int systemd_boot_arm(const struct root *root, const char *id, struct message *message);
void systemd_boot_armed(const struct root *root, char *ret_id, size_t size);
int systemd_boot_disarm(const struct root *root, struct message *message);

#endif
