/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that are put together, and looked into. */
#include "text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Reads no format: formats were a quarter of the early program's time. */
size_t text_join(char *dst, size_t size, ...)
{
	char *to = dst, *end = dst + size - 1;
	const char *text;
	va_list args;

	va_start(args, size);
	while ((text = va_arg(args, const char *)))
		for (char c; (c = *text) && to < end; text++)
			*to++ = c;
	va_end(args);
	*to = '\0';
	return (size_t)(to - dst);
}

void text_make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

bool text_begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool text_take_number(const char **text, uint16_t *ret)
{
	const char *start = *text;
	unsigned n = 0;

	for (; **text >= '0' && **text <= '9' && n <= UINT16_MAX; (*text)++)
		n = 10 * n + (unsigned)(**text - '0');
	*ret = (uint16_t)n;
	return *text != start && n <= UINT16_MAX;
}

bool text_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

bool text_is_one_of(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

const char *text_next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

const char *text_find_value(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *value = NULL;

	while (text) {
		text += strspn(text, " \t");
		if (strncmp(text, key, len) == 0 && text[len] == '=')
			value = text + len + 1;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return value;
}

char *text_value(const char *text, const char *key)
{
	const char *value = text_find_value(text, key);

	if (!value)
		return NULL;
	if (*value == '\'' || *value == '"') {
		char quote[] = {*value, '\n', '\0'};

		return strndup(value + 1, strcspn(value + 1, quote));
	}
	return strndup(value, strcspn(value, " \t\r\n#"));
}

bool text_stream_open(struct text_stream *stream)
{
	*stream = (struct text_stream){0};
	stream->out = open_memstream(&stream->text, &stream->size);
	return stream->out;
}

char *text_stream_take(struct text_stream *stream)
{
	bool bad = ferror(stream->out);

	if (fclose(stream->out) == 0 && !bad)
		return stream->text;
	free(stream->text);
	return NULL;
}
