/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ways of a hand-over for those who ask for one. */
#include "handover.h"

#include <syslog.h>

#include "base/base.h"
#include "plan.h"
#include "refusals.h"
#include "steps.h"

#define LOCK_NAME "handover.lock"

int handover_lock(const struct root *root, unsigned wait_ms)
{
	return change_lock_named(root, LOCK_NAME, wait_ms);
}

static int add_work(const struct root *root, struct handover *handover, struct work **ret)
{
	_cleanup_free_ struct work *work = calloc(1, sizeof(*work));
	struct work **added = work ? LIST_ADD(handover->works, handover->n_works) : NULL;

	if (!added)
		return -ENOMEM;
	*ret = *added = TAKE_PTR(work);
	(*ret)->root = handover->change.root = root;
	handover->nothing = (struct message){0};
	return 0;
}

int handover_bind(struct facts *facts, const struct config *config,
	const struct handover_request *request, struct handover *ret,
	struct message *message)
{
	struct work *work;
	int r = add_work(facts->root, ret, &work);

	if (r < 0)
		return r;
	work->wait_ms = request->wait_s * 1000;
	work->back_after_s = request->back_after_s;
	work->program = request->program;
	r = plan_bind(facts, config, request, ret->works, ret->n_works, &ret->change,
		&ret->nothing, message);
	if (r < 0 && !*message->text)
		message_errno(
			message, r, "cannot plan how to hand over %s", request->set);
	return r;
}

/* ---- the way back ------------------------------------------------------------------------ */

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
	struct work *work;
	int r = add_work(root, ret, &work);
	struct state *state;

	if (r < 0)
		return r;
	state = &work->state;
	r = state_read(root, request->set, state);
	if (r == -ENOENT ||
		(r == 0 && request->guest && strcmp(request->guest, state->guest) != 0))
		return say_not_given(request, &ret->nothing);
	if (r < 0)
		return state_say_unreadable(request->set, r, message);
	r = refusals_find_guest(work, message);
	if (r == 0)
		r = steps_add_way_back(work, &ret->change);
	if (r < 0 && !*message->text)
		message_errno(
			message, r, "cannot plan how to take back %s", request->set);
	return r;
}

/* ---- carrying it out --------------------------------------------------------------------- */

/* The set that a step is of. */
static const char *set_of(const struct change_step *step)
{
	const struct work *work = step->data;

	return work->state.set;
}

static void begin_step(void *data, const struct change_step *step)
{
	const struct change_watcher *watcher = data;

	if (watcher && watcher->begin)
		watcher->begin(watcher->data, step);
}

static void end_step(
	void *data, const struct change_step *step, int result, unsigned seconds)
{
	const struct change_watcher *watcher = data;
	char text[MESSAGE_SIZE];

	change_describe(step, text, sizeof(text));
	if (!step->kind->quiet)
		syslog(LOG_DAEMON | (result < 0 ? LOG_ERR : LOG_INFO), "%s: %s: %s",
			set_of(step), text, result < 0 ? errno_text(result) : "done");
	if (watcher && watcher->end)
		watcher->end(watcher->data, step, result, seconds);
}

static void tick_step(void *data, const struct change_step *step, unsigned seconds)
{
	const struct change_watcher *watcher = data;

	if (watcher && watcher->tick)
		watcher->tick(watcher->data, step, seconds);
}

int handover_carry_out(struct handover *handover, const struct change_watcher *watcher,
	struct change_failure *ret)
{
	const struct change_watcher both = {
		begin_step, end_step, tick_step, (void *)watcher};
	bool live = handover->change.root->live;
	int r = change_carry_out(&handover->change, live ? &both : watcher, ret);
	const char *set = ret->step ? set_of(ret->step) : handover->works[0]->state.set;

	if (!live)
		return r;
	if (r < 0)
		syslog(LOG_DAEMON | LOG_ERR, "%s: %s", set, ret->message.text);
	if (*ret->undo)
		syslog(LOG_DAEMON | LOG_ERR, "%s: not put back: %s", set, ret->undo);
	if (*ret->rest)
		syslog(LOG_DAEMON | LOG_ERR, "%s: %s", set, ret->rest);
	return r;
}

