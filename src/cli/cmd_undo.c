/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot undo`: takes all that vfioboot has set away from this machine. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "chain/chain.h"
#include "decide/decide.h"
#include "deployment.h"
#include "entryhand.h"
#include "trial/trial.h"

struct arguments {
	const char *root;
	bool dry_run;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_DRY_RUN,
	{0},
};

/* A package brought them, and takes them away. */
static void warn_vendor(const struct imagecheck *check)
{
	for (size_t i = 0; i < check->n_files; i++)
		cli_warning("undo",
			"%s stays, and images hold vfioboot because of it; remove the "
			"package that brought it",
			check->files[i].path);
}

static bool has_kind(const struct deploy *deploy, enum deploy_kind kind)
{
	for (size_t i = 0; i < deploy->n; i++)
		if (deploy->steps[i].kind == kind)
			return true;
	return false;
}

static void print_result(const struct deploy *deploy, const struct imagecheck *check)
{
	if (!check->n_files)
		puts("Nothing is configured any more, and no image that was looked into "
		     "holds vfioboot.");
	if (deploy->n_images)
		puts("Until the next boot the devices stay with the drivers that they "
		     "have.");
	if (has_kind(deploy, DEPLOY_MOVE))
		puts("To have it back, move the files below " DEPLOY_UNDONE
		     " to where they were and run 'vfioboot apply'.");
	puts("The program itself is still installed: remove its package to be rid of it, "
	     "too.");
}

/* Before the rest: its entry would start what is gone afterwards. */
static enum cli_exit take_back_trial(const struct sysfs_root *root, bool dry_run)
{
	enum trial_stage stage = trial_find_stage(root);
	struct message message = {0};

	if (stage == TRIAL_ABSENT)
		return CLI_OK;
	if (stage == TRIAL_THIS_BOOT)
		return cli_error("undo",
			"this boot is a trial, and not over: reboot, and the normal entry "
			"comes; or confirm it with 'vfioboot try --keep'");
	if (dry_run) {
		puts(stage == TRIAL_NEXT_BOOT
				? "Would take back the trial that is the next boot."
				: "Would delete what is left of the last trial, "
				  "below " TRIAL_DIRECTORY ".");
		return CLI_OK;
	}
	if (trial_cancel(root, &message) < 0)
		return cli_error("undo",
			"the trial can't be taken back, and nothing else was touched: %s",
			message.text);
	if (stage == TRIAL_NEXT_BOOT)
		puts("Took back the trial that was the next boot.");
	return CLI_OK;
}

/*
 * Behind the rest: as long as the machine gives devices away, the way out of that stays in the
 * menu.  What an entry selects that is there still does nothing any more.
 */
static enum cli_exit remove_entries(
	const struct sysfs_root *root, bool dry_run, const char *done)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	char failed[BOOTMENU_PLACE_SIZE];
	int r = bootmenu_has_ours(root, failed);

	if (r < 0 && !dry_run)
		return cli_error("undo",
			"%swhether the boot menu has entries of vfioboot can't be seen, "
			"%s: %s; when that is mended, run 'vfioboot entry remove'",
			done, failed, strerror(-r));
	if (r < 0)
		cli_warning("undo",
			"whether the boot menu has entries of vfioboot can't be seen, %s: "
			"%s%s",
			failed, strerror(-r), bootmenu_remedy(r));
	if (r <= 0)
		return CLI_OK;
	if (dry_run) {
		puts("Would take the entries of vfioboot out of the boot menu: 'vfioboot "
		     "entry remove --dry-run' tells how.");
		return CLI_OK;
	}
	r = bootmenu_remove_all(root, &change);
	for (size_t i = 0; i < change.warnings.n; i++)
		cli_warning("undo", "%s", change.warnings.names[i]);
	if (r < 0)
		return cli_error("undo",
			"%sthe entries in the boot menu can't be removed: %s; when that is "
			"mended, run 'vfioboot entry remove'",
			done, change.problem[0] ? change.problem : strerror(-r));
	puts("Took the entries of vfioboot out of the boot menu.");
	return CLI_OK;
}

static enum cli_exit run_steps(struct deploy *deploy, bool dry_run)
{
	if (!dry_run)
		return deployment_run("undo", deploy);
	deployment_print(deploy);
	return deployment_check_room("undo", deploy);
}

static enum cli_exit carry_out(const struct sysfs_root *root, struct deploy *deploy,
	const struct imagecheck *check, bool dry_run)
{
	bool nothing =
		deploy->n == 0 || (deploy->n == 1 && has_kind(deploy, DEPLOY_TIDY));
	char failed[BOOTMENU_PLACE_SIZE];
	bool others = trial_find_stage(root) != TRIAL_ABSENT ||
		bootmenu_has_ours(root, failed) > 0;
	const char *done = "the configuration and the images are undone, but ";
	enum cli_exit status = CLI_OK;

	if (!dry_run) {
		run_catch_signals();
		status = deployment_check_room("undo", deploy);
	}
	if (status == CLI_OK)
		status = take_back_trial(root, dry_run);
	if (status == CLI_OK && !nothing)
		status = run_steps(deploy, dry_run);
	if (status == CLI_OK)
		status = remove_entries(root, dry_run, nothing ? "" : done);
	if (status != CLI_OK)
		return status;
	/* Nothing of it is wrong, and most people have none. */
	entryhand_warn("undo", root);
	if (nothing)
		printf("Nothing %sto do: nothing is configured, and no image holds "
		       "vfioboot.\n",
			others ? "else " : "");
	else if (!dry_run)
		print_result(deploy, check);
	return CLI_OK;
}

static enum cli_exit plan_and_run(
	const struct sysfs_root *root, const struct imagecheck *check, bool dry_run)
{
	_cleanup_(images_free) struct images images = {0};
	_cleanup_(deploy_free) struct deploy deploy = {0};
	enum cli_exit status, warned;
	int r = imagecheck_all(root, check, &images);

	if (r < 0)
		return cli_error("undo", "cannot look for images: %s", strerror(-r));
	status = deployment_check_images("undo", &images);
	if (status != CLI_OK)
		return status;
	warned = deployment_warn_unified("undo", &images);
	warn_vendor(check);
	r = deploy_plan_undo(root, &images, &deploy);
	if (r < 0)
		return cli_error(
			"undo", "cannot tell what is to be done: %s", strerror(-r));
	status = carry_out(root, &deploy, check, dry_run);
	return status == CLI_OK ? warned : status;
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	struct arguments arguments = {.root = "/"};
	enum cli_exit status;
	int r;

	if (cli_parse(&cmd_undo, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	status = deployment_open_root("undo", arguments.root, arguments.dry_run, &root);
	if (status != CLI_OK)
		return status;
	r = imagecheck_read(&root, IMAGECHECK_UNDONE, NULL, &check);
	if (r < 0)
		return cli_error(
			"undo", "the configuration can't be read: %s", strerror(-r));
	return plan_and_run(&root, &check, arguments.dry_run);
}

const struct cli_command cmd_undo = {
	.name = "undo",
	.operands = "",
	.summary = "take all that was configured away again",
	.details =
		"Removes what 'vfioboot add' wrote, moves what others wrote to\n" DEPLOY_UNDONE
		", and makes the images anew, without vfioboot.",
	.options = options,
	.run = run,
};
