/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch over a trial's boot, and what is left to do at the boot after it; called by
 * vfioboot-confirm.service and vfioboot-settle.service.
 */
#ifndef VFIOBOOT_TRIALWATCH_H
#define VFIOBOOT_TRIALWATCH_H

#include "base/base.h"
#include "trialstate.h"

/* Whether the watch would be started at the next boot, and what looks after it at the one behind. */
bool trialwatch_is_installed(void);

/*
 * In the boot of the trial @id: looks again and again, until all is as it should be for two
 * looks, a person confirms, or @seconds are over; sooner where more time would not help.
 * Takes the loader's choice back as soon as that can be written.  Returns 0 when the trial
 * is confirmed, and 1 when it is given up, with the trial in *@ret; -EINTR when the watch
 * was stopped (SIGTERM); or -ESTALE when the system came up, and there is no such trial: its
 * parameters have come into an entry that stays, and to restart would never end.
 */
int trialwatch_run(const struct sysfs_root *root, const char *id, unsigned seconds,
	struct trialstate *ret);

/*
 * Reads the state as trialwatch_settle() will find it, if that has not run yet; changes
 * nothing.  Returns as trial_read().
 */
int trialwatch_read(const struct sysfs_root *root, struct trialstate *ret);

/* Whether this boot is the trial @trial, and that is not over. */
bool trialwatch_is_running(const struct sysfs_root *root, const struct trialstate *trial);

/*
 * In any other boot: finds out what became of a trial that has no end yet, and removes what
 * is left of its entry.  Returns 1 with the trial when it has failed, 0 when there is nothing
 * new, or -errno.
 */
int trialwatch_settle(const struct sysfs_root *root, struct trialstate *ret);

#endif
