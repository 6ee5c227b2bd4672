/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt's hook does: it brings a guest the device sets of which its definition has a
 * function, and takes them back.  libvirt waits for it meanwhile, so libvirt is never asked; what
 * goes to stderr is what `virsh start` shows when the guest may not start.
 */
#include "cli.h"

#include <syslog.h>
#include <time.h>

/*
 * How long the start of a guest waits for those who have a device open, and its end for the guest itself; and
 * both for other commands.
 */
#define WAIT_S   10
#define PAUSE_MS 200
#define LOCK_MS  60000

#define SHOWN_SIZE 1024

/* Sets are given to the guest, or taken from it. */
struct hook {
	struct cli *cli;
	const char *guest;
	const char *set; /* that is looked at */
	int lock;        /* -1: not yet */
};

/* Says why on stderr, which virsh start shows, and in the journal. */
static enum cli_exit refuse(const struct hook *hook, const struct message *message)
{
	syslog(LOG_ERR, "guest %s, set %s: %s", hook->guest, hook->set, message->text);
	return cli_say("libvirt", message);
}

static enum cli_exit run_steps(const struct hook *hook, struct handover *handover)
{
	_cleanup_(change_free_failure) struct change_failure failure = {0};
	struct message message = {0};

	if (hook->cli->dry_run) {
		progress_print(hook->cli, &handover->change);
		return CLI_OK;
	}
	if (change_check(&handover->change, &message) < 0)
		return refuse(hook, &message);
	if (handover_carry_out(handover, NULL, &failure) == 0)
		return CLI_OK;
	if (*failure.undo)
		syslog(LOG_ERR, "guest %s, set %s: cannot restore everything: %s",
			hook->guest, hook->set, failure.undo);
	return refuse(hook, &failure.message);
}

/*
 * libvirt goes on when a guest's process does not end in its time, as with much memory (ignore_value() of
 * qemuProcessKill() in qemuProcessStop()), and nobody asks again.
 */
static bool wait_for_guest(const struct hook *hook, uint64_t deadline)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	if (hook->cli->dry_run || child_now() >= deadline || run_caught_signal())
		return false;
	nanosleep(&pause, NULL);
	return true;
}

static enum cli_exit take(struct hook *hook)
{
	const struct handover_request request = {
		.set = hook->set, .guest = hook->guest, .wait_s = WAIT_S};
	uint64_t deadline = child_now() + WAIT_S * 1000;

	for (;;) {
		_cleanup_(handover_free) struct handover handover = {0};
		struct message message = {0};
		int r = handover_release(&hook->cli->root, &request, &handover, &message);

		if (r == -EBUSY && wait_for_guest(hook, deadline))
			continue;
		return r < 0 ? refuse(hook, &message) : run_steps(hook, &handover);
	}
}

/* ---- which ------------------------------------------------------------------------------ */

/* Reads what libvirt writes to standard input.  0 with *@ret for free(), or -errno. */
static int read_input(char **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = malloc(LIBVIRT_XML_MAX + 1);
	size_t size = 0;
	ssize_t n;

	if (!text)
		return -ENOMEM;
	do {
		n = read(STDIN_FILENO, text + size, LIBVIRT_XML_MAX + 1 - size);
		if (n < 0 && errno != EINTR)
			return -errno;
		size += n > 0 ? (size_t)n : 0;
	} while (n != 0 && size <= LIBVIRT_XML_MAX);
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

static int read_domain(struct libvirt_domain *ret, struct message *message)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r = read_input(&text, &size);

	return r < 0
		? message_errno(message, r, "cannot read the definition of the guest")
		: libvirt_read_domain(text, size, ret, message);
}

static bool may_hand_over(const struct config *config)
{
	for (unsigned i = 0; i < config->n_sections; i++)
		if (config->sections[i].demand)
			return true;
	return config->libvirt_all;
}

/* What other commands do has to be over.  Of a guest that gets nothing, nobody waits for it. */
static int begin(struct hook *hook, struct message *message)
{
	const struct root *root = &hook->cli->root;

	if (hook->cli->dry_run)
		return 0;
	if (geteuid() != 0) {
		message_remedy(message, "start the guest with 'virsh -c qemu:///system'");
		return message_set(message, -EPERM,
			"only the libvirt of the system can hand over device sets, not "
			"that of a user");
	}
	run_catch_signals(NULL);
	hook->lock = handover_lock(root, LOCK_MS);
	return hook->lock < 0
		? message_errno(message, hook->lock,
			  "cannot wait until other device sets are handed over")
		: 0;
}

/* What other commands have done to the devices by now counts. */
static int look_again(const struct hook *hook, struct message *message)
{
	struct vfioboot_machine *machine = hook->cli->machine;
	int r;

	machine_forget(machine);
	r = machine_read_facts(machine);
	if (r < 0)
		return message_errno(message, r, "cannot read what this machine is");
	return machine->facts.bus_error < 0
		? message_errno(message, machine->facts.bus_error,
			  "cannot read the PCI functions of this machine")
		: 0;
}

