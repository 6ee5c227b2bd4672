/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of the steps of both ways: what each does, why, and what it notes in the state first.
 * The way back is made of the state alone, and a way out that fails takes it, too: so it is the
 * same whether a step failed, a command was killed, or all was done long ago.
 */
#ifndef VFIOBOOT_HANDOVER_STEPS_H
#define VFIOBOOT_HANDOVER_STEPS_H

#include "change/change.h"
#include "consoles.h"
#include "facts/facts.h"
#include "holders.h"
#include "state.h"
#include "units.h"

/* What the steps of one list work on; starts as {.root = ROOT}, for steps_free_work(). */
struct work {
	const struct root *root;
	struct state state;
	struct consoles consoles;
	/* Those that a driver of the host is to give up: nobody may have them open. */
	struct pci_address *held;
	size_t n_held;
	unsigned wait_ms; /* for how long to wait until nobody has */
	bool were_free;   /* nobody had when the steps were made; wait looks again */
	struct units_list stops; /* that the list stops */
	struct units *units;     /* opened when the first unit is asked for */
	const char *program;     /* that a timer runs to release the set */
	uint64_t back_after_s;   /* when it does so */
	bool is_incomplete;      /* an optional step of the way back failed */
};

/*
 * The way out, in its order.  %1 and %2 are the names that a step is added with.
 *
 * note: writes the state.  To undo it is the whole way back.
 * timer: starts the timer that releases the set %1.
 * override: sets the driver override of the function %1 to %2.
 * load: loads the driver %1, for guests.
 * power: switches the function %1 on, for good.
 * stop: stops the unit %1 of the system, or of the user %2, a number.  One takes others along, so
 * all are in the state before the first is stopped: steps_add_stop().
 * wait: waits until nobody has the functions open.
 * console: takes the console %1 from the virtual terminals.
 * firmware: takes the framebuffer of the firmware, %1, from its driver.
 * sound: takes a sound function %1 that stays from its driver %2, for as long as the rest lasts.
 * unload: unloads the module %1.
 * unbind: takes the function %1 from its driver %2, if that has it.
 * bind: gives the function %1 to the driver %2, and reads back that it has it.
 * start: starts the unit %1 of the system again.
 * console_moved: binds the console %1 to the display that stays.
 * done: the state says that all of it was done.
 */
extern const struct change_kind steps_note, steps_timer, steps_override, steps_load,
	steps_power, steps_wait, steps_console, steps_firmware, steps_sound, steps_unload,
	steps_unbind, steps_bind, steps_start, steps_console_moved, steps_done;

/* The ways back of stop, timer and console; they are optional. */
extern const struct change_kind steps_start_user, steps_cancel, steps_console_back;

/* Behind the starts of the way back: whether those units keep running. */
extern const struct change_kind steps_watch;

/*
 * Writes down what has to be put back, before it is done (state_add()).  0, or -errno with
 * @message.
 */
int steps_write_down(struct work *work, enum state_kind kind, const char *of,
	const char *name, struct message *message);

/* Adds a step with copies of the names and of @why; NULL: the kind's.  0 or -ENOMEM. */
int steps_add(struct work *work, struct change *change, const struct change_kind *kind,
	const char *path, const char *other, const char *why);

/* Adds the step that stops a unit, and its way back to the state.  0 or -ENOMEM. */
int steps_add_stop(struct work *work, struct change *change,
	const struct units_name *unit, const char *why);

/*
 * Adds the way back: all that the state of @work says that has to be put back, and is not as it
 * was.  Functions that are gone, or are others by now, are left alone.  0 or -errno.
 */
int steps_add_way_back(struct work *work, struct change *change);

/* Whether the driver that a function has is one for guests, and not the host's. */
bool steps_is_given(const struct state_function *function, const char *driver);

/* Asks systemd, once for all steps.  0, or -errno with @message. */
int steps_open_units(struct work *work, struct message *message);

/*
 * Waits for at most @wait_ms milliseconds until no process has a device of @work open that does not end
 * with what is stopped; 0: looks once.  0; -EBUSY with *@ret for holders_free(); or as holders_wait().
 */
int steps_wait_for_holders(
	const struct work *work, unsigned wait_ms, struct holders *ret);

/* Says that these have a device open.  -EBUSY. */
int steps_say_held(const struct holders *holders, struct message *message);

/* Those of the list that hold functions, in one line without full stop. */
void steps_describe_holders(const struct holders *holders, char *ret, size_t size);

void steps_free_work(struct work *work);

#endif
