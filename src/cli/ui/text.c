/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes text printable: names of files, devices and messages may hold any byte. */
#include "ui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

int terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool terminal_wants_colour(void)
{
	/* Any value of NO_COLOR but an empty one. */
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no_color || !*no_color) &&
		(!term || strcmp(term, "dumb") != 0);
}

void *or_no_memory(void *pointer)
{
	if (pointer)
		return pointer;
	fprintf(stderr, "vfioboot: %s\n", errno_text(ENOMEM));
	exit(EXIT_FAILURE);
}

/*
 * Bytes of the UTF-8 character at @text; 0: there is none.  RFC 3629, section 4: no longer
 * forms than needed, no surrogates, nothing above U+10FFFF.
 */
static size_t utf8_length(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1
		: *text < 0xc2    ? 0
		: *text < 0xe0    ? 2
		: *text < 0xf0    ? 3
		: *text < 0xf5    ? 4
				  : 0;

	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
		(*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

/* Control characters: C0 but the line feed, DEL, and C1 (U+0080 to U+009F). */
static bool is_control(const unsigned char *text)
{
	return (*text < 0x20 && *text != '\n') || *text == 0x7f ||
		(*text == 0xc2 && text[1] < 0xa0);
}

static char *replace_bytes(const char *text, const char *by, bool also_controls)
{
	char *copy = or_no_memory(malloc(strlen(text) * strlen(by) + 1)), *end = copy;

	while (*text) {
		const unsigned char *at = (const unsigned char *)text;
		size_t len = utf8_length(at);

		if (!len || (also_controls && is_control(at)))
			end = stpcpy(end, by);
		else
			end = mempcpy(end, text, len);
		text += len ? len : 1;
	}
	*end = '\0';
	return copy;
}

char *text_to_utf8(const char *text)
{
	return replace_bytes(text, REPLACEMENT, false);
}

char *text_to_printable(const char *text)
{
	return replace_bytes(text, "?", true);
}

const char *full_stop(const char *sentence)
{
	size_t len = strlen(sentence);

	return len && strchr("?!.", sentence[len - 1]) ? "" : ".";
}
