/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot try`: one boot with the new setting, which comes back by itself if it fails. */
#include "cli.h"

#define NAME "try"

#define OWN_PARAMETERS  "vfioboot."
#define PARAMETERS_SIZE 256

#define LOCK_MS 10000 /* the watch, or `apply`, may just be writing */

struct arguments {
	const char *profile;
	bool keep, cancel, status;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"profile", "NAME", "try the sections with this profile", 0, CLI_STORE(profile)},
	{"append", "PARAMETER", "try this kernel parameter too (repeatable)", 0, 0},
	{"keep", NULL, "make what was tried permanent", 0, CLI_STORE(keep)},
	{"cancel", NULL, "cancel the trial, or delete what is left of it", 0,
		CLI_STORE(cancel)},
	{"status", NULL, "show what became of the last trial", 0, CLI_STORE(status)},
	CLI_OPTION_DRY_RUN,
	{0},
};

static enum cli_exit check_parameter(const char *parameter)
{
	if (!bootentry_is_plain(parameter))
		return cli_misuse(NAME,
			"cannot try '%s': use letters, digits and . _ : = , @ / + - only",
			parameter);
	if (text_begins_with(parameter, OWN_PARAMETERS))
		return cli_misuse(NAME,
			"'%s' is for vfioboot itself and set by the trial; use --profile "
			"to choose what is tried",
			parameter);
	return CLI_OK;
}

/* The parameters of --append, with blanks between.  CLI_OK, or CLI_MISUSE after a message. */
static enum cli_exit join_parameters(const struct cli *cli, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < cli->values.n; i++) {
		const char *parameter = cli->values.names[i];

		if (check_parameter(parameter) != CLI_OK)
			return CLI_MISUSE;
		if (!cmdline_append_word(ret, size, parameter, strlen(parameter)))
			return cli_misuse(NAME, "the parameters are too long together");
	}
	return CLI_OK;
}

/* An option that has no effect would seem to have one. */
static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	char append[PARAMETERS_SIZE];
	const char *other = arguments->keep ? "--keep"
		: arguments->cancel         ? "--cancel"
		: arguments->status         ? "--status"
					    : NULL;
	const char *useless = arguments->profile ? "--profile"
		: cli->values.n                  ? "--append"
						 : NULL;

	if (arguments->keep + arguments->cancel + arguments->status > 1)
		return cli_misuse(NAME, "use only one of --keep, --cancel and --status");
	if (other && useless)
		return cli_misuse(NAME, "%s is for the start of a trial, and not for %s",
			useless, other);
	if (arguments->status && cli->dry_run)
		return cli_misuse(NAME,
			"--dry-run has no effect on --status, which changes nothing");
	return join_parameters(cli, append, sizeof(append));
}

static void print_plan(const struct trial_plan *plan)
{
	const struct nextboot *next = plan->next;
	char line[PLAN_LINE_SIZE];

	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		plan_format_entry(
			&next->config, &next->machine, &next->plan.entries[i], line);
		printf("  %s\n", line);
	}
	if (plan->n_always)
		printf("The normal entry binds %u section%s of these, too.\n",
			plan->n_always, cli_plural(plan->n_always));
	if (plan->n_groupless)
		printf("%u of them ha%s no IOMMU group now: the trial shows whether its "
		       "parameters bring one.\n",
			plan->n_groupless, plan->n_groupless == 1 ? "s" : "ve");
	if (plan->trial.tried[0])
		printf("Tried with it: %s\n", plan->trial.tried);
}

static void print_advice(const struct trial_plan *plan)
{
	printf("Start it with 'systemctl reboot'. It is confirmed when all of these are "
	       "bound and the system is up; 'vfioboot status' shows that. Otherwise the "
	       "machine returns to the normal entry by itself, within some minutes.\n");
	if (plan->takes_last_display)
		printf("If it takes the only display, nobody can see that it works: log "
		       "in over the network and run 'sudo vfioboot try --keep' within "
		       "five minutes, or the machine returns to the normal entry.\n");
}

static void print_entry(const struct oneshot *oneshot)
{
	const struct change_step *file = oneshot->change.files.steps;

	printf("Would write the entry '%s' into %s and have %s take it once:\n%s",
		oneshot->id, file->path, oneshot->loader->title, file->text);
}

/* Plans the trial.  CLI_OK, or a message. */
static enum cli_exit make_plan(const struct cli *cli, const char *profile,
	const char *append, struct trial_plan *ret)
{
	const struct trial_request request = {
		.profile = profile, .append = append, .dry_run = cli->dry_run};
	struct message message = {0};
	int r = trial_plan_make(&cli->root, &request, ret, &message);

	for (size_t i = 0; i < ret->warnings.n; i++)
		cli_warning(NAME, "%s", ret->warnings.names[i]);
	return r < 0 ? cli_say(NAME, &message) : CLI_OK;
}

enum cli_exit try_start(const struct cli *cli, const char *profile, const char *append)
{
	_cleanup_(trial_plan_free) struct trial_plan plan = {0};
	struct message message = {0};

	if (make_plan(cli, profile, append, &plan) != CLI_OK)
		return CLI_FAILED;
	if (cli->dry_run) {
		print_entry(&plan.oneshot);
		print_plan(&plan);
		return CLI_OK;
	}
	if (trial_start(&cli->root, &plan, &message) < 0)
		return cli_say(NAME, &message);
	printf("Trial %s is the next boot, once:\n", plan.trial.id);
	print_plan(&plan);
	print_advice(&plan);
	return CLI_OK;
}

static enum cli_exit start(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	char append[PARAMETERS_SIZE];

	join_parameters(cli, append, sizeof(append)); /* check() has seen that it fits */
	return try_start(cli, arguments->profile, append);
}

static enum cli_exit cancel(const struct cli *cli)
{
	const struct root *root = &cli->root;
	enum trial_stage stage = trial_find_stage(root);
	struct message message = {0};
	struct trial trial;
	bool kept = trial_read(root, &trial) == 0 && trial.phase == TRIAL_KEPT;

	if (stage == TRIAL_ABSENT) {
		printf("There is no trial.\n");
		return CLI_OK;
	}
	if (stage == TRIAL_THIS_BOOT)
		return cli_error(NAME,
			"this boot is the trial; reboot to return to the normal "
			"entry, or confirm it with 'sudo vfioboot try --keep'");
	if (cli->dry_run) {
		printf("Would %s.\n",
			stage == TRIAL_NEXT_BOOT
				? "cancel the trial"
				: "delete what is left of the last trial");
		return CLI_OK;
	}
	if (trial_cancel(root, &message) < 0)
		return cli_say(NAME, &message);
	if (stage == TRIAL_NEXT_BOOT)
		printf("The trial is cancelled; the normal entry is unchanged.\n");
	else
		printf("Deleted what was left of the last trial.%s\n",
			kept ? "  Its setting stays; 'sudo vfioboot remove' removes it."
			     : "");
	return CLI_OK;
}

static enum cli_exit print_status(const struct root *root)
{
	int r = trial_text_print(root);

	if (r == -ENOENT)
		printf("There was no trial.\n");
	return r == 0 || r == -ENOENT ? CLI_OK : trial_text_say_unreadable(NAME, r);
}

/* ---- --keep: what there is to do, and what came of it */
struct keeping {
	const struct cli *cli;
	struct trial trial;
	struct change change;
	unsigned n_changed; /* sections that a next boot is to bind without the profile */
	unsigned n_refused; /* that were not tried as they are now */
	enum cli_exit status;
};

/* Says what the last step of the list is to do, or what it has done. */
static char *title_step(struct keeping *keeping, const struct config_section *section)
{
	struct change_step *step = &keeping->change.steps[keeping->change.n - 1];
	int n = keeping->cli->dry_run
		? asprintf(&step->title, "Would remove 'profile = %s' from %s.",
			  section->profile, step->path)
		: asprintf(&step->title, "%s: bound at every boot from now on (%s).",
			  section->name, step->path);

	return n < 0 ? NULL : step->title;
}

/* Removes the profile where we may, and says where a person has to. */
static void keep_section(struct keeping *keeping, const struct config *config,
	const struct config_section *section)
{
	const char *path = config->files[section->place.file];
	int error = 0;
	enum trial_keep keep = trial_keep_section(
		&keeping->change, &keeping->trial, config, section, &error);
	bool differs = keep == TRIAL_KEEP_CHANGED || keep == TRIAL_KEEP_NEW;

	keeping->n_refused += differs;
	keeping->n_changed += keep != TRIAL_KEEP_NOTHING && !differs;
	if (keep == TRIAL_KEEP_TODO)
		or_no_memory(title_step(keeping, section));
	else if (differs)
		keeping->status = cli_error(NAME,
			"[device %s] in %s %s trial %s, so it is not kept; run 'sudo "
			"vfioboot try' again",
			section->name, path,
			keep == TRIAL_KEEP_NEW ? "was no part of" : "was changed after",
			keeping->trial.id);
	else if (keep == TRIAL_KEEP_BY_HAND)
		keeping->status = cli_error(NAME,
			"%s: remove 'profile = %s' below [device %s] by hand (%s)", path,
			section->profile, section->name,
			error == -EPERM             ? "vfioboot add did not write it"
				: error == -ENODATA ? "no plain line of it sets that"
						    : errno_text(error));
}

static void keep_sections(struct keeping *keeping)
{
	_cleanup_free_ struct config *config =
		cli_read_config(&keeping->cli->root, CONFIGFILES_OF_IMAGE);
	enum cli_exit status = CLI_OK;

	for (unsigned i = 0; i < config->n_sections; i++)
		keep_section(keeping, config, &config->sections[i]);
	if (!keeping->cli->dry_run)
		status = progress_write(
			keeping->cli, &keeping->change, "no drop-in was changed");
	for (size_t i = 0; status == CLI_OK && i < keeping->change.n; i++)
		printf("%s\n", keeping->change.steps[i].title);
	if (status != CLI_OK) {
		keeping->n_changed = 0;
		keeping->status = status;
	}
	/* With a section that was not tried this would make it permanent, too. */
	if (!config->when_selected || keeping->n_refused)
		return;
	keeping->n_changed++;
	keeping->status = cli_error(NAME,
		"the configuration has 'when = selected'; set it to 'when = always' by "
		"hand, below [boot] (/etc/vfioboot.conf, or a drop-in)");
}

static void free_keeping(struct keeping *keeping)
{
	change_free(&keeping->change);
}

static enum cli_exit keep(const struct cli *cli)
{
	const struct root *root = &cli->root;
	_cleanup_(free_keeping) struct keeping keeping = {
		.cli = cli, .change = {.root = root}};
	struct trial *trial = &keeping.trial;
	struct message message = {0};
	int r = trial_confirm(root, cli->dry_run, trial, &message);

	if (r < 0)
		return cli_say(NAME, &message);
	if (r > 0)
		printf(cli->dry_run ? "Would confirm trial %s by hand.\n"
				    : "Trial %s is confirmed by hand.\n",
			trial->id);
	keep_sections(&keeping);
	if (keeping.n_changed)
		printf("The images have to be rebuilt for that: run 'sudo vfioboot "
		       "apply'.\n");
	else if (keeping.status == CLI_OK)
		printf("The setting of trial %s is permanent already.\n", trial->id);
	trial_text_print_missing(root, trial);
	if (keeping.status == CLI_OK && !cli->dry_run && trial->phase != TRIAL_KEPT) {
		r = trial_note_kept(root, trial);
		if (r < 0)
			return cli_error(
				NAME, "cannot write %s: %s", TRIAL_STATE, errno_text(r));
	}
	if (keeping.n_changed && !cli->dry_run)
		entry_warn_outdated(NAME, root);
	return keeping.status;
}

/* ---- */

/* What has to be run as root: without its option it would start a trial. */
static const char *command_of(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;

	if (arguments->cancel)
		return NAME " --cancel";
	if (arguments->keep)
		return NAME " --keep";
	return cli->dry_run ? NAME " --dry-run" : NAME;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;

	if (arguments->status)
		return print_status(&cli->root);
	if (cli->root.live && cli_need_root(command_of(cli)) != CLI_OK)
		return CLI_FAILED;
	if (!cli->root.live && !cli->dry_run)
		return cli_misuse(NAME,
			"a trial is for this machine; for another one (--root) there are "
			"--status and --dry-run");
	/* Nobody else changes anything meanwhile. */
	if (!cli->dry_run && progress_lock(NAME, &cli->root, LOCK_MS) != CLI_OK)
		return CLI_FAILED;
	if (arguments->cancel)
		return cancel(cli);
	return arguments->keep ? keep(cli) : start(cli);
}

const struct cli_command cmd_try = {
	.name = NAME,
	.operands = "",
	.summary = "boot once with the new setting, and come back if it fails",
	.details =
		"What is tried are the sections with a profile, which the normal boot entry\n"
		"leaves alone. The default entry of the boot loader never changes.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
