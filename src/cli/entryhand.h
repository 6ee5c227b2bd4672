/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries that a person has made: they are in menus that are not read. */
#ifndef VFIOBOOT_ENTRYHAND_H
#define VFIOBOOT_ENTRYHAND_H

#include "cli.h"

/*
 * Says, for @command, where such entries may be still, and that they go by hand: of the boot
 * loader that starts the machine, or of all that there are where that is not known.  Returns
 * CLI_UNKNOWN when there may be some, else CLI_OK.
 */
enum cli_exit entryhand_warn(const char *command, const struct sysfs_root *root);

#endif
