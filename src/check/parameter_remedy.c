/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names the file and the command of a parameter, which depend on the boot loader
 * (chain/loaders/permanent.h).
 */
#include "parameter_remedy.h"

#include <limits.h>

/* Whether the loader of this machine is known. */
static bool find_permanent(const struct root *root, struct permanent *ret)
{
	struct bootloader_search search;

	bootloader_find(root, &search);
	if (search.owner)
		bootmenu_permanent(root, search.owner, ret);
	return search.owner;
}

char *parameter_permanent(const struct root *root)
{
	struct permanent permanent;

	return find_permanent(root, &permanent) ? permanent_value(root, &permanent)
						: NULL;
}

bool parameter_place(const struct root *root, const char *word, char *ret, size_t size)
{
	struct permanent permanent;

	return find_permanent(root, &permanent) &&
		permanent_find_word(root, &permanent, word, ret, size);
}

void parameter_remedy(const struct root *root, bool add, const char *word,
	char ret[static PARAMETER_REMEDY_SIZE])
{
	size_t len = text_join(ret, PARAMETER_REMEDY_SIZE, add ? "add " : "remove ", word,
		add ? " to" : " from", " the kernel command line", NULL);
	char place[PATH_MAX + 16], text[PERMANENT_TEXT_SIZE];
	struct permanent permanent;

	if (!find_permanent(root, &permanent))
		return;
	if (add && permanent_is_written(&permanent))
		text_join(ret + len, PARAMETER_REMEDY_SIZE - len,
			" with 'sudo vfioboot cmdline --apply'", NULL);
	else if (add)
		text_join(ret + len, PARAMETER_REMEDY_SIZE - len, ", ",
			permanent_text(&permanent, word, text), NULL);
	else if (permanent_find_word(root, &permanent, word, place, sizeof(place)))
		text_join(ret + len, PARAMETER_REMEDY_SIZE - len, ", in ", place,
			*permanent.command ? "; then " : "", permanent.command, NULL);
}
