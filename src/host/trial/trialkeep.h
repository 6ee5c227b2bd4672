/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes the setting of a trial permanent: sections lose the profile that they waited
 * for, and are done at every boot.  Only drop-ins of `vfioboot add` are changed; what a
 * person wrote is named, with what is to be changed there.
 */
#ifndef VFIOBOOT_TRIALKEEP_H
#define VFIOBOOT_TRIALKEEP_H

#include "../../core/config.h"
#include "../../core/sysfsroot.h"

/* Which sections a trial of a profile is about. */
enum trialkeep_section {
	TRIALKEEP_OTHER,  /* not done in the trial */
	TRIALKEEP_ALWAYS, /* done by the normal entry as well */
	TRIALKEEP_TRIED,  /* done in the trial alone */
};

/* What a trial with @profile makes of the section; @config is read without a command line. */
enum trialkeep_section trialkeep_section(const struct config *config,
	const struct config_section *section, const char *profile);

/*
 * The one profile that sections wait for; with none, and `when = selected`, any will do:
 * "passthrough".  NULL: there is none, or more than one (*@ret_several).
 */
const char *trialkeep_profile(const struct config *config, bool *ret_several);

/*
 * Takes the key "profile" out of a drop-in of ours.  Returns 0; -EPERM for a file that is not
 * ours alone to change; or another -errno.
 */
int trialkeep_drop_profile(const struct sysfs_root *root, const char *path);

/* @text without the lines that set @key; pure.  NULL without memory, else for free(). */
char *trialkeep_without_key(const char *text, const char *key);

#endif
