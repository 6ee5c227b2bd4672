/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot check --fix`: settings that bind devices in other ways are shown and removed; undo brings them back. */
#include "cli.h"

static void print_found(const struct verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->leftovers.n; i++) {
		const struct verdict *verdict = &verdicts->list[i];
		char place[512];

		if (!verdict->removable || verdict->effect == VERDICT_HARMLESS)
			continue;
		verdict_place(&verdicts->leftovers.list[i], place, sizeof(place));
		cli_print("%s: %s\n", place, verdict->found);
	}
}

/* What the steps cannot take away.  CLI_OK for nothing, else CLI_UNKNOWN. */
static enum cli_exit warn_by_hand(const struct verdicts *verdicts)
{
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; i < verdicts->leftovers.n; i++) {
		if (verdicts->list[i].removable ||
			verdicts->list[i].effect < VERDICT_UNKNOWN)
			continue;
		leftovers_warn_of("check", verdicts, i);
		status = CLI_UNKNOWN;
	}
	return status;
}

/* Images may have copies of these files, and apply does not compare those. */
static void print_images(const struct root *root)
{
	static const struct {
		const char *generator, *command;
	} commands[] = {
		{"initramfs-tools", "update-initramfs -u -k all"},
		{"dracut", "dracut --regenerate-all --force"},
		{"mkinitcpio", "mkinitcpio -P"},
		{"kernel-install", "kernel-install add-all"},
	};
	_cleanup_(chain_free) struct chain chain = {0};
	const char *command = NULL;

	if (chain_follow(root, NULL, &chain) < 0 || !chain.n_images)
		return;
	for (size_t i = 0; chain.generator && i < ARRAY_SIZE(commands); i++)
		if (strcmp(chain.generator->name, commands[i].generator) == 0)
			command = commands[i].command;
	puts("These images may contain the old files:");
	for (size_t i = 0; i < chain.n_images; i++)
		cli_print("  %s\n", chain.images[i].path);
	if (command)
		printf("Run 'sudo %s' to rebuild them.\n", command);
	else
		puts("Rebuild them with the program that built them.");
}

static enum cli_exit carry_out(const struct cli *cli, struct change *change, bool yes)
{
	enum cli_exit status = progress_check_change("check", change);

	if (status != CLI_OK)
		return status;
	status = yes ? CLI_OK : cli_confirm("check", "Remove these?");
	if (status != CLI_OK)
		return status;
	status = progress_run(cli, change);
	if (status != CLI_OK)
		return status;
	puts("The files are kept below " LEFTOVERS_ARCHIVE
	     "; 'sudo vfioboot undo' restores them.");
	print_images(change->root);
	return CLI_OK;
}

static enum cli_exit fix(const struct cli *cli, struct verdicts *verdicts, bool yes)
{
	_cleanup_(change_free) struct change change = {.root = &cli->root};
	enum cli_exit status = CLI_OK, by_hand;
	int r = verdicts_add_steps(verdicts, &change);

	if (r < 0)
		return cli_error(
			"check", "cannot work out what to do: %s", errno_text(r));
	if (!change.n)
		puts("Nothing to remove was found.");
	else
		print_found(verdicts);
	fflush(stdout);
	by_hand = warn_by_hand(verdicts);
	if (change.n && cli->dry_run)
		progress_print(cli, &change);
	else if (change.n)
		status = carry_out(cli, &change, yes);
	return status == CLI_OK ? by_hand : status;
}

enum cli_exit check_fix_leftovers(struct cli *cli, bool yes)
{
	_cleanup_(verdicts_free) struct verdicts verdicts = {0};
	enum cli_exit status = progress_begin(cli);

	if (status == CLI_OK)
		status = cli_read_next(cli, NULL);
	if (status != CLI_OK)
		return status;
	if (verdicts_find(&cli->machine->facts, cli->machine->next, &verdicts) < 0)
		return cli_error("check", "%s", errno_text(ENOMEM));
	return fix(cli, &verdicts, yes);
}
