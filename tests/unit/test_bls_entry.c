/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry is called without its count of tries. */
#include "chain/loaders/bls_entry.h"
#include "support.h"

static void has_stem(const char *name, bool tries, const char *wanted)
{
	char stem[256];

	bls_stem(name, tries, stem, sizeof(stem));
	assert_string_equal(stem, wanted);
}

static void test_stem(void **state)
{
	has_stem("a-6.1.conf", true, "a-6.1");
	has_stem("a-6.1+3.conf", true, "a-6.1");
	has_stem("a-6.1+2-1.conf", true, "a-6.1");
	has_stem("a-6.1+0-3.efi", true, "a-6.1");
	/* The version of a kernel may have a '+'. */
	has_stem("a-6.12.48+deb13-amd64.conf", true, "a-6.12.48+deb13-amd64");
	has_stem("a-6.12.48+deb13-amd64+3.conf", true, "a-6.12.48+deb13-amd64");
	has_stem("a-6.1+2+3.conf", true, "a-6.1+2");
	/* These are no counts. */
	has_stem("a+.conf", true, "a+");
	has_stem("a+1-.conf", true, "a+1-");
	has_stem("a+-1.conf", true, "a+-1");
	has_stem("a+1-2-3.conf", true, "a+1-2-3");
	has_stem("a+1x.conf", true, "a+1x");
}

static void test_no_tries(void **state)
{
	has_stem("a-6.1+3.conf", false, "a-6.1+3");
	has_stem("a-6.1+2-1.conf", false, "a-6.1+2-1");
	has_stem("a", false, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stem),
		cmocka_unit_test(test_no_tries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
