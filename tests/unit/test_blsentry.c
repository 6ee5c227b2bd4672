/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is the name of an entry, and what a count of tries. */
#include "support.h"

#include <string.h>

#include "chain/loaders/blsentry.h"

static void expect(const char *name, const char *stem, bool exhausted)
{
	bool is_exhausted;

	assert_int_equal(bls_stem_length(name, true, &is_exhausted), strlen(stem));
	assert_memory_equal(name, stem, strlen(stem));
	assert_int_equal(is_exhausted, exhausted);
}

static void test_counts(void **state)
{
	(void)state;
	expect("m-6.12.conf", "m-6.12", false);
	expect("m-6.12+3.conf", "m-6.12", false);
	expect("m-6.12+2-1.conf", "m-6.12", false);
	expect("m-6.12+0-3.efi", "m-6.12", true);
	expect("m-6.12+00.conf", "m-6.12", true);
	expect("m-6.12.48+deb13-amd64+10-0.conf", "m-6.12.48+deb13-amd64", false);
}

/* A '+' that begins no count is a part of the name. */
static void test_no_counts(void **state)
{
	(void)state;
	expect("m-6.12.48+deb13-amd64.conf", "m-6.12.48+deb13-amd64", false);
	expect("m-6.12+.conf", "m-6.12+", false);
	expect("m-6.12+1-.conf", "m-6.12+1-", false);
	expect("m-6.12+1-2-3.conf", "m-6.12+1-2-3", false);
	expect("m-6.12+-1.conf", "m-6.12+-1", false);
	assert_int_equal(bls_stem_length("m-6.12+3.conf", false, NULL), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
