/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units of systemd, of the system and of users: which one a process belongs to, whether one is
 * active, and stopping and starting it with its job waited for (org.freedesktop.systemd1(5)).
 *
 * Every wait ends.  Nothing here may be asked for another machine than the running one.
 */
#ifndef VFIOBOOT_HANDOVER_UNITS_H
#define VFIOBOOT_HANDOVER_UNITS_H

#include "base/base.h"

#define UNITS_NAME_SIZE 256 /* bytes of the longest name with its NUL; systemd.unit(5) */

/* What is behind this name is asked for, not the name: gdm.service, sddm.service, ... */
#define UNITS_DISPLAY_MANAGER "display-manager.service"

/* One unit. */
struct units_name {
	char name[UNITS_NAME_SIZE]; /* "": no unit */
	bool of_user; /* of the manager of the user @uid, not of the system's */
	/* Also of what belongs to a user, such as the session session-2.scope; 0: to nobody. */
	uid_t uid;
};

/* Some of them; starts as {0}, for units_free_list(). */
struct units_list {
	struct units_name *units;
	size_t n;
};

/* Adds a unit that is not there yet.  0 or -ENOMEM. */
int units_add(struct units_list *list, const struct units_name *unit);
void units_free_list(struct units_list *list);

bool units_equal(const struct units_name *a, const struct units_name *b);

/* ---- by the text of control groups ------------------------------------------------------ */

/*
 * The unit of a process, from its /proc/PID/cgroup (cgroups(7)) in @text, with any of systemd's
 * layouts of control groups.  "" when no unit is in it: a container's without systemd, or a
 * machine without it.  Pure.
 */
void units_parse_cgroup(const char *text, struct units_name *ret);

/* The unit that this process is in.  Returns 0, or -errno. */
int units_of_self(const struct root *root, struct units_name *ret);

/* Whether it is a session that somebody logged in to, and that cannot be started again. */
bool units_is_session(const struct units_name *unit);

/*
 * Whether it keeps devices open for others, and closes them when these end: logind, seatd, and
 * PID 1, which keeps descriptors for logind.  To stop it is no remedy.
 */
bool units_is_broker(const struct units_name *unit);

/*
 * Whether a process in @own may end when the units of @stopped are stopped: it is in one of them,
 * or in a session that the display manager, or the user's session, takes along.  A session of
 * ssh is in none of them.
 */
bool units_end_with(const struct units_name *own, const struct units_list *stopped);

/* ---- by asking systemd ------------------------------------------------------------------- */

struct units;

/*
 * Begins to ask the running systemd, for units_close().  Returns 0; or, with @message: -ENOTSUP
 * when the machine runs without systemd, with what is to be done by hand; or another -errno.
 */
int units_open(struct units **ret, struct message *message);
void units_close(struct units **units);

/*
 * Whether the unit runs: it is active, or on its way to be.  Returns 1; 0, also when there is no
 * such unit; or -errno with @message.
 */
int units_is_active(
	struct units *units, const struct units_name *unit, struct message *message);

/*
 * What has to be stopped so that @unit is, and stays so: sockets, paths and timers that would
 * start it again and are active, then the unit itself, by its own name (that of the display
 * manager for UNITS_DISPLAY_MANAGER).  Adds nothing when it does not run.  Returns 0, or -errno
 * with @message.  They are stopped in this order, and started in the reverse one.
 */
int units_find_stops(struct units *units, const struct units_name *unit,
	struct units_list *ret, struct message *message);

/*
 * Stops the unit, and waits at most @wait_ms milliseconds until it has stopped.  One that does not
 * run is none to stop.  Returns 0; or, with @message: -ETIMEDOUT, and systemd goes on stopping
 * it; -EPERM for what the system cannot run without; or another -errno.
 */
int units_stop(struct units *units, const struct units_name *unit, unsigned wait_ms,
	struct message *message);

/*
 * Starts it, after forgetting its failures: they would count for its limit of starts.  One that
 * runs stays as it is.  Returns 0; or, with @message: -ETIMEDOUT, -EIO when it failed, -ENXIO when
 * its user is not logged in any more, -ENOTSUP for a session; or another -errno.
 */
int units_start(struct units *units, const struct units_name *unit, unsigned wait_ms,
	struct message *message);

/* A program that runs as a unit of its own, which is gone when it has ended. */
struct units_program {
	const char *name;        /* without ".service": of the unit */
	const char *description; /* what systemctl shows */
	const char *const *argv; /* whole path first, ended by NULL */
	uint64_t after_s;        /* 0: now; else a timer starts it then */
};

/*
 * Starts it, out of the session of whoever asks for it, and waits until it was started, not until
 * it ends.  Its output goes to the journal.  Returns 0; -EEXIST when it runs already, or its
 * timer; or another -errno; with @message.
 */
int units_run(struct units *units, const struct units_program *program,
	struct message *message);

/* Stops the timer that units_run() made of it, if there is one.  Returns 0, or -errno. */
int units_cancel(struct units *units, const char *name, struct message *message);

#endif
