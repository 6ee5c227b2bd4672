/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads keys, and adds some behind. */
#include "ukiosrel.h"

#include <stdio.h>

#include "base/base.h"

#define MARK "VFIOBOOT_ENTRY"

/* The value of the first of the keys that there is, for free(); NULL for none. */
static char *first_value(const char *osrel, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *value = hostfile_value(osrel, keys[i]);

		if (value && *value)
			return value;
		free(value);
	}
	return NULL;
}

static char *sort_key(const char *osrel)
{
	static const char *const keys[] = {"IMAGE_ID", "ID"};

	return first_value(osrel, keys, ARRAY_SIZE(keys));
}

bool ukiosrel_is_ours(const char *osrel, char ret[static BOOTENTRY_ID_SIZE])
{
	_cleanup_free_ char *id = hostfile_value(osrel, MARK);

	return id && *id && copy_text(ret, BOOTENTRY_ID_SIZE, id, strlen(id));
}

/* A value that would need an escape stays the original's. */
static void add_line(FILE *out, const char *key, const char *value, const char *start,
	const char *more, const char *end)
{
	if (value && !strpbrk(value, "\"$`\\"))
		fprintf(out, "%s=\"%s%s%s%s\"\n", key, value, start, more, end);
}

char *ukiosrel_lines(const char *osrel, const struct bootentry *entry)
{
	_cleanup_free_ char *key = sort_key(osrel),
			    *title = hostfile_value(osrel, "PRETTY_NAME");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	add_line(out, "IMAGE_ID", key, "-", entry->id, "");
	add_line(out, "PRETTY_NAME", title, " (", entry->title, ")");
	fprintf(out, MARK "=%s\n", entry->id);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

char *ukiosrel_copy(const char *osrel, const struct bootentry *entry)
{
	_cleanup_free_ char *lines = ukiosrel_lines(osrel, entry);
	size_t len = strlen(osrel);
	char *text;

	if (!lines ||
		asprintf(&text, "%s%s%s", osrel,
			len && osrel[len - 1] != '\n' ? "\n" : "", lines) < 0)
		return NULL;
	return text;
}

void ukiosrel_order(const char *osrel, struct sdorder_entry *ret)
{
	static const char *const versions[] = {
		"IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"};
	_cleanup_free_ char *key = sort_key(osrel),
			    *version = first_value(osrel, versions, ARRAY_SIZE(versions));

	text_join(ret->sort_key, sizeof(ret->sort_key), key ? key : "", NULL);
	text_join(ret->version, sizeof(ret->version), version ? version : "", NULL);
}
