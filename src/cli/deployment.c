/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of progress on stdout, failures on stderr. */
#include "deployment.h"

#include <errno.h>
#include <stdio.h>

#include "base/base.h"

#define LINE_MAX_ 4096

void deployment_print(const struct deploy *deploy)
{
	char line[LINE_MAX_];

	for (size_t i = 0; i < deploy->n; i++) {
		deploy_format_step(&deploy->steps[i], line, sizeof(line));
		puts(line);
	}
}

/* Whether people are told of such steps as they happen: what only keeps order is not news. */
static bool is_told(const struct deploy_step *step)
{
	return step->kind == DEPLOY_BUILD || step->kind == DEPLOY_COPY ||
		step->kind == DEPLOY_RUN || step->kind == DEPLOY_WRITE ||
		step->kind == DEPLOY_REMOVE || step->kind == DEPLOY_MOVE ||
		step->kind == DEPLOY_PUT_BACK || step->kind == DEPLOY_CLEAR;
}

static void begin(void *data, const struct deploy *deploy, const struct deploy_step *step)
{
	char line[LINE_MAX_];

	(void)data;
	if (!is_told(step))
		return;
	if (step->kind == DEPLOY_BUILD) {
		printf("Rebuilding the image of %s (%u of %u) with %s ... ", step->kernel,
			step->number, deploy->n_images,
			step->maker->replaces ? step->command.args[0]
					      : step->maker->name);
	} else {
		deploy_format_step(step, line, sizeof(line));
		if (*line >= 'a' && *line <= 'z')
			*line = (char)(*line - 'a' + 'A');
		printf("%s ... ", line);
	}
	fflush(stdout);
}

static void end(void *data, const struct deploy *deploy, const struct deploy_step *step,
	int result, unsigned seconds)
{
	(void)data;
	(void)deploy;
	if (!is_told(step))
		return;
	if (result < 0)
		puts(result == -EINTR ? "interrupted" : "failed");
	else if (step->kind == DEPLOY_BUILD)
		printf("done (%u s)\n", seconds);
	else
		puts("done");
	fflush(stdout);
}

static enum cli_exit report_failure(
	const char *command, const struct deploy_failure *failure)
{
	if (failure->output && *failure->output) {
		fflush(stdout);
		fprintf(stderr, "The last lines of its output:\n%s", failure->output);
	}
	if (failure->logged)
		cli_error(command, "%s; all that was printed is in " DEPLOY_LOG,
			failure->why);
	else
		cli_error(command, "%s", failure->why);
	if (*failure->undo)
		return cli_error(
			command, "and this could not be put back: %s", failure->undo);
	return cli_error(
		command, "everything was put back: images and files are as they were");
}

enum cli_exit deployment_lock(const char *command, const struct sysfs_root *root)
{
	int r = deploy_lock(root);

	if (r == -EBUSY)
		return cli_error(command,
			"another 'vfioboot apply', 'undo' or 'entry', or a program that one "
			"has started, is still at work; wait until it is done");
	if (r < 0)
		return cli_error(
			command, "cannot lock /run/vfioboot/lock: %s", strerror(-r));
	return CLI_OK;
}

enum cli_exit deployment_check_room(const char *command, const struct deploy *deploy)
{
	char why[512];

	if (deploy_check_room(deploy, why, sizeof(why)) < 0)
		return cli_error(command, "%s; nothing was changed", why);
	return CLI_OK;
}

enum cli_exit deployment_run(const char *command, struct deploy *deploy)
{
	static const struct deploy_watcher watcher = {begin, end, NULL};
	struct deploy_failure failure = {0};
	enum cli_exit status = CLI_OK;
	int r;

	run_catch_signals();
	r = deploy_run(deploy, &watcher, &failure);
	if (r < 0)
		status = report_failure(command, &failure);
	deploy_free_failure(&failure);
	return status;
}

enum cli_exit deployment_check_images(const char *command, const struct images *images)
{
	bool needed = false;

	if (images->n == 0 && images->generator)
		return cli_error(command,
			"no installed kernel was found, with modules in /lib/modules and "
			"a file to boot in /boot; is /boot mounted?");
	for (size_t i = 0; i < images->n; i++)
		needed |= images->images[i].state != IMAGE_FRESH;
	if (!images->generator && (needed || images->n == 0))
		return cli_error(command, "%s", images->problem);
	return CLI_OK;
}

enum cli_exit deployment_warn_unified(const char *command, const struct images *images)
{
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; i < images->n; i++) {
		const struct image *image = &images->images[i];

		if (image->state == IMAGE_FRESH || image->maker || image->source)
			continue;
		cli_warning(command,
			"%s: %s, and is left as it is; make it anew with what has made it",
			image->path, image->why);
		status = CLI_UNKNOWN;
	}
	return status;
}

enum cli_exit deployment_open_root(
	const char *command, const char *dir, bool dry_run, struct sysfs_root *ret)
{
	enum cli_exit status = cli_open_root(command, dir, ret);

	if (status != CLI_OK)
		return status;
	if (!ret->live && !dry_run) {
		cli_error(command,
			"only this machine can be changed; add --dry-run to see what "
			"would be done at %s",
			dir);
		return CLI_MISUSE;
	}
	if (!ret->live)
		return CLI_OK;
	status = cli_need_root(command);
	return status == CLI_OK && !dry_run ? deployment_lock(command, ret) : status;
}
