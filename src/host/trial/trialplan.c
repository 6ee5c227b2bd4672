/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the plan of a trial's boot and looks for what would make it fail for sure. */
#include "trialplan.h"

#include <stdio.h>
#include <string.h>

#include "../../core/configfiles.h"
#include "../../core/util.h"
#include "../images/images.h"
#include "../images/kernels.h"
#include "trialkeep.h"

/* Chooses the profile.  Whether there is one. */
static bool choose_profile(
	const struct config *config, const char *wanted, struct trialplan *plan)
{
	bool several = false;
	const char *profile = wanted ? wanted : trialkeep_profile(config, &several);

	if (several)
		snprintf(plan->problem, sizeof(plan->problem),
			"the configuration has several profiles; name one with --profile");
	else if (!profile)
		snprintf(plan->problem, sizeof(plan->problem),
			"no section waits for a profile, so the normal entry does all of "
			"them, and there would be no way back; give those to be tried a "
			"profile ('vfioboot add --profile NAME', or 'profile = NAME' in the "
			"section), run 'vfioboot apply', and try again");
	else if (!copy_text(
			 plan->profile, sizeof(plan->profile), profile, strlen(profile)))
		snprintf(plan->problem, sizeof(plan->problem),
			"'%.60s' is too long for a profile", profile);
	return !plan->problem[0];
}

static void count_sections(const struct config *config, struct trialplan *plan)
{
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		switch (trialkeep_section(config, section, plan->profile)) {
		case TRIALKEEP_TRIED:
			plan->n_tried++;
			plan->last_display |= section->last_display;
			break;
		case TRIALKEEP_ALWAYS: plan->n_always++; break;
		case TRIALKEEP_OTHER: break;
		}
	}
	if (!plan->n_tried)
		snprintf(plan->problem, sizeof(plan->problem),
			"no section has the profile '%s'; 'vfioboot plan' shows those that "
			"there are",
			plan->profile);
}

/* What the planner refuses need not be tried. */
static void find_refusal(struct trialplan *plan)
{
	const struct nextboot *next = &plan->next;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		const char *name = next->config.sections[entry->section].name;
		char address[PCI_ADDRESS_SIZE] = "a function";

		if (entry->reason == REASON_NONE)
			continue;
		if (entry->function != PLAN_NO_FUNCTION)
			pci_address_format(
				next->machine.functions[entry->function].address,
				address);
		snprintf(plan->problem, sizeof(plan->problem),
			"%s of '%s' would be refused (%s): %s", address, name,
			reason_word(entry->reason), reason_text(entry->reason));
		return;
	}
}

int trialplan_make(
	const struct sysfs_root *root, const char *profile, struct trialplan *ret)
{
	static struct config config;
	char cmdline[CONFIG_NAME_SIZE + 32];
	int r;

	config = (struct config){0};
	configfiles_read(root, CONFIGFILES_OF_IMAGE, &config);
	if (!choose_profile(&config, profile, ret))
		return 0;
	count_sections(&config, ret);
	if (ret->problem[0])
		return 0;
	snprintf(cmdline, sizeof(cmdline), "vfioboot.profile=%s", ret->profile);
	r = nextboot_read(root, cmdline, &ret->next);
	if (r < 0)
		return r;
	find_refusal(ret);
	return 0;
}

bool trialplan_image_is_fresh(
	const struct sysfs_root *root, char why[static TRIAL_TEXT_SIZE])
{
	struct images images = {0};
	char release[65];
	bool fresh = false;
	int r = kernels_running(root, release, sizeof(release));

	snprintf(why, TRIAL_TEXT_SIZE, "the image of the running kernel can't be found");
	if (r == 0)
		r = images_inspect(root, NULL, &images);
	for (size_t i = 0; r == 0 && !fresh && i < images.n; i++) {
		const struct image *image = &images.images[i];

		if (strcmp(image->kernel, release) != 0)
			continue;
		fresh = image->state == IMAGE_FRESH;
		snprintf(why, TRIAL_TEXT_SIZE, "%s is %s: %.200s", image->path,
			image_state_word(image->state), image->why);
	}
	images_free(&images);
	return fresh;
}
