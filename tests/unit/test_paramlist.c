/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists in values, read as the kernel reads them. */
#include "../../src/host/loaders/paramlist.h"

#include "support.h"

static void test_has(void **state)
{
	(void)state;
	assert_true(paramlist_has("ro a=x,y z", "a", "y"));
	assert_true(paramlist_has("a=x a=y", "a", "y"));
	assert_true(paramlist_has("\"a=x y\" a_b=z", "a-b", "z"));
	assert_true(paramlist_has("a", "a", NULL));
	assert_true(paramlist_has("a=,", "a", ""));
	assert_false(paramlist_has("a", "a", ""));
	assert_false(paramlist_has("a=xy,yx", "a", "x"));
	assert_false(paramlist_has("a=x -- a=y", "a", "y"));
	assert_false(paramlist_has("", "a", NULL));
}

static void test_first(void **state)
{
	(void)state;
	assert_true(paramlist_has_first("v=b,a v=a,b", "v", "a"));
	assert_false(paramlist_has_first("v=b,a", "v", "a"));
	assert_false(paramlist_has_first("v", "v", "a"));
}

static void test_off(void **state)
{
	(void)state;
	assert_true(paramlist_is_off("i=on,off", "i", true));
	assert_true(paramlist_is_off("i=on i=x,off", "i", true));
	assert_true(paramlist_is_off("i=off,on", "i", false));
	assert_false(paramlist_is_off("i=off,on", "i", true));
	assert_false(paramlist_is_off("i=off i=on", "i", true));
	assert_false(paramlist_is_off("i=offline i", "i", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
