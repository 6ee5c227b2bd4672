/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes the setting of a trial permanent: sections lose the profile that they waited
 * for, and are done at every boot.  Only what was tried is kept: not a section that was added or
 * edited since.  Only drop-ins of `vfioboot add` are changed; what a person wrote is named, with
 * what is to be changed there.
 */
#ifndef VFIOBOOT_TRIALKEEP_H
#define VFIOBOOT_TRIALKEEP_H

#include "base/base.h"
#include "decide/decide.h"
#include "trialstate.h"

/* Which sections a trial of a profile is about. */
enum trialkeep_section {
	TRIALKEEP_OTHER,  /* not done in the trial */
	TRIALKEEP_ALWAYS, /* done by the normal entry as well */
	TRIALKEEP_TRIED,  /* done in the trial alone */
};

/* What a trial with @profile makes of the section; @config is read without a command line. */
enum trialkeep_section trialkeep_section(const struct config *config,
	const struct config_section *section, const char *profile);

/* Notes which sections a trial with @profile tries, and what they ask for. */
void trialkeep_remember(
	const struct config *config, const char *profile, struct trialstate *ret);

enum trialkeep_change {
	TRIALKEEP_SAME,
	TRIALKEEP_CHANGED, /* it asks for something else than it did then */
	TRIALKEEP_NEW,     /* the trial did not try it */
};

/*
 * What became of a section since the trial was armed, but for its profile.  Where the trial
 * remembers none nothing is known to have changed.
 */
enum trialkeep_change trialkeep_compare(const struct trialstate *trial,
	const struct config *config, const struct config_section *section);

/*
 * The one profile that sections wait for; with none, and `when = selected`, any will do:
 * "passthrough".  NULL: there is none, or more than one (*@ret_several).
 */
const char *trialkeep_profile(const struct config *config, bool *ret_several);

/*
 * Takes the key "profile" out of a drop-in of ours.  Returns 0; -EPERM for a file that is not
 * ours alone to change; -ENODATA when no line of it sets the key; or another -errno.
 */
int trialkeep_drop_profile(const struct sysfs_root *root, const char *path);

/* @text without the lines that set @key; pure.  NULL without memory, else for free(). */
char *trialkeep_without_key(const char *text, const char *key);

#endif
