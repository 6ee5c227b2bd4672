/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words between white space, up to where the kernel stops reading. */
#include "arguments.h"

#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "util.h"

#define WHITE " \t\r\n"

size_t words_next(const char **cursor, const char **ret)
{
	*ret = *cursor + strspn(*cursor, WHITE);
	*cursor = *ret + strcspn(*ret, WHITE);
	return (size_t)(*cursor - *ret);
}

bool words_have(const char *text, const char *word, size_t len)
{
	const char *end = text + cmdline_length(text), *found;
	size_t n;

	while ((n = words_next(&text, &found)) > 0 && found < end)
		if (n == len && memcmp(found, word, len) == 0)
			return true;
	return false;
}

bool words_append(char *text, size_t size, const char *word, size_t len)
{
	size_t used = strlen(text), space = used ? 1 : 0;

	if (used + space + len >= size)
		return false;
	memcpy(text + used, " ", space);
	return copy_text(text + used + space, size - used - space, word, len);
}

char *words_add(const char *text, const char *more)
{
	size_t len = cmdline_length(text);
	const char *rest = text + len + strspn(text + len, WHITE);
	char *all;

	return asprintf(&all, "%.*s%s%s%s%s", (int)len, text, len && *more ? " " : "",
		       more, *rest && (len || *more) ? " " : "", rest) < 0
		? NULL
		: all;
}

/* Whether all arguments of @some are in @all. */
static bool are_in(const char *some, const char *all)
{
	const char *end = some + cmdline_length(some), *word;
	size_t len;

	while ((len = words_next(&some, &word)) > 0 && word < end)
		if (!words_have(all, word, len))
			return false;
	return true;
}

/* Whether both have the same words in the same order. */
static bool are_equal(const char *a, const char *b)
{
	const char *word_a, *word_b;
	size_t len;

	do {
		len = words_next(&a, &word_a);
		if (words_next(&b, &word_b) != len || memcmp(word_a, word_b, len) != 0)
			return false;
	} while (len > 0);
	return true;
}

bool words_same(const char *a, const char *b)
{
	return are_in(a, b) && are_in(b, a) &&
		are_equal(a + cmdline_length(a), b + cmdline_length(b));
}
