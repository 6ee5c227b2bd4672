/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which unit a process is in, by its control group, and what kind of unit that is. */
#include "units.h"

#include <systemd/sd-login.h>

/* ---- Lists ------------------------------------------------------------------------------ */

bool units_equal(const struct units_name *a, const struct units_name *b)
{
	return strcmp(a->name, b->name) == 0 && a->of_user == b->of_user &&
		(!a->of_user || a->uid == b->uid);
}

int units_add(struct units_list *list, const struct units_name *unit)
{
	struct units_name *added;

	for (size_t i = 0; i < list->n; i++)
		if (units_equal(&list->units[i], unit))
			return 0;
	added = LIST_ADD(list->units, list->n);
	if (added)
		*added = *unit;
	return added ? 0 : -ENOMEM;
}

void units_free_list(struct units_list *list)
{
	free(list->units);
	*list = (struct units_list){0};
}

/* ---- Control groups --------------------------------------------------------------------- */

/* Kinds of units that have processes, but for slices. */
static bool has_processes(const char *name)
{
	static const char *const ends[] = {
		".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (text_ends_with(name, ends[i]))
			return true;
	return false;
}

/* The number between @start and @end in the whole of @name: "user-1000.slice". */
static bool take_uid(const char *name, const char *start, const char *end, uid_t *ret)
{
	char rest[16] = "";
	unsigned uid;

	if (!text_begins_with(name, start) ||
		sscanf(name + strlen(start), "%u%15s", &uid, rest) != 2 ||
		strcmp(rest, end) != 0)
		return false;
	*ret = uid;
	return true;
}

/*
 * The first unit on the path at *@path, behind the slices that it is in, by which the user of a
 * session is known.  *@path is moved behind it.  A leading '_' makes a name unlike the kernel's own
 * files (cg_escape() in src/basic/cgroup-util.c of systemd).
 */
static bool take_unit(const char **path, struct units_name *ret)
{
	for (;;) {
		const char *start = *path + strspn(*path, "/");
		size_t len = strcspn(start, "/\n");
		char name[UNITS_NAME_SIZE];

		if (len && *start == '_')
			start++, len--;
		if (!len || !copy_text(name, sizeof(name), start, len))
			return false;
		*path = start + len;
		take_uid(name, "user-", ".slice", &ret->uid);
		if (text_ends_with(name, ".slice"))
			continue;
		strcpy(ret->name, name);
		return has_processes(name);
	}
}

/* The unit on the path of the hierarchy whose line goes on with @start behind its number. */
static bool find_unit(const char *text, const char *start, struct units_name *ret,
	struct units_name *ret_inner)
{
	for (const char *line = text; *line; line = text_next_line(line)) {
		const char *path = strchr(line, ':');

		if (!path || !text_begins_with(path, start))
			continue;
		path += strlen(start);
		*ret = (struct units_name){0};
		if (!take_unit(&path, ret))
			return false;
		if (!take_uid(ret->name, "user@", ".service", &ret->uid) ||
			!take_unit(&path, ret_inner))
			ret_inner->name[0] = '\0';
		return true;
	}
	return false;
}

/* Lines are "1:name=systemd:PATH" of systemd's own hierarchy, and "0::PATH" of the new one. */
void units_parse_cgroup(const char *text, struct units_name *ret)
{
	struct units_name unit = {0}, inner = {0};

	*ret = (struct units_name){0};
	if (!find_unit(text, ":name=systemd:", &unit, &inner) &&
		!find_unit(text, "::", &unit, &inner))
		return;
	if (*inner.name) {
		inner.of_user = true;
		inner.uid = unit.uid;
		unit = inner;
	}
	*ret = unit;
}

int units_of_self(const struct root *root, struct units_name *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(root, TREE_OWN_CGROUP, &text, NULL);

	if (r == 0)
		units_parse_cgroup(text, ret);
	return r;
}

/* ---- What units are --------------------------------------------------------------------- */

bool units_is_session(const struct units_name *unit)
{
	return !unit->of_user && text_begins_with(unit->name, "session-") &&
		text_ends_with(unit->name, ".scope");
}

bool units_can_start(const struct units_name *unit)
{
	return !text_ends_with(unit->name, ".scope");
}

bool units_is_broker(const struct units_name *unit)
{
	static const char *const brokers[] = {"systemd-logind.service", "seatd.service",
		"elogind.service", "init.scope"};

	return !unit->of_user && text_is_one_of(unit->name, brokers, ARRAY_SIZE(brokers));
}

bool units_is_essential(const struct units_name *unit)
{
	static const char *const names[] = {"init.scope", "-.slice", "-.mount",
		"dbus.service", "dbus.socket", "dbus-broker.service", "libvirtd.service",
		"virtqemud.service", "ssh.service", "sshd.service"};
	static const char *const starts[] = {"systemd-", "user@", "user-runtime-dir@"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (text_begins_with(unit->name, starts[i]))
			return true;
	return text_is_one_of(unit->name, names, ARRAY_SIZE(names));
}

/* A session on a display of this machine, which may be the display manager's. */
static bool is_local_session(const struct units_name *unit)
{
	_cleanup_free_ char *type = NULL;
	char id[UNITS_NAME_SIZE];

	if (!units_is_session(unit))
		return false;
	text_join(id, sizeof(id), unit->name + strlen("session-"), NULL);
	id[strlen(id) - strlen(".scope")] = '\0';
	return sd_session_get_type(id, &type) >= 0 &&
		(strcmp(type, "wayland") == 0 || strcmp(type, "x11") == 0 ||
			strcmp(type, "mir") == 0);
}

bool units_end_with(const struct units_name *own, const struct units_list *stopped)
{
	for (size_t i = 0; own->name[0] && i < stopped->n; i++) {
		const struct units_name *unit = &stopped->units[i];

		if (units_equal(own, unit) ||
			(!own->of_user && *own->name &&
				strcmp(own->name, unit->session) == 0))
			return true;
		if (unit->display_manager && (own->of_user || is_local_session(own)))
			return true;
		if (own->of_user && (units_is_session(unit) || *unit->session) &&
			own->uid == unit->uid)
			return true;
	}
	return false;
}
