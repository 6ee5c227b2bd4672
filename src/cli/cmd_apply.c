/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot apply`: brings every initramfs image up to what is configured, and looks into it. */
#include "cli.h"

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	{0},
};

/* Those of the command line are not for images to repair. */
static enum cli_exit check_config(const struct config *config)
{
	enum cli_exit status = CLI_OK;

	for (unsigned i = 0; i < config->n_errors && i < CONFIG_ERRORS_MAX; i++) {
		const struct config_error *error = &config->errors[i];
		char place[CONFIG_PLACE_SIZE];

		config_place_text(config, error->place, place);
		if (*place != '/')
			cli_warning("apply", "%s: %s", place, error->message);
		else
			status = cli_error("apply", "%s: %s", place, error->message);
	}
	if (status != CLI_OK)
		cli_error("apply", "nothing was changed; correct this and try again");
	return status;
}

/* Of the live machine nothing is done without it: images would not know what to spare. */
static enum cli_exit check_protect(struct facts *facts, struct nextboot *next)
{
	int r = 0;

	if (next->protect_traced)
		return CLI_OK;
	if (facts->root->live)
		r = protect_list_trace(facts, &next->config, &next->protect);
	else
		cli_warning("apply",
			"cannot find out from these files what the machine uses itself; "
			"the protect list is left out");
	if (r == -EHOSTUNREACH)
		return cli_error("apply",
			"this is a chroot or a container, not a running host; run this on "
			"the host itself, with proc and sysfs mounted");
	if (r < 0)
		return cli_error(
			"apply", "cannot find out what this host uses: %s", strerror(-r));
	return CLI_OK;
}

static void warn_refused(const struct nextboot *next)
{
	for (unsigned i = 0; i < next->plan.n_entries; i++) {
		const struct plan_entry *entry = &next->plan.entries[i];
		char address[PCI_ADDRESS_SIZE] = "";

		if (entry->reason == REASON_NONE)
			continue;
		if (entry->function != PLAN_NO_FUNCTION)
			pci_address_format(
				next->machine.functions[entry->function].address,
				address);
		cli_warning("apply", "%s%s%s will be refused: %s",
			next->config.sections[entry->section].name, *address ? " " : "",
			address, reason_text(entry->reason));
	}
}

static void print_outlook(const struct cli *cli)
{
	const struct nextboot *next = cli->next;
	struct nextboot_counts counts = nextboot_count(next);
	char later[32] = "";

	if (counts.later)
		snprintf(later, sizeof(later), "%u later, ", counts.later);
	if (next->config.off)
		progress_say(cli,
			"At the next boot nothing is bound while vfioboot.off is on the "
			"kernel command line.");
	else if (nextboot_hindrance(next))
		progress_say(cli,
			"At the next boot nothing is bound in the initramfs.  It starts '%s': "
			"%s.",
			next->entry->said->title, nextboot_hindrance(next));
	else if (!counts.bound && !counts.later && !counts.refused)
		progress_say(cli,
			"At the next boot no function is bound: none is configured.");
	else
		progress_say(cli,
			"At the next boot %u function%s will be bound, %s%u refused; "
			"'vfioboot plan' shows them.",
			counts.bound, cli_plural(counts.bound), later, counts.refused);
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
	const struct chain *chain = &cli->chain;
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

/* @warned: of images that nothing here builds. */
static enum cli_exit carry_out(
	const struct cli *cli, struct apply *apply, enum cli_exit warned)
{
	enum cli_exit status;

	if (apply->change.n == 0) {
		say_nothing_to_do(cli, warned);
		print_outlook(cli);
		return CLI_OK;
	}
	status = progress_check("apply", apply);
	if (status == CLI_OK)
		status = progress_run(cli, &apply->change);
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

static enum cli_exit plan_and_run(struct cli *cli)
{
	const struct nextboot *next = cli->next;
	const struct protect_list *protect = next->protect_traced ? &next->protect : NULL;
	_cleanup_(apply_free) struct apply apply = {0};
	enum cli_exit status, warned;
	int r;

	status = progress_check_images("apply", &cli->chain, IMAGECHECK_NOW);
	if (status != CLI_OK)
		return status;
	warned = progress_warn_unbuilt("apply", &cli->chain);
	progress_warn_unknown("apply", &cli->chain);
	r = apply_steps(&cli->root, protect, &cli->chain, &apply);
	if (r < 0)
		return cli_error("apply", "cannot work out what to do: %s", strerror(-r));
	if (!cli->dry_run) {
		status = carry_out(cli, &apply, warned);
		return status == CLI_OK ? warned : status;
	}
	progress_print(cli, &apply.change);
	if (progress_check("apply", &apply) != CLI_OK)
		return CLI_FAILED;
	if (apply.change.n == 0)
		say_nothing_to_do(cli, warned);
	print_outlook(cli);
	return warned;
}

static enum cli_exit run(struct cli *cli)
{
	enum cli_exit status = progress_begin(cli);
	struct nextboot *next;
	int r;

	if (status == CLI_OK)
		status = cli_read_next(cli, NULL);
	next = cli->next;
	if (status == CLI_OK)
		status = check_config(&next->config);
	if (status == CLI_OK)
		status = check_protect(&cli->facts, next);
	if (status != CLI_OK)
		return status;
	if (next->machine_error < 0)
		cli_warning("apply",
			"cannot read the PCI functions (%s): what the next boot will "
			"bind is not known",
			strerror(-next->machine_error));
	warn_refused(next);
	trial_text_warn_changed("apply", &cli->root, &next->config);
	entry_warn_outdated("apply", &cli->root);
	r = cli_follow(cli);
	if (r < 0)
		return cli_error("apply", "cannot find the images: %s", strerror(-r));
	return plan_and_run(cli);
}

const struct cli_command cmd_apply = {
	.name = "apply",
	.operands = "",
	.summary = "bring the initramfs images up to date",
	.details =
		"Writes the protect list, rebuilds the outdated images of all installed kernels,\n"
		"and checks each. When something fails, all changes are undone.",
	.options = options,
	.run = run,
};
