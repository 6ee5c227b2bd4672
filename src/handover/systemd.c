/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks systemd to stop and start units, by its own sockets: they need no D-Bus daemon, which may be
 * restarted meanwhile, and let root in to the manager of a user without a session of that user
 * (src/core/dbus.c of systemd, bus_init_private() and bus_on_connection()).  systemctl uses them
 * for root, too.  Where the one of the system cannot be reached its bus is tried.
 */
#include "systemd.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#define SYSTEM_SOCKET "unix:path=/run/systemd/private"
#define USER_SOCKET   "unix:path=/run/user/%u/systemd/private"

#define CALL_MS   15000 /* an answer of systemd, which does nothing else meanwhile */
#define STOPS_MAX 64    /* units that one takes along */

/* ---- Asking ----------------------------------------------------------------------------- */

static void close_bus(sd_bus **bus)
{
	sd_bus_close_unref(*bus);
}

int systemd_fail(struct message *message, int r, const sd_bus_error *error,
	const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (error && error->message)
		return message_set(message, r, "%s: %s", text, error->message);
	return message_errno(message, r, "%s", text);
}

/* org.freedesktop.systemd1(5): JobRemoved(u id, o job, s unit, s result). */
static int note_job(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	struct manager *manager = data;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) >= 0 &&
		strcmp(job, manager->job) == 0)
		text_join(manager->result, sizeof(manager->result), result, NULL);
	return 0;
}

/* PropertiesChanged of any unit: of one of those that were started it is worth a look. */
static int note_change(sd_bus_message *signal, void *data, sd_bus_error *error)
{
	struct manager *manager = data;
	const char *path = sd_bus_message_get_path(signal);

	(void)error;
	for (size_t i = 0; path && i < manager->n_fresh; i++)
		manager->changed |= strcmp(manager->fresh[i].path, path) == 0;
	return 0;
}

/* A connection to the socket of a manager, without a bus between. */
static int connect_to(const char *address, sd_bus **ret)
{
	_cleanup_(close_bus) sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	r = r < 0 ? r : sd_bus_set_address(bus, address);
	r = r < 0 ? r : sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bus);
	return 0;
}

/* Only those who ask for signals get them on a bus; on a socket of its own all are sent. */
static int prepare(struct manager *manager, sd_bus *bus)
{
	bool on_bus = sd_bus_is_bus_client(bus) > 0;
	int r = sd_bus_set_method_call_timeout(bus, CALL_MS * 1000);

	r = r < 0 ? r
		  : sd_bus_match_signal(bus, NULL, on_bus ? SYSTEMD : NULL, MANAGER_PATH,
			    MANAGER, "JobRemoved", note_job, manager);
	r = r < 0 ? r
		  : sd_bus_match_signal(bus, NULL, on_bus ? SYSTEMD : NULL, NULL,
			    PROPERTIES, "PropertiesChanged", note_change, manager);
	if (r >= 0 && on_bus)
		r = sd_bus_call_method(bus, SYSTEMD, MANAGER_PATH, MANAGER, "Subscribe",
			NULL, NULL, NULL);
	return r < 0 ? r : 0;
}

/* Connects to the manager, in place of a connection that was lost. */
static int connect_manager(struct manager *manager)
{
	_cleanup_(close_bus) sd_bus *bus = NULL;
	char address[64] = SYSTEM_SOCKET;
	int r;

	if (manager->of_user)
		snprintf(address, sizeof(address), USER_SOCKET, manager->uid);
	r = connect_to(address, &bus);
	if (r < 0 && !manager->of_user)
		r = sd_bus_open_system(&bus);
	r = r < 0 ? r : prepare(manager, bus);
	if (r < 0)
		return r;
	close_bus(&manager->bus);
	manager->bus = TAKE_PTR(bus);
	return 0;
}

/* Its end is behind all that was sent before. */
static bool is_lost(struct manager *manager)
{
	int r;

	do
		r = sd_bus_process(manager->bus, NULL);
	while (r > 0);
	return r < 0;
}

static void free_manager(struct manager **manager)
{
	if (!*manager)
		return;
	sd_bus_close_unref((*manager)->bus);
	for (size_t i = 0; i < (*manager)->n_fresh; i++)
		free((*manager)->fresh[i].path);
	free((*manager)->fresh);
	free(*manager);
}

