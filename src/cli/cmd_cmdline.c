/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot cmdline`: the kernel parameters that this machine needs, each with its reason. */
#include "cli.h"

struct arguments {
	const char *profile, *loader;
	bool explain, host_dma_speed, apply, remove, yes;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_JSON,
	{"explain", NULL, "print the reason for each, and what else matters", 0,
		CLI_STORE(explain)},
	{"profile", "NAME", "for boots that ask for this profile", 0, CLI_STORE(profile)},
	{"host-dma-speed", NULL, "faster DMA for the host's devices, less isolation", 0,
		CLI_STORE(host_dma_speed)},
	{"apply", NULL, "add them to the normal boot entries for good", 0,
		CLI_STORE(apply)},
	{"remove", NULL, "take back what --apply has added", 0, CLI_STORE(remove)},
	{"loader", "NAME", "use this boot loader, where there are several", 0,
		CLI_STORE(loader)},
	CLI_OPTION_DRY_RUN,
	{"yes", NULL, "with --apply: do not ask", 0, CLI_STORE(yes)},
	{0},
};

static const struct column columns[] = {
	{"PARAMETER", 0, NULL},
	{"KIND", 0, NULL},
	{"REASON", 0, NULL},
	{0},
};

/* In the order of enum params_kind. */
static const char *const kinds[] = {"needed", "warning", "conflict", "obstacle"};

static void print_json(const struct params *params)
{
	_cleanup_(table_free) struct table *table =
		table_new("parameters", columns, true);

	for (unsigned i = 0; i < params->n; i++) {
		const struct params_item *item = &params->items[i];
		struct table_line *line = table_add(table, NULL);

		table_set(table, line, "PARAMETER", item->parameter);
		table_set(table, line, "KIND", kinds[item->kind]);
		table_set(table, line, "REASON", item->reason);
	}
	table_print(table);
}

/* The parameters to be added, in a line that can be pasted; nothing when nothing is. */
static void print_needed(const struct params *params)
{
	const char *blank = "";

	for (unsigned i = 0; i < params->n; i++) {
		if (params->items[i].kind != PARAMS_NEEDED)
			continue;
		cli_print("%s%s", blank, params->items[i].parameter);
		blank = " ";
	}
	if (*blank)
		putchar('\n');
}

static void print_way(const struct root *root, const struct bootloader *loader)
{
	struct permanent permanent;
	char text[PERMANENT_TEXT_SIZE];

	bootmenu_permanent(root, loader, &permanent);
	cli_print(
		"with %s, %s.\n", loader->title, permanent_text(&permanent, NULL, text));
}

/* The command that adds what is needed: it refuses profiles, which entries of their own select. */
static void print_apply(const struct root *root, const struct bootloader_search *search,
	const struct arguments *arguments)
{
	if (!arguments->profile && search->owner &&
		cmdline_can_apply(root, search->owner))
		cli_print("To add them to the normal entry, run 'sudo vfioboot cmdline "
			  "%s--apply'; by hand:\n",
			arguments->host_dma_speed ? "--host-dma-speed " : "");
	else
		puts("To add them to the normal entry:");
}

/* Where parameters are changed for good. */
static void print_where(const struct cli *cli, bool needed)
{
	const struct root *root = &cli->root;
	struct bootloader_search search;

	bootloader_find(root, &search);
	if (needed)
		puts("\n'sudo vfioboot entry add' and 'sudo vfioboot try' add needed parameters "
		     "to their own boot entries.");
	if (needed)
		print_apply(root, &search, cli->arguments);
	else
		puts("\nTo change the parameters of the normal entry:");
	if (search.owner)
		print_way(root, search.owner);
	else if (!search.n)
		puts("where your boot loader keeps the kernel's command line.");
	for (size_t i = 0; !search.owner && i < search.n; i++)
		print_way(root, search.found[i].loader);
}

static bool has_kind(const struct params *params, enum params_kind kind)
{
	for (unsigned i = 0; i < params->n; i++)
		if (params->items[i].kind == kind)
			return true;
	return false;
}

static bool names_parameter(const struct params *params)
{
	for (unsigned i = 0; i < params->n; i++)
		if (*params->items[i].parameter)
			return true;
	return false;
}

static void print_explained(const struct cli *cli, const struct params *params)
{
	if (!has_kind(params, PARAMS_NEEDED) && !params->refused)
		puts("This machine needs no kernel parameter.");
	for (unsigned i = 0; i < params->n; i++) {
		const struct params_item *item = &params->items[i];

		cli_print("%-9s%s%s%s%s\n", kinds[item->kind], item->parameter,
			*item->parameter ? ": " : "", item->reason,
			full_stop(item->reason));
	}
	if (names_parameter(params))
		print_where(cli, has_kind(params, PARAMS_NEEDED));
}

/* What must not be missed by someone who pastes the line: without --explain, on stderr. */
static void say_obstacles(const struct params *params)
{
	for (unsigned i = 0; i < params->n; i++) {
		const struct params_item *item = &params->items[i];
		const char *colon = *item->parameter ? ": " : "";

		if (item->kind == PARAMS_CONFLICT)
			cli_error("cmdline", "%s%s%s", item->parameter, colon,
				item->reason);
		else if (item->kind != PARAMS_NEEDED)
			cli_warning("cmdline", "%s%s%s", item->parameter, colon,
				item->reason);
	}
}

/* The machine as it will be in a boot that asks for the profile. */
static enum cli_exit read_next(struct cli *cli, const char *profile)
{
	char more[CONFIG_NAME_SIZE + 32];

	snprintf(more, sizeof(more), "vfioboot.profile=%s", profile ? profile : "");
	return cli_read_entry(cli, profile ? more : NULL);
}

/* One thing at a time; a profile is selected by an entry of its own. */
static enum cli_exit check(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	bool changes = arguments->apply || arguments->remove;

	if ((changes && (arguments->explain || cli->json)) ||
		(arguments->apply && arguments->remove))
		return cli_misuse("cmdline",
			"--apply and --remove cannot be combined with --explain, --json or "
			"each other");
	if (changes && arguments->profile)
		return cli_misuse("cmdline",
			"a profile is not for normal entries; 'sudo vfioboot entry add' makes "
			"an entry for it");
	if (!changes && (cli->dry_run || arguments->yes || arguments->loader))
		return cli_misuse("cmdline",
			"--dry-run and --loader are for --apply and --remove, --yes is for "
			"--apply");
	if (arguments->loader && !bootloader_named(arguments->loader)) {
		char names[BOOTLOADER_NAMES_SIZE] = "";

		bootloader_names(names);
		return cli_misuse("cmdline",
			"there is no boot loader '%s'; --loader takes %s",
			arguments->loader, names);
	}
	return CLI_OK;
}

static void print(const struct cli *cli, const struct params *params)
{
	const struct arguments *arguments = cli->arguments;

	if (cli->json) {
		print_json(params);
	} else if (arguments->explain) {
		print_explained(cli, params);
	} else {
		if (!params->refused)
			print_needed(params);
		say_obstacles(params);
	}
}

/* Prints what is needed, or has it added; errors of the configuration are a failure of both. */
static enum cli_exit answer(struct cli *cli, const struct params *params)
{
	const struct arguments *arguments = cli->arguments;
	enum cli_exit status = CLI_OK;

	if (arguments->apply)
		status = cmdline_apply(cli, params, arguments->loader, arguments->yes);
	else
		print(cli, params);
	return status == CLI_OK &&
			(params->refused || cli->machine->next->config.n_errors)
		? CLI_FAILED
		: status;
}

/*
 * What the next entry needs; or, for --apply, what this boot does and that entry has already: other
 * normal entries may lack it.
 */
static int find_params(
	struct cli *cli, const struct params_request *request, struct params *ret)
{
	const struct arguments *arguments = cli->arguments;
	struct vfioboot_machine *machine = cli->machine;
	_cleanup_free_ struct params *params = or_no_memory(calloc(1, sizeof(*params)));
	_cleanup_(nextboot_free) struct nextboot *booted = NULL;
	int r = params_find(&machine->facts, machine->next, request, ret);

	if (r < 0 || !arguments->apply || ret->refused || has_kind(ret, PARAMS_NEEDED))
		return r;
	r = nextboot_read(&machine->facts, NULL, &booted);
	if (r == 0)
		r = params_find(&machine->facts, booted, request, params);
	if (r == 0 && !params->refused)
		*ret = *params;
	return r;
}

static enum cli_exit run(struct cli *cli)
{
	_cleanup_free_ struct params *params = or_no_memory(calloc(1, sizeof(*params)));
	const struct arguments *arguments = cli->arguments;
	const struct params_request request = {.profile = arguments->profile,
		.host_dma_speed = arguments->host_dma_speed};
	char name[CONFIG_NAME_SIZE];
	enum cli_exit status = CLI_OK;
	int r;

	if (arguments->apply || arguments->remove)
		status = progress_begin(cli);
	if (arguments->remove && status == CLI_OK)
		status = cmdline_take_back(cli, arguments->loader);
	if (arguments->remove || status != CLI_OK)
		return status;
	/* What is pasted has to be a name. */
	if (request.profile && !config_set_name(name, sizeof(name), request.profile))
		return cli_misuse("cmdline",
			"'%s' is not a valid profile name; use A-Z a-z 0-9 . _ -",
			request.profile);
	if (read_next(cli, request.profile) != CLI_OK)
		return CLI_FAILED;
	sections_say_errors("cmdline", &cli->machine->next->config);
	if (request.profile)
		sections_warn_profile(
			"cmdline", &cli->machine->next->config, request.profile);
	r = find_params(cli, &request, params);
	/* The files of the boot loader show where, whatever is not known of the machine. */
	if (r < 0 && arguments->explain && !cli->json)
		print_where(cli, false);
	if (r < 0)
		return cli_error("cmdline",
			"cannot find out what the machine of %s needs: %s; run it on the "
			"machine itself",
			cli->dir, errno_text(r));
	return answer(cli, params);
}

const struct cli_command cmd_cmdline = {
	.name = "cmdline",
	.operands = "",
	.summary = "print the kernel parameters that this machine needs, or add them",
	.details = "Nothing is printed where none is needed, as on most machines. "
		   "Parameters\nthat disable what is needed, or have no effect, are "
		   "reported.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
