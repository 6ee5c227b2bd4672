/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else on this machine gives devices to vfio-pci, or keeps drivers from those of the host. */
#include <errno.h>

#include "private.h"
#include "verdicts.h"

static void check_leftovers(struct check_host *host)
{
	_cleanup_(verdicts_free) struct verdicts verdicts = {0};
	static const enum check_state states[] = {
		[VERDICT_NEEDLESS] = CHECK_PASS,
		[VERDICT_UNKNOWN] = CHECK_UNKNOWN,
		[VERDICT_TAKES] = CHECK_FAIL,
	};
	bool any = false;

	if (verdicts_find(host->facts, host->next, &verdicts) < 0) {
		host->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < verdicts.leftovers.n; i++) {
		const struct verdict *verdict = &verdicts.list[i];
		char place[512];

		if (verdict->effect == VERDICT_HARMLESS)
			continue;
		any = true;
		verdict_place(&verdicts.leftovers.list[i], place, sizeof(place));
		check_add(host, states[verdict->effect], place, "%s", verdict->found);
		check_remedy(host, "%s", verdict->remedy);
	}
	if (!any)
		check_pass(host, "", "nothing else binds devices to vfio-pci");
}

static const struct check checks[] = {{"leftovers", check_leftovers, NULL}};

const struct check_theme check_leftovers_theme = {
	"Other ways of binding", checks, ARRAY_SIZE(checks)};