static int open_manager(bool of_user, uid_t uid, struct manager **ret)
{
	_cleanup_(free_manager) struct manager *manager = calloc(1, sizeof(*manager));
	int r;

	if (!manager)
		return -ENOMEM;
	manager->of_user = of_user;
	manager->uid = uid;
	r = connect_manager(manager);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(manager);
	return 0;
}

static int add_manager(struct units *units, bool of_user, uid_t uid)
{
	struct manager *manager = NULL;
	int r = open_manager(of_user, uid, &manager);

	if (r < 0)
		return r;
	manager->next = units->managers;
	units->managers = manager;
	return 0;
}

int units_open(const struct root *root, struct units **ret, struct message *message)
{
	_cleanup_(units_close) struct units *units = NULL;
	int r;

	if (!file_exists(root, TREE_SYSTEMD)) {
		message_remedy(message,
			"stop by hand what has the device open, and run "
			"this command again");
		return message_set(message, -ENOTSUP,
			"this system runs without systemd: no service can be stopped");
	}
	units = calloc(1, sizeof(*units));
	r = units ? add_manager(units, false, 0) : -ENOMEM;
	if (r < 0)
		return message_errno(message, r, "cannot connect to systemd");
	units->root = root;
	*ret = TAKE_PTR(units);
	return 0;
}

void units_close(struct units **units)
{
	if (!*units)
		return;
	for (struct manager *next, *at = (*units)->managers; at; at = next) {
		next = at->next;
		free_manager(&at);
	}
	free(*units);
	*units = NULL;
}

int systemd_find_manager(
	struct units *units, const struct units_name *unit, struct manager **ret)
{
	struct manager *at = units->managers;
	int r = 0;

	while (at &&
		(at->of_user != unit->of_user || (at->of_user && at->uid != unit->uid)))
		at = at->next;
	/* One that executes itself again, or ends with the last session of its user, hangs up. */
	if (!at || is_lost(at))
		r = at ? connect_manager(at)
		       : add_manager(units, unit->of_user, unit->uid);
	if (r < 0)
		return unit->of_user && (r == -ENOENT || r == -ECONNREFUSED) ? -ENXIO : r;
	*ret = at ? at : units->managers;
	return 0;
}

int systemd_no_manager(struct message *message, int r, const struct units_name *unit)
{
	if (r == -ENXIO)
		return message_set(message, r, "%s: user %u is not logged in", unit->name,
			unit->uid);
	return message_errno(
		message, r, "cannot connect to the systemd of %s", unit->name);
}

/* ---- Properties ------------------------------------------------------------------------- */

/* The object of a unit, which is loaded if need be: one that is not there has one, too. */
static int load_unit(
	struct manager *manager, const char *name, char **ret, struct message *message)
{
	_cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_bus_message_ sd_bus_message *reply = NULL;
	const char *path;
	int r = sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER,
		"LoadUnit", &error, &reply, "s", name);

	r = r < 0 ? r : sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return systemd_fail(
			message, r, &error, "cannot ask systemd for %s", name);
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

/* Returns 1, 0, or -errno. */
static int is_running(struct manager *manager, const char *name, const char *path,
	struct message *message)
{
	static const char *const states[] = {
		"active", "activating", "reloading", "refreshing"};
	_cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *state = NULL;
	int r = sd_bus_get_property_string(
		manager->bus, SYSTEMD, path, UNIT, "ActiveState", &error, &state);

	if (r < 0)
		return systemd_fail(message, r, &error,
			"cannot ask systemd for the state of %s", name);
	return text_is_one_of(state, states, ARRAY_SIZE(states));
}

int units_is_active(
	struct units *units, const struct units_name *unit, struct message *message)
{
	_cleanup_free_ char *path = NULL;
	struct manager *manager;
	int r = systemd_find_manager(units, unit, &manager);

	if (r < 0)
		return r == -ENXIO ? 0 : systemd_no_manager(message, r, unit);
	r = load_unit(manager, unit->name, &path, message);
	return r < 0 ? r : is_running(manager, unit->name, path, message);
}

static void free_texts(char ***texts)
{
	for (char **at = *texts; at && *at; at++)
		free(*at);
	free(*texts);
}

/* ---- What stops with a unit ------------------------------------------------------------- */

