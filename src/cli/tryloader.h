/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfioboot try` needs of this machine before it can let go of it for a boot. */
#ifndef VFIOBOOT_TRYLOADER_H
#define VFIOBOOT_TRYLOADER_H

#include "base/base.h"
#include "chain/chain.h"
#include "cli.h"

/*
 * Plans one boot with @parameters by the loader that starts this machine, which has to forget
 * the choice by itself; and the next boot must be for nothing else yet.  CLI_OK, or a message;
 * oneshot_free(@ret) in each case, which starts as {0}.
 */
enum cli_exit tryloader_plan(
	const struct sysfs_root *root, const char *parameters, struct oneshot *ret);

/*
 * Whether something would watch over the boot; else a trial that hangs would stay.  CLI_OK, or a
 * message.
 */
enum cli_exit tryloader_check_watch(const struct sysfs_root *root);

#endif
