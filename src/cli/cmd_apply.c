/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot apply`: brings every initramfs image up to what is configured, and looks into it. */
#include "cli.h"

struct arguments {
	bool full;
};

static const struct cli_option options[] = {
	{"full", NULL, "rebuild each outdated image with its generator", 0,
		CLI_STORE(full)},
	CLI_OPTION_ROOT,
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	CLI_OPTION_PROGRESS,
	{0},
};

/* Those of the command line are not for images to repair. */
static enum cli_exit check_config(const struct cli *cli, const struct config *config)
{
	const char *command = cli->command->name;
	enum cli_exit status = CLI_OK;

	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, error->place, place);
		if (*place != '/')
			cli_warning(command, "%s: %s", place, error->message);
		else
			status = cli_error(command, "%s: %s", place, error->message);
	}
	if (status != CLI_OK)
		cli_error(command, "nothing was changed; correct this and try again");
	return status;
}

/* Of the live machine nothing is done without it: images would not know what to spare. */
static enum cli_exit check_protect(struct cli *cli, struct nextboot *next)
{
	const char *command = cli->command->name;
	struct facts *facts = &cli->machine->facts;
	int r = 0;

	if (next->protect_traced)
		return CLI_OK;
	if (facts->root->live)
		r = protect_list_trace(facts, &next->config, &next->protect);
	else
		cli_warning(command,
			"cannot find out from these files what the machine uses itself; "
			"the protect list is left out");
	if (r == -EHOSTUNREACH)
		return cli_error(command,
			"this is a chroot or a container, not a running host; run this on "
			"the host itself, with proc and sysfs mounted");
	if (r < 0)
		return cli_error(command, "cannot find out what this host uses: %s",
			errno_text(r));
	return CLI_OK;
}

static void warn_refused(const struct cli *cli, const struct nextboot *next)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		char address[PCI_ADDRESS_SIZE] = "";

		if (!plan_refuses(entry))
			continue;
		if (entry->function != PLAN_NO_FUNCTION)
			pci_address_format(
				next->machine.functions[entry->function].address,
				address);
		cli_warning(cli->command->name, "%s%s%s will be refused: %s",
			next->config.sections[entry->section].name, *address ? " " : "",
			address, nextboot_reason_text(next, entry));
	}
}

/* What the next boot will do with what was made, as far as it starts that. */
static void print_outlook(const struct cli *cli)
{
	const struct nextboot *next = cli->machine->next;
	struct nextboot_counts counts = nextboot_count(next);
	const char *when;
	char later[32] = "";

	apply_assume_done(&cli->machine->chain, IMAGECHECK_NOW);
	when = chain_text_condition(next, &cli->machine->chain);
	if (counts.later)
		snprintf(later, sizeof(later), "%u later, ", counts.later);
	if (next->config.off)
		progress_say(cli,
			"At the next boot nothing is bound while vfioboot.off is on the "
			"kernel command line.");
	else if (!when || nextboot_hindrance(next))
		progress_say(cli,
			"At the next boot nothing is bound in the initramfs. It starts '%s': "
			"%s.",
			next->entry->said->title, chain_text_hindrance(next));
	else if (!counts.bound && !counts.later && !counts.refused)
		progress_say(cli, "At the next boot no function is bound: %s.",
			next->config.n_sections
				? "what is configured is left to the host then, see "
				  "'vfioboot plan'"
				: "none is configured");
	else
		progress_say(cli,
			"At the next boot%s%s %u function%s will be bound, %s%u refused; "
			"'vfioboot plan' shows them.",
			when, *when ? "," : "", counts.bound, cli_plural(counts.bound),
			later, counts.refused);
}

static void say_nothing_to_do(const struct cli *cli, enum cli_exit warned)
{
	progress_say(cli, "%s",
		warned == CLI_OK ? "Nothing to do: every image is up to date."
				 : "Nothing else to do.");
}

/* Whether the default entry starts what was made, as far as that is known. */
static void print_started(const struct cli *cli)
{
	const struct chain *chain = &cli->machine->chain;
	const struct chain_entry *entry;
	const struct chain_image *image;

	chain_ready(chain, &entry);
	if (!entry || entry->image == CHAIN_NO_IMAGE || chain->unknown.code)
		return;
	image = &chain->images[entry->image];
	if (entry->state == image->state &&
		(image->state == IMAGE_FRESH ||
			apply_makes(chain, image, IMAGECHECK_NOW)))
		progress_say(cli,
			"The default entry '%s' starts an image that has this "
			"configuration.",
			entry->said->title);
}

static enum cli_exit carry_out(
	const struct cli *cli, struct apply *apply, enum cli_exit warned)
{
	enum cli_exit status;

	if (apply->change.n == 0) {
		say_nothing_to_do(cli, warned);
		print_outlook(cli);
		return CLI_OK;
	}
	status = apply_carry_out(cli, apply);
	if (status != CLI_OK)
		return status;
	if (apply->n_images)
		progress_say(cli,
			"Each new image was checked: it contains the current configuration "
			"and starts vfioboot before any driver.");
	print_started(cli);
	print_outlook(cli);
	if (apply->n_images)
		progress_say(cli, "Reboot for it to take effect.");
	return CLI_OK;
}

enum cli_exit apply_carry_out(const struct cli *cli, struct apply *apply)
{
	enum cli_exit status = progress_check(cli->command->name, apply);

	return status == CLI_OK ? progress_run(cli, &apply->change) : status;
}

/* What is to be known of the machine, and said of it, before there is a plan. */
static enum cli_exit look(struct cli *cli)
{
	struct nextboot *next;
	enum cli_exit status = cli->machine->next ? CLI_OK : cli_read_next(cli, NULL);

	next = cli->machine->next;
	if (status == CLI_OK)
		status = check_config(cli, &next->config);
	if (status == CLI_OK)
		status = check_protect(cli, next);
	if (status == CLI_OK && next->machine_error < 0)
		cli_warning(cli->command->name,
			"cannot read the PCI functions (%s): what the next boot will "
			"bind is not known",
			errno_text(next->machine_error));
	return status;
}

/*
 * Follows the chain, as if the @planned drop-ins were there.  Returns 1 when something is configured,
 * 0 when nothing is, or -errno.
 */
static int follow(
	struct cli *cli, const struct obstacles_dropin *planned, size_t n_planned)
{
	const struct nextboot *next = cli->machine->next;
	_cleanup_(imagecheck_free) struct imagecheck check = {0};
	int r = imagecheck_read(&cli->root, IMAGECHECK_NOW,
		next->protect_traced ? &next->protect : NULL, &check);

	for (size_t i = 0; r == 0 && i < n_planned; i++)
		r = imagecheck_add_file(&check, planned[i].path, planned[i].text);
	if (r == 0)
		r = chain_compare(&cli->root, &check, &cli->machine->chain);
	return r < 0 ? r : check.needed;
}

enum cli_exit apply_plan(struct cli *cli, const struct obstacles_dropin *planned,
	size_t n_planned, bool full, struct apply *ret, enum cli_exit *ret_warned)
{
	const char *command = cli->command->name;
	const struct nextboot *next;
	enum cli_exit status = look(cli);
	int configured, r;

	if (status != CLI_OK)
		return status;
	next = cli->machine->next;
	warn_refused(cli, next);
	trial_text_warn_changed(command, &cli->root, &next->config);
	configured = follow(cli, planned, n_planned);
	if (configured < 0)
		return cli_error(
			command, "cannot find the images: %s", errno_text(configured));
	status = progress_check_images(command, &cli->machine->chain, IMAGECHECK_NOW);
	if (status != CLI_OK)
		return status;
	*ret_warned = progress_warn_unbuilt(command, &cli->machine->chain);
	progress_warn_unknown(command, &cli->machine->chain);
	r = apply_steps(&cli->root, next->protect_traced ? &next->protect : NULL,
		configured, full, &cli->machine->chain, ret);
	return r < 0 ? cli_error(command, "cannot work out what to do: %s", errno_text(r))
		     : CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	_cleanup_(apply_free) struct apply apply = {0};
	enum cli_exit status = progress_begin(cli), warned;

	if (status == CLI_OK)
		entry_warn_outdated("apply", &cli->root);
	if (status == CLI_OK)
		status = apply_plan(cli, NULL, 0, arguments->full, &apply, &warned);
	if (status == CLI_OK && !cli->dry_run)
		status = carry_out(cli, &apply, warned);
	if (status != CLI_OK)
		return status;
	if (!cli->dry_run)
		return warned;
	progress_print(cli, &apply.change);
	if (progress_check("apply", &apply) != CLI_OK)
		return CLI_FAILED;
	if (apply.change.n == 0)
		say_nothing_to_do(cli, warned);
	print_outlook(cli);
	return warned;
}

const struct cli_command cmd_apply = {
	.name = "apply",
	.operands = "",
	.summary = "bring the initramfs images up to date",
	.details =
		"Writes the protect list, updates the outdated images that entries of the boot\n"
		"menu start, and checks each. An image that lacks nothing but the configuration\n"
		"gets it as an archive at its end; any other is rebuilt by its generator. When\n"
		"something fails, all changes are undone.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.run = run,
};
