/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans the boot of a trial, looks for what would make it fail for sure, and starts it. */
#include <fcntl.h>
#include <time.h>

#include "facts/facts.h"
#include "private.h"

#define OWN "vfioboot."

#define ANY_PROFILE "passthrough"

#define AT_THE_MENU                                                                      \
	"choose the entry at the boot menu instead ('sudo vfioboot entry add')"

/* ---- What is tried */

/*
 * A boot by an entry of ours has what that one brought, such as IOMMU groups: what the normal
 * entry lacks cannot be seen in it.  What the normal entry has itself (vfioboot.device=) is in the
 * trial as well, and nothing that it would add.
 */
static int check_booted_normally(const char *cmdline, struct message *message)
{
	const char *cursor = cmdline, *end = cmdline + cmdline_length(cmdline), *word;
	size_t len;

	while ((len = cmdline_next_word(&cursor, &word)) && word < end)
		if (bootentry_is_own(word, len)) {
			message_remedy(message, "boot the normal entry first");
			return message_set(message, -EPERM,
				"this boot was started by an entry with parameters of "
				"vfioboot (%.*s)",
				len > 60 ? 60 : (int)len, word);
		}
	return 0;
}

/*
 * The one profile that sections wait for; with none, and `when = selected`, any will do.  NULL:
 * there is none, or more than one (*@ret_several).
 */
static const char *find_profile(const struct config *config, bool *ret_several)
{
	const char *found = NULL;

	*ret_several = false;
	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (section->bad || !section->profile[0])
			continue;
		if (found && strcmp(found, section->profile) != 0) {
			*ret_several = true;
			return NULL;
		}
		found = section->profile;
	}
	return found || !config->when_selected || !config_count_boot(config)
		? found
		: ANY_PROFILE;
}

static int choose_profile(const struct config *config, const char *wanted,
	struct trial_plan *plan, struct message *message)
{
	char *ret = plan->trial.profile;
	bool several = false;
	const char *profile = wanted ? wanted : find_profile(config, &several);

	if (several) {
		message_remedy(message, "name one with --profile");
		return message_set(
			message, -EINVAL, "the configuration has several profiles");
	}
	if (!config_count_boot(config)) {
		message_remedy(message,
			"run 'sudo vfioboot add DEVICE --profile passthrough' and "
			"'sudo vfioboot apply' first");
		return message_set(message, -EINVAL,
			"no device is configured for a boot, so there is nothing to try");
	}
	if (!profile) {
		message_remedy(message,
			"add 'profile = passthrough' to those to be tried (%s), run "
			"'sudo vfioboot apply', and try again",
			config->files[config->sections[0].place.file]);
		return message_set(message, -EINVAL,
			"no section waits for a profile, so the normal entry binds all of "
			"them, and there would be no way back");
	}
	if (!config_set_name(ret, sizeof(plan->trial.profile), profile))
		return message_set(message, -EINVAL,
			"'%.60s' cannot be the name of a profile", profile);
	return 0;
}

/* With @config read without a command line. */
static int check_sections(
	const struct config *config, struct trial_plan *plan, struct message *message)
{
	bool any = false;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];

		if (trial_part_of(config, section, plan->trial.profile) !=
			TRIAL_PART_TRIED)
			continue;
		any = true;
		plan->takes_last_display |= section->last_display;
	}
	if (any)
		return 0;
	message_remedy(message, "'vfioboot plan' shows the profiles");
	return message_set(
		message, -EINVAL, "no section has the profile '%s'", plan->trial.profile);
}

/*
 * Puts the parameters together: what is tried is between our own ones, by which
 * bootentry_strip() finds it.  @needed: with blanks between, or "".
 */
static int set_parameters(const char *append, const char *needed, struct trial_plan *plan,
	struct message *message)
{
	struct trial *trial = &plan->trial;
	int tried = snprintf(trial->tried, sizeof(trial->tried), "%s%s%s", append,
		*append && *needed ? " " : "", needed);
	int all = snprintf(trial->parameters, sizeof(trial->parameters),
		OWN "profile=%s%s%s " CONFIG_PARAM_TRIAL "=%s " BOOTENTRY_WAYS_BACK,
		trial->profile, trial->tried[0] ? " " : "", trial->tried, trial->id);

	if (tried < 0 || (size_t)tried >= sizeof(trial->tried) || all < 0 ||
		(size_t)all >= sizeof(trial->parameters))
		return message_set(
			message, -E2BIG, "the parameters are too long together");
	return 0;
}

