/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel parameters a machine needs to give its devices away: its facts in, advice out. */
#ifndef VFIOBOOT_PARAMS_KERNEL_PARAMS_H
#define VFIOBOOT_PARAMS_KERNEL_PARAMS_H

#include "chain/chain.h"
#include "outlook/outlook.h"
#include "rules.h"

/* What is asked about, beside the machine. */
struct params_request {
	const char *arguments; /* of the entry that is booted, behind the command line of
				  @next's entry, else that of this boot; NULL: none */
	const char *profile;   /* NULL: none */
	bool host_dma_speed;
	bool trial; /* for one boot that comes back by itself */
};

/*
 * Decides what the machine of @facts needs to give away what @next plans.  Returns 0; -ENODATA
 * with nothing in *@ret when there is nothing to judge by, since neither PCI functions nor the
 * processor can be read; or another -errno.
 */
int params_find(struct facts *facts, const struct nextboot *next,
	const struct params_request *request, struct params *ret);

/*
 * Adds to @arguments, of @size bytes, what the machine needs to give away what @next plans,
 * the boot by that entry; nothing where its files do not tell what machine it is.  @trial: it
 * is for one boot that comes back by itself.
 *
 * Returns 0 with what there is to say in *@ret; or -errno with @message: -EPERM when a conflict is
 * to be fixed first, -EINVAL when a parameter has characters that would need quoting, -E2BIG when
 * one does not fit.
 */
int params_add_to_entry(struct facts *facts, const struct nextboot *next, bool trial,
	char *arguments, size_t size, struct params *ret, struct message *message);

/*
 * The same for each of @entries that gives something away, for the boot by that very entry: what
 * another profile needs is not for this one.  The machine is read once for all of them.
 */
int params_add_to_entries(
	struct facts *facts, struct bootentries *entries, struct message *message);

/*
 * Adds to @arguments of @size bytes what @params says is needed, and is not there yet.  Returns
 * 0; or -EINVAL or -E2BIG, as above.
 */
int params_append(char *arguments, size_t size, const struct params *params,
	struct message *message);

#endif
