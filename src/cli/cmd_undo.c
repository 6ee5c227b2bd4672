/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot undo`: removes all that vfioboot has set on this machine. */
#include "cli.h"

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	CLI_OPTION_PROGRESS,
	{0},
};

/* A package installed them, and removes them. */
static void warn_vendor(const struct imagecheck *check)
{
	for (size_t i = 0; i < check->n_files; i++)
		cli_warning("undo",
			"%s stays, so images still contain vfioboot; remove the package "
			"that installed it",
			check->files[i].path);
}

static bool has_kind(const struct apply *apply, const struct change_kind *kind)
{
	for (size_t i = 0; i < apply->change.n; i++)
		if (apply->change.steps[i].kind == kind)
			return true;
	return false;
}

/* Whether a step moves something into the directory, or out of it. */
static bool moves(const struct apply *apply, const char *directory, bool into)
{
	for (size_t i = 0; i < apply->change.n; i++) {
		const struct change_step *step = &apply->change.steps[i];

		if (step->kind == &change_move &&
			text_begins_with(into ? step->other : step->path, directory))
			return true;
	}
	return false;
}

static void print_result(
	const struct cli *cli, const struct apply *apply, const struct imagecheck *check)
{
	if (!check->n_files)
		progress_say(cli,
			"Nothing is configured any more, and no image that was checked "
			"contains vfioboot.");
	if (apply->n_images)
		progress_say(cli, "The devices keep their drivers until the next boot.");
	if (moves(apply, UNDO_ARCHIVE, true))
		progress_say(cli,
			"To restore the configuration, move the files below " UNDO_ARCHIVE
			" back and run 'sudo vfioboot apply'.");
	if (moves(apply, LEFTOVERS_ARCHIVE, false))
		progress_say(cli,
			"What 'vfioboot check --fix leftovers' had removed is back, and "
			"counts again at the next boot.");
	progress_say(cli,
		"The program itself is still installed; remove its package to uninstall it.");
}

/* Before the rest: its entry would start what is gone afterwards. */
static enum cli_exit take_back_trial(const struct cli *cli)
{
	const struct root *root = &cli->root;
	enum trial_stage stage = trial_find_stage(root);
	struct message message = {0};

	if (stage == TRIAL_ABSENT)
		return CLI_OK;
	if (stage == TRIAL_THIS_BOOT)
		return cli_error("undo",
			"this boot is a trial that has not ended: reboot into the "
			"normal entry, or confirm it with 'sudo vfioboot try --keep'");
	if (cli->dry_run) {
		progress_say(cli, "%s",
			stage == TRIAL_NEXT_BOOT
				? "Would cancel the trial of the next boot."
				: "Would delete the files of the last trial below " TRIAL_DIRECTORY
				  ".");
		return CLI_OK;
	}
	if (trial_cancel(root, &message) < 0)
		return cli_error("undo",
			"cannot cancel the trial: %s; nothing else was changed",
			message.text);
	if (stage == TRIAL_NEXT_BOOT)
		progress_say(cli, "Cancelled the trial of the next boot.");
	return CLI_OK;
}

/* Its entries are copies of those that have them. */
static enum cli_exit take_back_parameters(const struct cli *cli, const char *done)
{
	if (!parameters_has_ours(&cli->root))
		return CLI_OK;
	if (cli->dry_run) {
		progress_say(cli,
			"Would take back the kernel parameters that were added; 'vfioboot "
			"cmdline --remove --dry-run' shows how.");
		return CLI_OK;
	}
	if (cmdline_take_back(cli, NULL) == CLI_OK)
		return CLI_OK;
	return cli_error("undo",
		"%sthe kernel parameters that were added stay; correct this and run 'sudo "
		"vfioboot cmdline --remove'",
		done);
}

/*
 * Behind the rest: as long as the machine gives devices away, the way out of that stays in the
 * menu.  What an entry selects that is there still does nothing any more.
 */
static enum cli_exit remove_entries(const struct cli *cli, const char *done)
{
	const struct root *root = &cli->root;
	bool dry_run = cli->dry_run;
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	char failed[BOOTMENU_PLACE_SIZE], line[MESSAGE_LINE_SIZE];
	struct message message = {0};
	int r = bootmenu_has_ours(root, failed);

	if (r < 0)
		message_errno(&message, r,
			"cannot find out whether the boot menu has entries of vfioboot, "
			"%s",
			failed);
	if (r < 0 && !dry_run)
		return cli_error("undo",
			"%s%s; correct this and run 'sudo vfioboot entry remove'", done,
			message.text);
	if (r <= 0)
		return r < 0 ? cli_warn("undo", &message) : CLI_OK;
	if (dry_run) {
		progress_say(cli,
			"Would remove the entries of vfioboot from the boot menu; 'sudo "
			"vfioboot entry remove --dry-run' shows how.");
		return CLI_OK;
	}
	r = bootmenu_remove_all(root, false, &change);
	for (size_t i = 0; i < change.warnings.n; i++)
		cli_warning("undo", "%s", change.warnings.names[i]);
	if (r < 0 && !change.message.code)
		message_set(&change.message, r, "%s", errno_text(r));
	if (r < 0)
		return cli_error("undo",
			"%scannot remove the entries from the boot menu: %s; correct "
			"this and run 'sudo vfioboot entry remove'",
			done, message_line(&change.message, line));
	progress_say(cli, "Removed the entries of vfioboot from the boot menu.");
	return CLI_OK;
}

/* What somebody has changed since stays, and does nothing once the package is gone. */
static enum cli_exit remove_hook(const struct cli *cli, const char *done)
{
	_cleanup_(libvirt_free) struct libvirt libvirt = {0};
	_cleanup_(change_free) struct change change = {.root = &cli->root};
	enum cli_exit status = CLI_OK;
	struct message message = {0};
	int r = libvirt_look(&cli->root, &libvirt);

	if (r < 0)
		return cli_error("undo", "%scannot look for the hook of libvirt: %s",
			done, errno_text(r));
	if (libvirt.dropin == LIBVIRT_ABSENT || libvirt.dropin == LIBVIRT_FOREIGN)
		return CLI_OK;
	if (libvirt_disable(&change, &libvirt, &message) < 0) {
		cli_warn("undo", &message);
		return CLI_OK;
	}
	if (cli->dry_run)
		progress_print(cli, &change);
	else
		status = progress_run(cli, &change);
	if (status == CLI_OK)
		sections_say_given("undo", &cli->root);
	return status;
}

static bool has_hook(const struct cli *cli)
{
	return file_exists(&cli->root, "%s", LIBVIRT_HOOK);
}

static enum cli_exit run_steps(const struct cli *cli, struct apply *apply)
{
	if (!cli->dry_run)
		return progress_run(cli, &apply->change);
	progress_print(cli, &apply->change);
	return progress_check("undo", apply);
}

static enum cli_exit carry_out(
	const struct cli *cli, struct apply *apply, const struct imagecheck *check)
{
	const struct root *root = &cli->root;
	bool nothing = apply->change.n == 0 ||
		(apply->change.n == 1 && has_kind(apply, &change_rmdir));
	char failed[BOOTMENU_PLACE_SIZE];
	bool others = trial_find_stage(root) != TRIAL_ABSENT ||
		bootmenu_has_ours(root, failed) > 0 || parameters_has_ours(root) ||
		has_hook(cli);
	const char *done = "the configuration and the images are undone, but ";
	enum cli_exit status = CLI_OK;

	if (!cli->dry_run) {
		run_catch_signals(NULL);
		status = progress_check("undo", apply);
	}
	if (status == CLI_OK)
		status = take_back_trial(cli);
	if (status == CLI_OK && !nothing)
		status = run_steps(cli, apply);
	if (status == CLI_OK)
		status = remove_entries(cli, nothing ? "" : done);
	if (status == CLI_OK)
		status = take_back_parameters(cli, nothing ? "" : done);
	if (status == CLI_OK)
		status = remove_hook(cli, nothing ? "" : done);
	if (status != CLI_OK)
		return status;
	/* Nothing of it is wrong, and most people have none. */
	entry_warn_by_hand("undo", root);
	if (nothing)
		progress_say(cli,
			"Nothing %sto do: nothing is configured, and no image contains "
			"vfioboot.",
			others ? "else " : "");
	else if (!cli->dry_run)
		print_result(cli, apply, check);
	return CLI_OK;
}

static enum cli_exit plan_and_run(const struct cli *cli, const struct imagecheck *check)
{
	const struct root *root = &cli->root;
	_cleanup_(chain_free) struct chain chain = {0};
	_cleanup_(apply_free) struct apply apply = {0};
	enum cli_exit status, warned;
	int r = chain_compare(root, check, &chain);

	if (r < 0)
		return cli_error("undo", "cannot find the images: %s", errno_text(r));
	status = progress_check_images("undo", &chain, IMAGECHECK_UNDONE);
	if (status != CLI_OK)
		return status;
	warned = progress_warn_unbuilt("undo", &chain);
	warn_vendor(check);
	r = undo_steps(root, &chain, &apply);
	if (r < 0)
		return cli_error("undo", "cannot work out what to do: %s", errno_text(r));
	status = carry_out(cli, &apply, check);
	if (status == CLI_OK && !cli->dry_run)
		durations_forget(root);
	return status == CLI_OK ? warned : status;
}

static enum cli_exit run(struct cli *cli)
{
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	enum cli_exit status = progress_begin(cli);
	int r;

	if (status != CLI_OK)
		return status;
	r = imagecheck_read(&cli->root, IMAGECHECK_UNDONE, NULL, &check);
	if (r < 0)
		return cli_error(
			"undo", "cannot read the configuration: %s", errno_text(r));
	return plan_and_run(cli, &check);
}

const struct cli_command cmd_undo = {
	.name = "undo",
	.operands = "",
	.summary = "remove everything that was configured",
	.details =
		"Cancels a trial, removes what 'vfioboot add' wrote, moves what "
		"others wrote to\n" UNDO_ARCHIVE
		", rebuilds the images without vfioboot, and\nremoves the boot menu entries of 'vfioboot entry', the parameters of\n'vfioboot cmdline --apply' and the hook of 'vfioboot libvirt enable'.",
	.options = options,
	.run = run,
};
