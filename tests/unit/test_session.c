/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which unit is stopped for who has a display or sound open. */
#include "handover/session.h"

#include "base/base.h"
#include "support.h"

static const char manager[] = UNITS_DISPLAY_MANAGER;

static const struct {
	const char *node, *unit;
	bool of_user;
	uid_t uid;
	bool broker;
	/* The unit with a display manager, and without. */
	const char *managed, *unmanaged;
} rows[] = {
	/* The server of a session, and its compositor, whichever manager started it. */
	{"/dev/dri/card1", "session-2.scope", false, 1000, false, manager,
		"session-2.scope"},
	{"/dev/dri/card1", "org.gnome.Shell@wayland.service", true, 1000, false, manager,
		"org.gnome.Shell@wayland.service"},
	/* The server of the display manager itself. */
	{"/dev/dri/card1", "gdm.service", false, 0, false, "gdm.service", "gdm.service"},
	{"/dev/dri/card1", "weston.service", false, 0, false, "weston.service",
		"weston.service"},
	{"/dev/snd/pcmC1D3p", "pipewire.service", true, 1000, false, "pipewire.service",
		"pipewire.service"},
	{"/dev/snd/controlC1", "mpd.service", false, 0, false, "mpd.service",
		"mpd.service"},
	{"/dev/snd/controlC1", "session-2.scope", false, 1000, false, manager,
		"session-2.scope"},
	/* Who keeps it open for a session is not stopped. */
	{"/dev/dri/card1", "systemd-logind.service", false, 0, true, manager, ""},
};

static void test_units(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct holders_one holder = {.kind = HOLDERS_OPEN,
			.broker = rows[i].broker,
			.unit = {.of_user = rows[i].of_user, .uid = rows[i].uid}};
		struct units_name unit;

		strcpy(holder.node, rows[i].node);
		strcpy(holder.unit.name, rows[i].unit);
		assert_true(session_has(&holder));
		session_unit(&holder, true, &unit);
		assert_string_equal(unit.name, rows[i].managed);
		session_unit(&holder, false, &unit);
		assert_string_equal(unit.name, rows[i].unmanaged);
	}
}

/* What computes on a card, a guest, and what has no unit is no session. */
static void test_others(void **state)
{
	struct holders_one holder = {
		.kind = HOLDERS_OPEN, .unit = {.name = "ollama.service"}};

	strcpy(holder.node, "/dev/dri/renderD128");
	assert_false(session_has(&holder));
	strcpy(holder.node, "/dev/nvidia0");
	assert_false(session_has(&holder));
	strcpy(holder.node, "/dev/nvidia-modeset");
	assert_true(session_has(&holder));
	strcpy(holder.node, "/dev/vfio/12");
	assert_false(session_has(&holder));
	strcpy(holder.node, "/dev/dri/card1");
	assert_true(session_has(&holder));
	holder.unit.name[0] = '\0';
	assert_false(session_has(&holder));
	strcpy(holder.unit.name, "x.service");
	holder.kind = HOLDERS_VIRTUAL;
	assert_false(session_has(&holder));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
