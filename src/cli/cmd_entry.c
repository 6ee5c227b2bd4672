/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot entry`: our entries in the boot menu. */
#include "cli.h"

/* An update comes from the hook of a package, which cannot be asked to try again. */
#define UPDATE_WAIT_MS 60000

struct arguments {
	const char *loader;
};

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	{"loader", "NAME", "use this boot loader, where there are several", 0,
		CLI_STORE(loader)},
	CLI_OPTION_DRY_RUN,
	{"json", NULL, "with list: print JSON", 0, 0},
	{0},
};

/* ---- which entries ---------------------------------------------------------------------- */

/* The entries that were asked for.  CLI_OK with whether there are, or a message. */
static enum cli_exit read_wanted(
	const struct root *root, struct bootentries *ret, bool *ret_asked)
{
	struct message message = {0};
	int r = bootmenu_read_wanted(root, ret);

	*ret_asked = r == 0;
	if (r == 0 || r == -ENOENT)
		return CLI_OK;
	if (r == -EISDIR)
		message_remedy(&message, "move that away");
	message_errno(&message, r, "cannot read " BOOTENTRY_FILE);
	return cli_say("entry", &message);
}

static enum cli_exit say_damaged(const struct bootentries *wanted)
{
	if (!wanted->damaged)
		return CLI_OK;
	return cli_error("entry",
		BOOTENTRY_FILE
		":%u: this line is damaged; run 'sudo vfioboot entry add' to "
		"write the file again",
		wanted->damaged);
}

static int add_parameters(const struct root *root, struct bootentries *entries)
{
	_cleanup_(facts_free) struct facts facts = {0};
	struct message message = {0};
	int r = facts_read(root, &facts);

	if (r == 0)
		r = params_add_to_entries(&facts, entries, &message);
	if (r < 0 && !message.code)
		message_errno(&message, r, "cannot read what this machine is");
	if (r < 0)
		cli_say("entry", &message);
	return r;
}

/*
 * The entries that the configuration asks for now, with what drop-ins say that will be written.  0,
 * or -errno after a message.
 */
static int decide_wanted(const struct root *root, const struct obstacles_dropin *planned,
	size_t n_planned, struct bootentries *ret)
{
	_cleanup_free_ struct config *config =
		cli_read_config(root, CONFIGFILES_OF_IMAGE);
	struct bootentries old = {0};
	_cleanup_free_ char *cmdline = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_planned; i++)
		r = dropin_read_text(config, planned[i].text, planned[i].path);
	sections_say_errors("entry", config);
	bootentry_decide(config, ret);
	if (ret->left_out)
		cli_warning("entry", "%u profile%s no entry: at most %d can have one",
			ret->left_out, ret->left_out == 1 ? " has" : "s have",
			CONFIG_PROFILES_MAX);
	r = r < 0 ? r : add_parameters(root, ret);
	if (r < 0)
		return r;
	r = cmdline_read_if_any(root, &cmdline);
	if (r < 0) {
		cli_error("entry", "cannot read the kernel command line: %s",
			errno_text(r));
		return r;
	}
	if (bootmenu_read_wanted(root, &old) == 0)
		bootentry_keep(ret, &old, cmdline);
	return 0;
}

/* ---- a change, and its result ----------------------------------------------------------- */

static void warn_of(const struct bootmenu_change *change)
{
	for (size_t i = 0; i < change->warnings.n; i++)
		cli_warning("entry", "%s", change->warnings.names[i]);
}

static enum cli_exit fail(const struct bootmenu_change *change, int error)
{
	return change->message.code ? cli_say("entry", &change->message)
				    : cli_error("entry", "%s", errno_text(error));
}

static void print_text(const char *text)
{
	for (; *text; text = text_next_line(text))
		printf("    %.*s\n", (int)strcspn(text, "\n"), text);
}

static void print_change(const struct bootmenu_change *change)
{
	for (size_t i = 0; i < change->files.n; i++) {
		const struct change_step *file = &change->files.steps[i];

		printf("Would %s %s%s\n", file->text ? "write" : "delete", file->path,
			file->text ? ":" : "");
		if (file->text)
			print_text(file->text);
	}
	for (size_t i = 0; i < change->steps.n; i++)
		printf("Would %s\n", change->steps.names[i]);
	if (!change->files.n && !change->steps.n)
		printf("Nothing would change.\n");
}

/* Carries out what was planned with the result @r, or prints it. */
static enum cli_exit carry_out(const struct cli *cli, const struct bootloader *loader,
	const struct bootentries *wanted, struct bootmenu_change *change, int r)
{
	if (r == 0 && !cli->dry_run)
		r = bootmenu_carry_out(&cli->root, loader, wanted, change);
	warn_of(change);
	if (r < 0)
		return fail(change, r);
	if (cli->dry_run)
		print_change(change);
	return CLI_OK;
}

static void say_undone(const struct root *root, const struct bootmenu_change *change)
{
	for (size_t i = 0; i < change->steps.n && !root->live; i++)
		printf("Not done, since this is not the running machine: %s\n",
			change->steps.names[i]);
}

/* ---- add and update ----------------------------------------------------------------------- */

static enum cli_exit say_nothing_to_choose(const struct root *root)
{
	char failed[BOOTMENU_PLACE_SIZE];

	if (bootmenu_has_ours(root, failed) > 0)
		return cli_error("entry",
			"no device is configured for a boot any more, but the boot menu still "
			"has entries; run 'sudo vfioboot entry remove'");
	return cli_error("entry",
		"no device is configured for a boot, so there is nothing to choose at the boot "
		"menu; run 'sudo vfioboot add DEVICE' first");
}

static enum cli_exit print_edit(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted)
{
	_cleanup_free_ char *text = NULL;
	struct text_stream stream;
	int r;

	if (!text_stream_open(&stream))
		return cli_error("entry", "%s", errno_text(ENOMEM));
	r = loader->ops->edit(root, wanted, stream.out);
	text = text_stream_take(&stream);
	if (r < 0 || !text)
		return cli_error("entry", "%s", errno_text(r < 0 ? r : -ENOMEM));
	printf("Boot loader: %s. Nothing was changed; do this by hand:\n\n%s",
		loader->title, text);
	return CLI_UNKNOWN;
}

static void say_added(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted, const struct bootmenu_change *change)
{
	printf("Boot loader: %s.\n", loader->title);
	for (unsigned i = 0; i < wanted->n; i++)
		printf("Entry for each kernel: '... (%s)', with %s\n",
			wanted->entries[i].title, wanted->entries[i].arguments);
	say_undone(root, change);
	if (change->default_unknown)
		printf("Which entry is the default is not known. ");
	else if (!change->default_moves)
		printf("The default entry is unchanged. ");
	printf("'vfioboot entry list' shows the entries, 'sudo vfioboot entry remove' "
	       "removes them.\n"
	       "The initramfs images must be up to date: run 'sudo vfioboot apply' if "
	       "they are not.\n");
	if (root->live || !change->steps.n)
		printf("Then reboot, and choose '... (%s)' at the boot menu%s.\n",
			wanted->entries[0].title,
			bootentry_is_passthrough(&wanted->entries[0])
				? ""
				: " to keep the devices");
}

enum cli_exit entry_plan(const struct root *root, const char *name,
	const struct obstacles_dropin *planned, size_t n_planned, struct entry_plan *ret)
{
	if (decide_wanted(root, planned, n_planned, &ret->wanted) < 0)
		return CLI_FAILED;
	if (!ret->wanted.n)
		return say_nothing_to_choose(root);
	ret->loader = entry_find_loader("entry", root, name, ENTRY_LOADER_OWNER);
	if (!ret->loader)
		return CLI_FAILED;
	ret->error = bootmenu_plan(root, ret->loader, &ret->wanted, &ret->change);
	if (ret->error < 0 && ret->error != -EOPNOTSUPP) {
		warn_of(&ret->change);
		return fail(&ret->change, ret->error);
	}
	return CLI_OK;
}

void entry_plan_free(struct entry_plan *plan)
{
	bootmenu_free_change(&plan->change);
}

enum cli_exit entry_carry_out(const struct cli *cli, struct entry_plan *plan)
{
	if (plan->error == -EOPNOTSUPP)
		return print_edit(&cli->root, plan->loader, &plan->wanted);
	return carry_out(cli, plan->loader, &plan->wanted, &plan->change, 0);
}

static enum cli_exit add(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	const struct root *root = &cli->root;
	_cleanup_(entry_plan_free) struct entry_plan plan = {0};
	enum cli_exit status = entry_plan(root, arguments->loader, NULL, 0, &plan);

	if (status == CLI_OK)
		status = entry_carry_out(cli, &plan);
	if (status == CLI_OK && !cli->dry_run)
		say_added(root, plan.loader, &plan.wanted, &plan.change);
	return status;
}

/* For kernel-install, grub-mkconfig and mkinitcpio, when a kernel comes or goes: prints nothing. */
static enum cli_exit update(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	const struct root *root = &cli->root;
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	const struct bootloader *loader;
	struct bootentries wanted = {0};
	bool asked;
	int r, leaks;

	if (read_wanted(root, &wanted, &asked) != CLI_OK)
		return CLI_FAILED;
	/* With none wanted, a trial's parameters may still have come into a normal entry. */
	leaks = asked ? 1 : bootmenu_may_leak(root, &wanted);
	if (leaks < 0)
		return cli_error("entry", "cannot read the kernel command line: %s",
			errno_text(leaks));
	if (!leaks)
		return CLI_OK;
	loader = entry_find_loader("entry", root,
		wanted.loader[0] ? NULL : arguments->loader, ENTRY_LOADER_RECORDED);
	if (!loader)
		return CLI_FAILED;
	r = bootmenu_plan_update(root, loader, &wanted, &change);
	return carry_out(cli, loader, &wanted, &change, r);
}

/* ---- remove --------------------------------------------------------------------------- */

static enum cli_exit say_unseen(const char *failed, int error)
{
	struct message message = {0};

	message_errno(&message, error, "cannot read %s", failed);
	return cli_say("entry", &message);
}

static enum cli_exit remove_entries(const struct cli *cli)
{
	const struct root *root = &cli->root;
	_cleanup_(bootmenu_free_change) struct bootmenu_change change = {0};
	char failed[BOOTMENU_PLACE_SIZE];
	int r = bootmenu_has_ours(root, failed);

	if (r < 0)
		return say_unseen(failed, r);
	if (r == 0) {
		enum cli_exit status = entry_warn_by_hand("entry", root);

		if (status == CLI_OK)
			printf("The boot menu has no entry of vfioboot.\n");
		return status;
	}
	r = bootmenu_remove_all(root, cli->dry_run, &change);
	warn_of(&change);
	if (r < 0)
		return fail(&change, r);
	if (cli->dry_run)
		print_change(&change);
	else
		say_undone(root, &change);
	if (!cli->dry_run && (root->live || !change.steps.n))
		printf("The entries of vfioboot are removed from the boot menu.\n");
	return entry_warn_by_hand("entry", root);
}

/* ---- list -------------------------------------------------------------------------------- */

static const struct column columns[] = {
	{"ENTRY", 0, NULL},
	{"KERNEL", 0, NULL},
	{"STATE", 0, NULL}, /* ready, missing, outdated or unknown */
	{"TITLE", COLUMN_WRAP, NULL},
	{"ARGUMENTS", COLUMN_EXTRA, NULL},
	{"LOADER", COLUMN_EXTRA, NULL},
	{"BOOT-ID", COLUMN_EXTRA, NULL}, /* by which the loader takes it */
	{0},
};

struct listing {
	struct table *table;
	const char *loader;
	bool bad;
};

static void add_line(struct listing *listing, const struct bootmenu_entry *entry,
	const char *arguments, const char *state)
{
	struct table_line *line = table_add(listing->table, NULL);

	if (strcmp(state, "ready") != 0) {
		listing->bad = true;
		table_colour(listing->table, line, "red");
	}
	table_set(listing->table, line, "ENTRY", entry->id);
	table_set(listing->table, line, "KERNEL", entry->kernel);
	table_set(listing->table, line, "STATE", state);
	table_set(listing->table, line, "TITLE", entry->title);
	table_set(listing->table, line, "ARGUMENTS", arguments);
	table_set(listing->table, line, "LOADER", listing->loader);
	table_set(listing->table, line, "BOOT-ID", entry->boot_id);
}

static const struct bootentry *find_wanted(
	const struct bootentries *wanted, const char *id)
{
	for (unsigned i = 0; i < wanted->n; i++)
		if (strcmp(wanted->entries[i].id, id) == 0)
			return &wanted->entries[i];
	return NULL;
}

static bool has_entry(const struct bootmenu *menu, const char *id, const char *kernel)
{
	for (size_t i = 0; i < menu->n; i++)
		if (strcmp(menu->entries[i].id, id) == 0 &&
			(!kernel || strcmp(menu->entries[i].kernel, kernel) == 0))
			return true;
	return false;
}

static bool is_repeated(const struct bootmenu *menu, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(menu->entries[i].kernel, menu->entries[index].kernel) == 0 &&
			menu->entries[i].kind == BOOTMENU_NORMAL)
			return true;
	return false;
}

static void add_present(struct listing *listing, const struct bootmenu *menu,
	const struct bootentries *wanted)
{
	for (size_t i = 0; i < menu->n; i++) {
		const struct bootmenu_entry *entry = &menu->entries[i];
		const struct bootentry *wish = find_wanted(wanted, entry->id);
		char missing[BOOTENTRY_ARGS_SIZE] = "";

		if (entry->kind != BOOTMENU_OURS)
			continue;
		if (wish)
			bootentry_missing_arguments(entry->options, wish, missing);
		add_line(listing, entry, wish ? wish->arguments : NULL,
			wish && !missing[0] && !entry->outdated ? "ready" : "outdated");
	}
}

/* One line a kernel that has its normal entry, but not the wanted one. */
static void add_missing(struct listing *listing, const struct bootmenu *menu,
	const struct bootentry *wish)
{
	struct bootmenu_entry lacks = {0};

	strcpy(lacks.id, wish->id);
	for (size_t i = 0; i < menu->n; i++) {
		const struct bootmenu_entry *entry = &menu->entries[i];

		if (entry->kind != BOOTMENU_NORMAL || is_repeated(menu, i) ||
			has_entry(menu, wish->id, entry->kernel))
			continue;
		lacks.kernel = entry->kernel;
		add_line(listing, &lacks, wish->arguments, "missing");
	}
}

static void say_unread(const struct root *root, const struct bootloader *loader,
	const char *failed, int error)
{
	char place[BOOTMENU_PLACE_SIZE];
	struct message message = {0};

	if (loader->ops->plan) {
		message_errno(&message, error, "cannot read the menu of %s: %s",
			loader->title, failed);
		cli_warn("entry", &message);
		return;
	}
	bootmenu_hand_place(root, loader, place);
	cli_warning("entry",
		"vfioboot does not read the menu of %s; look for %s with 'vfioboot.' in %s",
		loader->title, loader->ops->hand_what, place);
}

static int add_lines(struct listing *listing, const struct root *root,
	const struct bootloader *loader, const struct bootentries *wanted,
	bool *ret_unknown)
{
	_cleanup_(bootmenu_free) struct bootmenu menu = {0};
	int r = loader->ops->plan ? loader->ops->read(root, wanted, &menu) : -ENOTSUP;

	*ret_unknown = r < 0;
	if (r < 0 && r != -ENOMEM)
		say_unread(root, loader, menu.failed, r);
	if (r == -ENOMEM)
		return r;
	for (unsigned i = 0; r < 0 && i < wanted->n; i++) {
		struct bootmenu_entry entry = {0};

		strcpy(entry.id, wanted->entries[i].id);
		add_line(listing, &entry, wanted->entries[i].arguments, "unknown");
	}
	if (r < 0)
		return 0;
	add_present(listing, &menu, wanted);
	for (unsigned i = 0; i < wanted->n; i++)
		add_missing(listing, &menu, &wanted->entries[i]);
	return 0;
}

static enum cli_exit print_list(const struct root *root, const struct bootloader *loader,
	const struct bootentries *wanted, bool json)
{
	_cleanup_(table_free) struct table *table = table_new("entries", columns, json);
	struct listing listing = {.table = table, .loader = loader->name};
	bool unknown = false;
	int r = add_lines(&listing, root, loader, wanted, &unknown);

	if (r < 0)
		return cli_error("entry", "%s", errno_text(r));
	table_print(table);
	if (unknown)
		return CLI_UNKNOWN;
	if (!listing.bad)
		return CLI_OK;
	return cli_error("entry",
		"the menu lacks entries or has outdated ones; run 'sudo vfioboot "
		"entry add', or 'sudo vfioboot entry remove'");
}

static void print_empty_list(void)
{
	_cleanup_(table_free) struct table *table = table_new("entries", columns, true);

	table_print(table);
}

/* What `entry add` would do; with nothing for a boot it would refuse. */
static void say_no_entry(const struct root *root)
{
	_cleanup_free_ struct config *config =
		cli_read_config(root, CONFIGFILES_OF_IMAGE);

	if (config_count_boot(config))
		printf("The boot menu has no entries of vfioboot; 'sudo vfioboot entry "
		       "add' adds them.\n");
	else
		printf("The boot menu has no entry of vfioboot, and no device is "
		       "configured for a boot.\n");
}

static enum cli_exit list(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	const struct root *root = &cli->root;
	struct bootentries wanted = {0}, now = {0};
	const struct bootloader *loader;
	char failed[BOOTMENU_PLACE_SIZE];
	enum cli_exit status;
	bool asked;

	if (read_wanted(root, &wanted, &asked) != CLI_OK)
		return CLI_FAILED;
	loader = entry_find_loader(
		"entry", root, arguments->loader, ENTRY_LOADER_RECORDED);
	if (!loader && cli->json)
		print_empty_list();
	if (!loader)
		return CLI_UNKNOWN;
	/* Nothing is claimed of a menu that cannot be read. */
	if (!asked && !cli->json && loader->ops->plan &&
		bootmenu_loader_has_ours(root, loader, failed) == 0) {
		say_no_entry(root);
		return CLI_OK;
	}
	status = print_list(root, loader, &wanted, cli->json);
	if (say_damaged(&wanted) != CLI_OK)
		status = CLI_FAILED;
	if (asked && decide_wanted(root, NULL, 0, &now) == 0 &&
		!bootentry_same(&wanted, &now)) {
		cli_warning("entry",
			"the configuration has changed and asks for %s; run 'sudo vfioboot entry %s'",
			now.n ? "other entries" : "no entry", now.n ? "add" : "remove");
		status = CLI_FAILED;
	}
	return status;
}

/* ---- the command ------------------------------------------------------------------------ */

struct action {
	const char *name;
	bool changes;
	enum cli_exit (*run)(const struct cli *cli);
};

static const struct action actions[] = {
	{"add", true, add},
	{"remove", true, remove_entries},
	{"list", false, list},
	{"update", true, update},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* What the action would leave alone.  CLI_OK, or CLI_MISUSE after a message. */
static enum cli_exit check(const struct cli *cli)
{
	const struct action *action = find_action(cli->operands[0]);
	const struct arguments *arguments = cli->arguments;
	char names[BOOTLOADER_NAMES_SIZE];

	if (!action)
		return cli_misuse("entry", "unknown action '%s'; use add, remove or list",
			cli->operands[0]);
	if (cli->json && action->changes)
		return cli_misuse(
			"entry", "--json is for list, and not for %s", action->name);
	if (cli->dry_run && !action->changes)
		return cli_misuse("entry",
			"--dry-run has no effect on %s, which changes nothing",
			action->name);
	if (!arguments->loader || bootloader_named(arguments->loader))
		return CLI_OK;
	bootloader_names(names);
	return cli_misuse("entry", "there is no boot loader '%s'; --loader takes %s",
		arguments->loader, names);
}

static enum cli_exit run(struct cli *cli)
{
	const struct action *action = find_action(cli->operands[0]);

	if (action->changes && cli->root.live && !cli->dry_run) {
		if (cli_need_root("entry") != CLI_OK)
			return CLI_FAILED;
		if (progress_lock("entry", &cli->root,
			    action->run == update ? UPDATE_WAIT_MS : 0) != CLI_OK)
			return CLI_FAILED;
		run_catch_signals(NULL);
	}
	return action->run(cli);
}

const struct cli_command cmd_entry = {
	.name = "entry",
	.operands = "add|remove|list|update",
	.missing = "no action given: use add, remove or list",
	.summary = "manage boot menu entries that bind the devices, or do not",
	.details =
		"add     add an entry for each profile, and one without passthrough where the\n"
		"        normal entry gives devices away; the default entry stays what it is\n"
		"remove  remove these entries\n"
		"list    show them, and whether each kernel has them\n"
		"update  adapt them to the installed kernels; for kernel-install and mkinitcpio\n\n"
		"NAME is grub, grub-bls, systemd-boot, uki, refind, limine, extlinux, "
		"kernelstub,\nproxmox, zfsbootmenu, nixos or rpm-ostree.",
	.options = options,
	.arguments = sizeof(struct arguments),
	.check = check,
	.run = run,
};
