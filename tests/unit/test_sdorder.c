/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of systemd-boot; the versions are what `systemd-analyze compare-versions` says. */
#include "chain/loaders/sdorder.h"
#include "support.h"

static void test_versions(void **state)
{
	/* The first is the higher one. */
	static const char *const pairs[][2] = {
		{"a-6.1.0.conf", "a-6.1.0-passthrough.conf"},
		{"a-6.1.0.conf", "a-6.1.0~passthrough.conf"},
		{"x-6.1.0-50-amd64.conf", "x-6.1.0-50-amd64-no-passthrough.conf"},
		{"arch.conf", "arch-passthrough.conf"},
		{"arch-passthrough.conf", "arch-lts.conf"},
		{"x-6.10.conf", "x-6.9-passthrough.conf"},
		{"1", "a"},
		{"a.b", "a"},
		{"a_b", "a"},
		{"2.0", "2.0~rc1"},
		{"a^1", "a"},
		{"a.b", "a-b"},
		{"6.1.0-50-amd64.rc.conf", "6.1.0-50-amd64.conf"},
		{"ab", "a1"},
		{"a", "A"},
		{"1.2.3.conf", "1.2.conf"},
		{"0", "b"},
		{"a", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_true(sdorder_compare_versions(pairs[i][0], pairs[i][1]) > 0);
		assert_true(sdorder_compare_versions(pairs[i][1], pairs[i][0]) < 0);
		assert_int_equal(sdorder_compare_versions(pairs[i][0], pairs[i][0]), 0);
	}
	assert_int_equal(sdorder_compare_versions("00.1", "0.1"), 0);
}

static struct sdorder_entry entry(
	const char *id, const char *sort_key, const char *version)
{
	struct sdorder_entry made = {0};

	strcpy(made.id, id);
	strcpy(made.sort_key, sort_key);
	strcpy(made.version, version);
	return made;
}

static void expect_order(struct sdorder_entry *entries, size_t n, const char *const *ids)
{
	sdorder_sort(entries, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(entries[i].id, ids[i]);
}

static void test_order(void **state)
{
	static const char *const ids[] = {"m-6.2.conf", "m-6.2-passthrough.conf",
		"m-6.1-passthrough.conf", "other.conf", "zz.conf", "a.conf",
		"m-6.1.conf"};
	struct sdorder_entry entries[] = {
		entry("a.conf", "", ""),
		entry("m-6.1-passthrough.conf", "debian", "6.1"),
		entry("m-6.2-passthrough.conf", "debian", "6.2"),
		entry("m-6.1.conf", "debian", "6.1"),
		entry("zz.conf", "", ""),
		entry("other.conf", "fedora", "9"),
		entry("m-6.2.conf", "debian", "6.2"),
	};

	(void)state;
	entries[3].exhausted = true;
	expect_order(entries, ARRAY_SIZE(entries), ids);
	assert_ptr_equal(
		sdorder_find(entries, ARRAY_SIZE(entries), "M-6.1*", false), &entries[2]);
	assert_ptr_equal(sdorder_find(entries, ARRAY_SIZE(entries), "m-6.1.conf", false),
		&entries[6]);
	assert_null(sdorder_find(entries, ARRAY_SIZE(entries), "m-6.1.conf", true));
	assert_null(sdorder_find(entries, ARRAY_SIZE(entries), "none*", false));
	assert_null(sdorder_find(entries, 0, "*", false));
}

static void test_machines(void **state)
{
	static const char *const ids[] = {"b-1.conf", "a-2.conf", "a-1.conf"};
	struct sdorder_entry entries[] = {
		entry("a-1.conf", "x", "1"),
		entry("a-2.conf", "x", "2"),
		entry("b-1.conf", "x", "1"),
	};

	(void)state;
	strcpy(entries[0].machine_id, "bb");
	strcpy(entries[1].machine_id, "bb");
	strcpy(entries[2].machine_id, "aa");
	expect_order(entries, ARRAY_SIZE(entries), ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