/* Adds what the machine needs. */
static int add_needed(struct facts *facts, const char *append, struct trial_plan *plan,
	struct message *message)
{
	_cleanup_free_ struct params *params = calloc(1, sizeof(*params));
	char *parameters = plan->trial.parameters, *needed;
	size_t len = strlen(parameters);
	int r = params ? params_add_to_entry(facts, plan->next, true, parameters,
				 sizeof(plan->trial.parameters), params, message)
		       : message_errno(message, -ENOMEM, "cannot plan the boot");

	if (r < 0)
		return r;
	/* What no parameter can fix, and so the reason of what else is wrong. */
	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind == PARAMS_OBSTACLE)
			file_add_name(&plan->warnings, params->items[i].reason);
	if (!parameters[len])
		return 0;
	needed = strdupa(parameters + len + 1);
	return set_parameters(append, needed, plan, message);
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

/* A section with an error is none: that comes first. */
static int say_config_error(
	const struct config *config, int code, struct message *message)
{
	char place[CONFIG_PLACE_SIZE];

	config_place_text(config, config->errors[0].place, place);
	message_remedy(message, "correct that, run 'sudo vfioboot apply', and try again");
	return message_set(message, code, "%s: %s", place, config->errors[0].message);
}

/* What the planner refuses need not be tried. */
static int check_plan(struct trial_plan *plan, struct message *message)
{
	const struct nextboot *next = plan->next;

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		const char *name = next->config.sections[entry->section].name;
		char address[PCI_ADDRESS_SIZE] = "a function";

		if (!plan_refuses(entry))
			continue;
		if (entry->reason == REASON_BAD_CONFIG)
			return say_config_error(&next->config, -EPERM, message);
		if (entry->reason == REASON_NO_IOMMU_GROUP &&
			may_bring_groups(plan->trial.tried)) {
			plan->n_groupless++;
			continue;
		}
		if (entry->function != PLAN_NO_FUNCTION)
			pci_address_format(
				next->machine.functions[entry->function].address,
				address);
		return message_set(message, -EPERM,
			"%s of '%s' would be refused (%s): %s", address, name,
			reason_word(entry->reason), reason_text(entry->reason));
	}
	return 0;
}

/* Plans what the trial's boot would bind, which has the parameters of this one, too. */
static int plan_boot(const struct root *root, const char *booted, const char *append,
	struct trial_plan *plan, struct message *message)
{
	_cleanup_free_ char *cmdline = cmdline_join(booted, plan->trial.parameters);
	_cleanup_(facts_free) struct facts facts = {0};
	int r = cmdline ? facts_read(root, &facts) : -ENOMEM;

	if (r == 0)
		r = nextboot_read(&facts, cmdline, &plan->next);
	if (r < 0)
		return message_errno(message, r, "cannot plan the boot");
	if (plan->next->machine_error < 0)
		return message_errno(message, plan->next->machine_error,
			"cannot read the PCI functions");
	for (unsigned i = 0; i < plan->next->config.n_sections; i++)
		plan->n_always += trial_part_of(&plan->next->config,
					  &plan->next->config.sections[i],
					  plan->trial.profile) == TRIAL_PART_ALWAYS;
	r = add_needed(&facts, append, plan, message);
	return r < 0 ? r : check_plan(plan, message);
}

static int plan_sections(const struct root *root, const struct trial_request *request,
	struct trial_plan *plan, struct message *message)
{
	_cleanup_free_ struct config *config = calloc(1, sizeof(*config));
	_cleanup_free_ char *booted = NULL;
	int r = config ? cmdline_read_if_any(root, &booted) : -ENOMEM;

	if (r < 0)
		return message_errno(message, r, "cannot read the kernel command line");
	r = check_booted_normally(booted, message);
	if (r < 0)
		return r;
	configfiles_read(root, CONFIGFILES_OF_IMAGE, config);
	r = choose_profile(config, request->profile, plan, message);
	if (r == 0)
		r = check_sections(config, plan, message);
	if (r < 0 && config->n_errors)
		return say_config_error(config, r, message);
	if (r == 0)
		r = set_parameters(request->append, "", plan, message);
	return r < 0 ? r : plan_boot(root, booted, request->append, plan, message);
}

/* ---- Whether the machine would come back */

