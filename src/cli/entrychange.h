/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of the boot menu, as the actions of `vfioboot entry` tell of it. */
#ifndef VFIOBOOT_ENTRYCHANGE_H
#define VFIOBOOT_ENTRYCHANGE_H

#include "chain/chain.h"
#include "cli.h"

/* The entries that were asked for.  CLI_OK with whether there are, or a message. */
enum cli_exit entrychange_read_wanted(
	const struct sysfs_root *root, struct bootentries *ret, bool *ret_asked);

/* Says its warnings. */
void entrychange_warn(const struct bootmenu_change *change);

/* Says why it is not done: @error is what bootmenu_plan() or the like returned. */
enum cli_exit entrychange_fail(const struct bootmenu_change *change, int error);

/* Prints what would be done. */
void entrychange_print(const struct bootmenu_change *change);

/* Says which steps another machine has to do itself. */
void entrychange_say_undone(
	const struct sysfs_root *root, const struct bootmenu_change *change);

#endif
