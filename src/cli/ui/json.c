/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members are handed to their parents at once, so that only the top is anybody's to free. */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void put(struct json_builder *builder, struct json_object *parent, const char *key,
	struct json_object *member)
{
	int r;

	if (!parent) {
		json_object_put(member);
		builder->failed = true;
		return;
	}
	r = key ? json_object_object_add(parent, key, member)
		: json_object_array_add(parent, member);
	if (r < 0) {
		json_object_put(member);
		builder->failed = true;
	}
}

/* The same of one that is not to be null. */
static void put_value(struct json_builder *builder, struct json_object *parent,
	const char *key, struct json_object *member)
{
	if (member)
		put(builder, parent, key, member);
	else
		builder->failed = true;
}

struct json_object *json_new_top(struct json_builder *builder)
{
	struct json_object *top = json_object_new_object();

	builder->failed |= !top;
	return top;
}

struct json_object *json_new_object(
	struct json_builder *builder, struct json_object *parent, const char *key)
{
	struct json_object *object = json_object_new_object();

	put_value(builder, parent, key, object);
	return builder->failed ? NULL : object;
}

struct json_object *json_new_array(
	struct json_builder *builder, struct json_object *parent, const char *key)
{
	struct json_object *array = json_object_new_array();

	put_value(builder, parent, key, array);
	return builder->failed ? NULL : array;
}

void json_put_text(struct json_builder *builder, struct json_object *parent,
	const char *key, const char *text)
{
	if (!text || !text[0])
		json_put_null(builder, parent, key);
	else
		put_value(builder, parent, key, json_object_new_string(text));
}

void json_put_number(struct json_builder *builder, struct json_object *parent,
	const char *key, unsigned number)
{
	put_value(builder, parent, key, json_object_new_int64(number));
}

void json_put_bool(struct json_builder *builder, struct json_object *parent,
	const char *key, bool value)
{
	put_value(builder, parent, key, json_object_new_boolean(value));
}

void json_put_null(
	struct json_builder *builder, struct json_object *parent, const char *key)
{
	put(builder, parent, key, NULL);
}

enum cli_exit json_finish(
	struct json_builder *builder, const char *command, struct json_object *top)
{
	const char *text = NULL;

	if (top && !builder->failed)
		text = json_object_to_json_string_ext(
			top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		puts(text);
	json_object_put(top);
	return text ? CLI_OK : cli_error(command, "%s", strerror(ENOMEM));
}
