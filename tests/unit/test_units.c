/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units: by control groups, and by asking a systemd that is played.  The play is another process at
 * the sockets of the managers, which have other directories here; both ends are real sd-bus.
 *
 * Linked with --wrap for sd_bus_set_address, sd_bus_open_system, sd_session_get_type.
 */
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#include "base/base.h"
#include "handover/units.h"

#define UNITS_MAX 12

enum behaviour {
	PLAIN,
	HANGS,      /* its jobs never end */
	FAILS,      /* its jobs do */
	COMES_BACK, /* runs again at once */
	IS_LOST,    /* its jobs end, with the connection */
	ENDS,       /* soon after it was started */
	LOOPS,      /* the same, and systemd starts it again */
};

struct played_unit {
	char name[64], alias[64];
	bool runs;
	enum behaviour behaviour;
	/* Names with blanks between. */
	char triggered_by[64], bound_by[96];
	unsigned main_pid;
	const char *type;
	unsigned looks; /* at it while it runs */
};

/* What the managers are, and a log of what was asked of them. */
static struct systemd {
	struct played_unit units[UNITS_MAX];
	unsigned n;
	unsigned jobs;
	char log[4096];
} * systemd;

static pid_t players[2];
static struct units *units;
static struct root root;
static struct message message;

/* ---- the play ---------------------------------------------------------------------------- */

static void __attribute__((format(printf, 1, 2))) log_word(const char *format, ...)
{
	size_t len = strlen(systemd->log);
	va_list args;

	va_start(args, format);
	vsnprintf(systemd->log + len, sizeof(systemd->log) - len, format, args);
	va_end(args);
}

static struct played_unit *find(const char *name)
{
	for (unsigned i = 0; i < systemd->n; i++)
		if (strcmp(systemd->units[i].name, name) == 0 ||
			strcmp(systemd->units[i].alias, name) == 0)
			return &systemd->units[i];
	return NULL;
}

static struct played_unit *find_path(const char *path)
{
	unsigned i = UNITS_MAX;

	sscanf(path, "/org/freedesktop/systemd1/unit/u%u", &i);
	return i < systemd->n ? &systemd->units[i] : NULL;
}

/* Of sd-bus: what is not below 0 is fine. */
static int fine(int r)
{
	return r < 0 ? r : 0;
}

static int answer_texts(sd_bus_message *reply, const char *text)
{
	char copy[256], *left = copy;
	int r = sd_bus_message_open_container(reply, 'v', "as");

	snprintf(copy, sizeof(copy), "%s", text);
	r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "s");
	for (char *word; r >= 0 && (word = strsep(&left, " "));)
		if (*word)
			r = sd_bus_message_append(reply, "s", word);
	r = r < 0 ? r : sd_bus_message_close_container(reply);
	return r < 0 ? r : fine(sd_bus_message_close_container(reply));
}

/* Says its state; one that ends does so at the second look at it, and that is told. */
static int answer_state(
	sd_bus_message *call, sd_bus_message *reply, struct played_unit *unit)
{
	bool fails = unit && (unit->behaviour == ENDS || unit->behaviour == LOOPS);
	const char *state = unit && unit->runs ? "active" : "inactive";
	int r;

	if (fails && unit->looks >= 2)
		state = unit->behaviour == LOOPS ? "activating" : "failed";
	r = sd_bus_message_append(reply, "v", "s", state);
	if (!fails || !unit->runs || ++unit->looks != 2)
		return fine(r);
	sd_bus_send(NULL, reply, NULL);
	sd_bus_emit_signal(sd_bus_message_get_bus(call), sd_bus_message_get_path(call),
		"org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
		"org.freedesktop.systemd1.Unit", 0, 0);
	return 1;
}