static void warn_of_inactive(const char *unit, struct trial_plan *plan)
{
	char text[MESSAGE_SIZE];

	if (strcmp(unit, TRIAL_UNIT_DEFAULT) == 0)
		snprintf(text, sizeof(text),
			"the default target is not active in this boot; if the trial's does "
			"not reach it either, the trial fails (not-up); 'systemctl "
			"list-jobs' and 'systemctl --failed' show what is in the way");
	else
		snprintf(text, sizeof(text),
			"%.80s, which the kernel command line asks for, is not active in "
			"this boot; if the trial's does not reach it either, the trial "
			"fails (not-up); see 'systemctl status %.80s', or boot without "
			"that parameter first",
			unit, unit);
	file_add_name(&plan->warnings, text);
}

/*
 * A trial is confirmed when the unit that PID 1 is to start is active.  One that is not active in
 * this boot, for a reason of its own, would be taken for the trial's fault.
 */
static int check_target(
	const struct root *root, struct trial_plan *plan, struct message *message)
{
	_cleanup_free_ char *booted = NULL, *cmdline = NULL;
	char unit[TRIAL_UNIT_SIZE];
	int r = cmdline_read_if_any(root, &booted);

	/* PID 1 reads what is behind a "--", too: as plain texts, one behind the other. */
	if (r == 0 && asprintf(&cmdline, "%s %s", booted, plan->trial.parameters) < 0)
		r = -ENOMEM;
	if (r < 0)
		return message_errno(message, r, "cannot read the kernel command line");
	trial_unit_of_cmdline(cmdline, unit);
	if (strcmp(unit, TRIAL_UNIT_EMERGENCY) == 0) {
		message_remedy(message, "boot without that first");
		return message_set(message, -EPERM,
			"the kernel command line asks for " TRIAL_UNIT_EMERGENCY
			", in which nothing would bring the machine back");
	}
	if (root->live && !trial_unit_is_active(unit))
		warn_of_inactive(unit, plan);
	return 0;
}

/* Whether the next boot is for something else already. */
static int check_next_boot(
	const struct root *root, const struct bootloader *loader, struct message *message)
{
	/* Links that replace the default target (systemd.offline-updates(7)). */
	static const char *const updates[] = {"/system-update", "/etc/system-update"};
	char id[ONESHOT_ID_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
		_cleanup_close_ int fd = file_open(root, updates[i], O_PATH | O_NOFOLLOW);

		if (fd < 0)
			continue;
		message_remedy(message, "reboot for them first");
		return message_set(message, -EBUSY,
			"the next boot installs updates (%s is there)", updates[i]);
	}
	if (!oneshot_is_foreign(root, loader, id, sizeof(id)))
		return 0;
	message_remedy(message, "reboot for that first");
	return message_set(message, -EBUSY,
		"another program made the boot loader take '%s' at the next boot", id);
}

/* The loader that starts this machine has to forget the choice by itself. */
static int plan_loader(
	const struct root *root, struct trial_plan *plan, struct message *message)
{
	const struct message *said = &plan->oneshot.change.message;
	struct bootloader_search search;
	int r;

	bootloader_find(root, &search);
	if (search.owner && search.unmounted[0])
		return bootloader_say_unmounted(&search, message);
	if (!search.owner && search.hidden)
		return message_errno(message, -EACCES,
			"the boot loader is not known, since /%s cannot be read",
			search.hidden_at);
	if (!search.owner) {
		message_remedy(
			message, "'vfioboot check' says why, at the point boot-loader");
		return message_set(message, -ENOENT, "the boot loader is not known");
	}
	text_join(
		plan->trial.loader, sizeof(plan->trial.loader), search.owner->name, NULL);
	if (!oneshot_is_possible(search.owner)) {
		message_remedy(message, AT_THE_MENU);
		return message_set(message, -EOPNOTSUPP,
			"%s cannot boot an entry only once, so a trial that fails would "
			"start again",
			search.owner->title);
	}
	r = oneshot_plan(root, search.owner, plan->trial.parameters, &plan->oneshot);
	if (r == -EOPNOTSUPP) {
		message_remedy(message, AT_THE_MENU);
		return message_set(message, r, "a trial is not safe with this %s: %s",
			search.owner->title, said->text);
	}
	if (r < 0) {
		*message = *said;
		return said->code ? r : message_set(message, r, "%s", errno_text(r));
	}
	return check_next_boot(root, search.owner, message);
}

/* Whether something would watch over the boot; else a trial that hangs would stay. */
static int check_watch(const struct root *root, struct message *message)
{
	if (!file_exists(root, "/run/systemd/system")) {
		message_remedy(message, AT_THE_MENU);
		return message_set(message, -EOPNOTSUPP,
			"this machine does not run systemd, so nothing would bring it "
			"back from a trial that hangs");
	}
	if (!root->live || trial_watch_is_installed(root))
		return 0;
	message_remedy(
		message, "'systemctl unmask' them, or install vfioboot as a whole");
	return message_set(message, -ENOENT,
		"vfioboot-confirm.service or vfioboot-settle.service is missing or "
		"masked, so nothing would bring the machine back");
}

