/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other half of `vfioboot entry add`. */
#ifndef VFIOBOOT_ENTRYREMOVE_H
#define VFIOBOOT_ENTRYREMOVE_H

#include "cli.h"

/* Takes our entries out of the menus of all loaders, or says what it would do. */
enum cli_exit entryremove(const struct sysfs_root *root, bool dry_run);

#endif
