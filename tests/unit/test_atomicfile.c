/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files below a root are replaced and removed as a whole, and never outside of it. */
#include "../../src/host/atomicfile.h"

#include <errno.h>
#include <sys/stat.h>

#include "support.h"

static struct sysfs_root root;

static int set_up(void **state)
{
	fake_set_up(state);
	root = fake_open();
	return 0;
}

static int tear_down(void **state)
{
	sysfs_root_close(&root);
	return fake_tear_down(state);
}

static int write_text(const char *path, const char *text)
{
	return atomicfile_write_below(&root, path, text, strlen(text));
}

static bool count_name(void *data, const char *name)
{
	unsigned *n = data;

	*n += strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
	return true;
}

static unsigned names_in(const char *dir)
{
	unsigned n = 0;

	assert_int_equal(sysfs_root_each_name(&root, dir, count_name, &n), 0);
	return n;
}

static void test_directories_are_made(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(write_text("/etc/vfioboot.conf.d/gpu.conf", "one"), 0);
	assert_string_equal(fake_read("etc/vfioboot.conf.d/gpu.conf"), "one");
	assert_int_equal(write_text("/etc/vfioboot.conf.d/gpu.conf", "two"), 0);
	assert_string_equal(fake_read("etc/vfioboot.conf.d/gpu.conf"), "two");
	assert_int_equal(write_text("/top", "three"), 0);
	assert_string_equal(fake_read("top"), "three");
	assert_int_equal(names_in("/etc/vfioboot.conf.d"), 1);
	assert_int_equal(stat(fake_path("etc/vfioboot.conf.d/gpu.conf"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void test_only_regular_files(void **state)
{
	(void)state;
	fake_dir("etc/dir");
	fake_link("etc/link", "target");
	fake_put("etc/target", "old");
	assert_int_equal(write_text("/etc/dir", "x"), -ENOTSUP);
	assert_int_equal(write_text("/etc/link", "x"), -ENOTSUP);
	assert_int_equal(atomicfile_remove_below(&root, "/etc/link"), -ENOTSUP);
	assert_int_equal(atomicfile_remove_below(&root, "/etc/dir"), -ENOTSUP);
	assert_int_equal(write_text("/etc/", "x"), -EISDIR);
	assert_string_equal(fake_read("etc/target"), "old");
	assert_int_equal(names_in("/etc"), 3);
}

static void test_remove(void **state)
{
	(void)state;
	fake_put("etc/a", "old");
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), 0);
	assert_int_equal(names_in("/etc"), 0);
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), -ENOENT);
	assert_int_equal(atomicfile_remove_below(&root, "/none/a"), -ENOENT);
}

/* A link of the tree starts at the tree's own root. */
static void test_links_lead_to_nothing_outside(void **state)
{
	(void)state;
	fake_dir("real");
	fake_link("etc", "/real");
	assert_int_equal(write_text("/etc/file", "x"), 0);
	assert_string_equal(fake_read("real/file"), "x");
	fake_link("out", "../../../../../../tmp/none-of-this/dir");
	assert_true(write_text("/out/file", "x") < 0);
}

/* What a process that was killed left does not stand in the way, nor stay. */
static void test_leftovers(void **state)
{
	(void)state;
	fake_put("etc/.a.vfioboot-new", "half");
	assert_int_equal(write_text("/etc/a", "whole"), 0);
	assert_string_equal(fake_read("etc/a"), "whole");
	assert_int_equal(names_in("/etc"), 1);
	fake_put("etc/.a.vfioboot-new", "half");
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), 0);
	assert_int_equal(names_in("/etc"), 0);
	fake_put("etc/.a.vfioboot-new", "half");
	assert_int_equal(atomicfile_remove_below(&root, "/etc/a"), -ENOENT);
	assert_int_equal(names_in("/etc"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_directories_are_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_only_regular_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_remove, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_links_lead_to_nothing_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leftovers, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