static int answer_property(sd_bus_message *call, sd_bus_message *reply)
{
	static const struct played_unit absent = {.name = "absent.service"};
	struct played_unit *known = find_path(sd_bus_message_get_path(call));
	const struct played_unit *unit = known ? known : &absent;
	const char *interface, *name;
	char both[130];
	int r = sd_bus_message_read(call, "ss", &interface, &name);

	if (r < 0)
		return r;
	snprintf(both, sizeof(both), "%s %s", unit->name, unit->alias);
	if (strcmp(name, "ActiveState") == 0)
		return answer_state(call, reply, known);
	if (strcmp(name, "Type") == 0)
		return fine(sd_bus_message_append(
			reply, "v", "s", unit->type ? unit->type : "simple"));
	if (strcmp(name, "Result") == 0)
		return fine(sd_bus_message_append(
			reply, "v", "s", unit->looks >= 2 ? "exit-code" : "success"));
	if (strcmp(name, "NRestarts") == 0)
		return fine(sd_bus_message_append(reply, "v", "u",
			unit->behaviour == LOOPS && unit->looks >= 2 ? 1 : 0));
	if (strcmp(name, "Id") == 0)
		return fine(sd_bus_message_append(reply, "v", "s", unit->name));
	if (strcmp(name, "MainPID") == 0)
		return fine(sd_bus_message_append(reply, "v", "u", unit->main_pid));
	return answer_texts(reply,
		strcmp(name, "Names") == 0                 ? both
			: strcmp(name, "TriggeredBy") == 0 ? unit->triggered_by
			: strcmp(name, "BoundBy") == 0     ? unit->bound_by
							   : "");
}

static int answer_list(sd_bus_message *reply)
{
	int r = sd_bus_message_open_container(reply, 'a', "(ssssssouso)");

	for (unsigned i = 0; r >= 0 && i < systemd->n; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/org/freedesktop/systemd1/unit/u%u", i);
		if (systemd->units[i].runs)
			r = sd_bus_message_append(reply, "(ssssssouso)",
				systemd->units[i].name, "", "loaded", "active", "running",
				"", path, 0, "", "/");
	}
	return r < 0 ? r : fine(sd_bus_message_close_container(reply));
}

/* Does the job @verb of the unit, and says that it is done, after or before the answer. */
static int answer_job(sd_bus_message *call, sd_bus_message *reply, const char *verb)
{
	sd_bus *bus = sd_bus_message_get_bus(call);
	struct played_unit *unit;
	char job[64];
	const char *name, *mode;
	int r = sd_bus_message_read(call, "ss", &name, &mode);

	if (r < 0)
		return r;
	unit = find(name);
	log_word("%s %s %s\n", verb, name, mode);
	snprintf(job, sizeof(job), "/org/freedesktop/systemd1/job/%u", ++systemd->jobs);
	r = sd_bus_message_append(reply, "o", job);
	if (unit && unit->behaviour == IS_LOST)
		sd_bus_close(bus);
	if (r < 0 || (unit && unit->behaviour == HANGS))
		return fine(r);
	if (unit && (unit->behaviour == PLAIN || unit->behaviour >= ENDS))
		unit->runs = verb[2] == 'a';
	/* Another job's end comes first, and has to be told from it. */
	sd_bus_emit_signal(bus, "/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 1,
		"/org/freedesktop/systemd1/job/999", "other.service", "failed");
	if (systemd->jobs % 2)
		sd_bus_send(bus, reply, NULL);
	sd_bus_emit_signal(bus, "/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 2, job, name,
		unit && unit->behaviour == FAILS ? "failed" : "done");
	return systemd->jobs % 2;
}

/* Of a transient unit: everything that it is made of, in the log. */
static void log_message(sd_bus_message *call)
{
	const char *contents, *text;
	uint64_t number;
	char type;

	while (sd_bus_message_peek_type(call, &type, &contents) > 0) {
		if (strchr("arve", type)) {
			sd_bus_message_enter_container(call, type, contents);
			log_message(call);
			sd_bus_message_exit_container(call);
		} else if (type == 's') {
			sd_bus_message_read_basic(call, type, &text);
			log_word("%s ", text);
		} else {
			number = 0;
			sd_bus_message_read_basic(call, type, &number);
			log_word("%u ", (unsigned)number);
		}
	}
}

static int answer_transient(sd_bus_message *call, sd_bus_message *reply)
{
	sd_bus *bus = sd_bus_message_get_bus(call);
	char name[64] = "";

	log_message(call);
	sscanf(systemd->log, "%63s", name);
	if (find(name)) {
		sd_bus_reply_method_errorf(
			call, "org.freedesktop.systemd1.UnitExists", "It is there.");
		return 1;
	}
	sd_bus_message_append(reply, "o", "/org/freedesktop/systemd1/job/7");
	sd_bus_send(bus, reply, NULL);
	sd_bus_emit_signal(bus, "/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 2,
		"/org/freedesktop/systemd1/job/7", name, "done");
	return 1;
}