/* Whether units of the kind are worth a line of their own: targets and slices do nothing. */
static bool is_stopped_alone(const char *name)
{
	static const char *const ends[] = {".service", ".socket", ".path", ".timer"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (text_ends_with(name, ends[i]))
			return true;
	return false;
}

/* Adds the units that a property of the unit at @path names. */
static int add_named(struct manager *manager, const char *path, const char *property,
	struct file_names *ret)
{
	_cleanup_(free_texts) char **names = NULL;
	int r = sd_bus_get_property_strv(
		manager->bus, SYSTEMD, path, UNIT, property, NULL, &names);

	for (char **name = names; r >= 0 && name && *name; name++)
		if (is_stopped_alone(*name))
			r = file_add_name(ret, *name);
	return r < 0 ? r : 0;
}

/* Adds what stops when the unit @name does, and what would start it, if it runs. */
static int add_related(struct manager *manager, const char *name,
	struct file_names *dependents, struct file_names *triggers,
	struct message *message)
{
	static const char *const properties[] = {"RequiredBy", "BoundBy", "ConsistsOf"};
	_cleanup_free_ char *path = NULL;
	int r = load_unit(manager, name, &path, message);

	r = r < 0 ? r : is_running(manager, name, path, message);
	if (r <= 0)
		return r;
	r = add_named(manager, path, "TriggeredBy", triggers);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(properties); i++)
		r = add_named(manager, path, properties[i], dependents);
	return r < 0 ? message_errno(message, r, "cannot ask systemd what needs %s", name)
		     : 0;
}

/* Adds the unit by its own name, if it runs. */
static int add_running(struct manager *manager, const char *name, uid_t uid,
	struct units_list *ret, struct message *message)
{
	struct units_name unit = {.of_user = manager->of_user, .uid = uid};
	_cleanup_(free_texts) char **names = NULL;
	_cleanup_free_ char *path = NULL, *id = NULL;
	int r = load_unit(manager, name, &path, message);

	r = r < 0 ? r : is_running(manager, name, path, message);
	if (r <= 0)
		return r;
	r = sd_bus_get_property_string(
		manager->bus, SYSTEMD, path, UNIT, "Id", NULL, &id);
	r = r < 0 ? r
		  : sd_bus_get_property_strv(
			    manager->bus, SYSTEMD, path, UNIT, "Names", NULL, &names);
	if (r < 0)
		return message_errno(message, r, "cannot ask systemd for %s", name);
	text_join(unit.name, sizeof(unit.name), id, NULL);
	for (char **at = names; at && *at; at++)
		unit.display_manager |= strcmp(*at, UNITS_DISPLAY_MANAGER) == 0;
	return units_add(ret, &unit);
}

/* Whether the first process of the service at @path is in the session. */
static bool leads_session(const struct units *units, struct manager *manager,
	const char *path, const struct units_name *session)
{
	_cleanup_free_ char *text = NULL;
	struct units_name unit;
	char file[64];
	uint32_t pid;

	if (sd_bus_get_property_trivial(manager->bus, SYSTEMD, path, SERVICE, "MainPID",
		    NULL, 'u', &pid) < 0 ||
		pid == 0)
		return false;
	snprintf(file, sizeof(file), TREE_PROC "/%u/cgroup", pid);
	if (file_read(units->root, file, &text, NULL) < 0)
		return false;
	units_parse_cgroup(text, &unit);
	return units_equal(&unit, session);
}

/*
 * The service that has begun the session by PAM (PAMName= of systemd.exec(5)): its processes are in
 * the session's control group, and it would start them again.  The login of a terminal, which is
 * begun by a getty, is none: to end the session is enough.
 */
static int find_leader(const struct units *units, struct manager *manager,
	const struct units_name *session, char ret[static UNITS_NAME_SIZE])
{
	_cleanup_bus_message_ sd_bus_message *reply = NULL;
	const char *name, *path;
	int r = sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER,
		"ListUnitsByPatterns", NULL, &reply, "asas", 1, "active", 1, "*.service");

	r = r < 0 ? r : sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (r >= 0 &&
		(r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, NULL,
			 NULL, NULL, &path, NULL, NULL, NULL)) > 0)
		if (!strstr(name, "getty") &&
			leads_session(units, manager, path, session)) {
			text_join(ret, UNITS_NAME_SIZE, name, NULL);
			return 0;
		}
	return r;
}

