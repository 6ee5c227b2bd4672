/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that ask systemd share: the connections to its managers.  For systemd*.c alone. */
#ifndef VFIOBOOT_HANDOVER_SYSTEMD_H
#define VFIOBOOT_HANDOVER_SYSTEMD_H

#include <systemd/sd-bus.h>

#include "units.h"

/* org.freedesktop.systemd1(5) */
#define SYSTEMD      "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER      SYSTEMD ".Manager"
#define UNIT         SYSTEMD ".Unit"
#define SERVICE      SYSTEMD ".Service"
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define NO_UNIT      SYSTEMD ".NoSuchUnit"
#define UNIT_EXISTS  SYSTEMD ".UnitExists"

#define RESULT_LEN 32

/* A unit that may end soon after its start, and its object. */
struct fresh {
	char name[UNITS_NAME_SIZE];
	char *path;
};

/* The manager of the system, or of a user. */
struct manager {
	struct manager *next;
	bool of_user;
	uid_t uid;
	sd_bus *bus;
	/* The job that is waited for, by its path, and what became of it; "": not yet. */
	char job[128], result[RESULT_LEN];
	struct fresh *fresh; /* that were started */
	size_t n_fresh;
	bool changed; /* something of one of them */
};

struct units {
	const struct root *root;
	struct manager
		*managers; /* those that were asked for: the system's is the last */
	uint64_t started;  /* when one was that may end soon after */
};

static inline void systemd_unref_message(sd_bus_message **message)
{
	sd_bus_message_unref(*message);
}

#define _cleanup_bus_error_   __attribute__((cleanup(sd_bus_error_free)))
#define _cleanup_bus_message_ __attribute__((cleanup(systemd_unref_message)))

/* Says what failed, with what systemd says about it.  Returns @r. */
int systemd_fail(struct message *message, int r, const sd_bus_error *error,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The manager that has the unit, connected again where it has hung up.  Returns 0; -ENXIO when its user
 * has none; or -errno.
 */
int systemd_find_manager(
	struct units *units, const struct units_name *unit, struct manager **ret);

/* Says that there is none.  Returns @r. */
int systemd_no_manager(struct message *message, int r, const struct units_name *unit);

/* What a call that makes a job has answered: its path.  0 or -errno. */
int systemd_take_job(struct manager *manager, sd_bus_message *reply);

/*
 * Waits until that job has ended, with its end in manager->result.  Returns 0; -ETIMEDOUT; -EINTR; or
 * another -errno.
 */
int systemd_wait_for_job(struct manager *manager, uint64_t deadline);

#endif
