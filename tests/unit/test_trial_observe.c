/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service manager says in a trial's boot. */
#include <string.h>

#include "support.h"
#include "trial/private.h"

static void test_manager(void **state)
{
	struct trial_sight sight = {0};

	trial_parse_manager("NRestarts=2\nActiveState=active\n"
			    "ActiveEnterTimestampMonotonic=41000999\n",
		50000, &sight);
	assert_true(sight.manager_runs);
	assert_int_equal(sight.manager_ms, 9000);
	assert_int_equal(sight.manager_restarts, 2);
	trial_parse_manager("ActiveState=reloading\nNRestarts=0\n"
			    "ActiveEnterTimestampMonotonic=1000000",
		50000, &sight);
	assert_true(sight.manager_runs);
	assert_int_equal(sight.manager_ms, 49000);
	assert_int_equal(sight.manager_restarts, 0);
}

/* The time of the last activation stays when it is over. */
static void test_manager_that_does_not_run(void **state)
{
	static const char *const texts[] = {"", "ActiveState=", "ActiveState\n",
		"ActiveState=activating\nActiveEnterTimestampMonotonic=1000000\n",
		"ActiveState=inactive\nActiveEnterTimestampMonotonic=1000000\n",
		"SubActiveState=active\nActiveEnterTimestampMonotonic=1000000\n",
		"ActiveState=active-not\nActiveEnterTimestampMonotonic=1000000\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct trial_sight sight = {.manager_runs = true};

		trial_parse_manager(texts[i], 50000, &sight);
		assert_false(sight.manager_runs);
		assert_int_equal(sight.manager_ms, 0);
	}
}

/* What is not known is not long enough. */
static void test_manager_of_unknown_age(void **state)
{
	static const char *const texts[] = {"ActiveState=active\n",
		"ActiveState=active\nActiveEnterTimestampMonotonic=0\n",
		"ActiveState=active\nActiveEnterTimestampMonotonic=60000000\n"};
	struct trial_sight sight;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		trial_parse_manager(texts[i], 50000, &sight);
		assert_true(sight.manager_runs);
		assert_int_equal(sight.manager_ms, 0);
	}
}

static void test_jobs(void **state)
{
	char units[64];

	trial_parse_jobs("  12 a.service start running\n"
			 "   3 b.target start waiting\n"
			 "1234 dev-disk-by\\x2did-x.device start running\n"
			 "   4 c.service stop running\n",
		units, sizeof(units));
	assert_string_equal(units, "a.service, dev-disk-by\\x2did-x.device");
	trial_parse_jobs("", units, sizeof(units));
	assert_string_equal(units, "");
	trial_parse_jobs("No jobs running.\n", units, sizeof(units));
	assert_string_equal(units, "");
	trial_parse_jobs(
		"1 a.service start running\n2 b.service start running", units, 14);
	assert_string_equal(units, "a.service, b.");
}

static void test_unit_that_pid_1_is_to_start(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();
	struct trial_sight sight;

	trial_observe(&root, &sight);
	assert_string_equal(sight.unit, "default.target");
	fake_put("proc/cmdline", "ro systemd.unit=kiosk.target\n");
	trial_observe(&root, &sight);
	assert_string_equal(sight.unit, "kiosk.target");
	assert_false(sight.target_reached);
	/* What cannot be read is not the default: nothing has been reached then. */
	fake_remove("proc/cmdline");
	fake_dir("proc/cmdline");
	trial_observe(&root, &sight);
	assert_string_equal(sight.unit, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_manager),
		cmocka_unit_test(test_manager_that_does_not_run),
		cmocka_unit_test(test_manager_of_unknown_age),
		ROOT_TEST(test_unit_that_pid_1_is_to_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
