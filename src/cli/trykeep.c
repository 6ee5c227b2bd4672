/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try --keep`: confirms the trial that runs, and makes its setting permanent. */
#include "trykeep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../core/configfiles.h"
#include "../core/util.h"
#include "../host/trial/trialkeep.h"
#include "../host/trial/trialstore.h"
#include "../host/trial/trialwatch.h"
#include "trialtext.h"

#define NAME "try"

/* Takes the profile away where we may, and says where a person has to. */
static enum cli_exit keep_sections(const struct sysfs_root *root, const char *profile,
	bool dry_run, unsigned *ret_changed)
{
	static struct config config;
	enum cli_exit status = CLI_OK;

	configfiles_read(root, CONFIGFILES_OF_IMAGE, &config);
	for (unsigned i = 0; i < config.n_sections; i++) {
		const struct config_section *section = &config.sections[i];
		const char *path = config.files[section->place.file];
		int r;

		if (trialkeep_section(&config, section, profile) != TRIALKEEP_TRIED ||
			!section->profile[0])
			continue;
		++*ret_changed;
		if (dry_run) {
			printf("Would take 'profile = %s' out of %s.\n", profile, path);
			continue;
		}
		r = trialkeep_drop_profile(root, path);
		if (r == 0)
			printf("%s: done at every boot now (%s).\n", section->name, path);
		else
			status = cli_error(NAME,
				"%s: take 'profile = %s' out of it by hand, below [device "
				"%s] (%s)",
				path, profile, section->name,
				r == -EPERM ? "vfioboot add did not write it"
					    : strerror(-r));
	}
	if (config.when_selected && ++*ret_changed)
		status = cli_error(NAME,
			"the configuration has 'when = selected': set it to 'when = "
			"always' by hand, below [boot] (%s)",
			"/etc/vfioboot.conf, or a drop-in");
	return status;
}

/* Confirms the trial that runs.  The watch finds this, and ends.  CLI_OK, or a message. */
static enum cli_exit confirm(
	const struct sysfs_root *root, bool dry_run, struct trialstate *ret)
{
	_cleanup_close_ int lock = trial_lock(root);
	int r = trial_read(root, ret);

	if (r == -ENOENT)
		return cli_error(NAME,
			"there is no trial to keep; start one with "
			"'vfioboot try'");
	if (r < 0)
		return trialtext_say_unreadable(NAME, r);
	if (trial_is_confirmed(ret))
		return CLI_OK;
	if (!trialwatch_is_running(root, ret))
		return cli_error(NAME,
			"the trial is not confirmed, so nothing says that it works; see "
			"'vfioboot try --status'");
	ret->phase = TRIAL_CONFIRMED;
	ret->by_person = true;
	if (dry_run) {
		printf("Would confirm trial %s by hand.\n", ret->id);
		return CLI_OK;
	}
	r = trial_write(root, ret);
	if (r < 0)
		return cli_error(NAME, "cannot write %s: %s", TRIAL_STATE, strerror(-r));
	printf("Trial %s is confirmed by hand.\n", ret->id);
	return CLI_OK;
}

/* Notes that there is nothing left to keep. */
static enum cli_exit note_kept(const struct sysfs_root *root, const char *id)
{
	_cleanup_close_ int lock = trial_lock(root);
	struct trialstate trial;
	int r = trial_read(root, &trial);

	/* Another trial may have been started meanwhile. */
	if (r == 0 && strcmp(trial.id, id) == 0 && trial_is_confirmed(&trial)) {
		trial.phase = TRIAL_KEPT;
		r = trial_write(root, &trial);
	}
	return r < 0 ? cli_error(NAME, "cannot write %s: %s", TRIAL_STATE, strerror(-r))
		     : CLI_OK;
}

enum cli_exit trykeep(const struct sysfs_root *root, bool dry_run)
{
	struct trialstate trial;
	enum cli_exit status = confirm(root, dry_run, &trial);
	unsigned n_changed = 0;

	if (status != CLI_OK)
		return status;
	status = keep_sections(root, trial.profile, dry_run, &n_changed);
	if (n_changed)
		printf("The images have to be made anew for that: run 'vfioboot apply'.\n");
	else if (status == CLI_OK)
		printf("The setting of trial %s is permanent already.\n", trial.id);
	trialtext_print_missing(root, &trial);
	if (status == CLI_OK && !dry_run && trial.phase != TRIAL_KEPT)
		status = note_kept(root, trial.id);
	return status;
}
