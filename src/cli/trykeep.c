/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try --keep`: confirms the trial that runs, and makes its setting permanent. */
#include "trykeep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "decide/decide.h"
#include "entrywanted.h"
#include "trial/trial.h"
#include "trialtext.h"

#define NAME "try"

/* What there is to do, and what came of it. */
struct keeping {
	const struct sysfs_root *root;
	const struct trialstate *trial;
	bool dry_run;
	unsigned n_changed; /* sections that a next boot is to do without the profile */
	unsigned n_refused; /* that were not tried as they are now */
};

/* Whether the section is what was tried.  Else a message. */
static bool was_tried(struct keeping *keeping, const struct config *config,
	const struct config_section *section)
{
	enum trialkeep_change change = trialkeep_compare(keeping->trial, config, section);

	if (change == TRIALKEEP_SAME)
		return true;
	cli_error(NAME,
		"[device %s] in %s %s trial %s, so it is not kept; run 'vfioboot try' again",
		section->name, config->files[section->place.file],
		change == TRIALKEEP_NEW ? "was no part of" : "was changed after",
		keeping->trial->id);
	keeping->n_refused++;
	return false;
}

/* Takes the profile away where we may, and says where a person has to. */
static enum cli_exit keep_section(
	struct keeping *keeping, const char *path, const struct config_section *section)
{
	const char *profile = section->profile;
	int r;

	keeping->n_changed++;
	if (keeping->dry_run) {
		printf("Would take 'profile = %s' out of %s.\n", profile, path);
		return CLI_OK;
	}
	r = trialkeep_drop_profile(keeping->root, path);
	if (r == 0) {
		printf("%s: done at every boot now (%s).\n", section->name, path);
		return CLI_OK;
	}
	return cli_error(NAME,
		"%s: take 'profile = %s' out of it by hand, below [device %s] (%s)", path,
		profile, section->name,
		r == -EPERM             ? "vfioboot add did not write it"
			: r == -ENODATA ? "no plain line of it sets that"
					: strerror(-r));
}

static enum cli_exit keep_sections(struct keeping *keeping)
{
	static struct config config;
	enum cli_exit status = CLI_OK;

	configfiles_read(keeping->root, CONFIGFILES_OF_IMAGE, &config);
	for (unsigned i = 0; i < config.n_sections; i++) {
		const struct config_section *section = &config.sections[i];

		if (trialkeep_section(&config, section, keeping->trial->profile) !=
			TRIALKEEP_TRIED)
			continue;
		if (!was_tried(keeping, &config, section) ||
			(section->profile[0] &&
				keep_section(keeping, config.files[section->place.file],
					section) != CLI_OK))
			status = CLI_FAILED;
	}
	/* With a section that was not tried this would make it permanent, too. */
	if (!config.when_selected || keeping->n_refused)
		return status;
	keeping->n_changed++;
	return cli_error(NAME,
		"the configuration has 'when = selected': set it to 'when = always' by "
		"hand, below [boot] (%s)",
		"/etc/vfioboot.conf, or a drop-in");
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
	struct keeping keeping = {.root = root, .trial = &trial, .dry_run = dry_run};

	if (status != CLI_OK)
		return status;
	status = keep_sections(&keeping);
	if (keeping.n_changed)
		printf("The images have to be made anew for that: run 'vfioboot apply'.\n");
	else if (status == CLI_OK)
		printf("The setting of trial %s is permanent already.\n", trial.id);
	trialtext_print_missing(root, &trial);
	if (status == CLI_OK && !dry_run && trial.phase != TRIAL_KEPT)
		status = note_kept(root, trial.id);
	if (keeping.n_changed && !dry_run)
		entrywanted_warn_stale(NAME, root);
	return status;
}
