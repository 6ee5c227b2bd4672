/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums as b2sum(1) makes them; "abc" is of RFC 7693, appendix A. */
#include <string.h>

#include "base/blake2b.h"
#include "support.h"

/* The sum of @n bytes, given in parts of @part: its first and last bytes. */
static void expect(const char *bytes, size_t n, size_t part, const char *expected)
{
	uint8_t sum[BLAKE2B_SIZE];
	struct blake2b hash;
	char text[17];

	blake2b_begin(&hash);
	for (size_t at = 0; at < n; at += part)
		blake2b_add(&hash, bytes + at, n - at < part ? n - at : part);
	blake2b_end(&hash, sum);
	for (unsigned i = 0; i < 8; i++)
		snprintf(text + 2 * i, 3, "%02x", sum[i < 4 ? i : BLAKE2B_SIZE - 8 + i]);
	assert_string_equal(text, expected);
}

static void test_sums(void **state)
{
	static char bytes[300];

	memset(bytes, 'x', sizeof(bytes));
	expect(bytes, 0, 1, "786a02f7fe9be2ce");
	expect("abc", 3, 3, "ba80a53fd4009923");
	expect(bytes, 127, 127, "acc1cd9e5efad515");
	expect(bytes, 128, 128, "082b91eae2115b91");
	expect(bytes, 128, 1, "082b91eae2115b91");
	expect(bytes, 129, 129, "362a53bbbf22dfaa");
	expect(bytes, 256, 64, "26066ae91e493428");
	expect(bytes, 300, 7, "fe42f410d64bd1cb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
