/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot loader's menu `vfioboot entry` is about. */
#ifndef VFIOBOOT_ENTRYLOADER_H
#define VFIOBOOT_ENTRYLOADER_H

#include "chain/chain.h"
#include "cli.h"

/* Whether @name is that of a boot loader; NULL is, too.  CLI_OK, or CLI_MISUSE after a message. */
enum cli_exit entryloader_check(const char *name);

/* What comes first where no loader is named. */
enum entryloader_first {
	ENTRYLOADER_OWNER,    /* the one that starts this system */
	ENTRYLOADER_RECORDED, /* the one whose menu got the entries */
};

/* The loader that counts: the one called @name, else as @first says.  NULL after a message. */
const struct bootloader *entryloader_find(
	const struct sysfs_root *root, const char *name, enum entryloader_first first);

#endif
