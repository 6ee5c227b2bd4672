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
	/* By units_find_stops(): */
	bool display_manager; /* sessions end with it */
	char session[64];     /* this one is its own; "": none is */
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

/* ---- units.c: by control groups ---------------------------------------------------------- */

/*
 * The unit of a process, from its /proc/PID/cgroup (cgroups(7)) in @text, with any of systemd's
 * layouts of control groups.  "" when no unit is in it: a container's without systemd, or a
 * machine without it.  Pure.
 */
void units_parse_cgroup(const char *text, struct units_name *ret);

/* The unit that this process is in.  Returns 0, or -errno. */
int units_of_self(const struct root *root, struct units_name *ret);

/* Whether it is a session that somebody logged in to. */
bool units_is_session(const struct units_name *unit);

/* Whether it can be started again: not what a person has begun, a session or another scope. */
bool units_can_start(const struct units_name *unit);

/*
 * Whether it keeps devices open for others, and closes them when these end: logind, seatd, and
 * PID 1, which keeps descriptors for logind.  To stop it is no remedy.
 */
bool units_is_broker(const struct units_name *unit);

/* Whether nothing may stop it: the system would go down with it, or who started this command. */
bool units_is_essential(const struct units_name *unit);

/*
 * Whether a process in @own may end when the units of @stopped are stopped: it is in one of them,
 * in a session on this machine's displays that ends with the display manager, or belongs to a user
 * whose session, or display manager, is among them.  A session of ssh is in none of these.
 */
bool units_end_with(const struct units_name *own, const struct units_list *stopped);

/* ---- systemd.c: by asking systemd ---------------------------------------------------------- */

struct units;

/*
 * Begins to ask the running systemd, for units_close(); @root is the running machine, and lasts as
 * long.  Returns 0; or, with @message: -ENOTSUP when it runs without systemd, with what is to be
 * done by hand; or another -errno.
 */
int units_open(const struct root *root, struct units **ret, struct message *message);
void units_close(struct units **units);

/*
 * Whether the unit runs: it is active, or on its way to be.  Returns 1; 0, also when there is no
 * such unit, or its user is not logged in; or -errno with @message.
 */
int units_is_active(
	struct units *units, const struct units_name *unit, struct message *message);

/*
 * What ends when @unit is stopped for good, each by its own name (that of the display manager for
 * UNITS_DISPLAY_MANAGER): services that need it, the unit, and sockets, paths and timers that would
 * start it again; only what runs.  Of a session of which a service is the first process, such as
 * of a compositor that systemd starts, it is that service.  Adds to *@ret in the order in which
 * they are stopped; they are started again in the reverse one.  Since one takes others along,
 * write all of them down before the first is stopped.  Returns 0; or, with @message, -EPERM for what
 * the system cannot run without; or another -errno.
 */
int units_find_stops(struct units *units, const struct units_name *unit,
	struct units_list *ret, struct message *message);

/*
 * Stops the unit, after what would start it again, and waits at most @wait_ms milliseconds until it
 * has stopped.  One that does not run is none to stop.  Returns 0; or, with @message: -ETIMEDOUT,
 * and systemd goes on stopping it; -EPERM as above; -EBUSY when it was started again; -EINTR after a
 * signal (run_caught_signal()); or another -errno.
 */
int units_stop(struct units *units, const struct units_name *unit, unsigned wait_ms,
	struct message *message);

/*
 * Starts it, after forgetting its failures: they would count for its limit of starts.  One that
 * runs stays as it is.  Whether it keeps running, units_watch() knows.  Returns 0; or, with @message: -ETIMEDOUT, -EIO when it failed, -ENXIO when
 * its user is not logged in any more, -ENOTSUP for what units_can_start() says no to; or another
 * -errno.
 */
int units_start(struct units *units, const struct units_name *unit, unsigned wait_ms,
	struct message *message);

/*
 * Looks, for @watch_ms milliseconds since the last of them was started, whether what units_start() has
 * started keeps running: services that systemd calls started as soon as they have a process
 * (Type=simple, exec, idle in systemd.service(5)), and the display manager, whatever it says.  There
 * is no wait where there is none of these, nor after a failure.  Returns 0; -EIO with @message when
 * one ended, also if systemd has started it again; or another -errno.
 */
int units_watch(struct units *units, unsigned watch_ms, struct message *message);

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

/*
 * Stops the timer that units_run() made of it, if there is one, and the program if it has started, unless
 * that is this one.  Returns 0, or -errno with @message.
 */
int units_cancel(struct units *units, const char *name, struct message *message);

#endif
