/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes JSON by json-c.  A value belongs to its object or list as soon as it is made, so only the
 * outermost object has to be freed.
 */
#include "ui.h"

#include "base/base.h"

static void add(struct json_object *parent, const char *key, struct json_object *member)
{
	int r = key ? json_object_object_add(parent, key, member)
		    : json_object_array_add(parent, member);

	or_no_memory(r < 0 ? NULL : parent);
}

struct json_object *json_new_top(void)
{
	return or_no_memory(json_object_new_object());
}

struct json_object *json_add_object(struct json_object *parent, const char *key)
{
	struct json_object *object = or_no_memory(json_object_new_object());

	add(parent, key, object);
	return object;
}

struct json_object *json_add_array(struct json_object *parent, const char *key)
{
	struct json_object *array = or_no_memory(json_object_new_array());

	add(parent, key, array);
	return array;
}

void json_add_text(struct json_object *parent, const char *key, const char *text)
{
	_cleanup_free_ char *valid = NULL;

	if (!text || !*text) {
		json_add_null(parent, key);
		return;
	}
	valid = text_to_utf8(text);
	add(parent, key, or_no_memory(json_object_new_string(valid)));
}

void json_add_number(struct json_object *parent, const char *key, unsigned long number)
{
	add(parent, key, or_no_memory(json_object_new_int64((int64_t)number)));
}

void json_add_number_if(
	struct json_object *parent, const char *key, bool known, unsigned long number)
{
	add(parent, key,
		known ? or_no_memory(json_object_new_int64((int64_t)number)) : NULL);
}

void json_add_bool(struct json_object *parent, const char *key, bool value)
{
	add(parent, key, or_no_memory(json_object_new_boolean(value)));
}

void json_add_bool_if(struct json_object *parent, const char *key, bool known, bool value)
{
	add(parent, key, known ? or_no_memory(json_object_new_boolean(value)) : NULL);
}

void json_add_null(struct json_object *parent, const char *key)
{
	add(parent, key, NULL);
}

const char *json_to_text(struct json_object *top)
{
	const char *text = json_object_to_json_string_ext(
		top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	or_no_memory(text ? top : NULL);
	return text;
}

void json_print(struct json_object *top)
{
	puts(json_to_text(top));
	json_object_put(top);
}

void json_print_line(struct json_object *top)
{
	const char *text =
		json_object_to_json_string_ext(top, JSON_C_TO_STRING_NOSLASHESCAPE);

	puts(or_no_memory((char *)text));
	fflush(stdout);
	json_object_put(top);
}
