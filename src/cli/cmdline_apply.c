/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the parameters that a machine needs where it keeps them for good, and takes them back. */
#include "cli.h"

#define CMDLINE "cmdline"

bool cmdline_can_apply(const struct root *root, const struct bootloader *loader)
{
	struct permanent permanent;

	bootmenu_permanent(root, loader, &permanent);
	return permanent_is_written(&permanent);
}

/* ---- what is needed ---------------------------------------------------------------------- */

static void add_word(
	char words[static PARAMETERS_WORDS_SIZE], const char *word, size_t len)
{
	if (!cmdline_has_word(words, word, len))
		cmdline_append_word(words, PARAMETERS_WORDS_SIZE, word, len);
}

/* What a trial has proven is not seen to be missing in its own boot. */
static void add_tried(const struct root *root, char words[static PARAMETERS_WORDS_SIZE])
{
	_cleanup_free_ char *cmdline = NULL;
	struct trial trial;
	char missing[TRIAL_TRIED_SIZE];
	const char *cursor = missing, *word;
	size_t len;

	if (trial_read(root, &trial) < 0 || !trial_is_confirmed(&trial) ||
		cmdline_read_if_any(root, &cmdline) < 0)
		return;
	trial_missing_parameters(&trial, cmdline, missing);
	while ((len = cmdline_next_word(&cursor, &word)))
		add_word(words, word, len);
}

static enum cli_exit say_conflicts(const struct root *root,
	const struct permanent *permanent, const struct params *params)
{
	for (unsigned i = 0; i < params->n; i++) {
		const struct params_item *item = &params->items[i];
		char place[PATH_MAX + 16] = "";

		if (item->kind == PARAMS_CONFLICT && *item->parameter)
			permanent_find_word(
				root, permanent, item->parameter, place, sizeof(place));
		if (item->kind == PARAMS_CONFLICT)
			cli_error(CMDLINE, "%s%s%s%s%s", item->parameter,
				*place ? " in " : "", place, *item->parameter ? ": " : "",
				item->reason);
	}
	return cli_error(CMDLINE, "nothing was changed");
}

/* ---- what contradicts it, and is not in the command line of this boot ----------------------- */

static enum cli_exit check_value(const struct cli *cli, const struct permanent *permanent,
	const char *value, const char *entry)
{
	const struct param_conflict *conflict;
	char text[64], place[PATH_MAX + 16];
	size_t at = 0;

	while ((conflict = conflicts_next(value, cli->machine->facts.iommu, &at))) {
		if (conflict->loss == PARAM_LOSS_REMAPPING)
			continue;
		conflicts_format(conflict, text, sizeof(text));
		if (!permanent_find_word(
			    &cli->root, permanent, text, place, sizeof(place)))
			snprintf(place, sizeof(place), "the entry '%s'", entry);
		return cli_error(CMDLINE,
			"%s in %s disables %s, which device assignment needs; nothing was "
			"changed: remove it there and run this again",
			text, place, conflict->what);
	}
	return CLI_OK;
}

static enum cli_exit check_menu(
	const struct cli *cli, const struct parameters *parameters)
{
	const struct bootmenu *menu = &parameters->menu;
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; status == CLI_OK && i < menu->n; i++)
		if (parameters_are_for(menu, &menu->entries[i]))
			status = check_value(cli, &parameters->permanent,
				menu->entries[i].options, menu->entries[i].title);
	return status;
}

static enum cli_exit check_files(
	const struct cli *cli, const struct parameters *parameters)
{
	const struct permanent *permanent = &parameters->permanent;
	enum cli_exit status = CLI_OK;

	for (size_t i = 0; status == CLI_OK && i < permanent->n; i++) {
		const struct permanent_file *file = &permanent->files[i];
		_cleanup_free_ char *value = NULL;

		if (file->form == PARAM_SHELL)
			value = permanent_grub_value(&cli->root);
		else if (file_read(&cli->root, file->path, &value, NULL) < 0)
			continue;
		if (value)
			status = check_value(cli, permanent, value, file->path);
	}
	return status;
}

/* ---- carrying it out -------------------------------------------------------------------------- */

static enum cli_exit confirm(
	const struct cli *cli, struct parameters *parameters, bool yes)
{
	if (yes)
		return CLI_OK;
	cli_print("To have %s in the normal entries of %s:\n", parameters->words,
		parameters->loader->title);
	progress_print(cli, &parameters->change);
	return cli_confirm(CMDLINE, "Do this?");
}

/* Copies of the normal entries follow them, where they are files. */
static void update_entries(const char *command, const struct parameters *parameters)
{
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	const struct root *root = parameters->root;
	struct bootentries wanted = {0};
	char line[MESSAGE_LINE_SIZE];
	int r;

	if (!parameters->permanent.entries || bootmenu_read_wanted(root, &wanted) < 0)
		return;
	r = bootmenu_plan_update(root, parameters->loader, &wanted, &change);
	if (r == 0)
		r = bootmenu_carry_out(root, parameters->loader, &wanted, &change);
	if (r < 0 && !change.message.code)
		message_set(&change.message, r, "%s", errno_text(r));
	if (r < 0)
		cli_warning(command,
			"cannot update the entries of vfioboot: %s; run 'sudo vfioboot entry "
			"add'",
			message_line(&change.message, line));
}

enum cli_exit cmdline_carry_out(const struct cli *cli, struct parameters *parameters)
{
	const char *command = cli->command->name;
	struct run_signals before;
	enum cli_exit status;

