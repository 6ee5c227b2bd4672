/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfioboot bind` and `vfioboot release`: give devices to a guest while the host runs, and take them
 * back.  What the steps are, and in which order, handover/ knows.
 */
#include "cli.h"

#include <time.h>

#define WAIT_SECONDS 5 /* and no longer with the lock */
#define WAIT_MAX     3600
#define GUEST_LOOK   5             /* seconds between looks whether a guest still runs */
#define BACK_MAX     (7 * 24 * 60) /* minutes */

#define LOCK_MS 60000 /* another hand-over waits for a session to end, or for a driver */

#define SHOWN_SIZE 1024

struct arguments {
	const char *wait, *back_after;
	bool stop_session, last_display, only;
};

static const struct cli_option bind_options[] = {
	{"stop-session", NULL, "stop what shows or plays something on the device", 0,
		CLI_STORE(stop_session)},
	{"wait", "SECONDS", "how long to wait until no process has it open (5)", 0,
		CLI_STORE(wait)},
	{"back-after", "MINUTES", "release it by a timer, whatever happens", 0,
		CLI_STORE(back_after)},
	{"only", NULL, "only the named functions, not the card", 0, CLI_STORE(only)},
	{"allow-last-display", NULL, "bind the last display of the host", 0,
		CLI_STORE(last_display)},
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	CLI_OPTION_PROGRESS,
	CLI_OPTION_ROOT,
	{0},
};

static const struct cli_option release_options[] = {
	{"wait", "SECONDS", "how long to wait until no guest runs with it (0)", 0,
		CLI_STORE(wait)},
	CLI_OPTION_DRY_RUN,
	CLI_OPTION_JSON,
	CLI_OPTION_PROGRESS,
	CLI_OPTION_ROOT,
	{0},
};

/* Reads a number of up to @most.  False: it is none. */
static bool parse_number(const char *text, unsigned long most, unsigned *ret)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number > most)
		return false;
	*ret = (unsigned)number;
	return true;
}

static enum cli_exit check_bind(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	unsigned number;

	if (arguments->wait && !parse_number(arguments->wait, WAIT_MAX, &number))
		return cli_misuse("bind", "--wait takes 0 to %d seconds, not '%s'",
			WAIT_MAX, arguments->wait);
	if (arguments->back_after &&
		(!parse_number(arguments->back_after, BACK_MAX, &number) || !number))
		return cli_misuse("bind", "--back-after takes 1 to %d minutes, not '%s'",
			BACK_MAX, arguments->back_after);
	return CLI_OK;
}

/* As root, one hand-over after the other; of another machine a dry run alone. */
static enum cli_exit begin(const struct cli *cli, int *ret_lock)
{
	const char *command = cli->command->name;
	enum cli_exit status = progress_check_live(cli);
	int fd;

	if (status == CLI_OK && cli->root.live)
		status = cli_need_root(command);
	if (status != CLI_OK || cli->dry_run)
		return status;
	fd = handover_lock(&cli->root, LOCK_MS);
	if (fd == -EBUSY)
		return cli_error(command,
			"another device is being handed over; try again when that has "
			"finished");
	if (fd < 0)
		return cli_error(command, "cannot lock: %s", errno_text(fd));
	*ret_lock = fd;
	return CLI_OK;
}

/* ---- the set ----------------------------------------------------------------------------- */

/* Adds the sections that have the functions that were named; none is added if no one has. */
static enum cli_exit find_sections(const struct offer *offer, struct file_names *ret)
{
	const struct pcibus_function *with = NULL, *without = NULL;
	char address[PCI_ADDRESS_SIZE], other[PCI_ADDRESS_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < offer->set.n; i++) {
		const struct pcibus_function *function = offer->set.members[i].function;
		const struct config_section *section =
			offer_find_section(offer, function);

		if (offer->set.members[i].why != DEVICESET_NAMED)
			continue;
		if (section)
			r = file_add_name(ret, section->name);
		with = section ? function : with;
		without = section ? without : function;
	}
	if (r < 0)
		return cli_error("bind", "%s", errno_text(r));
	if (!with || !without)
		return CLI_OK;
	pci_address_format(with->dev.address, other);
	pci_address_format(without->dev.address, address);
	return cli_error("bind",
		"%s is in a device set of the configuration, and %s is not; bind one after the "
		"other",
		other, address);
}

/* Chooses the name that a set was handed over with, or one that no other set has. */
static enum cli_exit choose_name(const struct cli *cli, struct devices *devices)
{
	_cleanup_(file_free_names) struct file_names given = {0};
	struct offer *offer = &devices->offer;
	const struct root *root = &cli->root;
	char stem[CONFIG_NAME_SIZE];
	unsigned number = 2;
	int r;

	for (size_t i = 0; i < offer->set.n; i++)
		if (handover_find(root, offer->set.members[i].function->dev.address,
			    offer->name) == 0)
			return CLI_OK;
	offer_choose_name(&devices->host, offer);
	strcpy(stem, offer->name);
	r = handover_list(root, &given);
	if (r < 0)
		return cli_error("bind", "%s", errno_text(r));
	while (text_is_one_of(offer->name, (const char *const *)given.names, given.n))
		snprintf(offer->name, sizeof(offer->name), "%.30s-%u", stem, number++);
	return CLI_OK;
}

/* Makes a section of devices that have none, as `add` would, for as long as this command runs. */
static enum cli_exit make_section(const struct cli *cli, struct devices *devices)
{
	enum cli_exit status = choose_name(cli, devices);
	int r;

	if (status == CLI_OK)
		status = devices_weigh(cli, devices, &devices->offer);
	if (status != CLI_OK)
		return status;
	r = dropin_read_text(devices->config, devices->offer.text, "(vfioboot bind)");
	return r < 0 ? cli_error("bind", "%s", errno_text(r)) : CLI_OK;
}

/* Finds the sections of the devices that are named, or makes one of them. */
static enum cli_exit find_devices(
	const struct cli *cli, struct devices *devices, struct file_names *ret)
{
	enum cli_exit status = CLI_OK;
	const char *first = NULL;
	size_t before = ret->n;
	int r;

	for (int i = 0; status == CLI_OK && i < cli->n_operands; i++) {
		if (config_find_section(devices->config, cli->operands[i]))
			continue;
		if (sections_is_other("bind", devices->config, cli->operands[i]))
			return CLI_FAILED;
		first = first ? first : cli->operands[i];
		status = devices_do(cli, devices, devices_find, cli->operands[i]);
	}
	if (status != CLI_OK || !first)
		return status;
	status = devices_do(cli, devices, devices_settle, first);
	if (status == CLI_OK)
		status = find_sections(&devices->offer, ret);
	if (status != CLI_OK || ret->n > before)
		return status;
	status = make_section(cli, devices);
	r = status == CLI_OK ? file_add_name(ret, devices->offer.name) : 0;
	return r < 0 ? cli_error("bind", "%s", errno_text(r)) : status;
}

/* Finds the sets that are named, and those of the devices that are, each once. */
static enum cli_exit find_sets(
	const struct cli *cli, struct devices *devices, struct file_names *ret)
{
	const struct arguments *arguments = cli->arguments;
	enum cli_exit status;

	for (int i = 0; i < cli->n_operands; i++)
		if (config_find_section(devices->config, cli->operands[i]) &&
			file_add_name(ret, cli->operands[i]) < 0)
			return cli_error("bind", "%s", errno_text(ENOMEM));
	status = find_devices(cli, devices, ret);
	for (size_t i = 0; i < ret->n && arguments->last_display; i++) {
		struct config_section *section =
			config_find_section(devices->config, ret->names[i]);

		if (section)
			section->last_display = true;
	}
	return status;
}

/* ---- what is said ------------------------------------------------------------------------ */

static int carry_out(
	void *data, const struct change_watcher *watcher, struct change_failure *failure)
{
	return handover_carry_out(data, watcher, failure);
}

/* What failed of it when guests can have the devices is no failure of a bind: nothing was undone. */
static int carry_out_bind(
	void *data, const struct change_watcher *watcher, struct change_failure *failure)
{
	int r = handover_carry_out(data, watcher, failure);

	if (r == 0 && *failure->rest)
		cli_warning("bind", "%s", failure->rest);
	*failure->rest = '\0';
	return r;
}

/* Why the last set that was planned needs no step. */
static void say_nothing(const struct cli *cli, const struct handover *handover)
{
	if (*handover->nothing.text)
		progress_say(cli, "%s: nothing to do.", handover->nothing.text);
}

/* Prints the steps, or carries them out. */
static enum cli_exit follow(const struct cli *cli, struct handover *handover,
	int (*how)(void *data, const struct change_watcher *watcher,
		struct change_failure *failure))
{
	enum cli_exit status;

	if (!handover->change.n)
		return CLI_OK;
	if (cli->dry_run)
		progress_print(cli, &handover->change);
	status = progress_check_change(cli->command->name, &handover->change);
	if (status != CLI_OK || cli->dry_run)
		return status;
	return progress_carry_out(
		cli, &handover->change, how, handover, "every step was undone");
}

/* ---- bind -------------------------------------------------------------------------------- */

/* This program's own path: a unit of systemd needs it whole. */
static enum cli_exit find_program(char *ret, size_t size)
{
	int r = run_own_path(ret, size);

	return r < 0 ? cli_error("bind", "cannot find this program: %s", errno_text(r))
		     : CLI_OK;
}

/* The same command as a unit: it goes on when the session has ended that it was typed in. */
static enum cli_exit run_apart(
	const struct cli *cli, const char *set, const char *program)
{
	const struct arguments *arguments = cli->arguments;
	const char *argv[16] = {program, "bind"};
	char unit[HANDOVER_UNIT_SIZE];
	struct message message = {0};
	size_t n = 2;

	argv[n++] = "--stop-session";
	if (arguments->wait) {
		argv[n++] = "--wait";
		argv[n++] = arguments->wait;
	}
	if (arguments->back_after) {
		argv[n++] = "--back-after";
		argv[n++] = arguments->back_after;
	}
	if (arguments->last_display)
		argv[n++] = "--allow-last-display";
	if (arguments->only)
		argv[n++] = "--only";
	argv[n++] = "--";
	for (int i = 0; i < cli->n_operands; i++) {
		if (n + 1 == ARRAY_SIZE(argv))
			return cli_error("bind",
				"too many devices to go on as a unit; run this outside of "
				"the session");
		argv[n++] = cli->operands[i];
	}
	if (handover_run_apart(&cli->root, set, argv, unit, &message) < 0)
		return progress_refuse(cli->command->name, &message);
	progress_say(cli,
		"This session will end, so the unit %s.service does it. "
		"'journalctl -u %s' shows what it did.",
		unit, unit);
	return CLI_OK;
}

static unsigned wait_seconds(const struct arguments *arguments)
{
	unsigned seconds = WAIT_SECONDS;

	if (arguments->wait)
		parse_number(arguments->wait, WAIT_MAX, &seconds);
	return seconds;
}

/* Plans all of them: what is refused of one is refused before anything is touched. */
static enum cli_exit plan_sets(struct cli *cli, struct devices *devices,
	const struct file_names *sets, const char *program, struct handover *ret)
{
	const struct arguments *arguments = cli->arguments;
	struct handover_request request = {
		.stop_session = arguments->stop_session, .program = program};
	struct message message = {0};
	unsigned minutes = 0;

	request.wait_s = wait_seconds(arguments);
	if (arguments->back_after)
		parse_number(arguments->back_after, BACK_MAX, &minutes);
	request.back_after_s = minutes * 60ULL;
	if (request.wait_s > WAIT_SECONDS)
		request.wait_s = WAIT_SECONDS;
	if (cli->dry_run)
		request.wait_s = 0;
	for (size_t i = 0; i < sets->n; i++) {
		request.set = sets->names[i];
		if (handover_bind(&cli->machine->facts, devices->config, &request, ret,
			    &message) < 0)
			return progress_refuse(cli->command->name, &message);
		say_nothing(cli, ret);
	}
	return CLI_OK;
}

/*
 * Waits for those who have a device open, and lets others have the lock meanwhile.  Whether it did: all
 * has to be planned again then.
 */
static bool wait_for_holders(
	const struct cli *cli, const struct handover *handover, int *lock)
{
	unsigned seconds = wait_seconds(cli->arguments);
	struct message message = {0};

	if (cli->dry_run || seconds <= WAIT_SECONDS ||
		handover_wait(handover, 0, &message) != -EBUSY)
		return false;
	progress_say(cli, "%s; waiting until it does not.", message.text);
	fflush(stdout);
	change_unlock(lock);
	(void)handover_wait(handover, (seconds - WAIT_SECONDS) * 1000, &message);
	return true;
}

/* Of @lock see bind_once(). */
static enum cli_exit bind_sets(struct cli *cli, struct devices *devices,
	const struct file_names *sets, const char *program, int *lock)
{
	_cleanup_(handover_free) struct handover handover = {0};
	char functions[SHOWN_SIZE], names[SHOWN_SIZE] = "";
	enum cli_exit status = plan_sets(cli, devices, sets, program, &handover);
	size_t len = 0;

	if (status != CLI_OK)
		return status;
	if (!cli->dry_run && cli->root.live && handover_ends_caller(&handover))
		return run_apart(cli, sets->names[0], program);
	if (lock && wait_for_holders(cli, &handover, lock))
		return CLI_OK;
	status = follow(cli, &handover, carry_out_bind);
	if (status != CLI_OK || cli->dry_run || !handover.change.n)
		return status;
	handover_name_functions(&handover, functions, sizeof(functions));
	for (size_t i = 0; i < sets->n; i++)
		len += text_join(names + len, sizeof(names) - len, i ? " " : "",
			sets->names[i], NULL);
	progress_say(cli,
		"%s %s ready for a guest: %s. 'sudo vfioboot release %s' takes %s back.",
		names, sets->n == 1 ? "is" : "are", functions, names,
		sets->n == 1 ? "it" : "them");
	return CLI_OK;
}

/* With @lock it may have waited, without the lock then, and done nothing else. */
static enum cli_exit bind_once(struct cli *cli, const char *program, int *lock)
{
	const struct arguments *arguments = cli->arguments;
	const struct obstacles_allowed allow = {
		.last_display = arguments->last_display, .partial_group = true};
	struct devices devices = {.only = arguments->only, .sets = true, .allow = &allow};
	_cleanup_(file_free_names) struct file_names sets = {0};
	enum cli_exit status = devices_open(cli, &devices);

	if (status == CLI_OK)
		status = find_sets(cli, &devices, &sets);
	if (status == CLI_OK)
		status = bind_sets(cli, &devices, &sets, program, lock);
	devices_close(&devices);
	return status;
}

static enum cli_exit run_bind(struct cli *cli)
{
	_cleanup_(change_unlock) int lock = -1;
	enum cli_exit status = begin(cli, &lock);
	bool locked = lock >= 0;
	char program[4096] = "";

	if (status == CLI_OK && cli->root.live)
		status = find_program(program, sizeof(program));
	if (status == CLI_OK)
		status = bind_once(cli, program, &lock);
	if (status != CLI_OK || !locked || lock >= 0)
		return status;
	machine_forget(cli->machine);
	status = begin(cli, &lock);
	return status == CLI_OK ? bind_once(cli, program, NULL) : status;
}

const struct cli_command cmd_bind = {
	.name = "bind",
	.operands = "SET|DEVICE...",
	.missing = "no device set or device given",
	.summary = "give devices to a guest now, while this system runs",
	.details =
		"SET is a device set; DEVICE names functions as for 'vfioboot add', and the\n"
		"rest of their card is included. They stay so until a release, or the next\n"
		"boot. When something fails, all changes are undone, of all sets.",
	.options = bind_options,
	.arguments = sizeof(struct arguments),
	.check = check_bind,
	.run = run_bind,
};

/* ---- release ----------------------------------------------------------------------------- */

/* Says which sets the selector could mean. */
static enum cli_exit say_several(const char *operand, const struct file_names *sets)
{
	char names[SHOWN_SIZE] = "";
	size_t len = 0;

	for (size_t i = 0; i < sets->n; i++)
		len += text_join(names + len, sizeof(names) - len, i ? ", " : "",
			sets->names[i], NULL);
	return cli_error("release",
		"'%s' matches devices of more than one set: %s; name the set", operand,
		names);
}

/* The set that was handed over with functions that the selector names; "": none was. */
static enum cli_exit find_given(
	struct cli *cli, const char *operand, char ret[static CONFIG_NAME_SIZE])
{
	_cleanup_(file_free_names) struct file_names sets = {0};
	const struct facts *facts = &cli->machine->facts;
	struct message message = {0};
	struct selector selector;
	int r = machine_read_facts(cli->machine);

	if (config_set_name(ret, CONFIG_NAME_SIZE, operand))
		return CLI_OK;
	if (r < 0 || facts->bus_error < 0)
		return cli_error("release", "cannot read the PCI functions: %s",
			errno_text(r < 0 ? r : facts->bus_error));
	if (selector_parse(operand, &selector) < 0)
		return cli_misuse("release",
			"'%s' is neither a device set nor a device; use its name, or an "
			"address (01:00.0)",
			operand);
	if (handover_find_sets(&cli->root, &facts->bus, &selector, &sets, &message) < 0)
		return cli_say("release", &message);
	if (sets.n > 1)
		return say_several(operand, &sets);
	strcpy(ret, sets.n ? sets.names[0] : "");
	return CLI_OK;
}

/* One set, or until when to wait for its guest. */
struct release {
	struct cli *cli;
	uint64_t deadline; /* child_now()'s clock */
	int lock;          /* -1: not taken */
	bool told;         /* that it waits */
};

/* Lets others have the lock for a while.  False: there is no time left, or no lock; @message says. */
static bool wait_for_guest(struct release *release, struct message *message)
{
	const struct timespec pause = {.tv_sec = GUEST_LOOK};

	if (release->cli->dry_run || child_now() >= release->deadline)
		return false;
	if (!release->told)
		progress_say(
			release->cli, "%s; waiting until it does not.", message->text);
	fflush(stdout);
	release->told = true;
	change_unlock(&release->lock);
	do {
		nanosleep(&pause, NULL);
		release->lock = handover_lock(&release->cli->root, 0);
	} while (release->lock == -EBUSY);
	if (release->lock >= 0)
		return true;
	*message = (struct message){0};
	message_errno(message, release->lock, "cannot lock");
	return false;
}

static void say_released(const struct cli *cli, const char *set, const char *functions)
{
	if (*functions)
		progress_say(cli, "%s is back with this system: %s.", set, functions);
	else
		progress_say(cli,
			"%s is released; none of its functions is in this machine any more.",
			set);
}

static enum cli_exit release_set(struct release *release, const char *set)
{
	const struct handover_request request = {.set = set};
	struct cli *cli = release->cli;
	char functions[SHOWN_SIZE];
	enum cli_exit status;

	for (;;) {
		_cleanup_(handover_free) struct handover handover = {0};
		struct message message = {0};
		int r = handover_release(&cli->root, &request, &handover, &message);

		if (r == -EBUSY && wait_for_guest(release, &message))
			continue;
		if (r < 0)
			return progress_refuse(cli->command->name, &message);
		say_nothing(cli, &handover);
		handover_name_functions(&handover, functions, sizeof(functions));
		status = follow(cli, &handover, carry_out);
		if (status == CLI_OK && !cli->dry_run && handover.change.n)
			say_released(cli, set, functions);
		return status;
	}
}

static enum cli_exit check_release(const struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	unsigned seconds;

	if (arguments->wait &&
		!parse_number(arguments->wait, HANDOVER_GUEST_MAX, &seconds))
		return cli_misuse("release", "--wait takes 0 to %d seconds, not '%s'",
			HANDOVER_GUEST_MAX, arguments->wait);
	return CLI_OK;
}

static enum cli_exit run_release(struct cli *cli)
{
	const struct arguments *arguments = cli->arguments;
	struct release release = {.cli = cli, .lock = -1};
	enum cli_exit begun = begin(cli, &release.lock), status = begun, one;
	unsigned seconds = 0;

	if (arguments->wait)
		parse_number(arguments->wait, HANDOVER_GUEST_MAX, &seconds);
	release.deadline = child_now() + seconds * 1000ULL;
	for (int i = 0; begun == CLI_OK && i < cli->n_operands; i++) {
		char set[CONFIG_NAME_SIZE];

		if (!cli->dry_run && release.lock < 0)
			break;
		one = find_given(cli, cli->operands[i], set);
		if (one == CLI_OK && !*set)
			progress_say(cli, "%s was not handed over: nothing to do.",
				cli->operands[i]);
		else if (one == CLI_OK)
			one = release_set(&release, set);
		status = one == CLI_OK ? status : one;
	}
	change_unlock(&release.lock);
	return status;
}

const struct cli_command cmd_release = {
	.name = "release",
	.operands = "SET|DEVICE...",
	.missing = "no device set or device given",
	.summary = "take back what 'vfioboot bind' gave to a guest",
	.details =
		"Native drivers, consoles and units become what they were before. What was\n"
		"bound at boot stays; see 'vfioboot remove'.",
	.options = release_options,
	.arguments = sizeof(struct arguments),
	.check = check_release,
	.run = run_release,
};
