/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd-boot does with its menu: which entry is the default, and whether it is shown. */
#ifndef VFIOBOOT_SYSTEMD_BOOT_H
#define VFIOBOOT_SYSTEMD_BOOT_H

#include "chain/bootmenu.h"

/*
 * The id of the entry that systemd-boot starts when nobody chooses, as bootctl(1) says, for
 * free().  Returns 0; -ENOENT when there is no systemd-boot, so that names of files decide
 * nothing; or -EOPNOTSUPP when it is not known: below another root, without bootctl, or while an
 * entry is chosen for the next boot, which bootctl shows as the default then.
 */
int systemd_boot_default(const struct root *root, char **ret);

/*
 * Which entry that is in the output of `bootctl list --json=short`, for free(); NULL for none, or
 * if it does not say so.
 */
char *systemd_boot_parse_json(const char *text);

/* The same of `bootctl list --no-pager`. */
char *systemd_boot_parse_list(const char *text);

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
int systemd_boot_plan_trial(const struct root *root, const struct bootentry *trial,
	struct bootmenu_change *change, char *ret_id);
int systemd_boot_arm(const struct root *root, const char *id, struct message *message);
void systemd_boot_armed(const struct root *root, char *ret_id, size_t size);
int systemd_boot_disarm(const struct root *root, struct message *message);

#endif