/* All of them or none: what one is refused for is found before any is touched. */
static enum cli_exit give_all(
	struct hook *hook, const struct config *config, const struct libvirt_sets *sets)
{
	struct handover_request request = {.guest = hook->guest,
		.stop_session = config->libvirt_stop_session,
		.wait_s = hook->cli->dry_run ? 0 : WAIT_S};
	_cleanup_(handover_free) struct handover handover = {0};
	struct message message = {0};
	char names[SHOWN_SIZE] = "";
	size_t len = 0;

	for (size_t i = 0; i < sets->n; i++) {
		const struct libvirt_set *set = &sets->list[i];

		hook->set = request.set = set->name;
		if (*set->lacking)
			syslog(LOG_NOTICE,
				"guest %s, set %s: handed over whole, though the guest "
				"does not have %s",
				hook->guest, set->name, set->lacking);
		if (handover_bind(&hook->cli->machine->facts, config, &request, &handover,
			    &message) < 0)
			return refuse(hook, &message);
		len += text_join(
			names + len, sizeof(names) - len, i ? " " : "", set->name, NULL);
	}
	hook->set = names;
	return run_steps(hook, &handover);
}

static enum cli_exit prepare(struct hook *hook)
{
	_cleanup_free_ struct config *config =
		cli_read_config(&hook->cli->root, CONFIGFILES_OF_NOW);
	_cleanup_(libvirt_free_domain) struct libvirt_domain domain = {0};
	_cleanup_free_ struct libvirt_set *list = NULL;
	struct libvirt_sets sets = {0};
	struct message message = {0};
	int r;

	/* A section with an error is nobody's: its devices are left to libvirt. */
	if (config->n_errors)
		syslog(LOG_WARNING,
			"guest %s: the configuration has errors, see 'vfioboot plan'",
			hook->guest);
	if (!may_hand_over(config))
		return CLI_OK;
	r = read_domain(&domain, &message);
	if (r == 0 && !domain.n)
		return CLI_OK;
	r = r < 0 ? r : look_again(hook, &message);
	if (r < 0)
		return refuse(hook, &message);
	variant_resolve(
		&hook->cli->root, config, pcibus_get, &hook->cli->machine->facts.bus);
	r = libvirt_find_sets(config, &hook->cli->machine->facts.bus, &domain, &sets);
	list = sets.list;
	if (r < 0) {
		message_errno(&message, r, "cannot find the device sets of the guest");
		return refuse(hook, &message);
	}
	if (!sets.n)
		return CLI_OK;
	if (begin(hook, &message) < 0 || look_again(hook, &message) < 0)
		return refuse(hook, &message);
	return give_all(hook, config, &sets);
}

/* What the guest has is known by what was written down when it got it; sets of others stay. */
static enum cli_exit release(struct hook *hook)
{
	_cleanup_(file_free_names) struct file_names sets = {0};
	struct message message = {0};
	enum cli_exit status = CLI_OK;
	int r = handover_list(&hook->cli->root, &sets);

	if (r < 0)
		message_errno(&message, r, "cannot read what guests have");
	else if (sets.n)
		r = begin(hook, &message);
	if (r < 0)
		return refuse(hook, &message);
	for (size_t i = sets.n; i-- > 0;) {
		hook->set = sets.names[i];
		if (take(hook) != CLI_OK)
			status = CLI_FAILED;
	}
	return status;
}

/* ---- the operation ---------------------------------------------------------------------- */

enum operand { HOOK, GUEST, OPERATION, SUB_OPERATION, OPERANDS };

enum cli_exit libvirt_hook_check(const struct cli *cli)
{
	if (cli->n_operands < OPERANDS)
		return cli_misuse("libvirt",
			"hook takes the arguments of libvirt's hooks: GUEST OPERATION "
			"SUB-OPERATION EXTRA");
	return CLI_OK;
}

enum cli_exit libvirt_hook(struct cli *cli)
{
	struct hook hook = {
		.cli = cli, .guest = cli->operands[GUEST], .set = "-", .lock = -1};
	enum cli_exit status;
	const char *operation = cli->operands[OPERATION];
	const char *sub_operation = cli->operands[SUB_OPERATION];
	bool gives =
		strcmp(operation, "prepare") == 0 && strcmp(sub_operation, "begin") == 0;
	bool takes =
		strcmp(operation, "release") == 0 && strcmp(sub_operation, "end") == 0;

	/* Above all "reconnect": a failure would end the guest. */
	if (!gives && !takes)
		return CLI_OK;
	if (!cli->root.live && !cli->dry_run)
		return cli_misuse("libvirt",
			"only this machine has guests; add --dry-run to see what would "
			"be done");
	openlog("vfioboot", 0, LOG_DAEMON);
	status = gives ? prepare(&hook) : release(&hook);
	change_unlock(&hook.lock);
	return status;
}
