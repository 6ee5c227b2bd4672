/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What steps took the last time: found again, for other kernels too, and forgotten in the end. */
#include <errno.h>
#include <stdio.h>

#include "change/change.h"
#include "support.h"

static struct change change;

static int tear_down(void **state)
{
	change_free(&change);
	return fake_tear_down(state);
}

static struct change_step *add(const char *program, const char *kernel)
{
	struct change_step *step = change_add(&change, &change_build, "/boot/new", NULL);

	assert_non_null(step);
	assert_int_equal(change_add_args(step, program, "-k", kernel, NULL), 0);
	step->kernel = strdup(kernel);
	return step;
}

static void expect_file(const char *expected)
{
	_cleanup_(root_close) struct root root = fake_open();
	_cleanup_free_ char *text = durations_read(&root);

	assert_string_equal(text ? text : "", expected);
}

static void remember(const struct change_step *step, unsigned seconds)
{
	_cleanup_(root_close) struct root root = fake_open();

	durations_remember(&root, step, seconds);
}

static void test_remembered(void **state)
{
	remember(add("mkinitramfs", "6.1"), DURATIONS_LEAST - 1);
	expect_file("");
	remember(add("mkinitramfs", "6.1"), 81);
	remember(add("mkinitramfs", "6.12"), 90);
	remember(add("mkinitramfs", "6.1"), 70);
	expect_file("90 run mkinitramfs -k 6.12\n70 run mkinitramfs -k 6.1\n");
}

/* Kernels come and go. */
static void test_forgotten(void **state)
{
	_cleanup_(root_close) struct root root = {.fd = -1};
	_cleanup_free_ char *text = NULL;
	unsigned lines = 0;

	for (int i = 0; i < 40; i++) {
		char kernel[16];

		snprintf(kernel, sizeof(kernel), "6.%d", i);
		remember(add("dracut", kernel), 20);
	}
	root = fake_open();
	text = durations_read(&root);
	assert_non_null(text);
	for (const char *line = text; *line; line = text_next_line(line))
		lines++;
	assert_within(lines, 30, 40);
	assert_int_equal(strncmp(text, "20 run dracut -k 6.0\n", 21) == 0, false);
	assert_int_equal(durations_expected(text, add("dracut", "6.39")), 20);
}

static void test_expected(void **state)
{
	static const char text[] = "nonsense\n"
				   "12 run dracut -k 6.1\n"
				   "81 run mkinitramfs -k 6.1\n"
				   "90 run mkinitramfs -k 6.12\n";

	assert_int_equal(durations_expected(text, add("mkinitramfs", "6.1")), 81);
	/* A new kernel: what its program took the last time. */
	assert_int_equal(durations_expected(text, add("mkinitramfs", "6.19")), 90);
	assert_int_equal(durations_expected(text, add("mkinit", "6.1")), 0);
	assert_int_equal(durations_expected(NULL, add("dracut", "6.1")), 0);
	assert_int_equal(durations_expected("", add("dracut", "6.1")), 0);
}

static void test_removed(void **state)
{
	_cleanup_(root_close) struct root root = fake_open();

	durations_forget(&root);
	remember(add("mkinitramfs", "6.1"), 81);
	assert_true(file_exists(&root, DURATIONS_FILE));
	durations_forget(&root);
	assert_false(file_exists(&root, STATE_DIRECTORY));
	/* What undo has moved there stays. */
	remember(add("mkinitramfs", "6.1"), 81);
	fake_put(STATE_DIRECTORY "/undone/own.conf", "");
	durations_forget(&root);
	assert_false(file_exists(&root, DURATIONS_FILE));
	assert_true(file_exists(&root, STATE_DIRECTORY "/undone/own.conf"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(test_remembered),
		TEST(test_forgotten),
		TEST(test_expected),
		TEST(test_removed),
	};

	return cmocka_run_group_tests_name("durations", tests, NULL, NULL);
}
