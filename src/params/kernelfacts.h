/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel parameters the machine needs: its facts in, advice out. */
#ifndef VFIOBOOT_KERNELFACTS_H
#define VFIOBOOT_KERNELFACTS_H

#include "kernelparams.h"
#include "outlook/outlook.h"

/* What is asked about, beside the machine. */
struct kernelparams_request {
	const char *arguments; /* of the entry that is booted, behind the command line of
				  this boot; NULL: none */
	const char *profile;   /* NULL: none */
	bool host_dma_speed;
	bool trial; /* for one boot that comes back by itself */
};

/*
 * Decides what the machine of @facts needs to give away what @next plans.  Returns 0; -ENODATA
 * with nothing in *@ret when there is nothing to judge by, since neither PCI functions nor the
 * processor can be read; or another -errno.
 */
int kernelparams_find(struct facts *facts, const struct nextboot *next,
	const struct kernelparams_request *request, struct kernelparams *ret);

#endif
