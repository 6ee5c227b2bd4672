/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader between a file and inih: counts lines and refuses what inih would cut. */
#include "inifile.h"

#include <ini.h>

#include "base/base.h"

/* inih cuts section names at MAX_SECTION (50) bytes with their NUL (ini.c). */
#define SECTION_MAX 49

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* what some editors put before UTF-8 */

struct reader {
	int fd;
	int error; /* -errno of a failed read */
	unsigned line;
	size_t pos, len;
	uint64_t digest;
	const struct inifile_events *events;
	void *data;
	char buffer[4096];
};

/* Whether there is another byte in the buffer: not at the end of the file and after an error. */
static bool fill(struct reader *reader)
{
	ssize_t n;

	if (reader->pos < reader->len)
		return true;
	n = reader->error ? 0 : read(reader->fd, reader->buffer, sizeof(reader->buffer));
	if (n < 0)
		reader->error = -errno;
	reader->pos = 0;
	reader->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/*
 * Reads a line into @line of INIFILE_LINE_MAX + 1 bytes, without its newline.  Returns
 * false at the end of the file.  *@ret_message says why the line can't be used, or is NULL.
 */
static bool read_line(struct reader *reader, char *line, const char **ret_message)
{
	size_t len = 0;

	*ret_message = NULL;
	if (!fill(reader))
		return false;
	reader->line++;
	while (fill(reader)) {
		char c = reader->buffer[reader->pos++];

		reader->digest = digest_add(reader->digest, c);
		if (c == '\n')
			break;
		if (c == '\0')
			*ret_message = "the line holds a NUL byte; write plain text";
		else if (len == INIFILE_LINE_MAX)
			*ret_message =
				"the line is longer than 198 bytes; a list may go on "
				"in a second line with the same key";
		else
			line[len++] = c;
	}
	line[len] = '\0';
	return true;
}

/*
 * What isspace() calls white space within a line, as inih does.  By hand: strspn(3) makes its set for
 * each call again.
 */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

static char *skip_blanks(char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

/* Whether there is a '=' or ':' before an inline comment, as inih looks for it. */
static bool has_separator(const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '=' || text[i] == ':')
			return true;
		if (text[i] == ';' && i && is_blank(text[i - 1]))
			return false;
	}
	return false;
}

/* Announces the header "[name]" in @text.  Returns what is wrong with it, or NULL. */
static const char *take_header(struct reader *reader, char *text)
{
	char *name = text + 1;
	char *end = strchr(name, ']');
	const char *message = NULL;

	if (!end)
		message = "the section's name has no closing ']'";
	else if (end == name)
		message = "the section has no name; write [boot] or [device NAME]";
	else if (end - name > SECTION_MAX)
		message = "the section's name is longer than 49 bytes";
	else if (!strchr(";#", *skip_blanks(end + 1)))
		message = "there is text behind the section's ']'";
	if (end)
		*end = '\0';
	/* Also a broken header ends the section above it. */
	reader->events->section(reader->data, reader->line, message ? "" : name);
	if (end)
		*end = ']';
	return message;
}

/* inih's reader (ini.h, ini_reader): one line into @str, NULL at the end. */
static char *read_for_inih(char *str, int size, void *stream)
{
	struct reader *reader = stream;
	char line[INIFILE_LINE_MAX + 1];
	const char *message;
	char *text;

	if (!read_line(reader, line, &message))
		return NULL;
	text = line;
	if (reader->line == 1 && text_begins_with(text, BYTE_ORDER_MARK))
		text += strlen(BYTE_ORDER_MARK);
	text = skip_blanks(text);
	if (*text == '[' &&
		message) /* a header that can't be read ends its section, too */
		reader->events->section(reader->data, reader->line, "");
	else if (*text == '[')
		message = take_header(reader, text);
	else if (!message && *text && !strchr(";#", *text) && !has_separator(text))
		message = "the line is neither 'key = value' nor '[section]'";
	if (!message && !copy_text(str, (size_t)size - 1, text, strlen(text)))
		message = "the line is longer than this build of inih takes";
	if (message) {
		/* inih gets an empty line in the place of one that was refused. */
		str[0] = '\0';
		reader->events->error(reader->data, reader->line, message);
	}
	memcpy(str + strlen(str), "\n", 2);
	return str;
}

static int key_from_inih(
	void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	(void)section; /* the header was announced by its own line */
	reader->events->key(reader->data, reader->line, name, value);
	return 1;
}

int inifile_read(
	int fd, const struct inifile_events *events, void *data, uint64_t *digest)
{
	struct reader reader;

	/* But for the buffer, so that no more of it is touched than is read. */
	memset(&reader, 0, offsetof(struct reader, buffer));
	reader.fd = fd;
	reader.events = events;
	reader.data = data;
	reader.digest = *digest;
	if (ini_parse_stream(read_for_inih, &reader, key_from_inih, &reader) == -2)
		return -ENOMEM;
	*digest = reader.digest;
	return reader.error;
}
