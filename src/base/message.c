/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, as a text with its remedy. */
#include "message.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Puts the format, and ": " with what is behind it, into the text. */
static void set_both(struct message *message, int code, const char *format, va_list args,
	const char *behind)
{
	size_t len;

	vsnprintf(message->text, sizeof(message->text), format, args);
	len = strlen(message->text);
	text_join(message->text + len, sizeof(message->text) - len, ": ", behind, NULL);
	message->code = code;
}

/* What root is allowed, whoever runs this is not. */
static bool needs_root(int code)
{
	code = code < 0 ? -code : code;
	return (code == EACCES || code == EPERM) && geteuid() != 0;
}

int message_errno(struct message *message, int code, const char *format, ...)
{
	va_list args;

	if (!message)
		return code;
	if (needs_root(code))
		message_remedy(message, "run this as root");
	va_start(args, format);
	set_both(message, code, format, args, errno_text(code));
	va_end(args);
	return code;
}

int message_prefix(struct message *message, int code, const char *format, ...)
{
	struct message before;
	va_list args;

	if (!message)
		return code;
	before = *message;
	va_start(args, format);
	set_both(message, code, format, args,
		*before.text ? before.text : errno_text(code));
	va_end(args);
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

const char *message_line(
	const struct message *message, char ret[static MESSAGE_LINE_SIZE])
{
	text_join(ret, MESSAGE_LINE_SIZE, message->text,
		*message->text && *message->remedy ? "; " : "", message->remedy, NULL);
	return ret;
}
