/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person does about a kernel parameter of the normal entries, and where. */
#ifndef VFIOBOOT_CHECK_PARAMETER_REMEDY_H
#define VFIOBOOT_CHECK_PARAMETER_REMEDY_H

#include "base/base.h"
#include "chain/chain.h"

#define PARAMETER_REMEDY_SIZE (PERMANENT_TEXT_SIZE + 256)

/*
 * Says, as an imperative, how to add the parameter @word, or, with @add false, to remove it: with its
 * place on this machine, as far as that is known.
 */
void parameter_remedy(const struct root *root, bool add, const char *word,
	char ret[static PARAMETER_REMEDY_SIZE]);

/* As permanent_value() and permanent_find_word(), of the loader of this machine. */
char *parameter_permanent(const struct root *root);
bool parameter_place(const struct root *root, const char *word, char *ret, size_t size);

#endif
