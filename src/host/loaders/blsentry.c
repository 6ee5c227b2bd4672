/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies type 1 entries line by line. */
#include "blsentry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/util.h"

/* Where the value of a line with the key begins, or NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, len) != 0 || !strchr(" \t", line[len]) || !line[len])
		return NULL;
	return line + len + strspn(line + len, " \t");
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

bool bls_value(const char *text, const char *key, char *ret, size_t size)
{
	for (; *text; text = next_line(text)) {
		const char *value = value_of(text, key);

		if (value)
			return copy_text(ret, size, value, strcspn(value, "\n"));
	}
	return false;
}

static void write_copy(FILE *out, const char *text, const char *note)
{
	for (; *text; text = next_line(text)) {
		int len = (int)strcspn(text, "\n");

		if (value_of(text, "options"))
			continue;
		fprintf(out, "%.*s%s%s\n", len, text, value_of(text, "title") ? " " : "",
			value_of(text, "title") ? note : "");
	}
}

static void write_options(FILE *out, const char *text, const char *parameters)
{
	fprintf(out, "options   ");
	for (; *text; text = next_line(text)) {
		const char *value = value_of(text, "options");

		if (value)
			fprintf(out, " %.*s", (int)strcspn(value, "\n"), value);
	}
	fprintf(out, " %s\n", parameters);
}

int bls_copy(const char *text, const char *note, const char *parameters, char **ret)
{
	char kernel[512], *made = NULL;
	size_t size;
	FILE *out;

	if (!bls_value(text, "linux", kernel, sizeof(kernel)))
		return -EBADMSG;
	out = open_memstream(&made, &size);
	if (!out)
		return -ENOMEM;
	write_copy(out, text, note);
	write_options(out, text, parameters);
	if (fclose(out) != 0) {
		free(made);
		return -ENOMEM;
	}
	*ret = made;
	return 0;
}