static int answer_load(sd_bus_message *call, sd_bus_message *reply)
{
	const char *name;
	char path[64];
	int r = sd_bus_message_read(call, "s", &name);
	struct played_unit *unit = r < 0 ? NULL : find(name);

	snprintf(path, sizeof(path), "/org/freedesktop/systemd1/unit/u%u",
		unit ? (unsigned)(unit - systemd->units) : UNITS_MAX);
	return r < 0 ? r : fine(sd_bus_message_append(reply, "o", path));
}

/* Returns 0; 1 when an answer has been sent; or -errno, which is the answer then. */
static int make_answer(sd_bus_message *call, sd_bus_message *reply)
{
	const char *member = sd_bus_message_get_member(call), *name;

	if (strcmp(member, "Get") == 0)
		return answer_property(call, reply);
	if (strcmp(member, "LoadUnit") == 0)
		return answer_load(call, reply);
	if (strcmp(member, "ListUnitsByPatterns") == 0)
		return answer_list(reply);
	if (strcmp(member, "StopUnit") == 0)
		return answer_job(call, reply, "stop");
	if (strcmp(member, "StartUnit") == 0)
		return answer_job(call, reply, "start");
	if (strcmp(member, "StartTransientUnit") == 0)
		return answer_transient(call, reply);
	if (strcmp(member, "ResetFailedUnit") == 0) {
		sd_bus_message_read(call, "s", &name);
		log_word("reset %s\n", name);
		return 0;
	}
	return -ENOSYS;
}

static int answer(sd_bus_message *call, void *data, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	uint8_t type;
	int r;

	(void)data, (void)error;
	if (sd_bus_message_get_type(call, &type) < 0 ||
		type != SD_BUS_MESSAGE_METHOD_CALL)
		return 0;
	r = sd_bus_message_new_method_return(call, &reply);
	r = r < 0 ? r : make_answer(call, reply);
	if (r < 0)
		sd_bus_reply_method_errno(call, r, NULL);
	else if (r == 0)
		sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return 1;
}

static void serve(int fd)
{
	sd_bus *bus = NULL;
	sd_id128_t id = {.bytes = {1}};
	int r = 0;

	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
		sd_bus_set_server(bus, 1, id) < 0 || sd_bus_start(bus) < 0 ||
		sd_bus_add_filter(bus, NULL, answer, NULL) < 0)
		_exit(1);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	sd_bus_close_unref(bus);
}

