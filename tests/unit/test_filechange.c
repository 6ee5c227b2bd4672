/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that change together, or not at all. */
#include <errno.h>

#include "change/filechange.h"
#include "support.h"

static void test_apply_and_revert(void **state)
{
	_cleanup_(filechange_free) struct filechanges changes = {0};
	_cleanup_(sysfs_root_close) struct sysfs_root root = fake_open();
	const char *path;

	(void)state;
	fake_put("etc/a", "old");
	fake_put("etc/gone", "gone");
	fake_put("etc/same", "same");
	assert_int_equal(filechange_add(&changes, &root, "/etc/a", "new"), 0);
	assert_int_equal(filechange_add(&changes, &root, "/etc/more/b", "made"), 0);
	assert_int_equal(filechange_add(&changes, &root, "/etc/gone", NULL), 0);
	assert_int_equal(filechange_add(&changes, &root, "/etc/same", "same"), 0);
	assert_int_equal(filechange_add(&changes, &root, "/etc/none", NULL), 0);
	assert_int_equal(changes.n, 3);
	assert_string_equal(fake_read("etc/a"), "old");
	assert_int_equal(filechange_apply(&changes, &root, &path), 0);
	assert_string_equal(fake_read("etc/a"), "new");
	assert_string_equal(fake_read("etc/more/b"), "made");
	assert_string_equal(fake_read("etc/gone"), "");
	assert_int_equal(filechange_revert(&changes, &root), 0);
	assert_string_equal(fake_read("etc/a"), "old");
	assert_string_equal(fake_read("etc/more/b"), "");
	assert_string_equal(fake_read("etc/gone"), "gone");
}

static void test_failure_takes_all_back(void **state)
{
	_cleanup_(filechange_free) struct filechanges changes = {0};
	_cleanup_(sysfs_root_close) struct sysfs_root root = fake_open();
	const char *path = NULL;

	(void)state;
	fake_put("etc/a", "old");
	assert_int_equal(filechange_add(&changes, &root, "/etc/a", "new"), 0);
	assert_int_equal(filechange_add(&changes, &root, "/etc/b", "made"), 0);
	assert_int_equal(filechange_add(&changes, &root, "/etc/c/d", "made"), 0);
	fake_put("etc/c", "is no directory");
	assert_true(filechange_apply(&changes, &root, &path) < 0);
	assert_string_equal(path, "/etc/c/d");
	assert_string_equal(fake_read("etc/a"), "old");
	assert_string_equal(fake_read("etc/b"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_apply_and_revert, fake_set_up, fake_tear_down),
		cmocka_unit_test_setup_teardown(
			test_failure_takes_all_back, fake_set_up, fake_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
