/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot status`: what this boot did, whether the images are up to date, and what the next
 * boot will do.  All is read into struct status first, and printed as text or as JSON.
 */
#include "cli.h"

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_JSON,
	{0},
};

#define HEADLINE_SIZE 1024

struct status {
	const struct cli *cli;
	const struct nextboot *next;
	const struct thisboot *boot;
	const struct chain *chain;
	int chain_error;               /* -errno: its images cannot be read */
	struct file_names handed_over; /* the sets that are, now */
};

static void warn_records(const struct thisboot *boot)
{
	static const char *const runs[BOOT_STAGES] = {
		[BOOT_INITRAMFS] = "in the initramfs",
		[BOOT_SYSTEM] = "on the running system",
		[BOOT_LATE] = "for functions that appeared later",
	};

	for (int i = 0; i < BOOT_STAGES; i++) {
		if (boot->problems[i] && boot->problems[i] != -ENOENT)
			cli_warning("status",
				"cannot read the record of the run %s: %s; the next boot "
				"writes it again, and 'journalctl -k -g vfioboot' shows "
				"what was done",
				runs[i], errno_text(boot->problems[i]));
		else if (boot->records[i].n_skipped)
			cli_warning("status",
				"cannot read %u line%s of the record of the run %s; "
				"it may be of another version",
				boot->records[i].n_skipped,
				cli_plural(boot->records[i].n_skipped), runs[i]);
	}
}

/* Returns CLI_OK with all that can be read, after warnings of the rest; or CLI_FAILED. */
static enum cli_exit read_status(struct cli *cli, struct status *ret)
{
	const struct nextboot *next;
	int r;

	if (cli_read_next(cli, NULL) != CLI_OK)
		return CLI_FAILED;
	next = cli->machine->next;
	if (next->machine_error < 0)
		cli_warning("status", "cannot read the PCI functions of %s: %s", cli->dir,
			errno_text(next->machine_error));
	sections_say_errors("status", &next->config);
	if (cli_read_boot(cli) != CLI_OK)
		return CLI_FAILED;
	*ret = (struct status){.cli = cli,
		.next = next,
		.boot = &cli->machine->boot,
		.chain = &cli->machine->chain};
	r = handover_list(&cli->root, &ret->handed_over);
	if (r < 0)
		cli_warning("status", "cannot read which device sets are handed over: %s",
			errno_text(r));
	warn_records(&cli->machine->boot);
	ret->chain_error = machine_follow(cli->machine);
	if (ret->chain_error < 0)
		cli_warning("status", "cannot read the initramfs images: %s",
			errno_text(ret->chain_error));
	return CLI_OK;
}

/* ---- JSON ---- */

/* An error of the configuration; the command line has no lines. */
static void add_error(
	struct json_object *list, const char *file, unsigned line, const char *message)
{
	struct json_object *object = json_add_object(list, NULL);

	json_add_text(object, "file", file);
	if (line)
		json_add_number(object, "line", line);
	else
		json_add_null(object, "line");
	json_add_text(object, "message", message);
}

static void add_boot(struct json_object *top, const struct thisboot *state)
{
	static const struct record none;
	const struct record *last = state->last ? state->last : &none;
	struct json_object *boot = json_add_object(top, "boot"), *list;
	char digest[20] = "";

	json_add_bool(boot, "ran", state->last);
	list = json_add_array(boot, "stages");
	for (int i = 0; i < BOOT_STAGES; i++)
		if (state->problems[i] == 0)
			json_add_text(list, NULL, boot_stage_word((enum boot_stage)i));
	json_add_text(boot, "version", last->version);
	json_add_text(boot, "kernel", last->kernel);
	json_add_text(boot, "state", last->state);
	if (last->has_digest)
		snprintf(digest, sizeof(digest), "%016llx",
			(unsigned long long)last->digest);
	json_add_text(boot, "config", digest);
	if (state->image_config == THISBOOT_CONFIG_UNKNOWN)
		json_add_null(boot, "image_config_is_current");
	else
		json_add_bool(boot, "image_config_is_current",
			state->image_config == THISBOOT_CONFIG_TODAYS);
	list = json_add_array(boot, "errors");
	for (size_t i = 0; i < last->n_errors; i++)
		add_error(list, last->errors[i].file, last->errors[i].line,
			last->errors[i].message);
}

static void add_inactive(struct json_object *top, const struct config *config)
{
	struct json_object *list = json_add_array(top, "inactive");

	for (unsigned i = 0; i < config->n_sections; i++) {
		const struct config_section *section = &config->sections[i];
		struct json_object *object;

		if (config_section_active(config, section))
			continue;
		object = json_add_object(list, NULL);
		json_add_text(object, "section", section->name);
		json_add_text(object, "profile", section->profile);
		json_add_text(object, "why", sections_inactive_word(config, section));
	}
}

static void add_next(struct json_object *top, const struct nextboot *next)
{
	struct json_object *object = json_add_object(top, "next_boot");
	struct nextboot_counts counts = nextboot_count(next);
	const struct config *config = &next->config;

	json_add_number(object, "bind", counts.bound);
	json_add_number(object, "later", counts.later);
	json_add_number(object, "refuse", counts.refused);
	json_add_text(object, "entry", next->entry ? next->entry->said->title : NULL);
	json_add_text(object, "unknown", next->unknown.text);
	json_add_text(object, "iommu_unknown", nextboot_iommu_unknown(next));
	json_add_text(object, "hindrance", nextboot_hindrance(next));
	object = json_add_array(top, "errors");
	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];

		add_error(object, config->files[error->place.file], error->place.line,
			error->message);
	}
}

/* The last trial, or null. */
static void add_trial(struct json_object *top, const struct root *root)
{
	struct json_object *object;
	struct trial trial;

	if (trial_read(root, &trial) < 0) {
		json_add_null(top, "trial");
		return;
	}
	object = json_add_object(top, "trial");
	json_add_text(object, "id", trial.id);
	json_add_text(object, "phase", trial_phase_word(trial.phase));
	json_add_text(object, "profile", trial.profile);
	json_add_text(object, "reason",
		trial.reason == TRIAL_FINE ? "" : trial_reason_word(trial.reason));
	json_add_text(object, "text", trial.text);
}

static void add_handed_over(struct json_object *top, const struct file_names *sets)
{
	struct json_object *list = json_add_array(top, "handed_over");

	for (size_t i = 0; i < sets->n; i++)
		json_add_text(list, NULL, sets->names[i]);
}

static int add_functions(struct json_object *top, const struct status *status)
{
	_cleanup_(names_close) struct names *names = NULL;
	struct json_object *list = json_add_array(top, "functions");
	const struct thisboot *boot = status->boot;
	int r = names_open(&names);

	for (size_t i = 0; r == 0 && i < boot->n; i++) {
		const struct thisboot_function *function = &boot->functions[i];
		struct function_name name = {0};

		if (function->present)
			names_look_up(names, &function->ids, &name);
		function_add_json(json_add_object(list, NULL), boot, status->chain,
			function, name.name);
	}
	return r;
}

/* Whether all is as it should be, in a sentence; a second one says what to do. */
static void headline(const struct status *status, char ret[static HEADLINE_SIZE])
{
	const struct thisboot *boot = status->boot;
	bool off = boot->last && strcmp(boot->last->state, "off") == 0;
	size_t size = HEADLINE_SIZE;

	if (!status->next->config.n_sections && !off)
		chain_text_nothing(&status->next->config, status->chain, boot->n != 0,
			ret, HEADLINE_SIZE);
	else if (boot->n == 1)
		snprintf(ret, size, "The one configured function %s the wanted driver.",
			boot->n_not_as_wanted ? "does not have" : "has");
	else if (boot->n && !boot->n_not_as_wanted)
		snprintf(ret, size,
			"All %zu configured functions have the wanted driver.", boot->n);
	else if (boot->n)
		snprintf(ret, size,
			"%zu of %zu configured functions %s not have the wanted driver.",
			boot->n_not_as_wanted, boot->n,
			boot->n_not_as_wanted == 1 ? "does" : "do");
	else if (off)
		text_join(ret, size,
			"vfioboot was switched off for this boot: vfioboot.off is on the "
			"kernel command line.",
			NULL);
	else
		text_join(ret, size, "Nothing was configured for this boot.", NULL);
}

static int print_json(const struct status *status)
{
	struct json_object *top = json_new_top();
	char text[HEADLINE_SIZE];
	int r;

	headline(status, text);
	json_add_text(top, "headline", text);
	add_boot(top, status->boot);
	r = add_functions(top, status);
	chain_text_add_json(top, status->chain);
	add_inactive(top, &status->next->config);
	sections_add_others(top, &status->next->config);
	add_handed_over(top, &status->handed_over);
	add_next(top, status->next);
	add_trial(top, &status->cli->root);
	json_print(top);
	return r;
}

/* ---- text ---- */

/*
 * There was none.  Where the next boot binds nothing, and its image is right, there is nothing to do
 * about that.
 */
static void print_no_run(const struct status *status, bool active, const char *remedy)
{
	const struct chain_entry *entry;

	if (!active && chain_ready(status->chain, &entry) == IMAGE_FRESH && entry)
		printf("vfioboot did not run at this boot.\n");
	else
		printf("vfioboot did not run at this boot; nothing was configured then, "
		       "or the booted image does not contain it:\n%s.\n",
			remedy);
}

/* Which runs there were, and with which configuration. */
static void print_runs(const struct status *status)
{
	const struct thisboot *boot = status->boot;
	struct nextboot_counts counts = nextboot_count(status->next);
	char remedy[MESSAGE_LINE_SIZE];
	bool active = counts.bound || counts.later || counts.native;
	bool initramfs = boot->problems[BOOT_INITRAMFS] == 0;
	bool system = boot->problems[BOOT_SYSTEM] == 0;

	chain_text_remedy(status->chain, active, remedy);
	if (!boot->last) {
		if (config_count_boot(&status->next->config) &&
			!function_record_lost(boot))
			print_no_run(status, active, remedy);
		return;
	}
	cli_print("vfioboot %s ran %s%s%s, with kernel %s.\n", boot->last->version,
		initramfs ? "in the initramfs" : "", initramfs && system ? " and " : "",
		system ? "on the running system" : "", boot->last->kernel);
	if (!initramfs && config_count_boot(&status->next->config))
		printf("It did not run in the initramfs, where it precedes all other "
		       "drivers: %s.\n",
			remedy);
	else if (boot->image_config == THISBOOT_CONFIG_TODAYS)
		printf("The booted image contains the current configuration.\n");
	else if (boot->image_config == THISBOOT_CONFIG_OTHER)
		printf("The booted image contains an outdated configuration: %s.\n",
			remedy);
}

static const struct column columns[] = {
	{"SECTION", 0, NULL},
	{"ADDRESS", 0, NULL},
	{"ID", 0, NULL},
	{"WANTED", 0, NULL},
	{"DRIVER NOW", 0, NULL},
	{"AT THIS BOOT", 0, NULL},
	{"NAME", COLUMN_TRUNC, NULL},
	{0},
};

static void add_line(struct table *table, const struct thisboot *boot,
	const struct thisboot_function *function, struct names *names)
{
	const struct record_function *recorded = &function->recorded;
	struct table_line *line = table_add(table, NULL);
	struct function_name name;

	table_set(table, line, "SECTION", recorded->section);
	table_set(table, line, "ADDRESS", recorded->address);
	table_set(table, line, "ID", recorded->id);
	table_set(table, line, "WANTED", recorded->wanted);
	table_set(table, line, "AT THIS BOOT", function_result(boot, function));
	if (!function->as_wanted)
		table_colour(table, line, "red");
	if (!function->present)
		return;
	names_look_up(names, &function->ids, &name);
	table_set(table, line, "NAME", name.name);
	table_set(table, line, "DRIVER NOW",
		function->driver_now[0] ? function->driver_now : "none");
}

static int print_functions(const struct thisboot *boot)
{
	_cleanup_(table_free) struct table *table = NULL;
	_cleanup_(names_close) struct names *names = NULL;
	int r;

	if (!boot->n)
		return 0;
	r = names_open(&names);
	if (r < 0)
		return r;
	putchar('\n');
	table = table_new("functions", columns, false);
	for (size_t i = 0; i < boot->n; i++)
		add_line(table, boot, &boot->functions[i], names);
	table_print(table);
	return 0;
}

/* What is wrong with each function and what to do; what a whole section shares, once. */
static void print_remarks(const struct status *status)
{
	const struct thisboot *boot = status->boot;
	char last[FUNCTION_TEXT_SIZE] = "";
	bool any = false;

	for (size_t i = 0; i < boot->n; i++) {
		const struct thisboot_function *function = &boot->functions[i];
		const struct record_function *recorded = &function->recorded;
		bool same = i &&
			strcmp(recorded->section,
				boot->functions[i - 1].recorded.section) == 0;
		/* A section is bound whole or not at all, but can be lost in part. */
		bool lost = recorded->result == RESULT_BOUND && !function->as_wanted &&
			function->in_record;
		char text[FUNCTION_TEXT_SIZE];

		/* That nothing ran has been printed once for all. */
		if (!boot->last && !plan_refuses(function->next))
			continue;
		function_remark(boot, status->chain, function, text);
		if (text[0] && (lost || !same || strcmp(text, last) != 0)) {
			cli_print("%s%s%s%s: %s%s\n", any ? "" : "\n", recorded->section,
				lost ? " " : "", lost ? recorded->address : "", text,
				full_stop(text));
			any = true;
		}
		strcpy(last, text);
	}
}

/* What became of the settings of functions. */
static void print_steps(const struct thisboot *boot)
{
	if (boot->n_steps)
		printf("\nSettings:\n");
	for (size_t i = 0; i < boot->n_steps; i++)
		function_step_print(boot->steps[i], "  ");
}

/* Errors that this boot found, unless they are still there and so were printed. */
static void print_errors(const struct status *status)
{
	const struct record *last = status->boot->last;

	if (!last || status->boot->image_config == THISBOOT_CONFIG_TODAYS ||
		status->next->config.n_errors)
		return;
	for (size_t i = 0; i < last->n_errors; i++) {
		const struct record_error *error = &last->errors[i];
		char line[16] = "";

		if (error->line)
			snprintf(line, sizeof(line), ":%u", error->line);
		cli_print("%sAt this boot: %s%s: %s\n", i ? "" : "\n", error->file, line,
			error->message);
	}
}

/* Where no boot needs an image, one that does something all the same is worth a word. */
static bool has_stale(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n_images; i++)
		if (chain->images[i].state == IMAGE_STALE)
			return true;
	return false;
}

static void print_chain(const struct status *status)
{
	if (status->chain_error < 0)
		return;
	if (!config_count_boot(&status->next->config) && !has_stale(status->chain))
		return;
	putchar('\n');
	chain_text_print(status->chain);
}

static void print_next(const struct status *status)
{
	const struct nextboot *next = status->next;
	struct nextboot_counts counts = nextboot_count(next);
	const char *when =
		status->chain_error < 0 ? "" : chain_text_condition(next, status->chain);
	char later[32] = "";

	if (!next->plan.n_entries)
		return;
	if (counts.later)
		snprintf(later, sizeof(later), "%u later, ", counts.later);
	if (when)
		printf("Next boot%s: %u function%s bound, %s%u refused; see 'vfioboot "
		       "plan'.\n",
			when, counts.bound, cli_plural(counts.bound), later,
			counts.refused);
	else
		printf("Next boot: nothing is bound in the initramfs.\n");
}

static void print_handed_over(const struct status *status)
{
	bool hook = file_exists(&status->cli->root, "%s", LIBVIRT_HOOK);
	char text[SECTIONS_TEXT_SIZE];

	for (size_t i = 0; i < status->handed_over.n; i++) {
		const char *set = status->handed_over.names[i];
		struct handover_owner owner;
		struct message message = {0};
		char line[MESSAGE_LINE_SIZE];
		int r = handover_find_owner(&status->cli->root, set, &owner, &message);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			cli_print("Whether %s is handed over is unknown: %s.\n", set,
				message_line(&message, line));
		else {
			sections_owner_text(&owner, set, hook, text);
			cli_print("%s %s.\n", set, text);
		}
	}
}

static int print_text(const struct status *status)
{
	char text[HEADLINE_SIZE];
	int r;

	headline(status, text);
	puts(text);
	print_runs(status);
	r = print_functions(status->boot);
	if (r < 0)
		return r;
	print_remarks(status);
	print_steps(status->boot);
	print_errors(status);
	print_chain(status);
	if (status->next->entry)
		sections_print_start(status->cli);
	sections_print_inactive(status->next);
	sections_print_others(&status->next->config);
	print_handed_over(status);
	print_next(status);
	r = trial_text_print(&status->cli->root);
	if (r < 0 && r != -ENOENT)
		trial_text_say_unreadable("status", r);
	return 0;
}

static enum cli_exit run(struct cli *cli)
{
	struct status status = {0};
	int r;

	if (read_status(cli, &status) != CLI_OK)
		return CLI_FAILED;
	r = cli->json ? print_json(&status) : print_text(&status);
	file_free_names(&status.handed_over);
	if (r < 0)
		return cli_error("status", "%s", errno_text(r));
	return cli->machine->boot.n_not_as_wanted || cli->machine->next->config.n_errors
		? CLI_FAILED
		: CLI_OK;
}

const struct cli_command cmd_status = {
	.name = "status",
	.operands = "",
	.summary = "show what this boot did, and whether the images are up to date",
	.details = "The exit status is 0 when every configured function has the wanted\n"
		   "driver, else 1.",
	.options = options,
	.run = run,
};