static int refuse_essential(const struct units_name *unit, struct message *message)
{
	if (!units_is_essential(unit))
		return 0;
	return message_set(message, -EPERM,
		"%s cannot be stopped: the system needs it, or this command does",
		unit->name);
}

/* Notes that the session ends with the service that has begun it. */
static void note_session(
	struct units_list *list, const char *service, const char *session)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->units[i].name, service) == 0 && !list->units[i].of_user)
			text_join(list->units[i].session, sizeof(list->units[i].session),
				session, NULL);
}

int units_find_stops(struct units *units, const struct units_name *unit,
	struct units_list *ret, struct message *message)
{
	_cleanup_(file_free_names) struct file_names names = {0}, triggers = {0};
	char first[UNITS_NAME_SIZE];
	struct manager *manager;
	int r = refuse_essential(unit, message);

	if (r < 0)
		return r;
	r = systemd_find_manager(units, unit, &manager);
	if (r < 0)
		return r == -ENXIO ? 0 : systemd_no_manager(message, r, unit);
	strcpy(first, unit->name);
	if (units_is_session(unit))
		r = find_leader(units, manager, unit, first);
	if (r < 0)
		return message_errno(message, r, "cannot ask systemd for its services");
	r = file_add_name(&names, first);
	for (size_t i = 0; r == 0 && i < names.n && i < STOPS_MAX; i++)
		r = add_related(manager, names.names[i], &names, &triggers, message);
	/* What needs the unit came later, and stops before. */
	for (size_t i = names.n; r == 0 && i--;)
		r = add_running(manager, names.names[i], unit->uid, ret, message);
	for (size_t i = 0; r == 0 && i < triggers.n; i++)
		r = add_running(manager, triggers.names[i], unit->uid, ret, message);
	if (strcmp(first, unit->name) != 0)
		note_session(ret, first, unit->name);
	return r;
}

/* ---- Jobs ------------------------------------------------------------------------------- */

/*
 * Waits until there is something to do for @bus, or a signal that is held back (run_catch_signals())
 * is pending.  Returns 0, -EINTR, -ETIMEDOUT, or another -errno.
 */
static int wait_for_bus(sd_bus *bus, int signals, uint64_t deadline)
{
	uint64_t now = child_now(), at = 0;
	int events = sd_bus_get_events(bus), fd = sd_bus_get_fd(bus), r;
	struct pollfd fds[] = {
		{.fd = fd, .events = (short)events}, {.fd = signals, .events = POLLIN}};

	if (fd < 0 || events < 0)
		return fd < 0 ? fd : events;
	if (now >= deadline)
		return -ETIMEDOUT;
	/* Something of its own that is due, in microseconds of the same clock. */
	if (sd_bus_get_timeout(bus, &at) < 0)
		return -EIO;
	if (at / 1000 < deadline)
		deadline = at / 1000 + 1 > now ? at / 1000 + 1 : now;
	r = poll(fds, ARRAY_SIZE(fds), (int)(deadline - now));
	if (r < 0 && errno != EINTR)
		return -errno;
	return r > 0 && fds[1].revents ? -EINTR : 0;
}

