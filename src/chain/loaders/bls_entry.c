/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies type 1 entries line by line. */
#include "bls_entry.h"

#include <limits.h>

#include "base/base.h"

#define DIGITS "0123456789"

const char *bls_line_value(const char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, len) != 0 || !line[len] || !strchr(" \t", line[len]))
		return NULL;
	return line + len + strspn(line + len, " \t");
}

/* Without blanks at its end. */
static size_t value_length(const char *value)
{
	size_t len = strcspn(value, "\r\n");

	while (len && strchr(" \t", value[len - 1]))
		len--;
	return len;
}

bool bls_value(const char *text, const char *key, char *ret, size_t size)
{
	for (; *text; text = text_next_line(text)) {
		const char *value = bls_line_value(text, key);

		if (value)
			return copy_text(ret, size, value, value_length(value));
	}
	return false;
}

bool bls_last_value(const char *text, const char *key, char *ret, size_t size)
{
	bool found = false;

	for (; *text; text = text_next_line(text))
		if (bls_line_value(text, key))
			found = bls_value(text, key, ret, size);
	return found;
}

char *bls_options(const char *text)
{
	char *options = calloc(1, strlen(text) + 1), *end = options;

	for (; options && *text; text = text_next_line(text)) {
		const char *value = bls_line_value(text, "options");
		size_t len = value ? strcspn(value, "\r\n") : 0;

		if (!len)
			continue;
		if (end > options)
			*end++ = ' ';
		memcpy(end, value, len);
		end += len;
	}
	return options;
}

/* How much of the line stays, and what comes behind it. */
static size_t keep_line(
	const char *line, const struct bls_addition *addition, const char **ret_addition)
{
	const char *value = bls_line_value(line, "sort-key");

	*ret_addition = "";
	if (value) {
		*ret_addition = addition->sort_key;
		return (size_t)(value - line) + strcspn(value, " \t\r\n");
	}
	if (bls_line_value(line, "title"))
		*ret_addition = addition->title;
	return strcspn(line, "\r\n");
}

static void write_copy(FILE *out, const char *text, const struct bls_addition *addition,
	const char *options)
{
	bool done = false;

	for (; *text; text = text_next_line(text)) {
		const char *value = bls_line_value(text, "options"), *more;
		size_t len = keep_line(text, addition, &more);

		if (!value)
			fprintf(out, "%.*s%s\n", (int)len, text, more);
		else if (!done)
			fprintf(out, "%.*s%s\n", (int)(value - text), text, options);
		done |= value != NULL;
	}
	if (!done)
		fprintf(out, "options %s\n", options);
}

int bls_copy(const char *text, const struct bls_addition *addition, char **ret)
{
	_cleanup_free_ char *options = bls_options(text), *all = NULL;
	struct text_stream copy;
	char kernel[512];

	if (!bls_value(text, "linux", kernel, sizeof(kernel)))
		return -EBADMSG;
	all = options ? cmdline_join(options, addition->options) : NULL;
	if (!all || !text_stream_open(&copy))
		return -ENOMEM;
	write_copy(copy.out, text, addition, all);
	*ret = text_stream_take(&copy);
	return *ret ? 0 : -ENOMEM;
}

/* The first line that has no options, from @text on. */
static const char *skip_options(const char *text)
{
	while (bls_line_value(text, "options"))
		text = text_next_line(text);
	return text;
}

bool bls_same(const char *a, const char *b)
{
	_cleanup_free_ char *options_a = bls_options(a), *options_b = bls_options(b);

	if (!options_a || !options_b || !cmdline_same_words(options_a, options_b))
		return false;
	for (;;) {
		size_t len;

		a = skip_options(a);
		b = skip_options(b);
		len = strcspn(a, "\n");
		if (!*a || !*b)
			return !*a && !*b;
		if (len != strcspn(b, "\n") || memcmp(a, b, len) != 0)
			return false;
		a = text_next_line(a);
		b = text_next_line(b);
	}
}

/* Where the count of tries begins in a name without extension; NULL: it has none. */
static char *find_tries(char *stem)
{
	char *plus = strrchr(stem, '+'), *end;

	if (!plus)
		return NULL;
	end = plus + 1 + strspn(plus + 1, DIGITS);
	if (end > plus + 1 && end[0] == '-' && end[1])
		end += 1 + strspn(end + 1, DIGITS);
	return end > plus + 1 && !*end ? plus : NULL;
}

void bls_stem(const char *name, bool tries, char *ret, size_t size)
{
	char *end;

	text_join(ret, size, name, NULL);
	end = strrchr(ret, '.');
	if (end)
		*end = '\0';
	end = tries ? find_tries(ret) : NULL;
	if (end)
		*end = '\0';
}

bool bls_tries(const char *name, char *ret, size_t size)
{
	char stem[NAME_MAX + 1];
	const char *tries;

	bls_stem(name, false, stem, sizeof(stem));
	tries = find_tries(stem);
	text_join(ret, size, tries ? tries : "", NULL);
	return tries && strspn(tries + 1, "0") == strspn(tries + 1, DIGITS);
}
