/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps about what the host shows and runs: units, processes and the text console. */
#include "base/base.h"
#include "request.h"
#include "session.h"
#include "steps.h"

#define UNIT_MS 60000 /* that each may take */
#define WATCH_MS                                                                         \
	3000 /* after the last start: what cannot show anything has ended by then */

#define SHOWN_MAX 4 /* holders that are named */

int steps_open_units(struct work *work, struct message *message)
{
	return work->units ? 0 : units_open(work->root, &work->units, message);
}

/* ---- units ------------------------------------------------------------------------------- */

/* The unit of a step: of the system, or with a second name of a user. */
static void unit_of(const struct change_step *step, struct units_name *ret)
{
	*ret = (struct units_name){.of_user = step->other};
	text_join(ret->name, sizeof(ret->name), step->path, NULL);
	if (step->other)
		ret->uid = (uid_t)strtoul(step->other, NULL, 10);
}

static int run_stop(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	struct units_name unit;
	int r = steps_open_units(work, message);

	(void)change;
	unit_of(step, &unit);
	return r < 0 ? r : units_stop(work->units, &unit, UNIT_MS, message);
}

static const struct change_kind steps_stop = {.text = "stop %1", .run = run_stop};
static const struct change_kind steps_stop_user = {
	.text = "stop %1 of user %2", .run = run_stop};

int steps_add_stop(struct work *work, struct change *change,
	const struct units_name *unit, const char *why)
{
	char uid[16] = "";
	int r = 0;

	if (unit->of_user)
		snprintf(uid, sizeof(uid), "%u", (unsigned)unit->uid);
	/* A session has no way back: somebody has to log in again. */
	if (!units_is_session(unit))
		r = state_add(&work->state, unit->of_user ? STATE_USER_UNIT : STATE_UNIT,
			uid, unit->name);
	if (r < 0)
		return r;
	return steps_add(work, change, unit->of_user ? &steps_stop_user : &steps_stop,
		unit->name, unit->of_user ? uid : NULL, why);
}

static int run_start(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	struct units_name unit;
	int r = steps_open_units(work, message);

	(void)change;
	unit_of(step, &unit);
	if (r == 0)
		r = units_start(work->units, &unit, UNIT_MS, message);
	/* Whose session has ended gets it when they log in. */
	if (r == -ENXIO)
		r = 0;
	work->is_incomplete |= r < 0;
	return r;
}

#define WHY_START "it was stopped for the hand-over"

const struct change_kind steps_start = {
	.text = "start %1", .why = WHY_START, .optional = true, .run = run_start};
const struct change_kind steps_start_user = {.text = "start %1 of user %2",
	.why = WHY_START,
	.optional = true,
	.run = run_start};

static int run_watch(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	int r = work->units ? units_watch(work->units, WATCH_MS, message) : 0;

	(void)change;
	work->is_incomplete |= r < 0;
	return r;
}

const struct change_kind steps_watch = {
	.text = "see whether what was started keeps running",
	.why = "a service can fail as soon as it has been started",
	.optional = true,
	.run = run_watch};

static int run_timer(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	const char *set = work->state.set;
	char wait[16];
	const char *const argv[] = {work->program, "release", "--wait", wait, set, NULL};
	const struct units_program program = {.name = step->path,
		.description = "Take back what vfioboot gave to a guest",
		.argv = argv,
		.after_s = work->back_after_s};
	int r = steps_open_units(work, message);

	(void)change;
	snprintf(wait, sizeof(wait), "%d", HANDOVER_GUEST_MAX);
	if (r == 0)
		r = steps_write_down(work, STATE_TIMER, NULL, step->path, message);
	if (r == 0)
		r = units_cancel(work->units, step->path, message);
	return r < 0 ? r : units_run(work->units, &program, message);
}

const struct change_kind steps_timer = {.text = "start the timer %1",
	.why = "it releases the set, whatever the screen shows then",
	.run = run_timer};

static int run_cancel(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	int r = steps_open_units(work, message);

	(void)change;
	if (r == 0)
		r = units_cancel(work->units, step->path, message);
	work->is_incomplete |= r < 0;
	return r;
}

const struct change_kind steps_cancel = {.text = "stop the timer %1",
	.why = "what it is for is done",
	.optional = true,
	.run = run_cancel};

/* ---- who has it open --------------------------------------------------------------------- */

/*
 * Whether it need not be named: its process was before, with another node; or it is logind, which has
 * the node for somebody who is named.
 */
static bool is_named(const struct holders *holders, size_t n)
{
	const struct holders_one *one = &holders->list[n];

	for (size_t i = 0; i < holders->n; i++) {
		const struct holders_one *other = &holders->list[i];

		if (i < n && one->pid && other->pid == one->pid)
			return true;
		if (one->broker && !other->broker && strcmp(other->node, one->node) == 0)
			return true;
	}
	return false;
}

