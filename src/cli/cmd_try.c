/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try`: one boot with the new setting, which comes back by itself if it fails. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "chain/chain.h"
#include "cli.h"
#include "entrywanted.h"
#include "trial/trial.h"
#include "trialtext.h"
#include "trykeep.h"
#include "tryloader.h"
#include "trytarget.h"

#define NAME "try"

#define OWN_PARAMETERS "vfioboot."

struct arguments {
	const char *root, *profile;
	char append[256]; /* with blanks between */
	bool keep, cancel, status, dry_run;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"profile", "NAME", "try the sections with this profile", 0, CLI_STORE(profile)},
	{"append", "PARAMETER", "try this kernel parameter too (repeatable)", 0, 0},
	{"keep", NULL, "make what was tried permanent", 0, CLI_STORE(keep)},
	{"cancel", NULL, "take the trial back, or forget it", 0, CLI_STORE(cancel)},
	{"status", NULL, "tell what became of the last trial", 0, CLI_STORE(status)},
	CLI_OPTION_DRY_RUN,
	{0},
};

static enum cli_exit add_parameter(struct arguments *arguments, const char *parameter)
{
	size_t len = strlen(arguments->append);

	if (!bootentry_is_plain(parameter)) {
		cli_error(NAME,
			"'%s' can't be tried: a parameter has no other characters than "
			"letters, digits and . _ : = , @ / + -",
			parameter);
		return CLI_MISUSE;
	}
	if (strncmp(parameter, OWN_PARAMETERS, strlen(OWN_PARAMETERS)) == 0) {
		cli_error(NAME,
			"'%s' is for vfioboot itself, and set by the trial; --profile "
			"chooses what is tried",
			parameter);
		return CLI_MISUSE;
	}
	if (len + strlen(parameter) + 2 > sizeof(arguments->append)) {
		cli_error(NAME, "the parameters are too long together");
		return CLI_MISUSE;
	}
	text_join(arguments->append + len, sizeof(arguments->append) - len,
		len ? " " : "", parameter, NULL);
	return CLI_OK;
}

/* Options that another one has no use for: a person takes them for heeded. */
static enum cli_exit check_options(const struct arguments *arguments)
{
	const char *other = arguments->keep ? "--keep"
		: arguments->cancel         ? "--cancel"
		: arguments->status         ? "--status"
					    : NULL;
	const char *useless = arguments->profile ? "--profile"
		: arguments->append[0]           ? "--append"
						 : NULL;

	if (arguments->keep + arguments->cancel + arguments->status > 1) {
		cli_error(NAME, "--keep, --cancel and --status exclude each other");
		return CLI_MISUSE;
	}
	if (other && useless) {
		cli_error(NAME, "%s is for the start of a trial, and not for %s", useless,
			other);
		return CLI_MISUSE;
	}
	if (arguments->status && arguments->dry_run) {
		cli_error(NAME,
			"--dry-run is for what changes something; --status changes "
			"nothing");
		return CLI_MISUSE;
	}
	return CLI_OK;
}

static enum cli_exit parse_arguments(int argc, char **argv, struct arguments *ret)
{
	struct arguments arguments = {.root = "/"};
	int option;

	while ((option = cli_next_option(&cmd_try, argc, argv, &arguments)) >= 0)
		if (add_parameter(&arguments, optarg) != CLI_OK)
			return CLI_MISUSE;
	if (option == CLI_BAD_OPTION ||
		cli_check_operands(&cmd_try, argc, argv) != CLI_OK)
		return CLI_MISUSE;
	if (check_options(&arguments) != CLI_OK)
		return CLI_MISUSE;
	*ret = arguments;
	return CLI_OK;
}

static void print_plan(const struct trialplan *plan)
{
	const struct nextboot *next = plan->next;
	char line[PLAN_LINE_SIZE];

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		plan_format_entry(
			&next->config, &next->machine, &next->plan.entries[i], line);
		printf("  %s\n", line);
	}
	if (plan->n_always)
		printf("Of these, %u section%s belong%s to the normal entry too.\n",
			plan->n_always, plan->n_always == 1 ? "" : "s",
			plan->n_always == 1 ? "s" : "");
	if (plan->n_groupless)
		printf("%u of them ha%s no IOMMU group now: whether the parameters of the "
		       "trial bring one is what it shows.\n",
			plan->n_groupless, plan->n_groupless == 1 ? "s" : "ve");
	if (plan->tried[0])
		printf("Tried with it: %s\n", plan->tried);
}

/* What no parameter can mend, and so the reason of what else is wrong. */
static void warn_of_firmware(const struct kernelparams *params)
{
	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind == KERNELPARAMS_FIRMWARE)
			cli_warning(NAME, "%s", params->items[i].reason);
}

/* Plans the trial.  CLI_OK, or a message. */
static enum cli_exit make_plan(const struct sysfs_root *root,
	const struct arguments *arguments, const char *id, struct trialplan *ret)
{
	const struct trialplan_request request = {
		.profile = arguments->profile, .append = arguments->append, .id = id};
	int r = trialplan_make(root, &request, ret);

	if (r < 0)
		return cli_error(NAME, "cannot read the PCI functions: %s", strerror(-r));
	if (ret->params_error < 0) {
		entrywanted_say_params(
			NAME, ret->params_error, &ret->params, ret->bad_param);
		return CLI_FAILED;
	}
	warn_of_firmware(&ret->params);
	return ret->problem[0] ? cli_error(NAME, "%s", ret->problem)
			       : trytarget_check(root, ret->parameters);
}

static void print_advice(const struct trialplan *plan)
{
	printf("Start it with 'systemctl reboot'.  It is confirmed when all of that is "
	       "bound and the system came up; 'vfioboot status' says so then.  Else the "
	       "machine comes back to the normal entry by itself, within some "
	       "minutes.\n");
	if (plan->last_display)
		printf("If it takes the only display, nobody can see that it works: log in "
		       "by the network and run 'vfioboot try --keep' within five minutes, "
		       "or it comes back.\n");
}

static void make_id(char ret[static TRIAL_ID_SIZE])
{
	time_t now = time(NULL);
	struct tm parts;

	strftime(ret, TRIAL_ID_SIZE, "%Y%m%d-%H%M%S", gmtime_r(&now, &parts));
}

static void begin_state(const char *id, const struct trialplan *plan,
	const struct bootloader *loader, const struct sysfs_root *root,
	struct trialstate *ret)
{
	char running[TRIAL_ID_SIZE];

	*ret = (struct trialstate){.phase = TRIAL_ARMED};
	strcpy(ret->id, id);
	text_join(ret->loader, sizeof(ret->loader), loader->name, NULL);
	strcpy(ret->profile, plan->profile);
	strcpy(ret->parameters, plan->parameters);
	strcpy(ret->tried, plan->tried);
	trial_format_digest(plan->next->config.digest, ret->config);
	trialkeep_remember(&plan->next->config, plan->profile, ret);
	trial_read_boot(root, ret->armed_boot, running);
	ret->had_display = trialsight_has_display(root);
	ret->display_manager = root->live && trialsight_manager_runs();
}

/* Writes the state before the loader is told: a trial without one would be nobody's. */
static enum cli_exit arm(const struct sysfs_root *root, const struct oneshot *oneshot,
	const struct trialstate *trial)
{
	char why[TRIAL_TEXT_SIZE] = "";
	int r;

	if (trialend_take_back(root, why) < 0)
		return cli_error(NAME, "the last trial can't be taken back: %s", why);
	r = trial_write(root, trial);
	if (r < 0)
		return cli_error(NAME, "cannot write %s: %s", TRIAL_STATE, strerror(-r));
	if (oneshot_arm(root, oneshot, why) == 0)
		return CLI_OK;
	trial_forget(root);
	return cli_error(NAME, "%s; nothing is changed", why);
}

static void print_entry(const struct oneshot *oneshot)
{
	const struct filechange *file = oneshot->change.files.changes;

	printf("Would write the entry '%s' into %s and have %s take it once:\n%s",
		oneshot->id, file->path, oneshot->loader->title, file->after);
}

static enum cli_exit start(
	const struct sysfs_root *root, const struct arguments *arguments)
{
	_cleanup_(trialplan_free) struct trialplan plan = {0};
	_cleanup_(oneshot_free) struct oneshot oneshot = {0};
	char why[TRIAL_TEXT_SIZE] = "", id[TRIAL_ID_SIZE];
	struct trialstate trial;

	make_id(id);
	if (make_plan(root, arguments, id, &plan) != CLI_OK)
		return CLI_FAILED;
	if (tryloader_plan(root, plan.parameters, &oneshot) != CLI_OK ||
		tryloader_check_watch(root) != CLI_OK)
		return CLI_FAILED;
	if (!trialplan_image_is_fresh(root, why)) {
		if (!arguments->dry_run)
			return cli_error(NAME, "%s; run 'vfioboot apply' first", why);
		cli_warning(NAME, "%s; 'vfioboot apply' has to be run before", why);
	}
	begin_state(id, &plan, oneshot.loader, root, &trial);
	if (arguments->dry_run) {
		print_entry(&oneshot);
		print_plan(&plan);
		return CLI_OK;
	}
	if (arm(root, &oneshot, &trial) != CLI_OK)
		return CLI_FAILED;
	printf("Trial %s is the next boot, once:\n", trial.id);
	print_plan(&plan);
	print_advice(&plan);
	return CLI_OK;
}

static enum cli_exit cancel(const struct sysfs_root *root, bool dry_run)
{
	char why[TRIAL_TEXT_SIZE] = "";
	struct trialstate trial;
	bool kept = trial_read(root, &trial) == 0 && trial.phase == TRIAL_KEPT;
	enum trialend_kind kind = trialend_look(root);

	switch (kind) {
	case TRIALEND_NONE: printf("There is no trial.\n"); return CLI_OK;
	case TRIALEND_RUNNING:
		return cli_error(NAME,
			"this boot is the trial: reboot, and the normal entry comes; or "
			"confirm it with 'vfioboot try --keep'");
	case TRIALEND_WAITING:
	case TRIALEND_OVER: break;
	}
	if (dry_run) {
		printf("Would %s.\n",
			kind == TRIALEND_WAITING ? "take the trial back and forget it"
						 : "forget the last trial");
		return CLI_OK;
	}
	if (trialend_take_back(root, why) < 0)
		return cli_error(NAME, "%s", why);
	if (kind == TRIALEND_WAITING)
		printf("The trial is taken back; the normal entry is as it was.\n");
	else
		printf("What was kept of the last trial is deleted.%s\n",
			kept ? "  Its setting stays: 'vfioboot remove' takes that back."
			     : "");
	return CLI_OK;
}

static enum cli_exit tell(const struct sysfs_root *root)
{
	int r = trialtext_print(root);

	if (r == -ENOENT)
		printf("There was no trial.\n");
	return r == 0 || r == -ENOENT ? CLI_OK : trialtext_say_unreadable(NAME, r);
}

/* What has to be run as root: without its option it would start a trial. */
static const char *command_of(const struct arguments *arguments)
{
	if (arguments->cancel)
		return NAME " --cancel";
	if (arguments->keep)
		return NAME " --keep";
	return arguments->dry_run ? NAME " --dry-run" : NAME;
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	struct arguments arguments = {0};

	if (parse_arguments(argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	if (cli_open_root(NAME, arguments.root, &root) != CLI_OK)
		return CLI_FAILED;
	if (arguments.status)
		return tell(&root);
	if (root.live && cli_need_root(command_of(&arguments)) != CLI_OK)
		return CLI_FAILED;
	if (!root.live && !arguments.dry_run)
		return cli_error(NAME,
			"a trial is of this machine; of another one (--root) there is "
			"--status and --dry-run");
	if (arguments.cancel)
		return cancel(&root, arguments.dry_run);
	if (arguments.keep)
		return trykeep(&root, arguments.dry_run);
	return start(&root, &arguments);
}

const struct cli_command cmd_try = {
	.name = NAME,
	.operands = "",
	.summary = "boot once with the new setting, and come back if it fails",
	.details =
		"What is tried are the sections with a profile, which the normal boot entry\n"
		"leaves alone. The default entry of the boot loader never changes.",
	.options = options,
	.run = run,
};
