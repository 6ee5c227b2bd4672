/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ways of a hand-over for those who ask for one. */
#include "handover.h"

#include <syslog.h>

#include "base/base.h"
#include "plan.h"
#include "steps.h"

#define LOCK_NAME "handover.lock"

int handover_lock(const struct root *root, unsigned wait_ms)
{
	return change_lock_named(root, LOCK_NAME, wait_ms);
}

static int new_work(const struct root *root, struct handover *handover)
{
	handover->work = calloc(1, sizeof(*handover->work));
	if (!handover->work)
		return -ENOMEM;
	handover->work->root = handover->change.root = root;
	return 0;
}

int handover_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct handover *ret,
	struct message *message)
{
	int r = new_work(facts->root, ret);

	if (r < 0)
		return r;
	ret->work->wait_ms = request->wait_s * 1000;
	ret->work->back_after_s = request->back_after_s;
	ret->work->program = request->program;
	r = plan_bind(
		facts, config, request, ret->work, &ret->change, &ret->nothing, message);
	if (r < 0 && !*message->text)
		message_errno(
			message, r, "cannot plan how to hand over %s", request->set);
	return r;
}

/* ---- the way back ------------------------------------------------------------------------ */

/* What was there before has it, or it waits for a guest: whoever has it open is a guest. */
static int refuse_guest(const struct work *work, struct message *message)
{
	_cleanup_free_ struct pci_address *given =
		calloc(work->state.n_functions, sizeof(*given));
	_cleanup_(holders_free) struct holders holders = {0};
	char text[MESSAGE_SIZE], driver[SYSFS_DRIVER_SIZE];
	size_t n = 0;
	int r;

	if (!given)
		return -ENOMEM;
	for (size_t i = 0; i < work->state.n_functions; i++) {
		const struct state_function *function = &work->state.functions[i];

		if (sysfs_read_driver(work->root, function->address, driver) == 0 &&
			strcmp(driver, function->wanted) == 0)
			given[n++] = function->address;
	}
	r = holders_read(work->root, given, n, &holders);
	if (r < 0)
		return message_errno(
			message, r, "cannot find out which processes have it open");
	if (!holders.n_processes)
		return 0;
	steps_describe_holders(&holders, text, sizeof(text));
	message_remedy(message, "shut the guest down first");
	return message_set(message, -EBUSY, "%s", text);
}

static int say_not_given(const struct handover_request *request, struct message *nothing)
{
	if (request->guest)
		message_set(nothing, 0, "%s was not given to the guest %s", request->set,
			request->guest);
	else
		message_set(nothing, 0, "%s was not handed over", request->set);
	return 0;
}

int handover_release(const struct root *root, const struct handover_request *request,
	struct handover *ret, struct message *message)
{
	int r = new_work(root, ret);
	struct state *state;

	if (r < 0)
		return r;
	state = &ret->work->state;
	r = state_read(root, request->set, state);
	if (r == -ENOENT ||
		(r == 0 && request->guest && strcmp(request->guest, state->guest) != 0))
		return say_not_given(request, &ret->nothing);
	if (r < 0) {
		message_remedy(message, "look at it, then remove it");
		return message_errno(
			message, r, "cannot read " STATE_HANDOVERS "/%s", request->set);
	}
	r = refuse_guest(ret->work, message);
	if (r == 0)
		r = steps_add_way_back(ret->work, &ret->change);
	if (r < 0 && !*message->text)
		message_errno(
			message, r, "cannot plan how to take back %s", request->set);
	return r;
}

/* ---- carrying it out --------------------------------------------------------------------- */

/* Who watches besides the log. */
struct logging {
	const char *set;
	const struct change_watcher *watcher;
};

static void begin_step(void *data, const struct change_step *step)
{
	const struct logging *logging = data;

	if (logging->watcher && logging->watcher->begin)
		logging->watcher->begin(logging->watcher->data, step);
}

static void end_step(
	void *data, const struct change_step *step, int result, unsigned seconds)
{
	const struct logging *logging = data;
	char text[MESSAGE_SIZE];

	change_describe(step, text, sizeof(text));
	if (!step->kind->quiet)
		syslog(LOG_DAEMON | (result < 0 ? LOG_ERR : LOG_INFO), "%s: %s: %s",
			logging->set, text, result < 0 ? strerror(-result) : "done");
	if (logging->watcher && logging->watcher->end)
		logging->watcher->end(logging->watcher->data, step, result, seconds);
}

int handover_carry_out(struct handover *handover, const struct change_watcher *watcher,
	struct change_failure *ret)
{
	struct logging logging = {handover->work->state.set, watcher};
	const struct change_watcher both = {begin_step, end_step, &logging};
	int r = change_carry_out(
		&handover->change, handover->work->root->live ? &both : watcher, ret);

	if (!handover->work->root->live)
		return r;
	if (r < 0)
		syslog(LOG_DAEMON | LOG_ERR, "%s: %s", logging.set, ret->message.text);
	if (*ret->undo)
		syslog(LOG_DAEMON | LOG_ERR, "%s: not put back: %s", logging.set,
			ret->undo);
	if (*ret->rest)
		syslog(LOG_DAEMON | LOG_ERR, "%s: %s", logging.set, ret->rest);
	return r;
}

bool handover_ends_caller(const struct handover *handover)
{
	struct units_name own;

	return handover->work->stops.n &&
		units_of_self(handover->work->root, &own) == 0 &&
		units_end_with(&own, &handover->work->stops);
}

int handover_run_apart(const struct root *root, const char *set, const char *const argv[],
	char ret[static HANDOVER_UNIT_SIZE], struct message *message)
{
	struct work work = {.root = root};
	const struct units_program program = {
		.name = ret, .description = "Hand over devices to a guest", .argv = argv};
	int r = steps_open_units(&work, message);

	text_join(ret, HANDOVER_UNIT_SIZE, "vfioboot-bind-", set, NULL);
	if (r == 0)
		r = units_run(work.units, &program, message);
	steps_free_work(&work);
	return r;
}

int handover_find(const struct root *root, struct pci_address address,
	char ret[static CONFIG_NAME_SIZE])
{
	return state_find(root, address, ret);
}

int handover_list(const struct root *root, struct file_names *ret)
{
	return state_list(root, ret);
}

void handover_name_functions(const struct handover *handover, char *ret, size_t size)
{
	const struct state *state = &handover->work->state;
	size_t len = 0;

	*ret = '\0';
	for (size_t i = 0; i < state->n_functions; i++) {
		char address[PCI_ADDRESS_SIZE];

		pci_address_format(state->functions[i].address, address);
		len += text_join(ret + len, size - len, len ? ", " : "", address, NULL);
	}
}

void handover_free(struct handover *handover)
{
	change_free(&handover->change);
	if (handover->work)
		steps_free_work(handover->work);
	free(handover->work);
	*handover = (struct handover){0};
}
