/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands say of the entries in the boot menu (cmd_entry.c). */
#ifndef VFIOBOOT_ENTRY_TEXT_H
#define VFIOBOOT_ENTRY_TEXT_H

#include "cli.h"
#include "params/params.h"

/*
 * Says for @command why the parameters of an entry are not known: by what kernelparams_add_to_entry()
 * returned, with its @params and @bad.
 */
void entry_say_params(const char *command, int error, const struct kernelparams *params,
	const char *bad);

/*
 * Warns, for @command, of entries that were added when the configuration asked for others, or
 * for some at all.  What the machine needs besides is not looked at.
 */
void entry_warn_outdated(const char *command, const struct root *root);

/*
 * Warns, for @command, of entries that a person may have made in menus that are not read, and
 * that go by hand: of the boot loader that starts the machine, or of all that there are where
 * that is not known.  Returns CLI_UNKNOWN when there may be some, else CLI_OK.
 */
enum cli_exit entry_warn_by_hand(const char *command, const struct root *root);

#endif
