/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which entries of the boot menu the configuration asks for, for `entry` and its messages. */
#ifndef VFIOBOOT_ENTRYWANTED_H
#define VFIOBOOT_ENTRYWANTED_H

#include "chain/chain.h"
#include "params/params.h"

/* Reads what the configuration asks for now.  0, or -errno after a message. */
int entrywanted_decide(const struct sysfs_root *root, struct bootentries *ret);

/*
 * Warns, for @command, of entries that were added when the configuration asked for others, or
 * for some at all.  What the machine needs besides is not looked at.
 */
void entrywanted_warn_stale(const char *command, const struct sysfs_root *root);

/*
 * Says for @command why the parameters of an entry can't be decided: what kernelparams_add_to_entry()
 * returned and told.
 */
void entrywanted_say_params(const char *command, int error,
	const struct kernelparams *params, const char *bad);

#endif
