/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON of more than one level, by json-c; what is a plain list is a table (table.h). */
#ifndef VFIOBOOT_JSON_H
#define VFIOBOOT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>

#include "cli/cli.h"

/* Memory is not checked in these: json_finish() does so, by what has become of the whole. */
struct json_builder {
	bool failed;
};

/* The object that all is in; for json_finish(). */
struct json_object *json_new_top(struct json_builder *builder);

/* A new object, or array, as the member @key (NULL in an array) of @parent. */
struct json_object *json_new_object(
	struct json_builder *builder, struct json_object *parent, const char *key);
struct json_object *json_new_array(
	struct json_builder *builder, struct json_object *parent, const char *key);

/* Add a member to an object, or with a @key of NULL to an array.  A text "" is null. */
void json_put_text(struct json_builder *builder, struct json_object *parent,
	const char *key, const char *text);
void json_put_number(struct json_builder *builder, struct json_object *parent,
	const char *key, unsigned number);
void json_put_bool(struct json_builder *builder, struct json_object *parent,
	const char *key, bool value);
void json_put_null(
	struct json_builder *builder, struct json_object *parent, const char *key);

/* Prints the whole and frees it.  Returns CLI_OK, or CLI_FAILED after a message. */
enum cli_exit json_finish(
	struct json_builder *builder, const char *command, struct json_object *top);

#endif
