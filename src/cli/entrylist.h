/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list that `vfioboot entry list` prints. */
#ifndef VFIOBOOT_ENTRYLIST_H
#define VFIOBOOT_ENTRYLIST_H

#include "chain/chain.h"
#include "cli.h"

/*
 * Prints our entries in the menu of @loader, and those of @wanted that a kernel lacks.
 * Returns CLI_OK when all are there as they should be; CLI_FAILED when not, after a message;
 * CLI_UNKNOWN for a menu that can't be read.
 */
enum cli_exit entrylist_print(const struct sysfs_root *root,
	const struct bootloader *loader, const struct bootentries *wanted, bool json);

/* Prints the JSON of a list without entries, for whoever reads it although it failed. */
void entrylist_print_none(void);

#endif
