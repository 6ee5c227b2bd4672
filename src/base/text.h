/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that are put together, and looked into. */
#ifndef VFIOBOOT_TEXT_H
#define VFIOBOOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * Writes the texts that follow, up to a NULL, one behind the other into @dst of @size bytes,
 * with a NUL.  What does not fit is cut.  Returns the length of what was written.
 */
size_t text_join(char *dst, size_t size, ...) __attribute__((sentinel));

/* Makes '?' of what would break a line, or upset a terminal: control characters. */
void text_make_printable(char *text);

/* Whether they are the same: most are not, and differ at once. */
static inline bool text_is(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

bool text_begins_with(const char *text, const char *start);
bool text_ends_with(const char *text, const char *end);

/*
 * Reads the decimal digits at *@text and moves *@text behind them.  Returns false for none, and for
 * a number that is too large.
 */
bool text_take_number(const char **text, uint16_t *ret);

/* Whether @text is among the @n texts of @list. */
bool text_is_one_of(const char *text, const char *const *list, size_t n);

/* The line behind the one that @line begins; at the end of the text its NUL. */
const char *text_next_line(const char *line);

/*
 * The value of KEY=VALUE, or KEY='VALUE', on a line of its own in @text, as shells and
 * os-release(5) write it: of several lines the last one.  NULL for none; else for free().
 */
char *text_value(const char *text, const char *key);

/* What is in @text behind that "KEY=", for values of other forms.  NULL for none. */
const char *text_find_value(const char *text, const char *key);

/* A text that grows by printing into it. */
struct text_stream {
	FILE *out; /* to print into */
	char *text;
	size_t size;
};

/* Begins one; false without memory. */
bool text_stream_open(struct text_stream *stream);

/* Ends it.  Returns the text, for free(), or NULL without memory. */
char *text_stream_take(struct text_stream *stream);

#endif