/* A descriptor that can be read when a signal is pending. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int systemd_wait_for_job(struct manager *manager, uint64_t deadline)
{
	_cleanup_close_ int signals = open_signals();
	int r = 0;

	while (r >= 0 && !manager->result[0]) {
		r = sd_bus_process(manager->bus, NULL);
		if (r == 0)
			r = wait_for_bus(manager->bus, signals, deadline);
	}
	return r < 0 ? r : 0;
}

int systemd_take_job(struct manager *manager, sd_bus_message *reply)
{
	const char *job;
	int r = sd_bus_message_read(reply, "o", &job);

	if (r < 0)
		return r;
	manager->result[0] = '\0';
	return copy_text(manager->job, sizeof(manager->job), job, strlen(job)) ? 0
									       : -EPROTO;
}

/* Has the unit's job @method ("StopUnit") done.  Returns 0, or -errno. */
static int run_job(struct manager *manager, const char *method, const char *name,
	unsigned wait_ms, struct message *message)
{
	_cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_bus_message_ sd_bus_message *reply = NULL;
	const char *verb = strcmp(method, "StopUnit") == 0 ? "stop" : "start";
	uint64_t deadline = child_now() + wait_ms;
	int r = sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER, method,
		&error, &reply, "ss", name, "replace");

	if (r < 0 && sd_bus_error_has_name(&error, NO_UNIT) && strcmp(verb, "stop") == 0)
		return 0; /* it does not run */
	r = r < 0 ? r : systemd_take_job(manager, reply);
	r = r < 0 ? r : systemd_wait_for_job(manager, deadline);
	if (r == -ETIMEDOUT)
		return message_set(message, r, "%s did not %s within %u seconds", name,
			verb, wait_ms / 1000);
	if (r < 0)
		return systemd_fail(message, r, &error, "cannot %s %s", verb, name);
	/* "skipped": a condition of the unit does not hold, so nothing is to be done. */
	if (strcmp(manager->result, "done") == 0 ||
		strcmp(manager->result, "skipped") == 0)
		return 0;
	message_remedy(message, "see 'journalctl %s %s'",
		manager->of_user ? "--user-unit" : "-u", name);
	return message_set(
		message, -EIO, "%s did not %s (%s)", name, verb, manager->result);
}

/* Stops the units that would start it: what is left to start it then is a person. */
static int stop_triggers(struct manager *manager, const char *path, unsigned wait_ms,
	struct message *message)
{
	_cleanup_(file_free_names) struct file_names names = {0};
	int r = add_named(manager, path, "TriggeredBy", &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = run_job(manager, "StopUnit", names.names[i], wait_ms, message);
	return r;
}

int units_stop(struct units *units, const struct units_name *unit, unsigned wait_ms,
	struct message *message)
{
	_cleanup_free_ char *path = NULL;
	struct manager *manager;
	int r = refuse_essential(unit, message);

	if (r < 0)
		return r;
	r = systemd_find_manager(units, unit, &manager);
	if (r < 0)
		return r == -ENXIO ? 0 : systemd_no_manager(message, r, unit);
	r = load_unit(manager, unit->name, &path, message);
	r = r < 0 ? r : stop_triggers(manager, path, wait_ms, message);
	r = r < 0 ? r : run_job(manager, "StopUnit", unit->name, wait_ms, message);
	r = r < 0 ? r : is_running(manager, unit->name, path, message);
	if (r > 0)
		return message_set(message, -EBUSY, "%s was stopped and is running again",
			unit->name);
	return r;
}

/* ---- Starting them ---------------------------------------------------------------------- */

/* Whether it has not shown yet that it works when systemd says that it was started. */
static bool may_end_soon(struct manager *manager, const char *name, const char *path)
{
	static const char *const types[] = {"simple", "exec", "idle"};
	_cleanup_(free_texts) char **names = NULL;
	_cleanup_free_ char *type = NULL;
	bool manages = false;

	if (!text_ends_with(name, ".service"))
		return false;
	if (sd_bus_get_property_string(
		    manager->bus, SYSTEMD, path, SERVICE, "Type", NULL, &type) < 0)
		return true;
	/* It may have its name on the bus before it has shown anything. */
	sd_bus_get_property_strv(
		manager->bus, SYSTEMD, path, UNIT, "Names", NULL, &names);
	for (char **at = names; at && *at; at++)
		manages |= strcmp(*at, UNITS_DISPLAY_MANAGER) == 0;
	return manages || text_is_one_of(type, types, ARRAY_SIZE(types));
}

/* Notes it for units_watch(), with its object at *@path, which is taken. */
static int note_fresh(
	struct units *units, struct manager *manager, const char *name, char **path)
{
	struct fresh *fresh;

	if (!may_end_soon(manager, name, *path))
		return 0;
	fresh = LIST_ADD(manager->fresh, manager->n_fresh);
	if (!fresh)
		return -ENOMEM;
	text_join(fresh->name, sizeof(fresh->name), name, NULL);
	fresh->path = TAKE_PTR(*path);
	units->started = child_now();
	return 0;
}

static int say_not_startable(const struct units_name *unit, struct message *message)
{
	bool session = units_is_session(unit);

	message_remedy(message, session ? "log in again" : "start it by hand");
	return message_set(message, -ENOTSUP, "%s cannot be started again: %s",
		unit->name, session ? "it was a session" : "a person has started it");
}

int units_start(struct units *units, const struct units_name *unit, unsigned wait_ms,
	struct message *message)
{
	_cleanup_free_ char *path = NULL;
	struct manager *manager;
	int r;

