/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot status`: what became of this boot, and whether the next one will do as well. */
#include <errno.h>
#include <stdio.h>

#include "base/base.h"
#include "cli.h"
#include "cli/ui/json.h"
#include "sections.h"
#include "status.h"
#include "trial/trial.h"
#include "trialtext.h"

struct arguments {
	const char *root;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_JSON,
	{0},
};

/* An error of the configuration; the command line has no lines. */
static void put_error(struct json_builder *builder, struct json_object *list,
	const char *file, unsigned line, const char *message)
{
	struct json_object *object = json_new_object(builder, list, NULL);

	json_put_text(builder, object, "file", file);
	if (line)
		json_put_number(builder, object, "line", line);
	else
		json_put_null(builder, object, "line");
	json_put_text(builder, object, "message", message);
}

static void put_boot(struct json_builder *builder, struct json_object *top,
	const struct bootstate *state)
{
	struct json_object *boot = json_new_object(builder, top, "boot"), *list;
	static const struct bootrecord none;
	const struct bootrecord *last = state->last ? state->last : &none;
	char digest[20] = "";

	json_put_bool(builder, boot, "ran", state->last);
	list = json_new_array(builder, boot, "stages");
	for (int i = 0; i < BOOT_STAGES; i++)
		if (state->problems[i] == 0)
			json_put_text(
				builder, list, NULL, boot_stage_word((enum boot_stage)i));
	json_put_text(builder, boot, "version", last->version);
	json_put_text(builder, boot, "kernel", last->kernel);
	json_put_text(builder, boot, "state", last->state);
	if (last->has_digest)
		snprintf(digest, sizeof(digest), "%016llx",
			(unsigned long long)last->digest);
	json_put_text(builder, boot, "config", digest);
	if (state->image_config == BOOT_CONFIG_UNKNOWN)
		json_put_null(builder, boot, "image_config_is_current");
	else
		json_put_bool(builder, boot, "image_config_is_current",
			state->image_config == BOOT_CONFIG_TODAYS);
	list = json_new_array(builder, boot, "errors");
	for (size_t i = 0; i < last->n_errors; i++)
		put_error(builder, list, last->errors[i].file, last->errors[i].line,
			last->errors[i].message);
}

void status_put_function(struct json_builder *builder, struct json_object *object,
	const struct bootstate_function *function)
{
	const struct report_function *told = &function->told;
	const struct plan_entry *next = function->next;
	bool refused = next && next->reason != REASON_NONE;

	json_put_text(builder, object, "section", told->section);
	json_put_text(builder, object, "address", told->address);
	json_put_text(builder, object, "path", told->path);
	json_put_text(builder, object, "id", told->id);
	json_put_text(builder, object, "wanted", told->wanted);
	json_put_text(builder, object, "driver", function->driver_now);
	json_put_bool(builder, object, "as_wanted", function->as_wanted);
	json_put_text(builder, object, "result",
		function->in_record ? result_word(told->result) : NULL);
	json_put_text(builder, object, "reason",
		told->reason ? reason_word(told->reason) : NULL);
	json_put_text(builder, object, "stage",
		function->in_record ? boot_stage_word(function->stage) : NULL);
	json_put_text(builder, object, "next_boot",
		!next             ? NULL
			: refused ? "refuse"
				  : "bind");
	json_put_text(builder, object, "next_reason",
		refused ? reason_word(next->reason) : NULL);
}

static void put_images(struct json_builder *builder, struct json_object *top,
	const struct images *images)
{
	struct json_object *list = json_new_array(builder, top, "images");

	for (size_t i = 0; i < images->n; i++) {
		const struct image *image = &images->images[i];
		struct json_object *object = json_new_object(builder, list, NULL);

		json_put_text(builder, object, "kernel", image->kernel);
		json_put_text(builder, object, "path", image->path);
		json_put_text(builder, object, "state", image_state_word(image->state));
		json_put_text(builder, object, "why", image->why);
	}
}

static void put_sections(struct json_builder *builder, struct json_object *top,
	const struct nextboot *next)
{
	struct json_object *list = json_new_array(builder, top, "inactive");
	const struct config *config = &next->config;

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		struct json_object *object;

		if (config_section_active(config, section))
			continue;
		object = json_new_object(builder, list, NULL);
		json_put_text(builder, object, "section", section->name);
		json_put_text(builder, object, "profile", section->profile);
		json_put_text(builder, object, "why", sections_inactive_word(config));
	}
}

static void put_next(struct json_builder *builder, struct json_object *top,
	const struct nextboot *next)
{
	struct json_object *object = json_new_object(builder, top, "next_boot");
	const struct config *config = &next->config;
	struct nextboot_counts counts = nextboot_count(next);

	json_put_number(builder, object, "bind", counts.bound);
	json_put_number(builder, object, "refuse", counts.refused);
	object = json_new_array(builder, top, "errors");
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];

		put_error(builder, object, config->files[error->place.file],
			error->place.line, error->message);
	}
}

/* The last trial, or null. */
static void put_trial(struct json_builder *builder, struct json_object *top,
	const struct sysfs_root *root)
{
	struct trialstate trial;
	struct json_object *object;

	if (trialwatch_read(root, &trial) < 0) {
		json_put_null(builder, top, "trial");
		return;
	}
	object = json_new_object(builder, top, "trial");
	json_put_text(builder, object, "id", trial.id);
	json_put_text(builder, object, "phase", trial_phase_word(trial.phase));
	json_put_text(builder, object, "profile", trial.profile);
	json_put_text(builder, object, "reason",
		trial.reason == TRIAL_FINE ? "" : trial_reason_word(trial.reason));
	json_put_text(builder, object, "text", trial.text);
}

static enum cli_exit print_json(
	const struct sysfs_root *root, const struct status *status)
{
	struct json_builder builder = {0};
	struct json_object *top = json_new_top(&builder), *list;

	put_boot(&builder, top, &status->boot);
	list = json_new_array(&builder, top, "functions");
	for (size_t i = 0; i < status->boot.n; i++)
		status_put_function(&builder, json_new_object(&builder, list, NULL),
			&status->boot.functions[i]);
	put_images(&builder, top, &status->images);
	json_put_text(&builder, top, "images_problem", status->images.problem);
	put_sections(&builder, top, status->next);
	put_next(&builder, top, status->next);
	put_trial(&builder, top, root);
	return json_finish(&builder, "status", top);
}

static void free_status(struct status *status)
{
	bootstate_free(&status->boot);
	nextboot_free(&status->next);
	images_free(&status->images);
}

/* Says what could not be read.  Returns CLI_OK, or CLI_FAILED without memory. */
static enum cli_exit read_status(
	const struct sysfs_root *root, const char *dir, struct status *ret)
{
	struct nextboot *next;
	int r = nextboot_read(root, NULL, &ret->next);

	if (r < 0)
		return cli_error("status", "%s", strerror(-r));
	next = ret->next;
	if (next->machine_error < 0)
		cli_warning("status", "cannot read the PCI functions of %s: %s", dir,
			strerror(-next->machine_error));
	sections_say_errors("status", &next->config);
	r = bootstate_read(root, next, &ret->boot);
	if (r < 0)
		return cli_error("status", "%s", strerror(-r));
	for (int i = 0; i < BOOT_STAGES; i++)
		if (ret->boot.problems[i] && ret->boot.problems[i] != -ENOENT)
			cli_warning("status",
				"cannot read the record of the run in the %s: %s",
				boot_stage_word((enum boot_stage)i),
				strerror(-ret->boot.problems[i]));
		else if (ret->boot.records[i].n_skipped)
			cli_warning("status",
				"the record of the run in the %s has %u lines that can't "
				"be read; is it of another version?",
				boot_stage_word((enum boot_stage)i),
				ret->boot.records[i].n_skipped);
	ret->images_error = images_inspect(
		root, next->protect_traced ? &next->protect : NULL, &ret->images);
	if (ret->images_error < 0)
		cli_warning("status", "cannot look into the initramfs images: %s",
			strerror(-ret->images_error));
	return CLI_OK;
}

static enum cli_exit run(int argc, char **argv)
{
	_cleanup_(sysfs_root_close) struct sysfs_root root = {.fd = -1};
	_cleanup_(free_status) struct status status = {0};
	struct arguments arguments = {.root = "/"};
	int r;

	if (cli_parse(&cmd_status, argc, argv, &arguments) != CLI_OK)
		return CLI_MISUSE;
	if (cli_open_root("status", arguments.root, &root) != CLI_OK)
		return CLI_FAILED;
	if (read_status(&root, arguments.root, &status) != CLI_OK)
		return CLI_FAILED;
	if (arguments.json && print_json(&root, &status) != CLI_OK)
		return CLI_FAILED;
	r = arguments.json ? 0 : status_print(&status);
	if (r < 0)
		return cli_error("status", "%s", strerror(-r));
	r = arguments.json ? 0 : trialtext_print(&root);
	if (r < 0 && r != -ENOENT)
		trialtext_say_unreadable("status", r);
	return status.boot.n_not_as_wanted || status.next->config.n_errors ? CLI_FAILED
									   : CLI_OK;
}

const struct cli_command cmd_status = {
	.name = "status",
	.operands = "",
	.summary = "show what this boot did, and if the images are up to date",
	.details =
		"Exits with 0 when every function has the driver that is wanted, with 1 "
		"when not.",
	.options = options,
	.run = run,
};
