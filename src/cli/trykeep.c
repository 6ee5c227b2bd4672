/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try --keep`: confirms the trial that runs, and makes its setting permanent. */
#include "trykeep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../core/util.h"
#include "../host/config/nextboot.h"
#include "../host/trial/trialkeep.h"
#include "../host/trial/trialstore.h"

#define NAME "try"

/* Takes the profile away where we may, and says where a person has to. */
static enum cli_exit keep_sections(
	const struct sysfs_root *root, const char *profile, bool dry_run)
{
	static struct nextboot next;
	const struct config *config = &next.config;
	enum cli_exit status = CLI_OK;

	nextboot_read(root, "", &next);
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		const char *path = config->files[section->place.file];
		int r;

		if (trialkeep_section(config, section, profile) != TRIALKEEP_TRIED ||
			!section->profile[0])
			continue;
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
	if (config->when_selected)
		status = cli_error(NAME,
			"the configuration has 'when = selected': set it to 'when = "
			"always' by hand, below [boot] (%s)",
			"/etc/vfioboot.conf, or a drop-in");
	return status;
}

enum cli_exit trykeep(const struct sysfs_root *root, bool dry_run)
{
	char boot[37], id[TRIAL_ID_SIZE];
	struct trialstate trial;
	enum cli_exit status;
	int r = trial_read(root, &trial);
	bool running;

	if (r < 0)
		return cli_error(NAME,
			"there is no trial to keep; start one with "
			"'vfioboot try'");
	trial_read_boot(root, boot, id);
	running = trial.phase == TRIAL_STARTED && strcmp(id, trial.id) == 0;
	if (trial.phase != TRIAL_CONFIRMED && !running)
		return cli_error(NAME,
			"the trial is not confirmed, so nothing says that it works; see "
			"'vfioboot try --status'");
	/* The watch finds this, and ends. */
	trial.phase = TRIAL_CONFIRMED;
	trial.by_person |= running;
	r = dry_run || !running ? 0 : trial_write(root, &trial);
	if (r < 0)
		return cli_error(NAME, "cannot write %s: %s", TRIAL_STATE, strerror(-r));
	if (running && !dry_run)
		printf("Trial %s is confirmed by hand.\n", trial.id);
	status = keep_sections(root, trial.profile, dry_run);
	printf("The images have to be made anew for that: run 'vfioboot apply'.\n");
	return status;
}
