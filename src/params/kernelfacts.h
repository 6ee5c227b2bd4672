/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kernelparams_decide() wants to know of a machine, read from it. */
#ifndef VFIOBOOT_KERNELFACTS_H
#define VFIOBOOT_KERNELFACTS_H

#include "kernelparams.h"
#include "outlook/outlook.h"

/*
 * Reads the facts of the machine at @root; what is given away is what @next plans.  With
 * @arguments it is about a boot by an entry that has them behind the command line of this one;
 * NULL: none.  What the person asks for is left as it is in *@ret, which starts as {0}
 * otherwise.  The command lines in it last until the next call.  Returns 0; -ENODATA when there is nothing to judge by,
 * since neither PCI functions nor the processor can be read; or another -errno.
 */
int kernelfacts_read(const struct sysfs_root *root, const struct nextboot *next,
	const char *arguments, struct kernelparams_facts *ret);

#endif
