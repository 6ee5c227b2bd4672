/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of the machine in, arguments of an entry out. */
#include "entryparams.h"

#include <errno.h>

#include "bootentry.h"
#include "kernelfacts.h"

int entryparams_add(const struct sysfs_root *root, const struct nextboot *next,
	bool trial, char *arguments, size_t size, struct kernelparams *ret,
	const char **ret_bad)
{
	struct kernelparams_facts facts = {.trial = trial};
	int r = kernelfacts_read(root, next, arguments, &facts);

	*ret = (struct kernelparams){0};
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	kernelparams_decide(&facts, ret);
	return ret->refused ? -EPERM
			    : bootentry_add_needed(arguments, size, ret, ret_bad);
}
