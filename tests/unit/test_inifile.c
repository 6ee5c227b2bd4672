/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader in front of inih: every line is told once, or its error is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "decide/inifile.h"
#include "support.h"

#define DIGEST_BASIS 0xcbf29ce484222325 /* FNV-1a's own start value */

/* The events of a file, one a line. */
static char events[TREE_FILE_SIZE];
static char last_error[256];

static void __attribute__((format(printf, 1, 2))) add_event(const char *format, ...)
{
	size_t len = strlen(events);
	va_list args;

	va_start(args, format);
	vsnprintf(events + len, sizeof(events) - len, format, args);
	va_end(args);
	assert_true(strlen(events) < sizeof(events) - 1);
}

static void on_section(void *data, unsigned line, const char *name)
{
	assert_ptr_equal(data, events);
	add_event("%u [%s]\n", line, name);
}

static void on_key(void *data, unsigned line, const char *key, const char *value)
{
	assert_ptr_equal(data, events);
	add_event("%u %s=%s\n", line, key, value);
}

static void on_error(void *data, unsigned line, const char *message)
{
	assert_ptr_equal(data, events);
	add_event("%u error\n", line);
	snprintf(last_error, sizeof(last_error), "%s", message);
}

static const struct inifile_events handlers = {on_section, on_key, on_error};

static void read_bytes(const char *bytes, size_t size)
{
	uint64_t digest = DIGEST_BASIS;
	int fd = open_bytes(bytes, size);

	events[0] = last_error[0] = '\0';
	assert_int_equal(inifile_read(fd, &handlers, events, &digest), 0);
	close(fd);
}

static void expect_events(const char *text, const char *expected)
{
	read_bytes(text, strlen(text));
	assert_string_equal(events, expected);
}

static void test_plain(void **state)
{
	expect_events("", "");
	expect_events("\n\n", "");
	expect_events("; a comment\n# another\n\n[boot]\nwhen = always\n",
		"4 [boot]\n5 when=always\n");
	expect_events("[device a]\npath=00:01.0/00\nid=10de:2204,10de:1aef\n[device b]\n",
		"1 [device a]\n2 path=00:01.0/00\n3 id=10de:2204,10de:1aef\n4 [device b]\n");
}

static void test_sections(void **state)
{
	/* Empty, repeated, and repeated without anything between. */
	expect_events("[a]\n[b]\n[a]\n[a]\nk=v\n", "1 [a]\n2 [b]\n3 [a]\n4 [a]\n5 k=v\n");
	expect_events("[ ]\n[ a ]\n", "1 [ ]\n2 [ a ]\n");
	expect_events("[a] ; why\n[b]\t# why\n[c];why\n[d]   \n",
		"1 [a]\n2 [b]\n3 [c]\n4 [d]\n");
	expect_events("[a;b]\n[a ;b]\n", "1 [a;b]\n2 [a ;b]\n");
}

/* A broken header ends the section above it: its keys belong to nobody. */
static void test_broken_headers(void **state)
{
	expect_events("[a\nk=v\n", "1 []\n1 error\n2 k=v\n");
	expect_events("[a] b\nk=v\n", "1 []\n1 error\n2 k=v\n");
	expect_events("[a]]\n", "1 []\n1 error\n");
	expect_events("[a][b]\n", "1 []\n1 error\n");
	expect_events("[\n", "1 []\n1 error\n");
	expect_events("[]\n", "1 []\n1 error\n");
	expect_events("[a] key = value\n", "1 []\n1 error\n");
	/* inih keeps 49 bytes of a name. */
	expect_events("[1234567890123456789012345678901234567890123456789]\n",
		"1 [1234567890123456789012345678901234567890123456789]\n");
	expect_events("[12345678901234567890123456789012345678901234567890]\n",
		"1 []\n1 error\n");
}

static void test_keys(void **state)
{
	expect_events("  k =  v w  \n", "1 k=v w\n");
	expect_events("k: v\nk:v=w\nk=v:w\n", "1 k=v\n2 k=v=w\n3 k=v:w\n");
	expect_events("k=\nk =  \n=v\n=\n", "1 k=\n2 k=\n3 =v\n4 =\n");
	expect_events("k = v ; why\nk = v;w\nk = ;\n", "1 k=v\n2 k=v;w\n3 k=\n");
	/* '#' starts a comment at the start of a line only. */
	expect_events("k = v # w\n", "1 k=v # w\n");
	expect_events("k\nk v\nk ; = v\n", "1 error\n2 error\n3 error\n");
	expect_events("k\v; = v\nk\f; = v\nk\r; = v\n", "1 error\n2 error\n3 error\n");
}

/* inih would take an indented line as more of the value above it. */
static void test_indentation(void **state)
{
	expect_events("[a]\nk=v\n l=w\n\tm = x\n", "1 [a]\n2 k=v\n3 l=w\n4 m=x\n");
	expect_events("[a]\nk=v\n  [b]\n\f\vl=w\n", "1 [a]\n2 k=v\n3 [b]\n4 l=w\n");
	expect_events("[a]\nk=v\n  word\n   ; no\n", "1 [a]\n2 k=v\n3 error\n");
}

