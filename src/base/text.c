/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joins texts without reading a format: formats were a quarter of the early program's time. */
#include "text.h"

#include <stdarg.h>
#include <string.h>

size_t text_join(char *dst, size_t size, ...)
{
	const char *text;
	size_t len = 0;
	va_list args;

	va_start(args, size);
	while ((text = va_arg(args, const char *))) {
		size_t n = strnlen(text, size - 1 - len);

		memcpy(dst + len, text, n);
		len += n;
	}
	va_end(args);
	dst[len] = '\0';
	return len;
}

void text_make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}