	if (cli->dry_run)
		progress_print(cli, &parameters->change);
	status = progress_check_change(command, &parameters->change);
	if (cli->dry_run || status != CLI_OK)
		return status;
	run_catch_signals(&before);
	status = progress_run(cli, &parameters->change);
	for (size_t i = 0; status == CLI_OK && i < parameters->said.warnings.n; i++)
		cli_warning(command, "%s", parameters->said.warnings.names[i]);
	if (status == CLI_OK)
		update_entries(command, parameters);
	fflush(stdout);
	run_let_signals(&before);
	return status;
}

static enum cli_exit say_failure(
	const char *command, const struct message *message, int error)
{
	if (!message->code)
		return cli_error(
			command, "cannot work out what to do: %s", errno_text(error));
	return cli_say(command, message);
}

static enum cli_exit say_by_hand(const struct parameters *parameters)
{
	char text[PERMANENT_TEXT_SIZE];

	cli_error(CMDLINE,
		"vfioboot does not write parameters of %s; nothing was changed",
		parameters->loader->title);
	cli_print("Add %s by hand %s.\n", parameters->words,
		permanent_text(&parameters->permanent, NULL, text));
	return CLI_UNKNOWN;
}

static enum cli_exit say_done(const struct parameters *parameters)
{
	const struct message *unknown = &parameters->unknown;

	if (unknown->code && !parameters->permanent.program) {
		cli_warning(CMDLINE,
			"whether the entries have %s is not known: %s; run 'vfioboot cmdline' "
			"after the next boot",
			parameters->words, unknown->text);
		return CLI_UNKNOWN;
	}
	cli_print("The normal entries have %s.\n", parameters->words);
	puts("Reboot for it to take effect. 'sudo vfioboot cmdline --remove' takes it back.");
	return CLI_OK;
}

/* Plans what adds @words.  As cmdline_plan(). */
static enum cli_exit plan_words(const struct cli *cli, const struct bootloader *loader,
	const char *words, struct parameters *ret)
{
	struct message message = {0};
	enum cli_exit status;
	int r = parameters_plan(&cli->root, loader, words, ret, &message);

	text_join(ret->words, sizeof(ret->words), words, NULL);
	if (r == -EOPNOTSUPP)
		return CLI_UNKNOWN;
	if (r < 0)
		return say_failure(CMDLINE, &message, r);
	status = check_menu(cli, ret);
	return status == CLI_OK ? check_files(cli, ret) : status;
}

enum cli_exit cmdline_plan(const struct cli *cli, const struct params *params,
	const char *name, struct parameters *ret)
{
	char words[PARAMETERS_WORDS_SIZE] = "";
	const struct bootloader *loader;
	struct permanent permanent = {0};

	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind == PARAMS_NEEDED)
			add_word(words, params->items[i].parameter,
				strlen(params->items[i].parameter));
	if (!params->refused)
		add_tried(&cli->root, words);
	if (!*words && !params->refused)
		return CLI_OK;
	loader = entry_find_loader(CMDLINE, &cli->root, name, ENTRY_LOADER_OWNER);
	if (!loader)
		return CLI_FAILED;
	bootmenu_permanent(&cli->root, loader, &permanent);
	return params->refused ? say_conflicts(&cli->root, &permanent, params)
			       : plan_words(cli, loader, words, ret);
}

enum cli_exit cmdline_apply(
	struct cli *cli, const struct params *params, const char *name, bool yes)
{
	_cleanup_(parameters_free) struct parameters parameters = {0};
	enum cli_exit status = cmdline_plan(cli, params, name, &parameters);

	if (status == CLI_UNKNOWN)
		return say_by_hand(&parameters);
	if (status != CLI_OK)
		return status;
	if (!*parameters.words) {
		puts("Nothing to do: this machine needs no kernel parameter that this boot "
		     "does not have.");
		return CLI_OK;
	}
	if (!parameters.change.n) {
		cli_print(
			"Nothing to do: the normal entries have %s. Reboot for it to take "
			"effect.\n",
			parameters.words);
		return CLI_OK;
	}
	status = cli->dry_run ? CLI_OK : confirm(cli, &parameters, yes);
	if (status == CLI_OK)
		status = cmdline_carry_out(cli, &parameters);
	return status == CLI_OK && !cli->dry_run ? say_done(&parameters) : status;
}

enum cli_exit cmdline_take_back(const struct cli *cli, const char *name)
{
	const char *command = cli->command->name;
	const struct root *root = &cli->root;
	_cleanup_(parameters_free) struct parameters parameters = {0};
	struct message message = {0};
	const struct bootloader *loader;
	enum cli_exit status;
	int r;

	if (!parameters_has_ours(root)) {
		progress_say(cli,
			"Nothing to do: 'vfioboot cmdline --apply' has added nothing.");
		return CLI_OK;
	}
	loader = entry_find_loader(command, root, name, ENTRY_LOADER_OWNER);
	if (!loader)
		return CLI_FAILED;
	r = parameters_plan_removal(root, loader, &parameters, &message);
	if (r < 0)
		return say_failure(command, &message, r);
	status = cmdline_carry_out(cli, &parameters);
	if (status == CLI_OK && !cli->dry_run)
		progress_say(cli, "Took %s back.",
			parameters.words[0] ? parameters.words : "the parameters");
	return status;
}
