/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The early program's printf(3), which is musl's there, against this system's. */
#include <stdarg.h>

#include "support.h"

static int print(FILE *file, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define vfprintf early_vfprintf
int early_vfprintf(FILE *file, const char *format, va_list args);
#include "../../src/early/vfprintf.c"
#undef vfprintf

static int print(FILE *file, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = early_vfprintf(file, format, args);
	va_end(args);
	return r;
}

#define EXPECT_SAME(...)                                                                 \
	do {                                                                             \
		char expected[2048], text[2048] = "";                                    \
		FILE *file = fmemopen(text, sizeof(text), "w");                          \
		int r = snprintf(expected, sizeof(expected), __VA_ARGS__);               \
		assert_non_null(file);                                                   \
		assert_int_equal(print(file, __VA_ARGS__), r);                           \
		assert_int_equal(fclose(file), 0);                                       \
		assert_string_equal(text, expected);                                     \
	} while (0)

static void test_texts(void **state)
{
	EXPECT_SAME("nothing");
	EXPECT_SAME("%s", "");
	EXPECT_SAME("100 %%, %c%c", 'a', 'b');
	EXPECT_SAME("%s: '%.3s' and '%.60s'", "name", "long", "short");
	EXPECT_SAME("[%.*s][%8s]", 2, "abc", "right");
}

static void test_numbers(void **state)
{
	EXPECT_SAME("%d %d %d", 0, -2147483647 - 1, 2147483647);
	EXPECT_SAME("%u %u", 0u, 4294967295u);
	EXPECT_SAME("%zu %lu %llu", (size_t)-1, 1ul << 31, 18446744073709551615ull);
	EXPECT_SAME("%04x:%04x %0*x %x", 0x8u, 0x10deu, 4, 0xabu, 0xffffffffu);
	EXPECT_SAME("%016llx", 0x123456789abcdefull);
	EXPECT_SAME("%5d|%5u", -12, 12u);
}

static void test_long_text(void **state)
{
	char text[1500];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	EXPECT_SAME("<%s>%u\n", text, 7u);
	text[510] = '\0';
	EXPECT_SAME("<%s>%u\n", text, 7u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
