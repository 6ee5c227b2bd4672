/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of the machine in, arguments of an entry out. */
#include "entryparams.h"

#include <errno.h>

#include "chain/chain.h"
#include "kernelfacts.h"

#define PARAM_PREFIX "vfioboot." /* ours: they select an entry, and are never added */

int entryparams_add_needed(char *arguments, size_t size,
	const struct kernelparams *params, const char **ret_bad)
{
	for (unsigned i = 0; i < params->n; i++) {
		const char *parameter = params->items[i].parameter;
		size_t len = strlen(parameter);

		if (params->items[i].kind != KERNELPARAMS_NEEDED ||
			strncmp(parameter, PARAM_PREFIX, strlen(PARAM_PREFIX)) == 0 ||
			cmdline_has_word(arguments, parameter, len))
			continue;
		*ret_bad = parameter;
		if (!bootentry_is_plain(parameter))
			return -EINVAL;
		if (!cmdline_append_word(arguments, size, parameter, len))
			return -E2BIG;
	}
	return 0;
}

int entryparams_add(struct facts *facts, const struct nextboot *next, bool trial,
	char *arguments, size_t size, struct kernelparams *ret, const char **ret_bad)
{
	const struct kernelparams_request request = {
		.arguments = arguments, .trial = trial};
	int r = kernelparams_find(facts, next, &request, ret);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	return ret->refused ? -EPERM
			    : entryparams_add_needed(arguments, size, ret, ret_bad);
}

/* The next boot with all of the entries' profiles at once, so that it looks all of them up. */
static int read_all(
	struct facts *facts, const struct bootentries *entries, struct nextboot **ret)
{
	char all[BOOTENTRIES_MAX * BOOTENTRY_ARGS_SIZE] = "";
	size_t used = 0;

	for (unsigned i = 0; i < entries->n; i++)
		if (bootentry_is_passthrough(&entries->entries[i]))
			used += text_join(all + used, sizeof(all) - used, " ",
				entries->entries[i].arguments, NULL);
	return nextboot_read(facts, all, ret);
}

int entryparams_add_all(struct facts *facts, struct bootentries *entries,
	struct kernelparams *ret, const char **ret_bad)
{
	_cleanup_(nextboot_free) struct nextboot *all = NULL;
	int r = read_all(facts, entries, &all);

	for (unsigned i = 0; r == 0 && i < entries->n; i++) {
		_cleanup_(nextboot_free) struct nextboot *next = NULL;
		struct bootentry *entry = &entries->entries[i];

		if (!bootentry_is_passthrough(entry))
			continue;
		r = nextboot_select(all, entry->arguments, &next);
		if (r == 0)
			r = entryparams_add(facts, next, false, entry->arguments,
				sizeof(entry->arguments), ret, ret_bad);
	}
	return r;
}
