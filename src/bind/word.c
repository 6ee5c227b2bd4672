/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escapes and unescapes words. */
#include "word.h"

#include <string.h>

#include "base/base.h"

static bool is_plain(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && c != '\\';
}

size_t word_format(const char *text, char *ret, size_t size)
{
	bool is_nothing_sign = strcmp(text, "-") == 0;
	char *to = ret, *last = ret + size - 4; /* where four bytes and a NUL have room */

	if (!*text)
		*to++ = '-';
	/* Nearly all is. */
	while (!is_nothing_sign && is_plain(*text) && to < last)
		*to++ = *text++;
	for (; *text && to < last; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_plain(*text) && !is_nothing_sign) {
			*to++ = *text;
			continue;
		}
		*to++ = '\\';
		*to++ = (char)('0' + (c >> 6));
		*to++ = (char)('0' + (c >> 3 & 7));
		*to++ = (char)('0' + (c & 7));
	}
	*to = '\0';
	return (size_t)(to - ret);
}

bool word_take(const char **text, char *ret, size_t size)
{
	size_t n = 0, len = strcspn(*text, " \n");
	const char *p = *text, *end = p + len;

	if (len == 1 && *p == '-')
		p = end;
	else if (!len)
		return false;
	while (p < end && n + 1 < size) {
		unsigned c = (unsigned char)*p++;

		if (c == '\\') {
			if (end - p < 3 || strspn(p, "01234567") < 3)
				return false;
			c = (unsigned)((p[0] - '0') << 6 | (p[1] - '0') << 3 |
				(p[2] - '0'));
			p += 3;
			if (!c || c > 0xff)
				return false;
		}
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	*text = end;
	return p == end;
}