	if (!units_can_start(unit))
		return say_not_startable(unit, message);
	r = systemd_find_manager(units, unit, &manager);
	if (r < 0)
		return systemd_no_manager(message, r, unit);
	r = load_unit(manager, unit->name, &path, message);
	r = r < 0 ? r : is_running(manager, unit->name, path, message);
	if (r != 0)
		return r < 0 ? r : 0;
	/* It has none where it did not fail, which is no error. */
	sd_bus_call_method(manager->bus, SYSTEMD, MANAGER_PATH, MANAGER,
		"ResetFailedUnit", NULL, NULL, "s", unit->name);
	r = run_job(manager, "StartUnit", unit->name, wait_ms, message);
	r = r < 0 ? r : is_running(manager, unit->name, path, message);
	if (r != 0)
		return r < 0 ? r : note_fresh(units, manager, unit->name, &path);
	message_remedy(message, "see 'systemctl%s status %s'",
		manager->of_user ? " --user" : "", unit->name);
	return message_set(message, -EIO, "%s was started and does not run", unit->name);
}

/*
 * Whether one that was started still runs, and was not started again since: systemd does that by
 * itself where Restart= says so, and counts it (NRestarts, reset by ResetFailedUnit and StartUnit).
 */
static int check_fresh(
	struct manager *manager, const struct fresh *fresh, struct message *message)
{
	_cleanup_free_ char *state = NULL, *result = NULL;
	uint32_t restarts = 0;
	bool shown;
	int r = sd_bus_get_property_string(
		manager->bus, SYSTEMD, fresh->path, UNIT, "ActiveState", NULL, &state);

	if (r < 0)
		return message_errno(message, r, "cannot ask systemd for the state of %s",
			fresh->name);
	sd_bus_get_property_trivial(manager->bus, SYSTEMD, fresh->path, SERVICE,
		"NRestarts", NULL, 'u', &restarts);
	if (strcmp(state, "activating") != 0 && !restarts &&
		is_running(manager, fresh->name, fresh->path, message) > 0)
		return 0;
	sd_bus_get_property_string(
		manager->bus, SYSTEMD, fresh->path, SERVICE, "Result", NULL, &result);
	/* Of what was started again, it is that of the last start. */
	shown = result && strcmp(result, "success") != 0;
	message_remedy(message, "see 'journalctl %s %s'",
		manager->of_user ? "--user-unit" : "-u", fresh->name);
	return message_set(message, -EIO, "%s ended soon after its start%s%s%s%s",
		fresh->name, shown ? " (" : "", shown ? result : "", shown ? ")" : "",
		restarts || strcmp(state, "activating") == 0
			? ", and systemd starts it again"
			: "");
}

static int check_all_fresh(struct manager *manager, struct message *message)
{
	int r = 0;

	manager->changed = false;
	for (size_t i = 0; r == 0 && i < manager->n_fresh; i++)
		r = check_fresh(manager, &manager->fresh[i], message);
	return r;
}

/* Looks whenever something of them changes, and once at the end. */
static int watch_manager(
	struct manager *manager, uint64_t deadline, struct message *message)
{
	_cleanup_close_ int signals = open_signals();
	int r = check_all_fresh(manager, message), wait = 0;

	while (r == 0 && wait >= 0 && manager->n_fresh) {
		wait = sd_bus_process(manager->bus, NULL);
		if (wait == 0)
			wait = wait_for_bus(manager->bus, signals, deadline);
		if (manager->changed || wait == -ETIMEDOUT)
			r = check_all_fresh(manager, message);
	}
	/* A signal ends the look; nothing is left to do for that. */
	if (r == 0 && wait < 0 && wait != -ETIMEDOUT && wait != -EINTR)
		return message_errno(message, wait, "cannot ask systemd");
	return r;
}

int units_watch(struct units *units, unsigned watch_ms, struct message *message)
{
	uint64_t deadline = units->started + watch_ms;
	int r = 0;

	for (struct manager *at = units->managers; r == 0 && at; at = at->next)
		r = watch_manager(at, deadline, message);
	return r;
}
