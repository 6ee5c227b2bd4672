/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in files that shells read, and files of any size. */
#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "support.h"

static unsigned opens; /* by openat2(2) ... */
static int refusals;   /* ... of which the next so many fail, */
static int refusal;    /* so */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long arguments[4];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	opens += number == SYS_openat2;
	if (number == SYS_openat2 && refusals > 0) {
		refusals--;
		errno = refusal;
		return -1;
	}
	return __real_syscall(
		number, arguments[0], arguments[1], arguments[2], arguments[3]);
}

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

/* What is missing is looked for once; who mounts or renames meanwhile makes it try again. */
static void test_open(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	fake_put("dir/file", "x");
	fake_link("absolute", "/dir/file");
	fake_link("relative", "dir/../dir/file");
	opens = 0;
	assert_false(file_exists(&root, "missing"));
	assert_true(file_exists(&root, "absolute"));
	assert_int_equal(opens, 2);
	refusal = EAGAIN;
	refusals = 3;
	assert_true(file_exists(&root, "relative"));
	assert_int_equal(opens, 6);
}

/* Old kernels, and sandboxes: a link leads to nothing outside. */
static void test_open_without_openat2(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	fake_put("dir/file", "x");
	fake_link("relative", "dir/../dir/file");
	fake_link("outside", "/proc/self/status");
	fake_link("above", "../../../../../../../../proc/self/status");
	for (int i = 0; i < 2; i++) {
		refusal = i ? EPERM : ENOSYS;
		refusals = 4;
		assert_true(file_exists(&root, "relative"));
		assert_false(file_exists(&root, "outside"));
		assert_false(file_exists(&root, "above"));
		assert_false(file_exists(&root, "missing"));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		ROOT_TEST(test_read),
		ROOT_TEST(test_list_paths),
		ROOT_TEST(test_open),
		ROOT_TEST(test_open_without_openat2),
	};

	return cmocka_run_group_tests_name("hostfile", tests, NULL, NULL);
}
