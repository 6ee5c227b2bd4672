/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * printf(3) without numbers that have a point: musl's is an eighth of the program, half of it for
 * these.  musl's other functions of the family call this one (the Makefile links it with musl alone).
 *
 * Conversions: s d u x c %, with a width of digits or *, a precision for s, 0 but for d,
 * l, ll and z.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What is gathered, so that a line is written as one. */
struct output {
	FILE *file;
	size_t len, total;
	char text[512];
};

static void put(struct output *output, char c)
{
	if (output->len == sizeof(output->text)) {
		fwrite(output->text, 1, output->len, output->file);
		output->len = 0;
	}
	output->text[output->len++] = c;
	output->total++;
}

/* What stands between the '%' and the conversion. */
struct form {
	size_t width, precision;
	bool zeros;
	unsigned longs;
};

static size_t take_number(const char **format, va_list *args)
{
	size_t n = 0;

	if (**format == '*') {
		++*format;
		return (size_t)va_arg(*args, int);
	}
	for (; **format >= '0' && **format <= '9'; ++*format)
		n = 10 * n + (size_t)(**format - '0');
	return n;
}

static struct form take_form(const char **format, va_list *args)
{
	struct form form = {.precision = SIZE_MAX, .zeros = **format == '0'};

	*format += form.zeros;
	form.width = take_number(format, args);
	if (**format == '.') {
		++*format;
		form.precision = take_number(format, args);
	}
	for (; **format == 'l' || **format == 'z'; ++*format)
		form.longs++;
	return form;
}

static void put_text(struct output *output, const struct form *form, const char *text)
{
	size_t n = strnlen(text, form->precision);

	for (size_t i = n; i < form->width; i++)
		put(output, form->zeros ? '0' : ' ');
	while (n--)
		put(output, *text++);
}

static void put_number(struct output *output, const struct form *form, uint64_t value,
	unsigned base, bool negative)
{
	char digits[24], *to = digits + sizeof(digits);

	*--to = '\0';
	do
		*--to = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative)
		*--to = '-';
	put_text(output, form, to);
}

static void convert(
	struct output *output, char conversion, struct form form, va_list *args)
{
	char c[2] = {conversion};
	uint64_t value;
	int number;

	switch (conversion) {
	case 's': put_text(output, &form, va_arg(*args, const char *)); return;
	case 'c':
		*c = (char)va_arg(*args, int);
		put_text(output, &form, c);
		return;
	case 'd':
		number = va_arg(*args, int);
		value = number < 0 ? -(uint64_t)number : (uint64_t)number;
		put_number(output, &form, value, 10, number < 0);
		return;
	case 'u':
	case 'x':
		value = form.longs > 1 ? va_arg(*args, unsigned long long)
			: form.longs   ? va_arg(*args, unsigned long)
				       : va_arg(*args, unsigned);
		put_number(output, &form, value, conversion == 'u' ? 10 : 16, false);
		return;
	default: put_text(output, &form, c);
	}
}

int vfprintf(FILE *file, const char *format, va_list args)
{
	struct output output = {.file = file};
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		struct form form;

		if (*format++ != '%') {
			put(&output, format[-1]);
			continue;
		}
		form = take_form(&format, &rest);
		if (*format)
			convert(&output, *format++, form, &rest);
	}
	va_end(rest);
	fwrite(output.text, 1, output.len, file);
	return (int)output.total;
}
