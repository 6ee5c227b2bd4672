/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel parameters of an entry that gives something away: what `vfioboot cmdline` decides
 * (kernelparams.h), for the one entry, behind its own arguments.  For entries of the menu and
 * for the one of a trial.
 */
#ifndef VFIOBOOT_ENTRYPARAMS_H
#define VFIOBOOT_ENTRYPARAMS_H

#include "chain/chain.h"
#include "kernelparams.h"
#include "outlook/outlook.h"

/*
 * Adds to @arguments, of @size bytes, what the machine needs to give away what @next plans,
 * the boot by that entry; nothing where its files do not tell what machine it is.  @trial: it
 * is for one boot that comes back by itself.
 *
 * Returns 0; -EPERM when a conflict among @ret->items is to be mended first; as
 * entryparams_add_needed(), with the parameter in *@ret_bad; or another -errno.
 */
int entryparams_add(struct facts *facts, const struct nextboot *next, bool trial,
	char *arguments, size_t size, struct kernelparams *ret, const char **ret_bad);

/*
 * The same for each of @entries that gives something away, for the boot by that very entry: what
 * another profile needs is not for this one.  The machine is read once for all of them.
 */
int entryparams_add_all(struct facts *facts, struct bootentries *entries,
	struct kernelparams *ret, const char **ret_bad);

/*
 * Adds to @arguments of @size bytes what @params says is needed, and is not there yet.  Returns
 * 0; or, with the parameter in *@ret_bad, -EINVAL when one has characters that would need
 * quoting, and -E2BIG when it does not fit.
 */
int entryparams_add_needed(char *arguments, size_t size,
	const struct kernelparams *params, const char **ret_bad);

#endif
