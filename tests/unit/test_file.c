/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in files that shells read, and files of any size. */
#include "base/base.h"

#include <errno.h>
#include <sys/stat.h>

#include "support.h"

static void check_value(const char *text, const char *expected)
{
	_cleanup_free_ char *value = text_value(text, "KEY");

	if (!expected)
		assert_null(value);
	else
		assert_string_equal(value, expected);
}

static void test_value(void **state)
{
	check_value("KEY=a b\n", "a");
	check_value("\n  KEY='a b' # c\n", "a b");
	check_value("KEY=\"a b\"", "a b");
	check_value("KEY=\"not closed\nX=1", "not closed");
	check_value("KEY=\n", "");
	check_value("#KEY=a\nMYKEY=b\nKEYS=c\nKEY b\n", NULL);
	/* As for a shell, the last one counts. */
	check_value("KEY=a\nX=1\nKEY=b", "b");
	assert_string_equal(text_find_value("KEY=('a'\n'b')\n", "KEY"), "('a'\n'b')\n");
}

static void test_read(void **state)
{
	struct root root = fake_open();
	char *text;
	size_t size;

	fake_put_bytes("bytes", "a\0b", 3);
	assert_int_equal(file_read(&root, "/bytes", &text, &size), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(text, "a\0b", 4);
	free(text);
	/* Nobody writes into it: there is nothing to wait for. */
	assert_int_equal(mkfifo(fake_path("pipe"), 0600), 0);
	assert_int_equal(file_read(&root, "/pipe", &text, &size), 0);
	assert_int_equal(size, 0);
	free(text);
	assert_int_equal(truncate(fake_path("bytes"), (off_t)1 << 40), 0);
	assert_int_equal(file_read(&root, "/bytes", &text, &size), -EFBIG);
	fake_dir("dir");
	assert_int_equal(file_read(&root, "/dir", &text, &size), -EISDIR);
	assert_int_equal(file_read(&root, "/none", &text, &size), -ENOENT);
	root_close(&root);
}

static void check_paths(
	const struct root *root, const char *pattern, int flags, const char *expected)
{
	_cleanup_(file_free_names) struct file_names paths = {0};
	char listed[256] = "";
	size_t len = 0;

	assert_int_equal(file_list_paths(root, "/dir", pattern, flags, &paths), 0);
	for (size_t i = 0; i < paths.n; i++)
		len += text_join(
			listed + len, sizeof(listed) - len, paths.names[i], " ", NULL);
	assert_string_equal(listed, expected);
}

static void test_list_paths(void **state)
{
	struct root root = fake_open();
	struct file_names paths = {0};

	check_paths(&root, "*", 0, "");
	fake_put("dir/10.conf", "");
	fake_put("dir/9.conf", "");
	fake_put("dir/.conf", "");
	fake_put("dir/x.CONF", "");
	fake_put("dir/10.conf~", "");
	check_paths(&root, "*.conf", 0, "/dir/.conf /dir/9.conf /dir/10.conf ");
	check_paths(&root, "*.conf", FNM_PERIOD | FNM_CASEFOLD,
		"/dir/9.conf /dir/10.conf /dir/x.CONF ");
	check_paths(&root, "@(9|x)*", FNM_EXTMATCH, "/dir/9.conf /dir/x.CONF ");
	assert_int_equal(file_list_paths(&root, "/dir/9.conf", "*", 0, &paths), -ENOTDIR);
	root_close(&root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		ROOT_TEST(test_read),
		ROOT_TEST(test_list_paths),
	};

	return cmocka_run_group_tests_name("hostfile", tests, NULL, NULL);
}
