/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warns of leftovers with the place and the remedy that `vfioboot check` has. */
#include "cli.h"

void leftovers_warn_of(const char *command, const struct verdicts *verdicts, size_t i)
{
	char place[512];

	verdict_place(&verdicts->leftovers.list[i], place, sizeof(place));
	cli_warning(command, "%s: %s; %s", place, verdicts->list[i].found,
		verdicts->list[i].remedy);
}

void leftovers_warn(const char *command, struct facts *facts, const struct nextboot *next)
{
	_cleanup_(verdicts_free) struct verdicts verdicts = {0};

	if (verdicts_find(facts, next, &verdicts) < 0) {
		cli_warning(command, "no memory to look for other ways of binding");
		return;
	}
	for (size_t i = 0; i < verdicts.leftovers.n; i++)
		if (verdicts.list[i].effect >= VERDICT_UNKNOWN)
			leftovers_warn_of(command, &verdicts, i);
}