static pid_t play(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	fake_put(name, "");
	fake_remove(name);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake_path(name));
	assert_int_equal(bind(fd, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			serve(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	}
	close(fd);
	return pid;
}

int __real_sd_bus_set_address(sd_bus *bus, const char *address);
int __wrap_sd_bus_set_address(sd_bus *bus, const char *address);
int __wrap_sd_bus_open_system(sd_bus **ret);
int __wrap_sd_session_get_type(const char *session, char **ret);

int __wrap_sd_bus_set_address(sd_bus *bus, const char *address)
{
	char text[256];

	assert_true(text_begins_with(address, "unix:path=/run/"));
	snprintf(text, sizeof(text), "unix:path=%s",
		fake_path(address + strlen("unix:path=/")));
	return __real_sd_bus_set_address(bus, text);
}

int __wrap_sd_bus_open_system(sd_bus **ret)
{
	(void)ret;
	return -ENOENT;
}

/* Session 2 is one of a display, all others are of ssh. */
int __wrap_sd_session_get_type(const char *session, char **ret)
{
	*ret = strdup(strcmp(session, "2") == 0 ? "wayland" : "tty");
	return *ret ? 0 : -ENOMEM;
}

static int set_up(void **state)
{
	systemd = mmap(NULL, sizeof(*systemd), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(systemd, MAP_FAILED);
	message = (struct message){0};
	fake_set_up(state);
	fake_dir("run/systemd/system");
	root = fake_open();
	players[0] = play("run/systemd/private");
	players[1] = play("run/user/1000/systemd/private");
	assert_int_equal(units_open(&root, &units, &message), 0);
	return 0;
}

static int tear_down(void **state)
{
	units_close(&units);
	root_close(&root);
	for (size_t i = 0; i < ARRAY_SIZE(players); i++) {
		kill(players[i], SIGKILL);
		waitpid(players[i], NULL, 0);
	}
	munmap(systemd, sizeof(*systemd));
	return fake_tear_down(state);
}

static struct played_unit *put(const char *name, bool runs)
{
	struct played_unit *unit = &systemd->units[systemd->n++];

	assert_true(systemd->n < UNITS_MAX);
	*unit = (struct played_unit){.runs = runs};
	strcpy(unit->name, name);
	return unit;
}

static struct units_name named(const char *name)
{
	struct units_name unit = {0};

	strcpy(unit.name, name);
	return unit;
}

static struct units_name of_user(const char *name, uid_t uid)
{
	struct units_name unit = named(name);

	unit.of_user = true;
	unit.uid = uid;
	return unit;
}

/* ---- control groups ---------------------------------------------------------------------- */

static void expect_unit(const char *text, const char *name, bool user, uid_t uid)
{
	struct units_name unit;

	units_parse_cgroup(text, &unit);
	assert_string_equal(unit.name, name);
	assert_int_equal(unit.of_user, user);
	assert_int_equal(unit.uid, uid);
}

static void test_cgroups(void **state)
{
	expect_unit("0::/system.slice/gdm.service\n", "gdm.service", false, 0);
	expect_unit("0::/init.scope\n", "init.scope", false, 0);
	expect_unit("0::/system.slice/system-getty.slice/getty@tty1.service\n",
		"getty@tty1.service", false, 0);
	expect_unit("0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope",
		false, 1000);
	expect_unit("0::/user.slice/user-1000.slice/user@1000.service/session.slice/"
		    "pipewire.service\n",
		"pipewire.service", true, 1000);
	expect_unit("0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
		    "app-gnome-org.gnome.Terminal.slice/vte-spawn-1.scope\n",
		"vte-spawn-1.scope", true, 1000);
	expect_unit("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n",
		"init.scope", true, 1000);
	/* The manager of a user is a unit as well. */
	expect_unit("0::/user.slice/user-1000.slice/user@1000.service\n",
		"user@1000.service", false, 1000);
	/* Below a unit are groups of its own. */
	expect_unit("0::/system.slice/foo.service/worker/1\n", "foo.service", false, 0);
	expect_unit(
		"0::/machine.slice/libpod-abc.scope/container/system.slice/x.service\n",
		"libpod-abc.scope", false, 0);
	expect_unit("0::/system.slice/__odd.service\n", "_odd.service", false, 0);
	/* The hybrid layout, and the old one. */
	expect_unit("12:devices:/system.slice\n1:name=systemd:/system.slice/gdm.service\n"
		    "0::/other.slice/other.service\n",
		"gdm.service", false, 0);
	/* systemd in a container of its own has no name in the hierarchy of the host. */
	expect_unit("9:name=systemd:/\n8:pids:/\n0::/user.slice/user-1000.slice/"
		    "user@1000.service/app.slice/wire.service\n",
		"wire.service", true, 1000);
	expect_unit(
		"1:name=systemd:/user.slice/user-1000.slice/x\n0::/system.slice/a.service",
		"a.service", false, 0);
	expect_unit("3:cpu,cpuacct:/\n0::/system.slice/sshd.service", "sshd.service",
		false, 0);
}

static void test_no_cgroups(void **state)
{
	expect_unit("", "", false, 0);
	expect_unit("0::/\n", "", false, 0);
	expect_unit("nonsense\n", "", false, 0);
	expect_unit("0::/docker/0123abcd\n", "", false, 0);
	expect_unit("0::/lxc.payload.web/system.slice/nginx.service\n", "", false, 0);
	expect_unit("0::/system.slice\n", "", false, 0);
	expect_unit("0::/user.slice/user-99999999999999999999.slice/a.service\n",
		"a.service", false, UINT32_MAX);
}

static void test_kinds(void **state)
{
	struct units_name unit = named("session-2.scope");

	assert_true(units_is_session(&unit));
	unit = of_user("session-2.scope", 1000);
	assert_false(units_is_session(&unit));
	unit = named("init.scope");
	assert_true(units_is_broker(&unit) && units_is_essential(&unit));
	unit = named("systemd-logind.service");
	assert_true(units_is_broker(&unit) && units_is_essential(&unit));
	unit = named("user@1000.service");
	assert_true(!units_is_broker(&unit) && units_is_essential(&unit));
	unit = of_user("init.scope", 1000);
	assert_true(!units_is_broker(&unit) && units_is_essential(&unit));
	unit = named("gdm.service");
	assert_true(!units_is_broker(&unit) && !units_is_essential(&unit));
}

static bool ends(struct units_name own, struct units_name stopped)
{
	struct units_list list = {&stopped, 1};

	return units_end_with(&own, &list);
}

static void test_own_end(void **state)
{
	struct units_name manager = named("gdm.service"), sound;
	struct units_name session = {.name = "session-2.scope", .uid = 1000};
	struct units_name remote = {.name = "session-5.scope", .uid = 1000};
	struct units_name terminal = of_user("vte.scope", 1000);

	sound = of_user("pipewire.service", 1000);
	assert_false(
		ends(terminal, manager)); /* which is another daemon, for all it says */
	manager.display_manager = true;
	assert_true(ends(manager, manager) && ends(terminal, manager));
	assert_true(ends(session, manager));
	assert_false(ends(remote, manager));
	assert_true(ends(terminal, session) && ends(session, session));
	assert_false(ends(remote, session));
	assert_false(ends(of_user("vte.scope", 1001), session));
	assert_false(ends(terminal, sound) || ends(session, sound));
	assert_false(ends(named("libvirtd.service"), manager));
	manager = named("weston.service");
	strcpy(manager.session, "session-2.scope");
	manager.uid = 1000;
	assert_true(ends(session, manager) && ends(terminal, manager));
	assert_false(ends(remote, manager));
	assert_false(ends(named(""), named("")));
}

/* ---- what systemd is asked ---------------------------------------------------------------- */

static void expect_stops(struct units_name unit, const char *expected)
{
	_cleanup_(units_free_list) struct units_list list = {0};
	char text[512] = "";

	assert_int_equal(units_find_stops(units, &unit, &list, &message), 0);
	for (size_t i = 0; i < list.n; i++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? " " : "",
			list.units[i].name, list.units[i].display_manager ? "!" : "");
		assert_int_equal(list.units[i].of_user, unit.of_user);
	}
	assert_string_equal(text, expected);
}

static void test_active(void **state)
{
	struct units_name unit = named("gdm.service"), other = named("absent.service");
	struct units_name sound = of_user("pipewire.service", 1000);

	put("gdm.service", true);
	put("pipewire.service", false);
	assert_int_equal(units_is_active(units, &unit, &message), 1);
	assert_int_equal(units_is_active(units, &other, &message), 0);
	assert_int_equal(units_is_active(units, &sound, &message), 0);
	find("pipewire.service")->runs = true;
	assert_int_equal(units_is_active(units, &sound, &message), 1);
	sound.uid = 1001; /* is not logged in */
	assert_int_equal(units_is_active(units, &sound, &message), 0);
	assert_string_equal(message.text, "");
}

static void test_stops(void **state)
{
	strcpy(put("gdm.service", true)->alias, "display-manager.service");
	expect_stops(named(UNITS_DISPLAY_MANAGER), "gdm.service!");
	expect_stops(named("gdm.service"), "gdm.service!");
	expect_stops(named("absent.service"), "");
	put("pipewire.service", true);
	strcpy(find("pipewire.service")->triggered_by, "pipewire.socket manual.socket");
	strcpy(find("pipewire.service")->bound_by,
		"wireplumber.service pipewire-pulse.service session.target off.service");
	put("pipewire.socket", true);
	put("manual.socket", false);
	put("wireplumber.service", true);
	put("off.service", false);
	strcpy(put("pipewire-pulse.service", true)->triggered_by,
		"pipewire-pulse.socket");
	put("pipewire-pulse.socket", true);
	expect_stops(of_user("pipewire.service", 1000),
		"pipewire-pulse.service wireplumber.service pipewire.service "
		"pipewire.socket pipewire-pulse.socket");
	expect_stops(of_user("pipewire.service", 1001), "");
	find("pipewire.service")->runs = false;
	expect_stops(of_user("pipewire.service", 1000), "");
	assert_string_equal(systemd->log, "");
}

/* Units that need each other end. */
static void test_circle(void **state)
{
	strcpy(put("a.service", true)->bound_by, "b.service");
	strcpy(put("b.service", true)->bound_by, "a.service");
	expect_stops(named("a.service"), "b.service a.service");
}

static void test_session(void **state)
{
	const struct units_name session = {.name = "session-2.scope", .uid = 1000};
	_cleanup_(units_free_list) struct units_list list = {0};

	put("session-2.scope", true);
	put("getty@tty1.service", true)->main_pid = 70;
	put("weston.service", true)->main_pid = 71;
	put("other.service", true)->main_pid = 72;
	put("gone.service", true)->main_pid = 73;
	fake_put("proc/70/cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n");
	fake_put("proc/71/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n");
	fake_put("proc/72/cgroup", "0::/system.slice/other.service\n");
	expect_stops(session, "session-2.scope");
	fake_put("proc/71/cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n");
	expect_stops(session, "weston.service");
	assert_int_equal(units_find_stops(units, &session, &list, &message), 0);
	assert_true(units_end_with(&session, &list));
}

static void test_essential(void **state)
{
	_cleanup_(units_free_list) struct units_list list = {0};
	struct units_name unit = named("dbus.service");

	put("dbus.service", true);
	assert_int_equal(units_find_stops(units, &unit, &list, &message), -EPERM);
	assert_int_equal(units_stop(units, &unit, 1000, &message), -EPERM);
	assert_non_null(strstr(message.text, "dbus.service cannot be stopped"));
	assert_string_equal(systemd->log, "");
}

static void test_stop(void **state)
{
	struct units_name unit = of_user("pipewire.service", 1000);

	strcpy(put("pipewire.service", true)->triggered_by, "pipewire.socket");
	put("pipewire.socket", true);
	assert_int_equal(units_stop(units, &unit, 5000, &message), 0);
	assert_string_equal(systemd->log,
		"stop pipewire.socket replace\nstop pipewire.service replace\n");
	assert_false(find("pipewire.service")->runs);
	/* Again, and one that nobody knows, and of somebody who has left. */
	assert_int_equal(units_stop(units, &unit, 5000, &message), 0);
	unit = named("absent.service");
	assert_int_equal(units_stop(units, &unit, 5000, &message), 0);
	unit = of_user("pipewire.service", 1001);
	assert_int_equal(units_stop(units, &unit, 5000, &message), 0);
	assert_string_equal(message.text, "");
}

static void expect_no_stop(enum behaviour behaviour, int error, const char *text)
{
	struct units_name unit = named("gdm.service");

	find("gdm.service")->behaviour = behaviour;
	message = (struct message){0};
	assert_int_equal(units_stop(units, &unit, 300, &message), error);
	assert_non_null(strstr(message.text, text));
}

static void test_no_stop(void **state)
{
	uint64_t before = child_now();

	put("gdm.service", true);
	expect_no_stop(HANGS, -ETIMEDOUT, "gdm.service did not stop within");
	assert_within(child_now() - before, 300, 5000);
	expect_no_stop(FAILS, -EIO, "gdm.service did not stop (failed)");
	assert_string_equal(message.remedy, "see 'journalctl -u gdm.service'");
	expect_no_stop(
		COMES_BACK, -EBUSY, "gdm.service was stopped and is running again");
	/* The job that was given up has an end all the same, which is not this one's. */
	expect_no_stop(PLAIN, 0, "");
}

/* systemd goes away: no wait for ever, and no "done". */
static void test_lost(void **state)
{
	struct units_name unit = named("gdm.service");

	put("gdm.service", true)->behaviour = IS_LOST;
	assert_true(units_stop(units, &unit, 5000, &message) < 0);
	assert_non_null(strstr(message.text, "cannot stop gdm.service"));
}

/* systemd executes itself again: what is undone for that reaches the new one. */
static void test_back(void **state)
{
	struct units_name gdm = named("gdm.service"), sddm = named("sddm.service");

	put("gdm.service", true)->behaviour = IS_LOST;
	put("sddm.service", false)->type = "notify";
	assert_true(units_stop(units, &gdm, 5000, &message) < 0);
	assert_int_equal(units_start(units, &sddm, 5000, &message), 0);
	assert_true(find("sddm.service")->runs);
}

/* A user logs out when the display manager stops: whose sound was stopped gets it at the next login. */
static void test_left(void **state)
{
	struct units_name sound = of_user("pipewire.service", 1000);

	put("pipewire.service", true);
	assert_int_equal(units_stop(units, &sound, 5000, &message), 0);
	kill(players[1], SIGKILL);
	waitpid(players[1], NULL, 0);
	assert_int_equal(units_is_active(units, &sound, &message), 0);
	assert_int_equal(units_start(units, &sound, 5000, &message), -ENXIO);
	assert_string_equal(message.text, "pipewire.service: user 1000 is not logged in");
	fake_remove("run/user/1000/systemd/private");
	players[1] = play("run/user/1000/systemd/private");
	assert_int_equal(units_start(units, &sound, 5000, &message), 0);
}

/* ^C is heard at once; one that was taken, such as what an undo is for, does not count. */
static void test_signal(void **state)
{
	struct units_name unit = named("gdm.service");
	sigset_t set, old;
	pid_t pid;

	put("gdm.service", true)->behaviour = HANGS;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		kill(getppid(), SIGTERM);
		_exit(0);
	}
	assert_int_equal(units_stop(units, &unit, 20000, &message), -EINTR);
	waitpid(pid, NULL, 0);
	assert_int_equal(run_take_signal(), SIGTERM);
	find("gdm.service")->behaviour = PLAIN;
	assert_int_equal(units_stop(units, &unit, 20000, &message), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_start(void **state)
{
	struct units_name unit = named("gdm.service");

	put("gdm.service", false);
	assert_int_equal(units_start(units, &unit, 5000, &message), 0);
	assert_string_equal(
		systemd->log, "reset gdm.service\nstart gdm.service replace\n");
	assert_int_equal(units_start(units, &unit, 5000, &message), 0);
	assert_null(strstr(strchr(systemd->log, 's') + 20, "reset")); /* it runs */
	find("gdm.service")->runs = false;
	find("gdm.service")->behaviour = FAILS;
	assert_int_equal(units_start(units, &unit, 5000, &message), -EIO);
	assert_string_equal(message.text, "gdm.service did not start (failed)");
	/* systemd says yes, and it has ended already. */
	find("gdm.service")->behaviour = COMES_BACK;
	assert_int_equal(units_start(units, &unit, 5000, &message), -EIO);
	assert_string_equal(message.text, "gdm.service was started and does not run");
	unit = of_user("pipewire.service", 1001);
	assert_int_equal(units_start(units, &unit, 5000, &message), -ENXIO);
	assert_string_equal(message.text, "pipewire.service: user 1001 is not logged in");
	unit = named("session-2.scope");
	assert_int_equal(units_start(units, &unit, 5000, &message), -ENOTSUP);
	assert_string_equal(message.remedy, "log in again");
	unit = of_user("app-game-1.scope", 1000);
	assert_int_equal(units_start(units, &unit, 5000, &message), -ENOTSUP);
	assert_string_equal(message.remedy, "start it by hand");
}

/* Starts it, and how long it takes to know whether it stays; at most @watch_ms. */
static uint64_t watch(const struct units_name *unit, unsigned watch_ms, int result)
{
	uint64_t before;

	message = (struct message){0};
	find(unit->name)->runs = false;
	find(unit->name)->looks = 0;
	assert_int_equal(units_start(units, unit, 5000, &message), 0);
	before = child_now();
	assert_int_equal(units_watch(units, watch_ms, &message), result);
	return child_now() - before;
}

#define LONG 60000 /* that nobody waits for */

/* Anew: what was started before is not looked at again. */
static void open_again(void)
{
	units_close(&units);
	assert_int_equal(units_open(&root, &units, &message), 0);
}

static void test_keeps_running(void **state)
{
	const struct units_name sddm = named("sddm.service");
	const struct units_name pipewire = of_user("pipewire.service", 1000);

	assert_int_equal(units_watch(units, LONG, &message), 0);
	put("sddm.service", false);
	assert_within(watch(&sddm, 300, 0), 200, 5000);
	/* What says itself that it is ready needs no look, and what ran before neither. */
	open_again();
	find("sddm.service")->type = "notify";
	assert_true(watch(&sddm, LONG, 0) < 5000);
	find("sddm.service")->type = "simple";
	assert_int_equal(units_start(units, &sddm, 5000, &message), 0);
	assert_int_equal(units_watch(units, LONG, &message), 0);
	put("pipewire.service", false)->behaviour = ENDS;
	assert_true(watch(&pipewire, LONG, -EIO) < 5000);
	assert_string_equal(
		message.text, "pipewire.service ended soon after its start (exit-code)");
	assert_string_equal(
		message.remedy, "see 'journalctl --user-unit pipewire.service'");
}

/* systemd has started it again: it runs, and shows nothing. */
static void test_restart_loop(void **state)
{
	const struct units_name sddm = named("sddm.service");

	put("sddm.service", false)->behaviour = LOOPS;
	find("sddm.service")->type = "dbus";
	strcpy(find("sddm.service")->alias, UNITS_DISPLAY_MANAGER);
	assert_true(watch(&sddm, LONG, -EIO) < 5000);
	assert_string_equal(message.text,
		"sddm.service ended soon after its start (exit-code), and systemd starts it "
		"again");
	assert_string_equal(message.remedy, "see 'journalctl -u sddm.service'");
}

static void test_run(void **state)
{
	static const char *const argv[] = {"/usr/bin/vfioboot", "release", "gpu", NULL};
	struct units_program program = {"vfioboot-release", "Give it back", argv, 0};

	assert_int_equal(units_run(units, &program, &message), 0);
	assert_string_equal(systemd->log,
		"vfioboot-release.service fail Description Give it back Type exec "
		"CollectMode inactive-or-failed ExecStart /usr/bin/vfioboot "
		"/usr/bin/vfioboot release gpu 0 ");
	systemd->log[0] = '\0';
	program.after_s = 600;
	assert_int_equal(units_run(units, &program, &message), 0);
	assert_string_equal(systemd->log,
		"vfioboot-release.timer fail Description Give it back TimersMonotonic "
		"OnActiveSec 600000000 AccuracyUSec 1000000 RemainAfterElapse 0 "
		"vfioboot-release.service Description Give it back Type exec CollectMode "
		"inactive-or-failed ExecStart /usr/bin/vfioboot /usr/bin/vfioboot "
		"release gpu 0 ");
	put("vfioboot-release.timer", true);
	systemd->log[0] = '\0';
	assert_int_equal(units_run(units, &program, &message), -EEXIST);
	systemd->log[0] = '\0';
	assert_int_equal(units_cancel(units, "vfioboot-release", &message), 0);
	assert_string_equal(systemd->log,
		"stop vfioboot-release.timer replace\n"
		"stop vfioboot-release.service replace\n");
	/* What it has started waits for a guest; but it may be the one that asks. */
	put("vfioboot-release.service", true);
	fake_put("proc/self/cgroup", "0::/system.slice/vfioboot-release.service\n");
	systemd->log[0] = '\0';
	assert_int_equal(units_cancel(units, "vfioboot-release", &message), 0);
	assert_null(strstr(systemd->log, "vfioboot-release.service"));
	fake_put("proc/self/cgroup", "0::/system.slice/ssh.service\n");
	assert_int_equal(units_cancel(units, "vfioboot-release", &message), 0);
	assert_non_null(strstr(systemd->log, "stop vfioboot-release.service replace\n"));
}

static void test_no_systemd(void **state)
{
	_cleanup_(root_close) struct root bare;
	struct units *none = NULL;

	bare = fake_open();
	assert_int_equal(units_open(&bare, &none, &message), -ENOTSUP);
	assert_non_null(strstr(message.text, "runs without systemd"));
	assert_non_null(strstr(message.remedy, "by hand"));
	fake_dir("run/systemd/system");
	assert_int_equal(units_open(&bare, &none, &message), -ENOENT);
	assert_non_null(strstr(message.text, "cannot connect to systemd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_no_cgroups),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_own_end),
		cmocka_unit_test_setup_teardown(test_active, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_essential, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keeps_running, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_restart_loop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_run, set_up, tear_down),
		ROOT_TEST(test_no_systemd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
