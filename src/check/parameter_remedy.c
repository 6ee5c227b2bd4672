/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file and which command it is, the loader of this machine says (chain/loaders/permanent.h). */
#include "parameter_remedy.h"

#include <limits.h>

/* Puts @word where the text has "PARAMETER" or "PARAMETER ...". */
static void fill_in(const char *text, const char *word, char *ret, size_t size)
{
	static const char name[] = "PARAMETER", more[] = " ...";
	const char *at = strstr(text, name), *rest = at ? at + strlen(name) : "";
	size_t len = at ? (size_t)(at - text) : strlen(text);

	if (text_begins_with(rest, more))
		rest += strlen(more);
	snprintf(ret, size, ", %.*s%s%s", (int)len, text, at ? word : "", rest);
}

void parameter_remedy(const struct root *root, bool add, const char *word,
	char ret[static PARAMETER_REMEDY_SIZE])
{
	size_t len = text_join(ret, PARAMETER_REMEDY_SIZE, add ? "add " : "remove ", word,
		add ? " to" : " from", " the kernel command line", NULL);
	char place[PATH_MAX + 16];
	struct bootloader_search search;
	struct permanent permanent;

	bootloader_find(root, &search);
	if (!search.owner)
		return;
	bootmenu_permanent(root, search.owner, &permanent);
	if (add && permanent_is_written(&permanent))
		text_join(ret + len, PARAMETER_REMEDY_SIZE - len,
			" with 'sudo vfioboot cmdline --apply'", NULL);
	else if (add)
		fill_in(permanent.text, word, ret + len, PARAMETER_REMEDY_SIZE - len);
	else if (permanent_find_word(root, &permanent, word, place, sizeof(place)))
		text_join(ret + len, PARAMETER_REMEDY_SIZE - len, ", in ", place,
			strstr(permanent.text, "; then "), NULL);
}