void steps_describe_holders(const struct holders *holders, char *ret, size_t size)
{
	size_t len = 0, named = 0;

	*ret = '\0';
	for (size_t i = 0; i < holders->n; i++) {
		char text[256];

		if (is_named(holders, i) || named++ >= SHOWN_MAX)
			continue;
		holders_describe(&holders->list[i], text, sizeof(text));
		len += text_join(ret + len, size - len, len ? "; " : "", text, NULL);
	}
	if (named > SHOWN_MAX)
		snprintf(ret + len, size - len, "; and %zu more", named - SHOWN_MAX);
}

/* Leaves those that do not end with what is stopped. */
static void drop_stopped(const struct work *work, struct holders *holders)
{
	size_t n = 0;

	for (size_t i = 0; i < holders->n; i++) {
		const struct holders_one *holder = &holders->list[i];

		if (work->stops.n &&
			(holder->broker || units_end_with(&holder->unit, &work->stops)))
			continue;
		holders->list[n++] = *holder;
	}
	holders->n = n;
}

int steps_say_held(const struct holders *holders, struct message *message)
{
	char text[MESSAGE_SIZE];
	bool session = false;

	for (size_t i = 0; i < holders->n; i++)
		session |= session_has(&holders->list[i]);
	steps_describe_holders(holders, text, sizeof(text));
	message_remedy(message, "%s",
		session ? "end it, or add --stop-session to stop what shows or plays "
			  "something on the device"
			: "end it, or wait longer with --wait");
	return message_set(message, -EBUSY, "%s", text);
}

#define STOPPED_MS                                                                       \
	20000 /* the manager of a user lasts ten seconds longer than sessions */

/* A look that lasts: who opens it now and then has it closed at some of them. */
#define LOOK_MS 100

int steps_wait_for_holders(const struct work *work, unsigned wait_ms, struct holders *ret)
{
	uint64_t end = child_now() + wait_ms;

	for (;;) {
		int r = holders_wait(
			work->root, work->held, work->n_held, wait_ms ? LOOK_MS : 0, ret);

		if (r < 0 && r != -ETIMEDOUT)
			return r;
		drop_stopped(work, ret);
		if (!ret->n)
			return 0;
		if (child_now() >= end)
			return -EBUSY;
		holders_free(ret);
	}
}

static int refuse_held(const struct change *change, const struct change_step *step,
	struct message *message)
{
	_cleanup_(holders_free) struct holders holders = {0};
	const struct work *work = step->data;
	int r;

	(void)change;
	/* To look is most of what a hand-over costs this program. */
	r = work->were_free ? 0 : steps_wait_for_holders(work, work->wait_ms, &holders);
	return r == -EBUSY ? steps_say_held(&holders, message) : r;
}

static int run_wait(
	const struct change *change, struct change_step *step, struct message *message)
{
	_cleanup_(holders_free) struct holders holders = {0};
	const struct work *work = step->data;
	/* The children of what was stopped may need a moment. */
	unsigned wait_ms =
		work->stops.n && work->wait_ms < STOPPED_MS ? STOPPED_MS : work->wait_ms;
	int r = holders_wait(change->root, work->held, work->n_held, wait_ms, &holders);

	return r == -ETIMEDOUT ? steps_say_held(&holders, message) : r;
}

const struct change_kind steps_wait = {
	.text = "wait until no process has the device open",
	.why = "a driver that is in use does not give it up",
	.refuse = refuse_held,
	.run = run_wait,
};

/* ---- the text on the display ------------------------------------------------------------- */

static int run_console(
	const struct change *change, struct change_step *step, struct message *message)
{
	int r = steps_write_down(step->data, STATE_CONSOLE, NULL, step->path, message);

	if (r < 0)
		return r;
	r = consoles_bind(change->root, step->path, false);
	return r < 0 ? message_errno(message, r, "cannot unbind the text console %s",
			       step->path)
		     : 0;
}

const struct change_kind steps_console = {.text = "unbind the text console %1",
	.why = "it writes to this display; /dev/vcs and the display show nothing meanwhile",
	.run = run_console};

static int run_console_back(
	const struct change *change, struct change_step *step, struct message *message)
{
	struct work *work = step->data;
	int r = consoles_bind(change->root, step->path, true);

	work->is_incomplete |= r < 0;
	return r < 0
		? message_errno(message, r, "cannot bind the text console %s", step->path)
		: 0;
}

const struct change_kind steps_console_back = {
	.text = "bind the text console %1", .optional = true, .run = run_console_back};

const struct change_kind steps_console_moved = {.text = "bind the text console %1 again",
	.why = "the kernel moved it to another display, and may show nothing there",
	.optional = true,
	.run = run_console_back};

static int run_firmware(
	const struct change *change, struct change_step *step, struct message *message)
{
	const struct work *work = step->data;
	int r = consoles_release_firmware(change->root, &work->consoles);

	return r < 0 ? message_errno(message, r,
			       "cannot release the framebuffer of the firmware, %s",
			       step->path)
		     : 0;
}

const struct change_kind steps_firmware = {
	.text = "release the framebuffer of the firmware, %1",
	.why = "it is in the memory of this device; it does not come back before a reboot",
	.run = run_firmware};
