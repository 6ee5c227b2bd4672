/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loaders first: a state without a choice of theirs is harmless, the other way it is not. */
#include "trialend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chain/chain.h"
#include "trialstore.h"
#include "trialwatch.h"

_Static_assert(TRIAL_TEXT_SIZE >= ONESHOT_WHY_SIZE, "a reason of the loader's must fit");

enum trialend_kind trialend_look(const struct sysfs_root *root)
{
	struct trialstate trial;
	int r = trial_read(root, &trial);

	if (r == 0 && trialwatch_is_running(root, &trial))
		return TRIALEND_RUNNING;
	if (oneshot_is_armed(root, NULL))
		return TRIALEND_WAITING;
	return r == -ENOENT ? TRIALEND_NONE : TRIALEND_OVER;
}

int trialend_take_back(const struct sysfs_root *root, char *why)
{
	int r = oneshot_disarm_all(root, why);

	if (r < 0)
		return r;
	r = trial_forget(root);
	if (r < 0)
		snprintf(why, TRIAL_TEXT_SIZE, "cannot remove %s: %s", TRIAL_STATE,
			strerror(-r));
	return r;
}
