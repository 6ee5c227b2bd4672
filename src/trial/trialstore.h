/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last trial of this machine, in /var/lib/vfioboot/trial: its state (trialstate.h), and what is
 * left of its boot for a person to read: the records of the early program and the end of the
 * journal.
 */
#ifndef VFIOBOOT_TRIALSTORE_H
#define VFIOBOOT_TRIALSTORE_H

#include "base/base.h"
#include "trialstate.h"

#define TRIAL_DIRECTORY                                                                  \
	"/var/lib/vfioboot/trial" /* removed when empty, and so its parent */
#define TRIAL_STATE   TRIAL_DIRECTORY "/state"
#define TRIAL_JOURNAL TRIAL_DIRECTORY "/journal"

/* Reads the state.  Returns 0; -ENOENT when there was no trial; -EBADMSG; or -errno. */
int trial_read(const struct sysfs_root *root, struct trialstate *ret);

/* Replaces the state, and makes that last before it returns.  Returns 0, or -errno. */
int trial_write(const struct sysfs_root *root, const struct trialstate *trial);

/*
 * Holds the state for this process: between reading it and writing it back nobody else may,
 * be it the watch or a person.  Returns a descriptor for close(), which ends it; or -errno
 * when there is no state, or when the lock was not free for some seconds: that must stop
 * nobody.
 */
int trial_lock(const struct sysfs_root *root);

/* Removes the state and all that is left of the boot.  Returns 0, or -errno. */
int trial_forget(const struct sysfs_root *root);

/*
 * Keeps the end of the journal of the boot @boot; "" is the running one, and the records are
 * kept too then.  What is not there is not kept.
 */
void trial_keep_evidence(const struct sysfs_root *root, const char *boot);

/*
 * The id of the running boot, and the trial that it was booted for ("" for none).  Returns 0, or
 * -errno when the command line can't be read: then the trial is not known.
 */
int trial_read_boot(const struct sysfs_root *root, char ret_boot[static 37],
	char ret_id[static TRIAL_ID_SIZE]);

#endif