/* What is wrong with the images that the running kernel is started with; code 0: nothing. */
static int find_fault(const struct root *root, struct message *ret)
{
	_cleanup_(chain_free) struct chain chain = {0};
	bool found = false;
	char release[65];
	int r = kernels_running(root, release, sizeof(release));

	r = r < 0 ? r : chain_follow(root, NULL, &chain);
	for (size_t i = 0; r == 0 && i < chain.n_images && !ret->code; i++) {
		const struct chain_image *image = &chain.images[i];

		if (strcmp(image->kernel, release) != 0 ||
			!(image->is_started || chain.unknown.code))
			continue;
		found = true;
		if (image->state != IMAGE_FRESH)
			message_set(ret, -EPERM, "%s is %s: %s", image->path,
				image_state_word(image->state), image->why.text);
	}
	return r < 0 ? r : found ? 0 : -ENOENT;
}

/* Whether the image of the running kernel, which the trial starts too, is up to date. */
static int check_image(const struct root *root, bool dry_run, struct trial_plan *plan,
	struct message *message)
{
	struct message fault = {0};
	char line[MESSAGE_LINE_SIZE];

	if (find_fault(root, &fault) < 0)
		message_set(
			&fault, -EPERM, "cannot find the image of the running kernel");
	if (!fault.code)
		return 0;
	message_remedy(&fault, "run 'sudo vfioboot apply' first");
	if (dry_run)
		return file_add_name(&plan->warnings, message_line(&fault, line));
	*message = fault;
	return fault.code;
}

/* ---- */

static void make_id(char ret[static TRIAL_ID_SIZE])
{
	time_t now = time(NULL);
	struct tm parts;

	strftime(ret, TRIAL_ID_SIZE, "%Y%m%d-%H%M%S", gmtime_r(&now, &parts));
}

/* What is remembered of this boot, and of the configuration. */
static void describe(const struct root *root, struct trial_plan *plan)
{
	const struct config *config = &plan->next->config;
	struct trial *trial = &plan->trial;

	trial_format_digest(config->digest, trial->config);
	trial_remember_sections(config, trial->profile, trial);
	trial_read_boot_id(root, trial->armed_boot);
	trial->had_display = trial_host_has_display(root);
	trial->display_manager =
		root->live && trial_unit_is_active(TRIAL_DISPLAY_MANAGER_UNIT);
}

int trial_plan_make(const struct root *root, const struct trial_request *request,
	struct trial_plan *ret, struct message *message)
{
	int r;

	ret->trial.phase = TRIAL_ARMED;
	make_id(ret->trial.id);
	r = plan_sections(root, request, ret, message);
	if (r == 0)
		r = check_target(root, ret, message);
	if (r == 0)
		r = plan_loader(root, ret, message);
	if (r == 0)
		r = check_watch(root, message);
	if (r == 0)
		r = check_image(root, request->dry_run, ret, message);
	if (r == 0)
		describe(root, ret);
	return r;
}

void trial_plan_free(struct trial_plan *plan)
{
	nextboot_free(&plan->next);
	oneshot_free(&plan->oneshot);
	file_free_names(&plan->warnings);
}

/* What is different when a trial was not started: the last one is over before. */
static const char *find_changed(enum trial_stage last)
{
	switch (last) {
	case TRIAL_ABSENT: return "nothing was changed";
	case TRIAL_NEXT_BOOT: return "the trial of the next boot is cancelled";
	default: return "what was kept of the last trial is deleted";
	}
}

/* The state before the loader's choice: a trial without one would be nobody's. */
int trial_start(const struct root *root, struct trial_plan *plan, struct message *message)
{
	const char *changed = find_changed(trial_find_stage(root));
	struct message said = {0};
	int r = trial_cancel(root, &said);

	if (r < 0)
		return message_set(
			message, r, "cannot cancel the last trial: %s", said.text);
	r = trial_save(root, &plan->trial);
	if (r < 0)
		message_errno(&said, r, "cannot write %s", TRIAL_STATE);
	else
		r = oneshot_arm(root, &plan->oneshot, &said);
	if (r == 0)
		return 0;
	trial_forget(root);
	message_remedy(message, "%s", said.remedy);
	return message_set(message, r, "%s; %s", said.text, changed);
}
