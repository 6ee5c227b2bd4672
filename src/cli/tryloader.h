/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot try` needs of this machine before it can let go of it for a boot. */
#ifndef VFIOBOOT_TRYLOADER_H
#define VFIOBOOT_TRYLOADER_H

#include "base/base.h"
#include "chain/chain.h"
#include "cli.h"

/*
 * The loader that takes an entry once, and forgets that by itself; and the next boot is for
 * nothing else yet.  NULL after a message.
 */
const struct oneshot *tryloader_find(const struct sysfs_root *root);

/*
 * Whether something would watch over the boot; else a trial that hangs would stay.  CLI_OK, or a
 * message.
 */
enum cli_exit tryloader_check_watch(const struct sysfs_root *root);

#endif
