/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which unit a kernel command line has PID 1 start. */
#include <stdio.h>
#include <string.h>

#include "support.h"
#include "trial/private.h"

static void expect_unit(const char *cmdline, const char *unit)
{
	char found[TRIAL_UNIT_SIZE];

	trial_unit_of_cmdline(cmdline, found);
	assert_string_equal(found, unit);
}

static void test_nothing_is_asked_for(void **state)
{
	static const char *const cmdlines[] = {"", "\n",
		"BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet\n",
		/* For the initramfs. */
		"rd.systemd.unit=rescue.target rd.emergency rd.rescue",
		"rd.emergency=reboot",
		/* What systemd does not take for a unit. */
		"systemd.unit", "systemd.unit=", "systemd.unit=multi-user",
		"systemd.unit=.target", "systemd.unit=a@.service",
		"systemd.unit=@a.service", "systemd.unit=a/b.target",
		"systemd.unit=a.conf",
		/* Other words and parameters. */
		"single=1 s= 3=3 6 0 singles -x sysctl.s systemd.units=rescue.target",
		"foo=\"a single word\""};

	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++)
		expect_unit(cmdlines[i], "default.target");
}

static void test_unit(void **state)
{
	expect_unit("ro systemd.unit=multi-user.target quiet", "multi-user.target");
	expect_unit("systemd.unit=getty@tty1.service\n", "getty@tty1.service");
	expect_unit("systemd.unit=\"kiosk.target\"", "kiosk.target");
	expect_unit("systemd.unit=a.b.target", "a.b.target");
}

static void test_runlevels(void **state)
{
	static const char *const words[][2] = {{"1", "rescue.target"},
		{"s", "rescue.target"}, {"S", "rescue.target"}, {"-s", "rescue.target"},
		{"single", "rescue.target"}, {"rescue", "rescue.target"},
		{"2", "multi-user.target"}, {"3", "multi-user.target"},
		{"4", "multi-user.target"}, {"5", "graphical.target"},
		{"emergency", "emergency.target"}, {"-b", "emergency.target"}};
	char cmdline[64];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		snprintf(cmdline, sizeof(cmdline), "ro %s quiet", words[i][0]);
		expect_unit(cmdline, words[i][1]);
	}
}

static void test_the_last_one_counts(void **state)
{
	expect_unit("single systemd.unit=kiosk.target", "kiosk.target");
	expect_unit("systemd.unit=kiosk.target 3", "multi-user.target");
	expect_unit("systemd.unit=kiosk.target systemd.unit=nonsense", "kiosk.target");
	/* systemd reads on where the kernel hands over. */
	expect_unit("3 -- single", "rescue.target");
	expect_unit("3 -- -- 5 --", "graphical.target");
	expect_unit("3 \"--\" 5", "graphical.target");
	expect_unit("3 --", "multi-user.target");
}

/* A name that is too long is none. */
static void test_long_names(void **state)
{
	char cmdline[400] = "systemd.unit=";

	memset(cmdline + strlen(cmdline), 'a', 248);
	strcat(cmdline, ".target");
	expect_unit(cmdline, cmdline + strlen("systemd.unit="));
	strcpy(cmdline, "systemd.unit=");
	memset(cmdline + strlen(cmdline), 'a', 249);
	cmdline[strlen("systemd.unit=") + 249] = '\0';
	strcat(cmdline, ".target");
	expect_unit(cmdline, "default.target");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_asked_for),
		cmocka_unit_test(test_unit),
		cmocka_unit_test(test_runlevels),
		cmocka_unit_test(test_the_last_one_counts),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
