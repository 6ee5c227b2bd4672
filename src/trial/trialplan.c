/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the plan of a trial's boot and looks for what would make it fail for sure. */
#include "trialplan.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "chain/chain.h"
#include "decide/decide.h"
#include "facts/facts.h"
#include "params/params.h"
#include "trialkeep.h"

#define OWN "vfioboot."

/*
 * A boot by an entry of ours has what that one brought, such as IOMMU groups: what the normal
 * entry lacks can't be seen in it.
 */
static int check_booted_normally(const struct sysfs_root *root, struct trialplan *plan)
{
	_cleanup_free_ char *cmdline = NULL;
	struct cmdline_param param;
	int r = cmdline_read_if_any(root, &cmdline);

	if (r < 0)
		return r;
	for (const char *cursor = cmdline; cmdline_next(&cursor, &param);)
		if (param.name_len > strlen(OWN) &&
			strncmp(param.name, OWN, strlen(OWN)) == 0)
			snprintf(plan->problem, sizeof(plan->problem),
				"this boot was started by an entry with parameters of "
				"vfioboot; boot the normal entry first");
	return 0;
}

/* Chooses the profile.  Whether there is one. */
static bool choose_profile(
	const struct config *config, const char *wanted, struct trialplan *plan)
{
	bool several = false;
	const char *profile = wanted ? wanted : trialkeep_profile(config, &several);

	if (several)
		snprintf(plan->problem, sizeof(plan->problem),
			"the configuration has several profiles; name one with --profile");
	else if (!config->n_sections)
		snprintf(plan->problem, sizeof(plan->problem),
			"no device is configured, so there is nothing to try; 'vfioboot add "
			"DEVICE --profile passthrough' and 'vfioboot apply' come before");
	else if (!profile)
		snprintf(plan->problem, sizeof(plan->problem),
			"no section waits for a profile, so the normal entry does all of "
			"them, and there would be no way back; add 'profile = passthrough' "
			"to those to be tried (%.100s), run 'vfioboot apply', and try again",
			config->files[config->sections[0].place.file]);
	else if (!config_set_name(plan->profile, sizeof(plan->profile), profile))
		snprintf(plan->problem, sizeof(plan->problem),
			"'%.60s' is no name of a profile", profile);
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

/*
 * Puts the parameters together: what is tried stands between our own ones, by which
 * bootentry_strip() knows it.  @needed: with blanks between, or "".
 */
static void set_parameters(const struct trialplan_request *request, const char *needed,
	struct trialplan *plan)
{
	const char *blank = *request->append && *needed ? " " : "";
	int tried = snprintf(plan->tried, sizeof(plan->tried), "%s%s%s", request->append,
		blank, needed);
	int all = snprintf(plan->parameters, sizeof(plan->parameters),
		OWN "profile=%s%s%s " CONFIG_PARAM_TRIAL "=%s " BOOTENTRY_WAYS_BACK,
		plan->profile, plan->tried[0] ? " " : "", plan->tried, request->id);

	if (tried < 0 || (size_t)tried >= sizeof(plan->tried) || all < 0 ||
		(size_t)all >= sizeof(plan->parameters))
		snprintf(plan->problem, sizeof(plan->problem),
			"the parameters are too long together");
}

/* Adds what the machine needs. */
static void add_needed(const struct sysfs_root *root,
	const struct trialplan_request *request, struct trialplan *plan)
{
	size_t len = strlen(plan->parameters);
	char needed[TRIAL_PARAMETERS_SIZE];

	plan->params_error = entryparams_add(root, plan->next, true, plan->parameters,
		sizeof(plan->parameters), &plan->params, &plan->bad_param);
	if (plan->params_error < 0 || !plan->parameters[len])
		return;
	strcpy(needed, plan->parameters + len + 1);
	set_parameters(request, needed, plan);
}

/* Whether there is one for the IOMMU: then there may be groups that are not there now. */
static bool may_bring_groups(const char *parameters)
{
	static const char end[] = "iommu"; /* iommu=, intel_iommu=, amd_iommu= */
	struct cmdline_param param;

	while (cmdline_next(&parameters, &param))
		if (param.name_len >= strlen(end) &&
			memcmp(param.name + param.name_len - strlen(end), end,
				strlen(end)) == 0)
			return true;
	return false;
}

/* What the planner refuses need not be tried. */
static void find_refusal(struct trialplan *plan)
{
	const struct nextboot *next = plan->next;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		const char *name = next->config.sections[entry->section].name;
		char address[PCI_ADDRESS_SIZE] = "a function";

		if (entry->reason == REASON_NONE)
			continue;
		if (entry->reason == REASON_NO_IOMMU_GROUP &&
			may_bring_groups(plan->tried)) {
			plan->n_groupless++;
			continue;
		}
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

int trialplan_make(const struct sysfs_root *root, const struct trialplan_request *request,
	struct trialplan *ret)
{
	static struct config config;
	int r = check_booted_normally(root, ret);

	if (r < 0 || ret->problem[0])
		return r;
	config = (struct config){0};
	configfiles_read(root, CONFIGFILES_OF_IMAGE, &config);
	if (!choose_profile(&config, request->profile, ret))
		return 0;
	count_sections(&config, ret);
	if (!ret->problem[0])
		set_parameters(request, "", ret);
	if (ret->problem[0])
		return 0;
	r = nextboot_read(root, ret->parameters, &ret->next);
	if (r == 0)
		r = ret->next->machine_error;
	if (r < 0)
		return r;
	add_needed(root, request, ret);
	if (!ret->problem[0] && ret->params_error == 0)
		find_refusal(ret);
	return 0;
}

void trialplan_free(struct trialplan *plan)
{
	nextboot_free(&plan->next);
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