int handover_wait(
	const struct handover *handover, unsigned wait_ms, struct message *message)
{
	uint64_t end = child_now() + wait_ms;
	int r = 0;

	for (size_t i = 0; r == 0 && i < handover->n_works; i++) {
		_cleanup_(holders_free) struct holders holders = {0};
		const struct work *work = handover->works[i];
		uint64_t now = child_now();

		if (!work->were_free)
			r = steps_wait_for_holders(
				work, now < end ? (unsigned)(end - now) : 0, &holders);
		if (r == -EBUSY)
			steps_say_held(&holders, message);
		else if (r < 0)
			message_errno(message, r,
				"cannot find out which processes have "
				"the devices open");
	}
	return r;
}

bool handover_ends_caller(const struct handover *handover)
{
	struct units_name own;

	if (units_of_self(handover->change.root, &own) < 0)
		return false;
	for (size_t i = 0; i < handover->n_works; i++)
		if (handover->works[i]->stops.n &&
			units_end_with(&own, &handover->works[i]->stops))
			return true;
	return false;
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

/* Whether the selector names it: of one that is gone, or another device by now, by what was written. */
static bool is_selected(const struct root *root, const struct pcibus *bus,
	const struct selector *selector, const struct state_function *function)
{
	const struct pcibus_function *found = pcibus_find(bus, function->address);
	struct pcidev gone = {.address = function->address,
		.ids = {.vendor = function->vendor, .device = function->device}};

	if (found && state_is_there(root, function))
		return selector_match(selector, &found->dev);
	pci_path_parse(function->path, PCI_NAME_WHOLE, &gone.path, NULL);
	return selector_match(selector, &gone);
}

int handover_find_sets(const struct root *root, const struct pcibus *bus,
	const struct selector *selector, struct file_names *ret, struct message *message)
{
	_cleanup_(file_free_names) struct file_names all = {0}, found = {0};
	int r = state_list(root, &all), unread = 0;

	if (r < 0)
		return message_errno(message, r, "cannot read what was handed over");
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		_cleanup_(state_free) struct state state = {0};
		int error = state_read(root, all.names[i], &state);

		if (error < 0 && error != -ENOENT)
			unread = state_say_unreadable(all.names[i], error, message);
		for (size_t j = 0; r == 0 && j < state.n_functions; j++)
			if (is_selected(root, bus, selector, &state.functions[j]))
				r = file_add_name(&found, all.names[i]);
	}
	if (r < 0 || (unread && !found.n))
		return r < 0 ? message_errno(message, r, "cannot list the sets") : unread;
	*ret = found;
	found = (struct file_names){0};
	return 0;
}

int handover_list(const struct root *root, struct file_names *ret)
{
	return state_list(root, ret);
}

_Static_assert(HANDOVER_GUEST_SIZE == STATE_WORD_SIZE, "it is a word of the state");

int handover_find_owner(const struct root *root, const char *set,
	struct handover_owner *ret, struct message *message)
{
	_cleanup_(state_free) struct state state = {0};
	int r = state_read(root, set, &state);

	if (r < 0)
		return r == -ENOENT ? r : state_say_unreadable(set, r, message);
	*ret = (struct handover_owner){.in_part = state.phase != STATE_BOUND};
	if (!ret->in_part)
		strcpy(ret->guest, state.guest);
	return 0;
}

void handover_name_functions(const struct handover *handover, char *ret, size_t size)
{
	const struct root *root = handover->change.root;
	size_t len = 0;

	*ret = '\0';
	for (size_t i = 0; i < handover->n_works; i++) {
		const struct state *state = &handover->works[i]->state;

		for (size_t j = 0; j < state->n_functions; j++) {
			const struct state_function *function = &state->functions[j];
			char address[PCI_ADDRESS_SIZE];

			if (!state_is_there(root, function))
				continue;
			pci_address_format(function->address, address);
			len += text_join(
				ret + len, size - len, len ? ", " : "", address, NULL);
		}
	}
}

void handover_free(struct handover *handover)
{
	change_free(&handover->change);
	for (size_t i = 0; i < handover->n_works; i++) {
		steps_free_work(handover->works[i]);
		free(handover->works[i]);
	}
	free(handover->works);
	*handover = (struct handover){0};
}
