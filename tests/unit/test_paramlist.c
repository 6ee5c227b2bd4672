/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists in values, read as the kernel reads them. */
#include "base/paramlist.h"

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

static void test_ends(void **state)
{
	(void)state;
	assert_true(paramlist_ends("i=on,off", "i", "off", "on"));
	assert_true(paramlist_ends("i=on i=x,off", "i", "off", "on"));
	assert_true(paramlist_ends("i=off,on", "i", "off", NULL));
	assert_true(paramlist_ends("i", "i", NULL, NULL));
	assert_false(paramlist_ends("i=off,on", "i", "off", "on"));
	assert_false(paramlist_ends("i=off i=on", "i", "off", "on"));
	assert_false(paramlist_ends("i=offline i", "i", "off", "on"));
}

static void test_passes_through(void **state)
{
	(void)state;
	assert_true(paramlist_passes_through("iommu.passthrough=1", false));
	assert_true(paramlist_passes_through(
		"iommu.passthrough=0 iommu.passthrough=y", false));
	assert_true(paramlist_passes_through("iommu.passthrough=on", false));
	assert_true(paramlist_passes_through("iommu=nopt,pt iommu=soft", true));
	assert_true(paramlist_passes_through(
		"iommu.passthrough=1 iommu.passthrough=x", true));
	assert_true(paramlist_passes_through("iommu.passthrough=0 iommu=pt", true));
	assert_false(paramlist_passes_through("iommu=pt", false));
	assert_false(paramlist_passes_through("iommu=pt,nopt", true));
	assert_false(paramlist_passes_through("iommu=pt iommu.passthrough=off", true));
	assert_false(paramlist_passes_through(
		"iommu.passthrough=1 iommu.passthrough=0", true));
	assert_false(paramlist_passes_through("iommu iommu.passthrough ro", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_passes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
