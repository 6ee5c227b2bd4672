/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfioboot libvirt`: the hook by which guests of libvirt get their devices. */
#include "cli.h"

static const struct cli_option options[] = {
	CLI_OPTION_ROOT,
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	{0},
};

/* ---- status ----------------------------------------------------------------------------- */

static const char *const dropin_words[] = {
	[LIBVIRT_ABSENT] = "absent",
	[LIBVIRT_CURRENT] = "current",
	[LIBVIRT_OUTDATED] = "outdated",
	[LIBVIRT_EDITED] = "edited",
	[LIBVIRT_FOREIGN] = "foreign",
};

static void add_others(struct json_object *object, const struct libvirt *libvirt)
{
	struct json_object *list = json_add_array(object, "others");

	for (size_t i = 0; i < libvirt->n_others; i++) {
		const struct libvirt_other *other = &libvirt->others[i];
		struct json_object *item = json_add_object(list, NULL);

		json_add_text(item, "path", other->path);
		json_add_bool(item, "executable", other->executable);
		json_add_bool(item, "calls_libvirt", other->calls_libvirt);
		json_add_bool(item, "binds", other->binds);
	}
}

static void version_text(const struct libvirt *libvirt, char ret[static 32])
{
	*ret = '\0';
	if (libvirt->version)
		snprintf(ret, 32, "%u.%u.%u", libvirt->version / 1000000,
			libvirt->version / 1000 % 1000, libvirt->version % 1000);
}

static void print_json(const struct libvirt *libvirt, const struct file_names *sets)
{
	struct json_object *object = json_new_top(), *list;
	char version[32];

	version_text(libvirt, version);
	json_add_text(object, "hook", LIBVIRT_HOOK);
	json_add_text(object, "state", dropin_words[libvirt->dropin]);
	json_add_text(object, "version", version);
	json_add_text(object, "daemon", libvirt->daemon);
	json_add_bool(object, "running", libvirt->running);
	json_add_bool(object, "reload", libvirt->reload == LIBVIRT_RELOAD);
	json_add_bool_if(object, "unconfined", libvirt->selinux != LIBVIRT_NO_SELINUX,
		libvirt->selinux == LIBVIRT_UNCONFINED);
	list = json_add_array(object, "sets");
	for (size_t i = 0; i < sets->n; i++)
		json_add_text(list, NULL, sets->names[i]);
	add_others(object, libvirt);
	list = json_add_array(object, "remarks");
	for (size_t i = 0; i < libvirt->n_remarks; i++) {
		const struct libvirt_remark *remark = &libvirt->remarks[i];
		struct json_object *item = json_add_object(list, NULL);

		json_add_bool(item, "wrong", remark->wrong);
		json_add_text(item, "text", remark->message.text);
		json_add_text(item, "remedy", remark->message.remedy);
	}
	json_print(object);
}

static void print_names(const char *title, const struct file_names *names)
{
	if (!names->n)
		return;
	printf("%-13s", title);
	for (size_t i = 0; i < names->n; i++)
		cli_print("%s%s", i ? ", " : "", names->names[i]);
	putchar('\n');
}

/* Without a daemon nothing runs the hook, and enable writes none. */
static void print_no_daemon(const struct libvirt *libvirt, const char *version)
{
	printf("%-13s%s%s; install libvirt's daemon for QEMU%s\n", "libvirt:", version,
		*version ? ", without its daemon" : "not installed",
		libvirt->dropin == LIBVIRT_ABSENT
			? ", then run 'sudo vfioboot libvirt enable'"
			: "");
}

static void print_text(const struct libvirt *libvirt, const struct file_names *sets)
{
	const char *const states[] = {
		[LIBVIRT_ABSENT] = libvirt->daemon
			? "is not there; 'sudo vfioboot libvirt enable' writes it"
			: "is not there",
		[LIBVIRT_CURRENT] = "is there",
		[LIBVIRT_OUTDATED] =
			"is outdated; 'sudo vfioboot libvirt enable' writes it again",
		[LIBVIRT_EDITED] = "was edited",
		[LIBVIRT_FOREIGN] = "is not vfioboot's",
	};
	char version[32];

	version_text(libvirt, version);
	printf("%-13s%s %s\n", "Hook:", LIBVIRT_HOOK, states[libvirt->dropin]);
	if (libvirt->daemon)
		printf("%-13s%s, %s is %srunning\n",
			"libvirt:", *version ? version : "version not known",
			libvirt->daemon, libvirt->running ? "" : "not ");
	else
		print_no_daemon(libvirt, version);
	if (libvirt->selinux != LIBVIRT_NO_SELINUX)
		printf("%-13svirt_hooks_unconfined is %s\n", "SELinux:",
			libvirt->selinux == LIBVIRT_UNCONFINED ? "on" : "off");
	print_names("Device sets:", sets);
	for (size_t i = 0; i < libvirt->n_others; i++)
		cli_print("%-13s%s\n", i ? "" : "Other hooks:", libvirt->others[i].path);
}

/* Says each remark on stderr.  Whether one of them is wrong. */
static bool say_remarks(const struct libvirt *libvirt)
{
	bool wrong = false;

	for (size_t i = 0; i < libvirt->n_remarks; i++) {
		const struct libvirt_remark *remark = &libvirt->remarks[i];

		cli_warn("libvirt", &remark->message);
		wrong |= remark->wrong;
	}
	return wrong;
}

/* The names of the sets that a guest can get.  Returns whether it gets what no section has, too. */
static bool find_sets(const struct root *root, struct file_names *ret)
{
	_cleanup_free_ struct config *config = cli_read_config(root, CONFIGFILES_OF_NOW);

	for (unsigned i = 0; i < config->n_sections; i++)
		if (config->sections[i].demand && !config->sections[i].bad)
			or_no_memory(file_add_name(ret, config->sections[i].name) < 0
					? NULL
					: ret);
	return config->libvirt_all;
}

static enum cli_exit status(const struct cli *cli, const struct libvirt *libvirt)
{
	_cleanup_(file_free_names) struct file_names sets = {0};
	bool wrong = libvirt->dropin != LIBVIRT_CURRENT;

	find_sets(&cli->root, &sets);
	if (cli->json)
		print_json(libvirt, &sets);
	else
		print_text(libvirt, &sets);
	for (size_t i = 0; i < libvirt->n_remarks; i++)
		wrong |= libvirt->remarks[i].wrong;
	if (!cli->json)
		say_remarks(libvirt);
	return wrong ? CLI_FAILED : CLI_OK;
}

/* ---- enable and disable ----------------------------------------------------------------- */

static enum cli_exit carry_out(
	struct cli *cli, struct change *change, const char *nothing)
{
	enum cli_exit status;

	if (!change->n) {
		progress_say(cli, "%s", nothing);
		return CLI_OK;
	}
	status = progress_check_change("libvirt", change);
	if (cli->dry_run)
		progress_print(cli, change);
	else if (status == CLI_OK)
		status = progress_run(cli, change);
	return status;
}

/* What is left to do, by what is there now. */
static enum cli_exit say_enabled(const struct cli *cli)
{
	_cleanup_(libvirt_free) struct libvirt libvirt = {0};
	_cleanup_(file_free_names) struct file_names sets = {0};
	int r = libvirt_look(&cli->root, &libvirt);
	bool wrong, all;

	if (r < 0)
		return cli_error("libvirt", "%s", errno_text(r));
	wrong = say_remarks(&libvirt);
	all = find_sets(&cli->root, &sets);
	if (sets.n || all)
		progress_say(cli, "%s guest of libvirt gets its %s when it starts.",
			wrong ? "Once that is done, a" : "A",
			all ? "devices" : "device sets");
	else
		progress_say(cli,
			"No device set has 'bind = demand', so there is nothing to hand "
			"over yet; see vfioboot.conf(5).");
	return CLI_OK;
}

static enum cli_exit enable(struct cli *cli, const struct libvirt *libvirt)
{
	_cleanup_(change_free) struct change change = {.root = &cli->root};
	struct message message = {0};
	enum cli_exit status;

	if (libvirt_enable(&change, libvirt, &message) < 0)
		return cli_say("libvirt", &message);
	status = carry_out(cli, &change, "The hook is there already.");
	return status == CLI_OK && !cli->dry_run ? say_enabled(cli) : status;
}

static enum cli_exit disable(struct cli *cli, const struct libvirt *libvirt)
{
	_cleanup_(change_free) struct change change = {.root = &cli->root};
	struct message message = {0};
	enum cli_exit status;

	if (libvirt_disable(&change, libvirt, &message) < 0)
		return cli_say("libvirt", &message);
	status = carry_out(cli, &change, "There is no hook of vfioboot.");
	if (status == CLI_OK)
		sections_say_given("libvirt", &cli->root);
	return status;
}

/* ---- the command ------------------------------------------------------------------------ */

static enum cli_exit check(const struct cli *cli)
{
	static const char *const actions[] = {"enable", "disable", "status"};
	const char *action = cli->operands[0];

	if (strcmp(action, "hook") == 0)
		return libvirt_hook_check(cli);
	if (!text_is_one_of(action, actions, ARRAY_SIZE(actions)))
		return cli_misuse("libvirt",
			"unknown action '%s'; use enable, disable or status", action);
	if (cli->n_operands > 1)
		return cli_misuse("libvirt",
			"unexpected argument '%s'; see 'vfioboot help libvirt'",
			cli->operands[1]);
	return CLI_OK;
}

static enum cli_exit run(struct cli *cli)
{
	_cleanup_(libvirt_free) struct libvirt libvirt = {0};
	const char *action = cli->operands[0];
	bool changes = strcmp(action, "status") != 0;
	enum cli_exit result;
	int r;

	if (strcmp(action, "hook") == 0)
		return libvirt_hook(cli);
	result = changes ? progress_lock_for_file(cli) : CLI_OK;
	if (result != CLI_OK)
		return result;
	r = libvirt_look(&cli->root, &libvirt);
	if (r < 0)
		return cli_error("libvirt", "cannot look for hooks: %s", errno_text(r));
	if (!changes)
		return status(cli, &libvirt);
	return strcmp(action, "enable") == 0 ? enable(cli, &libvirt)
					     : disable(cli, &libvirt);
}

const struct cli_command cmd_libvirt = {
	.name = "libvirt",
	.operands = "enable|disable|status",
	.takes_more = true, /* hook, which libvirt's hook runs */
	.missing = "no action given: use enable, disable or status",
	.summary = "hand device sets to guests of libvirt when they start",
	.details =
		"enable writes the hook " LIBVIRT_HOOK
		".\nWith it, a guest that starts gets the device sets that have 'bind = demand' and\n"
		"a function in its definition, and the host gets them back when it has stopped.\n"
		"disable removes the hook. status shows what is there, and what keeps the hook\n"
		"from its work.",
	.options = options,
	.check = check,
	.run = run,
};
