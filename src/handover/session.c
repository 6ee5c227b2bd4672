/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From who has a display or sound open to the unit that is stopped for it. */
#include "session.h"

#include "base/base.h"

static bool is_sound(const struct holders_one *holder)
{
	return strstr(holder->node, "/snd/");
}

/* Other nodes are for computing as well: what has only those is no session. */
static bool is_display(const struct holders_one *holder)
{
	return strstr(holder->node, "/dri/card") || strstr(holder->node, "/fb") ||
		strstr(holder->node, "/nvidia-modeset");
}

bool session_has(const struct holders_one *holder)
{
	return (holder->kind == HOLDERS_OPEN || holder->kind == HOLDERS_MAPPED) &&
		(is_sound(holder) || is_display(holder)) &&
		(*holder->unit.name || holder->broker);
}

/* A service of the system that nobody has logged in to, such as a compositor of a kiosk. */
static bool is_service(const struct units_name *unit)
{
	return !unit->of_user && !unit->uid && !units_is_session(unit);
}

void session_unit(const struct holders_one *holder, bool manages, struct units_name *ret)
{
	*ret = holder->unit;
	if (is_sound(holder) && !units_is_session(&holder->unit) && !holder->broker)
		return;
	if (!holder->broker && is_service(&holder->unit))
		return;
	if (manages) {
		*ret = (struct units_name){0};
		strcpy(ret->name, UNITS_DISPLAY_MANAGER);
	} else if (holder->broker) {
		*ret = (struct units_name){0};
	}
}
