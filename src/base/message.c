/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, as a text with its remedy. */
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *errno_text(int code)
{
	code = code < 0 ? -code : code;
	/* The C library says "Bad message", which is about a protocol that nobody here speaks. */
	return code == EBADMSG ? "it is damaged" : strerror(code);
}

int message_set(struct message *message, int code, const char *format, ...)
{
	va_list args;

	if (!message)
		return code;
	va_start(args, format);
	vsnprintf(message->text, sizeof(message->text), format, args);
	va_end(args);
	message->code = code;
	return code;
}

int message_errno(struct message *message, int code, const char *format, ...)
{
	va_list args;
	size_t len;

	if (!message)
		return code;
	va_start(args, format);
	vsnprintf(message->text, sizeof(message->text), format, args);
	va_end(args);
	len = strlen(message->text);
	snprintf(message->text + len, sizeof(message->text) - len, ": %s",
		errno_text(code));
	message->code = code;
	return code;
}

void message_remedy(struct message *message, const char *format, ...)
{
	va_list args;

	if (!message)
		return;
	va_start(args, format);
	vsnprintf(message->remedy, sizeof(message->remedy), format, args);
	va_end(args);
}