static void test_line_ends(void **state)
{
	expect_events("[a]\r\nk = v\r\n\r\n; c\r\n[b]\r\n", "1 [a]\n2 k=v\n5 [b]\n");
	expect_events("[a]\nk = v", "1 [a]\n2 k=v\n");
	expect_events("[a]", "1 [a]\n");
	expect_events("word", "1 error\n");
	expect_events("[a]\n\n\n\nk=v", "1 [a]\n5 k=v\n");
}

static void test_byte_order_mark(void **state)
{
	expect_events("\xef\xbb\xbf[a]\nk=v\n", "1 [a]\n2 k=v\n");
	expect_events("\xef\xbb\xbf", "");
	expect_events("\xef\xbb\xbf; c\nk=v\n", "2 k=v\n");
	expect_events("\xef\xbb\xbf  k=v\n", "1 k=v\n");
	/* It is one at the start of the file alone. */
	expect_events("k=v\n\xef\xbb\xbf[a]\n", "1 k=v\n2 error\n");
	/* Other bytes above 127 are text like any. */
	expect_events("k=\xc3\xa4\n", "1 k=\xc3\xa4\n");
}

static void test_nul_bytes(void **state)
{
	static const char text[] = "[a]\nk=v\0w\nl=x\n\0\n[b\0]\nm=y\n\0";

	read_bytes(text, sizeof(text) - 1);
	assert_string_equal(events,
		"1 [a]\n2 error\n3 l=x\n4 error\n5 []\n5 error\n6 m=y\n7 error\n");
	assert_non_null(strstr(last_error, "NUL"));
}

/* A line of @len bytes: "k=", then 'v's, then @tail. */
static size_t put_line(char *line, size_t len, const char *tail)
{
	memset(line, 'v', len);
	memcpy(line, "k=", 2);
	memcpy(line + len - strlen(tail), tail, strlen(tail) + 1);
	return len;
}

static void test_line_length(void **state)
{
	static const struct {
		size_t len;
		bool fits;
	} cases[] = {{3, true}, {197, true}, {198, true}, {199, false}, {200, false},
		{201, false}, {255, false}, {4095, false}, {4096, false}, {4097, false},
		{9000, false}};
	static const char *const ends[] = {"", "\n", "\nl=w", "\nl=w\n"};
	char text[9100], expected[512];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ends); j++) {
			size_t len = put_line(text, cases[i].len, "");

			memcpy(text + len, ends[j], strlen(ends[j]) + 1);
			if (cases[i].fits)
				snprintf(expected, sizeof(expected), "1 %.*s\n", (int)len,
					text);
			else
				strcpy(expected, "1 error\n");
			strcat(expected, j < 2 ? "" : "2 l=w\n");
			expect_events(text, expected);
			if (!cases[i].fits)
				assert_non_null(strstr(last_error, "198"));
		}
	}
}

/* The whole line counts, be it blank, comment or carriage return. */
static void test_long_lines_of_all_sorts(void **state)
{
	char text[512];

	put_line(text, 199, "\r");
	expect_events(text, "1 error\n");
	put_line(text, 198, "\r");
	read_bytes(text, 198);
	assert_int_equal(strncmp(events, "1 k=vvv", 7), 0);
	assert_int_equal(strlen(events), strlen("1 ") + 197 + strlen("\n"));
	snprintf(text, sizeof(text), "%*sk=v\n", 195, "");
	expect_events(text, "1 k=v\n");
	snprintf(text, sizeof(text), "%*sk=v\n", 196, "");
	expect_events(text, "1 error\n");
	snprintf(text, sizeof(text), "[a]\nk=v ; %0300d\nl=w\n", 0);
	expect_events(text, "1 [a]\n2 error\n3 l=w\n");
}

/* A header that can't be used because of its length ends its section's predecessor too. */
static void test_long_header(void **state)
{
	char text[512];

	snprintf(text, sizeof(text), "[a]\nk=v\n[b] ; %0300d\nk=w\n", 0);
	expect_events(text, "1 [a]\n2 k=v\n3 []\n3 error\n4 k=w\n");
}

static void test_many_lines(void **state)
{
	static char text[70000 * 2 + 16];

	memset(text, '\n', 70000);
	strcpy(text + 70000, "k=v\n");
	expect_events(text, "70001 k=v\n");
}

/* Vectors of draft-eastlake-fnv. */
static void test_digest(void **state)
{
	static const struct {
		const char *text;
		uint64_t digest;
	} cases[] = {
		{"", 0xcbf29ce484222325},
		{"a", 0xaf63dc4c8601ec8c},
		{"foobar", 0x85944171f73967e8},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t digest = DIGEST_BASIS;
		int fd = open_text(cases[i].text);

		events[0] = '\0';
		assert_int_equal(inifile_read(fd, &handlers, events, &digest), 0);
		assert_true(digest == cases[i].digest);
		close(fd);
	}
}

static void test_read_error(void **state)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t digest = 0;

	events[0] = '\0';
	assert_int_equal(inifile_read(fd, &handlers, events, &digest), -EISDIR);
	assert_string_equal(events, "");
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_broken_headers),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_indentation),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_line_length),
		cmocka_unit_test(test_long_lines_of_all_sorts),
		cmocka_unit_test(test_long_header),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_read_error),
	};

	return cmocka_run_group_tests_name("inifile", tests, NULL, NULL);
}
